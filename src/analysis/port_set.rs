//! The ports over which a change is the same.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::flow::L4;
use crate::net::{Port, Protocol};

/// Ports by protocol, and whether protocols without ports belong to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet {
    /// Protocol, first and last port; in order, never adjacent.
    ranges: Vec<(Protocol, Port, Port)>,
    /// Protocols other than TCP, UDP and SCTP.
    other: bool,
}

/// How many ranges the text shows.
const SHOWN: usize = 6;

impl PortSet {
    /// Whether it holds what the flow asks for.
    #[must_use]
    pub fn contains(&self, l4: L4) -> bool {
        match l4 {
            L4::Port(protocol, port) => {
                self.ranges.iter().any(|(p, first, last)| *p == protocol && *first <= port && port <= *last)
            }
            L4::Icmp | L4::Other(_) => self.other,
        }
    }

    /// The ranges: protocol, first and last port.
    #[must_use]
    pub fn ranges(&self) -> &[(Protocol, Port, Port)] {
        &self.ranges
    }

    /// Whether protocols without ports (ICMP, ...) belong to it.
    #[must_use]
    pub fn has_other_protocols(&self) -> bool {
        self.other
    }

    /// Adds a stretch; stretches come in order.
    pub(super) fn add(&mut self, probe: Probe) {
        match probe {
            Probe::Other => self.other = true,
            Probe::Ports(protocol, first, last) => match self.ranges.last_mut() {
                Some((p, _, end)) if *p == protocol && end.get().checked_add(1) == Some(first.get()) => *end = last,
                _ => self.ranges.push((protocol, first, last)),
            },
        }
    }
}

impl fmt::Display for PortSet {
    /// `80/tcp, 8080-8090/tcp, all udp, other protocols`; `everything` for all there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |protocol| self.ranges.contains(&(protocol, Port::MIN, Port::MAX));
        if self.other && Protocol::ALL.into_iter().all(whole) {
            return f.write_str("everything");
        }
        let range = |(protocol, first, last): &(Protocol, Port, Port)| {
            let protocol = protocol.as_str().to_ascii_lowercase();
            match (*first, *last) {
                (Port::MIN, Port::MAX) => format!("all {protocol}"),
                (first, last) if first == last => format!("{first}/{protocol}"),
                (first, last) => format!("{first}-{last}/{protocol}"),
            }
        };
        let mut parts: Vec<String> = self.ranges.iter().take(SHOWN).map(range).collect();
        if self.ranges.len() > SHOWN {
            parts.push(format!("{} more ranges", self.ranges.len() - SHOWN));
        }
        if self.other {
            parts.push("other protocols".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

/// A stretch of ports that no rule tells apart, or the protocols without ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    Ports(Protocol, Port, Port),
    Other,
}

impl Probe {
    pub(super) fn l4(self) -> L4 {
        match self {
            Self::Ports(protocol, first, _) => L4::Port(protocol, first),
            Self::Other => L4::Icmp,
        }
    }
}

/// Where something changes along the ports of a protocol: the first port of each stretch.
#[derive(Debug, Clone, Default)]
pub(super) struct Cuts(BTreeSet<(Protocol, u16)>);

impl Cuts {
    /// The stretch from `first` to `last` is apart from its neighbours.
    pub(super) fn apart(&mut self, protocol: Protocol, first: Port, last: Port) {
        self.0.insert((protocol, first.get()));
        if let Some(next) = last.get().checked_add(1) {
            self.0.insert((protocol, next));
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Every stretch, protocol by protocol, and the protocols without ports.
    pub(super) fn probes(&self) -> Vec<Probe> {
        let mut probes = Vec::new();
        for protocol in Protocol::ALL {
            let mut starts: Vec<u16> = self.0.range((protocol, 2)..=(protocol, u16::MAX)).map(|(_, at)| *at).collect();
            starts.insert(0, 1);
            for (at, first) in starts.iter().enumerate() {
                let last = starts.get(at + 1).map_or(u16::MAX, |next| next - 1);
                if let (Some(first), Some(last)) = (Port::new(*first), Port::new(last)) {
                    probes.push(Probe::Ports(protocol, first, last));
                }
            }
        }
        probes.push(Probe::Other);
        probes
    }
}
