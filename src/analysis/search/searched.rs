//! What is searched: one snapshot, or two together.

use crate::analysis::search::fronts::{Front, NodePorts, Sorts, fronts, node_ports};
use crate::engine::Snapshot;
use crate::net::{PortCuts, PortInterval};
use crate::partition::Ground;

/// Searches one snapshot, or two together.
#[derive(Debug)]
pub(in crate::analysis) struct Search<A> {
    pub(in crate::analysis) ground: Ground,
    pub(in crate::analysis) judge: A,
    pub(super) node_ports: NodePorts,
    pub(super) fronts: Vec<Front>,
    pub(super) sorts: Sorts,
}

impl<A> Search<A> {
    pub(in crate::analysis) fn new(snapshots: &[&Snapshot], judge: A) -> Self {
        let ground = Ground::new(snapshots);
        let node_ports = node_ports(&ground);
        let fronts = fronts(&ground, &node_ports);
        Self { judge, node_ports, fronts, sorts: Sorts::new(&ground), ground }
    }

    /// What a host says at its own ports is not said where it leads elsewhere.
    pub(super) fn apart_from_node_ports(&self, cuts: &mut PortCuts) {
        self.node_ports.iter().for_each(|(protocol, port)| cuts.apart(PortInterval::one(*protocol, *port)));
    }
}
