//! A case: a small cluster, what it is asked, and the answers.

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use crate::model::change::{Change, ChangeError};
use crate::model::cluster::Cluster;
use crate::model::flow::Flow;
use crate::oracle::case::expected::{Answer, Expected};
use crate::oracle::data_plane::Observed;
use crate::profile::profile::Profile;
use crate::verdict::{Decide, Decision, FlowError, Verdict};

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
/// let case = Case::read("case.json", text)?;
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
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CaseFlow {
    /// The flow. One to a Service is probed by way of each of its backends, unless it names one with `via`.
    pub flow: Flow,
    /// The one backend of a Service that is meant, where it is an address outside the cluster, which `via` cannot name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<IpAddr>,
    /// What is right.
    pub expected: Expected,
    /// What the data plane did when the case was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
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
///
/// ```json
/// {"flow": 0, "expected": {"verdict": "allow"}, "now": {"verdict": "deny", "rows": [], "egress": "allow", "ingress": "deny",
///  "reasons": {"egress": "not-isolated", "ingress": "no-rule"}, "notes": []}}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stale {
    /// Which flow of the case, from 0.
    pub flow: usize,
    /// What the case says.
    pub expected: Expected,
    /// What is said now.
    #[serde(serialize_with = "as_expected")]
    pub now: Result<Answer, FlowError>,
}

/// In the form of what a case expects, an error by its code.
fn as_expected<S: Serializer>(now: &Result<Answer, FlowError>, serializer: S) -> Result<S::Ok, S::Error> {
    match now {
        Ok(answer) => answer.serialize(serializer),
        Err(error) => Expected::Error(error.code()).serialize(serializer),
    }
}

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "flows[{}]: expected {}, now ", self.flow, self.expected)?;
        match &self.now {
            Ok(answer) => write!(f, "{answer}"),
            Err(error) => write!(f, "the error {}: {error}", error.code()),
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
    /// The case cannot be judged: a batch cannot be applied, a backend is none.
    pub fn stale(&self) -> Result<Vec<Stale>, CaseError> {
        let cluster = self.after()?;
        let reference = crate::reference::Reference::new(&cluster, &self.profile);
        self.stale_by(&reference)
    }

    /// The same by another judge, who answers for the cluster after all changes.
    ///
    /// # Errors
    /// A flow means a backend that is none.
    pub fn stale_by(&self, judge: &(impl Decide + ?Sized)) -> Result<Vec<Stale>, CaseError> {
        let mut stale = Vec::new();
        for (index, flow) in self.flows.iter().enumerate() {
            let now = match flow.judged(judge) {
                Ok((_, answer)) => Ok(answer),
                Err(CaseError::Flow { error, .. }) => Err(error),
                Err(other) => return Err(other),
            };
            if !flow.expected.holds(&now) {
                stale.push(Stale { flow: index, expected: flow.expected.clone(), now });
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
        let mut flow = Self::expecting(flow, Expected::Answer(Answer::new(Verdict::Undefined)));
        flow.expected = Expected::Answer(flow.judged(judge)?.1);
        Ok(flow)
    }

    /// The flow with what is right for it.
    #[must_use]
    pub fn expecting(flow: Flow, expected: Expected) -> Self {
        Self { flow, backend: None, expected, observed: None }
    }

    /// What `judge` says of it.
    pub(in crate::oracle) fn judged(&self, judge: &(impl Decide + ?Sized)) -> Result<(Decision, Answer), CaseError> {
        let decision =
            judge.decide(&self.flow).map_err(|error| CaseError::Flow { flow: self.flow.to_string(), error })?;
        match (Answer::of(&decision, self.backend), self.backend) {
            (Some(answer), _) => Ok((decision, answer)),
            (None, Some(backend)) => Err(CaseError::Backend { flow: self.flow.to_string(), backend }),
            // Without a backend there always is an answer; this keeps the match whole.
            (None, None) => {
                let answer = Answer::new(decision.verdict);
                Ok((decision, answer))
            }
        }
    }

    /// Whether a packet can show anything of it: a flow that cannot be judged has none.
    pub(in crate::oracle) fn is_asked(&self) -> bool {
        self.expected.answer().is_some()
    }
}
