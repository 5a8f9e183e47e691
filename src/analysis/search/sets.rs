//! Sets of ends, of Services and of addresses.

use std::collections::BTreeSet;
use std::ops::Range;

use fixedbitset::FixedBitSet;

use crate::name::ObjectName;
use crate::net::AddressRange;
use crate::partition::{EndIx, Ground};

/// Ends of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::analysis) struct EndSet(FixedBitSet);

impl EndSet {
    /// None of them.
    pub(in crate::analysis) fn none(ground: &Ground) -> Self {
        Self(FixedBitSet::with_capacity(ground.len()))
    }

    pub(in crate::analysis) fn of(ground: &Ground, ends: impl IntoIterator<Item = EndIx>) -> Self {
        let mut set = Self::none(ground);
        ends.into_iter().for_each(|end| set.add(end));
        set
    }

    pub(in crate::analysis) fn add(&mut self, end: EndIx) {
        self.0.insert(end.place());
    }

    pub(in crate::analysis) fn add_all(&mut self, other: &Self) {
        self.0.union_with(&other.0);
    }

    pub(in crate::analysis) fn keep(&mut self, other: &Self) {
        self.0.intersect_with(&other.0);
    }

    pub(in crate::analysis) fn remove(&mut self, other: &Self) {
        self.0.difference_with(&other.0);
    }

    /// How many are between two places, the latter not among them.
    pub(in crate::analysis) fn count(&self, places: Range<usize>) -> u64 {
        self.0.count_ones(places) as u64
    }

    pub(in crate::analysis) fn contains(&self, end: EndIx) -> bool {
        self.0.contains(end.place())
    }

    /// One more than the last place that anybody may have.
    pub(in crate::analysis) fn places(&self) -> usize {
        self.0.len()
    }

    pub(in crate::analysis) fn is_empty(&self) -> bool {
        self.0.is_clear()
    }

    pub(in crate::analysis) fn iter(&self) -> impl Iterator<Item = EndIx> {
        self.0.ones().filter_map(EndIx::at)
    }
}

/// Who opens connections: ends of the cluster, or addresses outside.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::analysis) enum Sources {
    Ends(EndSet),
    Addresses(Vec<AddressRange>),
}

/// Where they go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::analysis) enum Targets {
    Ends(EndSet),
    Services(BTreeSet<ObjectName>),
    Addresses(Vec<AddressRange>),
}
