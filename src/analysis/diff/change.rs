//! A connection that changes.

use std::cmp::Ordering;

use serde::Serialize;

use crate::analysis::search::{Ends, Ports};
use crate::model::flow::Flow;
use crate::verdict::Verdict;

/// Connections from every source to every destination, on every port named, get another verdict; but a pod's to itself are never
/// meant ([K19](crate::semantics#k19)).
///
/// ```json
/// {"source": {"workload": "default/deployment/web"}, "destination": {"service": "default/db"}, "ports": ["6379/tcp"],
///  "before": "deny", "after": "allow", "witness": "default/web-0 -> svc/default/db:6379/tcp"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectionChange {
    /// Who opens them.
    pub source: Ends,
    /// Where to.
    pub destination: Ends,
    /// On which ports.
    pub ports: Ports,
    /// The verdict before; Deny too where there was nothing to judge.
    pub before: Verdict,
    /// And after.
    pub after: Verdict,
    /// One of them.
    pub witness: Flow,
}

impl ConnectionChange {
    /// By source and destination.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let ends = self.source.cmp(&other.source).then_with(|| self.destination.cmp(&other.destination));
        let verdicts = |each: &Self| (each.before, each.after);
        ends.then_with(|| verdicts(self).cmp(&verdicts(other))).then_with(|| self.ports.cmp(&other.ports))
    }
}
