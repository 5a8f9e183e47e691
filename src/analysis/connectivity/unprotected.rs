//! Whom no policy protects.

use serde::Serialize;

use crate::analysis::isolation::Isolation;
use crate::analysis::search::Ends;
use crate::profile::Rows;

/// Pods or workloads that policies do not isolate in both directions. As JSON:
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
    pub ingress: Isolation,
    /// And as sources.
    pub egress: Isolation,
    /// The rows that either hangs on.
    pub rows: Rows,
}
