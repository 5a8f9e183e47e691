//! A data plane that follows changes does what a fresh one does.

use fastrand::Rng;
use netpol_backend_ebpf::{EbpfPlane, Fault};
use netpol_oracle::generate::strategies::World;
use netpol_oracle::oracle::DataPlane;
use netpol_oracle::{Change, Cluster, Object, Profile};

use crate::comparison::Tally;
use crate::exam::{clusters, profile, questions};
use crate::{number, plane};

/// Batches of changes for each world.
const STEPS: u64 = 6;
/// How many worlds the planted bug may hide from.
const WORLDS_UNTIL_STALE: usize = 60;

fn objects(cluster: &Cluster) -> Vec<Object> {
    let mut all: Vec<Object> = Vec::new();
    all.extend(cluster.namespaces().iter().cloned().map(Object::from));
    all.extend(cluster.pods().iter().cloned().map(Object::from));
    all.extend(cluster.nodes().iter().cloned().map(Object::from));
    all.extend(cluster.services().iter().cloned().map(Object::from));
    all.extend(cluster.policies().iter().cloned().map(Object::from));
    all
}

/// Some changes: objects of `other` come or replace those of the same name, objects that are there go, pods get the
/// labels of others.
fn changes(cluster: &Cluster, other: &Cluster, dice: &mut Rng) -> Vec<Change> {
    let mut then = cluster.clone();
    let mut changes = Vec::new();
    for _ in 0..=dice.u8(..3) {
        let (here, there) = (objects(&then), objects(other));
        let pods: Vec<_> = then.pods().iter().collect();
        let mut pick = |length: usize| dice.usize(..length);
        let change = match pick(5) {
            0 | 1 => Change::Put(there[pick(there.len())].clone()),
            2 | 3 if pods.len() > 1 => {
                let mut pod = pods[pick(pods.len())].clone();
                pod.labels = pods[pick(pods.len())].labels.clone();
                Change::Put(pod.into())
            }
            _ => Change::Remove(here[pick(here.len())].id()),
        };
        // A namespace that is only named cannot be removed.
        if then.apply(std::slice::from_ref(&change)).is_ok() {
            changes.push(change);
        }
    }
    changes
}

/// What following random changes came to.
#[derive(Default)]
struct Followed {
    by_update: Tally,
    by_install: Tally,
    /// Map entries that updates wrote or deleted.
    written: u64,
    /// Map entries that installing anew wrote.
    installed: u64,
    /// The first mismatch of the fresh one and its world.
    world: String,
}

/// Follows the random changes of one world and asks everything after each batch.
fn follow(
    updated: &mut EbpfPlane,
    fresh: &mut EbpfPlane,
    (cluster, other): (Cluster, Cluster),
    profile: &Profile,
    dice: &mut Rng,
) -> Followed {
    let mut followed = Followed::default();
    let mut cluster = cluster;
    updated.install(&cluster, profile).unwrap();
    for _ in 0..STEPS {
        let changes = changes(&cluster, &other, dice);
        cluster.apply(&changes).unwrap();
        let before = updated.writes();
        updated.apply(&changes, &cluster).unwrap();
        followed.written += updated.writes() - before;
        fresh.install(&cluster, profile).unwrap();
        followed.installed += fresh.entries() as u64;
        for question in questions(&cluster, profile, dice) {
            followed.by_update.ask(updated, &question);
            followed.by_install.ask(fresh, &question);
            if let (true, [mismatch]) = (followed.world.is_empty(), &followed.by_install.mismatches[..]) {
                let world = World::new(cluster.clone(), profile.clone(), Vec::new());
                followed.world = format!("{mismatch}\n{world:?}");
            }
            // Where the definition leaves it open too.
            if updated.fault().is_none() {
                let probe = &question.probe;
                assert_eq!(updated.probe(probe).unwrap(), fresh.probe(probe).unwrap(), "{}", probe.flow);
            }
        }
    }
    followed
}

/// Worlds that change, each with what it may become.
fn changing() -> impl Iterator<Item = ((Cluster, Cluster), u64)> {
    let mut clusters = clusters(number("NETPOL_SEED", 1) + 1000);
    std::iter::from_fn(move || Some((clusters.next()?, clusters.next()?))).zip(0..)
}

#[test]
fn an_updated_data_plane_does_what_a_fresh_one_does() {
    let (Some(mut updated), Some(mut fresh)) = (plane("updates"), plane("updates")) else { return };
    let worlds = number("NETPOL_WORLDS", 40) / 4;
    let (mut all, mut dice) = (Followed::default(), Rng::with_seed(2));
    for (world, turn) in changing().take(usize::try_from(worlds).unwrap()) {
        let profile = profile(turn, &mut dice);
        let one = follow(&mut updated, &mut fresh, world, &profile, &mut dice);
        all.by_update.add(one.by_update);
        all.by_install.add(one.by_install);
        all.written += one.written;
        all.installed += one.installed;
        if all.world.is_empty() {
            all.world = one.world;
        }
    }
    say!(
        "eBPF, {worlds} changing worlds of {STEPS} steps: {}\n    {} map entries written by updates, {} by installing \
         anew",
        all.by_update,
        all.written,
        all.installed
    );
    let Followed { by_update, by_install, world, .. } = all;
    assert!(by_install.mismatches.is_empty(), "fresh: {world}");
    assert!(by_update.mismatches.is_empty(), "updated: {}", by_update.mismatches[0]);
}

#[test]
fn labels_that_do_not_arrive_are_found() {
    let (Some(mut updated), Some(mut fresh)) = (plane("stale labels"), plane("stale labels")) else { return };
    updated.plant(Some(Fault::StaleAfterRelabel));
    let mut dice = Rng::with_seed(3);
    for (world, turn) in changing().take(WORLDS_UNTIL_STALE) {
        let profile = profile(turn, &mut dice);
        let one = follow(&mut updated, &mut fresh, world, &profile, &mut dice);
        assert!(one.by_install.mismatches.is_empty(), "fresh: {}", one.world);
        if let Some(mismatch) = one.by_update.mismatches.first() {
            say!("planted bug found:\n  StaleAfterRelabel: world {turn}: {mismatch}");
            return;
        }
    }
    panic!("StaleAfterRelabel not found in {WORLDS_UNTIL_STALE} worlds");
}
