//! What a packet is sent to that is not where it arrives (K23, K26), and as whom it comes there (U9).

use serde::Serialize;

use crate::oracle::probe_end::ProbeEnd;

/// What was sent to, and was translated to the destination on the way: as JSON the word (`cluster-ip`, `node-port`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Face {
    /// A Service's ClusterIP ([K23](crate::semantics#k23)).
    ClusterIp,
    /// An external or load balancer's address of a Service ([K26](crate::semantics#k26)).
    Address,
    /// A node's address, on the `nodePort` of a Service.
    NodePort,
    /// A node's address, on the `hostPort` of a pod.
    HostPort,
}

/// As whom a packet comes to its destination ([U9](crate::semantics#u9)), as the profile has it. As JSON:
///
/// ```
/// use netpol_oracle::oracle::{ComesFrom, ProbeEnd, ProbeWho};
/// let n1 = ProbeEnd::new(ProbeWho::Node(Some("n1".into())), Some("192.0.2.7".parse()?));
/// let json = |comes_from| serde_json::to_string(&comes_from).unwrap();
/// assert_eq!(json(ComesFrom::Source), r#""source""#);
/// assert_eq!(json(ComesFrom::AnyNode), r#""any-node""#);
/// assert_eq!(json(ComesFrom::Node(n1)), r#"{"node":{"node":"n1","address":"192.0.2.7"}}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ComesFrom {
    /// As its source.
    #[default]
    Source,
    /// As this node, which it was sent to, by any of the node's addresses of the family.
    Node(ProbeEnd),
    /// As some node, whichever.
    AnyNode,
    /// As its source or as this node: what is definite holds for both.
    SourceOrNode(ProbeEnd),
    /// As its source or as some node: what is definite holds for all.
    SourceOrAnyNode,
}

impl ComesFrom {
    /// Whether it is the source for certain.
    #[must_use]
    pub fn is_source(&self) -> bool {
        *self == Self::Source
    }
}
