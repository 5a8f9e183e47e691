//! What is judged: one connection, its ends resolved and its destination translated.

use std::net::IpAddr;

use crate::model::cluster::{Workload, WorkloadKind};
use crate::model::flow::L4;
use crate::name::Direction;
use crate::net::{Family, Port};
use crate::reference::readings::{End, Open, Settled};
use crate::reference::who::{Party, Who};

/// One connection: its two ends as they meet, and how it was sent.
pub(super) struct Question<'c> {
    pub(super) source: Party<'c>,
    pub(super) destination: Party<'c>,
    pub(super) l4: L4,
    pub(super) sent: Sent<'c>,
}

/// What the source sent to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sent<'c> {
    /// The destination itself, which nothing rewrites; a headless Service's backend too (K23).
    Straight,
    /// A ClusterIP, unknown where its manifest has none yet, and the Service's own port.
    ClusterIp { address: Option<IpAddr>, port: Port },
    /// Another face (K26): an address, whoever it belongs to, and a port.
    Face { at: Who<'c>, address: IpAddr, port: Port, passed_on: PassedOn<'c> },
}

/// Who may stand before the client where a connection came by a face (U9).
#[derive(Debug, Clone, Copy)]
pub(super) enum PassedOn<'c> {
    /// Nobody: the destination sees the client.
    Never,
    /// The node that was named, if anybody.
    Named(Option<&'c str>),
    /// Some node, if anybody.
    Some,
}

impl<'c> Question<'c> {
    /// The one family of the flow (K22): of an end's address, or of what it was sent to; none where nothing has an address.
    pub(super) fn family(&self) -> Option<Family> {
        let sent_to = match self.sent {
            Sent::Straight => None,
            Sent::ClusterIp { address, .. } => address,
            Sent::Face { address, .. } => Some(address),
        };
        self.source.address.or(self.destination.address).or(sent_to).map(Family::of)
    }

    pub(super) fn end(&self, end: End) -> &Party<'c> {
        match end {
            End::Source => &self.source,
            End::Destination => &self.destination,
        }
    }

    /// The end that a side protects.
    pub(super) fn subject(&self, direction: Direction) -> &Party<'c> {
        self.end(End::of_subject(direction))
    }

    /// Sent to something that stands for the destination and is rewritten.
    pub(super) fn is_rewritten(&self) -> bool {
        !matches!(self.sent, Sent::Straight)
    }

    /// A pod that reaches itself without a Service between (K19).
    pub(super) fn is_plain_hairpin(&self) -> bool {
        !self.is_rewritten() && self.is_hairpin()
    }

    pub(super) fn is_hairpin(&self) -> bool {
        self.source.who.is_same_pod(self.destination.who)
    }

    /// The StatefulSet that both ends are replicas of (K27).
    pub(super) fn one_set(&self) -> Option<&'c Workload> {
        let set = |who| match who {
            Who::Workload(workload) | Who::Replica(workload, _) if workload.kind == WorkloadKind::StatefulSet => {
                Some(workload)
            }
            _ => None,
        };
        let (source, destination) = (set(self.source.who)?, set(self.destination.who)?);
        (source.name == destination.name).then_some(source)
    }

    /// Whether readings go together: two replicas of a set that has several are not the same one (K27).
    pub(super) fn are_possible(&self, settled: &Settled) -> bool {
        let ordinal = |end| settled.get(&Open::ordinal(end));
        match (ordinal(End::Source), ordinal(End::Destination)) {
            // The values of both are listed alike.
            (Some(source), Some(destination)) => source != destination || self.one_set().is_none(),
            _ => true,
        }
    }
}
