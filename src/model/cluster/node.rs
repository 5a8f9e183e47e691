//! Nodes.

use std::net::IpAddr;
use std::sync::Arc;

use crate::labels::Labels;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// One address of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeAddress {
    /// Its type.
    pub kind: NodeAddressKind,
    /// The address.
    pub address: IpAddr,
}

/// The type of a node's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeAddressKind {
    /// `InternalIP`: what `node:NAME` means.
    InternalIp,
    /// `ExternalIP`.
    ExternalIp,
    /// Any other type that holds an address.
    Other,
}
