//! Flows as text (SEMANTICS section 6): parsing and printing round-trip.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::cluster::WorkloadKind;
use crate::model::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
use crate::name::ObjectName;
use crate::net::{Port, Protocol, canonical};

/// A text that is no flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {kind}")]
#[non_exhaustive]
pub struct FlowTextError {
    /// Where the fault begins: characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: FlowTextFault,
}

/// What can be wrong with the text of a flow. Each text says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowTextFault {
    /// No ` -> `.
    #[error("no `->`; write `SRC -> DST:PORT/tcp`")]
    NoArrow,
    /// Nothing before the arrow.
    #[error("no source before `->`")]
    NoSource,
    /// Nothing after the arrow.
    #[error("no destination after `->`")]
    NoDestination,
    /// A word that no form has at this place.
    #[error("unexpected `{0}`; a flow ends after its protocol or after `via NS/POD`")]
    Unexpected(String),
    /// Neither a port nor a protocol.
    #[error("no port or protocol; write `DST:PORT/tcp`, `DST icmp` or `DST NUMBER`")]
    NoProtocol,
    /// A port and another protocol.
    #[error("`{0}` beside a port; a port has `/tcp`, `/udp` or `/sctp`")]
    PortAndProtocol(String),
    /// A port without its protocol.
    #[error("port without a protocol; write `/tcp`, `/udp` or `/sctp` after it")]
    PortWithoutProtocol,
    /// A port that is no number from 1 to 65535.
    #[error("`{0}` is not a port; it is a number from 1 to 65535")]
    BadPort(String),
    /// A protocol after a port that is not tcp, udp or sctp.
    #[error("`{0}` is not a protocol with ports; write `tcp`, `udp` or `sctp`")]
    BadProtocol(String),
    /// A protocol word that is neither icmp nor a number up to 255.
    #[error("`{0}` is not a protocol; write `icmp` or a number from 0 to 255")]
    BadNumber(String),
    /// The number of TCP, UDP or SCTP without a port.
    #[error("protocol {0} has ports; write `DST:PORT/{1}`")]
    NumberNeedsPort(u8, &'static str),
    /// A Service as source.
    #[error("a Service cannot be a source")]
    ServiceAsSource,
    /// An end in no known form.
    #[error(
        "`{0}` is not an endpoint; write `NS/NAME`, `NS/KIND/NAME`, `NS/NAME@ADDRESS`, `node:NAME`, `svc/NS/NAME` or an address (IPv6 in brackets)"
    )]
    BadEndpoint(String),
    /// A kind that is no workload's.
    #[error("`{0}` is not a workload kind; write `deployment`, `statefulset`, ...")]
    BadKind(String),
    /// An address that is none.
    #[error("`{0}` is not an address; IPv6 stands in brackets")]
    BadAddress(String),
    /// `via` without a pod.
    #[error("`via` needs `NS/POD`")]
    BadVia,
}

/// A word of the text and its first column (characters from 1).
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    column: usize,
}

impl<'t> Word<'t> {
    fn fault<T>(self, kind: FlowTextFault) -> Result<T, FlowTextError> {
        Err(FlowTextError { column: self.column, kind })
    }

    /// The rest after `bytes`, with its own column.
    fn after(self, bytes: usize) -> Word<'t> {
        let (head, tail) = self.text.split_at_checked(bytes).unwrap_or((self.text, ""));
        Word { text: tail, column: self.column + head.chars().count() }
    }

    fn before(self, bytes: usize) -> Word<'t> {
        Word { text: self.text.get(..bytes).unwrap_or(self.text), column: self.column }
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start: Option<(usize, usize)> = None;
    for (column, (at, c)) in text.char_indices().enumerate() {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some((at, column + 1)),
            (true, Some((from, first))) => {
                words.push(Word { text: text.get(from..at).unwrap_or(""), column: first });
                start = None;
            }
            _ => {}
        }
    }
    if let Some((from, first)) = start {
        words.push(Word { text: text.get(from..).unwrap_or(""), column: first });
    }
    words
}

