//! Whether a rule's peers and ports match (K6 to K16, C4, C5, C9, C10, C14, U5, U6).

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use iprange::IpRange;

use crate::model::cluster::ContainerPort;
use crate::model::flow::L4;
use crate::model::policy::{Peer, Peers, PodPeer, PortMatch, PortSpec, Ports};
use crate::name::Direction;
use crate::net::{Family, IpBlock, Port, Protocol};
use crate::profile::capability::{EndPort, IpBlockScope, Support, UnaddressedPod, Unowned};
use crate::profile::row::Row;
use crate::reference::labels::{namespace_matches, selects};
use crate::reference::question::{Question, Sent};
use crate::reference::readings::End;
use crate::reference::value::{Match, OpenPeer};
use crate::reference::view::{self, View};
use crate::reference::who::{Party, Who};

/// Whether the ports of a rule admit the flow's protocol and port.
pub(super) fn ports(view: &View<'_, '_>, question: &Question<'_>, peer: &view::Peer<'_>, ports: &Ports) -> bool {
    let L4::Port(protocol, translated) = question.l4 else {
        // U1 `portless`: a rule without `ports` matches other protocols, any other rule does not.
        return matches!(ports, Ports::Any);
    };
    // U5: who sees the address that the source sent to sees its port too, and no pod there that could name it.
    let port = peer.port_before.unwrap_or(translated);
    let names = if peer.port_before.is_some() { Who::External } else { question.destination.who };
    match ports {
        Ports::Any => true, // K6
        Ports::Of(entries) => entries.iter().any(|entry| port_entry(view, names, entry, protocol, port)),
    }
}

fn port_entry(view: &View<'_, '_>, destination: Who<'_>, entry: &PortMatch, protocol: Protocol, port: Port) -> bool {
    if entry.protocol != protocol {
        return false; // K21
    }
    match &entry.port {
        PortSpec::Any => true, // K11
        PortSpec::Number(number) => *number == port,
        PortSpec::Range(range) if range.first() == port => true,
        PortSpec::Range(range) if !range.contains(port) => false, // K13
        PortSpec::Range(_) => match view.see(Row::C14, |c| c.end_port) {
            EndPort::Supported => true,
            EndPort::SinglePort => false,
            EndPort::Unknown => view.perhaps(Row::C14),
        },
        // K12: on the destination pod, by name and protocol; never on a hostNetwork pod.
        PortSpec::Name(name) => {
            let declares =
                |p: &&ContainerPort| p.protocol == protocol && p.port == port && p.name.as_ref() == Some(name);
            view.is_pod(destination) && destination.ports().iter().any(|p| declares(&p))
        }
    }
}

/// One rule's peers: whose rule it is, where it stands, and which end its peers are held against.
pub(super) struct PeerMatch<'a, 'c> {
    pub(super) view: &'a View<'a, 'c>,
    pub(super) question: &'a Question<'c>,
    pub(super) direction: Direction,
    pub(super) peer: &'a view::Peer<'c>,
    pub(super) policy_namespace: &'a str,
    /// The place of the policy in the cluster.
    pub(super) policy: usize,
    pub(super) rule: usize,
}

impl PeerMatch<'_, '_> {
    pub(super) fn any_of(&self, peers: &Peers) -> Match {
        match peers {
            Peers::Any => Match::Yes, // K6
            Peers::Of(entries) => {
                let each = entries.iter().enumerate().map(|(place, peer)| self.peer(peer, place));
                each.fold(Match::No, Match::or)
            }
        }
    }

    fn peer(&self, peer: &Peer, place: usize) -> Match {
        match peer {
            Peer::Pods(pods) => Match::is(self.pods(pods)),
            Peer::IpBlock(block) => self.ip_block(block, place),
        }
    }

    /// The flow goes to a ClusterIP with a backend in the cluster, and this is the side that sees it.
    fn is_service_egress(&self) -> bool {
        let outside = matches!(self.question.destination.who, Who::External);
        self.direction == Direction::Egress && matches!(self.question.sent, Sent::ClusterIp { .. }) && !outside
    }

    /// K7, K9, K16.
    fn pods(&self, peer: &PodPeer) -> bool {
        if self.is_service_egress() && self.view.see(Row::C10, |c| c.cluster_ip) != Support::Supported {
            return self.view.perhaps(Row::C10);
        }
        let who = self.peer.party.who;
        let end = End::of_subject(self.direction).other();
        self.view.is_pod(who)
            && namespace_matches(self.view, who, &peer.namespaces, self.policy_namespace)
            && selects(self.view, self.question, end, &peer.pods)
    }

