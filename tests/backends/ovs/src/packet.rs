//! A probe as packets on the switch.

use std::net::IpAddr;

use netpol_oracle::net::Family;
use netpol_oracle::oracle::{ComesFrom, Face, Obstacle, Probe, ProbeEnd, ProbeWho};
use netpol_oracle::profile::{HostNetwork, Rewritten};
use netpol_oracle::{Cluster, L4, Profile, Protocol};

use crate::compile::{network, transport};
use crate::ends::{Ends, TUNNEL, UPLINK};
use crate::fault::Fault;

/// Where probes come from that have a port of their own.
const SOURCE_PORT: u16 = 40000;

/// The first packet of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) in_port: u16,
    is_from_pod: bool,
    is_to_pod: bool,
    /// Where it leaves if it is delivered.
    pub(crate) out_port: u16,
    from: IpAddr,
    to: IpAddr,
    l4: L4,
    front: Front,
}

/// What stood before the switch and rewrote the packet.
#[derive(Debug, Clone, Copy)]
enum Front {
    Nothing,
    ClusterIp(IpAddr),
    /// Another face; it may have turned the packet back to the pod that sent it (U4).
    Face {
        turned_back: bool,
    },
}

/// A probe as each side meets it.
#[derive(Debug, Clone)]
pub(crate) enum Legs {
    /// One packet.
    Through(Packet),
    /// A face stands between: it leaves as one packet and comes as another (U5, U9).
    Apart { egress: Packet, ingress: Packet },
}

impl Legs {
    /// The packets of a probe, or why this switch cannot see such a flow.
    pub(crate) fn of(
        probe: &Probe,
        (cluster, profile): (&Cluster, &Profile),
        ends: &Ends,
        fault: Option<Fault>,
    ) -> Result<Self, String> {
        if let Some(obstacle) = probe.obstacle() {
            return Err(obstacle.to_string());
        }
        let packet = Packet::of(probe, cluster, profile, ends)?;
        let sent_to = match (probe.face, probe.sent_to) {
            (None | Some(Face::ClusterIp), _) | (_, None) => return Ok(Self::Through(packet)),
            (Some(_), Some(address)) => address.to_canonical(),
        };
        if packet.is_to_pod && !packet.is_from_pod && is_nowhere(&probe.destination, cluster) {
            // Under `externalTrafficPolicy: Local` it is on the node that was sent to, which the switch does not know it to be.
            return Err(
                "nobody says on which node the pod is: whose own it is hangs on where it was sent to".to_owned()
            );
        }
        let front = Front::Face { turned_back: packet.from == packet.to };
        // U5: what was sent to, address and port, or the backend's.
        let is_before = profile.capabilities().face == Rewritten::Before;
        let has = |planted| fault == Some(planted);
        let to = if is_before || has(Fault::FaceAddressUntranslated) { sent_to } else { packet.to };
        let l4 = if is_before || has(Fault::FacePortUntranslated) { probe.flow.l4 } else { packet.l4 };
        let egress = Packet { to, l4, front, ..packet.clone() };
        // U9: the client, past its own switch, or a node; nobody but a pod looks.
        let may_pass = packet.is_to_pod && !has(Fault::PassingNodeUnseen);
        let passing = if may_pass { passing_node(probe, packet.from, ends)? } else { None };
        let ingress = match passing {
            Some((from, in_port)) => Packet { from, in_port, front, ..packet },
            None if packet.is_from_pod => Packet { in_port: TUNNEL, front, ..packet },
            None => Packet { front, ..packet },
        };
        Ok(Self::Apart { egress, ingress })
    }
}

/// Whether a pod says neither its node nor an address of it (U8).
fn is_nowhere(end: &ProbeEnd, cluster: &Cluster) -> bool {
    let ProbeWho::Pod(name) = &end.who else { return false };
    cluster.pod(name).is_some_and(|pod| pod.node.is_none() && pod.host_addresses.is_empty())
}

