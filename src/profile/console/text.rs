//! The form's column texts: reading with every fault and its place, and printing.

use std::fmt;
use std::net::IpAddr;

use super::{CidrBlock, InboundRow, Label, NamespaceName, OutboundRow, ProtocolPort, RowPeer, RowProtocol};
use crate::labels::{LabelKey, LabelKeyFault, LabelValue, LabelValueFault};
use crate::net::{Cidr, IpBlock, Port, Protocol};

/// Most characters of a user's text that an error repeats.
const MAX_QUOTED: usize = 80;

/// Most faults of one row that are kept: a text of separators alone has two for each byte.
const MAX_FAULTS: usize = 1000;

/// The texts of one row, inbound or outbound, as a user typed them.
///
/// `None` and a blank text are an empty column; blanks around a text, and around the parts of one, do not
/// count.
///
/// ```
/// use netpol_oracle::console::{Columns, OutboundRow};
/// let typed = Columns { namespace: Some(" shop "), pod_label: Some(""), ..Columns::default() };
/// let printed = OutboundRow::new(&typed)?.columns();
/// assert_eq!(printed, Columns { namespace: Some("shop".to_owned()), ..Columns::default() });
/// # Ok::<(), netpol_oracle::console::RowError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Columns<T> {
    /// Protocol & Port.
    pub protocol_port: Option<T>,
    /// Source or Destination CIDR Block.
    pub cidr_block: Option<T>,
    /// Source or Destination Namespace.
    pub namespace: Option<T>,
    /// Source or Destination Pod Label.
    pub pod_label: Option<T>,
}

/// A column of the form under its title there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Protocol & Port, in both tables.
    ProtocolPort,
    /// Source CIDR Block.
    SourceCidrBlock,
    /// Source Namespace.
    SourceNamespace,
    /// Source Pod Label.
    SourcePodLabel,
    /// Destination CIDR Block.
    DestinationCidrBlock,
    /// Destination Namespace.
    DestinationNamespace,
    /// Destination Pod Label.
    DestinationPodLabel,
}

impl Column {
    /// The title: `Source CIDR Block`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProtocolPort => "Protocol & Port",
            Self::SourceCidrBlock => "Source CIDR Block",
            Self::SourceNamespace => "Source Namespace",
            Self::SourcePodLabel => "Source Pod Label",
            Self::DestinationCidrBlock => "Destination CIDR Block",
            Self::DestinationNamespace => "Destination Namespace",
            Self::DestinationPodLabel => "Destination Pod Label",
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Texts that are no row: every fault, at least one and at most 1000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError(Vec<RowFault>);

impl RowError {
    /// The faults, column by column in the form's order and from left to right.
    #[must_use]
    pub fn faults(&self) -> &[RowFault] {
        &self.0
    }
}

impl fmt::Display for RowError {
    /// One line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(f, &self.0)
    }
}

impl std::error::Error for RowError {}

/// One fault of a row: `Source Namespace, character 1: what is wrong; how to mend it`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The column.
    pub column: Column,
    /// Where in the column's text, as it was typed, the faulty part begins: characters from 1; an empty
    /// column has its fault at 1.
    pub position: usize,
    /// What is wrong there.
    pub kind: RowFaultKind,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, position, kind } = self;
        write!(f, "{column}, character {position}: {kind}; {}", kind.help())
    }
}

