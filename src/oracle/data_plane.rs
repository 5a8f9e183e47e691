//! What the oracle asks of a data plane.

use crate::model::change::Change;
use crate::model::cluster::Cluster;
use crate::oracle::probe::Probe;
use crate::profile::profile::Profile;

/// Something that enforces policies, to be compared with the engine.
///
/// A data plane compiles policies in its own way: it is given the objects, never the engine's answers.
pub trait DataPlane {
    /// What can go wrong with the data plane itself: reported apart from what it enforces.
    type Error: std::fmt::Display;

    /// Enforces the policies of `cluster` and nothing that was installed before.
    ///
    /// # Errors
    /// The data plane cannot be programmed.
    fn install(&mut self, cluster: &Cluster, profile: &Profile) -> Result<(), Self::Error>;

    /// Follows `changes`; `cluster` is the state after them. Installing anew does, but then updates are not tested.
    ///
    /// # Errors
    /// The data plane cannot be programmed.
    fn apply(&mut self, changes: &[Change], cluster: &Cluster) -> Result<(), Self::Error>;

    /// Sends the first packet of a connection and looks what becomes of it.
    ///
    /// # Errors
    /// The packet could not be sent or what became of it not be learnt.
    fn probe(&mut self, probe: &Probe) -> Result<Observed, Self::Error>;
}

/// What became of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Observed {
    /// Seen end to end: compared with the verdict.
    EndToEnd(Outcome),
    /// Seen at each side: compared with the verdict of each.
    Sides {
        /// At the source.
        egress: Outcome,
        /// At the destination.
        ingress: Outcome,
    },
    /// This data plane cannot see such a flow, and why: counted, not compared.
    NotObservable(String),
}

/// Whether a packet arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It arrived.
    Delivered,
    /// It did not.
    Dropped,
}
