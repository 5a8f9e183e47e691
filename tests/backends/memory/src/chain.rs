//! Chains of accepting rules, walked for one packet.

use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::net::PortName;
use netpol_oracle::profile::{IpBlockScope, OtherProtocols};
use netpol_oracle::{Direction, L4, Protocol};

use crate::fault::{Fault, Faulty};
use crate::ranges::Ranges;
use crate::roster::{Owner, Roster};
use crate::sets::{SetName, Sets};

/// A packet, its destination already translated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) l4: L4,
    /// The ClusterIP that it was sent to.
    pub(crate) sent_to: Option<IpAddr>,
    /// It was sent to a ClusterIP or another face.
    pub(crate) is_translated: bool,
    /// It comes back to the pod that sent it, whatever addresses stand between.
    pub(crate) is_turned_back: bool,
}

/// What rules look things up in while a packet passes.
pub(crate) struct Tables<'p> {
    pub(crate) faulty: Faulty,
    pub(crate) roster: &'p Roster,
    pub(crate) sets: &'p Sets,
    pub(crate) in_cluster: &'p Ranges,
    pub(crate) scope: IpBlockScope,
    pub(crate) other_protocols: OtherProtocols,
    /// Which addresses an egress block is held against (C10, U5).
    pub(crate) blocks_see: BlocksSee,
}

/// Where in the path of a packet blocks stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlocksSee {
    Translated,
    ClusterIp,
    Both,
}

/// What an isolated address lets pass in one direction; what no rule accepts is dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) exempt: Vec<Exempt>,
    /// The rules of each policy.
    pub(crate) policies: Vec<Vec<Rule>>,
}