/// What can be wrong with a column's text; [`help`](Self::help) says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFaultKind {
    /// An inbound row, or a port, without a protocol.
    #[error("no protocol")]
    NoProtocol,
    /// A number where the protocol stands.
    #[error("`{0}` is a port without its protocol")]
    PortAlone(Port),
    /// A protocol that the form does not have.
    #[error("`{}` is not a protocol of the form", quoted(.0))]
    BadProtocol(String),
    /// `TCP:`.
    #[error("no port after `:`")]
    NoPort,
    /// A port that is no number from 1 to 65535: a name, a range.
    #[error("`{}` is not a port", quoted(.0))]
    BadPort(String),
    /// Nothing before the first `|` or `,`.
    #[error("no cidr block at the beginning")]
    NoBlock,
    /// A `,` before any `|`.
    #[error("`,` before any `|`")]
    SecondBlock,
    /// A second `|`.
    #[error("a second `|`")]
    SecondBar,
    /// Nothing after a `|` or `,`.
    #[error("no exception after `{0}`")]
    NoException(char),
    /// A block or exception that is no CIDR.
    #[error("`{}` is no cidr", quoted(.0))]
    BadCidr(String),
    /// An exception that is no part of its block.
    #[error("`{exception}` does not lie inside `{block}`")]
    Outside {
        /// The exception, without host bits.
        exception: Cidr,
        /// The row's block, without host bits.
        block: Cidr,
    },
    /// An exception as large as its block.
    #[error("`{0}` is the whole block")]
    WholeBlock(Cidr),
    /// A namespace where a CIDR block is given too.
    #[error("a namespace beside a cidr block")]
    NamespaceBesideBlock,
    /// A pod label where a CIDR block is given too.
    #[error("a pod label beside a cidr block")]
    LabelBesideBlock,
    /// A text that no namespace can be named.
    #[error("`{}` is not the name of a namespace", quoted(.0))]
    BadNamespace(String),
    /// A label without `=`.
    #[error("`{}` has no `=`", quoted(.0))]
    NoEquals(String),
    /// A `,` in the label: the form has one.
    #[error("`,` after the label")]
    SecondLabel,
    /// A key that is none.
    #[error("`{}` is not a label key: {}", quoted(.text), joined(.faults))]
    BadKey {
        /// The key.
        text: String,
        /// What is wrong with it.
        faults: Vec<LabelKeyFault>,
    },
    /// A value that is none.
    #[error("`{}` is not a label value: {}", quoted(.text), joined(.faults))]
    BadValue {
        /// The value.
        text: String,
        /// What is wrong with it.
        faults: Vec<LabelValueFault>,
    },
}

impl RowFaultKind {
    /// How to mend it.
    #[must_use]
    pub fn help(&self) -> String {
        let fixed = match self {
            Self::PortAlone(port) => return format!("write `TCP:{port}` or `UDP:{port}`"),
            Self::BadCidr(text) => match text.parse::<IpAddr>() {
                Ok(address) => return format!("for this address alone write `{}`", Cidr::host(address)),
                Err(_) => "write `172.17.0.0/16` or `2001:db8::/32`",
            },
            Self::NoProtocol => "write `TCP` or `UDP`, or with a port `TCP:6379`",
            Self::BadProtocol(_) => "write `TCP` or `UDP`",
            Self::NoPort => "write one number from 1 to 65535, or for every port take the `:` out",
            Self::BadPort(_) => "write one number from 1 to 65535",
            Self::NoBlock => "write the block first: `172.17.0.0/16|172.17.1.0/24`",
            Self::SecondBlock => "a row has one block, and its exceptions follow a `|`",
            Self::SecondBar => "put `,` between exceptions",
            Self::NoException(separator) => return format!("write a cidr there or take the `{separator}` out"),
            Self::Outside { .. } | Self::WholeBlock(_) => "an exception is a smaller part of its block",
            Self::NamespaceBesideBlock | Self::LabelBesideBlock => "empty one of the two columns",
            Self::BadNamespace(_) => "write at most 63 of `a` to `z`, `0` to `9` and `-`, with no `-` at either end",
            Self::NoEquals(_) => "write `KEY=VALUE`; the value may be empty",
            Self::SecondLabel => "a row has one label",
            Self::BadKey { .. } => "write it like `role` or `example.com/role`",
            Self::BadValue { .. } => "write it like `frontend` or `v1.2`, or leave it empty",
        };
        fixed.to_owned()
    }
}

/// Titles of the three peer columns.
struct Titles {
    block: Column,
    namespace: Column,
    label: Column,
}

const SOURCE: Titles =
    Titles { block: Column::SourceCidrBlock, namespace: Column::SourceNamespace, label: Column::SourcePodLabel };
const DESTINATION: Titles = Titles {
    block: Column::DestinationCidrBlock,
    namespace: Column::DestinationNamespace,
    label: Column::DestinationPodLabel,
};

pub(super) fn inbound<T: AsRef<str>>(columns: &Columns<T>) -> Result<InboundRow, RowError> {
    let mut faults = Vec::new();
    let mut column = Reader { column: Column::ProtocolPort, faults: &mut faults };
    let port = match Part::of(columns.protocol_port.as_ref()) {
        Some(part) => column.protocol_port(part),
        None => column.fault(1, RowFaultKind::NoProtocol),
    };
    let source = peer(columns, &SOURCE, &mut faults);
    match (port, source) {
        (Some(port), Some(source)) if faults.is_empty() => Ok(InboundRow { port, source }),
        _ => Err(RowError(faults)),
    }
}

pub(super) fn outbound<T: AsRef<str>>(columns: &Columns<T>) -> Result<OutboundRow, RowError> {
    let mut faults = Vec::new();
    let port = Part::of(columns.protocol_port.as_ref())
        .and_then(|part| Reader { column: Column::ProtocolPort, faults: &mut faults }.protocol_port(part));
    let destination = peer(columns, &DESTINATION, &mut faults);
    match destination {
        Some(destination) if faults.is_empty() => Ok(OutboundRow { port, destination }),
        _ => Err(RowError(faults)),
    }
}

