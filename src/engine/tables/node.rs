//! Nodes.

use std::sync::Arc;

use crate::engine::ids::SlotIx;
use crate::model::cluster::Node;

/// A node, or what pods say of one.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct NodeEntry {
    pub(in crate::engine) name: Arc<str>,
    pub(in crate::engine) node: Option<Arc<Node>>,
    /// Slots of the pods that name it, finished ones too.
    pub(in crate::engine) pods: Vec<SlotIx>,
    /// Slots of those among the pods whose hostPorts are faces of theirs (K26).
    pub(in crate::engine) host_ports: Vec<SlotIx>,
    /// Slots of the workloads that name it.
    pub(in crate::engine) workloads: Vec<SlotIx>,
}
