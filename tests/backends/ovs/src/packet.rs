//! A probe as a packet on the switch.

use std::net::IpAddr;

use netpol_oracle::net::Family;
use netpol_oracle::oracle::{Probe, ProbeEnd, ProbeWho};
use netpol_oracle::profile::{HostNetwork, Rewritten};
use netpol_oracle::{Cluster, L4, Profile, Protocol};

use crate::compile::{network, transport};
use crate::ends::{Ends, UPLINK};

/// Where probes come from that have a port of their own.
const SOURCE_PORT: u16 = 40000;

/// The first packet of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) in_port: u16,
    /// Where it leaves if it is delivered.
    pub(crate) out_port: u16,
    from: IpAddr,
    to: IpAddr,
    l4: L4,
    sent_to: Option<IpAddr>,
}

impl Packet {
    /// The packet of a probe, or why this switch cannot see such a flow.
    pub(crate) fn of(probe: &Probe, cluster: &Cluster, profile: &Profile, ends: &Ends) -> Result<Self, &'static str> {
        let (Some(from), Some(to)) = (probe.source.address, probe.destination.address) else {
            return Err("an end has no address");
        };
        let (from, to) = (from.to_canonical(), to.to_canonical());
        let place = |end| Place::of(end, cluster, profile, ends);
        let (source, destination) = (place(&probe.source)?, place(&probe.destination)?);
        if !source.is_pod && !destination.is_pod {
            return Err("no end is a pod: such a connection does not cross the pod network");
        }
        for (address, place) in [(from, &source), (to, &destination)] {
            let owners = ends.pods.iter().filter(|end| end.pod.addresses.contains(&address)).count();
            if owners != usize::from(place.is_pod) {
                return Err("several ends claim one address");
            }
        }
        // A node is reached by its address: of a hostNetwork pod, too, the switch knows no more.
        let out_port = match destination.is_pod {
            true => destination.port,
            false => ends.node_addresses.get(&to).copied().unwrap_or(UPLINK),
        };
        let sent_to = probe.sent_to.map(|address| address.to_canonical());
        // Where the switch judges before translation it sees the port that was sent to as well (U5).
        let is_before = sent_to.is_some()
            && probe.destination.who == ProbeWho::Outside
            && profile.capabilities().outside_backend != Rewritten::After;
        let l4 = if is_before { probe.flow.l4 } else { probe.l4 };
        Ok(Self { in_port: source.port, out_port, from, to, l4, sent_to })
    }

    /// As `ofproto/trace` takes it, coming by `port`. What stands before the switch and rewrites ClusterIPs leaves the one
    /// it was sent to in registers.
    pub(crate) fn openflow(&self, port: u16) -> String {
        let Self { from, to, .. } = self;
        let family = Family::of(self.to);
        let sent_to = match self.sent_to {
            None => String::new(),
            Some(IpAddr::V4(address)) => format!("reg6=1,reg5={:#x},", u32::from(address)),
            Some(IpAddr::V6(address)) => format!("reg6=1,xxreg2={:#x},", u128::from(address)),
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
        format!("in_port={port},{sent_to}{packet}")
    }

    /// As `netdev-dummy/receive` takes it; nothing of a Service flow, whose registers no packet carries.
    pub(crate) fn datapath(&self) -> Option<String> {
        if self.sent_to.is_some() {
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
    fn of(end: &ProbeEnd, cluster: &Cluster, profile: &Profile, ends: &Ends) -> Result<Self, &'static str> {
        match &end.who {
            ProbeWho::Workload(..) | ProbeWho::Replica(_) | ProbeWho::Labelled(..) => {
                Err("no pod that is loaded, and so none that could be connected")
            }
            ProbeWho::Node(name) => Ok(Self { port: ends.node_port(name.as_ref()), is_pod: false }),
            ProbeWho::Outside => Ok(Self { port: UPLINK, is_pod: false }),
            ProbeWho::Pod(name) => match (cluster.pod(name), ends.pod(name)) {
                (Some(pod), _) if pod.host_network => match profile.capabilities().host_network {
                    HostNetwork::Node => Ok(Self { port: ends.node_port(pod.node.as_ref()), is_pod: false }),
                    _ => Err("a hostNetwork pod has its node's port: it cannot be told from its node"),
                },
                (_, Some(end)) => Ok(Self { port: end.port, is_pod: true }),
                _ => Err("the pod is not connected"),
            },
            _ => Err("an end of a kind that is not known here"),
        }
    }
}
