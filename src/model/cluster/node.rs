//! Nodes.

use std::net::IpAddr;
use std::sync::Arc;

use crate::labels::Labels;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// Its name.
    pub name: Arc<str>,
    /// Its addresses, in order.
    pub addresses: Vec<NodeAddress>,
    /// `status.nodeInfo.osImage` ([C6](crate::semantics#c6)).
    pub os_image: Option<Arc<str>>,
    /// Its labels.
    pub labels: Labels,
}

impl Node {
    /// A node without addresses, operating system and labels.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), addresses: Vec::new(), os_image: None, labels: Labels::new() }
    }
}

/// One address of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NodeAddress {
    /// Its type.
    pub kind: NodeAddressKind,
    /// The address.
    pub address: IpAddr,
}

impl NodeAddress {
    /// An address of that type.
    #[must_use]
    pub fn new(kind: NodeAddressKind, address: IpAddr) -> Self {
        Self { kind, address }
    }

    /// An `InternalIP`.
    #[must_use]
    pub fn internal(address: IpAddr) -> Self {
        Self::new(NodeAddressKind::InternalIp, address)
    }
}

/// The type of a node's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NodeAddressKind {
    /// `InternalIP`: what `node:NAME` means.
    InternalIp,
    /// `ExternalIP`.
    ExternalIp,
    /// Any other type that holds an address.
    Other,
}
