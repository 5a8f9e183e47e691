//! The workloads of a namespace, and which of their pods are loaded (K23).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::tables::matches::fulfils;
use crate::model::cluster::{Owner, Pod, Workload, WorkloadKind};

type WorkloadName = (WorkloadKind, Arc<str>);

/// Each workload of a namespace with the number of its pods: they are counted as they come and go, so that nobody who asks
/// for the backends of a Service has to look for them.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Workloads {
    counted: BTreeMap<WorkloadName, Counted>,
}

#[derive(Debug, Clone)]
struct Counted {
    workload: Arc<Workload>,
    /// Finished ones too.
    pods: u32,
}

impl Workloads {
    /// Whether the workload is a backend where a selector matches it: it asks for pods, none of them is loaded, and no other
    /// loaded workload controls it (a Deployment is one in place of its ReplicaSets).
    pub(in crate::engine) fn stands_for_pods(&self, workload: &Workload) -> bool {
        let is_controlled = workload.owner.as_ref().is_some_and(|owner| self.counted.contains_key(&name_of(owner)));
        let counted = self.counted.get(&(workload.kind.clone(), workload.name.name().clone()));
        workload.replicas != Some(0) && !is_controlled && counted.is_none_or(|counted| counted.pods == 0)
    }

    /// Puts a workload, its pods not yet counted.
    pub(in crate::engine) fn put(&mut self, workload: &Arc<Workload>) {
        let counted = Counted { workload: workload.clone(), pods: 0 };
        self.counted.insert((workload.kind.clone(), workload.name.name().clone()), counted);
    }

    pub(in crate::engine) fn remove(&mut self, workload: &Workload) {
        self.counted.remove(&(workload.kind.clone(), workload.name.name().clone()));
    }

    pub(in crate::engine) fn all(&self) -> impl Iterator<Item = &Arc<Workload>> {
        self.counted.values().map(|counted| &counted.workload)
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.counted.is_empty()
    }

    /// Counts a pod that has come.
    pub(in crate::engine) fn count_in(&mut self, pod: &Pod) {
        self.count(pod, |pods| *pods += 1);
    }

    /// Counts a pod that has gone.
    pub(in crate::engine) fn count_out(&mut self, pod: &Pod) {
        self.count(pod, |pods| *pods = pods.saturating_sub(1));
    }

    /// Counts all pods anew: which workloads a pod leads to hangs on the other workloads.
    pub(in crate::engine) fn recount<'c>(&mut self, pods: impl Iterator<Item = &'c Pod>) {
        self.counted.values_mut().for_each(|counted| counted.pods = 0);
        pods.for_each(|pod| self.count_in(pod));
    }

    fn count(&mut self, pod: &Pod, change: impl Fn(&mut u32)) {
        let Some(owner) = &pod.owner else {
            let selecting = self.counted.values_mut().filter(|each| fulfils(&pod.labels, &each.workload.selector));
            selecting.for_each(|counted| change(&mut counted.pods));
            return;
        };
        let above = self.above(owner);
        for name in above.into_iter().chain([name_of(owner)]) {
            if let Some(counted) = self.counted.get_mut(&name) {
                change(&mut counted.pods);
            }
        }
    }

    /// What stands above a pod's controller: the Deployment of a ReplicaSet, the CronJob of a Job. A loaded controller says it
    /// itself; the name of any other is that of its own controller and one more part.
    fn above(&self, controller: &Owner) -> Option<WorkloadName> {
        let kind = match controller.kind {
            WorkloadKind::ReplicaSet => WorkloadKind::Deployment,
            WorkloadKind::Job => WorkloadKind::CronJob,
            _ => return None,
        };
        if let Some(loaded) = self.counted.get(&name_of(controller)) {
            return loaded.workload.owner.as_ref().filter(|above| above.kind == kind).map(name_of);
        }
        match controller.name.rsplit_once('-') {
            Some((name, part)) if !part.is_empty() => Some((kind, name.into())),
            _ => None,
        }
    }
}

fn name_of(owner: &Owner) -> WorkloadName {
    (owner.kind.clone(), owner.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::name::ObjectName;

    fn workload(kind: WorkloadKind, name: &str, owner: Option<(WorkloadKind, &str)>) -> Arc<Workload> {
        let mut workload = Workload::new(kind, ObjectName::new("x", name), Labels::new());
        workload.owner = owner.map(|(kind, name)| Owner { kind, name: name.into() });
        Arc::new(workload)
    }

    fn pod(owner: Option<(WorkloadKind, &str)>) -> Pod {
        let mut pod = Pod::new(ObjectName::new("x", "p"));
        pod.owner = owner.map(|(kind, name)| Owner { kind, name: name.into() });
        pod
    }

    #[test]
    fn a_pod_counts_for_its_controllers_and_without_one_for_those_that_select_it() {
        use WorkloadKind::{CronJob, Deployment, Job, ReplicaSet, StatefulSet};
        let (web, of_web) = (workload(Deployment, "web", None), workload(ReplicaSet, "odd", Some((Deployment, "web"))));
        let (nightly, data) = (workload(CronJob, "nightly", None), workload(StatefulSet, "web", None));
        let mut workloads = Workloads::default();
        [&web, &of_web, &nightly, &data].into_iter().for_each(|workload| workloads.put(workload));
        let standing = |workloads: &Workloads| {
            [&web, &of_web, &nightly, &data].map(|workload| workloads.stands_for_pods(workload))
        };
        assert_eq!(standing(&workloads), [true, false, true, true], "a Deployment is one in place of its ReplicaSets");
        for (owner, expected) in [
            (Some((ReplicaSet, "odd")), [false, false, true, true]),
            (Some((ReplicaSet, "web-5d9c")), [false, false, true, true]),
            (Some((ReplicaSet, "web-5d9c-1")), [true, false, true, true]),
            (Some((Job, "nightly-28")), [true, false, false, true]),
            (Some((StatefulSet, "web")), [true, false, true, false]),
            (None, [false; 4]),
        ] {
            workloads.count_in(&pod(owner.clone()));
            assert_eq!(standing(&workloads), expected, "{owner:?}");
            workloads.count_out(&pod(owner.clone()));
            assert_eq!(standing(&workloads), [true, false, true, true], "{owner:?} is gone");
        }
        workloads.remove(&of_web);
        workloads.recount([&pod(Some((ReplicaSet, "odd")))].into_iter());
        assert!(workloads.stands_for_pods(&web), "nobody says any more whose `odd` is");
    }
}
