//! The form's column texts: reading with every fault and its place, and printing.

use super::columns::{Column, Columns};
use super::fault::{RowError, RowFault, RowFaultKind};
use super::parts::{CidrBlock, Label, NamespaceName, ProtocolPort, RowPeer, RowProtocol};
use crate::labels::{LabelKey, LabelValue};
use crate::net::{Cidr, IpBlock, Port};

/// Most faults of one row that are kept: a text of separators alone has two for each byte.
const MAX_FAULTS: usize = 1000;

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

pub(super) fn inbound<T: AsRef<str>>(columns: &Columns<T>) -> Result<(ProtocolPort, RowPeer), RowError> {
    let mut faults = Vec::new();
    let mut column = Reader { column: Column::ProtocolPort, faults: &mut faults };
    let port = match Part::of(columns.protocol_port.as_ref()) {
        Some(part) => column.protocol_port(part),
        None => column.fault(1, RowFaultKind::NoProtocol),
    };
    let source = peer(columns, &SOURCE, &mut faults);
    match (port, source) {
        (Some(port), Some(source)) if faults.is_empty() => Ok((port, source)),
        _ => Err(RowError(faults)),
    }
}

pub(super) fn outbound<T: AsRef<str>>(columns: &Columns<T>) -> Result<(Option<ProtocolPort>, RowPeer), RowError> {
    let mut faults = Vec::new();
    let port = Part::of(columns.protocol_port.as_ref())
        .and_then(|part| Reader { column: Column::ProtocolPort, faults: &mut faults }.protocol_port(part));
    let destination = peer(columns, &DESTINATION, &mut faults);
    match destination {
        Some(destination) if faults.is_empty() => Ok((port, destination)),
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
            Err(error) => {
                let faults = error.into_faults();
                self.fault(key.position, RowFaultKind::BadKey { text: key.text.to_owned(), faults })
            }
        };
        let read_value = match LabelValue::new(value.text) {
            Ok(value) => Some(value),
            Err(error) => {
                let faults = error.into_faults();
                self.fault(value.position, RowFaultKind::BadValue { text: value.text.to_owned(), faults })
            }
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
