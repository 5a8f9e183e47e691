//! Namespaces: their labels, and the selectors that match them.

use std::sync::Arc;

use crate::engine::build::matcher::Matcher;
use crate::engine::build::writer::Writer;
use crate::engine::ids::{ClassIx, NamespaceIx, Namespaces};
use crate::engine::tables::class::namespace_bits;
use crate::engine::tables::matches::Matches;
use crate::engine::tables::{NamespaceEntry, Tables};

impl Writer {
    pub(super) fn add_namespace(&mut self, tables: &mut Tables, entry: NamespaceEntry) -> NamespaceIx {
        let name = entry.name.clone();
        let id = tables.namespaces.push(Arc::new(entry));
        Arc::make_mut(&mut tables.namespace_ids).insert(name, id);
        self.namespace_sets.push(Default::default());
        id
    }

    /// The namespace as the cluster has it now. One that is gone stays until everything is compiled anew.
    pub(super) fn update_namespace(&mut self, tables: &mut Tables, name: &Arc<str>) {
        let Some(labels) = tables.cluster.namespace(name).map(|namespace| &namespace.labels) else { return };
        let id = match tables.namespace_id(name) {
            Some(id) if tables.namespace(id).labels == *labels => return,
            Some(id) => id,
            None => self.add_namespace(tables, NamespaceEntry { name: name.clone(), ..NamespaceEntry::default() }),
        };
        self.label_namespace(tables, id);
    }

    /// Gives the namespace the labels that the cluster says it has.
    pub(super) fn label_namespace(&mut self, tables: &mut Tables, id: NamespaceIx) {
        let name = tables.namespace(id).name.clone();
        let Some(labels) = tables.cluster.namespace(&name).map(|namespace| namespace.labels.clone()) else { return };
        *self.namespace_sets.get_mut(id) = Matcher::set(&mut self.namespace_matcher, &labels).into();
        Arc::make_mut(tables.namespaces.get_mut(id)).labels = labels;
        self.match_namespace(tables, id);
    }

    /// Carries the selectors that match the namespace to it and its classes.
    pub(super) fn match_namespace(&mut self, tables: &mut Tables, id: NamespaceIx) {
        let Some(set) = self.namespace_sets.get(id).get() else { return };
        let matches = self.namespace_matcher.matches(self.namespace_matcher.group(set));
        let entry = Arc::make_mut(tables.namespaces.get_mut(id));
        entry.matches = matches.clone();
        let classes = entry.classes.clone();
        for class in classes.iter() {
            set_namespace_matches(tables, *class, &matches);
        }
    }
}

fn set_namespace_matches(tables: &mut Tables, class: ClassIx, matches: &Matches<Namespaces>) {
    tables.classes.get_mut(class).namespace_bloom = matches.bloom();
    tables.details.get_mut(class).namespace_matches = matches.clone();
    tables.summaries.get_mut(class).namespace_bits = namespace_bits(matches);
}
