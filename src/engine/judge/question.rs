//! What is judged: one connection, its ends resolved.

use std::net::IpAddr;

use crate::engine::ends::end::{EndIdentity, ResolvedEnd};
use crate::model::flow::L4;
use crate::name::Direction;
use crate::net::Family;

/// One connection: its two ends as they meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'t> {
    pub(super) source: ResolvedEnd<'t>,
    pub(super) destination: ResolvedEnd<'t>,
    pub(super) l4: L4,
    pub(super) service: ByService,
}

/// Whether the connection was sent to a ClusterIP.
#[derive(Debug, Clone, Copy)]
pub(super) enum ByService {
    No,
    Yes {
        /// Unknown where the Service's manifest has none yet.
        cluster_address: Option<IpAddr>,
        /// Protocol and port as the source sent them.
        sent: L4,
    },
}

impl<'t> Question<'t> {
    /// The one family of the flow (K22); none where nothing has an address.
    pub(super) fn family(&self) -> Option<Family> {
        let sent_to = match self.service {
            ByService::No => None,
            ByService::Yes { cluster_address, .. } => cluster_address,
        };
        self.source.address.or(self.destination.address).or(sent_to).map(Family::of)
    }

    /// The end that the side of `direction` protects, and the other one.
    pub(super) fn ends(&self, direction: Direction) -> (&ResolvedEnd<'t>, &ResolvedEnd<'t>) {
        match direction {
            Direction::Egress => (&self.source, &self.destination),
            Direction::Ingress => (&self.destination, &self.source),
        }
    }

    pub(super) fn is_by_service(&self) -> bool {
        matches!(self.service, ByService::Yes { .. })
    }

    pub(super) fn is_to_itself(&self) -> bool {
        self.source.identity.is_same_pod(self.destination.identity)
    }

    /// A destination that translation moved out of the cluster (U5).
    pub(super) fn is_to_outside_backend(&self) -> bool {
        self.is_by_service() && matches!(self.destination.identity, EndIdentity::External)
    }
}
