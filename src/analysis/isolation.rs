//! Whether policies isolate somebody, and where that changes.

use serde::Serialize;

use crate::analysis::search::Ends;
use crate::name::Direction;

/// Whether policies isolate a pod for a direction, and the cluster enforces that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Some policy does ([K1](crate::semantics#k1)).
    Isolated,
    /// None does, or none is enforced ([C1](crate::semantics#c1) to [C3](crate::semantics#c3)).
    Free,
    /// The sources leave open whether one does ([U2](crate::semantics#u2), [U7](crate::semantics#u7)).
    #[serde(rename = "undefined")]
    Open,
}

impl Isolation {
    /// Of what is one way, or the other, or not known.
    pub(super) fn of(isolated: Option<bool>) -> Self {
        match isolated {
            Some(true) => Self::Isolated,
            Some(false) => Self::Free,
            None => Self::Open,
        }
    }
}

/// Pods or workloads gain or lose their isolation ([K1](crate::semantics#k1)). As JSON:
///
/// ```json
/// {"ends": {"pods": ["default/db"]}, "direction": "ingress", "before": "free", "after": "isolated"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct IsolationChange {
    /// Who.
    pub ends: Ends,
    /// In which direction.
    pub direction: Direction,
    /// What they were.
    pub before: Isolation,
    /// What becomes of them.
    pub after: Isolation,
}
