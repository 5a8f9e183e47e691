//! The cluster and the profile as one walk through the judgement sees them.

use std::cell::Cell;

use crate::model::cluster::Cluster;
use crate::net::Port;
use crate::profile::capability::{Capabilities, HostNetwork, Support};
use crate::profile::profile::Profile;
use crate::profile::row::{Row, Rows};
use crate::reference::readings::{Choices, Open};
use crate::reference::who::{Party, Who};

/// Cluster and profile under the readings that a walk takes; remembers which rows were looked at.
pub(super) struct View<'a, 'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) profile: &'a Profile,
    pub(super) choices: &'a Choices,
    pub(super) seen: &'a Cell<Rows>,
}

/// The other end as a side sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer<'c> {
    pub(super) party: Party<'c>,
    /// What U9's reading says of the node that passed the connection on.
    pub(super) is_own_node: Option<bool>,
    /// The port that the source sent to, where the side sees the address that it sent to (U5).
    pub(super) port_before: Option<Port>,
}

impl<'c> Peer<'c> {
    pub(super) fn of(party: Party<'c>) -> Self {
        Self { party, is_own_node: None, port_before: None }
    }
}

impl<'c> View<'_, 'c> {
    /// A setting of `row`, which counts as looked at from now on.
    pub(super) fn see<T>(&self, row: Row, setting: impl Fn(&Capabilities) -> T) -> T {
        self.seen.set(self.seen.get().union(row.into()));
        setting(self.profile.capabilities())
    }

    /// What an open `row` is read as: no first, then yes.
    pub(super) fn perhaps(&self, row: Row) -> bool {
        self.choices.choose(Open::Row(row), 2) == 1
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
            Who::Node(_) | Who::ClusterIp | Who::External => false,
            _ if who.is_host_network() => match self.see(Row::U2, |c| c.host_network) {
                HostNetwork::Node => false,
                HostNetwork::Pod => true,
                HostNetwork::Unknown => self.perhaps(Row::U2),
            },
            _ => true,
        }
    }
}
