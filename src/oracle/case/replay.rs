//! A case held against a data plane.

use std::fmt;

use serde::Serialize;

use super::case::{Case, CaseError, CaseFlow, Stale};
use crate::engine::Engine;
use crate::oracle::check::{Options, check_installed};
use crate::oracle::data_plane::DataPlane;
use crate::oracle::report::{Mismatch, Report};

/// What came of replaying a case. As JSON, with [`Stale`] and [`Report`] as they say:
///
/// ```text
/// {"stale": [STALE], "report": REPORT}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Replay {
    /// Flows whose stated answers are not what the engine says: the case is out of date, or the engine is wrong.
    pub stale: Vec<Stale>,
    /// The data plane against the engine, on the case's flows. Of a flow that names its backend only the probe by way of
    /// that one counts as a mismatch.
    pub report: Report,
}

/// Why a case could not be replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError<E: fmt::Display> {
    /// The case cannot be judged.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The data plane could not be programmed with it.
    #[error("the data plane: {0}")]
    DataPlane(E),
}

impl Replay {
    /// The case is up to date, and the data plane does right by it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.stale.is_empty() && self.report.is_clean()
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stale in &self.stale {
            writeln!(f, "out of date: {stale}")?;
        }
        write!(f, "{}", self.report)
    }
}

impl Case {
    /// Installs the cluster, applies the changes batch by batch, and probes the flows. The data plane is held against the
    /// engine, and the engine against the answers that the case states.
    ///
    /// ```
    /// use netpol_oracle::oracle::{Case, DataPlane, Observed, Outcome, Probe};
    /// use netpol_oracle::{Change, Cluster, Profile};
    ///
    /// /// Delivers everything.
    /// struct Wire;
    ///
    /// impl DataPlane for Wire {
    ///     type Error = std::convert::Infallible;
    ///     fn install(&mut self, _: &Cluster, _: &Profile) -> Result<(), Self::Error> { Ok(()) }
    ///     fn apply(&mut self, _: &[Change], _: &Cluster) -> Result<(), Self::Error> { Ok(()) }
    ///     fn probe(&mut self, _: &Probe) -> Result<Observed, Self::Error> { Ok(Observed::EndToEnd(Outcome::Delivered)) }
    /// }
    ///
    /// let text = r#"{"profile": "kubernetes:1.34", "manifests": [],
    ///   "flows": [{"flow": "192.0.2.1 -> 192.0.2.2:80/tcp", "expected": {"verdict": "allow"}}]}"#;
    /// let case = Case::read("case.json", text)?;
    /// assert!(case.replay(&mut Wire)?.is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The case cannot be judged, or the data plane cannot be programmed. Errors of single probes are in the report.
    pub fn replay<P: DataPlane + ?Sized>(&self, data_plane: &mut P) -> Result<Replay, ReplayError<P::Error>> {
        let engine = self.set_up(data_plane)?;
        let stale = self.stale_by(&engine)?;
        let flows = self.flows.iter().filter(|flow| flow.is_asked()).map(|flow| flow.flow.clone());
        let mut report = check_installed(&engine, data_plane, flows, &Options::default());
        let before = report.mismatches.len();
        report.mismatches.retain(|mismatch| self.flows.iter().any(|flow| flow.is_of(mismatch)));
        report.probes -= before - report.mismatches.len();
        Ok(Replay { stale, report })
    }

    /// Brings engine and data plane to where the flows are asked.
    pub(in crate::oracle) fn set_up<P: DataPlane + ?Sized>(
        &self,
        data_plane: &mut P,
    ) -> Result<Engine, ReplayError<P::Error>> {
        let mut engine = Engine::new(&self.cluster, &self.profile);
        data_plane.install(&self.cluster, &self.profile).map_err(ReplayError::DataPlane)?;
        for (batch, changes) in self.changes.iter().enumerate() {
            engine.apply(changes).map_err(|error| CaseError::Change { batch, error })?;
            data_plane.apply(changes, engine.cluster()).map_err(ReplayError::DataPlane)?;
        }
        Ok(engine)
    }
}

impl CaseFlow {
    /// Whether the mismatch is one of this flow, by way of the backend that is meant.
    pub(in crate::oracle) fn is_of(&self, mismatch: &Mismatch) -> bool {
        let probe = &mismatch.probe;
        let same_backend = self.backend.is_none() || self.backend == probe.outside_backend();
        let (of, asked) = (&probe.flow, &self.flow);
        let same_via = asked.via.is_none() || of.via == asked.via;
        same_backend
            && same_via
            && (&of.source, &of.destination, of.l4) == (&asked.source, &asked.destination, asked.l4)
    }
}
