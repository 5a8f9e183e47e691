//! What is judged: one connection, its ends resolved and its destination translated.

use std::net::IpAddr;

use crate::model::flow::L4;
use crate::name::Direction;
use crate::net::{Family, Port};
use crate::reference::endpoint::Party;

/// One connection: its two ends as they meet, and the Service it came by.
pub(super) struct Question<'c> {
    pub(super) source: Party<'c>,
    pub(super) destination: Party<'c>,
    pub(super) l4: L4,
    pub(super) service: Option<ByService>,
}

/// A flow that was sent to a ClusterIP.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByService {
    /// Unknown where its manifest has none yet.
    pub(super) cluster_address: Option<IpAddr>,
    /// The Service's own port, which the source sent to.
    pub(super) port: Port,
}

impl<'c> Question<'c> {
    /// The one family of the flow (K22): of an end's address, or of the ClusterIP it was sent to; none where
    /// nothing has an address.
    pub(super) fn family(&self) -> Option<Family> {
        let sent_to = self.service.as_ref().and_then(|service| service.cluster_address);
        self.source.address.or(self.destination.address).or(sent_to).map(Family::of)
    }

    /// The end that a side protects, and the other one.
    pub(super) fn ends(&self, direction: Direction) -> (&Party<'c>, &Party<'c>) {
        match direction {
            Direction::Egress => (&self.source, &self.destination),
            Direction::Ingress => (&self.destination, &self.source),
        }
    }

    /// A pod that reaches itself without a Service between (K19).
    pub(super) fn is_plain_hairpin(&self) -> bool {
        self.service.is_none() && self.is_hairpin()
    }

    pub(super) fn is_hairpin(&self) -> bool {
        self.source.who.is_same_pod(self.destination.who)
    }
}
