//! The vendor console's form: one row of it is one typed rule, and back (SEMANTICS section 5).
//!
//! The form's two tables (SEED, Tables 1 and 2) have the same four columns; here with the texts that rows are
//! read from and printed as:
//!
//! | column | text | empty |
//! |---|---|---|
//! | Protocol & Port | `TCP`, `TCP:6379`, `UDP:53` | outbound: every protocol; inbound: an error |
//! | Source or Destination CIDR Block | `172.17.0.0/16\|172.17.1.0/24,172.17.2.0/24`: a block, `\|`, exceptions | no block |
//! | Source or Destination Namespace | `shop`: its pods | the policy's own namespace |
//! | Source or Destination Pod Label | `role=frontend`: pods with this one label | every pod of the namespace |
//!
//! **All peer columns empty** means every pod of the policy's own namespace, not every peer. A CIDR block
//! stands alone: a namespace or label beside it is an error. A namespace becomes a selector on the label
//! `kubernetes.io/metadata.name`, which every namespace carries (K10).
//!
//! Rows and rules convert without loss: [`InboundRow::to_rule`] and [`InboundRow::from_rule`] are each other's
//! inverse, and a rule that has no row of its own is refused ([`CannotShow`]), even where another rule would
//! admit the same.
//!
//! ```
//! use netpol_oracle::console::{Columns, InboundRow};
//!
//! let typed = Columns { protocol_port: Some("TCP:6379"), pod_label: Some("role=frontend"), ..Columns::default() };
//! let row = InboundRow::new(&typed)?;
//! let rule = row.to_rule();
//! assert_eq!(InboundRow::from_rule(&rule).as_ref(), Ok(&row));
//! assert_eq!(row.columns().pod_label.as_deref(), Some("role=frontend"));
//!
//! let typed = Columns { protocol_port: Some("TCP:http"), cidr_block: Some("10.0.0.0/8|11.0.0.0/16"), ..typed };
//! assert_eq!(
//!     InboundRow::new(&typed).unwrap_err().to_string(),
//!     "Protocol & Port, character 5: `http` is not a port; write one number from 1 to 65535\n\
//!      Source CIDR Block, character 12: `11.0.0.0/16` does not lie inside `10.0.0.0/8`; \
//!      an exception is a smaller part of its block\n\
//!      Source Pod Label, character 1: a pod label beside a cidr block; empty one of the two columns"
//! );
//! # Ok::<(), netpol_oracle::console::RowError>(())
//! ```

mod text;

use std::fmt;

use crate::labels::{LabelKey, LabelValue, Selector, is_dns_label};
use crate::model::cluster::NAMESPACE_NAME_LABEL;
use crate::model::policy::{Namespaces, Peer, Peers, PodPeer, PortMatch, PortSpec, Ports, Rule};
use crate::net::{Cidr, IpBlock, Port, PortName, PortRange, Protocol};

pub use self::text::{Column, Columns, RowError, RowFault, RowFaultKind};

/// One row of the form's inbound rules (SEED, Table 1): one ingress rule.
///
/// ```
/// use netpol_oracle::console::{Columns, InboundRow};
/// let row = InboundRow::new(&Columns { protocol_port: Some("TCP"), ..Columns::default() })?;
/// let rule = row.to_rule(); // every pod of the policy's own namespace, on every TCP port
/// assert_eq!(InboundRow::from_rule(&rule), Ok(row));
/// # Ok::<(), netpol_oracle::console::RowError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InboundRow {
    /// Protocol & Port. Not optional: only the outbound table says what an empty one means.
    pub port: ProtocolPort,
    /// The three source columns.
    pub source: RowPeer,
}

