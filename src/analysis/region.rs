//! Where ends are, for tables and pictures of a whole cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::analysis::search::{Detail, EndSet, Ends};
use crate::model::cluster::{Cluster, ServiceKind, WorkloadKind};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::{AddressRange, Family};
use crate::partition::{EndIx, Ground, Interned, View, Who, outermost};

/// Where ends are: every end is in one region, whatever policies say. As JSON one of
///
/// ```json
/// {"namespace": "default"}
/// {"workload": "default/deployment/web"}
/// {"pods": ["default/web-0"]}
/// {"services": "default"}
/// {"service": "default/db"}
/// {"nodes": "all"}
/// {"node": "n1"}
/// {"addresses": "all"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Region {
    /// Every pod and workload of a namespace.
    Namespace(Arc<str>),
    /// Every pod of a workload, loaded or not.
    Workload(ObjectName, WorkloadKind),
    /// A pod.
    Pod(ObjectName),
    /// The Services of a namespace, as destinations by their own ports.
    Services(Arc<str>),
    /// A Service.
    Service(ObjectName),
    /// All nodes.
    Nodes,
    /// A node.
    Node(Arc<str>),
    /// Every address outside the cluster, together.
    Outside,
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Namespace(name) => map.serialize_entry("namespace", &**name)?,
            Self::Workload(name, kind) => {
                let end = Endpoint::Workload { kind: kind.clone(), name: name.clone() };
                map.serialize_entry("workload", &end.to_string())?;
            }
            Self::Pod(name) => map.serialize_entry("pods", &[name.to_string()])?,
            Self::Services(namespace) => map.serialize_entry("services", &**namespace)?,
            Self::Service(name) => map.serialize_entry("service", &name.to_string())?,
            Self::Nodes => map.serialize_entry("nodes", "all")?,
            Self::Node(name) => map.serialize_entry("node", &**name)?,
            Self::Outside => map.serialize_entry("addresses", "all")?,
        }
        map.end()
    }
}

impl fmt::Display for Region {
    /// As flows name them where they do: `default/deployment/web`, `svc/default/db`, `node:n1`; else `namespace:default`,
    /// `services:default`, `nodes`, `outside`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(f, "namespace:{name}"),
            Self::Workload(name, kind) => Endpoint::Workload { kind: kind.clone(), name: name.clone() }.fmt(f),
            Self::Pod(name) => name.fmt(f),
            Self::Services(namespace) => write!(f, "services:{namespace}"),
            Self::Service(name) => write!(f, "svc/{name}"),
            Self::Nodes => f.write_str("nodes"),
            Self::Node(name) => write!(f, "node:{name}"),
            Self::Outside => f.write_str("outside"),
        }
    }
}

/// The regions that everybody is in, by numbers.
#[derive(Debug)]
pub(in crate::analysis) struct Placed {
    pub(in crate::analysis) regions: Vec<Region>,
    /// Ends that are one behind the other in one region: from each place on, its number.
    runs: Vec<(usize, usize)>,
    /// The Services that every snapshot has, in order.
    pub(in crate::analysis) services: Vec<(ObjectName, usize)>,
    pub(in crate::analysis) outside: usize,
}

