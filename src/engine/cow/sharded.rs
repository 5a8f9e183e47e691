//! A hash table that shares what has not changed with the snapshots taken of it.

use std::sync::Arc;

use hashbrown::HashTable;

/// A hash table in shared shards: a clone costs one count, a change after a clone one shard and the list of shards.
///
/// As [`HashTable`], it leaves hashing and comparing to the caller; hashes must spread over all 64 bits. All shards are
/// split when they have `FULL` entries on average: few where a copy counts references, many where it copies bytes.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Sharded<T, const FULL: usize = 1024> {
    shards: Arc<Vec<Arc<HashTable<T>>>>,
    bits: u32,
    len: usize,
}

impl<T, const FULL: usize> Default for Sharded<T, FULL> {
    fn default() -> Self {
        Self { shards: Arc::new(vec![Arc::default()]), bits: 0, len: 0 }
    }
}

impl<T: Clone, const FULL: usize> Sharded<T, FULL> {
    /// The top bits choose the shard; the table inside uses the others.
    #[inline]
    fn place(bits: u32, hash: u64) -> usize {
        if bits == 0 { 0 } else { (hash >> (64 - bits)) as usize }
    }

    #[inline]
    pub(in crate::engine) fn find(&self, hash: u64, is: impl FnMut(&T) -> bool) -> Option<&T> {
        self.shards.get(Self::place(self.bits, hash))?.find(inner(hash), is)
    }

    /// The entry to change in place; its hash must stay.
    pub(in crate::engine) fn find_mut(&mut self, hash: u64, is: impl FnMut(&T) -> bool) -> Option<&mut T> {
        let shard = Arc::make_mut(&mut self.shards).get_mut(Self::place(self.bits, hash))?;
        Arc::make_mut(shard).find_mut(inner(hash), is)
    }

    /// Adds an entry that is not there yet.
    pub(in crate::engine) fn insert(&mut self, hash: u64, value: T, hash_of: impl Fn(&T) -> u64) {
        if self.len >= FULL << self.bits {
            self.split(&hash_of);
        }
        self.len += 1;
        if let Some(shard) = Arc::make_mut(&mut self.shards).get_mut(Self::place(self.bits, hash)) {
            Arc::make_mut(shard).insert_unique(inner(hash), value, |value| inner(hash_of(value)));
        }
    }

    /// Takes the entry out, if it is there.
    pub(in crate::engine) fn remove(&mut self, hash: u64, is: impl FnMut(&T) -> bool) -> Option<T> {
        let shard = Arc::make_mut(&mut self.shards).get_mut(Self::place(self.bits, hash))?;
        let (value, _) = Arc::make_mut(shard).find_entry(inner(hash), is).ok()?.remove();
        self.len -= 1;
        Some(value)
    }

    /// Twice as many shards: a million entries are split a dozen times in all.
    fn split(&mut self, hash_of: &impl Fn(&T) -> u64) {
        let bits = self.bits + 1;
        let mut shards: Vec<HashTable<T>> = Vec::new();
        for old in self.shards.iter() {
            let mut halves = [HashTable::with_capacity(FULL), HashTable::with_capacity(FULL)];
            for value in old.iter() {
                let hash = hash_of(value);
                if let Some(half) = halves.get_mut(Self::place(bits, hash) & 1) {
                    half.insert_unique(inner(hash), value.clone(), |value| inner(hash_of(value)));
                }
            }
            shards.extend(halves);
        }
        self.shards = Arc::new(shards.into_iter().map(Arc::new).collect());
        self.bits = bits;
    }
}

/// The shard's own bits are the same for all its entries: the table, which looks at the top ones too, gets others.
#[inline]
fn inner(hash: u64) -> u64 {
    hash.rotate_left(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(value: &u32) -> u64 {
        u64::from(*value).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut table: Sharded<u32> = Sharded::default();
        for i in 0..20_000 {
            table.insert(hash(&i), i, hash);
        }
        let before = table.clone();
        assert_eq!(table.remove(hash(&77), |each| *each == 77), Some(77));
        assert_eq!(table.remove(hash(&77), |each| *each == 77), None);
        table.insert(hash(&90_000), 90_000, hash);
        let has = |table: &Sharded<u32>, i: u32| table.find(hash(&i), |each| *each == i).is_some();
        assert!(has(&before, 77) && !has(&table, 77) && !has(&before, 90_000) && has(&table, 90_000));
        assert!((0..20_000).all(|i| has(&before, i)));
        assert!(table.bits > 3, "it has split");
    }
}
