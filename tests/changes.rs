//! A cluster that changes is the cluster that would be built from what is left.

use std::collections::BTreeMap;

use crate::support::with;
use netpol_oracle::labels::{Labels, Selector};
use netpol_oracle::model::{Namespace, ObjectId, PolicyTypes, Workload, WorkloadKind};
use netpol_oracle::{Change, Cluster, NetworkPolicy, Object, ObjectName, Pod};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::worlds::{clusters, label};

/// The objects that a cluster was given.
pub(crate) type Given = BTreeMap<ObjectId, Object>;

pub(crate) fn built(given: &Given) -> Cluster {
    let mut builder = Cluster::builder();
    for object in given.values() {
        builder.object(object.clone());
    }
    builder.build()
}

/// Every object of the cluster.
pub(crate) fn objects(cluster: &Cluster) -> Vec<Object> {
    let mut all: Vec<Object> = Vec::new();
    all.extend(cluster.namespaces().iter().filter(|each| cluster.is_given(&each.name)).cloned().map(Object::from));
    all.extend(cluster.pods().iter().cloned().map(Object::from));
    all.extend(cluster.workloads().iter().cloned().map(Object::from));
    all.extend(cluster.nodes().iter().cloned().map(Object::from));
    all.extend(cluster.services().iter().cloned().map(Object::from));
    all.extend(cluster.endpoint_slices().iter().cloned().map(Object::from));
    all.extend(cluster.endpoints().iter().cloned().map(Object::from));
    all.extend(cluster.policies().iter().cloned().map(Object::from));
    all
}

/// What is to be done, before it is known to what.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Put(Index),
    Remove(Index),
    /// Of whatever there could be: most likely it is not there.
    RemoveAny(Index),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<Index>().prop_map(Step::Put),
        14 => any::<Index>().prop_map(Step::Remove),
        1 => any::<Index>().prop_map(Step::RemoveAny),
    ]
}

/// The changes that `steps` make, `given` after them, and what of them cannot be done.
pub(crate) fn planned(steps: &[Step], pool: &[Object], given: &mut Given) -> (Vec<Change>, Vec<ObjectId>) {
    let (mut changes, mut unknown) = (Vec::new(), Vec::new());
    for step in steps {
        let id = match step {
            Step::Put(at) => {
                let object = at.get(pool).clone();
                given.insert(object.id(), object.clone());
                changes.push(Change::Put(object));
                continue;
            }
            Step::Remove(at) if !given.is_empty() => at.get(&given.keys().collect::<Vec<_>>()).to_owned().clone(),
            Step::Remove(at) | Step::RemoveAny(at) => at.get(pool).id(),
        };
        if given.remove(&id).is_none() {
            unknown.push(id.clone());
        }
        changes.push(Change::Remove(id));
    }
    (changes, unknown)
}

proptest! {
    #[test]
    fn a_changed_cluster_is_the_one_built_afresh(
        one in clusters(),
        other in clusters(),
        first in vec(any::<Index>(), 0..12),
        batches in vec(vec(step(), 1..8), 1..8),
    ) {
        let pool = [objects(&one), objects(&other)].concat();
        let mut given: Given = first.iter().map(|at| at.get(&pool)).map(|object| (object.id(), object.clone())).collect();
        let mut changing = built(&given);
        let mut taken = Vec::new();
        for steps in &batches {
            taken.push((changing.clone(), built(&given)));
            let mut then = given.clone();
            let (changes, unknown) = planned(steps, &pool, &mut then);
            let outcome = changing.apply(&changes);
            if unknown.is_empty() {
                prop_assert_eq!(outcome, Ok(()));
                given = then;
            } else {
                let error = outcome.unwrap_err();
                prop_assert_eq!(error.unknown(), &unknown[..]);
                let (text, names) = (error.to_string(), |id: &ObjectId| format!("`{id}`"));
                prop_assert!(unknown.iter().map(names).all(|name| text.contains(&name)), "{}", text);
            }
            prop_assert_eq!(&changing, &built(&given), "after {:?}", changes);
        }
        for (snapshot, then) in taken {
            prop_assert_eq!(snapshot, then);
        }
    }
}

fn pod(namespace: &str, name: &str) -> Pod {
    Pod::new(ObjectName::new(namespace, name))
}

fn namespace(name: &str, labels: Labels) -> Namespace {
    with(Namespace::new(name), |namespace| namespace.labels = labels)
}

fn put(object: impl Into<Object>) -> Change {
    Change::Put(object.into())
}

/// K10.
#[test]
fn a_namespace_that_is_removed_but_named_keeps_its_name_only() {
    let mut cluster = Cluster::default();
    let remove = Change::Remove(ObjectId::Namespace("shop".into()));
    cluster.apply(&[put(pod("shop", "a")), put(namespace("shop", Labels::from_iter([label("team", "x")])))]).unwrap();
    assert_eq!(cluster.namespace("shop").unwrap().labels.iter().count(), 2);

    cluster.apply(std::slice::from_ref(&remove)).unwrap();
    assert_eq!(
        cluster.namespace("shop").unwrap().labels,
        Labels::from_iter([label("kubernetes.io/metadata.name", "shop")])
    );
    let error = cluster.apply(&[remove]).unwrap_err();
    assert_eq!(error.to_string(), "cannot remove what is not there: `Namespace shop`", "nobody gave it");

    cluster.apply(&[Change::Remove(ObjectId::Pod(ObjectName::new("shop", "a")))]).unwrap();
    assert_eq!(cluster, Cluster::default());
}

