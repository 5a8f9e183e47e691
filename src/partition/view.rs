//! One snapshot of a partition.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;

use crate::engine::{ClassId, Distinctions, Partition, PartitionClass, Snapshot};
use crate::net::{AddressNumber, Family};

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
        let partition = snapshot.partition();
        let places = partition.classes.iter().enumerate().map(|(place, class)| (class.class(), place)).collect();
        let starts = [Family::V4, Family::V6].map(|family| {
            let all: BTreeSet<u128> =
                partition.distinctions.iter().flat_map(|row| row.starts(family)).copied().collect();
            all.into_iter().collect()
        });
        Self { snapshot: snapshot.clone(), partition, places, starts, free: snapshot.no_distinctions() }
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
        self.partition.classes.get(place?)
    }

    pub(super) fn egress(&self, place: Option<usize>) -> &Distinctions {
        self.class(place).and_then(|class| self.partition.distinctions.get(class.egress)).unwrap_or(&self.free)
    }

    pub(super) fn ingress(&self, place: Option<usize>) -> &Distinctions {
        self.class(place).and_then(|class| self.partition.distinctions.get(class.ingress)).unwrap_or(&self.free)
    }
}
