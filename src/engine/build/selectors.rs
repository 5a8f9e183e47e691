//! Selectors: a new one may tell apart what none did before.

use std::collections::{BTreeSet, HashSet};

use crate::engine::build::matcher::{Matcher, Regrouped};
use crate::engine::build::writer::Writer;
use crate::engine::ids::{ClassIx, GroupIx, LabelSetIx, NamespaceSelectorId, Namespaces, PodSelectorId, Pods, SlotIx};
use crate::engine::tables::Tables;
use crate::engine::tables::asked::is_set_by_controllers;
use crate::engine::tables::matches::Matches;
use crate::labels::{Requirement, Selector};

impl Writer {
    pub(super) fn pod_selector(&mut self, tables: &mut Tables, selector: &Selector) -> PodSelectorId {
        let keys = selector.match_labels().iter().map(|(key, _)| key);
        let mut keys = keys.chain(selector.expressions().iter().map(Requirement::key));
        self.asks_anew |= keys.any(|key| is_set_by_controllers(key) && !self.pod_matcher.asks(key));
        let (id, regrouped) = Matcher::selector(&mut self.pod_matcher, &mut tables.pod_selectors, selector);
        self.regroup_pods(tables, &regrouped);
        id
    }

    /// Carries what a new selector did to groups of label sets to their classes.
    fn regroup_pods(&mut self, tables: &mut Tables, regrouped: &Regrouped<Pods>) {
        for group in &regrouped.grown {
            let matches = self.pod_matcher.matches(*group);
            for class in self.classes_of.get(group).into_iter().flatten() {
                set_pod_matches(tables, *class, &matches);
            }
        }
        if regrouped.moved.is_empty() {
            return;
        }
        self.settle_members(tables);
        let moved: HashSet<LabelSetIx<Pods>> = regrouped.moved.iter().map(|(_, set)| *set).collect();
        let left: BTreeSet<GroupIx<Pods>> = regrouped.moved.iter().map(|(group, _)| *group).collect();
        let has_moved = |slot: &SlotIx| self.label_sets.get(*slot).get().is_some_and(|set| moved.contains(&set));
        let mut slots: Vec<SlotIx> = Vec::new();
        for class in left.iter().filter_map(|group| self.classes_of.get(group)).flatten() {
            slots.extend(tables.members.get(*class).iter().copied().filter(has_moved));
        }
        for slot in slots {
            self.reclassify(tables, slot);
        }
        self.settle_members(tables);
    }

    pub(super) fn namespace_selector(&mut self, tables: &mut Tables, selector: &Selector) -> NamespaceSelectorId {
        let (id, regrouped) = Matcher::selector(&mut self.namespace_matcher, &mut tables.namespace_selectors, selector);
        if !regrouped.grown.is_empty() || !regrouped.moved.is_empty() {
            let grown: HashSet<GroupIx<Namespaces>> = regrouped.grown.into_iter().collect();
            let moved: HashSet<LabelSetIx<Namespaces>> = regrouped.moved.into_iter().map(|(_, set)| set).collect();
            let is_concerned = |set: LabelSetIx<Namespaces>| {
                moved.contains(&set) || grown.contains(&self.namespace_matcher.group(set))
            };
            let concerned = self.namespace_sets.iter().filter(|(_, set)| set.get().is_some_and(is_concerned));
            let concerned: Vec<_> = concerned.map(|(namespace, _)| namespace).collect();
            for namespace in concerned {
                self.match_namespace(tables, namespace);
            }
        }
        id
    }
}

fn set_pod_matches(tables: &mut Tables, class: ClassIx, matches: &Matches<Pods>) {
    tables.classes.get_mut(class).pod_bloom = matches.bloom();
    tables.details.get_mut(class).pod_matches = matches.clone();
}