    /// K14, K15; `place` is the peer's in its rule.
    fn ip_block(&self, block: &IpBlock, place: usize) -> Match {
        let (row, support) = match self.direction {
            Direction::Ingress => (Row::C4, self.view.see(Row::C4, |c| c.ingress_ip_block)),
            Direction::Egress => (Row::C5, self.view.see(Row::C5, |c| c.egress_ip_block)),
        };
        if support != Support::Supported {
            return Match::is(self.view.perhaps(row));
        }
        let party = &self.peer.party;
        if !self.is_service_egress() || self.view.see(Row::C10, |c| c.cluster_ip) == Support::Supported {
            return self.end(block, party, place);
        }
        // C10: over the ClusterIP it matches, over the backend only nobody knows.
        let cluster_address = match self.question.sent {
            Sent::ClusterIp { address, .. } => address,
            Sent::Straight | Sent::Face { .. } => None,
        };
        let over_cluster_ip =
            |address| self.end(block, &Party::new(Who::ClusterIp, Some(address)), place) == Match::Yes;
        match cluster_address {
            Some(address) if over_cluster_ip(address) => Match::Yes,
            Some(_) if self.view.perhaps(Row::C10) => self.end(block, party, place),
            Some(_) => Match::No,
            None => Match::is(self.view.perhaps(Row::C10)),
        }
    }

    /// A peer that only more knowledge of the cluster could settle.
    fn open(&self, row: Row, place: usize) -> Match {
        let Self { direction, policy, rule, .. } = *self;
        Match::Perhaps([OpenPeer { row, direction, policy, rule, peer: place }].into())
    }

    /// A block against the address an end has, or may have.
    fn end(&self, block: &IpBlock, party: &Party<'_>, place: usize) -> Match {
        let admitted = match party.address {
            Some(address) => Match::is(block.contains(address)),
            // Where the manifest has no ClusterIP yet, it may lie in any block.
            None if matches!(party.who, Who::ClusterIp) => return self.open(Row::U5, place),
            None => self.unaddressed(block, party.who, place),
        };
        if admitted == Match::No || self.in_scope(party) { admitted } else { Match::No }
    }

    /// C9: whether blocks reach this end at all.
    fn in_scope(&self, party: &Party<'_>) -> bool {
        let scope = self.view.see(Row::C9, |c| c.ip_block_scope);
        if scope == IpBlockScope::Any {
            return true;
        }
        let profile = self.view.profile;
        let in_cluster = match (party.who, party.address) {
            (Who::External, Some(address)) if !profile.service_cidrs().iter().any(|cidr| cidr.contains(address)) => {
                let in_pod_cidrs = profile.pod_cidrs().iter().any(|cidr| cidr.contains(address));
                if in_pod_cidrs && profile.capabilities().unowned_pod_address == Unowned::Unknown {
                    return self.view.perhaps(Row::C9);
                }
                in_pod_cidrs
            }
            _ => true,
        };
        in_cluster == (scope == IpBlockScope::InsideCluster)
    }

    /// U6: a pod without an address may have any of the pod CIDRs', or any at all; a hostNetwork pod's is
    /// its node's, which pod CIDRs say nothing about.
    fn unaddressed(&self, block: &IpBlock, who: Who<'_>, place: usize) -> Match {
        if self.view.see(Row::U6, |c| c.unaddressed_pod) == UnaddressedPod::Never {
            return Match::No;
        }
        let family = self.question.family().unwrap_or(Family::V4);
        let pod_cidrs = self.view.profile.pod_cidrs().iter().filter(|cidr| cidr.family() == family);
        let mut possible = Ranges::of(pod_cidrs.filter(|_| !who.is_host_network()).map(|cidr| cidr.as_ipnet()));
        if possible.is_empty() {
            possible = Ranges::everything(family);
        }
        let except = Ranges::of(block.except().iter().map(|cidr| cidr.as_ipnet()));
        let block = Ranges::of([block.cidr().as_ipnet()]).exclude(&except);
        let admitted = possible.intersect(&block);
        if admitted.is_empty() {
            Match::No
        } else if possible.exclude(&block).is_empty() {
            Match::Yes
        } else {
            self.open(Row::U6, place)
        }
    }
}

/// Sets of addresses of both families.
struct Ranges {
    v4: IpRange<Ipv4Net>,
    v6: IpRange<Ipv6Net>,
}

impl Ranges {
    fn of(nets: impl IntoIterator<Item = IpNet>) -> Self {
        let mut ranges = Self { v4: IpRange::new(), v6: IpRange::new() };
        for net in nets {
            match net {
                IpNet::V4(net) => {
                    ranges.v4.add(net);
                }
                IpNet::V6(net) => {
                    ranges.v6.add(net);
                }
            }
        }
        ranges
    }

    fn everything(family: Family) -> Self {
        match family {
            Family::V4 => Self::of([IpNet::V4(Ipv4Net::default())]),
            Family::V6 => Self::of([IpNet::V6(Ipv6Net::default())]),
        }
    }

    fn exclude(&self, other: &Self) -> Self {
        Self { v4: self.v4.exclude(&other.v4), v6: self.v6.exclude(&other.v6) }
    }

    fn intersect(&self, other: &Self) -> Self {
        Self { v4: self.v4.intersect(&other.v4), v6: self.v6.intersect(&other.v6) }
    }

    fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}
