//! What is searched: one snapshot, or two together.

use std::sync::Arc;

use crate::analysis::search::fronts::{Front, NodePorts, Sorts, fronts, node_ports};
use crate::engine::Snapshot;
use crate::net::{PortCuts, PortInterval};
use crate::partition::Ground;

/// Searches one snapshot, or two together.
#[derive(Debug)]
pub(in crate::analysis) struct Search<A> {
    pub(in crate::analysis) ground: Ground,
    pub(in crate::analysis) judge: A,
    pub(super) node_ports: Arc<NodePorts>,
    pub(super) fronts: Arc<Vec<Front>>,
    pub(super) sorts: Arc<Sorts>,
}

impl<A> Search<A> {
    pub(in crate::analysis) fn new(snapshots: &[&Snapshot], judge: A) -> Self {
        let ground = Ground::new(snapshots);
        let node_ports = node_ports(&ground);
        let fronts = Arc::new(fronts(&ground, &node_ports));
        let sorts = Arc::new(Sorts::new(&ground));
        Self { judge, node_ports: Arc::new(node_ports), fronts, sorts, ground }
    }

    /// Searches this one's snapshot together with one that came of it by changes of policies. None where more has changed.
    pub(in crate::analysis) fn and_after<B>(&self, after: &Snapshot, judge: B) -> Option<Search<B>> {
        Some(self.on(self.ground.and_after(after)?, judge))
    }

    /// Searches such a snapshot alone.
    pub(in crate::analysis) fn at<B>(&self, snapshot: &Snapshot, judge: B) -> Option<Search<B>> {
        Some(self.on(self.ground.and_after(snapshot)?.without_first(), judge))
    }

    /// On a ground that came of this one's.
    fn on<B>(&self, ground: Ground, judge: B) -> Search<B> {
        let (fronts, sorts) = if ground.groups.len() == self.ground.groups.len() {
            (self.fronts.clone(), self.sorts.clone())
        } else {
            let fronts = self.fronts.iter().map(|front| front.regrouped(&ground)).collect();
            (Arc::new(fronts), Arc::new(Sorts::new(&ground)))
        };
        Search { judge, node_ports: self.node_ports.clone(), fronts, sorts, ground }
    }

    /// What a host says at its own ports is not said where it leads elsewhere.
    pub(super) fn apart_from_node_ports(&self, cuts: &mut PortCuts) {
        self.node_ports.iter().for_each(|(protocol, port)| cuts.apart(PortInterval::one(*protocol, *port)));
    }
}
