//! Whom a side sees at the other end (U5, U9), and which of the two pods policies see (U2).

use netpol_oracle::profile::{HostNetwork, Rewritten, SeenSource};
use netpol_oracle::{Direction, L4, Row};

use super::ends::{Party, Someone};
use super::resolution::{Open, Resolve, Which, ask};
use super::route::{Crossing, Sent};

/// The other end, as a side sees it.
#[derive(Debug, Clone)]
pub(super) struct Seen<'a> {
    pub(super) party: Party<'a>,
    pub(super) l4: L4,
    /// It is, or is not, the subject's own node, whatever they say of themselves (U9).
    pub(super) near: Option<bool>,
    /// It is what was sent to, before it is rewritten: names of ports mean nothing there (U5).
    pub(super) before: bool,
}

impl<'a> Crossing<'a> {
    /// The pod that policies see: a hostNetwork pod is one under U2's pod reading alone (K17).
    pub(super) fn visible<'p>(&self, party: &'p Party<'a>, resolve: &mut Resolve<'_>) -> Option<&'p Someone<'a>> {
        let Party::Pod(someone, _) = party else { return None };
        let seen = !someone.host_network
            || match self.profile.capabilities().host_network {
                HostNetwork::Node => false,
                HostNetwork::Pod => true,
                HostNetwork::Unknown => ask(resolve, Row::U2),
                _ => unreachable!("a reading that this evaluation does not know"),
            };
        seen.then_some(someone)
    }

    pub(super) fn seen(&self, direction: Direction, resolve: &mut Resolve<'_>) -> Seen<'a> {
        match direction {
            Direction::Egress => self.seen_from_source(resolve),
            Direction::Ingress => self.seen_from_destination(resolve),
        }
    }

    /// U5: what was sent to, address and port, or the backend, address and port.
    fn seen_from_source(&self, resolve: &mut Resolve<'_>) -> Seen<'a> {
        let after = Seen { party: self.destination.clone(), l4: self.l4, near: None, before: false };
        let can = self.profile.capabilities();
        let (to, reading) = match (&self.sent, &self.destination) {
            (Sent::Face { to, .. }, _) => (to.clone(), can.face),
            (Sent::ClusterIp(address), Party::World(_)) => (Party::ClusterIp(*address), can.outside_backend),
            _ => return after,
        };
        let before = match reading {
            Rewritten::Before => true,
            Rewritten::After => false,
            Rewritten::Unknown => ask(resolve, Row::U5),
            _ => unreachable!("a reading that this evaluation does not know"),
        };
        if before { Seen { party: to, l4: self.l4_sent, near: None, before: true } } else { after }
    }

    /// U9: the client, or a node that passed it on.
    fn seen_from_destination(&self, resolve: &mut Resolve<'_>) -> Seen<'a> {
        let client = Seen { party: self.source.clone(), l4: self.l4, near: None, before: false };
        if !self.sent.is_passed_on() {
            return client;
        }
        let passers =
            || self.passers().into_iter().map(|(party, near)| Seen { party, l4: self.l4, near, before: false });
        let mut ways: Vec<Seen<'a>> = match self.profile.capabilities().seen_source {
            SeenSource::Client => return client,
            SeenSource::Node => passers().collect(),
            SeenSource::Unknown => std::iter::once(client.clone()).chain(passers()).collect(),
            _ => unreachable!("a reading that this evaluation does not know"),
        };
        if ways.is_empty() {
            return client;
        }
        let way = resolve(Open { row: Row::U9, which: Which::Whole }, ways.len());
        ways.swap_remove(way)
    }
}
