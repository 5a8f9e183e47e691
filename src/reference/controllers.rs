//! Which workload stands for which pods (K23).

use crate::model::cluster::{Cluster, Owner, Pod, Workload, WorkloadKind};
use crate::name::ObjectName;

/// Whether a workload stands for pods nobody loaded: it asks for some, and none of them is there.
pub(super) fn stands_alone(cluster: &Cluster, workload: &Workload) -> bool {
    workload.replicas != Some(0) && !cluster.pods().iter().any(|pod| is_pod_of(cluster, workload, pod))
}

/// Whether `pod` is one of the workload's: by its controllers, or, where it has none, by the selector.
fn is_pod_of(cluster: &Cluster, workload: &Workload, pod: &Pod) -> bool {
    if pod.name.namespace() != workload.name.namespace() {
        return false;
    }
    match &pod.owner {
        None => workload.selects_loose_pods() && workload.selector.matches(&pod.labels),
        Some(owner) => is_owner(workload, owner) || intermediate(cluster, workload, owner),
    }
}

fn is_owner(workload: &Workload, owner: &Owner) -> bool {
    owner.kind == workload.kind && owner.name == *workload.name.name()
}

/// A Deployment's ReplicaSets and a CronJob's Jobs: by their own controller where they are loaded, else by
/// the name their controller gives them, which is its own and one more part.
fn intermediate(cluster: &Cluster, workload: &Workload, owner: &Owner) -> bool {
    let between = matches!(
        (&workload.kind, &owner.kind),
        (WorkloadKind::Deployment, WorkloadKind::ReplicaSet) | (WorkloadKind::CronJob, WorkloadKind::Job)
    );
    if !between {
        return false;
    }
    let name = ObjectName::new(workload.name.namespace().clone(), owner.name.clone());
    match cluster.workload(&owner.kind, &name) {
        Some(loaded) => loaded.owner.as_ref().is_some_and(|above| is_owner(workload, above)),
        None => owner
            .name
            .strip_prefix(&**workload.name.name())
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|part| !part.is_empty() && !part.contains('-')),
    }
}
