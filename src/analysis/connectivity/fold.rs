//! Ends as people name them: pods, workloads, namespaces.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::analysis::connectivity::connection::Ends;
use crate::analysis::connectivity::sets::{Sources, Targets};
use crate::model::cluster::WorkloadKind;
use crate::name::ObjectName;
use crate::net::merged;
use crate::partition::{EndIx, Ground, Who, outermost};

/// How ends are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Pods by name.
    Pods,
    /// Workloads where all their pods are meant, else pods.
    #[default]
    Workloads,
    /// Namespaces where all that is in them is meant, else workloads, else pods.
    Namespaces,
}

pub(super) type Workload = (ObjectName, WorkloadKind);

/// Which workload and namespace each end is of, and how many these have.
#[derive(Debug)]
pub(super) struct Folding {
    workload_of: HashMap<EndIx, Workload>,
    in_workload: HashMap<Workload, usize>,
    in_namespace: HashMap<Arc<str>, usize>,
}

impl Folding {
    pub(super) fn new(ground: &Ground) -> Self {
        let cluster = ground.snapshot.cluster();
        let mut folding =
            Self { workload_of: HashMap::new(), in_workload: HashMap::new(), in_namespace: HashMap::new() };
        for (at, end) in ground.ends() {
            let (name, workload) = match &end.who {
                Who::Node(_) => continue,
                Who::Workload(name, kind) => (name, Some((name.clone(), kind.clone()))),
                Who::Pod(name) => {
                    let owner = cluster.pod(name).and_then(|pod| outermost(cluster, pod));
                    let workload =
                        owner.map(|(kind, owner)| (ObjectName::new(name.namespace().clone(), owner), kind.clone()));
                    (name, workload)
                }
            };
            *folding.in_namespace.entry(name.namespace().clone()).or_default() += 1;
            if let Some(workload) = workload {
                *folding.in_workload.entry(workload.clone()).or_default() += 1;
                folding.workload_of.insert(at, workload);
            }
        }
        folding
    }

    /// The ends of a workload: its pods, or itself.
    pub(super) fn of_workload(&self, ground: &Ground, name: &ObjectName, kind: &WorkloadKind) -> Vec<EndIx> {
        let is_its = |at: &EndIx| self.workload_of.get(at).is_some_and(|(own, of)| own == name && of == kind);
        ground.ends().map(|(at, _)| at).filter(is_its).collect()
    }

    /// The workload that a pod or workload of that name belongs to.
    pub(super) fn named(&self, name: &ObjectName) -> Option<Workload> {
        let all = self.in_workload.keys().filter(|(own, _)| own == name);
        all.min_by(|one, other| one.1.cmp(&other.1)).cloned()
    }

    pub(super) fn sources(&self, ground: &Ground, detail: Detail, sources: &[Sources]) -> Vec<Ends> {
        let (mut ends, mut addresses) = (BTreeSet::new(), Vec::new());
        for source in sources {
            match source {
                Sources::Ends(own) => ends.extend(own),
                Sources::Addresses(ranges) => addresses.extend(ranges),
            }
        }
        let mut all = self.ends(ground, detail, &ends);
        if !addresses.is_empty() {
            all.push(Ends::Addresses(merged(addresses)));
        }
        all
    }

    pub(super) fn targets(&self, ground: &Ground, detail: Detail, targets: &Targets) -> Vec<Ends> {
        let mut all = self.ends(ground, detail, &targets.ends);
        all.extend(targets.services.iter().cloned().map(Ends::Service));
        if !targets.addresses.is_empty() {
            all.push(Ends::Addresses(merged(targets.addresses.iter().copied().collect())));
        }
        all
    }

    fn ends(&self, ground: &Ground, detail: Detail, ends: &BTreeSet<EndIx>) -> Vec<Ends> {
        let mut nodes = Vec::new();
        let mut namespaces: BTreeMap<Arc<str>, Vec<EndIx>> = BTreeMap::new();
        for at in ends {
            match ground.end(*at).map(|end| &end.who) {
                Some(Who::Node(name)) => nodes.push(Ends::Node(name.clone())),
                Some(Who::Pod(name) | Who::Workload(name, _)) => {
                    namespaces.entry(name.namespace().clone()).or_default().push(*at);
                }
                None => {}
            }
        }
        let (mut whole, mut workloads, mut pods) = (Vec::new(), Vec::new(), Vec::new());
        for (namespace, own) in namespaces {
            if detail == Detail::Namespaces && self.in_namespace.get(&namespace) == Some(&own.len()) {
                whole.push(Ends::Namespace(namespace));
                continue;
            }
            let mut by_workload: BTreeMap<Option<&Workload>, Vec<EndIx>> = BTreeMap::new();
            own.iter().for_each(|at| by_workload.entry(self.workload_of.get(at)).or_default().push(*at));
            for (workload, own) in by_workload {
                let is_whole = |workload: &&Workload| {
                    detail != Detail::Pods && self.in_workload.get(*workload) == Some(&own.len())
                };
                if let Some((name, kind)) = workload.filter(is_whole) {
                    workloads.push(Ends::Workload(name.clone(), kind.clone()));
                    continue;
                }
                for at in own {
                    match ground.end(at).map(|end| &end.who) {
                        Some(Who::Pod(name)) => pods.push(name.clone()),
                        Some(Who::Workload(name, kind)) => {
                            workloads.push(Ends::Workload(name.clone(), kind.clone()));
                        }
                        _ => {}
                    }
                }
            }
        }
        pods.sort_unstable();
        let pods = (!pods.is_empty()).then_some(Ends::Pods(pods));
        whole.into_iter().chain(workloads).chain(pods).chain(nodes).collect()
    }
}
