//! From the model back to manifests: one object, a whole cluster as a `List`, or object by object.
//!
//! Reading what is written here, with [`Loader`](crate::Loader), yields the same objects again: of every cluster that
//! was loaded, and of every one put together from names and values that the API server takes. Fields that decide no flow
//! are not written, required ones neither (a container's image, a CronJob's schedule): the manifests are to be read, not
//! applied.
//!
//! As YAML, text must be quoted where YAML 1.1 reads it as something else (`y`, `no`, `010`), as the API server does. Some
//! writers of YAML 1.2 leave such words bare; JSON text is YAML, and safe.
//!
//! # What has no manifest
//!
//! A model that was put together by hand can hold what no manifest says. It reads back otherwise, or is reported:
//!
//! - names that no object can have; empty texts (`os_image`, a node's or port's name, ...), which mean the same as
//!   none;
//! - an address twice in one list, an IPv4-mapped address for its IPv4 one (K22), an IPv6 endpoint in an IPv4 slice;
//! - the target of an endpoint that is no pod's name, a slice of no Service;
//! - `replicas` of a DaemonSet, and beyond 2³¹ - 1; a ReplicationController whose selector has expressions, or is
//!   empty where its template has labels (K25);
//! - names made from `generateName` (`web-*2`) that are not numbered without gaps: the numbers are given anew.
//!
//! Policies of other kinds are written as far as they are known: kind, version and name. The loader says again that they
//! are not judged.

mod cluster;
mod node;
mod pod;
mod policy;
mod service;
mod workload;

use serde::Serialize;

pub use self::cluster::{List, ObjectRef, documents, list};
use crate::labels::Labels;
use crate::model::cluster::{Owner, WorkloadKind};
use crate::name::ObjectName;

/// The manifest of an object: serialise it as YAML or JSON. Reading it yields the same object again; the
/// [module](self) names the exceptions.
///
/// What the server fills in is written out: the namespace, `policyTypes` and every `protocol`. An `except`
/// that equals its `cidr` is written as IPv4-mapped, the one form in which the API server takes it (before
/// 1.36).
///
/// ```
/// use netpol_oracle::manifest::write::Manifest;
/// use netpol_oracle::{NetworkPolicy, ObjectName, Pod, PolicyTypes, Selector};
/// let name = ObjectName::new("default", "deny-all");
/// let policy = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]);
/// assert_eq!(
///     serde_json::to_string(&Manifest(&policy)).unwrap(),
///     r#"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"deny-all","namespace":"default"},"spec":{"podSelector":{},"policyTypes":["Ingress"]}}"#
/// );
/// let mut pod = Pod::new(ObjectName::new("default", "web"));
/// pod.addresses = vec!["10.0.0.7".parse()?];
/// assert_eq!(
///     serde_json::to_string(&Manifest(&pod)).unwrap(),
///     r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default"},"spec":{},"status":{"phase":"Running","podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"}],"conditions":[{"type":"Ready","status":"True"}]}}"#
/// );
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Manifest<'a, T>(pub &'a T);

/// What identifies an object.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generate_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<LabelsForm<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_references: Option<[OwnerReference<'a>; 1]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum LabelsForm<'a> {
    Of(&'a Labels),
    OfService {
        #[serde(rename = "kubernetes.io/service-name")]
        service: &'a str,
    },
}

impl<'a> Metadata<'a> {
    /// Of an object in a namespace.
    fn of(name: &'a ObjectName) -> Self {
        Self { namespace: Some(name.namespace()), ..Self::cluster_wide(name.name()) }
    }

    /// Of an object in no namespace.
    fn cluster_wide(name: &'a str) -> Self {
        match generate_name(name) {
            None => Self { name: Some(name), ..Self::default() },
            prefix => Self { generate_name: prefix, ..Self::default() },
        }
    }

    fn labels(self, labels: &'a Labels) -> Self {
        Self { labels: (!labels.is_empty()).then_some(LabelsForm::Of(labels)), ..self }
    }

    /// The one label of an EndpointSlice that the model keeps (K23).
    fn service(self, service: &'a str) -> Self {
        Self { labels: Some(LabelsForm::OfService { service }), ..self }
    }

    fn owner(self, owner: Option<&'a Owner>) -> Self {
        Self { owner_references: owner.map(|owner| [OwnerReference::of(owner)]), ..self }
    }
}

/// The beginning that a name was made from by the loader: `web-*` or `web-*2`, of most kinds `web-`.
fn generate_name(name: &str) -> Option<&str> {
    let prefix = name.split_once('*').map(|(prefix, _)| prefix);
    prefix.or_else(|| name.ends_with('-').then_some(name))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnerReference<'a> {
    api_version: &'static str,
    kind: &'static str,
    name: &'a str,
    controller: bool,
}

impl<'a> OwnerReference<'a> {
    fn of(owner: &'a Owner) -> Self {
        Self { api_version: api_version(owner.kind), kind: owner.kind.as_str(), name: &owner.name, controller: true }
    }
}

/// The version that workloads of a kind are read in.
fn api_version(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::Job | WorkloadKind::CronJob => "batch/v1",
        WorkloadKind::ReplicationController => "v1",
        _ => "apps/v1",
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}
