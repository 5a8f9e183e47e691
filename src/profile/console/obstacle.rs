//! What the form cannot show of a rule.

use std::fmt;

use crate::labels::{LabelKey, LabelValue};
use crate::model::cluster::NAMESPACE_NAME_LABEL;
use crate::net::{Cidr, PortName, PortRange};
use crate::text::lines;

/// A rule that no row of the form is: everything about it that the form cannot show, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CannotShow(pub(super) Vec<Obstacle>);

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
        lines(f, &self.0)
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
    /// An empty list of peers, which no manifest gives ([K6](crate::semantics#k6)).
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
    /// An empty list of ports, which no manifest gives ([K6](crate::semantics#k6)).
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

pub(super) fn note<T>(obstacles: &mut Vec<Obstacle>, obstacle: Obstacle) -> Option<T> {
    obstacles.push(obstacle);
    None
}
