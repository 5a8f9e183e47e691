//! Whole clusters.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::Metadata;
use crate::model::cluster::{Cluster, EndpointSlice, Endpoints, Namespace, Node, OtherPolicy, Pod, Service, Workload};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;

/// Any object of a cluster; serialises as its [`Manifest`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ObjectRef<'a> {
    Namespace(&'a Namespace),
    Node(&'a Node),
    Pod(&'a Pod),
    Workload(&'a Workload),
    Service(&'a Service),
    EndpointSlice(&'a EndpointSlice),
    Endpoints(&'a Endpoints),
    NetworkPolicy(&'a NetworkPolicy),
    OtherPolicy(&'a OtherPolicy),
}

impl Serialize for ObjectRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Namespace(object) => Manifest(object).serialize(serializer),
            Self::Node(object) => Manifest(object).serialize(serializer),
            Self::Pod(object) => Manifest(object).serialize(serializer),
            Self::Workload(object) => Manifest(object).serialize(serializer),
            Self::Service(object) => Manifest(object).serialize(serializer),
            Self::EndpointSlice(object) => Manifest(object).serialize(serializer),
            Self::Endpoints(object) => Manifest(object).serialize(serializer),
            Self::NetworkPolicy(object) => Manifest(object).serialize(serializer),
            Self::OtherPolicy(object) => Manifest(object).serialize(serializer),
        }
    }
}

/// Every object of a cluster, to be written one by one however large it is: namespaces (those that are merely named
/// too, and read back as given), nodes, pods, workloads, Services, EndpointSlices, Endpoints, policies, policies of other kinds; each kind by name.
/// Objects whose names were made from a `generateName` come last of their kind, in the order of their numbers, so that
/// reading gives them the same ones.
///
/// ```
/// use netpol_oracle::manifest::write::documents;
/// use netpol_oracle::{Cluster, Loader, ObjectName, Pod, Release};
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(ObjectName::new("shop", "web")));
/// let cluster = builder.build();
/// let loader = documents(&cluster).fold(Loader::new(Release::DEFAULT), |loader, object| loader.object("shop", &object));
/// assert_eq!(loader.finish().cluster, cluster);
/// ```
pub fn documents(cluster: &Cluster) -> impl Iterator<Item = ObjectRef<'_>> {
    let pods = numbered_last(|| cluster.pods().iter(), |pod| &pod.name);
    let policies = numbered_last(|| cluster.policies().iter(), NetworkPolicy::name);
    let namespaces = cluster.namespaces().iter().map(ObjectRef::Namespace);
    namespaces
        .chain(cluster.nodes().iter().map(ObjectRef::Node))
        .chain(pods.map(ObjectRef::Pod))
        .chain(cluster.workloads().iter().map(ObjectRef::Workload))
        .chain(cluster.services().iter().map(ObjectRef::Service))
        .chain(cluster.endpoint_slices().iter().map(ObjectRef::EndpointSlice))
        .chain(cluster.endpoints().iter().map(ObjectRef::Endpoints))
        .chain(policies.map(ObjectRef::NetworkPolicy))
        .chain(cluster.other_policies().iter().map(ObjectRef::OtherPolicy))
}

/// The objects in their order, those of made names at the end: by prefix and number, where names put `*10` before `*2`.
fn numbered_last<'a, T: 'a, I: Iterator<Item = &'a T>>(
    objects: impl Fn() -> I,
    name: impl Fn(&T) -> &ObjectName,
) -> impl Iterator<Item = &'a T> {
    let number = move |object: &T| {
        let (_, number) = name(object).name().split_once('*')?;
        Some(number.parse().unwrap_or(0_usize))
    };
    let mut last: Vec<(usize, &T)> = objects().filter_map(|object| Some((number(object)?, object))).collect();
    // Stable: names of one number stay in their order.
    last.sort_by_key(|(number, _)| *number);
    objects().filter(move |object| number(object).is_none()).chain(last.into_iter().map(|(_, object)| object))
}

/// A cluster as one `kind: List` of its [`documents`].
///
/// The reader takes 10,000,000 values in a document: about 100,000 pods. Write a larger cluster object by object.
///
/// ```
/// use netpol_oracle::generate::ClusterSpec;
/// use netpol_oracle::manifest::write::list;
/// use netpol_oracle::{Loader, Release};
/// let cluster = ClusterSpec::new(50).build();
/// let text = serde_json::to_string(&list(&cluster)).unwrap();
/// let loaded = Loader::new(Release::DEFAULT).text("cluster.json", text).finish();
/// assert!(loaded.diagnostics.is_empty());
/// assert_eq!(loaded.cluster, cluster);
/// ```
#[must_use]
pub fn list(cluster: &Cluster) -> List<'_> {
    List(cluster)
}

/// What [`list`] returns.
#[derive(Debug, Clone, Copy)]
pub struct List<'a>(&'a Cluster);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Items<'a>(&'a Cluster);
        impl Serialize for Items<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(documents(self.0))
            }
        }
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("apiVersion", "v1")?;
        map.serialize_entry("kind", "List")?;
        map.serialize_entry("items", &Items(self.0))?;
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OtherPolicyForm<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: Metadata<'a>,
}

impl Serialize for Manifest<'_, OtherPolicy> {
    /// What is known of it: reading it says again that it is not judged ([K25](crate::semantics#k25)).
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let other = self.0;
        let metadata = match other.name.split_once('/') {
            Some((namespace, name)) => Metadata::as_named(Some(namespace), name),
            None => Metadata::as_named(None, &other.name),
        };
        OtherPolicyForm { api_version: &other.api_version, kind: &other.kind, metadata }.serialize(serializer)
    }
}
