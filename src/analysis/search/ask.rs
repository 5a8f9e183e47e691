//! What is asked of pairs of ends.

use std::collections::BTreeMap;
use std::hash::Hash;

use crate::analysis::search::ports::Ports;
use crate::engine::PodId;
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::ObjectName;
use crate::net::PortInterval;
use crate::partition::{Ground, Group};
use crate::profile::Rows;
use crate::verdict::Verdict;

/// On which ports each outcome is.
pub(in crate::analysis) type Outcomes<O> = BTreeMap<O, Ports>;

/// The verdict of a connection and the rows that leave it open; none where there can be no such flow.
pub(in crate::analysis) type Said = Option<(Verdict, Rows)>;

/// Two ends as they are asked.
pub(in crate::analysis) struct Pair {
    pub(in crate::analysis) source: Endpoint,
    pub(in crate::analysis) destination: Destination,
    /// Of two pods, in each snapshot: the fastest way to ask.
    pub(in crate::analysis) ids: Vec<Option<(PodId, PodId)>>,
    /// By way of this backend alone.
    pub(in crate::analysis) via: Option<ObjectName>,
}

impl Pair {
    pub(in crate::analysis) fn new(source: Endpoint, destination: impl Into<Destination>) -> Self {
        Self { source, destination: destination.into(), ids: Vec::new(), via: None }
    }

    pub(in crate::analysis) fn flow(&self, l4: L4) -> Flow {
        Flow { via: self.via.clone(), ..Flow::new(self.source.clone(), self.destination.clone(), l4) }
    }
}

/// Who answers.
pub(in crate::analysis) trait Ask {
    /// What is told of connections.
    type Outcome: Ord + Clone + Hash;

    /// What there is to tell of one, if anything.
    fn outcome(&self, pair: &Pair, l4: L4) -> Option<Self::Outcome>;

    /// What there is to tell of a connection of which that is said in each snapshot.
    fn outcome_of(&self, said: &[Said]) -> Option<Self::Outcome>;

    /// Whether there is nothing to tell where each side says the same in each snapshot.
    fn tells_changes(&self) -> bool;

    /// Whether it takes more than verdicts and open rows to tell.
    fn must_ask(&self) -> bool;

    /// Whether there may be anything to tell of connections that a group opens, whoever is at their other end.
    fn may_tell_from(&self, ground: &Ground, source: &Group) -> bool;

    /// And of those to a group. Where neither may, there is nothing to tell of the two.
    fn may_tell_to(&self, ground: &Ground, destination: &Group) -> bool;

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
}
