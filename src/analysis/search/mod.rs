//! The search that analyses have in common: what there is to tell of each pair of ends, on each port, of one snapshot or of two.
//!
//! A verdict is what two sides say. What a side says is asked once for all whom the same policies isolate and all whom these see
//! alike ([`Subjects`](crate::partition::Subjects)), and what two sides say together once for all pairs that say it
//! ([courses]).

mod ask;
mod courses;
mod ends;
mod fold;
mod fronts;
mod hosts;
mod lines;
mod outside;
mod pods;
mod ports;
mod run;
mod selection;
mod sets;
mod through;

use crate::analysis::search::fronts::{Front, NodePorts, fronts, node_ports};
use crate::analysis::search::run::Run;
use crate::engine::Snapshot;
use crate::net::{PortCuts, PortInterval};
use crate::partition::Ground;

pub(super) use ask::{Ask, Pair, Said};
pub use ends::Ends;
pub use fold::Detail;
pub(super) use fold::Folding;
pub(super) use lines::Told;
pub use ports::Ports;
pub(super) use selection::Selection;

/// Searches one snapshot, or two together.
#[derive(Debug)]
pub(super) struct Search<A> {
    pub(super) ground: Ground,
    judge: A,
    node_ports: NodePorts,
    fronts: Vec<Front>,
}

impl<A: Ask> Search<A> {
    pub(super) fn new(snapshots: &[&Snapshot], judge: A) -> Self {
        let ground = Ground::new(snapshots);
        let node_ports = node_ports(&ground);
        let fronts = fronts(&ground, &node_ports);
        Self { judge, node_ports, fronts, ground }
    }

    /// What a host says at its own ports is not said where it leads elsewhere.
    fn apart_from_node_ports(&self, cuts: &mut PortCuts) {
        self.node_ports.iter().for_each(|(protocol, port)| cuts.apart(PortInterval::one(*protocol, *port)));
    }

    /// All that there is to tell of some ends: what goes to the same ends on the same ports with the same outcome is one.
    pub(super) fn told(&self, folding: &Folding, detail: Detail, from: &Selection, to: &Selection) -> Vec<Told<A::Outcome>> {
        let mut run = Run::new(self, from, to);
        run.between_pods();
        run.from_hosts();
        run.to_hosts();
        run.to_outside();
        run.from_outside();
        run.through_fronts();
        run.told(folding, detail)
    }
}
