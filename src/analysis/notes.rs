//! What answers about a whole cluster may hang on and was not given (K28).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::cluster::{Cluster, Pod};
use crate::verdict::Note;

/// What every answer about the cluster as a whole may hang on and was not given ([K28](crate::semantics#k28)): that no policy was
/// loaded at all, the namespaces that were not, how many policies were rejected or are of kinds that nobody judges. Each once, in
/// order.
///
/// ```
/// use netpol_oracle::{Loader, Profile, analysis};
/// let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {}\n";
/// let loaded = Loader::new(Profile::kubernetes().release()).text("pod.yaml", pod).finish();
/// let notes: Vec<String> = analysis::notes(&loaded.cluster).into_iter().map(|note| note.message).collect();
/// assert_eq!(notes[0], "namespace `shop` was not loaded: selectors know its name alone");
/// assert_eq!(notes[1], "no NetworkPolicy was loaded");
/// ```
#[must_use]
pub fn notes(cluster: &Cluster) -> Vec<Note> {
    let mut notes = BTreeSet::new();
    if cluster.policies().is_empty() {
        notes.insert(Note::no_policies());
    }
    let of_pods = cluster.pods().iter().filter(|pod| Pod::is_live(pod)).map(|pod| &pod.name);
    let ends = of_pods.chain(cluster.workloads().iter().map(|workload| &workload.name));
    let missing = ends.map(|name| name.namespace()).filter(|namespace| !cluster.is_given(namespace));
    notes.extend(missing.map(|namespace| Note::namespace_not_loaded(namespace)));

    let mut rejected: BTreeMap<&str, usize> = BTreeMap::new();
    for name in cluster.rejected_policies() {
        *rejected.entry(name.namespace()).or_default() += 1;
    }
    notes.extend(rejected.into_iter().map(|(namespace, count)| Note::rejected_policies(namespace, count)));

    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for policy in cluster.other_policies() {
        let group = policy.api_version.split_once('/').map(|(group, _)| group);
        let kind = group.map_or_else(|| policy.kind.clone(), |group| format!("{}.{group}", policy.kind));
        *others.entry(kind).or_default() += 1;
    }
    notes.extend(others.into_iter().map(|(kind, count)| Note::other_policies(&kind, count)));
    notes.into_iter().collect()
}
