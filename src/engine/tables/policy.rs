//! Policies with their selectors, blocks and ports resolved to ids.

use std::sync::Arc;

use crate::engine::ids::{BlockIx, NamespaceIx, NamespaceSelectorId, PodSelectorId, PortTableIx};
use crate::model::policy::NetworkPolicy;
use crate::name::Direction;
use crate::net::Protocol;

/// A policy, compiled.
#[derive(Debug)]
pub(in crate::engine) struct CompiledPolicy {
    pub(in crate::engine) source: Arc<NetworkPolicy>,
    pub(in crate::engine) subject: PodSelectorId,
    /// The rules that count, in their order.
    pub(in crate::engine) ingress: Vec<CompiledRule>,
    pub(in crate::engine) egress: Vec<CompiledRule>,
}

impl CompiledPolicy {
    pub(in crate::engine) fn rules(&self, direction: Direction) -> &[CompiledRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// A rule: any of its peers on any of its ports.
#[derive(Debug)]
pub(in crate::engine) struct CompiledRule {
    pub(in crate::engine) peers: CompiledPeers,
    pub(in crate::engine) ports: PortTableIx,
}

/// The peers of a rule (K6).
#[derive(Debug)]
pub(in crate::engine) enum CompiledPeers {
    Any,
    Of(Vec<CompiledPeer>),
}

/// One peer (K7, K14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum CompiledPeer {
    Pods { namespaces: PeerNamespaces, pods: PodSelectorId },
    Block(BlockIx),
}

/// The namespaces of a peer (K7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine) enum PeerNamespaces {
    Own(NamespaceIx),
    Matching(NamespaceSelectorId),
}

/// One peer of one rule with the rule's ports: what a verdict runs through, the profile compiled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::engine) struct Entry {
    pub(in crate::engine) peer: EntryPeer,
    pub(in crate::engine) ports: EntryPorts,
}

// Verdicts run through lists of these.
const _: () = assert!(size_of::<Entry>() == 20);

/// Whom an entry admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::engine) enum EntryPeer {
    #[default]
    Any,
    Pods {
        namespaces: PeerNamespaces,
        pods: PodSelectorId,
    },
    Block(BlockIx),
    /// Perhaps everyone: ipBlocks of a direction for which the profile does not support them (C4, C5).
    Open,
}

/// On which ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::engine) enum EntryPorts {
    #[default]
    Any,
    Span {
        protocol: Protocol,
        first: u16,
        last: u16,
    },
    Table(PortTableIx),
}
