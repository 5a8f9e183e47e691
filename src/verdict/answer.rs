//! The answer: verdict, the rows it hangs on, and per side the reason.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::flow::{Flow, L4};
use crate::name::{Direction, ObjectName};
use crate::profile::row::{Row, Rows};
use crate::verdict::backend::Backend;
use crate::verdict::flow_error::FlowError;
use crate::verdict::note::Note;

/// May the flow pass?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It passes.
    Allow,
    /// It is dropped.
    Deny,
    /// The sources do not say, so a data plane cannot be wrong about it.
    Undefined,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Undefined => "undefined",
        })
    }
}

/// Whoever answers "is this flow allowed": the reference and every engine.
///
/// ```
/// use netpol_oracle::profile::Rows;
/// use netpol_oracle::verdict::{Judged, Reason, Side, Sides};
/// use netpol_oracle::{Decide, Decision, Flow, FlowError, Verdict};
///
/// /// A cluster without policies.
/// struct Open;
///
/// impl Decide for Open {
///     fn decide(&self, flow: &Flow) -> Result<Decision, FlowError> {
///         let side = || Side::new(Verdict::Allow, Reason::NotIsolated);
///         let judged = Judged::Sides(Sides::new(side(), side()));
///         Ok(Decision::new(flow.clone(), Verdict::Allow, Rows::default(), judged))
///     }
/// }
///
/// let decision = Open.decide(&"192.0.2.1 -> default/db icmp".parse()?)?;
/// assert_eq!(
///     serde_json::to_string(&decision)?,
///     r#"{"flow":"192.0.2.1 -> default/db icmp","verdict":"allow","rows":[],"#.to_owned()
///         + r#""egress":{"verdict":"allow","reason":{"code":"not-isolated"}},"#
///         + r#""ingress":{"verdict":"allow","reason":{"code":"not-isolated"}},"notes":[]}"#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Decide {
    /// The full answer.
    ///
    /// # Errors
    /// The flow names something that is not there or cannot be judged: [`FlowError`] says what.
    fn decide(&self, flow: &Flow) -> Result<Decision, FlowError>;
}

/// The full answer to one flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// The question.
    pub flow: Flow,
    /// The verdict, end to end.
    pub verdict: Verdict,
    /// The rows it hangs on ([SEMANTICS section 1](crate::semantics#section-1), "Rows named").
    pub rows: Rows,
    /// The sides, or those of each backend.
    #[serde(flatten)]
    pub judged: Judged,
    /// What the answer may hang on and was not given ([K28](crate::semantics#k28)).
    pub notes: Vec<Note>,
}

impl Decision {
    /// An answer.
    #[must_use]
    pub fn new(flow: Flow, verdict: Verdict, rows: Rows, judged: Judged) -> Self {
        Self { flow, verdict, rows, judged, notes: Vec::new() }
    }
}

/// What was judged: the flow itself, or each backend of its Service ([K23](crate::semantics#k23)).
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    /// The flow's two sides.
    Sides(Sides),
    /// One entry a backend, in the order of their names, and one for each of the ports on which one is reached.
    Backends(Vec<BackendDecision>),
}

impl Serialize for Judged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Backends<'a> {
            #[serde(serialize_with = "by_name")]
            backends: &'a [BackendDecision],
        }
        fn by_name<S: Serializer>(backends: &&[BackendDecision], serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(backends.iter().map(|decision| (decision.key(backends), decision)))
        }
        match self {
            Self::Sides(sides) => sides.serialize(serializer),
            Self::Backends(backends) => Backends { backends }.serialize(serializer),
        }
    }
}

/// The answer for one backend of a Service ([K23](crate::semantics#k23)).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BackendDecision {
    /// The backend.
    #[serde(skip)]
    pub backend: Backend,
    /// What comes to it: the flow's protocol, and its own port.
    #[serde(flatten)]
    pub l4: L4,
    /// The verdict by way of it.
    pub verdict: Verdict,
    /// The rows that verdict hangs on.
    pub rows: Rows,
    /// Its sides.
    #[serde(flatten)]
    pub sides: Sides,
}

impl BackendDecision {
    /// By its backend; of one that is reached on several ports, by the port too: `default/web-0:8080/tcp`.
    fn key(&self, all: &[Self]) -> String {
        let is_alone = all.iter().filter(|other| other.backend == self.backend).count() == 1;
        match self.l4 {
            L4::Port(protocol, port) if !is_alone => {
                format!("{}:{port}/{}", self.backend, protocol.to_string().to_ascii_lowercase())
            }
            _ => self.backend.to_string(),
        }
    }

    /// The answer by way of `backend`, whom the connection reaches on `l4`.
    #[must_use]
    pub fn new(backend: Backend, l4: L4, verdict: Verdict, rows: Rows, sides: Sides) -> Self {
        Self { backend, l4, verdict, rows, sides }
    }
}

