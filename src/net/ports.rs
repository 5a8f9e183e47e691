//! Ports, port names and transport protocols.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::joined;

/// Most bytes of a port's name.
const MAX_NAME: usize = 15;

/// A port number from 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Port(NonZeroU16);

impl Port {
    /// The lowest port, 1.
    pub const MIN: Self = Self(NonZeroU16::MIN);
    /// The highest port, 65535.
    pub const MAX: Self = Self(NonZeroU16::MAX);

    /// A port; 0 is none.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    pub(crate) fn next(self) -> Option<Self> {
        self.get().checked_add(1).and_then(Self::new)
    }

    pub(crate) fn previous(self) -> Option<Self> {
        Self::new(self.get() - 1)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Ports from `first` to `last`, both included ([K13](crate::semantics#k13)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PortRange {
    first: Port,
    last: Port,
}

impl PortRange {
    /// The range; `None` if `last` is below `first`.
    #[must_use]
    pub fn new(first: Port, last: Port) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    pub(crate) fn one(port: Port) -> Self {
        Self { first: port, last: port }
    }

    /// The lowest port of the range.
    #[must_use]
    pub const fn first(self) -> Port {
        self.first
    }

    /// The highest port of the range.
    #[must_use]
    pub const fn last(self) -> Port {
        self.last
    }

    /// Whether the port lies in the range.
    #[must_use]
    pub fn contains(self, port: Port) -> bool {
        self.first <= port && port <= self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// What a port's name can be wrong in; one name can have several faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PortNameFault {
    /// More than 15 bytes.
    #[error("the name has more than 15 bytes")]
    Long,
    /// Another character than `a` to `z`, digits and `-`; an empty name has this fault too.
    #[error("the name has other characters than `a` to `z`, digits and `-`")]
    Charset,
    /// No letter from `a` to `z`.
    #[error("the name has no letter from `a` to `z`")]
    NoLetter,
    /// `--` somewhere.
    #[error("the name has two hyphens in a row")]
    ConsecutiveHyphens,
    /// `-` at the beginning or the end.
    #[error("the name begins or ends with a hyphen")]
    EdgeHyphen,
}

/// A text that is no port name: every fault, in the API server's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortNameError(Vec<PortNameFault>);

impl PortNameError {
    /// The faults, at least one.
    #[must_use]
    pub fn faults(&self) -> &[PortNameFault] {
        &self.0
    }

    /// The faults by themselves.
    pub(crate) fn into_faults(self) -> Vec<PortNameFault> {
        self.0
    }
}

impl fmt::Display for PortNameError {
    /// The faults, one after another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(&self.0))
    }
}

impl std::error::Error for PortNameError {}

/// Name of a container's port: `http`.
///
/// ```
/// use netpol_oracle::net::{PortName, PortNameFault};
/// assert_eq!(PortName::new("http")?.as_str(), "http");
/// assert_eq!(PortName::new("").unwrap_err().faults(), [PortNameFault::Charset, PortNameFault::NoLetter]);
/// # Ok::<(), netpol_oracle::net::PortNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortName(Arc<str>);

impl PortName {
    /// A name; the error lists every fault in the API server's order.
    ///
    /// # Errors
    /// The text is no port name.
    pub fn new(text: &str) -> Result<Self, PortNameError> {
        let faults = name_faults(text);
        if faults.is_empty() { Ok(Self(text.into())) } else { Err(PortNameError(faults)) }
    }

    /// A name of the crate's own vocabulary, which its tests show to be valid.
    #[cfg(feature = "generate")]
    pub(crate) fn known(text: &'static str) -> Self {
        debug_assert!(name_faults(text).is_empty(), "`{text}`");
        Self(text.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn name_faults(text: &str) -> Vec<PortNameFault> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let checks = [
        (text.len() > MAX_NAME, PortNameFault::Long),
        (text.is_empty() || !text.bytes().all(allowed), PortNameFault::Charset),
        (!text.bytes().any(|b| b.is_ascii_lowercase()), PortNameFault::NoLetter),
        (text.contains("--"), PortNameFault::ConsecutiveHyphens),
        (text.starts_with('-') || text.ends_with('-'), PortNameFault::EdgeHyphen),
    ];
    checks.into_iter().filter_map(|(wrong, fault)| wrong.then_some(fault)).collect()
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for PortName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for PortName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PortName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(|error| D::Error::custom(format!("`{text}` is no port name: {error}")))
    }
}

/// A transport protocol that policies can name; each stands for itself ([K21](crate::semantics#k21)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// The manifest's word: `TCP`, `UDP`, `SCTP`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no protocol of policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not `TCP`, `UDP` or `SCTP`")]
pub struct ProtocolError {
    text: String,
}

impl FromStr for Protocol {
    type Err = ProtocolError;

    /// Exactly `TCP`, `UDP` or `SCTP`: manifests are case-sensitive.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.as_str() == text)
            .ok_or_else(|| ProtocolError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_faults_come_as_the_server_reports_them() {
        use PortNameFault::*;
        let cases: &[(&str, &[PortNameFault])] = &[
            ("http", &[]),
            ("a", &[]),
            ("8a", &[]),
            ("a-b-c", &[]),
            (&"a".repeat(15), &[]),
            ("", &[Charset, NoLetter]),
            ("80", &[NoLetter]),
            (" 80 ", &[Charset, NoLetter]),
            ("HTTP", &[Charset, NoLetter]),
            ("Http", &[Charset]),
            ("a--b", &[ConsecutiveHyphens]),
            ("-a", &[EdgeHyphen]),
            ("a-", &[EdgeHyphen]),
            ("-", &[NoLetter, EdgeHyphen]),
            ("--", &[NoLetter, ConsecutiveHyphens, EdgeHyphen]),
            (&"a".repeat(16), &[Long]),
            (&"é".repeat(8), &[Long, Charset, NoLetter]),
            ("-_--------------------", &[Long, Charset, NoLetter, ConsecutiveHyphens, EdgeHyphen]),
            ("a\n", &[Charset]),
        ];
        for (text, faults) in cases {
            assert_eq!(name_faults(text), *faults, "{text:?}");
        }
    }

    #[test]
    fn ports_ranges_protocols() {
        let port = |number| Port::new(number).unwrap();
        assert_eq!(Port::new(0), None);
        assert_eq!(port(65535), Port::MAX);
        assert_eq!(PortRange::new(port(2), port(1)), None);
        let range = PortRange::new(port(10), port(20)).unwrap();
        assert_eq!([9, 10, 20, 21].map(|n| range.contains(port(n))), [false, true, true, false]);
        assert_eq!(range.to_string(), "10-20");
        for protocol in Protocol::ALL {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }
        for text in ["tcp", "", "ICMP", " TCP"] {
            assert!(text.parse::<Protocol>().is_err());
        }
        assert!(serde_json::from_str::<Port>("0").is_err());
        assert_eq!(serde_json::from_str::<Port>("80").unwrap(), port(80));
    }
}
