//! Which objects were accepted, by kind and name.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::loaded::LoadedObject;

/// The accepted objects among the records; an entry is a record's place, so that no name is kept twice.
#[derive(Debug, Default)]
pub(super) struct Seen {
    places: HashTable<usize>,
    hasher: foldhash::fast::RandomState,
}

type Key<'a> = (&'a str, &'a str, &'a str);

fn key(record: &LoadedObject) -> Key<'_> {
    (&record.kind, &record.namespace, &record.name)
}

impl Seen {
    /// Takes note of a record; the place of an earlier one of its kind and name.
    pub(super) fn insert(&mut self, records: &[LoadedObject], place: usize) -> Option<usize> {
        let wanted = key(records.get(place)?);
        let hash = self.hasher.hash_one(wanted);
        let is_same = |place: &usize| records.get(*place).map(key) == Some(wanted);
        if let Some(earlier) = self.places.find_mut(hash, is_same) {
            return Some(std::mem::replace(earlier, place));
        }
        let hasher = &self.hasher;
        self.places.insert_unique(hash, place, |place| hasher.hash_one(records.get(*place).map_or(("", "", ""), key)));
        None
    }

    /// The place of the last record of a kind and name.
    pub(super) fn place(&self, records: &[LoadedObject], wanted: Key<'_>) -> Option<usize> {
        let is_same = |place: &usize| records.get(*place).map(key) == Some(wanted);
        self.places.find(self.hasher.hash_one(wanted), is_same).copied()
    }
}
