//! Whether a rule's peers and ports match (K6 to K16, C4, C5, C9, C10, C14, U5, U6).

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use iprange::IpRange;

use crate::model::flow::L4;
use crate::model::policy::{Namespaces, Peer, Peers, PodPeer, PortMatch, PortSpec, Ports};
use crate::name::Direction;
use crate::net::{Family, IpBlock, Port, Protocol};
use crate::profile::capability::{EndPort, IpBlockScope, OutsideBackend, Support, UnaddressedPod, Unowned};
use crate::profile::row::{Row, Rows};
use crate::reference::endpoint::{Party, Who};
use crate::reference::formula::{Formula, Literal};
use crate::reference::side::{Question, View};

/// Whether the ports of a rule admit the flow's protocol and port.
pub(super) fn ports(view: &View<'_>, question: &Question<'_>, ports: &Ports) -> Formula {
    let L4::Port(protocol, port) = question.l4 else {
        // U1 `portless`: a rule without `ports` matches other protocols, any other rule does not.
        return Formula::is(matches!(ports, Ports::Any));
    };
    match ports {
        Ports::Any => Formula::yes(), // K6
        Ports::Of(entries) => entries.iter().fold(Formula::no(), |sum, entry| {
            if sum.is_yes() { sum } else { sum.or(&port_entry(view, question, entry, protocol, port)) }
        }),
    }
}

fn port_entry(view: &View<'_>, question: &Question<'_>, entry: &PortMatch, protocol: Protocol, port: Port) -> Formula {
    if entry.protocol != protocol {
        return Formula::no(); // K21
    }
    match &entry.port {
        PortSpec::Any => Formula::yes(), // K11
        PortSpec::Number(number) => Formula::is(*number == port),
        PortSpec::Range(range) if range.first() == port => Formula::yes(),
        PortSpec::Range(range) if !range.contains(port) => Formula::no(), // K13
        PortSpec::Range(_) => match view.see(Row::C14, |c| c.end_port) {
            EndPort::Supported => Formula::yes(),
            EndPort::SinglePort => Formula::no(),
            EndPort::Unknown => Formula::row(Row::C14),
        },
        // K12: on the destination pod, by name and protocol; never on a hostNetwork pod.
        PortSpec::Name(name) => {
            let declares = |p: &&crate::model::cluster::ContainerPort| {
                p.protocol == protocol && p.port == port && p.name.as_ref() == Some(name)
            };
            let destination = question.destination.who;
            Formula::is(view.is_pod(destination) && destination.ports().iter().any(|p| declares(&p)))
        }
    }
}

/// One rule's peers: whose rule it is, which end they are held against, and what its ports left open.
pub(super) struct PeerMatch<'a, 'c> {
    pub(super) view: &'a View<'c>,
    pub(super) question: &'a Question<'c>,
    pub(super) direction: Direction,
    pub(super) policy_namespace: &'a str,
    pub(super) ports: Rows,
}

impl PeerMatch<'_, '_> {
    pub(super) fn peers(&self, peers: &Peers) -> Formula {
        match peers {
            Peers::Any => Formula::yes(), // K6
            Peers::Of(entries) => entries
                .iter()
                .fold(Formula::no(), |sum, peer| if sum.is_yes() { sum } else { sum.or(&self.peer(peer)) }),
        }
    }

    fn peer(&self, peer: &Peer) -> Formula {
        match peer {
            Peer::Pods(pods) => self.pods(pods),
            Peer::IpBlock(block) => self.ip_block(block),
        }
    }

