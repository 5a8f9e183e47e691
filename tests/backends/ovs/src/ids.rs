//! Numbers that stay with what they were given to, so that a change changes few flows.

use std::collections::{BTreeMap, BTreeSet};

/// Hands out the least free number, and gives back those of keys that are gone.
#[derive(Debug, Clone)]
pub(crate) struct Ids<K> {
    first: u32,
    given: BTreeMap<K, u32>,
}

impl<K: Ord + Clone> Ids<K> {
    pub(crate) fn from(first: u32) -> Self {
        Self { first, given: BTreeMap::new() }
    }

    /// Numbers for exactly `keys`: those that had one keep it.
    pub(crate) fn assign(&mut self, keys: &BTreeSet<K>) {
        self.given.retain(|key, _| keys.contains(key));
        let taken: BTreeSet<u32> = self.given.values().copied().collect();
        let mut free = (self.first..).filter(|number| !taken.contains(number));
        for key in keys {
            self.given.entry(key.clone()).or_insert_with(|| free.next().unwrap_or(u32::MAX));
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<u32> {
        self.given.get(key).copied()
    }

    /// The highest number in use.
    pub(crate) fn last(&self) -> Option<u32> {
        self.given.values().max().copied()
    }
}
