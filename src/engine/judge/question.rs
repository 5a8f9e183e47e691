//! What is judged: one connection, its ends resolved.

use std::net::IpAddr;

use crate::engine::ends::end::{EndIdentity, ResolvedEnd};
use crate::engine::ends::sent::Sent;
use crate::engine::ends::services::BackendConnection;
use crate::labels::Labels;
use crate::model::flow::L4;
use crate::name::Direction;
use crate::net::Family;

/// One connection: its two ends as they meet.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Question<'t> {
    pub(in crate::engine) source: ResolvedEnd<'t>,
    /// After translation.
    pub(in crate::engine) destination: ResolvedEnd<'t>,
    /// After translation.
    pub(in crate::engine) l4: L4,
    /// What the source sent to.
    pub(in crate::engine) sent: Sent<'t>,
    /// The labels that a Service asks of its backends: of those that a workload's pods may have, which this one has (K27).
    pub(in crate::engine) asked: Option<&'t Labels>,
}

impl<'t> Question<'t> {
    /// A connection that is not translated on the way.
    pub(in crate::engine) fn direct(source: ResolvedEnd<'t>, destination: ResolvedEnd<'t>, l4: L4) -> Self {
        Self { source, destination, l4, sent: Sent::Straight, asked: None }
    }

    /// A connection by way of a backend.
    pub(in crate::engine) fn by_way(way: &BackendConnection<'t>) -> Self {
        let BackendConnection { source, destination, l4, sent, asked } = *way;
        Self { source, destination, l4, sent, asked }
    }

    /// The one family of the flow (K22); none where nothing has an address.
    pub(super) fn family(&self) -> Option<Family> {
        let sent_to: Option<IpAddr> = self.sent.address();
        self.source.address.or(self.destination.address).or(sent_to).map(Family::of)
    }

    /// The end that the side of `direction` protects, and the other one.
    pub(super) fn ends(&self, direction: Direction) -> (&ResolvedEnd<'t>, &ResolvedEnd<'t>) {
        match direction {
            Direction::Egress => (&self.source, &self.destination),
            Direction::Ingress => (&self.destination, &self.source),
        }
    }

    pub(super) fn is_translated(&self) -> bool {
        !matches!(self.sent, Sent::Straight)
    }

    pub(super) fn is_to_itself(&self) -> bool {
        self.source.identity.is_same_pod(self.destination.identity)
    }

    /// The destination is a backend that translation moved out of the cluster (U5).
    pub(super) fn is_to_outside_backend(&self) -> bool {
        matches!(self.sent, Sent::ClusterIp { .. }) && matches!(self.destination.identity, EndIdentity::External)
    }
}

/// What one side is asked: which, and for what.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct SideQuestion {
    pub(in crate::engine) direction: Direction,
    pub(in crate::engine) l4: L4,
}

impl SideQuestion {
    pub(super) fn ingress(l4: L4) -> Self {
        Self { direction: Direction::Ingress, l4 }
    }

    pub(super) fn egress(l4: L4) -> Self {
        Self { direction: Direction::Egress, l4 }
    }
}
