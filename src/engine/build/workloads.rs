//! How many pods of each workload are loaded (K23).

use std::sync::Arc;

use crate::engine::build::writer::Writer;
use crate::engine::tables::{Tables, Workloads};
use crate::model::cluster::Pod;

impl Writer {
    /// Counts the pods of namespaces whose workloads have changed.
    pub(super) fn count_pods(&mut self, tables: &mut Tables) {
        for namespace in std::mem::take(&mut self.uncounted) {
            let entry = Arc::make_mut(tables.namespaces.get_mut(namespace));
            Arc::make_mut(&mut entry.workloads).recount(tables.cluster.pods().in_namespace(&entry.name));
        }
    }

    /// Changes the workloads of a namespace: the pods of all of them are to be counted.
    pub(super) fn change_workloads(
        &mut self,
        tables: &mut Tables,
        namespace: &str,
        change: impl FnOnce(&mut Workloads),
    ) {
        if let Some(id) = tables.namespace_id(namespace) {
            change(Arc::make_mut(&mut Arc::make_mut(tables.namespaces.get_mut(id)).workloads));
            self.uncounted.insert(id);
        }
    }
}

/// Counts a pod that has come, or has gone.
pub(super) fn change_count(tables: &mut Tables, pod: &Pod, count: impl FnOnce(&mut Workloads, &Pod)) {
    let Some(id) = tables.namespace_id(pod.name.namespace()) else { return };
    if !tables.namespace(id).workloads.is_empty() {
        count(Arc::make_mut(&mut Arc::make_mut(tables.namespaces.get_mut(id)).workloads), pod);
    }
}
