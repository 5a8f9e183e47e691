//! What was given and what was not, as every answer is told it (K28).

use std::collections::{BTreeMap, HashMap};

use crate::engine::ids::NamespaceSelectorId;
use crate::engine::tables::namespace::NamespaceEntry;
use crate::model::cluster::Cluster;
use crate::verdict::Note;

/// What notes are made of, found once for a snapshot.
#[derive(Debug)]
pub(in crate::engine) struct Given {
    /// Those beside every answer.
    pub(in crate::engine) everywhere: Vec<Note>,
    /// How many policies of a namespace take no part.
    pub(in crate::engine) rejected: HashMap<String, usize>,
    /// The selectors that match a namespace which was given, in order: those that namespaces list.
    listed: Vec<NamespaceSelectorId>,
    /// Whether namespaces list all the positive selectors that match them.
    is_whole: bool,
}

impl Given {
    pub(super) fn of<'t>(cluster: &Cluster, namespaces: impl Iterator<Item = &'t NamespaceEntry>) -> Self {
        let mut everywhere = Vec::new();
        if cluster.policies().is_empty() {
            everywhere.push(Note::no_policies());
        }
        let mut others: BTreeMap<String, usize> = BTreeMap::new();
        for policy in cluster.other_policies() {
            let group = policy.api_version.split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
            *others.entry(format!("{}{group}", policy.kind)).or_default() += 1;
        }
        everywhere.extend(others.into_iter().map(|(kind, count)| Note::other_policies(&kind, count)));
        let mut rejected: HashMap<String, usize> = HashMap::new();
        for policy in cluster.rejected_policies() {
            *rejected.entry(policy.namespace().to_string()).or_default() += 1;
        }
        let given = namespaces.filter(|entry| cluster.is_given(&entry.name));
        let lists: Vec<_> = given.map(|entry| entry.matches.list()).collect();
        let mut listed: Vec<NamespaceSelectorId> = lists.iter().flatten().copied().flatten().copied().collect();
        listed.sort_unstable();
        listed.dedup();
        Self { everywhere, rejected, listed, is_whole: lists.iter().all(Option::is_some) }
    }

    /// Whether the selector matches a namespace that was given; none where namespaces do not say.
    pub(super) fn lists(&self, id: NamespaceSelectorId) -> Option<bool> {
        let says = self.is_whole && !id.is_everything() && !id.is_negative();
        says.then(|| self.listed.binary_search(&id).is_ok())
    }
}