/// The node that stands before the client, where one may: its address, and the port that it is at.
fn passing_node(probe: &Probe, client: IpAddr, ends: &Ends) -> Result<Option<(IpAddr, u16)>, String> {
    let named = |node: &ProbeEnd| {
        let address = node.address?.to_canonical();
        let port = *ends.node_addresses.get(&address)?;
        let ProbeWho::Node(name) = &node.who else { return None };
        Some((address, if name.is_some() { ends.node_port(name.as_ref()) } else { port }))
    };
    let any = || {
        let family = Family::of(client);
        let of_family = ends.node_addresses.iter().filter(|(address, _)| Family::of(**address) == family);
        let all: Vec<(IpAddr, u16)> = of_family.map(|(address, port)| (*address, *port)).collect();
        let turn = if let L4::Port(_, port) = probe.flow.l4 { usize::from(port.get()) } else { 0 };
        all.get(turn % all.len().max(1)).copied()
    };
    match &probe.comes_from {
        ComesFrom::Source => Ok(None),
        ComesFrom::Node(node) => match named(node) {
            Some(found) => Ok(Some(found)),
            None => Err("the node that passes it on has no address of its own".to_owned()),
        },
        ComesFrom::AnyNode => match any() {
            Some(found) => Ok(Some(found)),
            None => Err("no node is loaded that could pass it on".to_owned()),
        },
        ComesFrom::SourceOrNode(node) => Ok(named(node)),
        ComesFrom::SourceOrAnyNode => Ok(any()),
        _ => Err("it comes in a way that is not known here".to_owned()),
    }
}

impl Packet {
    /// The packet of a probe after translation, or why this switch cannot see such a flow.
    fn of(probe: &Probe, cluster: &Cluster, profile: &Profile, ends: &Ends) -> Result<Self, String> {
        let (Some(from), Some(to)) = (probe.source.address, probe.destination.address) else {
            return Err(Obstacle::NoAddress.to_string());
        };
        let (from, to) = (from.to_canonical(), to.to_canonical());
        let place = |end| Place::of(end, cluster, profile, ends);
        let (source, destination) = (place(&probe.source)?, place(&probe.destination)?);
        if !source.is_pod && !destination.is_pod {
            return Err("no end is a pod: such a connection does not cross the pod network".to_owned());
        }
        for (address, place) in [(from, &source), (to, &destination)] {
            let has = ends.pods.iter().filter(|end| end.pod.addresses.contains(&address)).map(|end| end.port);
            let owners: Vec<u16> = has.collect();
            if owners.len() > 1 {
                return Err("several ends claim one address".to_owned());
            }
            // Of a backend, an EndpointSlice may say one that another pod has.
            let owner: &[u16] = if place.is_pod { std::slice::from_ref(&place.port) } else { &[] };
            if owners != owner {
                return Err("an address leads to somebody else".to_owned());
            }
        }
        // A node is reached by its address: of a hostNetwork pod, too, the switch knows no more.
        let out_port = match destination.is_pod {
            true => destination.port,
            false => ends.node_addresses.get(&to).copied().unwrap_or(UPLINK),
        };
        let front = match (probe.face, probe.sent_to) {
            (Some(Face::ClusterIp), Some(address)) => Front::ClusterIp(address.to_canonical()),
            _ => Front::Nothing,
        };
        // Where the switch judges before translation it sees the port that was sent to as well (U5).
        let is_before = probe.face == Some(Face::ClusterIp)
            && probe.destination.who == ProbeWho::Outside
            && profile.capabilities().outside_backend != Rewritten::After;
        let l4 = if is_before { probe.flow.l4 } else { probe.l4 };
        Ok(Self {
            in_port: source.port,
            is_from_pod: source.is_pod,
            is_to_pod: destination.is_pod,
            out_port,
            from,
            to,
            l4,
            front,
        })
    }

