//! Reading dumps, against what readers of the same text that know nothing of it take.

use k8s_openapi::List;
use k8s_openapi::api::core::v1::Pod;
use netpol_oracle::manifest::Loaded;
use netpol_oracle::{Engine, Loader, Profile, Release};

use crate::dump::Dump;
use crate::goals::{Goals, short};
use crate::timing::{Effort, median, time};

fn load(name: &str, dump: impl std::io::Read) -> Loaded {
    let loaded = Loader::new(Release::DEFAULT).reader(name, dump).finish();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics[0]);
    loaded
}

pub(crate) fn measure(effort: Effort, goals: &mut Goals) {
    let a_pod = Dump::json(1).size();
    let rounds = if effort == Effort::Quick { 3 } else { 7 };

    let text = Dump::json(100_000_000 / a_pod).whole();
    let ratios = |theirs: &dyn Fn() -> usize, ours: &dyn Fn() -> usize| {
        let mut took = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            let (a, count) = time(theirs);
            let (b, pods) = time(ours);
            assert_eq!(count, pods);
            took[0].push(a);
            took[1].push(b);
        }
        let ratio = median(took[0].iter().zip(&took[1]).map(|(a, b)| b / a).collect());
        let [a, b] = took.map(median);
        (ratio, a, b)
    };
    let (ratio, theirs, ours) = ratios(&|| serde_json::from_slice::<List<Pod>>(&text).unwrap().items.len(), &|| {
        load("pods.json", &text[..]).cluster.pods().len()
    });
    let mb = text.len() as f64 / 1e6;
    println!(
        "JSON, {} MB, {} bytes a pod: {} MB/s, serde_json {} MB/s",
        short(mb),
        a_pod,
        short(mb / ours),
        short(mb / theirs)
    );
    goals.at_most("JSON, to serde_json into k8s-openapi's list", ratio, 1.5);
    drop(text);

    let a_yaml_pod = Dump::yaml(1).size();
    let text = Dump::yaml(20_000_000 / a_yaml_pod).whole();
    let (ratio, theirs, ours) = ratios(
        &|| serde_yaml::from_slice::<serde_yaml::Value>(&text).unwrap()["items"].as_sequence().unwrap().len(),
        &|| load("pods.yaml", &text[..]).cluster.pods().len(),
    );
    let mb = text.len() as f64 / 1e6;
    println!("YAML, {} MB: {} MB/s, yaml_serde {} MB/s", short(mb), short(mb / ours), short(mb / theirs));
    goals.at_most("YAML, to yaml_serde into a Value", ratio, 2.0);
    drop(text);

    let large = if effort == Effort::Quick { 500_000_000 } else { 5_000_000_000_usize };
    for (name, bytes) in [("pods.json", 100_000_000), ("pods.yaml", 100_000_000), ("pods.json", large)] {
        let dump = if name.ends_with("json") { Dump::json(bytes / a_pod) } else { Dump::yaml(bytes / a_yaml_pod) };
        let bytes = dump.size();
        let mut loaded = None;
        let (seconds, memory) = time(|| allocation_counter::measure(|| loaded = Some(load(name, dump))));
        let pods = loaded.map_or(0, |loaded| loaded.cluster.pods().len());
        let beside = (memory.bytes_max as f64 - memory.bytes_current as f64) / f64::from(1 << 20);
        println!(
            "{name}, {} MB: {pods} pods in {} s; the model takes {} bytes a pod",
            short(bytes as f64 / 1e6),
            short(seconds),
            short(memory.bytes_current as f64 / pods as f64)
        );
        goals.at_most(
            format!("MiB beside the model at most, {name} of {} MB", short(bytes as f64 / 1e6)),
            beside,
            64.0,
        );
    }

    let pods = if effort == Effort::Quick { 100_000 } else { 1_000_000 };
    let dump = Dump::json(pods);
    let bytes = dump.size();
    let (seconds, loaded) = time(|| load("pods.json", dump));
    let (compile, engine) = time(|| Engine::new(&loaded.cluster, &Profile::kubernetes()));
    println!(
        "{pods} pods, {} GB of JSON: loaded in {} s, compiled in {} s",
        short(bytes as f64 / 1e9),
        short(seconds),
        short(compile)
    );
    drop(engine);
}
