//! Ports as prefixes (K11 to K13, C14, U1).

use std::collections::BTreeSet;

use netpol_oracle::model::{PortMatch, PortSpec, Ports};
use netpol_oracle::net::PortName;
use netpol_oracle::profile::{EndPort, OtherProtocols};
use netpol_oracle::{Pod, Port, Protocol};

use super::Input;
use crate::encode::PortKey;
use crate::fault::Fault;

/// What a pod calls its ports.
pub(super) type NamedPorts = BTreeSet<(PortName, Protocol, Port)>;

pub(super) fn named_ports(pod: &Pod) -> NamedPorts {
    let named = pod.ports.iter().filter_map(|port| Some((port.name.clone()?, port.protocol, port.port)));
    named.collect()
}

/// One thing that a rule's `ports` admit.
pub(super) enum Admitted<'p> {
    /// Whatever the destination is.
    Plain(Vec<PortKey>),
    /// What the destination calls so.
    Named(Protocol, &'p PortName),
}

/// What a rule's `ports` admit.
pub(super) fn admitted<'p>(input: &Input<'_>, ports: &'p Ports) -> Vec<Admitted<'p>> {
    let every = |protocols: &[Protocol]| protocols.iter().map(|protocol| prefix(*protocol, 0, 0)).collect();
    match ports {
        Ports::Any if input.has(Fault::PortlessIsTcp) => vec![Admitted::Plain(every(&[Protocol::Tcp]))],
        Ports::Any if input.capabilities().other_protocols == OtherProtocols::Denied => {
            vec![Admitted::Plain(every(&Protocol::ALL))]
        }
        Ports::Any => vec![Admitted::Plain(vec![PortKey::EVERYTHING])],
        Ports::Of(entries) => entries.iter().map(|entry| entry_admits(input, entry)).collect(),
    }
}

fn entry_admits<'p>(input: &Input<'_>, entry: &'p PortMatch) -> Admitted<'p> {
    let range = |first: u16, last: u16| {
        let opens_tcp = entry.protocol == Protocol::Udp && input.has(Fault::UdpOpensTcp);
        let protocols = std::iter::once(entry.protocol).chain(opens_tcp.then_some(Protocol::Tcp));
        Admitted::Plain(protocols.flat_map(|protocol| prefixes(protocol, first, last)).collect())
    };
    match &entry.port {
        PortSpec::Any => range(0, u16::MAX),
        PortSpec::Number(port) => range(port.get(), port.get()),
        PortSpec::Range(of) => {
            let (first, last) = (of.first().get(), of.last().get());
            match input.fault {
                Some(Fault::EndPortExclusive) if first < last => range(first, last - 1),
                Some(Fault::EndPortIgnored) => range(first, first),
                _ if input.capabilities().end_port == EndPort::SinglePort => range(first, first),
                _ => range(first, last),
            }
        }
        PortSpec::Name(name) => Admitted::Named(entry.protocol, name),
    }
}

/// What `ports` call `name`.
pub(super) fn numbers(input: &Input<'_>, ports: &NamedPorts, protocol: Protocol, name: &PortName) -> Vec<PortKey> {
    let any_protocol = input.has(Fault::NamedPortIgnoresProtocol);
    let wanted = ports.iter().filter(|(own, of, _)| own == name && (*of == protocol || any_protocol));
    wanted.map(|(_, _, port)| prefix(protocol, 16, port.get())).collect()
}

/// The fewest prefixes that cover `first` to `last` and nothing else.
fn prefixes(protocol: Protocol, first: u16, last: u16) -> Vec<PortKey> {
    let mut keys = Vec::new();
    let (mut next, last) = (u32::from(first), u32::from(last));
    while next <= last {
        // As wide as alignment allows, and not beyond the end.
        let mut free = if next == 0 { 16 } else { next.trailing_zeros().min(16) };
        while next + (1 << free) - 1 > last {
            free -= 1;
        }
        let bits = u8::try_from(16 - free).unwrap_or(16);
        keys.push(prefix(protocol, bits, u16::try_from(next).unwrap_or(u16::MAX)));
        next += 1 << free;
    }
    keys
}

fn prefix(protocol: Protocol, bits: u8, port: u16) -> PortKey {
    let protocol = match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
    };
    PortKey { protocol, bits, port }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_cover_a_range_and_nothing_else() {
        for (first, last) in
            [(0, 65535), (1, 65535), (80, 80), (80, 8080), (8080, 8090), (65535, 65535), (0, 0), (7, 8)]
        {
            let keys = prefixes(Protocol::Tcp, first, last);
            let holds = |key: &PortKey, port: u16| u32::from(port ^ key.port) >> (16 - key.bits) == 0;
            for port in 0..=u16::MAX {
                let hits = keys.iter().filter(|key| holds(key, port)).count();
                assert_eq!(hits, usize::from((first..=last).contains(&port)), "{port} in {first}-{last}: {keys:?}");
            }
        }
    }
}