/// The two sides of a flow: both must pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sides {
    /// Egress of the source.
    pub egress: Side,
    /// Ingress of the destination.
    pub ingress: Side,
}

impl Sides {
    /// The two.
    #[must_use]
    pub fn new(egress: Side, ingress: Side) -> Self {
        Self { egress, ingress }
    }

    /// The side of `direction`.
    #[must_use]
    pub fn of(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        }
    }
}

/// One side's verdict and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Side {
    /// What this side alone says.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

impl Side {
    /// A verdict, and why.
    #[must_use]
    pub fn new(verdict: Verdict, reason: Reason) -> Self {
        Self { verdict, reason }
    }
}

/// A rule of a policy, as written: `default/db ingress[0]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct RuleRef {
    /// The policy.
    pub policy: ObjectName,
    /// Its list.
    pub direction: Direction,
    /// The place in that list, from 0.
    pub rule: usize,
}

impl RuleRef {
    /// The rule at the place `rule` (from 0) of a list of `policy`.
    #[must_use]
    pub fn new(policy: ObjectName, direction: Direction, rule: usize) -> Self {
        Self { policy, direction, rule }
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}[{}]", self.policy, self.direction, self.rule)
    }
}

/// A rule of which one half matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct NearMiss {
    /// The rule.
    #[serde(flatten)]
    pub rule: RuleRef,
    /// The half that did not match.
    pub failed: Failed,
}

impl NearMiss {
    /// The rule, but for that half.
    #[must_use]
    pub fn new(rule: RuleRef, failed: Failed) -> Self {
        Self { rule, failed }
    }
}

/// Which half of a rule failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Failed {
    /// A port matched, no peer did.
    Peer,
    /// A peer matched, no port did.
    Port,
}

/// Why a side answers as it does: the first that applies, in the order of
/// [SEMANTICS section 1](crate::semantics#section-1).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// This end is no pod that policies isolate: a node, a hostNetwork pod, an external address
    /// ([K17](crate::semantics#k17), [K24](crate::semantics#k24)).
    NoSubject,
    /// The pod reaches itself ([K19](crate::semantics#k19); through a Service: [U4](crate::semantics#u4)).
    Hairpin,
    /// The cluster does not enforce this side: [C1](crate::semantics#c1), [C2](crate::semantics#c2),
    /// [C3](crate::semantics#c3) or [C7](crate::semantics#c7).
    NotEnforced {
        /// Which of them.
        row: Row,
    },
    /// No policy isolates the pod for this direction ([K1](crate::semantics#k1)).
    NotIsolated,
    /// The pod's own node ([K18](crate::semantics#k18), [C13](crate::semantics#c13); egress: [U3](crate::semantics#u3)
    /// exempt).
    OwnNode,
    /// An address of 100.125.0.0/16 that the cluster cannot limit ([C11](crate::semantics#c11)).
    ExemptRange,
    /// A protocol that the cluster does not filter ([U1](crate::semantics#u1)).
    Unfiltered,
    /// Rules admit the flow ([K2](crate::semantics#k2)).
    Rule {
        /// Every rule that does, in the order of policies.
        admitted_by: Vec<RuleRef>,
    },
    /// Policies isolate the pod and none of their rules admits the flow ([K1](crate::semantics#k1)).
    NoRule {
        /// The policies, under whatever reading of its labels ([U7](crate::semantics#u7)).
        isolated_by: Vec<ObjectName>,
        /// Rules of which one half matched.
        near: Vec<NearMiss>,
    },
    /// The sources do not say.
    Open {
        /// The rows that leave it open.
        rows: Rows,
        /// The policies that isolate the pod, under whatever reading of its labels ([U7](crate::semantics#u7)).
        isolated_by: Vec<ObjectName>,
        /// Rules of which one half matched.
        near: Vec<NearMiss>,
    },
}

impl Reason {
    /// Every [code](Self::code).
    pub(crate) const CODES: &[&'static str] = &[
        "no-subject",
        "hairpin",
        "not-enforced",
        "not-isolated",
        "own-node",
        "exempt-range",
        "unfiltered",
        "rule",
        "no-rule",
        "open",
    ];

    /// The stable word for it, as the corpus and JSON write it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSubject => "no-subject",
            Self::Hairpin => "hairpin",
            Self::NotEnforced { .. } => "not-enforced",
            Self::NotIsolated => "not-isolated",
            Self::OwnNode => "own-node",
            Self::ExemptRange => "exempt-range",
            Self::Unfiltered => "unfiltered",
            Self::Rule { .. } => "rule",
            Self::NoRule { .. } => "no-rule",
            Self::Open { .. } => "open",
        }
    }
}