/// One row of the form's outbound rules (SEED, Table 2): one egress rule.
///
/// ```
/// use netpol_oracle::Ports;
/// use netpol_oracle::console::{Columns, OutboundRow};
/// let typed = Columns { cidr_block: Some("172.16.0.0/16|172.16.0.40/32"), ..Columns::default() };
/// let rule = OutboundRow::new(&typed)?.to_rule();
/// assert_eq!(rule.ports, Ports::Any, "no protocol means every protocol");
/// assert_eq!(OutboundRow::from_rule(&rule).unwrap().columns().cidr_block.as_deref(), typed.cidr_block);
/// # Ok::<(), netpol_oracle::console::RowError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutboundRow {
    /// Protocol & Port; `None` does not limit the protocol: a rule without `ports`.
    pub port: Option<ProtocolPort>,
    /// The three destination columns.
    pub destination: RowPeer,
}

/// Protocol & Port: a protocol and one of its ports, or all of them. Printed `TCP`, `TCP:6379`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolPort {
    /// The protocol.
    pub protocol: RowProtocol,
    /// The port; `None` is every port of the protocol.
    pub port: Option<Port>,
}

/// A protocol that the form offers (SEED: "Currently, TCP and UDP are supported").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What the three peer columns of a row say together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowPeer {
    /// Pods. Both columns empty: every pod of the policy's own namespace, **not** every peer.
    Pods {
        /// Their namespace; `None` is the policy's own.
        namespace: Option<NamespaceName>,
        /// The label they have; `None` is every pod of the namespace.
        label: Option<Label>,
    },
    /// A CIDR block with its exceptions.
    Block(CidrBlock),
}

/// One label, `key=value`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The key.
    pub key: LabelKey,
    /// The value; may be empty.
    pub value: LabelValue,
}

/// Name of a namespace: a DNS label.
///
/// ```
/// use netpol_oracle::console::NamespaceName;
/// assert_eq!(NamespaceName::new("kube-system").unwrap().as_str(), "kube-system");
/// assert_eq!(NamespaceName::new("Shop"), None);
/// ```
// The label is kept whole, so that making the selector cannot fail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceName(Label);

/// A block of addresses whose exceptions are each a smaller part of it.
///
/// ```
/// use netpol_oracle::IpBlock;
/// use netpol_oracle::console::CidrBlock;
/// let all = "10.0.0.0/8".parse()?;
/// let block = CidrBlock::new(IpBlock::new(all, vec!["10.1.0.0/16".parse()?]).unwrap()).unwrap();
/// assert_eq!(block.to_string(), "10.0.0.0/8|10.1.0.0/16");
/// assert_eq!(CidrBlock::new(IpBlock::new(all, vec![all]).unwrap()), None);
/// # Ok::<(), netpol_oracle::net::CidrError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CidrBlock(IpBlock);

impl InboundRow {
    /// The row that a user typed.
    ///
    /// # Errors
    /// Every fault of every column, in the form's order; the protocol must be given.
    pub fn new<T: AsRef<str>>(columns: &Columns<T>) -> Result<Self, RowError> {
        text::inbound(columns)
    }

    /// The row as the form's texts: [`InboundRow::new`] reads them as this row again.
    #[must_use]
    pub fn columns(&self) -> Columns<String> {
        text::columns(Some(&self.port), &self.source)
    }

    /// The ingress rule. It does not depend on the policy's namespace: "own" stays [`Namespaces::Own`].
    #[must_use]
    pub fn to_rule(&self) -> Rule {
        Rule { peers: self.source.to_peers(), ports: self.port.to_ports() }
    }

    /// The row whose [`to_rule`](Self::to_rule) is exactly `rule`.
    ///
    /// # Errors
    /// No row is: everything about the rule that the form cannot show.
    ///
    /// ```
    /// use netpol_oracle::{Peers, Ports, Rule};
    /// use netpol_oracle::console::{InboundRow, Obstacle};
    /// let everything = Rule { peers: Peers::Any, ports: Ports::Any };
    /// let error = InboundRow::from_rule(&everything).unwrap_err();
    /// assert_eq!(error.obstacles(), [Obstacle::EveryPeer, Obstacle::EveryProtocol]);
    /// ```
    pub fn from_rule(rule: &Rule) -> Result<Self, CannotShow> {
        let mut obstacles = Vec::new();
        let source = RowPeer::from_peers(&rule.peers, &mut obstacles);
        let port = ProtocolPort::from_ports(&rule.ports, &mut obstacles);
        if port == Some(None) {
            obstacles.push(Obstacle::EveryProtocol);
        }
        match (source, port.flatten()) {
            (Some(source), Some(port)) => Ok(Self { port, source }),
            _ => Err(CannotShow(obstacles)),
        }
    }

