//! A case: a small cluster, what it is asked, and the answers.

use std::net::IpAddr;

use crate::model::change::{Change, ChangeError};
use crate::model::cluster::Cluster;
use crate::model::flow::Flow;
use crate::oracle::data_plane::Observed;
use crate::profile::profile::Profile;
use crate::profile::row::Rows;
use crate::verdict::{Backend, Decide, Decision, FlowError, Judged, Sides, Verdict};

/// A cluster, what becomes of it, and flows with the answers to them: all that a data plane needs to show, or to show no
/// more, what it once did wrong.
///
/// As a file it is one YAML or JSON document; `schema/case.schema.json` describes it for other languages.
///
/// ```
/// use netpol_oracle::oracle::Case;
/// let text = r#"{
///   "name": "deny-all", "profile": {"model": "kubernetes"},
///   "manifests": [
///     {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "status": {"podIP": "10.0.0.1"}},
///     {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}, "status": {"podIP": "10.0.0.2"}}
///   ],
///   "changes": [[{"put": {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
///                         "metadata": {"name": "none"}, "spec": {"podSelector": {}}}}]],
///   "flows": [{"flow": "default/a -> default/b:80/tcp", "expected": {"verdict": "deny"}}]
/// }"#;
/// let case = Case::read("case.json", text).map_err(|faults| faults[0].to_string())?;
/// assert_eq!(case.after()?.policies().len(), 1);
/// assert_eq!(case.stale()?, []);
/// assert_eq!(Case::read("case.json", case.write()), Ok(case));
///
/// let faults = Case::read("case.json", text.replace(":80/tcp", ":80")).unwrap_err();
/// assert_eq!(
///     faults[0].to_string(),
///     "case.json:9 (document 0): error[NP004]: flows[0].flow: column 26: port without a protocol; write `/tcp`, \
///      `/udp` or `/sctp` after it"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Case {
    /// What it is called: in kebab-case, to be told by in reports.
    pub name: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// What the cluster enforces.
    pub profile: Profile,
    /// The cluster that the data plane is installed with.
    pub cluster: Cluster,
    /// What is applied afterwards: batch after batch, each all at once.
    pub changes: Vec<Vec<Change>>,
    /// What is asked after the last batch.
    pub flows: Vec<CaseFlow>,
}

/// A flow of a case.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CaseFlow {
    /// The flow. One to a Service is probed by way of each of its backends, unless it names one with `via`.
    pub flow: Flow,
    /// The one backend of a Service that is meant, where it is an address outside the cluster, which `via` cannot name.
    pub backend: Option<IpAddr>,
    /// What is right.
    pub expected: Expected,
    /// What the data plane did when the case was found.
    pub observed: Option<Observed>,
}

/// The answer to a flow of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expected {
    /// End to end.
    pub verdict: Verdict,
    /// The rows it hangs on; `None`: not looked at.
    pub rows: Option<Rows>,
    /// Of the source's side; `None`: not looked at. A Service that several backends serve has no sides.
    pub egress: Option<Verdict>,
    /// Of the destination's side.
    pub ingress: Option<Verdict>,
}

/// A case that cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// A batch removes what is not there.
    #[error("changes[{batch}]: {error}")]
    Change {
        /// The batch, from 0.
        batch: usize,
        /// What is not there.
        error: ChangeError,
    },
    /// A flow cannot be judged.
    #[error("flow `{flow}`: {error}")]
    Flow {
        /// The flow.
        flow: String,
        /// Why.
        error: FlowError,
    },
    /// The backend that the flow goes by way of is none.
    #[error("flow `{flow}`: `{backend}` is not among the backends")]
    Backend {
        /// The flow.
        flow: String,
        /// The address that the case names.
        backend: IpAddr,
    },
}

/// A flow of a case whose stated answer is not what is said of it now.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stale {
    /// Which flow of the case, from 0.
    pub flow: usize,
    /// What the case says.
    pub expected: Expected,
    /// What is said now.
    pub now: Expected,
}

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "flows[{}]: expected {}, now {}", self.flow, self.expected, self.now)
    }
}

