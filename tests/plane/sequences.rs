//! Clusters that change.

use netpol_oracle::generate::strategies;
use netpol_oracle::{Change, Cluster, Profile};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

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