    /// Whether the row asks for `ipBlock` in an ingress rule, which needs DataPlane V2 (C4).
    ///
    /// ```
    /// use netpol_oracle::{Profile, Support};
    /// use netpol_oracle::console::{Columns, InboundRow};
    /// let typed = Columns { protocol_port: Some("TCP:80"), cidr_block: Some("172.17.0.0/16"), ..Columns::default() };
    /// let row = InboundRow::new(&typed)?;
    /// let tunnel = Profile::tunnel("v1.31.6-r0".parse().unwrap());
    /// assert!(row.needs_ip_block() && tunnel.capabilities().ingress_ip_block != Support::Supported);
    /// # Ok::<(), netpol_oracle::console::RowError>(())
    /// ```
    #[must_use]
    pub fn needs_ip_block(&self) -> bool {
        matches!(self.source, RowPeer::Block(_))
    }
}

impl OutboundRow {
    /// The row that a user typed.
    ///
    /// # Errors
    /// Every fault of every column, in the form's order.
    pub fn new<T: AsRef<str>>(columns: &Columns<T>) -> Result<Self, RowError> {
        text::outbound(columns)
    }

    /// The row as the form's texts: [`OutboundRow::new`] reads them as this row again.
    #[must_use]
    pub fn columns(&self) -> Columns<String> {
        text::columns(self.port.as_ref(), &self.destination)
    }

    /// The egress rule. It does not depend on the policy's namespace: "own" stays [`Namespaces::Own`].
    #[must_use]
    pub fn to_rule(&self) -> Rule {
        Rule { peers: self.destination.to_peers(), ports: self.port.map_or(Ports::Any, ProtocolPort::to_ports) }
    }

    /// The row whose [`to_rule`](Self::to_rule) is exactly `rule`.
    ///
    /// # Errors
    /// No row is: everything about the rule that the form cannot show.
    pub fn from_rule(rule: &Rule) -> Result<Self, CannotShow> {
        let mut obstacles = Vec::new();
        let destination = RowPeer::from_peers(&rule.peers, &mut obstacles);
        let port = ProtocolPort::from_ports(&rule.ports, &mut obstacles);
        match (destination, port) {
            (Some(destination), Some(port)) => Ok(Self { port, destination }),
            _ => Err(CannotShow(obstacles)),
        }
    }

    /// Whether the row asks for `ipBlock` in an egress rule, which every network model has (C5).
    #[must_use]
    pub fn needs_ip_block(&self) -> bool {
        matches!(self.destination, RowPeer::Block(_))
    }
}

impl ProtocolPort {
    fn to_ports(self) -> Ports {
        let port = self.port.map_or(PortSpec::Any, PortSpec::Number);
        Ports::Of(vec![PortMatch { protocol: self.protocol.into(), port }])
    }

    /// `Some(None)` where the rule does not limit ports, `None` where an obstacle was noted.
    fn from_ports(ports: &Ports, obstacles: &mut Vec<Obstacle>) -> Option<Option<Self>> {
        let entry = match ports {
            Ports::Any => return Some(None),
            Ports::Of(entries) => match entries.as_slice() {
                [entry] => entry,
                [] => return note(obstacles, Obstacle::NoPorts),
                several => return note(obstacles, Obstacle::SeveralPorts(several.len())),
            },
        };
        let protocol = match entry.protocol {
            Protocol::Tcp => Some(RowProtocol::Tcp),
            Protocol::Udp => Some(RowProtocol::Udp),
            Protocol::Sctp => note(obstacles, Obstacle::Sctp),
        };
        let port = match &entry.port {
            PortSpec::Any => Some(None),
            PortSpec::Number(port) => Some(Some(*port)),
            PortSpec::Range(range) => note(obstacles, Obstacle::EndPort(*range)),
            PortSpec::Name(name) => note(obstacles, Obstacle::NamedPort(name.clone())),
        };
        Some(Some(Self { protocol: protocol?, port: port? }))
    }
}

