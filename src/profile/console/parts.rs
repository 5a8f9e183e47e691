//! What the columns of a row hold, and what of a rule it is.

use std::fmt;

use super::obstacle::{Obstacle, WhichSelector, note};
use crate::labels::{LabelKey, LabelValue, Selector, is_dns_label};
use crate::model::cluster::NAMESPACE_NAME_LABEL;
use crate::model::policy::{Namespaces, Peer, Peers, PodPeer, PortMatch, PortSpec, Ports};
use crate::net::{IpBlock, Port, Protocol};

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
/// use netpol_oracle::profile::console::NamespaceName;
/// assert_eq!(NamespaceName::new("kube-system").unwrap().as_str(), "kube-system");
/// assert_eq!(NamespaceName::new("Shop"), None);
/// ```
// The label is kept whole, so that making the selector cannot fail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceName(Label);

/// A block of addresses whose exceptions are each a smaller part of it.
///
/// ```
/// use netpol_oracle::net::IpBlock;
/// use netpol_oracle::profile::console::CidrBlock;
/// let all = "10.0.0.0/8".parse()?;
/// let block = CidrBlock::new(IpBlock::new(all, vec!["10.1.0.0/16".parse()?]).unwrap()).unwrap();
/// assert_eq!(block.to_string(), "10.0.0.0/8|10.1.0.0/16");
/// assert_eq!(CidrBlock::new(IpBlock::new(all, vec![all]).unwrap()), None);
/// # Ok::<(), netpol_oracle::net::CidrError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CidrBlock(IpBlock);

impl ProtocolPort {
    pub(super) fn to_ports(self) -> Ports {
        let port = self.port.map_or(PortSpec::Any, PortSpec::Number);
        Ports::Of(vec![PortMatch { protocol: self.protocol.into(), port }])
    }

    /// `Some(None)` where the rule does not limit ports, `None` where an obstacle was noted.
    pub(super) fn from_ports(ports: &Ports, obstacles: &mut Vec<Obstacle>) -> Option<Option<Self>> {
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
    pub(super) fn to_peers(&self) -> Peers {
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

    pub(super) fn from_peers(peers: &Peers, obstacles: &mut Vec<Obstacle>) -> Option<Self> {
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
