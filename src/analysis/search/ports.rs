//! The ports of a connection.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::flow::L4;
use crate::net::{Port, PortCuts, PortInterval, PortRange, Protocol};

/// Ports of TCP, UDP and SCTP, ICMP, and whatever other protocols there are. As JSON a list: `"80/tcp"`, `"8000-8080/udp"`,
/// `"all"` (every port of the three), `"icmp"`, `"other"`.
///
/// ```
/// use netpol_oracle::analysis::Ports;
/// assert_eq!(serde_json::to_string(&Ports::everything())?, r#"["all","icmp","other"]"#);
/// assert_eq!(Ports::everything().to_string(), "all, icmp, other");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports {
    /// In order, never adjacent.
    intervals: Vec<PortInterval>,
    icmp: bool,
    other: bool,
}

impl Ports {
    /// Every port of every protocol, and every protocol without.
    #[must_use]
    pub fn everything() -> Self {
        let mut all = Self { icmp: true, other: true, ..Self::default() };
        PortCuts::default().intervals().into_iter().for_each(|interval| all.add(interval));
        all
    }

    /// The ports, in intervals as long as they can be.
    #[must_use]
    pub fn intervals(&self) -> &[PortInterval] {
        &self.intervals
    }

    /// Whether ICMP is among them.
    #[must_use]
    pub fn has_icmp(&self) -> bool {
        self.icmp
    }

    /// Whether a flow with that is meant.
    #[must_use]
    pub fn contains(&self, l4: L4) -> bool {
        match l4 {
            L4::Port(protocol, port) => self.intervals.iter().any(|interval| interval.contains(protocol, port)),
            L4::Icmp => self.icmp,
            L4::Other(_) => self.other,
        }
    }

    /// Whether protocols other than TCP, UDP, SCTP and ICMP are.
    #[must_use]
    pub fn has_other(&self) -> bool {
        self.other
    }

    /// Adds an interval; they come in order.
    pub(in crate::analysis) fn add(&mut self, interval: PortInterval) {
        let both = self.intervals.last().and_then(|before| before.joined(interval));
        if both.is_some() {
            self.intervals.pop();
        }
        self.intervals.push(both.unwrap_or(interval));
    }

    /// Adds ICMP and all other protocols without ports.
    pub(in crate::analysis) fn add_portless(&mut self) {
        (self.icmp, self.other) = (true, true);
    }

    /// Whether it holds nothing.
    pub(in crate::analysis) fn is_empty(&self) -> bool {
        self.intervals.is_empty() && !self.icmp && !self.other
    }

    /// What is left without some ports.
    pub(in crate::analysis) fn without(&self, ports: &BTreeSet<(Protocol, Port)>) -> Self {
        let mut left = Self { intervals: Vec::new(), ..*self };
        for interval in &self.intervals {
            let protocol = interval.protocol();
            let mut next = Some(interval.first());
            for (_, hole) in ports.range((protocol, interval.first())..=(protocol, interval.last())) {
                let range = next.zip(hole.previous()).and_then(|(first, last)| PortRange::new(first, last));
                left.intervals.extend(range.map(|range| PortInterval::new(protocol, range)));
                next = hole.next();
            }
            let range = next.and_then(|first| PortRange::new(first, interval.last()));
            left.intervals.extend(range.map(|range| PortInterval::new(protocol, range)));
        }
        left
    }

    /// What is left without others.
    pub(in crate::analysis) fn minus(&self, others: &Self) -> Self {
        let mut left =
            Self { intervals: Vec::new(), icmp: self.icmp && !others.icmp, other: self.other && !others.other };
        for interval in &self.intervals {
            let protocol = interval.protocol();
            let mut next = Some(interval.first());
            for other in others.intervals.iter().filter(|other| other.protocol() == protocol) {
                let Some(first) = next.filter(|first| *first <= interval.last()) else { break };
                if other.last() < first || interval.last() < other.first() {
                    continue;
                }
                let before = other.first().previous().and_then(|last| PortRange::new(first, last));
                left.intervals.extend(before.map(|range| PortInterval::new(protocol, range)));
                next = other.last().next();
            }
            let rest = next.and_then(|first| PortRange::new(first, interval.last()));
            left.intervals.extend(rest.map(|range| PortInterval::new(protocol, range)));
        }
        left
    }

    /// Adds others, of whatever ports.
    pub(in crate::analysis) fn merge(&mut self, other: Self) {
        let mut all = std::mem::take(&mut self.intervals);
        all.extend(other.intervals);
        all.sort_unstable();
        all.into_iter().for_each(|interval| self.add(interval));
        self.icmp |= other.icmp;
        self.other |= other.other;
    }

    fn texts(&self) -> Vec<String> {
        let whole = self.intervals.iter().filter(|interval| interval.is_whole_protocol()).count();
        let mut all = Vec::new();
        if whole == Protocol::ALL.len() {
            all.push("all".to_owned());
        } else {
            all.extend(self.intervals.iter().map(|interval| {
                let protocol = interval.protocol().as_str().to_ascii_lowercase();
                match (interval.first(), interval.last()) {
                    (first, last) if first == last => format!("{first}/{protocol}"),
                    (first, last) => format!("{first}-{last}/{protocol}"),
                }
            }));
        }
        all.extend(self.icmp.then(|| "icmp".to_owned()));
        all.extend(self.other.then(|| "other".to_owned()));
        all
    }
}

impl fmt::Display for Ports {
    /// `80/tcp, 8000-8080/udp, icmp`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts().join(", "))
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.texts().serialize(serializer)
    }
}