    fn other_end(&self) -> Party<'_> {
        match self.direction {
            Direction::Egress => self.question.destination,
            Direction::Ingress => self.question.source,
        }
    }

    /// The flow goes to a ClusterIP and this is the side that sees it.
    fn is_service_egress(&self) -> bool {
        self.direction == Direction::Egress && self.question.service.is_some()
    }

    /// K7, K9, K16.
    fn pods(&self, peer: &PodPeer) -> Formula {
        let who = self.other_end().who;
        if self.is_service_egress()
            && !matches!(who, Who::External)
            && self.view.see(Row::C10, |c| c.cluster_ip) != Support::Supported
        {
            return Formula::row(Row::C10);
        }
        let (Some(name), Some(labels)) = (who.object(), who.labels()) else { return Formula::no() };
        if !self.view.is_pod(who) {
            return Formula::no();
        }
        let namespace = match &peer.namespaces {
            Namespaces::Own => **name.namespace() == *self.policy_namespace,
            Namespaces::Matching(selector) => {
                let namespace = self.view.cluster.namespace(name.namespace());
                namespace.is_some_and(|namespace| selector.matches(&namespace.labels))
            }
        };
        Formula::is(namespace && peer.pods.matches(labels))
    }

    /// K14, K15.
    fn ip_block(&self, block: &IpBlock) -> Formula {
        let (row, support) = match self.direction {
            Direction::Ingress => (Row::C4, self.view.see(Row::C4, |c| c.ingress_ip_block)),
            Direction::Egress => (Row::C5, self.view.see(Row::C5, |c| c.egress_ip_block)),
        };
        if support != Support::Supported {
            return Formula::row(row);
        }
        let party = self.other_end();
        let Some(service) = self.question.service.as_ref().filter(|_| self.is_service_egress()) else {
            return self.end(block, &party);
        };
        let sent_to = |address: IpAddr| {
            // A ClusterIP is in the cluster (C9).
            Formula::is(
                block.contains(address) && self.view.see(Row::C9, |c| c.ip_block_scope) != IpBlockScope::OutsideCluster,
            )
        };
        if matches!(party.who, Who::External) {
            let after = self.end(block, &party);
            let open = Formula::open(self.apart(Row::U5));
            return match self.view.see(Row::U5, |c| c.outside_backend) {
                OutsideBackend::After => after,
                OutsideBackend::Before => service.cluster_address.map_or(open, sent_to),
                OutsideBackend::Unknown => match service.cluster_address.map(sent_to) {
                    Some(before) if before == after => after,
                    _ => open,
                },
            };
        }
        if self.view.see(Row::C10, |c| c.cluster_ip) == Support::Supported {
            return self.end(block, &party);
        }
        // C10: over the ClusterIP it matches, over the backend only nobody knows.
        match service.cluster_address {
            Some(address) if sent_to(address).is_yes() => Formula::yes(),
            Some(_) => self.end(block, &party).and(&Formula::row(Row::C10)),
            None => Formula::row(Row::C10),
        }
    }

    fn apart(&self, row: Row) -> Literal {
        Literal::Peers { row, direction: self.direction, ports: self.ports }
    }

    /// A block against the address an end has, or may have.
    fn end(&self, block: &IpBlock, party: &Party<'_>) -> Formula {
        let admitted = match party.address {
            Some(address) => Formula::is(block.contains(address)),
            None => self.unaddressed(block, party.who),
        };
        if admitted.is_no() { admitted } else { admitted.and(&self.in_scope(party)) }
    }

    /// C9: whether blocks reach this end at all.
    fn in_scope(&self, party: &Party<'_>) -> Formula {
        let scope = self.view.see(Row::C9, |c| c.ip_block_scope);
        if scope == IpBlockScope::Any {
            return Formula::yes();
        }
        let profile = self.view.profile;
        let in_cluster = match (party.who, party.address) {
            (Who::External, Some(address)) if !profile.service_cidrs().iter().any(|cidr| cidr.contains(address)) => {
                let in_pod_cidrs = profile.pod_cidrs().iter().any(|cidr| cidr.contains(address));
                if in_pod_cidrs && profile.capabilities().unowned_pod_address == Unowned::Unknown {
                    return Formula::row(Row::C9);
                }
                in_pod_cidrs
            }
            _ => true,
        };
        Formula::is(in_cluster == (scope == IpBlockScope::InsideCluster))
    }

    /// U6: a pod without an address may have any of the pod CIDRs', or any at all; a hostNetwork pod's is
    /// its node's, which pod CIDRs say nothing about.
    fn unaddressed(&self, block: &IpBlock, who: Who<'_>) -> Formula {
        if self.view.see(Row::U6, |c| c.unaddressed_pod) == UnaddressedPod::Never {
            return Formula::no();
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
            Formula::no()
        } else if possible.exclude(&block).is_empty() {
            Formula::yes()
        } else {
            Formula::open(self.apart(Row::U6))
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
