//! What the engine says of one pair of ends.

use crate::analysis::search::{Ask, Pair, Said};
use crate::engine::Snapshot;
use crate::model::flow::L4;
use crate::partition::{Ground, Group};
use crate::profile::{Profile, Rows};
use crate::verdict::{Decide, Verdict};

/// Asks one snapshot.
#[derive(Debug)]
pub(in crate::analysis) struct Judge {
    snapshot: Snapshot,
    /// Whether rows may decide an Allow too.
    has_rows: bool,
}

impl Judge {
    pub(in crate::analysis) fn new(snapshot: &Snapshot) -> Self {
        let has_rows = *snapshot.profile().capabilities() != *Profile::kubernetes().capabilities();
        Self { snapshot: snapshot.clone(), has_rows }
    }
}

impl Ask for Judge {
    /// A verdict other than Deny, and the rows that it hangs on.
    type Outcome = (Verdict, Rows);

    fn outcome(&self, pair: &Pair, l4: L4) -> Option<Self::Outcome> {
        let verdict = match pair.ids.first() {
            Some(Some((source, destination))) => self.snapshot.verdict_between(*source, *destination, l4),
            _ => self.snapshot.verdict(&pair.flow(l4)),
        };
        let verdict = verdict.ok().filter(|verdict| *verdict != Verdict::Deny)?;
        if verdict == Verdict::Allow && !self.has_rows {
            return Some((verdict, Rows::NONE));
        }
        Some((verdict, self.snapshot.decide(&pair.flow(l4)).ok()?.rows))
    }

    fn outcome_of(&self, said: &[Said]) -> Option<Self::Outcome> {
        said.first().copied().flatten().filter(|(verdict, _)| *verdict != Verdict::Deny)
    }

    fn tells_changes(&self) -> bool {
        false
    }

    fn must_ask(&self) -> bool {
        self.has_rows
    }

    fn may_tell_from(&self, _: &Ground, _: &Group) -> bool {
        true
    }

    fn may_tell_to(&self, _: &Ground, _: &Group) -> bool {
        true
    }
}
