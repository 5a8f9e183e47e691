//! Ends as people name them: pods, workloads, namespaces.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::analysis::search::ends::Ends;
use crate::analysis::search::sets::{EndSet, Sources, Targets};
use crate::model::cluster::WorkloadKind;
use crate::model::flow::{Destination, Endpoint};
use crate::name::ObjectName;
use crate::net::AddressRange;
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

pub(in crate::analysis) type Workload = (ObjectName, WorkloadKind);

/// Which workload and namespace each end is of, and how many these have.
#[derive(Debug)]
pub(in crate::analysis) struct Folding {
    workload_of: HashMap<EndIx, Workload>,
    in_workload: HashMap<Workload, usize>,
    in_namespace: HashMap<Arc<str>, usize>,
}

impl Folding {
    pub(in crate::analysis) fn new(ground: &Ground) -> Self {
        let cluster = |name: &ObjectName| {
            let clusters = ground.views.iter().rev().map(|view| view.snapshot.cluster());
            clusters.into_iter().find_map(|cluster| Some((cluster, cluster.pod(name)?)))
        };
        let mut folding =
            Self { workload_of: HashMap::new(), in_workload: HashMap::new(), in_namespace: HashMap::new() };
        for (at, end) in ground.ends() {
            let (name, workload) = match &end.who {
                Who::Node(_) => continue,
                Who::Workload(name, kind) => (name, Some((name.clone(), kind.clone()))),
                Who::Pod(name) => {
                    let owner = cluster(name).and_then(|(cluster, pod)| outermost(cluster, pod));
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
    pub(in crate::analysis) fn of_workload(
        &self,
        ground: &Ground,
        name: &ObjectName,
        kind: &WorkloadKind,
    ) -> Vec<EndIx> {
        let is_its = |at: &EndIx| self.workload_of.get(at).is_some_and(|(own, of)| own == name && of == kind);
        ground.ends().map(|(at, _)| at).filter(is_its).collect()
    }

    /// Whether anybody is in the namespace.
    pub(in crate::analysis) fn has_namespace(&self, name: &str) -> bool {
        self.in_namespace.contains_key(name)
    }

    /// The workload of that name; of several kinds the first.
    pub(in crate::analysis) fn named(&self, name: &ObjectName) -> Option<Workload> {
        let all = self.in_workload.keys().filter(|(own, _)| own == name);
        all.min_by(|one, other| one.1.cmp(&other.1)).cloned()
    }

    pub(in crate::analysis) fn sources(&self, ground: &Ground, detail: Detail, sources: &Sources) -> Vec<Folded> {
        match sources {
            Sources::Ends(ends) => self.ends(ground, detail, ends),
            Sources::Addresses(ranges) => vec![Folded::of(Ends::Addresses(ranges.clone()))],
        }
    }

    pub(in crate::analysis) fn targets(&self, ground: &Ground, detail: Detail, targets: &Targets) -> Vec<Folded> {
        match targets {
            Targets::Ends(ends) => self.ends(ground, detail, ends),
            Targets::Services(names) => names.iter().cloned().map(Ends::Service).map(Folded::of).collect(),
            Targets::Addresses(ranges) => vec![Folded::of(Ends::Addresses(ranges.clone()))],
        }
    }

    fn ends(&self, ground: &Ground, detail: Detail, ends: &EndSet) -> Vec<Folded> {
        let mut nodes = Vec::new();
        let mut namespaces: BTreeMap<Arc<str>, Vec<EndIx>> = BTreeMap::new();
        for at in ends.iter() {
            match ground.end(at).map(|end| &end.who) {
                Some(Who::Node(name)) => nodes.push(Folded { ends: Ends::Node(name.clone()), members: vec![at] }),
                Some(Who::Pod(name) | Who::Workload(name, _)) => {
                    namespaces.entry(name.namespace().clone()).or_default().push(at);
                }
                None => {}
            }
        }
        let (mut whole, mut workloads, mut pods) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (namespace, own) in namespaces {
            if detail == Detail::Namespaces && self.in_namespace.get(&namespace) == Some(&own.len()) {
                whole.push(Folded { ends: Ends::Namespace(namespace), members: own });
                continue;
            }
            let mut by_workload: BTreeMap<Option<&Workload>, Vec<EndIx>> = BTreeMap::new();
            own.iter().for_each(|at| by_workload.entry(self.workload_of.get(at)).or_default().push(*at));
            for (workload, own) in by_workload {
                let is_whole = |workload: &&Workload| {
                    detail != Detail::Pods && self.in_workload.get(*workload) == Some(&own.len())
                };
                if let Some((name, kind)) = workload.filter(is_whole) {
                    workloads.push(Folded { ends: Ends::Workload(name.clone(), kind.clone()), members: own });
                    continue;
                }
                for at in own {
                    match ground.end(at).map(|end| &end.who) {
                        Some(Who::Pod(name)) => drop(pods.insert(name.clone(), at)),
                        Some(Who::Workload(name, kind)) => {
                            let ends = Ends::Workload(name.clone(), kind.clone());
                            workloads.push(Folded { ends, members: vec![at] });
                        }
                        _ => {}
                    }
                }
            }
        }
        let members: Vec<EndIx> = pods.values().copied().collect();
        let pods = (!members.is_empty()).then(|| Folded { ends: Ends::Pods(pods.into_keys().collect()), members });
        whole.into_iter().chain(workloads).chain(pods).chain(nodes).collect()
    }
}

/// Ends under one name, and who they are.
#[derive(Clone)]
pub(in crate::analysis) struct Folded {
    pub(in crate::analysis) ends: Ends,
    members: Vec<EndIx>,
}

impl Folded {
    fn of(ends: Ends) -> Self {
        Self { ends, members: Vec::new() }
    }

    fn first(&self) -> Option<EndIx> {
        self.members.first().copied()
    }

    /// Whether any pair of the two is meant: not a pod and itself (K19).
    pub(in crate::analysis) fn is_meant(&self, ground: &Ground, destination: &Self) -> bool {
        match (self.members.as_slice(), destination.members.as_slice()) {
            ([from], [to]) => from != to || !ground.end(*from).is_some_and(|end| matches!(end.who, Who::Pod(_))),
            _ => true,
        }
    }

    /// A pair of the two that is meant: not a pod and itself (K19).
    pub(in crate::analysis) fn pair(&self, ground: &Ground, destination: &Self) -> Option<(Endpoint, Destination)> {
        let is_meant =
            |from: EndIx, to: EndIx| from != to || ground.end(from).is_some_and(|end| !matches!(end.who, Who::Pod(_)));
        let address = |ranges: &[AddressRange]| ranges.first().map(|range| Endpoint::Address(range.first()));
        let endpoint = |at: EndIx| ground.end(at).map(|end| end.who.endpoint());
        // Of one destination that is the source too another source will do.
        let source = match (self.members.as_slice(), destination.members.as_slice()) {
            ([from, others @ ..], [to]) if !is_meant(*from, *to) => Some(*others.first()?),
            _ => self.first(),
        };
        let from = match &self.ends {
            Ends::Addresses(ranges) => address(ranges)?,
            _ => endpoint(source?)?,
        };
        let to = match &destination.ends {
            Ends::Addresses(ranges) => address(ranges)?.into(),
            Ends::Service(name) => Destination::Service(name.clone()),
            _ => {
                let meant = |to: &&EndIx| source.is_none_or(|from| is_meant(from, **to));
                endpoint(*destination.members.iter().find(meant)?)?.into()
            }
        };
        Some((from, to))
    }
}
