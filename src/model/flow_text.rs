//! Flows as text (SEMANTICS section 6): parsing and printing round-trip.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::labels::{LabelKey, LabelValue, Labels};
use crate::model::cluster::WorkloadKind;
use crate::model::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
use crate::model::flow_fault::{FlowTextError, FlowTextFault};
use crate::name::ObjectName;
use crate::net::{Port, Protocol, canonical};

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
    split_arrow(&mut words);
    words
}

const ARROW: &str = "->";

/// Makes the arrow a word of its own. One that is, is the arrow; else the first of the text, whatever it stands in.
fn split_arrow(words: &mut Vec<Word<'_>>) {
    if words.iter().any(|word| word.text == ARROW) {
        return;
    }
    let found = words.iter().enumerate().find_map(|(place, word)| Some((place, *word, word.text.find(ARROW)?)));
    if let Some((place, word, at)) = found {
        let arrow = word.after(at).before(ARROW.len());
        let parts = [word.before(at), arrow, word.after(at + ARROW.len())];
        words.splice(place..=place, parts.into_iter().filter(|part| !part.text.is_empty()));
    }
}

impl FromStr for Flow {
    type Err = FlowTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let end = Word { text: "", column: text.chars().count() + 1 };
        let mut words = words(text).into_iter();
        let source = match words.next() {
            None => return end.fault(FlowTextFault::NoArrow),
            Some(word) if word.text == ARROW => return word.fault(FlowTextFault::NoSource),
            Some(word) => word,
        };
        match words.next() {
            Some(word) if word.text == ARROW => {}
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

impl FromStr for Destination {
    type Err = FlowTextError;

    /// An end as it stands in a flow's text; an IPv6 address with or without brackets.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.trim();
        if let Ok(address) = bare.parse() {
            return Ok(Endpoint::address(address).into());
        }
        let mut words = words(bare).into_iter();
        let end = Word { text: "", column: 1 };
        let word = words.next().map_or_else(|| end.fault(FlowTextFault::BadEndpoint(String::new())), Ok)?;
        match words.next() {
            Some(word) => word.fault(FlowTextFault::Unexpected(word.text.to_owned())),
            None => parse_destination(word),
        }
    }
}

/// Splits `DST:PORT/PROTO`; a colon inside brackets or braces, or the one of `node:`, belongs to the endpoint.
fn split_port(word: Word<'_>) -> Result<(Word<'_>, Option<Word<'_>>), FlowTextError> {
    let bracket = word.text.rfind([']', '}']);
    let skip = bracket.map_or(if word.text.starts_with("node:") { 5 } else { 0 }, |at| at + 1);
    let tail = word.after(skip);
    // An unbracketed IPv6 address has colons of its own: better said than misread.
    if tail.text.matches(':').count() > 1 {
        let range = tail.text.rsplit_once(':').map_or(tail.text, |(range, _)| range);
        if let Some(range) = [word.text, range].into_iter().find(|text| is_range(text)) {
            return word.fault(FlowTextFault::Range(range.to_owned()));
        }
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
    match protocol.text.to_ascii_lowercase().as_str() {
        "tcp" => Ok(L4::Port(Protocol::Tcp, port)),
        "udp" => Ok(L4::Port(Protocol::Udp, port)),
        "sctp" => Ok(L4::Port(Protocol::Sctp, port)),
        _ => protocol.fault(FlowTextFault::BadProtocol(protocol.text.to_owned())),
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
    text.strip_prefix("svc/").filter(|rest| !rest.starts_with('{'))?.split_once('/')
}

/// Whether the text is a range such as `10.0.0.0/8`, in brackets or not. No namespace is called like an address.
fn is_range(text: &str) -> bool {
    let address = |text: &str| text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    let is_length = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.trim_end_matches(']').split_once('/').is_some_and(|(head, length)| address(head) && is_length(length))
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
    if is_range(word.text) {
        return word.fault(FlowTextFault::Range(word.text.to_owned()));
    }
    let Some((namespace, rest)) = word.text.split_once('/') else {
        let address_like = word.text.starts_with('[') || word.text.contains(':') || word.text.parse::<IpAddr>().is_ok();
        return if address_like { parse_address(word, word.text).map(Endpoint::Address) } else { bad() };
    };
    if !is_name(namespace) {
        return bad();
    }
    if rest.starts_with('{') {
        let labels = parse_labels(word.after(namespace.len() + 1))?;
        return Ok(Endpoint::Labelled { namespace: namespace.into(), labels });
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

/// `{KEY=VALUE,KEY=VALUE}`.
fn parse_labels(word: Word<'_>) -> Result<Labels, FlowTextError> {
    let mut labels = Labels::new();
    let mut rest = word.after(1);
    let Some(length) = rest.text.strip_suffix('}').map(str::len) else {
        return word.after(word.text.len()).fault(FlowTextFault::OpenLabels);
    };
    rest = rest.before(length);
    while !rest.text.is_empty() {
        let length = rest.text.find(',').unwrap_or(rest.text.len());
        let label = rest.before(length);
        let bad = || FlowTextFault::BadLabel(label.text.to_owned());
        let Some((key, value)) = label.text.split_once('=') else { return label.fault(bad()) };
        let (Ok(key), Ok(value)) = (LabelKey::new(key), LabelValue::new(value)) else { return label.fault(bad()) };
        if labels.get(key.as_str()).is_some() {
            return label.fault(FlowTextFault::RepeatedLabel(key.as_str().to_owned()));
        }
        labels.insert(key, value);
        // A comma at the end has no label after it.
        if length + 1 == rest.text.len() {
            return rest.after(length).fault(FlowTextFault::BadLabel(",".to_owned()));
        }
        rest = rest.after(length + 1);
    }
    Ok(labels)
}

/// Names are only told from syntax here; whether an object bears one is the decision's business.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '@', ':', '[', ']', '{', '}'])
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
                write!(f, "{}/{}/{}", name.namespace(), kind.to_string().to_ascii_lowercase(), name.name())
            }
            Self::Labelled { namespace, labels } => {
                let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, "{namespace}/{{{}}}", pairs.join(","))
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