impl RowPeer {
    fn to_peers(&self) -> Peers {
        let peer = match self {
            Self::Block(block) => Peer::IpBlock(block.0.clone()),
            Self::Pods { namespace, label } => Peer::Pods(PodPeer {
                namespaces: match namespace {
                    None => Namespaces::Own,
                    Some(name) => Namespaces::Matching(name.0.to_selector()),
                },
                pods: label.as_ref().map_or_else(Selector::everything, Label::to_selector),
            }),
        };
        Peers::Of(vec![peer])
    }

    fn from_peers(peers: &Peers, obstacles: &mut Vec<Obstacle>) -> Option<Self> {
        let peer = match peers {
            Peers::Any => return note(obstacles, Obstacle::EveryPeer),
            Peers::Of(peers) => match peers.as_slice() {
                [peer] => peer,
                [] => return note(obstacles, Obstacle::NoPeers),
                several => return note(obstacles, Obstacle::SeveralPeers(several.len())),
            },
        };
        match peer {
            Peer::IpBlock(block) => match CidrBlock::new(block.clone()) {
                Some(block) => Some(Self::Block(block)),
                None => note(obstacles, Obstacle::WholeBlockExcepted(block.cidr())),
            },
            Peer::Pods(PodPeer { namespaces, pods }) => {
                let namespace = match namespaces {
                    Namespaces::Own => Some(None),
                    Namespaces::Matching(selector) => NamespaceName::from_selector(selector, obstacles).map(Some),
                };
                let label = Label::from_selector(pods, WhichSelector::Pods, obstacles);
                Some(Self::Pods { namespace: namespace?, label: label? })
            }
        }
    }
}

impl Label {
    /// A selector on this label alone.
    fn to_selector(&self) -> Selector {
        Selector::new([(self.key.clone(), self.value.clone())].into_iter().collect(), Vec::new())
    }

    /// `Some(None)` where the selector selects everything, `None` where an obstacle was noted.
    fn from_selector(selector: &Selector, which: WhichSelector, obstacles: &mut Vec<Obstacle>) -> Option<Option<Self>> {
        let labels = selector.match_labels();
        if labels.len() > 1 {
            obstacles.push(Obstacle::SeveralLabels(which, labels.len()));
        }
        if !selector.expressions().is_empty() {
            obstacles.push(Obstacle::Expressions(which));
        }
        if labels.len() > 1 || !selector.expressions().is_empty() {
            return None;
        }
        Some(labels.iter().next().map(|(key, value)| Self { key: key.clone(), value: value.clone() }))
    }
}

impl NamespaceName {
    /// The name; `None` where no namespace can be named so: a name is at most 63 of `a` to `z`, `0` to `9` and
    /// `-`, without a `-` at either end.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        // The length is the same for a namespace's name and for a label's value.
        let value = LabelValue::new(text).ok().filter(|value| is_dns_label(value.as_str()))?;
        Some(Self(Label { key: LabelKey::new(NAMESPACE_NAME_LABEL).ok()?, value }))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.value.as_str()
    }

    fn from_selector(selector: &Selector, obstacles: &mut Vec<Obstacle>) -> Option<Self> {
        let Some(label) = Label::from_selector(selector, WhichSelector::Namespaces, obstacles)? else {
            return note(obstacles, Obstacle::EveryNamespace);
        };
        if label.key.as_str() != NAMESPACE_NAME_LABEL {
            return note(obstacles, Obstacle::NamespaceLabel(label.key));
        }
        match Self::new(label.value.as_str()) {
            Some(name) => Some(name),
            None => note(obstacles, Obstacle::NoNamespaceName(label.value)),
        }
    }
}

