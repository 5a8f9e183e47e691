//! What is searched: one snapshot, or two together.

use std::sync::Arc;

use crate::analysis::search::fronts::{Front, NodePorts, Sorts, fronts, node_ports};
use crate::engine::Snapshot;
use crate::net::{PortCuts, PortInterval};
use crate::partition::{Between, Ground, Leads, Roster};

/// Searches one snapshot, or two together.
#[derive(Debug)]
pub(in crate::analysis) struct Search<A> {
    pub(in crate::analysis) ground: Ground,
    pub(in crate::analysis) judge: A,
    pub(super) node_ports: Arc<NodePorts>,
    pub(super) fronts: Vec<Front>,
    pub(super) sorts: Sorts,
}

impl<A> Search<A> {
    pub(in crate::analysis) fn new(snapshots: &[&Snapshot], judge: A) -> Self {
        let ground = Ground::new(snapshots);
        let node_ports = node_ports(&ground);
        let (fronts, sorts) = (fronts(&ground, &node_ports), Sorts::new(&ground));
        Self { judge, node_ports: Arc::new(node_ports), fronts, sorts, ground }
    }

    /// Who is of which class, for those who hold changes of policies against this one's snapshot.
    pub(in crate::analysis) fn roster(&self) -> Roster {
        Roster::new(&self.ground, &self.leads())
    }

    fn leads(&self) -> Vec<Leads<'_>> {
        self.fronts.iter().map(|front| front.leads()).collect()
    }

    /// Searches two snapshots together that came of this one's by changes of policies. None where more has changed.
    pub(in crate::analysis) fn between<B>(
        &self,
        roster: &Roster,
        snapshots: [&Snapshot; 2],
        judge: B,
    ) -> Option<Search<B>> {
        let Between { ground, fronts } = self.ground.between(roster, snapshots, &self.leads())?;
        // Who is no end of the cluster is not among those whom anybody was asked about.
        let is_met = |at: &usize, front: &Front| front.has_others || fronts.binary_search(at).is_ok();
        let fronts = self.fronts.iter().enumerate().filter(|(at, front)| is_met(at, front));
        let fronts = fronts.map(|(_, front)| front.regrouped(&ground)).collect();
        let sorts = Sorts::new(&ground);
        Some(Search { judge, node_ports: self.node_ports.clone(), fronts, sorts, ground })
    }

    /// What a host says at its own ports is not said where it leads elsewhere.
    pub(super) fn apart_from_node_ports(&self, cuts: &mut PortCuts) {
        self.node_ports.iter().for_each(|(protocol, port)| cuts.apart(PortInterval::one(*protocol, *port)));
    }
}
