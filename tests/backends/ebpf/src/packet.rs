//! The first packet of a connection, as it crosses a pod's interface.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netpol_oracle::{L4, Protocol};

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
/// Where every connection is opened from: no rule looks at it.
const SOURCE_PORT: u16 = 49_152;
const TTL: u8 = 64;

/// The packet, or `None` where the two addresses are of different families.
pub(crate) fn packet(source: IpAddr, destination: IpAddr, l4: L4) -> Option<Vec<u8>> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => Some(v4(source, destination, l4)),
        (IpAddr::V6(source), IpAddr::V6(destination)) => Some(v6(source, destination, l4)),
        _ => None,
    }
}

fn v4(source: Ipv4Addr, destination: Ipv4Addr, l4: L4) -> Vec<u8> {
    let (protocol, payload) = payload(l4, 1, 8);
    let mut packet = ethernet(0x0800);
    let length = u16::try_from(IPV4 + payload.len()).unwrap_or(u16::MAX);
    let start = packet.len();
    packet.extend([0x45, 0]);
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, TTL, protocol, 0, 0]);
    packet.extend(source.octets());
    packet.extend(destination.octets());
    let checksum = checksum(packet.get(start..).unwrap_or_default());
    if let Some(field) = packet.get_mut(start + 10..start + 12) {
        field.copy_from_slice(&checksum.to_be_bytes());
    }
    packet.extend(payload);
    packet
}

fn v6(source: Ipv6Addr, destination: Ipv6Addr, l4: L4) -> Vec<u8> {
    let (protocol, payload) = payload(l4, 58, 128);
    let mut packet = ethernet(0x86dd);
    packet.extend([0x60, 0, 0, 0]);
    packet.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
    packet.extend([protocol, TTL]);
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend(payload);
    packet
}

fn ethernet(kind: u16) -> Vec<u8> {
    let mut packet = Vec::with_capacity(ETHERNET + IPV6 + 32);
    packet.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
    packet.extend(kind.to_be_bytes());
    packet
}

/// Protocol number and what follows the IP header; of ICMP an echo request.
fn payload(l4: L4, icmp: u8, echo: u8) -> (u8, Vec<u8>) {
    let ports = |port: netpol_oracle::Port| [SOURCE_PORT.to_be_bytes(), port.get().to_be_bytes()].concat();
    match l4 {
        // A SYN.
        L4::Port(Protocol::Tcp, port) => {
            (6, [&ports(port)[..], &[0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0]].concat())
        }
        L4::Port(Protocol::Udp, port) => (17, [&ports(port)[..], &[0, 8, 0, 0]].concat()),
        // The common header and an INIT chunk.
        L4::Port(Protocol::Sctp, port) => (132, [&ports(port)[..], &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4]].concat()),
        L4::Icmp => (icmp, vec![echo, 0, 0, 0, 0, 1, 0, 1]),
        L4::Other(protocol) => (protocol.get(), vec![0; 8]),
    }
}

fn checksum(header: &[u8]) -> u16 {
    let words = header.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}
