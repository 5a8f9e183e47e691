//! One snapshot of a partition.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::{ClassId, ClassesByNamespace, Distinctions, Partition, PartitionClass, Snapshot};
use crate::net::{AddressNumber, Family};
use crate::partition::ends::{End, Who};

/// A snapshot and what its policies tell apart.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) snapshot: Snapshot,
    partition: Partition,
    /// Where intervals of addresses begin that any row tells apart.
    starts: [Vec<u128>; 2],
    free: Distinctions,
}

impl View {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        Self::of(snapshot, snapshot.partition(), [Vec::new(), Vec::new()], 0)
    }

    /// Of a snapshot that came of another view's by changes of policies alone.
    pub(super) fn after(before: &Arc<Self>, snapshot: &Snapshot) -> Arc<Self> {
        if before.snapshot.is(snapshot) {
            return before.clone();
        }
        let partition = snapshot.partition_after(&before.snapshot, &before.partition);
        Arc::new(Self::of(snapshot, partition, before.starts.clone(), before.partition.distinctions.len()))
    }

    fn of(snapshot: &Snapshot, partition: Partition, mut starts: [Vec<u128>; 2], shared: usize) -> Self {
        for (starts, family) in starts.iter_mut().zip([Family::V4, Family::V6]) {
            let rows = partition.distinctions.iter().skip(shared);
            let new: BTreeSet<u128> = rows.flat_map(|row| row.starts(family)).copied().collect();
            if !new.iter().all(|start| starts.binary_search(start).is_ok()) {
                starts.extend(new);
                starts.sort_unstable();
                starts.dedup();
            }
        }
        Self { snapshot: snapshot.clone(), partition, starts, free: snapshot.no_distinctions() }
    }

    /// Of each class of a view that this one came of by changes of policies its place here; none where its members are no longer
    /// together.
    pub(super) fn places_of(&self, before: &Self) -> Vec<Option<usize>> {
        let mut own = self.partition.classes.iter().enumerate().peekable();
        let place = |class: &Arc<PartitionClass>| {
            while own.next_if(|(_, other)| other.class() < class.class()).is_some() {}
            let (place, other) = own.next_if(|(_, other)| other.class() == class.class())?;
            Some(place).filter(|_| class.has_same_members(other))
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
        self.partition.place(class)
    }

    pub(super) fn class(&self, place: Option<usize>) -> Option<&PartitionClass> {
        self.partition.classes.get(place?).map(|class| &**class)
    }

    /// How many classes there are.
    pub(super) fn classes(&self) -> usize {
        self.partition.classes.len()
    }

    pub(super) fn classes_by_namespace(&self) -> ClassesByNamespace {
        self.snapshot.classes_by_namespace(&self.partition)
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.partition.distinctions.len()
    }

    pub(super) fn row(&self, place: usize) -> Option<&Distinctions> {
        self.partition.distinctions.get(place).map(|row| &**row)
    }

    pub(super) fn egress(&self, place: Option<usize>) -> &Distinctions {
        self.class(place).and_then(|class| self.partition.distinctions.get(class.egress)).map_or(&self.free, |row| row)
    }

    pub(super) fn ingress(&self, place: Option<usize>) -> &Distinctions {
        self.class(place).and_then(|class| self.partition.distinctions.get(class.ingress)).map_or(&self.free, |row| row)
    }
}
