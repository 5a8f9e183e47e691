//! One snapshot that changes of policies are held against.

use std::sync::Arc;

use crate::analysis::diff::Diff;
use crate::analysis::search::{Folding, Search};
use crate::engine::Snapshot;
use crate::partition::Roster;

/// A snapshot, with all that does not hang on policies found out once: who is there, who is behind which Service, who is whose. To
/// make one costs a few builds of the engine; each change of policies after that costs what it touches.
///
/// ```
/// use netpol_oracle::analysis::{Baseline, Detail};
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::model::PolicyTypes;
/// use netpol_oracle::{Change, Cluster, Engine, NetworkPolicy, ObjectName, Pod, Profile};
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(ObjectName::new("default", "web-0")));
/// builder.pod(Pod::new(ObjectName::new("default", "db-0")));
/// let before = Engine::new(&builder.build(), &Profile::kubernetes());
/// let baseline = Baseline::new(&before);
/// for name in ["a", "b"] {
///     let name = ObjectName::new("default", name);
///     let deny = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]);
///     let mut after = before.clone();
///     after.apply(&[Change::Put(deny.into())])?;
///     assert!(!baseline.diff(&after).changes(Detail::Workloads).is_empty());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Baseline {
    snapshot: Snapshot,
    /// With nobody to answer: there is nothing to ask yet.
    search: Search<()>,
    roster: Roster,
    folding: Arc<Folding>,
}

impl Baseline {
    /// Of one snapshot.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        let search = Search::new(&[snapshot], ());
        let folding = Arc::new(Folding::new(&search.ground));
        let roster = search.roster();
        Self { snapshot: snapshot.clone(), search, roster, folding }
    }

    /// What [`Diff::new`] says of this snapshot and another: fastest where the other came of this one by changes of policies.
    #[must_use]
    pub fn diff(&self, after: &Snapshot) -> Diff {
        self.between(&self.snapshot, after)
    }

    /// What [`Diff::new`] says of two others: fastest where this one [serves](Self::serves) both.
    #[must_use]
    pub fn between(&self, before: &Snapshot, after: &Snapshot) -> Diff {
        let diff = Diff::between((&self.search, &self.roster, &self.folding), [before, after]);
        diff.unwrap_or_else(|| Diff::new(before, after))
    }

    /// Whether a snapshot came of this one by changes of policies, or both came so of a third: nothing else was applied in between.
    #[must_use]
    pub fn serves(&self, snapshot: &Snapshot) -> bool {
        self.search.ground.has_objects_of(snapshot)
    }
}
