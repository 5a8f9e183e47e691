//! Numbers for what the maps name by number: kept while in use, so that an update touches only what changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use netpol_oracle::ObjectName;
use netpol_oracle::labels::Labels;

use super::classes::Class;
use super::ports::NamedPorts;

/// What makes two pods one identity: policies cannot tell them apart. Named ports are part of it, since a policy may
/// open what a pod calls `http` (K12).
pub(super) type IdentityKey = (Arc<str>, Labels, NamedPorts);

/// The numbers in use; kept from one state of the cluster to the next.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(super) endpoints: Numbering<ObjectName>,
    pub(super) identities: Numbering<IdentityKey>,
    pub(super) classes: Numbering<Class>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { endpoints: Numbering::from(1), identities: Numbering::from(256), classes: Numbering::from(1) }
    }
}

/// Numbers of one kind.
#[derive(Debug)]
pub(super) struct Numbering<K> {
    first: u32,
    known: BTreeMap<K, u32>,
    used: BTreeSet<u32>,
}

impl<K: Ord + Clone> Numbering<K> {
    fn from(first: u32) -> Self {
        Self { first, known: BTreeMap::new(), used: BTreeSet::new() }
    }

    /// From here on, what is not asked for is no longer in use.
    pub(super) fn begin(&mut self) {
        self.used.clear();
    }

    /// The number of `key`: the one it has, else the lowest that nothing had since [`end`](Self::end).
    pub(super) fn of(&mut self, key: &K) -> u32 {
        let number = match self.known.get(key) {
            Some(number) => *number,
            None => {
                let taken: BTreeSet<u32> = self.known.values().copied().collect();
                let number = (self.first..).find(|number| !taken.contains(number)).unwrap_or(u32::MAX);
                self.known.insert(key.clone(), number);
                number
            }
        };
        self.used.insert(number);
        number
    }

    /// Frees the numbers that are not in use.
    pub(super) fn end(&mut self) {
        self.known.retain(|_, number| self.used.contains(number));
    }
}
