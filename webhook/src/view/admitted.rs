//! Policies that were admitted and that the view does not hold yet.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use netpol_oracle::{Change, NetworkPolicy, ObjectName};

use super::change;

/// How many are remembered; beyond it the oldest go.
const MOST: usize = 10_000;

/// By name; `None` where a removal was admitted.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    policies: BTreeMap<ObjectName, (Option<NetworkPolicy>, Instant)>,
}

impl Admitted {
    pub(super) fn put(&mut self, name: &ObjectName, policy: Option<&NetworkPolicy>, now: Instant) {
        self.policies.insert(name.clone(), (policy.cloned(), now));
        if self.policies.len() > MOST {
            let oldest = self.policies.iter().min_by_key(|(_, (_, at))| *at).map(|(name, _)| name.clone());
            oldest.map(|name| self.policies.remove(&name));
        }
    }

    pub(super) fn forget(&mut self, name: &ObjectName) {
        self.policies.remove(name);
    }

    /// Whether any was that old.
    pub(super) fn forget_before(&mut self, age: Duration) -> bool {
        let before = self.policies.len();
        self.policies.retain(|_, (_, at)| at.elapsed() < age);
        self.policies.len() < before
    }

    pub(super) fn clear(&mut self) {
        self.policies.clear();
    }

    pub(super) fn changes(&self) -> Vec<Change> {
        self.policies.iter().map(|(name, (policy, _))| change(name, policy.as_ref())).collect()
    }
}
