//! The ports of rules as intervals (K6, K11 to K13, C14).

use crate::model::cluster::ContainerPort;
use crate::model::policy::{PortMatch, PortSpec, Ports};
use crate::net::{Port, PortName, Protocol};
use crate::profile::capability::EndPort;

/// So many spans are as well written out one by one.
const FEW: usize = 4;

/// What a rule's ports say about one port, before the profile is asked about `endPort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::engine) enum Covered {
    /// No entry has it.
    No,
    /// Only a range has it, above the range's first port (C14).
    ByRange,
    /// An entry has it, whatever C14 says.
    Yes,
}

/// The ports of a rule: intervals of one protocol after another, and names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(in crate::engine) enum PortTable {
    /// Every port of TCP, UDP and SCTP; the one form that rules without `ports` have (U1).
    #[default]
    Any,
    /// Some.
    Of {
        /// Where what is covered changes, in order; before the first nothing is.
        edges: Box<[(u32, Covered)]>,
        /// Names, to be looked up at the destination (K12).
        names: Box<[(Protocol, PortName)]>,
    },
}

/// Protocol and port as one number, so that intervals of different protocols lie apart.
#[inline]
pub(in crate::engine) fn point(protocol: Protocol, port: Port) -> u32 {
    start(protocol) | u32::from(port.get())
}

/// What a point stands for; none below the first port of a protocol and behind the last.
pub(in crate::engine) fn port_at(point: u32) -> Option<(Protocol, Port)> {
    let protocol = Protocol::ALL.into_iter().find(|protocol| *protocol as u32 == point >> 16)?;
    Some((protocol, Port::new((point & 0xFFFF) as u16)?))
}

fn start(protocol: Protocol) -> u32 {
    (protocol as u32) << 16
}

/// A port that a pod gives a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::engine) struct NamedPort {
    pub(in crate::engine) name: PortName,
    pub(in crate::engine) protocol: Protocol,
    pub(in crate::engine) port: Port,
}

impl NamedPort {
    /// The named ones among a pod's ports, each once, in order.
    pub(in crate::engine) fn of(ports: &[ContainerPort]) -> Vec<Self> {
        let named = ports
            .iter()
            .filter_map(|each| each.name.clone().map(|name| Self { name, protocol: each.protocol, port: each.port }));
        let mut all: Vec<Self> = named.collect();
        all.sort();
        all.dedup();
        all
    }
}

impl PortTable {
    pub(in crate::engine) fn of(ports: &Ports) -> Self {
        let Ports::Of(entries) = ports else { return Self::Any };
        let mut spans: Vec<(u32, u32, Covered)> = Vec::new();
        let mut names = Vec::new();
        for PortMatch { protocol, port } in entries {
            let point_of = |port: Port| point(*protocol, port);
            match port {
                PortSpec::Any => spans.push((start(*protocol), start(*protocol) | 0xFFFF, Covered::Yes)),
                PortSpec::Number(number) => spans.push((point_of(*number), point_of(*number), Covered::Yes)),
                PortSpec::Range(range) => {
                    spans.push((point_of(range.first()), point_of(range.first()), Covered::Yes));
                    if range.first() < range.last() {
                        spans.push((point_of(range.first()) + 1, point_of(range.last()), Covered::ByRange));
                    }
                }
                PortSpec::Name(name) => names.push((*protocol, name.clone())),
            }
        }
        names.sort();
        names.dedup();
        Self::Of { edges: edges(&spans).into(), names: names.into() }
    }

    /// What the numbers alone say of protocol and port.
    #[inline]
    pub(in crate::engine) fn covered(&self, protocol: Protocol, port: Port) -> Covered {
        match self {
            Self::Any => Covered::Yes,
            Self::Of { edges, .. } => {
                let after = edges.partition_point(|(from, _)| *from <= point(protocol, port));
                after.checked_sub(1).and_then(|at| edges.get(at)).map_or(Covered::No, |(_, covered)| *covered)
            }
        }
    }

    /// Whether a name stands for protocol and port at a destination that declares `named` (K12).
    #[inline]
    pub(in crate::engine) fn names(&self, protocol: Protocol, port: Port, named: &[NamedPort]) -> bool {
        match self {
            Self::Any => false,
            Self::Of { names, .. } => names.iter().any(|(wanted, name)| {
                let is_it = |each: &NamedPort| each.protocol == protocol && each.port == port && each.name == *name;
                *wanted == protocol && named.iter().any(is_it)
            }),
        }
    }

    /// The ports as few spans, where C14 settles them: `(protocol, first, last)`. Names stand for what `named` calls by
    /// them, where that is known already.
    pub(in crate::engine) fn spans(
        &self,
        end_port: EndPort,
        named: Option<&[NamedPort]>,
    ) -> Option<Vec<(Protocol, u16, u16)>> {
        let Self::Of { edges, names } = self else { return None };
        let mut spans: Vec<(Protocol, u16, u16)> = Vec::new();
        let mut from: Option<u32> = None;
        for (at, covered) in edges {
            let now = match (covered, end_port) {
                (Covered::ByRange, EndPort::Unknown) => return None,
                (Covered::ByRange, EndPort::Supported) | (Covered::Yes, _) => true,
                (Covered::ByRange, EndPort::SinglePort) | (Covered::No, _) => false,
            };
            match (from, now) {
                (None, true) => from = Some(*at),
                (Some(first), false) => {
                    // The last port of a protocol and the first of the next are neighbours here: a run may hold both.
                    for protocol in Protocol::ALL {
                        let (begin, end) = (first.max(start(protocol)), (at - 1).min(start(protocol) | 0xFFFF));
                        if begin <= end {
                            spans.push((protocol, (begin & 0xFFFF) as u16, (end & 0xFFFF) as u16));
                        }
                    }
                    from = None;
                }
                _ => {}
            }
        }
        if !names.is_empty() {
            let called = |each: &&NamedPort| {
                names.iter().any(|(protocol, name)| each.protocol == *protocol && each.name == *name)
            };
            for each in named?.iter().filter(called) {
                spans.push((each.protocol, each.port.get(), each.port.get()));
            }
        }
        (spans.len() <= FEW).then_some(spans)
    }
}

