//! What two snapshots say of one pair of ends.

use crate::analysis::search::{Ask, Pair, Said};
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

    fn outcome_of(&self, said: &[Said]) -> Option<Self::Outcome> {
        match *said.iter().map(|said| said.map_or(Verdict::Deny, |(verdict, _)| verdict)).collect::<Vec<Verdict>>() {
            [before, after] if before != after => Some((before, after)),
            _ => None,
        }
    }

    fn tells_changes(&self) -> bool {
        true
    }

    fn must_ask(&self) -> bool {
        false
    }

    fn may_tell_from(&self, ground: &Ground, source: &Group) -> bool {
        !ground.has_same_surroundings || source.change.itself || source.change.egress
    }

    fn may_tell_to(&self, ground: &Ground, destination: &Group) -> bool {
        !ground.has_same_surroundings || destination.change.itself || destination.change.ingress
    }
}