impl CidrBlock {
    /// The block; `None` where an exception is the whole of it. An API server refuses such a manifest, except
    /// where one of the two is written as IPv4-mapped IPv6.
    #[must_use]
    pub fn new(block: IpBlock) -> Option<Self> {
        (!block.except().contains(&block.cidr())).then_some(Self(block))
    }

    /// The block as rules hold it.
    #[must_use]
    pub fn as_ip_block(&self) -> &IpBlock {
        &self.0
    }
}

impl From<RowProtocol> for Protocol {
    fn from(protocol: RowProtocol) -> Self {
        match protocol {
            RowProtocol::Tcp => Self::Tcp,
            RowProtocol::Udp => Self::Udp,
        }
    }
}

/// A rule that no row of the form is: everything about it that the form cannot show, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CannotShow(Vec<Obstacle>);

impl CannotShow {
    /// What stands in the way: first of the peers, then of the ports.
    #[must_use]
    pub fn obstacles(&self) -> &[Obstacle] {
        &self.0
    }
}

impl fmt::Display for CannotShow {
    /// One line for each obstacle.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::lines(f, &self.0)
    }
}

impl std::error::Error for CannotShow {}

/// Something about a rule that no row of the form can show.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// No `from` or `to`: a row without a peer means something else.
    #[error("the rule admits every peer, while a row without a peer admits the pods of the own namespace alone")]
    EveryPeer,
    /// An empty list of peers, which no manifest gives (K6).
    #[error("the rule's list of peers is empty, while a row always has one")]
    NoPeers,
    /// More than one peer: their number.
    #[error("the rule has {0} peers, a row has one")]
    SeveralPeers(usize),
    /// `matchExpressions`, even one that a label could replace.
    #[error("the rule's `{0}` has `matchExpressions`, the form has labels alone")]
    Expressions(WhichSelector),
    /// More than one label: their number.
    #[error("the rule's `{0}` has {1} labels, the form has one")]
    SeveralLabels(WhichSelector, usize),
    /// A `namespaceSelector` that says nothing.
    #[error("the rule selects every namespace, a row selects one")]
    EveryNamespace,
    /// A `namespaceSelector` on another label than `kubernetes.io/metadata.name`.
    #[error("the rule selects namespaces by `{0}`, the form by `{NAMESPACE_NAME_LABEL}` alone")]
    NamespaceLabel(LabelKey),
    /// A value of `kubernetes.io/metadata.name` that no namespace has.
    #[error("the rule selects the namespace `{0}`, and no namespace can be named so")]
    NoNamespaceName(LabelValue),
    /// An exception as large as its block, which the API server lets pass only as IPv4-mapped IPv6.
    #[error("the rule's `except` holds the whole block `{0}`, an exception of the form is a smaller part")]
    WholeBlockExcepted(Cidr),
    /// An inbound rule without `ports`.
    #[error("the rule admits every protocol, an inbound row names one")]
    EveryProtocol,
    /// An empty list of ports, which no manifest gives (K6).
    #[error("the rule's list of ports is empty, while a row has one entry or does not limit ports")]
    NoPorts,
    /// More than one entry in `ports`: their number.
    #[error("the rule has {0} entries in `ports`, a row has one")]
    SeveralPorts(usize),
    /// SCTP.
    #[error("the rule admits SCTP, the form has TCP and UDP alone")]
    Sctp,
    /// `endPort`, even one that equals `port`.
    #[error("the rule has an `endPort` (ports {0}), a row has a single port")]
    EndPort(PortRange),
    /// A port by name.
    #[error("the rule names the port `{0}`, the form has numbers alone")]
    NamedPort(PortName),
}

/// One of the two selectors of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhichSelector {
    /// `namespaceSelector`.
    Namespaces,
    /// `podSelector`.
    Pods,
}

impl fmt::Display for WhichSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Namespaces => "namespaceSelector",
            Self::Pods => "podSelector",
        })
    }
}

fn note<T>(obstacles: &mut Vec<Obstacle>, obstacle: Obstacle) -> Option<T> {
    obstacles.push(obstacle);
    None
}