impl FromStr for Flow {
    type Err = FlowTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let end = Word { text: "", column: text.chars().count() + 1 };
        let mut words = words(text).into_iter();
        let source = match words.next() {
            None => return end.fault(FlowTextFault::NoArrow),
            Some(word) if word.text == "->" => return word.fault(FlowTextFault::NoSource),
            Some(word) => word,
        };
        match words.next() {
            Some(word) if word.text == "->" => {}
            Some(word) => return word.fault(FlowTextFault::NoArrow),
            None => return end.fault(FlowTextFault::NoArrow),
        }
        let destination = words.next().map_or_else(|| end.fault(FlowTextFault::NoDestination), Ok)?;
        let mut next = words.next();
        let protocol = next.filter(|word| word.text != "via");
        if protocol.is_some() {
            next = words.next();
        }
        let (target, port) = split_port(destination)?;
        let l4 = match (port, protocol) {
            (Some(port), None) => parse_port(port)?,
            (Some(_), Some(word)) => return word.fault(FlowTextFault::PortAndProtocol(word.text.to_owned())),
            (None, Some(word)) => parse_protocol(word)?,
            (None, None) => return next.unwrap_or(end).fault(FlowTextFault::NoProtocol),
        };
        if service_name(source.text).is_some() {
            return source.fault(FlowTextFault::ServiceAsSource);
        }
        let mut flow = Flow::new(parse_endpoint(source)?, parse_destination(target)?, l4);
        if let Some(word) = next {
            if word.text != "via" {
                return word.fault(FlowTextFault::Unexpected(word.text.to_owned()));
            }
            let pod = words.next().map_or_else(|| end.fault(FlowTextFault::BadVia), Ok)?;
            match parse_endpoint(pod) {
                Ok(Endpoint::Named(name)) => flow.via = Some(name),
                _ => return pod.fault(FlowTextFault::BadVia),
            }
        }
        match words.next() {
            Some(word) => word.fault(FlowTextFault::Unexpected(word.text.to_owned())),
            None => Ok(flow),
        }
    }
}

/// Splits `DST:PORT/PROTO`; a colon inside brackets, or the one of `node:`, belongs to the endpoint.
fn split_port(word: Word<'_>) -> Result<(Word<'_>, Option<Word<'_>>), FlowTextError> {
    let skip = word.text.rfind(']').map_or(if word.text.starts_with("node:") { 5 } else { 0 }, |at| at + 1);
    let tail = word.after(skip);
    // An unbracketed IPv6 address has colons of its own: better said than misread.
    if tail.text.matches(':').count() > 1 {
        return word.fault(FlowTextFault::BadAddress(word.text.to_owned()));
    }
    Ok(match tail.text.find(':') {
        Some(at) => (word.before(skip + at), Some(word.after(skip + at + 1))),
        None => (word, None),
    })
}

fn parse_port(word: Word<'_>) -> Result<L4, FlowTextError> {
    let Some(slash) = word.text.find('/') else {
        return match parse_number(word.text) {
            Some(_) => word.after(word.text.len()).fault(FlowTextFault::PortWithoutProtocol),
            None => word.fault(FlowTextFault::BadPort(word.text.to_owned())),
        };
    };
    let number = word.before(slash);
    let protocol = word.after(slash + 1);
    let Some(port) = parse_number(number.text).and_then(Port::new) else {
        return number.fault(FlowTextFault::BadPort(number.text.to_owned()));
    };
    match protocol.text {
        "tcp" => Ok(L4::Port(Protocol::Tcp, port)),
        "udp" => Ok(L4::Port(Protocol::Udp, port)),
        "sctp" => Ok(L4::Port(Protocol::Sctp, port)),
        other => protocol.fault(FlowTextFault::BadProtocol(other.to_owned())),
    }
}

/// Plain digits: `+80` and `0x50` are no ports.
fn parse_number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn parse_protocol(word: Word<'_>) -> Result<L4, FlowTextError> {
    if word.text == "icmp" {
        return Ok(L4::Icmp);
    }
    let Some(number) = parse_number(word.text).and_then(|n| u8::try_from(n).ok()) else {
        return word.fault(FlowTextFault::BadNumber(word.text.to_owned()));
    };
    match OtherProtocol::new(number) {
        Some(other) => Ok(L4::Other(other)),
        None => {
            let name = match number {
                6 => "tcp",
                17 => "udp",
                _ => "sctp",
            };
            word.fault(FlowTextFault::NumberNeedsPort(number, name))
        }
    }
}

