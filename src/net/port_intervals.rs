//! Ports of all protocols, cut into intervals.

use std::collections::BTreeSet;

use super::ports::{Port, PortRange, Protocol};

/// Ports of one protocol, from the first to the last, both included.
///
/// ```
/// use netpol_oracle::net::{Port, PortInterval, PortRange, Protocol};
/// let web = PortInterval::new(Protocol::Tcp, PortRange::new(Port::new(80).unwrap(), Port::new(443).unwrap()).unwrap());
/// assert!(web.contains(Protocol::Tcp, Port::new(443).unwrap()) && !web.contains(Protocol::Udp, Port::new(80).unwrap()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortInterval {
    protocol: Protocol,
    range: PortRange,
}

impl PortInterval {
    /// The ports of `range`.
    #[must_use]
    pub fn new(protocol: Protocol, range: PortRange) -> Self {
        Self { protocol, range }
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The first port.
    #[must_use]
    pub fn first(&self) -> Port {
        self.range.first()
    }

    /// The last port.
    #[must_use]
    pub fn last(&self) -> Port {
        self.range.last()
    }

    /// Whether the port lies in it.
    #[must_use]
    pub fn contains(&self, protocol: Protocol, port: Port) -> bool {
        self.protocol == protocol && self.range.contains(port)
    }

    /// Whether it is one port.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.first() == self.last()
    }

    /// Whether it is all ports of its protocol.
    #[must_use]
    pub fn is_whole_protocol(&self) -> bool {
        (self.first(), self.last()) == (Port::MIN, Port::MAX)
    }

    /// One port.
    pub(crate) fn one(protocol: Protocol, port: Port) -> Self {
        Self { protocol, range: PortRange::one(port) }
    }

    /// The two as one, where `next` begins right behind this one.
    pub(crate) fn joined(self, next: Self) -> Option<Self> {
        let touches = self.protocol == next.protocol && self.last().next() == Some(next.first());
        PortRange::new(self.first(), next.last()).filter(|_| touches).map(|range| Self { range, ..self })
    }
}

/// Where something changes along the ports: the first port of each interval.
#[derive(Debug, Clone, Default)]
pub(crate) struct PortCuts(BTreeSet<(Protocol, Port)>);

impl PortCuts {
    /// The interval is apart from its neighbours.
    pub(crate) fn apart(&mut self, interval: PortInterval) {
        self.begin(interval.protocol, interval.first());
        if let Some(next) = interval.last().next() {
            self.begin(interval.protocol, next);
        }
    }

    /// An interval begins.
    pub(crate) fn begin(&mut self, protocol: Protocol, first: Port) {
        self.0.insert((protocol, first));
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Where an interval begins that was told; the first of a protocol may not be among them.
    pub(crate) fn begins(&self) -> impl Iterator<Item = (Protocol, Port)> {
        self.0.iter().copied()
    }

    /// The intervals, in order: together every port of every protocol.
    pub(crate) fn intervals(&self) -> Vec<PortInterval> {
        let mut intervals = Vec::new();
        for protocol in Protocol::ALL {
            let mut from = Port::MIN;
            for (_, begin) in self.0.range((protocol, Port::MIN)..=(protocol, Port::MAX)) {
                // Before the first port is none.
                if let Some(range) = begin.previous().and_then(|last| PortRange::new(from, last)) {
                    intervals.push(PortInterval { protocol, range });
                }
                from = *begin;
            }
            intervals.extend(PortRange::new(from, Port::MAX).map(|range| PortInterval { protocol, range }));
        }
        intervals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(protocol: Protocol, first: u16, last: u16) -> PortInterval {
        PortInterval::new(protocol, PortRange::new(Port::new(first).unwrap(), Port::new(last).unwrap()).unwrap())
    }

    #[test]
    fn cuts_make_intervals_of_every_port() {
        use Protocol::{Sctp, Tcp, Udp};
        let whole = |protocol| interval(protocol, 1, 65535);
        assert_eq!(PortCuts::default().intervals(), Protocol::ALL.map(whole));
        let mut cuts = PortCuts::default();
        cuts.apart(interval(Tcp, 80, 90));
        cuts.apart(interval(Udp, 1, 1));
        cuts.apart(interval(Sctp, 65535, 65535));
        let mut more = PortCuts::default();
        more.apart(interval(Tcp, 90, 90));
        cuts.add(&more);
        let expected = [
            (Tcp, 1, 79),
            (Tcp, 80, 89),
            (Tcp, 90, 90),
            (Tcp, 91, 65535),
            (Udp, 1, 1),
            (Udp, 2, 65535),
            (Sctp, 1, 65534),
            (Sctp, 65535, 65535),
        ];
        assert_eq!(cuts.intervals(), expected.map(|(protocol, first, last)| interval(protocol, first, last)));
    }

    #[test]
    fn neighbours_of_one_protocol_join() {
        let [low, high] = [interval(Protocol::Tcp, 1, 79), interval(Protocol::Tcp, 80, 65535)];
        assert_eq!(low.joined(high), Some(interval(Protocol::Tcp, 1, 65535)));
        assert!(low.joined(high).unwrap().is_whole_protocol());
        assert_eq!((high.joined(low), low.joined(low)), (None, None));
        assert_eq!(low.joined(interval(Protocol::Udp, 80, 80)), None);
        assert_eq!(high.joined(interval(Protocol::Udp, 1, 80)), None);
    }
}