/// `None` only where a fault was noted; with faults it may still be `Some`.
fn peer<T: AsRef<str>>(columns: &Columns<T>, titles: &Titles, faults: &mut Vec<RowFault>) -> Option<RowPeer> {
    let block = Part::of(columns.cidr_block.as_ref());
    let namespace = Part::of(columns.namespace.as_ref());
    let label = Part::of(columns.pod_label.as_ref());

    let read_block = block.map(|part| Reader { column: titles.block, faults }.block(part));
    let read_namespace = namespace.map(|part| {
        let mut column = Reader { column: titles.namespace, faults };
        if block.is_some() {
            column.note(part.position, RowFaultKind::NamespaceBesideBlock);
        }
        column.namespace(part)
    });
    let read_label = label.map(|part| {
        let mut column = Reader { column: titles.label, faults };
        if block.is_some() {
            column.note(part.position, RowFaultKind::LabelBesideBlock);
        }
        column.label(part)
    });
    match read_block {
        Some(block) => block.map(RowPeer::Block),
        None => Some(RowPeer::Pods { namespace: read_namespace.flatten(), label: read_label.flatten() }),
    }
}

/// A part of a column's text and its first character, from 1; without blanks around it.
#[derive(Clone, Copy)]
struct Part<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Part<'t> {
    /// The whole text of a column that is not empty.
    fn of(text: Option<&'t impl AsRef<str>>) -> Option<Self> {
        text.map(|text| Part::trimmed(text.as_ref(), 1)).filter(|part| !part.text.is_empty())
    }

    fn trimmed(text: &'t str, position: usize) -> Self {
        let cut = text.trim_start();
        let blanks = text.chars().count() - cut.chars().count();
        Self { text: cut.trim_end(), position: position + blanks }
    }

    /// What stands before, between and after the separators; each after the first with the separator
    /// before it and that one's position.
    fn split(self, separators: &'static [char]) -> impl Iterator<Item = (Option<(char, usize)>, Part<'t>)> {
        let mut next = self.position;
        let mut before = None;
        self.text.split_inclusive(separators).chain(self.text.ends_with(separators).then_some("")).map(move |piece| {
            let start = next;
            next += piece.chars().count();
            let separator = piece.chars().next_back().filter(|last| separators.contains(last));
            let text = piece.strip_suffix(separators).unwrap_or(piece);
            let found = separator.map(|separator| (separator, next - 1));
            (std::mem::replace(&mut before, found), Part::trimmed(text, start))
        })
    }

    /// The two sides of the first `separator`, the second with the separator's position.
    fn halves(self, separator: char) -> (Part<'t>, Option<(usize, Part<'t>)>) {
        match self.text.split_once(separator) {
            None => (self, None),
            Some((head, tail)) => {
                let at = self.position + head.chars().count();
                (Part::trimmed(head, self.position), Some((at, Part::trimmed(tail, at + 1))))
            }
        }
    }
}

/// Reads one column and notes its faults.
struct Reader<'f> {
    column: Column,
    faults: &'f mut Vec<RowFault>,
}

