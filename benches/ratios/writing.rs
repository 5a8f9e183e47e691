//! Building and changing.

use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::labels::{LabelKey, LabelValue};
use netpol_oracle::manifest::write;
use netpol_oracle::model::{Namespace, ObjectId};
use netpol_oracle::{Change, Cluster, Engine, Loader, Object, ObjectName, Pod, Profile, Release};

use crate::goals::{Goals, short};
use crate::timing::{Effort, median, time};

pub(crate) fn measure(effort: Effort, goals: &mut Goals) {
    let profile = Profile::kubernetes();
    let mut last: Option<(usize, f64)> = None;
    for pods in effort.sizes().iter().copied().filter(|pods| *pods >= 10_000) {
        let cluster = ClusterSpec::new(pods).build();
        let rounds = if pods > 100_000 { 3 } else { effort.rounds().min(9) };
        let build = median((0..rounds).map(|_| time(|| Engine::new(&cluster, &profile)).0).collect());
        println!("{pods} pods: build {} ms, {} us a pod", short(build * 1e3), short(build * 1e6 / pods as f64));
        if let Some((fewer, before)) = last {
            goals.at_most(format!("build, {pods} pods to {fewer}"), build / before, 13.0);
        }
        last = Some((pods, build));
        if pods == 100_000 {
            let text = serde_json::to_vec(&write::list(&cluster)).unwrap();
            let load = time(|| Loader::new(Release::DEFAULT).text("cluster.json", &text[..]).finish()).0;
            goals.at_most(format!("build, {pods} pods, to loading the same from manifests"), build / load, 0.2);
            println!("  loading {} MB of JSON {} ms", text.len() >> 20, short(load * 1e3));
            updates(&cluster, &profile, build, goals);
        }
    }
}

/// Updates with a snapshot held, each against a fresh build.
fn updates(cluster: &Cluster, profile: &Profile, build: f64, goals: &mut Goals) {
    let mut engine = Engine::new(cluster, profile);
    let pods: Vec<Pod> = cluster.pods().iter().filter(|pod| pod.is_live() && !pod.host_network).cloned().collect();
    let value = |text: String| LabelValue::new(&text).unwrap();
    let key = |text: &str| LabelKey::new(text).unwrap();
    let pick = |i: usize| &pods[i * 7919 % pods.len()];

    // A pod's labels: those of another pod of its namespace's kind.
    let relabels: Vec<Change> = (0..400)
        .map(|i| {
            let mut pod = pick(i).clone();
            pod.labels.insert(key("app"), value(format!("app-{}", i % 7)));
            Change::Put(pod.into())
        })
        .collect();
    let additions: Vec<Change> = (0..400)
        .map(|i| {
            let mut pod = pick(i * 3).clone();
            pod.name = ObjectName::new(pod.name.namespace().clone(), format!("added-{i}"));
            pod.addresses = vec![std::net::Ipv4Addr::from(0xC633_0000 + i as u32).into()];
            Change::Put(pod.into())
        })
        .collect();
    let removals: Vec<Change> = additions.iter().map(|change| Change::Remove(change.id())).collect();
    for (name, changes) in [("relabel", &relabels), ("add", &additions), ("remove", &removals)] {
        let took = each(&mut engine, changes);
        goals.at_most(format!("pod {name}, to a build"), took / build, 1.0 / 10_000.0);
        println!("  pod {name} {} us", short(took * 1e6));
    }

    // Policies of one namespace that has about 1 % of the pods, for all of its pods.
    let one_percent = cluster.pods().len() / 100;
    let mut large = cluster.clone();
    let moved: Vec<Change> = pods
        .iter()
        .take(one_percent)
        .map(|pod| {
            let mut pod = pod.clone();
            pod.name = ObjectName::new("large", format!("{}-{}", pod.name.namespace(), pod.name.name()));
            pod.addresses = Vec::new();
            Change::Put(pod.into())
        })
        .collect();
    large.apply(&moved).unwrap();
    let mut engine = Engine::new(&large, profile);
    let policies: Vec<_> = cluster.policies().iter().take(200).collect();
    let additions: Vec<Change> = policies
        .iter()
        .enumerate()
        .map(|(i, policy)| {
            let name = ObjectName::new("large", format!("added-{i}"));
            let rules = |direction| policy.written_rules(direction).to_vec();
            use netpol_oracle::Direction::{Egress, Ingress};
            let subject = netpol_oracle::labels::Selector::everything();
            let policy =
                netpol_oracle::NetworkPolicy::new(name, subject, policy.types(), rules(Ingress), rules(Egress));
            Change::Put(policy.into())
        })
        .collect();
    // One at a time, so that none meets the others.
    let mut took = [Vec::new(), Vec::new()];
    for change in &additions {
        let held = engine.snapshot();
        took[0].push(time(|| engine.apply(std::slice::from_ref(change)).unwrap()).0);
        drop(held);
        let held = engine.snapshot();
        took[1].push(time(|| engine.apply(&[Change::Remove(change.id())]).unwrap()).0);
        drop(held);
    }
    for (name, took) in ["add", "remove"].into_iter().zip(took) {
        let took = median(took);
        goals.at_most(format!("policy {name} touching 1 % of pods, to a build"), took / build, 1.0 / 200.0);
        println!("  policy {name} {} us", short(took * 1e6));
    }

    let relabels: Vec<Change> = (0..100)
        .map(|i| {
            let labels = [(key("env"), value(format!("env-{i}"))), (key("team"), value(format!("team-{}", i % 12)))];
            let mut large = Namespace::new("large");
            large.labels = labels.into_iter().collect();
            Change::Put(Object::Namespace(large))
        })
        .collect();
    let took = each(&mut engine, &relabels);
    goals.at_most("namespace relabel, 1 % of pods, to a build", took / build, 1.0 / 50.0);
    println!("  namespace relabel {} us", short(took * 1e6));
    let _ = ObjectId::Namespace("large".into());
}

/// Median seconds of one change, a snapshot held over each.
fn each(engine: &mut Engine, changes: &[Change]) -> f64 {
    let took = changes.iter().map(|change| {
        let held = engine.snapshot();
        let took = time(|| engine.apply(std::slice::from_ref(change)).unwrap()).0;
        drop(held);
        took
    });
    median(took.collect())
}
