//! Clusters that change.

use netpol_oracle::generate::strategies;
use netpol_oracle::{Change, Cluster, Profile};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// A cluster, what becomes of it step by step, and what it runs on.
pub(crate) struct Story {
    pub(crate) before: Cluster,
    /// Changes and the cluster after them.
    pub(crate) steps: Vec<(Vec<Change>, Cluster)>,
    pub(crate) profile: Profile,
}

/// Stories without end, the same in every run.
pub(crate) fn stories() -> impl Iterator<Item = Story> {
    let mut runner = TestRunner::deterministic();
    let strategy = strategies::stories();
    std::iter::repeat_with(move || {
        let story = strategy.new_tree(&mut runner).unwrap().current();
        let steps = story.chapters().collect();
        Story { steps, before: story.world.cluster, profile: story.world.profile }
    })
}