    /// As `ofproto/trace` takes it, coming by `port`. What stands before the switch and rewrites it leaves what it did in
    /// registers.
    pub(crate) fn openflow(&self, port: u16) -> String {
        let Self { from, to, .. } = self;
        let family = Family::of(self.to);
        let front = match self.front {
            Front::Nothing => String::new(),
            Front::ClusterIp(IpAddr::V4(address)) => format!("reg6=1,reg5={:#x},", u32::from(address)),
            Front::ClusterIp(IpAddr::V6(address)) => format!("reg6=1,xxreg2={:#x},", u128::from(address)),
            Front::Face { turned_back } => format!("reg6=2,reg8={},", u8::from(turned_back)),
        };
        let ends = match family {
            Family::V4 => format!("nw_src={from},nw_dst={to}"),
            Family::V6 => format!("ipv6_src={from},ipv6_dst={to}"),
        };
        let packet = match self.l4 {
            L4::Port(protocol, port) => {
                let word = word(protocol);
                format!("{},{ends},{word}_src={SOURCE_PORT},{word}_dst={port}", transport(protocol, family))
            }
            L4::Icmp => match family {
                Family::V4 => format!("icmp,{ends},icmp_type=8"),
                Family::V6 => format!("icmp6,{ends},icmpv6_type=128"),
            },
            L4::Other(other) => format!("{},nw_proto={},{ends}", network(family), other.get()),
        };
        format!("in_port={port},{front}{packet}")
    }

    /// As `netdev-dummy/receive` takes it; nothing of a Service flow, whose registers no packet carries.
    pub(crate) fn datapath(&self) -> Option<String> {
        if !matches!(self.front, Front::Nothing) {
            return None;
        }
        let Self { from, to, .. } = self;
        let family = Family::of(self.to);
        let (number, upper) = match self.l4 {
            L4::Port(protocol, port) => {
                let number = match protocol {
                    Protocol::Tcp => 6,
                    Protocol::Udp => 17,
                    Protocol::Sctp => 132,
                };
                (number, format!(",{}(src={SOURCE_PORT},dst={port})", word(protocol)))
            }
            L4::Icmp => match family {
                Family::V4 => (1, ",icmp(type=8,code=0)".to_owned()),
                Family::V6 => (58, ",icmpv6(type=128,code=0)".to_owned()),
            },
            L4::Other(other) => (other.get(), String::new()),
        };
        let network = match family {
            Family::V4 => format!("eth_type(0x0800),ipv4(src={from},dst={to},proto={number},tos=0,ttl=64,frag=no)"),
            Family::V6 => {
                format!("eth_type(0x86dd),ipv6(src={from},dst={to},label=0,proto={number},tclass=0,hlimit=64,frag=no)")
            }
        };
        Some(format!("in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),{network}{upper}"))
    }
}

fn word(protocol: Protocol) -> &'static str {
    transport(protocol, Family::V4)
}

/// Where an end is connected.
struct Place {
    port: u16,
    is_pod: bool,
}

impl Place {
    fn of(end: &ProbeEnd, cluster: &Cluster, profile: &Profile, ends: &Ends) -> Result<Self, String> {
        let refused = |why: &str| Err(why.to_owned());
        match &end.who {
            ProbeWho::Node(name) => Ok(Self { port: ends.node_port(name.as_ref()), is_pod: false }),
            ProbeWho::Outside => Ok(Self { port: UPLINK, is_pod: false }),
            ProbeWho::Pod(name) => match (cluster.pod(name), ends.pod(name)) {
                (Some(pod), _) if pod.host_network => match profile.capabilities().host_network {
                    HostNetwork::Node => Ok(Self { port: ends.node_port(pod.node.as_ref()), is_pod: false }),
                    _ => refused("a hostNetwork pod has its node's port: it cannot be told from its node"),
                },
                (_, Some(end)) => Ok(Self { port: end.port, is_pod: true }),
                _ => refused("the pod is not connected"),
            },
            _ => refused("an end of a kind that is not known here"),
        }
    }
}
