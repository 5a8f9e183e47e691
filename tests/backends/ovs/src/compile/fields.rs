//! What flows match on: ends, addresses and protocols in the switch's words.

use std::net::IpAddr;

use netpol_oracle::net::Family;
use netpol_oracle::{Direction, Protocol};

use crate::cidrs::Net;

/// The pod whose side a table judges.
pub(super) fn subject(direction: Direction, port: u16) -> String {
    match direction {
        Direction::Egress => format!("reg3={port}"),
        Direction::Ingress => format!("reg2={port}"),
    }
}

/// The other end by its address. One address has one text everywhere: flows that the switch takes for the same but we do
/// not would replace each other.
pub(super) fn peer_fields(net: Net, direction: Direction) -> String {
    match direction {
        Direction::Egress => format!("reg7=0,{}", destination(net)),
        Direction::Ingress => source(net),
    }
}

/// The other end by the ClusterIP that was sent to.
pub(super) fn cluster_ip_fields(net: Net) -> String {
    match net.address() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(net.prefix())).unwrap_or(0);
            format!("reg7=1,ip,reg5={:#x}/{mask:#x}", u32::from(address))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(net.prefix())).unwrap_or(0);
            format!("reg7=1,ipv6,xxreg2={:#x}/{mask:#x}", u128::from(address))
        }
    }
}

pub(super) fn source(net: Net) -> String {
    match net.family() {
        Family::V4 => format!("ip,nw_src={}/{}", net.address(), net.prefix()),
        Family::V6 => format!("ipv6,ipv6_src={}/{}", net.address(), net.prefix()),
    }
}

pub(super) fn destination(net: Net) -> String {
    match net.family() {
        Family::V4 => format!("ip,nw_dst={}/{}", net.address(), net.prefix()),
        Family::V6 => format!("ipv6,ipv6_dst={}/{}", net.address(), net.prefix()),
    }
}

pub(crate) fn network(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ipv6",
    }
}

pub(crate) fn transport(protocol: Protocol, family: Family) -> &'static str {
    match (protocol, family) {
        (Protocol::Tcp, Family::V4) => "tcp",
        (Protocol::Udp, Family::V4) => "udp",
        (Protocol::Sctp, Family::V4) => "sctp",
        (Protocol::Tcp, Family::V6) => "tcp6",
        (Protocol::Udp, Family::V6) => "udp6",
        (Protocol::Sctp, Family::V6) => "sctp6",
    }
}
