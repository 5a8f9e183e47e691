//! Why no change of policies gives a flow the verdict that is wanted.

use std::fmt;

use crate::name::Direction;
use crate::profile::{Row, Rows};
use crate::verdict::{Decision, FlowError, Judged, Reason, Sides, Verdict};

/// Why no change of policies gives a flow the verdict that is wanted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Irreparable {
    /// The flow cannot be judged.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// It has the verdict already.
    #[error("the verdict is `{0}` already")]
    Already(Verdict),
    /// Nobody can want what the sources do not say.
    #[error("`undefined` is what the sources do not say: no policy makes it so")]
    Undefined,
    /// What no policy limits cannot be denied: of each side, why.
    #[error("no policy can deny this: {}", sides(.0))]
    Unlimited(Vec<(Direction, Unlimited)>),
    /// These rows leave it open, and none of the changes that were tried settles it.
    #[error("left open by {}, and none of the changes that were tried settles it", joined(*.0))]
    Open(Rows),
    /// None of the changes that were tried gives the verdict; others may.
    #[error("none of the changes that were tried gives the verdict")]
    NotFound,
}

/// Why no policy limits a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Unlimited {
    /// The end is no pod that policies isolate: a node, a hostNetwork pod, an address outside ([K17](crate::semantics#k17),
    /// [K24](crate::semantics#k24)).
    NoSubject,
    /// The pod reaches itself ([K19](crate::semantics#k19)).
    Hairpin,
    /// The cluster does not enforce the side.
    NotEnforced(Row),
    /// The pod's own node ([K18](crate::semantics#k18)).
    OwnNode,
    /// An address of 100.125.0.0/16 that the cluster cannot limit ([C11](crate::semantics#c11)).
    ExemptRange,
    /// A protocol that the cluster does not filter ([U1](crate::semantics#u1)).
    Unfiltered,
}

impl Unlimited {
    fn of(reason: &Reason) -> Option<Self> {
        Some(match reason {
            Reason::NoSubject => Self::NoSubject,
            Reason::Hairpin => Self::Hairpin,
            Reason::NotEnforced { row } => Self::NotEnforced(*row),
            Reason::OwnNode => Self::OwnNode,
            Reason::ExemptRange => Self::ExemptRange,
            Reason::Unfiltered => Self::Unfiltered,
            Reason::NotIsolated | Reason::Rule { .. } | Reason::NoRule { .. } | Reason::Open { .. } => return None,
        })
    }
}

impl fmt::Display for Unlimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSubject => f.write_str("the end is no pod that policies isolate (K17, K24)"),
            Self::Hairpin => f.write_str("the pod reaches itself (K19)"),
            Self::NotEnforced(row) => write!(f, "the cluster does not enforce it ({row})"),
            Self::OwnNode => f.write_str("the other end is the pod's own node (K18)"),
            Self::ExemptRange => f.write_str("the cluster cannot limit 100.125.0.0/16 (C11)"),
            Self::Unfiltered => f.write_str("the cluster does not filter the protocol (U1)"),
        }
    }
}

fn sides(sides: &[(Direction, Unlimited)]) -> String {
    sides.iter().map(|(direction, why)| format!("{direction}: {why}")).collect::<Vec<_>>().join("; ")
}

fn joined(rows: Rows) -> String {
    rows.iter().map(|row| row.to_string()).collect::<Vec<_>>().join(" and ")
}

impl Irreparable {
    /// Why nothing was found for this answer.
    pub(super) fn of(decision: &Decision, wanted: Verdict) -> Self {
        if let Some(unlimited) = Self::unlimited(decision, wanted) {
            return unlimited;
        }
        let open = ways(decision).into_iter().flat_map(|sides| [&sides.egress, &sides.ingress]).find_map(|side| {
            match &side.reason {
                Reason::Open { rows, .. } => Some(*rows),
                _ => None,
            }
        });
        open.map_or(Self::NotFound, Self::Open)
    }

    /// Whether no policy limits some way: one is enough.
    pub(super) fn unlimited(decision: &Decision, wanted: Verdict) -> Option<Self> {
        let of_way = |sides: &Sides| {
            let of = |direction| Some((direction, Unlimited::of(&sides.of(direction).reason)?));
            Some(vec![of(Direction::Egress)?, of(Direction::Ingress)?])
        };
        let unlimited = ways(decision).into_iter().find_map(of_way).map(Self::Unlimited);
        unlimited.filter(|_| wanted == Verdict::Deny)
    }
}

fn ways(decision: &Decision) -> Vec<&Sides> {
    match &decision.judged {
        Judged::Sides(sides) => vec![sides],
        Judged::Backends(backends) => backends.iter().map(|backend| &backend.sides).collect(),
    }
}
