//! The ports over which a change is the same.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::flow::L4;
use crate::net::{PortCuts, PortInterval, Protocol};
use crate::text::counted;

/// Ports by protocol, and whether protocols without ports belong to it. As JSON a list of what its text names, uncut.
///
/// ```json
/// ["80/tcp", "8080-8090/tcp", "all udp", "all sctp", "other protocols"]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet {
    /// In order, never adjacent.
    intervals: Vec<PortInterval>,
    /// Protocols other than TCP, UDP and SCTP.
    other: bool,
}

/// How many ranges the text shows.
const SHOWN: usize = 6;

/// The protocols without ports.
const OTHER: &str = "other protocols";

impl PortSet {
    /// Whether it holds what the flow asks for.
    #[must_use]
    pub fn contains(&self, l4: L4) -> bool {
        match l4 {
            L4::Port(protocol, port) => self.intervals.iter().any(|interval| interval.contains(protocol, port)),
            L4::Icmp | L4::Other(_) => self.other,
        }
    }

    /// The ports, in intervals as long as they can be.
    #[must_use]
    pub fn intervals(&self) -> &[PortInterval] {
        &self.intervals
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
            Probe::Ports(interval) => {
                let both = self.intervals.last().and_then(|before| before.joined(interval));
                if both.is_some() {
                    self.intervals.pop();
                }
                self.intervals.push(both.unwrap_or(interval));
            }
        }
    }
}

impl fmt::Display for PortSet {
    /// `80/tcp, 8080-8090/tcp, all udp, other protocols`; `everything` for all there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.other
            && self.intervals.iter().filter(|interval| interval.is_whole_protocol()).count() == Protocol::ALL.len()
        {
            return f.write_str("everything");
        }
        let mut parts: Vec<String> = self.intervals.iter().take(SHOWN).map(interval_text).collect();
        if self.intervals.len() > SHOWN {
            parts.push(counted(self.intervals.len() - SHOWN, "more range", "more ranges"));
        }
        if self.other {
            parts.push(OTHER.to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

impl Serialize for PortSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.intervals.iter().map(interval_text).chain(self.other.then(|| OTHER.to_owned())))
    }
}

fn interval_text(interval: &PortInterval) -> String {
    let protocol = interval.protocol().as_str().to_ascii_lowercase();
    let (first, last) = (interval.first(), interval.last());
    if interval.is_whole_protocol() {
        format!("all {protocol}")
    } else if interval.is_single() {
        format!("{first}/{protocol}")
    } else {
        format!("{first}-{last}/{protocol}")
    }
}

/// A stretch of ports that no rule tells apart, or the protocols without ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    Ports(PortInterval),
    Other,
}

impl Probe {
    /// One for each of the stretches, and one for the protocols without ports.
    pub(super) fn all(cuts: &PortCuts) -> Vec<Self> {
        cuts.intervals().into_iter().map(Self::Ports).chain([Self::Other]).collect()
    }

    pub(super) fn l4(self) -> L4 {
        match self {
            Self::Ports(interval) => interval.into(),
            Self::Other => L4::Icmp,
        }
    }
}
