//! Where ends are, for tables and pictures of a whole cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::analysis::search::{Detail, Ends};
use crate::engine::Snapshot;
use crate::model::cluster::{ServiceKind, WorkloadKind};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::{AddressRange, Family};
use crate::partition::{Ground, Who, outermost};

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

/// Every region that anybody is in, and who: [`Ends`] of one each, outside every address that nobody has.
///
/// Pods are by what their snapshots say last: of two the second.
pub(in crate::analysis) fn regions(ground: &Ground, detail: Detail) -> BTreeMap<Region, Vec<Ends>> {
    let clusters: Vec<_> = ground.views.iter().rev().map(|view| view.snapshot.cluster()).collect();
    let is_coarse = detail == Detail::Namespaces;
    let mut all: BTreeMap<Region, Vec<Ends>> = BTreeMap::new();
    for (_, end) in ground.ends() {
        let (region, ends) = match &end.who {
            Who::Node(name) if is_coarse => (Region::Nodes, Ends::Node(name.clone())),
            Who::Node(name) => (Region::Node(name.clone()), Ends::Node(name.clone())),
            Who::Workload(name, kind) => {
                let region = if is_coarse {
                    Region::Namespace(name.namespace().clone())
                } else {
                    Region::Workload(name.clone(), kind.clone())
                };
                (region, Ends::Workload(name.clone(), kind.clone()))
            }
            Who::Pod(name) => {
                let pod = clusters.iter().find_map(|cluster| Some((*cluster, cluster.pod(name)?)));
                let owner = pod.and_then(|(cluster, pod)| outermost(cluster, pod));
                let region = match (detail, owner) {
                    (Detail::Namespaces, _) => Region::Namespace(name.namespace().clone()),
                    (Detail::Workloads, Some((kind, owner))) => {
                        Region::Workload(ObjectName::new(name.namespace().clone(), owner), kind.clone())
                    }
                    _ => Region::Pod(name.clone()),
                };
                (region, Ends::Pods(vec![name.clone()]))
            }
        };
        all.entry(region).or_default().push(ends);
    }
    let is_everywhere = |name: &ObjectName| {
        let is_there = |snapshot: &Snapshot| {
            snapshot.cluster().service(name).is_some_and(|service| service.kind != ServiceKind::ExternalName)
        };
        ground.views.iter().all(|view| is_there(&view.snapshot))
    };
    let services = clusters.first().into_iter().flat_map(|cluster| cluster.services().iter());
    for name in services.map(|service| &service.name).filter(|name| is_everywhere(name)) {
        let region = if is_coarse { Region::Services(name.namespace().clone()) } else { Region::Service(name.clone()) };
        all.entry(region).or_default().push(Ends::Service(name.clone()));
    }
    let outside = [Family::V4, Family::V6].into_iter();
    let outside = outside.flat_map(|family| ground.outside.free(AddressRange::all(family))).collect();
    all.insert(Region::Outside, vec![Ends::Addresses(outside)]);
    all
}
