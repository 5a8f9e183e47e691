//! Ends as people name them: pods, workloads, namespaces.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::analysis::search::ends::Ends;
use crate::analysis::search::sets::{EndSet, Sources, Targets};
use crate::model::cluster::{Cluster, WorkloadKind};
use crate::model::flow::{Destination, Endpoint};
use crate::name::ObjectName;
use crate::net::AddressRange;
use crate::partition::{EndIx, Ground, Interned, Who, outermost};

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
    /// Of each end, the place of its workload.
    workload_of: Vec<Option<usize>>,
    /// How many each has.
    workloads: Vec<(Workload, usize)>,
    in_namespace: HashMap<Arc<str>, usize>,
}

impl Folding {
    pub(in crate::analysis) fn new(ground: &Ground) -> Self {
        Self::of(ground, |_| true)
    }

    /// Of some ends alone.
    pub(in crate::analysis) fn of(ground: &Ground, is_meant: impl Fn(EndIx) -> bool) -> Self {
        let clusters: Vec<&Cluster> = ground.views.iter().rev().map(|view| view.snapshot.cluster()).collect();
        let owner = |name: &ObjectName| -> Option<Workload> {
            let (cluster, pod) = clusters.iter().find_map(|cluster| Some((cluster, cluster.pod(name)?)))?;
            let (kind, owner) = outermost(cluster, pod)?;
            Some((ObjectName::new(name.namespace().clone(), owner), kind.clone()))
        };
        let mut known = Interned::default();
        let mut folding = Self { workload_of: Vec::new(), workloads: Vec::new(), in_namespace: HashMap::new() };
        for (at, end) in ground.ends() {
            let (name, workload) = match &end.who {
                Who::Pod(_) | Who::Workload(..) if !is_meant(at) => {
                    folding.workload_of.push(None);
                    continue;
                }
                Who::Node(_) => {
                    folding.workload_of.push(None);
                    continue;
                }
                Who::Workload(name, kind) => (name, Some((name.clone(), kind.clone()))),
                Who::Pod(name) => (name, owner(name)),
            };
            match folding.in_namespace.get_mut(name.namespace()) {
                Some(count) => *count += 1,
                None => drop(folding.in_namespace.insert(name.namespace().clone(), 1)),
            }
            let place = workload.map(|workload| {
                let place = known.place(workload.clone()) as usize;
                if place == folding.workloads.len() {
                    folding.workloads.push((workload, 0));
                }
                place
            });
            if let Some((_, count)) = place.and_then(|place| folding.workloads.get_mut(place)) {
                *count += 1;
            }
            folding.workload_of.push(place);
        }
        folding
    }

    fn place_of_workload(&self, at: EndIx) -> Option<usize> {
        self.workload_of.get(at.place()).copied().flatten()
    }

    /// The ends of a workload: its pods, or itself.
    pub(in crate::analysis) fn of_workload(
        &self,
        ground: &Ground,
        name: &ObjectName,
        kind: &WorkloadKind,
    ) -> Vec<EndIx> {
        let place = self.workloads.iter().position(|((own, of), _)| own == name && of == kind);
        let is_its = |at: &EndIx| place.is_some() && self.place_of_workload(*at) == place;
        ground.ends().map(|(at, _)| at).filter(is_its).collect()
    }

    /// Whether anybody is in the namespace.
    pub(in crate::analysis) fn has_namespace(&self, name: &str) -> bool {
        self.in_namespace.contains_key(name)
    }

    /// The workload of that name; of several kinds the first.
    pub(in crate::analysis) fn named(&self, name: &ObjectName) -> Option<Workload> {
        let all = self.workloads.iter().map(|(workload, _)| workload).filter(|(own, _)| own == name);
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

    /// Some ends by their names.
    pub(in crate::analysis) fn ends(&self, ground: &Ground, detail: Detail, ends: &EndSet) -> Vec<Folded> {
        let whole = self.whole_namespaces(ground, detail, ends);
        let mut namespaces: BTreeMap<&Arc<str>, Vec<EndIx>> = BTreeMap::new();
        let mut in_set: HashMap<usize, Vec<EndIx>, FixedState> = HashMap::default();
        let (mut workloads, mut pods, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        // In the order of names: pods, then workloads, then nodes.
        for at in ends.iter() {
            match ground.end(at).map(|end| &end.who) {
                Some(Who::Node(name)) => nodes.push(Folded { ends: Ends::Node(name.clone()), members: vec![at] }),
                Some(Who::Pod(name) | Who::Workload(name, _)) if whole.contains(name.namespace()) => {
                    namespaces.entry(name.namespace()).or_default().push(at);
                }
                Some(Who::Workload(name, kind)) if self.place_of_workload(at).is_none() => {
                    let ends = Ends::Workload(name.clone(), kind.clone());
                    workloads.push(Folded { ends, members: vec![at] });
                }
                Some(Who::Pod(_) | Who::Workload(..)) => match self.place_of_workload(at) {
                    Some(workload) if detail != Detail::Pods => in_set.entry(workload).or_default().push(at),
                    _ => pods.push(at),
                },
                None => {}
            }
        }
        for (place, members) in in_set {
            match self.workloads.get(place) {
                Some(((name, kind), count)) if *count == members.len() => {
                    workloads.push(Folded { ends: Ends::Workload(name.clone(), kind.clone()), members });
                }
                _ => pods.extend(members),
            }
        }
        pods.sort_unstable();
        let mut named = Vec::new();
        for at in &pods {
            match ground.end(*at).map(|end| &end.who) {
                Some(Who::Pod(name)) => named.push(name.clone()),
                Some(Who::Workload(name, kind)) => {
                    let ends = Ends::Workload(name.clone(), kind.clone());
                    workloads.push(Folded { ends, members: vec![*at] });
                }
                _ => {}
            }
        }
        workloads.sort_by(|one, other| one.ends.cmp(&other.ends));
        pods.truncate(named.len());
        let pods = (!pods.is_empty()).then_some(Folded { ends: Ends::Pods(named), members: pods });
        let whole =
            namespaces.into_iter().map(|(name, members)| Folded { ends: Ends::Namespace(name.clone()), members });
        whole.chain(workloads).chain(pods).chain(nodes).collect()
    }

    /// The namespaces of whom everybody is among the ends, where these are to be named.
    fn whole_namespaces<'g>(&self, ground: &'g Ground, detail: Detail, ends: &EndSet) -> HashSet<&'g Arc<str>> {
        if detail != Detail::Namespaces {
            return HashSet::new();
        }
        let mut counts: HashMap<&Arc<str>, usize> = HashMap::new();
        for at in ends.iter() {
            if let Some(Who::Pod(name) | Who::Workload(name, _)) = ground.end(at).map(|end| &end.who) {
                *counts.entry(name.namespace()).or_default() += 1;
            }
        }
        let is_whole = |(name, count): &(&Arc<str>, usize)| self.in_namespace.get(*name) == Some(count);
        counts.into_iter().filter(is_whole).map(|(name, _)| name).collect()
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

    /// Without the one at the other end, where pods are named and that is a single one: a pod with itself is not meant (K19).
    pub(in crate::analysis) fn beside(&self, other: &Self) -> Self {
        let (Ends::Pods(names), [only]) = (&self.ends, other.members.as_slice()) else { return self.clone() };
        let Some(at) = self.members.iter().position(|own| own == only).filter(|_| names.len() > 1) else {
            return self.clone();
        };
        let mut left = self.clone();
        left.members.remove(at);
        if let Ends::Pods(names) = &mut left.ends {
            names.remove(at);
        }
        left
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
