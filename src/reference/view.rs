//! The cluster and the profile as one walk through the judgement sees them.

use std::cell::Cell;

use crate::model::cluster::Cluster;
use crate::model::flow::L4;
use crate::name::Direction;
use crate::profile::capability::{Capabilities, HostNetwork, Rewritten, Support};
use crate::profile::profile::Profile;
use crate::profile::row::{Row, Rows};
use crate::reference::endpoint::Who;
use crate::reference::question::{ByService, Question};
use crate::reference::readings::Choices;

/// Cluster and profile under the readings that a walk takes; remembers which rows were looked at.
pub(super) struct View<'a, 'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) profile: &'a Profile,
    pub(super) choices: &'a Choices,
    pub(super) seen: &'a Cell<Rows>,
}

/// What the egress side sees of a destination: itself, or the ClusterIP that stands for it (U5).
pub(super) enum Seen {
    Destination,
    ClusterIp(ByService),
}

impl View<'_, '_> {
    /// A setting of `row`, which counts as looked at from now on.
    pub(super) fn see<T>(&self, row: Row, setting: impl Fn(&Capabilities) -> T) -> T {
        self.seen.set(self.seen.get().union(row.into()));
        setting(self.profile.capabilities())
    }

    /// What an open `row` is read as: no first, then yes.
    pub(super) fn perhaps(&self, row: Row) -> bool {
        self.choices.choose(row, false, [true])
    }

    /// Whether what `row` speaks of is missing, and everything passes for the lack of it.
    pub(super) fn is_missing(&self, row: Row, setting: impl Fn(&Capabilities) -> Support) -> bool {
        match self.see(row, setting) {
            Support::Supported => false,
            Support::Unsupported => true,
            Support::Unknown => self.perhaps(row),
        }
    }

    /// A pod that policies can select and isolate (K16, K17, K24); a hostNetwork pod is one by a reading of U2.
    pub(super) fn is_pod(&self, who: Who<'_>) -> bool {
        match who {
            Who::Pod(_) | Who::Workload(_) if who.is_host_network() => match self.see(Row::U2, |c| c.host_network) {
                HostNetwork::Node => false,
                HostNetwork::Pod => true,
                HostNetwork::Unknown => self.perhaps(Row::U2),
            },
            Who::Pod(_) | Who::Workload(_) => true,
            Who::Node(_) | Who::External => false,
        }
    }

    /// Which address and port the side of `direction` sees of its peer: before or after translation, one choice for the
    /// flow, where the Service's backend is outside the cluster (U5); elsewhere after it (K23).
    pub(super) fn seen_of_peer(&self, question: &Question<'_>, direction: Direction) -> Seen {
        match (direction, question.service, question.destination.who) {
            (Direction::Egress, Some(service), Who::External) => match self.see(Row::U5, |c| c.outside_backend) {
                Rewritten::After => Seen::Destination,
                Rewritten::Before => Seen::ClusterIp(service),
                Rewritten::Unknown if self.perhaps(Row::U5) => Seen::ClusterIp(service),
                Rewritten::Unknown => Seen::Destination,
            },
            _ => Seen::Destination,
        }
    }

    /// Protocol and port as the side of `direction` sees them (U5).
    pub(super) fn seen_l4(&self, question: &Question<'_>, direction: Direction) -> L4 {
        match (question.l4, self.seen_of_peer(question, direction)) {
            (L4::Port(protocol, _), Seen::ClusterIp(service)) => L4::Port(protocol, service.port),
            (l4, _) => l4,
        }
    }
}
