//! Values by number.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::FixedState;

/// Values by number, equal ones by one.
#[derive(Debug)]
pub(crate) struct Interned<K>(HashMap<K, u32, FixedState>);

impl<K> Default for Interned<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash> Interned<K> {
    pub(crate) fn place(&mut self, key: K) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(key).or_insert(next)
    }
}
