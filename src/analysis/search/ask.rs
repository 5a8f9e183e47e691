//! What is asked of one pair of ends, port by port.

use std::collections::BTreeMap;

use crate::analysis::search::ports::Ports;
use crate::engine::PodId;
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::net::PortInterval;
use crate::partition::{Ground, Group};

/// On which ports each outcome is.
pub(in crate::analysis) type Outcomes<O> = BTreeMap<O, Ports>;

/// Two ends as they are asked.
pub(in crate::analysis) struct Pair {
    pub(in crate::analysis) source: Endpoint,
    pub(in crate::analysis) destination: Destination,
    /// Of two pods, in each snapshot: the fastest way to ask.
    pub(in crate::analysis) ids: Vec<Option<(PodId, PodId)>>,
}

impl Pair {
    pub(in crate::analysis) fn new(source: Endpoint, destination: impl Into<Destination>) -> Self {
        Self { source, destination: destination.into(), ids: Vec::new() }
    }

    pub(in crate::analysis) fn flow(&self, l4: L4) -> Flow {
        Flow::new(self.source.clone(), self.destination.clone(), l4)
    }
}

/// Who answers.
pub(in crate::analysis) trait Ask {
    /// What is told of connections.
    type Outcome: Ord + Clone;

    /// What there is to tell of one, if anything.
    fn outcome(&self, pair: &Pair, l4: L4) -> Option<Self::Outcome>;

    /// Whether there may be anything to tell between two groups, addresses outside being none.
    fn may_tell(&self, ground: &Ground, source: Option<&Group>, destination: Option<&Group>) -> bool;

    /// On each of the intervals, and without ports.
    fn outcomes(&self, pair: &Pair, intervals: &[PortInterval]) -> Outcomes<Self::Outcome> {
        let mut all = self.on_ports(pair, intervals);
        // Of protocols without ports ICMP stands for all (U1).
        if let Some(outcome) = self.outcome(pair, L4::Icmp) {
            all.entry(outcome).or_default().add_portless();
        }
        all
    }

    /// On each of the intervals.
    fn on_ports(&self, pair: &Pair, intervals: &[PortInterval]) -> Outcomes<Self::Outcome> {
        let mut all = Outcomes::new();
        for interval in intervals {
            if let Some(outcome) = self.outcome(pair, (*interval).into()) {
                all.entry(outcome).or_default().add(*interval);
            }
        }
        all
    }

    /// Where nobody isolates the two, whatever they meet by is alike.
    fn of_free(&self, pair: &Pair) -> Outcomes<Self::Outcome> {
        self.outcome(pair, L4::Icmp).map(|outcome| (outcome, Ports::everything())).into_iter().collect()
    }
}
