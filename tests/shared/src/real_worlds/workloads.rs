//! Workloads, whose controllers label their pods (K27) and whose pods' nodes nobody says (U8).

use netpol_oracle::ObjectName;
use netpol_oracle::labels::{Labels, Selector};
use netpol_oracle::model::{ClusterBuilder, Owner, Workload, WorkloadKind};

use super::Dice;
use super::objects::{app, container_ports, namespace, node_selector};
use super::words::label;

/// A key that controllers set, and some of the values that are asked for.
type Asked = (&'static str, &'static [&'static str]);

/// What controllers of some kinds set, and the names of the workloads of those kinds.
pub(super) const FAMILIES: &[(&[&str], &[Asked])] = &[
    (
        &["s1"],
        &[
            ("statefulset.kubernetes.io/pod-name", &["s1-0", "s1-1", "s1-2", "s1-5", "s1-x", "s2-0"]),
            ("apps.kubernetes.io/pod-index", &["0", "1", "2", "5", "6"]),
            ("controller-revision-hash", &["h1", "h2"]),
        ],
    ),
    (&["d1"], &[("pod-template-hash", &["h1", "h2"])]),
    (&["ds1"], &[("controller-revision-hash", &["h1", "h2"]), ("pod-template-generation", &["1", "2"])]),
    (
        &["j1", "c1"],
        &[
            ("job-name", &["j1", "c1-1", "c1-2", "c1-x", "h1"]),
            ("batch.kubernetes.io/job-name", &["j1", "c1-1", "c1-2"]),
            ("controller-uid", &["u1", "u2"]),
            ("batch.kubernetes.io/controller-uid", &["u1", "u2"]),
            ("batch.kubernetes.io/job-completion-index", &["0", "1", "2"]),
        ],
    ),
];

/// A controller's key, mostly of those that the world is about.
pub(super) fn controlled(dice: &mut Dice) -> Asked {
    let family = if dice.chance(75) { dice.theme } else { dice.below(FAMILIES.len()) };
    dice.pick(FAMILIES[family].1)
}

/// `app` in so many cases of a hundred, and sometimes what a controller sets.
pub(super) fn some_labels(dice: &mut Dice, percent: u32) -> Labels {
    let mut labels = Labels::new();
    if dice.chance(percent) {
        let (key, value) = label("app", dice.pick(&["a", "b"]));
        labels.insert(key, value);
    }
    if dice.chance(30) {
        let (key, values) = controlled(dice);
        let (key, value) = label(key, dice.pick(values));
        labels.insert(key, value);
    }
    labels
}

pub(super) fn add(dice: &mut Dice, builder: &mut ClusterBuilder) {
    let kinds = [
        (WorkloadKind::StatefulSet, "s1", 55),
        (WorkloadKind::Deployment, "d1", 35),
        (WorkloadKind::DaemonSet, "ds1", 30),
        (WorkloadKind::Job, "j1", 30),
        (WorkloadKind::CronJob, "c1", 25),
        (WorkloadKind::ReplicaSet, "r1", 12),
        // A name that two workloads bear, and one that looks like a replica's.
        (WorkloadKind::Deployment, "s1", 3),
        (WorkloadKind::Deployment, "s1-0", 3),
        (WorkloadKind::of("Rollout", "argoproj.io"), "o1", 8),
    ];
    for (kind, name, share) in kinds {
        let share = if share > 10 && FAMILIES[dice.theme].0.contains(&name) { 90 } else { share };
        if dice.chance(share) {
            let workload = workload(dice, kind, name);
            builder.workload(workload);
        }
    }
}

fn workload(dice: &mut Dice, kind: WorkloadKind, name: &str) -> Workload {
    let mut labels = app(dice);
    if dice.chance(15) {
        // Its controller writes over it, or leaves it.
        let (key, values) = controlled(dice);
        let (key, value) = label(key, dice.pick(values));
        labels.insert(key, value);
    }
    let mut workload = Workload::new(kind, ObjectName::new(namespace(dice), name), labels);
    workload.selector = Selector::new(app(dice), Vec::new());
    workload.replicas = dice.pick(&[None, Some(0), Some(1), Some(2), Some(3), Some(3)]);
    workload.first_ordinal = dice.pick(&[0, 0, 0, 5]);
    workload.job.uid = dice.maybe(40, |_| "u1".into());
    workload.job.indexes = dice.pick(&[None, Some(0), Some(1), Some(2), Some(3)]);
    workload.job.manual_selector = dice.chance(15);
    if workload.job.manual_selector {
        workload.job.indexes = workload.job.indexes.filter(|_| dice.chance(30));
    }
    workload.host_network = dice.chance(25);
    workload.node = dice.maybe(12, |_| "n1".into());
    workload.node_selector = node_selector(dice);
    workload.ports = container_ports(dice);
    workload.runtime_class = dice.maybe(6, |_| "kata".into());
    if workload.kind == WorkloadKind::ReplicaSet {
        workload.owner = dice.maybe(60, |_| Owner::new(WorkloadKind::Deployment, "d1"));
    }
    workload
}
