//! A switch that follows changes comes to what it would be if it were programmed afresh.

use netpol_oracle::model::ObjectId;
use netpol_oracle::oracle::DataPlane;
use netpol_oracle::{Change, Cluster, Object, Pod};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::ask::questions;
use crate::harness::{Tally, say, setting, shown, switch, world};

/// Changes that each do something; numbered, so that they are the same on every run.
fn steps(number: usize, count: usize) -> Vec<(bool, Index)> {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&(number as u64).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let step = (prop::bool::weighted(0.7), any::<Index>());
    proptest::collection::vec(step, count).new_tree(&mut runner).expect("no filters").current()
}

/// One batch of changes: objects come or are replaced by those of `pool`, and others go.
fn batch(cluster: &Cluster, pool: &[Object], steps: &[(bool, Index)]) -> (Vec<Change>, Cluster) {
    let (mut changes, mut after) = (Vec::new(), cluster.clone());
    for (put, at) in steps {
        let there: Vec<Object> = after.objects().collect();
        let change = match (put, there.is_empty()) {
            (false, false) => Change::Remove(at.get(&there).id()),
            _ => Change::Put(at.get(pool).clone()),
        };
        // A namespace that is merely named cannot be removed (K10).
        if after.apply(std::slice::from_ref(&change)).is_ok() {
            changes.push(change);
        }
    }
    (changes, after)
}

/// The cluster with its pods' and namespaces' labels passed on in a circle, and with its first policy gone.
pub(crate) fn moved(cluster: &Cluster, number: usize) -> (Vec<Change>, Cluster) {
    let pods: Vec<&Pod> = cluster.pods().iter().collect();
    let labels = pods.iter().cycle().skip(1).map(|pod| pod.labels.clone());
    let relabelled = pods.iter().zip(labels).map(|(pod, labels)| {
        let mut pod = (*pod).clone();
        pod.labels = labels;
        pod
    });
    let mut changes: Vec<Change> = relabelled.map(|pod| Change::Put(pod.into())).collect();
    let policies: Vec<ObjectId> =
        cluster.policies().iter().map(|policy| ObjectId::Policy(policy.name().clone())).collect();
    changes.extend(policies.get(number % policies.len().max(1)).cloned().map(Change::Remove));
    let mut after = cluster.clone();
    after.apply(&changes).expect("what is removed is there");
    (changes, after)
}

#[test]
fn a_switch_that_follows_changes_is_as_one_programmed_afresh() {
    let Some(mut plane) = switch("updates") else { return };
    let Some(mut fresh) = switch("updates") else { return };
    let rounds = setting("NETPOL_OVS_UPDATES", 12);
    let (mut tally, mut batches, mut changed, mut total) = (Tally::default(), 0, 0, 0);
    for round in 0..rounds {
        let (mut cluster, profile) = world(2 * round + 1);
        let pool: Vec<Object> = cluster.objects().chain(world(2 * round + 1000).0.objects()).collect();
        plane.install(&cluster, &profile).unwrap_or_else(|error| panic!("{error}"));
        for steps in steps(round, 24).chunks(4) {
            let (changes, after) = batch(&cluster, &pool, steps);
            cluster = after;
            plane.apply(&changes, &cluster).unwrap_or_else(|error| panic!("{changes:?}: {error}"));
            batches += 1;
            changed += plane.last_change();
            total += plane.flow_count();

            let followed = plane.dump_flows().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(followed.len(), plane.flow_count(), "one flow for each that was compiled");
            plane.replace_all().unwrap_or_else(|error| panic!("{error}"));
            let replaced = plane.dump_flows().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(followed, replaced, "after {changes:?}");
        }
        // Another switch has other numbers for ports and rules, so other flows: the answers are the same.
        fresh.install(&cluster, &profile).unwrap_or_else(|error| panic!("{error}"));
        for asked in questions(&cluster, &profile) {
            let (one, other) = (plane.probe(&asked.probe), fresh.probe(&asked.probe));
            assert_eq!(one.ok(), other.ok(), "{} {}", asked.probe.flow, shown(&cluster, &profile));
            tally.compare(&mut plane, &asked);
        }
    }
    say(&format!(
        "ovs: {batches} updates, {changed} flow changes where {total} flows would have been put anew; {tally}"
    ));
    assert!(tally.mismatches.is_empty(), "{:#?}", tally.mismatches);
}
