//! The workloads of a namespace, and which of their pods are loaded (K23).

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::engine::tables::matches::fulfils;
use crate::labels::Labels;
use crate::model::cluster::{Owner, Pod, Workload, WorkloadKind};

pub(in crate::engine) type WorkloadName = (WorkloadKind, Arc<str>);

/// The workloads of a namespace with the pods of each, counted as they come and go: nobody who asks for the backends of a
/// Service has to look for them. Pods are counted under the names that they lead to, whether such a workload is loaded or
/// not, so that a workload that comes finds its pods counted. Where there is no workload, nothing is.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Workloads {
    loaded: OrdMap<WorkloadName, Loaded>,
    /// Pods by their controller, finished ones too.
    controlled: OrdMap<WorkloadName, u32>,
    /// Pods by what stands above their controller.
    above: OrdMap<WorkloadName, u32>,
    /// The pods without a controller, which are those of whoever selects them.
    loose: OrdSet<Arc<str>>,
}

#[derive(Debug, Clone)]
struct Loaded {
    workload: Arc<Workload>,
    /// The pods without a controller that it selects.
    loose: u32,
}

/// What is yet to be counted of a workload that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Uncounted {
    Nothing,
    /// The pods without a controller that it selects.
    Loose,
    /// Every pod of the namespace: it is the first workload there.
    All,
}

impl Workloads {
    /// Whether the workload is a backend where a selector matches it: it asks for pods, and none of them is loaded.
    pub(in crate::engine) fn stands_for_pods(&self, workload: &Workload) -> bool {
        workload.replicas != Some(0) && !self.has_pods(&own_name(workload))
    }

    fn has_pods(&self, name: &WorkloadName) -> bool {
        let some = |counts: &OrdMap<WorkloadName, u32>| counts.get(name).is_some_and(|count| *count > 0);
        some(&self.controlled) || some(&self.above) || self.loaded.get(name).is_some_and(|loaded| loaded.loose > 0)
    }

    /// Puts a workload, in place of the one of its name.
    pub(in crate::engine) fn put(&mut self, workload: &Arc<Workload>) -> Uncounted {
        let is_first = self.loaded.is_empty();
        let old = self.loaded.get(&own_name(workload));
        let is_alike = |old: &Workload| {
            old.selector == workload.selector && old.selects_loose_pods() == workload.selects_loose_pods()
        };
        let known = old.filter(|old| is_alike(&old.workload)).map(|old| old.loose);
        let loaded = Loaded { workload: workload.clone(), loose: known.unwrap_or_default() };
        self.change(own_name(workload), Some(loaded));
        match known {
            _ if is_first => Uncounted::All,
            None if !self.loose.is_empty() => Uncounted::Loose,
            _ => Uncounted::Nothing,
        }
    }

    pub(in crate::engine) fn remove(&mut self, workload: &Workload) {
        self.change(own_name(workload), None);
        if self.loaded.is_empty() {
            *self = Self::default();
        }
    }

    /// The pods that the workload of that name controls may lead elsewhere from now on.
    fn change(&mut self, name: WorkloadName, loaded: Option<Loaded>) {
        let pods = self.controlled.get(&name).copied().unwrap_or_default();
        let before = self.above(&name);
        match loaded {
            Some(loaded) => drop(self.loaded.insert(name.clone(), loaded)),
            None => drop(self.loaded.remove(&name)),
        }
        let after = self.above(&name);
        if before != after {
            add(&mut self.above, before, |count| count.saturating_sub(pods));
            add(&mut self.above, after, |count| count + pods);
        }
    }

    pub(in crate::engine) fn all(&self) -> impl Iterator<Item = &Arc<Workload>> {
        self.loaded.values().map(|loaded| &loaded.workload)
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.loaded.is_empty()
    }

    /// Counts a pod that has come.
    pub(in crate::engine) fn count_in(&mut self, pod: &Pod) {
        self.count(pod, |count| count + 1);
        if pod.owner.is_none() {
            self.loose.insert(pod.name.name().clone());
        }
    }

    /// Counts a pod that has gone.
    pub(in crate::engine) fn count_out(&mut self, pod: &Pod) {
        self.count(pod, |count| count.saturating_sub(1));
        if pod.owner.is_none() {
            self.loose.remove(pod.name.name());
        }
    }