/// K10.
#[test]
fn a_namespace_that_was_given_stays_when_nothing_names_it() {
    let mut cluster = Cluster::default();
    cluster.apply(&[put(namespace("shop", Labels::new())), put(pod("shop", "a"))]).unwrap();
    cluster.apply(&[Change::Remove(ObjectId::Pod(ObjectName::new("shop", "a")))]).unwrap();
    assert!(cluster.namespace("shop").is_some());
    assert!(cluster.pods().is_empty());
}

#[test]
fn faults_are_told_all_at_once_and_nothing_is_done() {
    let name = ObjectName::new("shop", "a");
    let workload = ObjectId::Workload(WorkloadKind::Deployment, name.clone());
    let mut cluster = Cluster::default();
    let error = cluster
        .apply(&[
            put(pod("shop", "a")),
            Change::Remove(ObjectId::Pod(name.clone())),
            Change::Remove(ObjectId::Pod(name.clone())),
            put(pod("shop", "b")),
            Change::Remove(workload),
            Change::Remove(ObjectId::Node("n".into())),
            Change::Remove(ObjectId::Service(name.clone())),
            Change::Remove(ObjectId::EndpointSlice(name.clone())),
            Change::Remove(ObjectId::Policy(name)),
        ])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot remove what is not there: `Pod shop/a`, `Deployment shop/a`, `Node n`, `Service shop/a`, \
         `EndpointSlice shop/a`, `NetworkPolicy shop/a`"
    );
    assert_eq!(cluster, Cluster::default());
}

/// K25: one name may stand for a workload of each kind.
#[test]
fn workloads_of_one_name_are_told_apart_by_kind() {
    let workload =
        |namespace: &str, name: &str, kind| Workload::new(kind, ObjectName::new(namespace, name), Labels::new());
    let mut builder = Cluster::builder();
    for kind in WorkloadKind::ALL.iter().cloned().rev() {
        builder.workload(workload("b", "m", kind.clone()));
        builder.workload(workload("b", "l", kind.clone())).workload(workload("b", "n", kind.clone()));
        builder.workload(workload("a", "m", kind.clone())).workload(workload("c", "m", kind));
    }
    let mut cluster = builder.build();
    let name = ObjectName::new("b", "m");
    let kinds =
        |cluster: &Cluster| cluster.workloads_named(&name).map(|workload| workload.kind.clone()).collect::<Vec<_>>();
    assert_eq!(kinds(&cluster), WorkloadKind::ALL);
    assert_eq!(cluster.workloads().in_namespace("b").count(), 21);

    cluster.apply(&[Change::Remove(ObjectId::Workload(WorkloadKind::Job, name.clone()))]).unwrap();
    assert!(cluster.workload(&WorkloadKind::Job, &name).is_none());
    assert_eq!(
        cluster.workload(&WorkloadKind::CronJob, &name).map(|workload| workload.kind.clone()),
        Some(WorkloadKind::CronJob)
    );
    assert_eq!(kinds(&cluster).len(), 6);
}

/// The trees of a small cluster have one node; these have several levels.
#[test]
fn a_large_cluster_changes_as_a_small_one_does() {
    const NAMESPACES: usize = 40;
    let names = || (0..5000_usize).map(|i| ObjectName::new(format!("ns{}", i % NAMESPACES), format!("pod-{i}")));
    let mut builder = Cluster::builder();
    for name in names() {
        builder.pod(Pod::new(name));
    }
    let cluster = builder.build();
    let pods = cluster.pods();
    assert_eq!((pods.len(), pods.iter().len(), pods.iter().count()), (5000, 5000, 5000));
    assert!(pods.iter().is_sorted_by_key(|pod| &pod.name));
    assert!(pods.iter().rev().eq(pods.iter().collect::<Vec<_>>().into_iter().rev()));
    assert_eq!(pods.first(), pods.iter().next());
    for at in 0..NAMESPACES {
        let own = pods.in_namespace(&format!("ns{at}"));
        assert!(own.eq(pods.iter().filter(|pod| **pod.name.namespace() == *format!("ns{at}"))));
    }
    assert_eq!(pods.in_namespace("ns").chain(pods.in_namespace("zz")).count(), 0);

    let (mut changed, mut fresh) = (cluster.clone(), Cluster::builder());
    let isolated =
        |name: ObjectName| NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Both, Vec::new(), Vec::new());
    for (i, name) in names().enumerate() {
        match i % 3 {
            0 => changed.apply(&[Change::Remove(ObjectId::Pod(name))]).unwrap(),
            1 => {
                changed.apply(&[put(isolated(name.clone()))]).unwrap();
                fresh.policy(isolated(name.clone())).pod(Pod::new(name));
            }
            _ => {
                let unready = with(Pod::new(name), |pod| pod.ready = false);
                changed.apply(&[put(unready.clone())]).unwrap();
                fresh.pod(unready);
            }
        }
    }
    assert_eq!(changed, fresh.build());
    assert_ne!(changed, cluster);
    // What is put back is equal, although nothing is shared any more.
    let back: Vec<Change> = names().map(|name| put(Pod::new(name))).collect();
    changed.apply(&back).unwrap();
    assert_eq!(changed.pods(), cluster.pods());
    assert_ne!(changed.policies(), cluster.policies());
}

#[test]
fn what_does_not_change_is_shared() {
    let mut builder = Cluster::builder();
    builder.pod(pod("shop", "a")).pod(pod("shop", "b"));
    let before = builder.build();
    let mut after = before.clone();
    after.apply(&[put(with(pod("shop", "a"), |pod| pod.ready = false))]).unwrap();
    let find = |cluster: &Cluster, name: &str| std::ptr::from_ref(cluster.pod(&ObjectName::new("shop", name)).unwrap());
    assert!(std::ptr::eq(find(&before, "b"), find(&after, "b")));
    assert!(!std::ptr::eq(find(&before, "a"), find(&after, "a")));
}
