//! A NetworkPolicy after defaulting and validation: absent and empty fields are resolved.

use crate::labels::Selector;
use crate::name::{Direction, ObjectName};
use crate::net::{IpBlock, Port, PortName, PortRange, Protocol};

/// One NetworkPolicy (networking.k8s.io/v1).
///
/// Lists that were absent, empty or null in the manifest are told apart by type alone: no `Option` is
/// left ([K3](crate::semantics#k3) to [K6](crate::semantics#k6), [K11](crate::semantics#k11)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NetworkPolicy {
    name: ObjectName,
    subject: Selector,
    types: PolicyTypes,
    ingress: Vec<Rule>,
    egress: Vec<Rule>,
}

/// The directions a policy isolates its subjects for ([K1](crate::semantics#k1), [K3](crate::semantics#k3),
/// [K4](crate::semantics#k4)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyTypes {
    /// `policyTypes: [Ingress]`.
    Ingress,
    /// `policyTypes: [Egress]`.
    Egress,
    /// `policyTypes: [Ingress, Egress]`.
    Both,
}

impl PolicyTypes {
    /// What absent or empty `policyTypes` mean: Ingress, plus Egress iff there is an egress rule
    /// ([K3](crate::semantics#k3)).
    #[must_use]
    pub fn default_for(egress_rules: usize) -> Self {
        if egress_rules == 0 { Self::Ingress } else { Self::Both }
    }

    /// Whether `direction` is declared.
    #[must_use]
    pub fn contains(self, direction: Direction) -> bool {
        match self {
            Self::Both => true,
            Self::Ingress => direction == Direction::Ingress,
            Self::Egress => direction == Direction::Egress,
        }
    }
}

impl NetworkPolicy {
    /// A policy from its resolved parts. `ingress` and `egress` are the rules as written, those of an
    /// undeclared direction too ([K4](crate::semantics#k4)).
    #[must_use]
    pub fn new(name: ObjectName, subject: Selector, types: PolicyTypes, ingress: Vec<Rule>, egress: Vec<Rule>) -> Self {
        Self { name, subject, types, ingress, egress }
    }

    /// Namespace and name.
    #[must_use]
    pub fn name(&self) -> &ObjectName {
        &self.name
    }

    /// `spec.podSelector`: the pods of the policy's namespace that it isolates.
    #[must_use]
    pub fn subject(&self) -> &Selector {
        &self.subject
    }

    /// The declared directions.
    #[must_use]
    pub fn types(&self) -> PolicyTypes {
        self.types
    }

    /// Whether the policy isolates its subjects for `direction` ([K1](crate::semantics#k1)).
    #[must_use]
    pub fn isolates(&self, direction: Direction) -> bool {
        self.types.contains(direction)
    }

    /// The rules that count for `direction`: none where it is undeclared ([K4](crate::semantics#k4)). Without a rule an
    /// isolated pod is cut off ([K5](crate::semantics#k5)).
    #[must_use]
    pub fn rules(&self, direction: Direction) -> &[Rule] {
        if self.isolates(direction) { self.written_rules(direction) } else { &[] }
    }

    /// The rules as written, whether their direction is declared or not.
    #[must_use]
    pub fn written_rules(&self, direction: Direction) -> &[Rule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// One ingress or egress rule: admits what matches a peer **and** a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    /// `from` or `to`.
    pub peers: Peers,
    /// `ports`.
    pub ports: Ports,
}

/// The peers of a rule ([K6](crate::semantics#k6)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Peers {
    /// `from`/`to` absent or empty: every peer, external ones too.
    Any,
    /// Any one of these.
    Of(Vec<Peer>),
}

/// The ports of a rule ([K6](crate::semantics#k6)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ports {
    /// `ports` absent or empty: every port of TCP, UDP and SCTP.
    Any,
    /// Any one of these.
    Of(Vec<PortMatch>),
}

/// One entry of `from` or `to` ([K7](crate::semantics#k7), [K8](crate::semantics#k8)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Peer {
    /// `podSelector` and/or `namespaceSelector`.
    Pods(PodPeer),
    /// `ipBlock`.
    IpBlock(IpBlock),
}

/// Pods by namespace **and** labels ([K7](crate::semantics#k7)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PodPeer {
    /// In which namespaces.
    pub namespaces: Namespaces,
    /// Which pods of them; everything where only `namespaceSelector` was given.
    pub pods: Selector,
}

/// The namespaces of a [`PodPeer`] ([K7](crate::semantics#k7)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Namespaces {
    /// No `namespaceSelector`: the policy's own namespace.
    Own,
    /// The namespaces whose labels match.
    Matching(Selector),
}

/// One entry of `ports`; the protocol defaults to TCP ([K11](crate::semantics#k11)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PortMatch {
    /// The protocol; others never match ([K21](crate::semantics#k21)).
    pub protocol: Protocol,
    /// Which of its ports.
    pub port: PortSpec,
}

/// `port` and `endPort` of a port entry ([K11](crate::semantics#k11) to [K13](crate::semantics#k13)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PortSpec {
    /// No `port`: all ports of the protocol.
    Any,
    /// One number.
    Number(Port),
    /// `port` to `endPort`, both included.
    Range(PortRange),
    /// A name, resolved on the destination pod ([K12](crate::semantics#k12)).
    Name(PortName),
}
