//! What the engine says of one pair of ends, port by port.

use std::collections::BTreeMap;

use crate::analysis::connectivity::ports::Ports;
use crate::engine::{PodId, Snapshot};
use crate::model::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
use crate::net::PortInterval;
use crate::profile::Rows;
use crate::verdict::{Decide, Verdict};

/// A verdict other than Deny, and the rows that it hangs on.
pub(super) type Outcome = (Verdict, Rows);

/// Protocols without ports other than ICMP: one stands for all (U1).
const GRE: u8 = 47;

/// On which ports each outcome is.
pub(super) type Outcomes = BTreeMap<Outcome, Ports>;

/// Everything allowed, by nothing.
pub(super) fn all_allowed() -> Outcomes {
    Outcomes::from([((Verdict::Allow, Rows::NONE), Ports::everything())])
}

/// Two ends as they are asked.
pub(super) struct Pair {
    pub(super) source: Endpoint,
    pub(super) destination: Destination,
    /// Of two pods: the fastest way to ask.
    pub(super) ids: Option<(PodId, PodId)>,
}

impl Pair {
    pub(super) fn new(source: Endpoint, destination: impl Into<Destination>) -> Self {
        Self { source, destination: destination.into(), ids: None }
    }
}

/// Asks one snapshot.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) snapshot: Snapshot,
    /// Whether rows may decide an Allow too.
    has_rows: bool,
}

impl Judge {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let profile = snapshot.profile();
        let has_rows = *profile.capabilities() != *crate::profile::Profile::kubernetes().capabilities();
        Self { snapshot: snapshot.clone(), has_rows }
    }

    /// What the two say of one question; none where it is denied, or none at all.
    pub(super) fn outcome(&self, pair: &Pair, l4: L4) -> Option<Outcome> {
        let flow = || Flow::new(pair.source.clone(), pair.destination.clone(), l4);
        let verdict = match pair.ids {
            Some((source, destination)) => self.snapshot.verdict_between(source, destination, l4),
            None => self.snapshot.verdict(&flow()),
        };
        let verdict = verdict.ok().filter(|verdict| *verdict != Verdict::Deny)?;
        if verdict == Verdict::Allow && !self.has_rows {
            return Some((verdict, Rows::NONE));
        }
        Some((verdict, self.snapshot.decide(&flow()).ok()?.rows))
    }

    /// On each of the intervals, and without ports.
    pub(super) fn outcomes(&self, pair: &Pair, intervals: &[PortInterval]) -> Outcomes {
        let mut all = Outcomes::new();
        for interval in intervals {
            if let Some(outcome) = self.outcome(pair, (*interval).into()) {
                all.entry(outcome).or_default().add(*interval);
            }
        }
        if let Some(outcome) = self.outcome(pair, L4::Icmp) {
            all.entry(outcome).or_default().add_icmp();
        }
        if let Some(outcome) = OtherProtocol::new(GRE).and_then(|gre| self.outcome(pair, L4::Other(gre))) {
            all.entry(outcome).or_default().add_other();
        }
        all
    }
}