/// The points where the strongest of the spans that hold a point changes.
fn edges(spans: &[(u32, u32, Covered)]) -> Vec<(u32, Covered)> {
    let mut events: Vec<(u32, i32, Covered)> = Vec::new();
    for (from, to, covered) in spans {
        events.push((*from, 1, *covered));
        events.push((*to + 1, -1, *covered));
    }
    events.sort_unstable();
    let (mut edges, mut open): (Vec<(u32, Covered)>, [i32; 2]) = (Vec::new(), [0, 0]);
    for group in events.chunk_by(|a, b| a.0 == b.0) {
        let Some((at, _, _)) = group.first() else { continue };
        let [by_range, yes] = &mut open;
        for (_, change, covered) in group {
            *(if *covered == Covered::Yes { &mut *yes } else { &mut *by_range }) += change;
        }
        let now = match (*yes > 0, *by_range > 0) {
            (true, _) => Covered::Yes,
            (false, true) => Covered::ByRange,
            (false, false) => Covered::No,
        };
        if edges.last().map_or(Covered::No, |(_, covered)| *covered) != now {
            edges.push((*at, now));
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::PortRange;

    fn table(entries: &[(Protocol, PortSpec)]) -> PortTable {
        let entries = entries.iter().map(|(protocol, port)| PortMatch { protocol: *protocol, port: port.clone() });
        PortTable::of(&Ports::Of(entries.collect()))
    }

    fn port(number: u16) -> Port {
        Port::new(number).unwrap()
    }

    fn range(first: u16, last: u16) -> PortSpec {
        PortSpec::Range(PortRange::new(port(first), port(last)).unwrap())
    }

    #[test]
    fn edges_of_ranges_and_numbers() {
        use Protocol::{Tcp, Udp};
        let table = table(&[
            (Tcp, range(80, 90)),
            (Tcp, PortSpec::Number(port(85))),
            (Tcp, range(65535, 65535)),
            (Udp, range(1, 65535)),
        ]);
        let at = |protocol, number| table.covered(protocol, port(number));
        let tcp = [79, 80, 81, 84, 85, 86, 90, 91, 65534, 65535].map(|number| at(Tcp, number));
        use Covered::{ByRange, No, Yes};
        assert_eq!(tcp, [No, Yes, ByRange, ByRange, Yes, ByRange, ByRange, No, No, Yes]);
        assert_eq!([at(Udp, 1), at(Udp, 2), at(Udp, 65535), at(Protocol::Sctp, 1)], [Yes, ByRange, ByRange, No]);
    }

    #[test]
    fn few_spans() {
        use Protocol::{Sctp, Tcp};
        let few = |entries: &[(Protocol, PortSpec)]| table(entries).spans(EndPort::Unknown, None);
        let number = |number| PortSpec::Number(port(number));
        assert_eq!(few(&[(Tcp, number(80))]), Some(vec![(Tcp, 80, 80)]));
        assert_eq!(few(&[(Sctp, PortSpec::Any)]), Some(vec![(Sctp, 0, 65535)]));
        assert_eq!(few(&[(Sctp, number(65535))]), Some(vec![(Sctp, 65535, 65535)]));
        let all_udp = (Protocol::Udp, PortSpec::Any);
        assert_eq!(
            few(&[(Tcp, number(65535)), all_udp.clone()]),
            Some(vec![(Tcp, 65535, 65535), (Protocol::Udp, 0, 65535)])
        );
        let everything = [(Tcp, PortSpec::Any), all_udp, (Sctp, PortSpec::Any)];
        assert_eq!(few(&everything).map(|spans| spans.len()), Some(3));
        assert_eq!(few(&[(Tcp, number(82)), (Tcp, number(80))]), Some(vec![(Tcp, 80, 80), (Tcp, 82, 82)]));
        assert_eq!(few(&[(Tcp, number(80)), (Tcp, number(81))]), Some(vec![(Tcp, 80, 81)]));
        assert_eq!(few(&[1, 3, 5, 7, 9].map(|odd| (Tcp, number(odd)))), None, "too many");
        let of_range = table(&[(Tcp, range(80, 90))]);
        let by = [EndPort::Unknown, EndPort::Supported, EndPort::SinglePort].map(|by| of_range.spans(by, None));
        assert_eq!(by, [None, Some(vec![(Tcp, 80, 90)]), Some(vec![(Tcp, 80, 80)])]);
        assert_eq!(PortTable::of(&Ports::Any).spans(EndPort::Supported, None), None);

        let http = PortName::new("http").unwrap();
        let named = table(&[(Tcp, PortSpec::Name(http.clone()))]);
        let calls = |protocol, number| NamedPort { name: http.clone(), protocol, port: port(number) };
        assert_eq!(named.spans(EndPort::Supported, None), None, "the destination is not known");
        let of = |all: &[NamedPort]| named.spans(EndPort::Supported, Some(all));
        assert_eq!(of(&[calls(Tcp, 80), calls(Sctp, 81)]), Some(vec![(Tcp, 80, 80)]));
        assert_eq!(of(&[]), Some(Vec::new()));
    }
}
