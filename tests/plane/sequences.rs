//! Clusters that change.

use netpol_oracle::generate::strategies;
use netpol_oracle::{Change, Cluster, Profile};
use netpol_test_support::faces;
use netpol_test_support::real_worlds::world;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::plane::probes::Asked;
use crate::support::worlds::World;

/// A cluster, what becomes of it step by step, and what it runs on.
pub(crate) struct Sequence {
    pub(crate) before: Cluster,
    /// Changes and the cluster after them.
    pub(crate) steps: Vec<(Vec<Change>, Cluster)>,
    pub(crate) profile: Profile,
}

/// Sequences without end, the same in every run.
pub(crate) fn sequences() -> impl Iterator<Item = Sequence> {
    let mut runner = TestRunner::deterministic();
    let strategy = strategies::changing_worlds();
    std::iter::repeat_with(move || {
        let sequence = strategy.new_tree(&mut runner).unwrap().current();
        let steps = sequence.updates().collect();
        Sequence { steps, before: sequence.world.cluster, profile: sequence.world.profile }
    })
}

/// The same without what is asked, as sequences that end where they begin.
pub(crate) fn real_sequences() -> impl Iterator<Item = Sequence> {
    (FIRST..).map(|seed| {
        let World { cluster, profile, .. } = world(seed, 0);
        Sequence { before: cluster, steps: Vec::new(), profile }
    })
}

/// The first of the worlds of what real clusters hold.
const FIRST: u64 = 700_000;

/// Worlds of what real clusters hold, without end, and what is asked of them: every face from everywhere, and some flows more.
pub(crate) fn real_worlds() -> impl Iterator<Item = (World, Vec<Asked>)> {
    (FIRST..).map(|seed| {
        let world = world(seed, 30);
        let asked = faces::questions(&world.cluster, &world.profile, &world.flows);
        (world, asked)
    })
}
