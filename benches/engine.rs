//! The engine by itself, size by size (`cargo bench --bench engine`): for watching one figure while working on it. Goals are
//! `ratios`' business.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use netpol_oracle::generate::{ClusterSpec, flows};
use netpol_oracle::{Change, Cluster, Decide, Engine, Flow, L4, PodId, Port, Profile, Protocol};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn engine(cluster: &Cluster) -> Engine {
    Engine::new(cluster, &Profile::kubernetes())
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    for pods in SIZES {
        let cluster = ClusterSpec::new(pods).build();
        let engine = engine(&cluster);
        let asked: Vec<Flow> = flows(&cluster, 4096, 1).filter(|flow| engine.verdict(flow).is_ok()).collect();
        let ids: Vec<PodId> = cluster.pods().iter().filter_map(|pod| engine.pod_id(&pod.name)).collect();
        let http = L4::Port(Protocol::Tcp, Port::new(80).unwrap());
        let pairs: Vec<(PodId, PodId, L4)> =
            (0..4096).map(|i| (ids[i * 7919 % ids.len()], ids[i * 104_729 % ids.len()], http)).collect();
        group.throughput(Throughput::Elements(pairs.len() as u64));
        group.bench_with_input(BenchmarkId::new("verdicts by id", pods), &pairs, |bencher, pairs| {
            bencher.iter(|| {
                pairs.iter().filter(|(a, b, l4)| black_box(engine.verdict_between(*a, *b, *l4)).is_ok()).count()
            });
        });
        group.throughput(Throughput::Elements(asked.len() as u64));
        group.bench_with_input(BenchmarkId::new("verdicts by flow", pods), &asked, |bencher, asked| {
            bencher.iter(|| black_box(engine.verdicts(asked)));
        });
        group.bench_with_input(BenchmarkId::new("decide", pods), &asked, |bencher, asked| {
            bencher.iter(|| asked.iter().filter(|flow| black_box(engine.decide(flow)).is_ok()).count());
        });
    }
    group.finish();
}

fn writing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    group.sample_size(10);
    for pods in SIZES {
        let cluster = ClusterSpec::new(pods).build();
        group.bench_with_input(BenchmarkId::new("build", pods), &cluster, |bencher, cluster| {
            bencher.iter(|| engine(cluster));
        });
        let mut writer = engine(&cluster);
        let pod = cluster.pods().iter().find(|pod| pod.is_live()).cloned().unwrap();
        let changes = [Change::Remove(Change::Put(pod.clone().into()).id()), Change::Put(pod.into())];
        group.bench_function(BenchmarkId::new("a pod goes and comes", pods), |bencher| {
            bencher.iter(|| {
                // A snapshot is held, as by readers that go on.
                let held = writer.snapshot();
                writer.apply(&changes).unwrap();
                held
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