impl Reader<'_> {
    fn note(&mut self, position: usize, kind: RowFaultKind) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(RowFault { column: self.column, position, kind });
        }
    }

    fn fault<T>(&mut self, position: usize, kind: RowFaultKind) -> Option<T> {
        self.note(position, kind);
        None
    }

    /// `TCP`, `TCP:6379`.
    fn protocol_port(&mut self, part: Part<'_>) -> Option<ProtocolPort> {
        let (protocol, port) = part.halves(':');
        let protocol = match (protocol.text, number(protocol.text)) {
            ("TCP", _) => Some(RowProtocol::Tcp),
            ("UDP", _) => Some(RowProtocol::Udp),
            ("", _) => self.fault(protocol.position, RowFaultKind::NoProtocol),
            (_, Some(number)) if port.is_none() => self.fault(protocol.position, RowFaultKind::PortAlone(number)),
            (other, _) => self.fault(protocol.position, RowFaultKind::BadProtocol(other.to_owned())),
        };
        let port = match port {
            None => Some(None),
            Some((at, part)) if part.text.is_empty() => self.fault(at, RowFaultKind::NoPort),
            Some((_, part)) => match number(part.text) {
                Some(port) => Some(Some(port)),
                None => self.fault(part.position, RowFaultKind::BadPort(part.text.to_owned())),
            },
        };
        Some(ProtocolPort { protocol: protocol?, port: port? })
    }

    /// `172.17.0.0/16|172.17.1.0/24,172.17.2.0/24`. `None` where the block or an exception is faulty.
    fn block(&mut self, part: Part<'_>) -> Option<CidrBlock> {
        let mut block: Option<Cidr> = None;
        let mut except = Vec::new();
        let mut barred = false;
        for (separator, part) in part.split(&['|', ',']) {
            match separator {
                Some(('|', at)) if barred => self.note(at, RowFaultKind::SecondBar),
                Some(('|', _)) => barred = true,
                Some((_, at)) if !barred => self.note(at, RowFaultKind::SecondBlock),
                _ => {}
            }
            let cidr = match (part.text.is_empty(), separator) {
                (true, Some((separator, at))) => self.fault(at, RowFaultKind::NoException(separator)),
                (true, None) => self.fault(part.position, RowFaultKind::NoBlock),
                (false, _) => match part.text.parse::<Cidr>() {
                    Ok(cidr) => Some(cidr),
                    Err(_) => self.fault(part.position, RowFaultKind::BadCidr(part.text.to_owned())),
                },
            };
            match (separator, cidr, block) {
                (None, cidr, _) => block = cidr,
                (Some(_), Some(exception), Some(block)) if barred => {
                    if exception == block {
                        self.note(part.position, RowFaultKind::WholeBlock(exception));
                    } else if !block.contains_cidr(&exception) {
                        self.note(part.position, RowFaultKind::Outside { exception, block });
                    }
                    except.push(exception);
                }
                _ => {}
            }
        }
        IpBlock::new(block?, except).ok().and_then(CidrBlock::new)
    }

    fn namespace(&mut self, part: Part<'_>) -> Option<NamespaceName> {
        match NamespaceName::new(part.text) {
            Some(name) => Some(name),
            None => self.fault(part.position, RowFaultKind::BadNamespace(part.text.to_owned())),
        }
    }

    /// `role=frontend`.
    fn label(&mut self, part: Part<'_>) -> Option<Label> {
        let mut first = None;
        for (separator, part) in part.split(&[',']) {
            if let Some((_, at)) = separator {
                self.note(at, RowFaultKind::SecondLabel);
            }
            // Nothing after a `,` is no fault beyond that `,`.
            if separator.is_none() {
                first = self.one_label(part);
            } else if !part.text.is_empty() {
                let _ = self.one_label(part);
            }
        }
        first
    }

    fn one_label(&mut self, part: Part<'_>) -> Option<Label> {
        let (key, value) = part.halves('=');
        let Some((_, value)) = value else {
            return self.fault(part.position, RowFaultKind::NoEquals(part.text.to_owned()));
        };
        let read_key = match LabelKey::new(key.text) {
            Ok(key) => Some(key),
            Err(faults) => self.fault(key.position, RowFaultKind::BadKey { text: key.text.to_owned(), faults }),
        };
        let read_value = match LabelValue::new(value.text) {
            Ok(value) => Some(value),
            Err(faults) => self.fault(value.position, RowFaultKind::BadValue { text: value.text.to_owned(), faults }),
        };
        Some(Label { key: read_key?, value: read_value? })
    }
}

/// Plain digits only: `+80` is no port.
fn number(text: &str) -> Option<Port> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok().and_then(Port::new)).flatten()
}

pub(super) fn columns(port: Option<&ProtocolPort>, peer: &RowPeer) -> Columns<String> {
    let (block, namespace, label) = match peer {
        RowPeer::Block(block) => (Some(block), None, None),
        RowPeer::Pods { namespace, label } => (None, namespace.as_ref(), label.as_ref()),
    };
    Columns {
        protocol_port: port.map(ToString::to_string),
        cidr_block: block.map(ToString::to_string),
        namespace: namespace.map(ToString::to_string),
        pod_label: label.map(ToString::to_string),
    }
}

impl fmt::Display for ProtocolPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Protocol::from(self.protocol).fmt(f)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl fmt::Display for CidrBlock {
    /// The form's text: `172.17.0.0/16|172.17.1.0/24,172.17.2.0/24`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let block = self.as_ip_block();
        write!(f, "{}", block.cidr())?;
        for (i, except) in block.except().iter().enumerate() {
            write!(f, "{}{except}", if i == 0 { '|' } else { ',' })?;
        }
        Ok(())
    }
}

/// Each item on a line of its own.
pub(super) fn lines(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if i == 0 { "" } else { "\n" })?;
    }
    Ok(())
}

/// A user's text for a message: one line, not too long.
fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(MAX_QUOTED).flat_map(char::escape_debug).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

fn joined<T: fmt::Display>(faults: &[T]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
