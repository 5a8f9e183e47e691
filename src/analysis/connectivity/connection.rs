//! A connection between ends, and how it is written.

use std::cmp::Ordering;

use serde::Serialize;

use crate::analysis::search::{Ends, Ports};
use crate::profile::Rows;
use crate::verdict::Verdict;

/// Every source may open connections to every destination on every port named; but a pod to itself is never meant
/// ([K19](crate::semantics#k19)). What is denied is none.
///
/// ```json
/// {"source": {"workload": "default/deployment/web"}, "destination": {"service": "default/db"}, "ports": ["6379/tcp"],
///  "verdict": "undefined", "rows": ["U5"]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Connection {
    /// Who opens them.
    pub source: Ends,
    /// Where to.
    pub destination: Ends,
    /// On which ports.
    pub ports: Ports,
    /// Allow or Undefined.
    pub verdict: Verdict,
    /// The rows that it hangs on.
    pub rows: Rows,
}

impl Connection {
    /// By source and destination, what is allowed first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let key = |each: &Self| (each.verdict == Verdict::Undefined, each.rows);
        let ends = self.source.cmp(&other.source).then_with(|| self.destination.cmp(&other.destination));
        ends.then_with(|| key(self).cmp(&key(other))).then_with(|| self.ports.cmp(&other.ports))
    }
}
