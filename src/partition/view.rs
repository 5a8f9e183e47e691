//! One snapshot of a partition.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::engine::{ClassId, Distinctions, Partition, PartitionClass, Snapshot};
use crate::net::{AddressNumber, Family};
use crate::partition::ends::{End, Who};

/// A snapshot and what its policies tell apart.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) snapshot: Snapshot,
    partition: Partition,
    places: HashMap<ClassId, usize, FixedState>,
    /// Where intervals of addresses begin that any row tells apart.
    starts: [Vec<u128>; 2],
    free: Distinctions,
}

impl View {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        Self::of(snapshot, snapshot.partition(), [Vec::new(), Vec::new()], 0)
    }

    /// Of a snapshot that came of another view's by changes of policies alone.
    pub(super) fn after(before: &Self, snapshot: &Snapshot) -> Self {
        let partition = snapshot.partition_after(&before.snapshot, &before.partition);
        Self::of(snapshot, partition, before.starts.clone(), before.partition.distinctions.len())
    }

    fn of(snapshot: &Snapshot, partition: Partition, mut starts: [Vec<u128>; 2], shared: usize) -> Self {
        let places = partition.classes.iter().enumerate().map(|(place, class)| (class.class(), place)).collect();
        for (starts, family) in starts.iter_mut().zip([Family::V4, Family::V6]) {
            let rows = partition.distinctions.iter().skip(shared);
            let new: BTreeSet<u128> = rows.flat_map(|row| row.starts(family)).copied().collect();
            if !new.iter().all(|start| starts.binary_search(start).is_ok()) {
                starts.extend(new);
                starts.sort_unstable();
                starts.dedup();
            }
        }
        Self { snapshot: snapshot.clone(), partition, places, starts, free: snapshot.no_distinctions() }
    }

    /// Of each class of a view that this one came of by changes of policies its place here; none where its members are no longer
    /// together.
    pub(super) fn places_of(&self, before: &Self) -> Vec<Option<usize>> {
        let place = |class: &Arc<PartitionClass>| {
            self.place(class.class()).filter(|_| before.snapshot.has_same_members(&self.snapshot, class))
        };
        before.partition.classes.iter().map(place).collect()
    }

    /// Where an end's class stands.
    pub(super) fn place_of_end(&self, end: &End) -> Option<usize> {
        let class = match &end.who {
            Who::Pod(_) => self.snapshot.class_of(end.id(0)?),
            Who::Workload(..) => self.snapshot.class_of_endpoint(&end.who.endpoint()),
            Who::Node(_) => None,
        };
        self.place(class?)
    }

    /// Whether some rows of its own tell addresses apart that the view before it does not.
    pub(super) fn tells_more_addresses_apart_than(&self, before: &Self) -> bool {
        self.starts != before.starts
    }

    /// In which interval an address lies.
    pub(super) fn cell(&self, number: AddressNumber) -> (Family, usize) {
        let [v4, v6] = &self.starts;
        let starts = if number.family == Family::V4 { v4 } else { v6 };
        (number.family, starts.partition_point(|start| *start <= number.bits))
    }

    pub(super) fn place(&self, class: ClassId) -> Option<usize> {
        self.places.get(&class).copied()
    }

    pub(super) fn class(&self, place: Option<usize>) -> Option<&PartitionClass> {
        self.partition.classes.get(place?).map(|class| &**class)
    }

    pub(super) fn egress(&self, place: Option<usize>) -> &Distinctions {
        self.class(place).and_then(|class| self.partition.distinctions.get(class.egress)).map_or(&self.free, |row| row)
    }

    pub(super) fn ingress(&self, place: Option<usize>) -> &Distinctions {
        self.class(place).and_then(|class| self.partition.distinctions.get(class.ingress)).map_or(&self.free, |row| row)
    }
}
