//! What is worked out of a cluster once, by the first request that needs it, and serves as long as nothing but policies changes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use netpol_oracle::admission::Reviewer;
use netpol_oracle::analysis::{Baseline, Diff};
use netpol_oracle::diagnostic::Diagnostic;
use netpol_oracle::{Cluster, Engine, NetworkPolicy, Profile};
use self_cell::self_cell;

self_cell!(
    /// A reviewer with what it looks at.
    struct Reviewing {
        owner: (Profile, Cluster),

        #[covariant]
        dependent: Reviewer,
    }
);

/// What impacts are worked out by, and reviews.
#[derive(Clone, Default)]
pub(super) struct Kept {
    baseline: Arc<OnceLock<Baseline>>,
    reviewing: Arc<OnceLock<Reviewing>>,
}

impl Kept {
    /// What serves a later state too.
    pub(super) fn still_serving(&self, told: &Engine) -> Self {
        let mut kept = Self::default();
        if self.baseline.get().is_some_and(|baseline| baseline.serves(told)) {
            kept.baseline = self.baseline.clone();
        }
        if self.reviewing.get().is_some_and(|reviewing| reviewing.borrow_dependent().serves(told.cluster())) {
            kept.reviewing = self.reviewing.clone();
        }
        kept
    }

    /// What differs between two that came of one by changes of policies.
    pub(super) fn between(&self, before: &Engine, after: &Engine) -> Diff {
        self.baseline.get_or_init(|| Baseline::new(before)).between(before, after)
    }

    /// What is said of a policy on a cluster.
    pub(super) fn review(&self, policy: &NetworkPolicy, profile: &Profile, cluster: &Cluster) -> Vec<Diagnostic> {
        let reviewing = self.reviewing.get_or_init(|| {
            Reviewing::new((profile.clone(), cluster.clone()), |(profile, cluster)| Reviewer::new(profile, cluster))
        });
        reviewing.borrow_dependent().review_on(policy, cluster)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("baseline", &self.baseline.get()).finish_non_exhaustive()
    }
}