    /// Counts all pods anew.
    pub(in crate::engine) fn recount<'c>(&mut self, pods: impl Iterator<Item = &'c Pod>) {
        let workloads: Vec<Arc<Workload>> = self.all().cloned().collect();
        *self = Self::default();
        for workload in &workloads {
            self.put(workload);
        }
        pods.for_each(|pod| self.count_in(pod));
    }

    /// Counts the pods without a controller that a workload selects; `labels` are a pod's.
    pub(in crate::engine) fn count_loose<'c>(
        &mut self,
        name: &WorkloadName,
        labels: impl Fn(&Arc<str>) -> Option<&'c Labels>,
    ) {
        let Some(loaded) = self.loaded.get_mut(name) else { return };
        let selected = self.loose.iter().filter_map(labels).filter(|of| selects(&loaded.workload, of)).count();
        loaded.loose = u32::try_from(selected).unwrap_or(u32::MAX);
    }

    fn count(&mut self, pod: &Pod, change: impl Fn(u32) -> u32) {
        if let Some(owner) = &pod.owner {
            let above = self.above(&name_of(owner));
            add(&mut self.above, above, &change);
            add(&mut self.controlled, Some(name_of(owner)), &change);
            return;
        }
        let its = |(_, loaded): &(&WorkloadName, &Loaded)| selects(&loaded.workload, &pod.labels);
        let selecting: Vec<WorkloadName> = self.loaded.iter().filter(its).map(|(name, _)| name.clone()).collect();
        for name in selecting {
            if let Some(loaded) = self.loaded.get_mut(&name) {
                loaded.loose = change(loaded.loose);
            }
        }
    }

    /// What stands above a pod's controller: the Deployment of a ReplicaSet, the CronJob of a Job. A loaded controller says it
    /// itself; the name of any other is that of its own controller and one more part.
    fn above(&self, controller: &WorkloadName) -> Option<WorkloadName> {
        let (kind, name) = controller;
        let kind = match kind {
            WorkloadKind::ReplicaSet => WorkloadKind::Deployment,
            WorkloadKind::Job => WorkloadKind::CronJob,
            _ => return None,
        };
        if let Some(loaded) = self.loaded.get(controller) {
            return loaded.workload.owner.as_ref().filter(|above| above.kind == kind).map(name_of);
        }
        match name.rsplit_once('-') {
            Some((name, part)) if !part.is_empty() => Some((kind, name.into())),
            _ => None,
        }
    }
}

/// Whether a pod without a controller is the workload's.
fn selects(workload: &Workload, labels: &Labels) -> bool {
    workload.selects_loose_pods() && fulfils(labels, &workload.selector)
}

/// Changes the count of a name; none is kept of nothing.
fn add(counts: &mut OrdMap<WorkloadName, u32>, name: Option<WorkloadName>, change: impl Fn(u32) -> u32) {
    let Some(name) = name else { return };
    match change(counts.get(&name).copied().unwrap_or_default()) {
        0 => drop(counts.remove(&name)),
        count => drop(counts.insert(name, count)),
    }
}

pub(in crate::engine) fn own_name(workload: &Workload) -> WorkloadName {
    (workload.kind.clone(), workload.name.name().clone())
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
        [&web, &of_web, &nightly, &data].into_iter().for_each(|workload| {
            workloads.put(workload);
        });
        let standing = |workloads: &Workloads| {
            [&web, &of_web, &nightly, &data].map(|workload| workloads.stands_for_pods(workload))
        };
        assert_eq!(standing(&workloads), [true; 4], "a ReplicaSet beside its Deployment");
        for (owner, expected) in [
            (Some((ReplicaSet, "odd")), [false, false, true, true]),
            (Some((ReplicaSet, "web-5d9c")), [false, true, true, true]),
            (Some((ReplicaSet, "web-5d9c-1")), [true; 4]),
            (Some((Job, "nightly-28")), [true, true, false, true]),
            (Some((StatefulSet, "web")), [true, true, true, false]),
            // A CronJob has no selector.
            (None, [false, false, true, false]),
        ] {
            workloads.count_in(&pod(owner.clone()));
            assert_eq!(standing(&workloads), expected, "{owner:?}");
            workloads.count_out(&pod(owner.clone()));
            assert_eq!(standing(&workloads), [true; 4], "{owner:?} is gone");
        }
        workloads.count_in(&pod(Some((ReplicaSet, "odd"))));
        assert!(!workloads.stands_for_pods(&web));
        workloads.remove(&of_web);
        assert!(workloads.stands_for_pods(&web), "nobody says any more whose `odd` is");
        workloads.put(&of_web);
        assert!(!workloads.stands_for_pods(&web), "and now it is said again");
    }

    /// A workload that comes or changes looks at no pod, but at those without a controller where its selector is new.
    #[test]
    fn a_workload_that_changes_costs_what_changes() {
        use WorkloadKind::{Deployment, ReplicaSet};
        let mut workloads = Workloads::default();
        let web = workload(Deployment, "web", None);
        assert_eq!(workloads.put(&web), Uncounted::All, "the first of its namespace");
        for _ in 0..1_000 {
            workloads.count_in(&pod(Some((ReplicaSet, "web-1"))));
            workloads.count_in(&pod(Some((ReplicaSet, "api-1"))));
        }
        let scaled = Arc::new(Workload { replicas: Some(9), ..(*web).clone() });
        assert_eq!(workloads.put(&scaled), Uncounted::Nothing);
        let api = workload(Deployment, "api", None);
        assert_eq!(workloads.put(&api), Uncounted::Nothing);
        assert!(!workloads.stands_for_pods(&api) && !workloads.stands_for_pods(&scaled));

        workloads.count_in(&pod(None));
        let other = workload(Deployment, "other", None);
        assert_eq!(workloads.put(&other), Uncounted::Loose);
        let (labels, looked_at) = (Labels::new(), std::cell::Cell::new(0));
        workloads.count_loose(&own_name(&other), |_| {
            looked_at.set(looked_at.get() + 1);
            Some(&labels)
        });
        assert_eq!(looked_at.get(), 1, "of 2,001 pods");
        assert!(!workloads.stands_for_pods(&other));
        assert_eq!(workloads.put(&other), Uncounted::Nothing, "its selector is the same");
        [&other, &api, &scaled].into_iter().for_each(|workload| workloads.remove(workload));
        assert!(workloads.controlled.is_empty() && workloads.above.is_empty() && workloads.loose.is_empty());
    }
}
