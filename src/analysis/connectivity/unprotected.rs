//! Whom no policy protects.

use serde::{Serialize, Serializer};

use crate::analysis::changes::Isolation;
use crate::analysis::search::Ends;
use crate::profile::Rows;

/// Pods or workloads that policies do not isolate in both directions. As JSON, where `undefined` is [`Isolation::Open`]:
///
/// ```json
/// {"ends": {"workload": "default/deployment/web"}, "ingress": "free", "egress": "undefined", "rows": ["U7"]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unprotected {
    /// Who.
    pub ends: Ends,
    /// Whether policies isolate them as destinations.
    #[serde(serialize_with = "word")]
    pub ingress: Isolation,
    /// And as sources.
    #[serde(serialize_with = "word")]
    pub egress: Isolation,
    /// The rows that either hangs on.
    pub rows: Rows,
}

fn word<S: Serializer>(isolation: &Isolation, serializer: S) -> Result<S::Ok, S::Error> {
    match isolation {
        Isolation::Open => serializer.serialize_str("undefined"),
        Isolation::Isolated | Isolation::Free => isolation.serialize(serializer),
    }
}