impl Placed {
    /// Pods are by what their snapshots say last: of two the second.
    pub(in crate::analysis) fn new(ground: &Ground, detail: Detail) -> Self {
        let clusters: Vec<&Cluster> = ground.views.iter().rev().map(|view| view.snapshot.cluster()).collect();
        let mut known = Interned::default();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut regions = Vec::new();
        let mut place = |region: Region| {
            let at = known.place(region.clone()) as usize;
            if at == regions.len() {
                regions.push(region);
            }
            at
        };
        for (at, end) in ground.ends() {
            let region = place(of_end(&clusters, &end.who, detail));
            if runs.last().is_none_or(|(_, last)| *last != region) {
                runs.push((at.place(), region));
            }
        }
        let is_there = |view: &Arc<View>, name: &ObjectName| {
            view.snapshot.cluster().service(name).is_some_and(|service| service.kind != ServiceKind::ExternalName)
        };
        let services = clusters.first().into_iter().flat_map(|cluster| cluster.services().iter());
        let services = services.map(|service| &service.name);
        let services = services.filter(|name| ground.views.iter().all(|view| is_there(view, name)));
        let services = services.map(|name| match detail {
            Detail::Namespaces => (name.clone(), place(Region::Services(name.namespace().clone()))),
            Detail::Pods | Detail::Workloads => (name.clone(), place(Region::Service(name.clone()))),
        });
        let services = services.collect();
        let outside = place(Region::Outside);
        Self { regions, runs, services, outside }
    }

    /// How many of some ends are in each region.
    pub(in crate::analysis) fn by_region(&self, ends: &EndSet) -> BTreeMap<usize, u64> {
        let mut counts = BTreeMap::new();
        let lasts = self.runs.iter().skip(1).map(|(first, _)| *first).chain([ends.places()]);
        for ((first, region), last) in self.runs.iter().zip(lasts) {
            let count = ends.count(*first..last);
            if count > 0 {
                *counts.entry(*region).or_default() += count;
            }
        }
        counts
    }

    pub(in crate::analysis) fn place_of_service(&self, name: &ObjectName) -> Option<usize> {
        self.services.binary_search_by(|(own, _)| own.cmp(name)).ok()
    }
}

fn of_end(clusters: &[&Cluster], who: &Who, detail: Detail) -> Region {
    let is_coarse = detail == Detail::Namespaces;
    match who {
        Who::Node(_) if is_coarse => Region::Nodes,
        Who::Node(name) => Region::Node(name.clone()),
        Who::Workload(name, _) | Who::Pod(name) if is_coarse => Region::Namespace(name.namespace().clone()),
        Who::Workload(name, kind) => Region::Workload(name.clone(), kind.clone()),
        Who::Pod(name) => {
            let pod = clusters.iter().find_map(|cluster| Some((*cluster, cluster.pod(name)?)));
            match pod.and_then(|(cluster, pod)| outermost(cluster, pod)).filter(|_| detail == Detail::Workloads) {
                Some((kind, owner)) => Region::Workload(ObjectName::new(name.namespace().clone(), owner), kind.clone()),
                None => Region::Pod(name.clone()),
            }
        }
    }
}

/// Every region that anybody is in, and who: [`Ends`] of one each, outside every address that nobody has.
pub(in crate::analysis) fn regions(ground: &Ground, detail: Detail) -> BTreeMap<Region, Vec<Ends>> {
    let placed = Placed::new(ground, detail);
    let mut all: BTreeMap<Region, Vec<Ends>> = BTreeMap::new();
    let mut put = |region: usize, ends: Ends| {
        if let Some(region) = placed.regions.get(region) {
            all.entry(region.clone()).or_default().push(ends);
        }
    };
    let lasts = placed.runs.iter().skip(1).map(|(first, _)| *first).chain([ground.len()]);
    for ((first, region), last) in placed.runs.iter().zip(lasts) {
        for end in (*first..last).filter_map(|place| ground.end(EndIx::at(place)?)) {
            put(
                *region,
                match &end.who {
                    Who::Node(name) => Ends::Node(name.clone()),
                    Who::Workload(name, kind) => Ends::Workload(name.clone(), kind.clone()),
                    Who::Pod(name) => Ends::Pods(vec![name.clone()]),
                },
            );
        }
    }
    placed.services.iter().for_each(|(name, region)| put(*region, Ends::Service(name.clone())));
    let outside = [Family::V4, Family::V6].into_iter();
    let outside = outside.flat_map(|family| ground.outside.free(AddressRange::all(family))).collect();
    put(placed.outside, Ends::Addresses(outside));
    all
}