impl Expected {
    /// What `decision` says; of one backend where `backend` names it.
    ///
    /// None where `backend` is not among those of the decision.
    #[must_use]
    pub fn of(decision: &Decision, backend: Option<IpAddr>) -> Option<Self> {
        let with = |verdict, rows, sides: Option<&Sides>| Self {
            verdict,
            rows: Some(rows),
            egress: sides.map(|sides| sides.egress.verdict),
            ingress: sides.map(|sides| sides.ingress.verdict),
        };
        match (&decision.judged, backend) {
            (Judged::Sides(sides), None) => Some(with(decision.verdict, decision.rows, Some(sides))),
            (Judged::Sides(_), Some(_)) => None,
            (Judged::Backends(backends), None) => match backends.as_slice() {
                [one] => Some(with(one.verdict, one.rows, Some(&one.sides))),
                _ => Some(with(decision.verdict, decision.rows, None)),
            },
            (Judged::Backends(backends), Some(address)) => {
                let meant = backends.iter().find(|each| each.backend == Backend::Address(address))?;
                Some(with(meant.verdict, meant.rows, Some(&meant.sides)))
            }
        }
    }

    /// Whether `now` says the same wherever this says something.
    fn holds(&self, now: &Self) -> bool {
        fn fits<T: PartialEq>(stated: Option<T>, now: Option<T>) -> bool {
            stated.is_none() || stated == now
        }
        self.verdict == now.verdict
            && fits(self.rows, now.rows)
            && fits(self.egress, now.egress)
            && fits(self.ingress, now.ingress)
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.verdict)?;
        if let Some(rows) = self.rows.filter(|rows| !rows.is_empty()) {
            write!(f, " ({rows})")?;
        }
        match (self.egress, self.ingress) {
            (Some(egress), Some(ingress)) => write!(f, " (egress {egress}, ingress {ingress})"),
            (Some(side), None) => write!(f, " (egress {side})"),
            (None, Some(side)) => write!(f, " (ingress {side})"),
            (None, None) => Ok(()),
        }
    }
}

impl Case {
    /// A case of nothing but a cluster.
    #[must_use]
    pub fn new(cluster: Cluster, profile: Profile) -> Self {
        Self { name: None, source: None, profile, cluster, changes: Vec::new(), flows: Vec::new() }
    }

    /// The cluster after all changes.
    ///
    /// # Errors
    /// A batch removes what is not there.
    pub fn after(&self) -> Result<Cluster, CaseError> {
        let mut cluster = self.cluster.clone();
        for (batch, changes) in self.changes.iter().enumerate() {
            cluster.apply(changes).map_err(|error| CaseError::Change { batch, error })?;
        }
        Ok(cluster)
    }

    /// The flows whose stated answers are not what the definition says: none of a case that is up to date.
    ///
    /// # Errors
    /// The case cannot be judged.
    pub fn stale(&self) -> Result<Vec<Stale>, CaseError> {
        let cluster = self.after()?;
        let reference = crate::reference::Reference::new(&cluster, &self.profile);
        self.stale_by(&reference)
    }

    pub(in crate::oracle) fn stale_by(&self, judge: &impl Decide) -> Result<Vec<Stale>, CaseError> {
        let mut stale = Vec::new();
        for (index, flow) in self.flows.iter().enumerate() {
            let now = flow.judged(judge)?.1;
            if !flow.expected.holds(&now) {
                stale.push(Stale { flow: index, expected: flow.expected, now });
            }
        }
        Ok(stale)
    }
}

impl CaseFlow {
    /// The flow with what `judge` says of it.
    ///
    /// # Errors
    /// The flow cannot be judged.
    pub fn new(flow: Flow, judge: &impl Decide) -> Result<Self, CaseError> {
        let unasked = Expected { verdict: Verdict::Undefined, rows: None, egress: None, ingress: None };
        let flow = Self { flow, backend: None, expected: unasked, observed: None };
        let expected = flow.judged(judge)?.1;
        Ok(Self { expected, ..flow })
    }

    /// What `judge` says of it.
    pub(in crate::oracle) fn judged(&self, judge: &impl Decide) -> Result<(Decision, Expected), CaseError> {
        let decision =
            judge.decide(&self.flow).map_err(|error| CaseError::Flow { flow: self.flow.to_string(), error })?;
        match (Expected::of(&decision, self.backend), self.backend) {
            (Some(expected), _) => Ok((decision, expected)),
            (None, Some(backend)) => Err(CaseError::Backend { flow: self.flow.to_string(), backend }),
            // Without a backend there always is an answer; this keeps the match whole.
            (None, None) => Ok((decision, self.expected)),
        }
    }
}
