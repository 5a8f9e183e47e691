//! A table from 32-bit numbers to 32-bit numbers that a look-up reads one line of the cache of.
//!
//! Written for addresses: at a hundred thousand of them [`Sharded`](super::sharded::Sharded) reads a header, a control byte
//! and an entry, each where the last one said; here the entries lie open, and the first that is read is the one as a rule.

use std::sync::Arc;

/// No value: the place is free.
const FREE: u32 = u32::MAX;
/// Places of a shard before all are split: what a change copies while a snapshot is held.
const MOST: usize = 2048;
/// Places of a shard at first.
const LEAST: usize = 16;

type Bucket = (u32, u32);

/// A hash table with linear probing, in shards that are shared with the snapshots taken of it.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Flat {
    shards: Arc<Vec<Shard>>,
    bits: u32,
}

#[derive(Debug, Clone)]
struct Shard {
    buckets: Arc<[Bucket]>,
    used: usize,
}

impl Default for Flat {
    fn default() -> Self {
        Self { shards: Arc::new(vec![Shard::new(LEAST)]), bits: 0 }
    }
}

/// Spreads over all 64 bits: the top ones choose the shard, the low ones the place. Keys that are made to collide cost a walk
/// through their shard, which is bounded.
#[inline]
fn hash(key: u32) -> u64 {
    let product = u128::from(u64::from(key) ^ 0x243F_6A88_85A3_08D3) * u128::from(0x9E37_79B9_7F4A_7C15_u64);
    (product >> 64) as u64 ^ product as u64
}

impl Shard {
    fn new(places: usize) -> Self {
        Self { buckets: vec![(0, FREE); places].into(), used: 0 }
    }

    #[inline]
    fn get(&self, hash: u64, key: u32) -> Option<u32> {
        let mask = self.buckets.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (found, value) = *self.buckets.get(at)?;
            if value == FREE {
                return None;
            }
            if found == key {
                return Some(value);
            }
            at = (at + 1) & mask;
        }
    }

    /// Enters a key that is not there; there is room.
    fn put(&mut self, key: u32, value: u32) {
        let buckets = Arc::make_mut(&mut self.buckets);
        let mask = buckets.len() - 1;
        let mut at = hash(key) as usize & mask;
        while let Some(bucket) = buckets.get_mut(at) {
            if bucket.1 == FREE {
                *bucket = (key, value);
                self.used += 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Takes a key out, and moves up those that it kept from their places.
    fn take(&mut self, key: u32) {
        let buckets = Arc::make_mut(&mut self.buckets);
        let mask = buckets.len() - 1;
        let mut free = hash(key) as usize & mask;
        while let Some((found, value)) = buckets.get(free).copied() {
            if value == FREE {
                return;
            }
            if found == key {
                break;
            }
            free = (free + 1) & mask;
        }
        self.used -= 1;
        let mut at = (free + 1) & mask;
        while let Some((found, value)) = buckets.get(at).copied() {
            if value == FREE {
                break;
            }
            // Whoever belongs at or before the free place may not stand behind it.
            let home = hash(found) as usize & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(free) & mask) {
                if let Some(bucket) = buckets.get_mut(free) {
                    *bucket = (found, value);
                }
                free = at;
            }
            at = (at + 1) & mask;
        }
        if let Some(bucket) = buckets.get_mut(free) {
            *bucket = (0, FREE);
        }
    }
}

impl Flat {
    #[inline]
    fn place(&self, hash: u64) -> usize {
        if self.bits == 0 { 0 } else { (hash >> (64 - self.bits)) as usize }
    }

    #[inline]
    pub(in crate::engine) fn get(&self, key: u32) -> Option<u32> {
        let hash = hash(key);
        self.shards.get(self.place(hash))?.get(hash, key)
    }

    /// Sets what the key means: any value but the highest.
    pub(in crate::engine) fn set(&mut self, key: u32, value: u32) {
        let place = self.place(hash(key));
        let Some(shard) = Arc::make_mut(&mut self.shards).get_mut(place) else { return };
        shard.take(key);
        if (shard.used + 1) * 8 > shard.buckets.len() * 5 {
            if shard.buckets.len() >= MOST && self.bits < 24 {
                self.split();
                return self.set(key, value);
            }
            let mut larger = Shard::new(shard.buckets.len() * 2);
            shard.buckets.iter().filter(|bucket| bucket.1 != FREE).for_each(|(key, value)| larger.put(*key, *value));
            *shard = larger;
        }
        shard.put(key, value);
    }

    /// Forgets the key.
    pub(in crate::engine) fn remove(&mut self, key: u32) {
        let place = self.place(hash(key));
        if let Some(shard) = Arc::make_mut(&mut self.shards).get_mut(place) {
            shard.take(key);
        }
    }

    /// Twice as many shards. Keys that are made to share a shard stay together, and theirs grows.
    fn split(&mut self) {
        self.bits += 1;
        let mut shards: Vec<Shard> = Vec::with_capacity(self.shards.len() * 2);
        for old in self.shards.iter() {
            let mut halves = [Vec::new(), Vec::new()];
            for (key, value) in old.buckets.iter().filter(|bucket| bucket.1 != FREE) {
                if let Some(half) = halves.get_mut(self.place(hash(*key)) & 1) {
                    half.push((*key, *value));
                }
            }
            for half in halves {
                let mut shard = Shard::new((half.len() * 8 / 5 + 1).next_power_of_two().max(LEAST));
                half.into_iter().for_each(|(key, value)| shard.put(key, value));
                shards.push(shard);
            }
        }
        self.shards = Arc::new(shards);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn behaves_as_a_map_and_clones_keep_what_they_saw() {
        let (mut table, mut map) = (Flat::default(), HashMap::new());
        let mut random = fastrand::Rng::with_seed(1);
        let mut kept = Vec::new();
        for turn in 0..200_000_u32 {
            // Neighbours, as addresses are.
            let key = 0x0A00_0000 + random.u32(..30_000);
            if random.u32(..3) == 0 {
                table.remove(key);
                map.remove(&key);
            } else {
                table.set(key, turn);
                map.insert(key, turn);
            }
            if turn % 50_000 == 0 {
                kept.push((table.clone(), map.clone()));
            }
        }
        kept.push((table, map));
        for (table, map) in kept {
            for key in 0x0A00_0000..0x0A00_0000 + 30_000 {
                assert_eq!(table.get(key), map.get(&key).copied(), "{key:x}");
            }
            assert_eq!(table.shards.iter().map(|shard| shard.used).sum::<usize>(), map.len());
        }
    }

    #[test]
    fn the_edges_of_numbers() {
        let mut table = Flat::default();
        for key in [0, 1, u32::MAX, 1 << 31] {
            assert_eq!(table.get(key), None);
            table.set(key, key / 2);
            assert_eq!(table.get(key), Some(key / 2));
        }
        table.remove(0);
        assert_eq!((table.get(0), table.get(u32::MAX)), (None, Some(u32::MAX / 2)));
    }
}
