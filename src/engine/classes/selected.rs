//! Which classes peers select: found namespace by namespace.

use std::collections::BTreeMap;

use crate::engine::classes::partition::{Distinctions, Partition};
use crate::engine::ids::{ClassIx, NamespaceIx};
use crate::engine::snapshot::Snapshot;
use crate::engine::tables::policy::PeerNamespaces;

/// The classes of a partition by namespace, each with its place in it.
#[derive(Debug, Default)]
pub(crate) struct ClassesByNamespace(BTreeMap<NamespaceIx, Vec<(usize, ClassIx)>>);

impl Snapshot {
    /// The classes of a partition of this snapshot.
    pub(crate) fn classes_by_namespace(&self, partition: &Partition) -> ClassesByNamespace {
        let mut all: BTreeMap<NamespaceIx, Vec<(usize, ClassIx)>> = BTreeMap::new();
        for (place, class) in partition.classes.iter().enumerate() {
            let namespace = self.tables.details.get(class.id).key.namespace;
            all.entry(namespace).or_default().push((place, class.id));
        }
        ClassesByNamespace(all)
    }

    /// Each of the peers of a row that select pods, by its number among these, with each class that it selects. The classes may be
    /// those of an earlier snapshot, which this one came of by changes of policies: what is said of those that are no longer the same
    /// is of no use.
    pub(crate) fn for_each_selected(
        &self,
        row: &Distinctions,
        classes: &ClassesByNamespace,
        mut found: impl FnMut(usize, usize),
    ) {
        for (number, (namespaces, pods)) in row.selectors.iter().copied().enumerate() {
            let mut look_in = |own: &Vec<(usize, ClassIx)>| {
                // What is asked of a namespace all of its classes answer alike.
                if !own.first().is_some_and(|(_, class)| self.is_in(namespaces, *class)) {
                    return;
                }
                for (place, class) in own {
                    if self.is_selected_by((namespaces, pods), *class) {
                        found(number, *place);
                    }
                }
            };
            match namespaces {
                PeerNamespaces::Own(own) => classes.0.get(&own).into_iter().for_each(&mut look_in),
                PeerNamespaces::Matching(_) => classes.0.values().for_each(&mut look_in),
            }
        }
    }
}