/// What passes whatever the policies say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exempt {
    /// The pod's own addresses, reached without a Service or by way of one (K19, U4).
    Own {
        addresses: Vec<IpAddr>,
        by_service: bool,
    },
    /// The pod's node (K18).
    Node {
        name: Option<Arc<str>>,
        addresses: Vec<IpAddr>,
    },
    AnyNode,
    /// The pods of the pod's node.
    Neighbours(Vec<IpAddr>),
    /// A range where no pod owns the address (C11).
    NotPods(Ranges),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) peers: Peers,
    pub(crate) ports: Ports,
    /// What a filter drops here that takes exceptions for denials.
    pub(crate) denied: Ranges,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peers {
    Any,
    Of(Vec<Peer>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    Set(Arc<SetName>),
    Block(Ranges),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ports {
    Any,
    Of(Vec<PortMatch>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortMatch {
    /// Several only where the protocol is muddled.
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) numbers: Numbers,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Numbers {
    Range(u16, u16),
    /// By the port sets, at one end of the packet.
    Named {
        name: PortName,
        at: Direction,
    },
}

impl Chain {
    pub(crate) fn accepts(&self, tables: &Tables<'_>, packet: &Packet, direction: Direction) -> bool {
        if self.exempt.iter().any(|exempt| exempt.covers(tables, packet, direction)) {
            return true;
        }
        if !matches!(packet.l4, L4::Port(..)) && tables.other_protocols == OtherProtocols::Unfiltered {
            return true;
        }
        let mut policies = self.policies.iter();
        let admits = |rules: &Vec<Rule>| rules.iter().any(|rule| rule.accepts(tables, packet, direction));
        if tables.faulty.has(Fault::PoliciesAnded) { policies.all(admits) } else { policies.any(admits) }
    }
}

fn peer_of(packet: &Packet, direction: Direction) -> IpAddr {
    match direction {
        Direction::Egress => packet.destination,
        Direction::Ingress => packet.source,
    }
}

impl Exempt {
    fn covers(&self, tables: &Tables<'_>, packet: &Packet, direction: Direction) -> bool {
        let peer = peer_of(packet, direction);
        match self {
            Self::Own { addresses, by_service } => {
                let is_own = addresses.contains(&peer) || (packet.is_translated && packet.is_turned_back);
                *by_service == packet.is_translated && is_own
            }
            Self::Neighbours(addresses) => addresses.contains(&peer),
            Self::AnyNode => matches!(tables.roster.owner(peer), Owner::Node(_)),
            Self::Node { name, addresses } => {
                let Owner::Node(node) = tables.roster.owner(peer) else { return false };
                let by_name = |name: &Arc<str>| node == Some(&**name) || tables.roster.is_listed_by(peer, name);
                name.as_ref().is_some_and(by_name) || addresses.contains(&peer)
            }
            Self::NotPods(range) => {
                let in_place = packet.sent_to.filter(|_| tables.blocks_see == BlocksSee::ClusterIp);
                range.contains(in_place.unwrap_or(peer)) && tables.roster.pod_at(peer).is_none()
            }
        }
    }
}

impl Rule {
    fn accepts(&self, tables: &Tables<'_>, packet: &Packet, direction: Direction) -> bool {
        let peer = peer_of(packet, direction);
        if self.denied.contains(peer) || !self.ports.admit(tables, packet) {
            return false;
        }
        match &self.peers {
            Peers::Any => true,
            Peers::Of(peers) => peers.iter().any(|each| match each {
                Peer::Set(name) if tables.faulty.has(Fault::EmptySetOpens) && tables.sets.is_vacant(name) => true,
                Peer::Set(name) => tables.sets.has_peer(name, peer),
                Peer::Block(ranges) => block_admits(tables, ranges, packet, direction),
            }),
        }
    }
}

fn block_admits(tables: &Tables<'_>, ranges: &Ranges, packet: &Packet, direction: Direction) -> bool {
    let by_service = packet.sent_to.filter(|_| direction == Direction::Egress);
    let see = if by_service.is_some() { tables.blocks_see } else { BlocksSee::Translated };
    // A ClusterIP is in the cluster (C9).
    let before = by_service.is_some_and(|address| {
        see != BlocksSee::Translated && ranges.contains(address) && tables.scope != IpBlockScope::OutsideCluster
    });
    before || (see != BlocksSee::ClusterIp && reaches(tables, ranges, peer_of(packet, direction)))
}

fn reaches(tables: &Tables<'_>, ranges: &Ranges, address: IpAddr) -> bool {
    let low_bits = tables.faulty.has(Fault::FamiliesMixedUp) && address.is_ipv6() && ranges.contains_low_bits(address);
    if !ranges.contains(address) && !low_bits {
        return false;
    }
    let in_cluster = tables.roster.owner(address) != Owner::Nobody || tables.in_cluster.contains(address);
    match tables.scope {
        IpBlockScope::OutsideCluster => !in_cluster,
        IpBlockScope::InsideCluster => in_cluster,
        // A scope that is not known here is none: that shows as a mismatch.
        _ => true,
    }
}

impl Ports {
    fn admit(&self, tables: &Tables<'_>, packet: &Packet) -> bool {
        let L4::Port(protocol, port) = packet.l4 else {
            return matches!(self, Self::Any) && tables.other_protocols != OtherProtocols::Denied;
        };
        match self {
            Self::Any => true,
            Self::Of(entries) => entries.iter().any(|entry| entry.admits(tables, packet, protocol, port.get())),
        }
    }
}

impl PortMatch {
    fn admits(&self, tables: &Tables<'_>, packet: &Packet, protocol: Protocol, port: u16) -> bool {
        if !self.protocols.contains(&protocol) {
            return false;
        }
        match &self.numbers {
            Numbers::Range(first, last) => *first <= port && port <= *last,
            Numbers::Named { name, at } => {
                let address = peer_of(packet, *at);
                let named = |protocol| tables.sets.has_port(name, protocol, address, port);
                if tables.faulty.has(Fault::NamedPortAnyProtocol) {
                    Protocol::ALL.into_iter().any(named)
                } else {
                    named(protocol)
                }
            }
        }
    }
}