fn parse_destination(word: Word<'_>) -> Result<Destination, FlowTextError> {
    match service_name(word.text) {
        Some((namespace, name)) if is_name(namespace) && is_name(name) => {
            Ok(Destination::Service(ObjectName::new(namespace, name)))
        }
        Some(_) => word.fault(FlowTextFault::BadEndpoint(word.text.to_owned())),
        None => parse_endpoint(word).map(Destination::Endpoint),
    }
}

/// `svc/NS/NAME` is a Service; `svc/NAME` is a pod of a namespace that is called `svc`.
fn service_name(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("svc/")?.split_once('/')
}

fn parse_endpoint(word: Word<'_>) -> Result<Endpoint, FlowTextError> {
    let bad = || word.fault(FlowTextFault::BadEndpoint(word.text.to_owned()));
    if let Some(node) = word.text.strip_prefix("node:") {
        return match node.split_once('@') {
            None if is_name(node) => Ok(Endpoint::Node(node.into())),
            Some((name, address)) if is_name(name) => {
                let address = parse_address(word.after("node:".len() + name.len() + 1), address)?;
                Ok(Endpoint::NodeAddress { node: name.into(), address })
            }
            _ => bad(),
        };
    }
    let Some((namespace, rest)) = word.text.split_once('/') else {
        let address_like = word.text.starts_with('[') || word.text.contains(':') || word.text.parse::<IpAddr>().is_ok();
        return if address_like { parse_address(word, word.text).map(Endpoint::Address) } else { bad() };
    };
    if !is_name(namespace) {
        return bad();
    }
    if let Some((kind, name)) = rest.split_once('/') {
        if !is_name(name) {
            return bad();
        }
        let name = ObjectName::new(namespace, name);
        return match kind.parse::<WorkloadKind>() {
            Ok(kind) => Ok(Endpoint::Workload { kind, name }),
            Err(_) => word.after(namespace.len() + 1).fault(FlowTextFault::BadKind(kind.to_owned())),
        };
    }
    match rest.split_once('@') {
        None if is_name(rest) => Ok(Endpoint::named(namespace, rest)),
        Some((name, address)) if is_name(name) => {
            let address = parse_address(word.after(namespace.len() + 1 + name.len() + 1), address)?;
            Ok(Endpoint::PodAddress { pod: ObjectName::new(namespace, name), address })
        }
        _ => bad(),
    }
}

/// Names are only told from syntax here; whether an object bears one is the decision's business.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '@', ':', '[', ']'])
}

fn parse_address(word: Word<'_>, text: &str) -> Result<IpAddr, FlowTextError> {
    let address = match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => text.parse().ok().map(IpAddr::V4),
    };
    match address {
        Some(address) => Ok(canonical(address)),
        None => word.fault(FlowTextFault::BadAddress(text.to_owned())),
    }
}

struct Bracketed(IpAddr);

impl fmt::Display for Bracketed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "{name}"),
            Self::Workload { kind, name } => {
                write!(f, "{}/{}/{}", name.namespace(), kind.as_str().to_ascii_lowercase(), name.name())
            }
            Self::PodAddress { pod, address } => write!(f, "{pod}@{}", Bracketed(*address)),
            Self::Node(name) => write!(f, "node:{name}"),
            Self::NodeAddress { node, address } => write!(f, "node:{node}@{}", Bracketed(*address)),
            Self::Address(address) => write!(f, "{}", Bracketed(*address)),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(endpoint) => write!(f, "{endpoint}"),
            Self::Service(name) => write!(f, "svc/{name}"),
        }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.source, self.destination)?;
        match self.l4 {
            L4::Port(protocol, port) => write!(f, ":{port}/{}", protocol.to_string().to_ascii_lowercase())?,
            L4::Icmp => f.write_str(" icmp")?,
            L4::Other(other) => write!(f, " {}", other.get())?,
        }
        match &self.via {
            Some(backend) => write!(f, " via {backend}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Endpoint {
    /// As its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Destination {
    /// As its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Flow {
    /// As its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Flow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
