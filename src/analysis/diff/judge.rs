//! What two snapshots say of one pair of ends.

use crate::analysis::search::{Ask, Pair};
use crate::engine::Snapshot;
use crate::model::flow::L4;
use crate::partition::{Ground, Group};
use crate::verdict::Verdict;

/// Asks two snapshots.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) before: Snapshot,
    pub(super) after: Snapshot,
}

impl Ask for Judge {
    /// The verdict before and after, where they differ. Where there is nothing to judge nothing comes through: Deny.
    type Outcome = (Verdict, Verdict);

    fn outcome(&self, pair: &Pair, l4: L4) -> Option<Self::Outcome> {
        let verdicts = [&self.before, &self.after].into_iter().enumerate().map(|(at, snapshot)| {
            let verdict = match pair.ids.get(at) {
                Some(Some((source, destination))) => snapshot.verdict_between(*source, *destination, l4),
                _ => snapshot.verdict(&pair.flow(l4)),
            };
            verdict.unwrap_or(Verdict::Deny)
        });
        match *verdicts.collect::<Vec<Verdict>>() {
            [before, after] if before != after => Some((before, after)),
            _ => None,
        }
    }

    fn may_tell(&self, ground: &Ground, source: Option<&Group>, destination: Option<&Group>) -> bool {
        !ground.has_same_surroundings
            || source.is_some_and(|group| group.change.itself || group.change.egress)
            || destination.is_some_and(|group| group.change.itself || group.change.ingress)
    }
}
