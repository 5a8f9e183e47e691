//! Which workloads stand for pods that nobody loaded (K23), and which one a pod belongs to.

use std::collections::HashSet;

use crate::model::cluster::{Cluster, Owner, Pod, Workload, WorkloadKind};
use crate::name::ObjectName;

/// The workloads that lead to a loaded pod, by namespace, kind and name: its controller, and what controls that one.
pub(crate) struct Controllers<'c>(HashSet<(&'c str, &'c WorkloadKind, &'c str)>);

impl<'c> Controllers<'c> {
    pub(crate) fn new(cluster: &'c Cluster) -> Self {
        let mut found = HashSet::new();
        for pod in cluster.pods().iter() {
            let Some(owner) = &pod.owner else { continue };
            let namespace: &str = pod.name.namespace();
            found.insert((namespace, &owner.kind, &*owner.name));
            found.extend(above(cluster, pod, owner).map(|(kind, name)| (namespace, kind, name)));
        }
        Self(found)
    }

    /// Whether no loaded pod has it as its controller, and it is none that its own controller has scaled down (a Deployment's
    /// revisions of old).
    pub(crate) fn leave_alone(&self, cluster: &Cluster, workload: &Workload) -> bool {
        let is_gone = workload.replicas == Some(0)
            && workload.owner.as_ref().is_some_and(|owner| {
                let name = ObjectName::new(workload.name.namespace().clone(), owner.name.clone());
                cluster.workload(&owner.kind, &name).is_some()
            });
        !is_gone && !self.0.contains(&(&**workload.name.namespace(), &workload.kind, &**workload.name.name()))
    }
}

/// The outermost controller of a pod, as far as it is known.
pub(crate) fn outermost<'c>(cluster: &'c Cluster, pod: &'c Pod) -> Option<(&'c WorkloadKind, &'c str)> {
    let owner = pod.owner.as_ref()?;
    Some(above(cluster, pod, owner).unwrap_or((&owner.kind, &owner.name)))
}

/// The Deployment of a ReplicaSet and the CronJob of a Job: as the loaded one says, else by the name that it gave.
fn above<'c>(cluster: &'c Cluster, pod: &'c Pod, owner: &'c Owner) -> Option<(&'c WorkloadKind, &'c str)> {
    let kind = match owner.kind {
        WorkloadKind::ReplicaSet => &WorkloadKind::Deployment,
        WorkloadKind::Job => &WorkloadKind::CronJob,
        _ => return None,
    };
    let name = ObjectName::new(pod.name.namespace().clone(), owner.name.clone());
    match cluster.workload(&owner.kind, &name) {
        Some(loaded) => loaded.owner.as_ref().filter(|above| above.kind == *kind).map(|above| (kind, &*above.name)),
        None => owner.name.rsplit_once('-').filter(|(_, part)| !part.is_empty()).map(|(name, _)| (kind, name)),
    }
}
