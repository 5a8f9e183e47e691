//! How many pods of each workload are loaded (K23).

use std::sync::Arc;

use crate::engine::build::writer::Writer;
use crate::engine::tables::workloads::{Uncounted, own_name};
use crate::engine::tables::{Tables, Workloads};
use crate::model::cluster::{Pod, Workload};
use crate::name::ObjectName;

impl Writer {
    /// Counts the pods of workloads that have come, where they are not yet: the pods are as the cluster has them by now.
    pub(super) fn count_pods(&mut self, tables: &mut Tables) {
        let uncounted = std::mem::take(&mut self.uncounted);
        let loose = std::mem::take(&mut self.uncounted_loose);
        for namespace in &uncounted {
            let entry = Arc::make_mut(tables.namespaces.get_mut(*namespace));
            Arc::make_mut(&mut entry.workloads).recount(tables.cluster.pods().in_namespace(&entry.name));
        }
        for (namespace, workload) in loose.iter().filter(|(namespace, _)| !uncounted.contains(namespace)) {
            let entry = Arc::make_mut(tables.namespaces.get_mut(*namespace));
            let (own, cluster) = (&entry.name, &tables.cluster);
            let pod = |name: &Arc<str>| cluster.pod(&ObjectName::new(own.clone(), name.clone()));
            Arc::make_mut(&mut entry.workloads).count_loose(workload, |name| pod(name).map(|pod| &pod.labels));
        }
    }

    /// Enters a workload, in place of the one of its name.
    pub(super) fn put_workload(&mut self, tables: &mut Tables, workload: &Arc<Workload>) {
        let Some(id) = tables.namespace_id(workload.name.namespace()) else { return };
        match Arc::make_mut(&mut Arc::make_mut(tables.namespaces.get_mut(id)).workloads).put(workload) {
            Uncounted::Nothing => {}
            Uncounted::Loose => drop(self.uncounted_loose.insert((id, own_name(workload)))),
            Uncounted::All => drop(self.uncounted.insert(id)),
        }
    }
}

/// Takes a workload out that is gone.
pub(super) fn remove_workload(tables: &mut Tables, workload: &Workload) {
    if let Some(id) = tables.namespace_id(workload.name.namespace()) {
        Arc::make_mut(&mut Arc::make_mut(tables.namespaces.get_mut(id)).workloads).remove(workload);
    }
}

/// Counts a pod that has come, or has gone.
pub(super) fn change_count(tables: &mut Tables, pod: &Pod, count: impl FnOnce(&mut Workloads, &Pod)) {
    let Some(id) = tables.namespace_id(pod.name.namespace()) else { return };
    if !tables.namespace(id).workloads.is_empty() {
        count(Arc::make_mut(&mut Arc::make_mut(tables.namespaces.get_mut(id)).workloads), pod);
    }
}
