//! What every manifest has: names, labels, owners.

use std::borrow::Cow;

use serde::Serialize;

use crate::labels::Labels;
use crate::model::cluster::{Owner, WorkloadKind};
use crate::name::ObjectName;

/// What identifies an object.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generate_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_timestamp: Option<&'static str>,
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
    pub(super) fn of(name: &'a ObjectName) -> Self {
        Self { namespace: Some(name.namespace()), ..Self::cluster_wide(name.name()) }
    }

    /// Of an object in no namespace.
    pub(super) fn cluster_wide(name: &'a str) -> Self {
        match generate_name(name) {
            None => Self { name: Some(name), ..Self::default() },
            prefix => Self { generate_name: prefix, ..Self::default() },
        }
    }

    /// With the name as it is.
    pub(super) fn as_named(namespace: Option<&'a str>, name: &'a str) -> Self {
        Self { name: Some(name), namespace, ..Self::default() }
    }

    pub(super) fn labels(self, labels: &'a Labels) -> Self {
        Self { labels: (!labels.is_empty()).then_some(LabelsForm::Of(labels)), ..self }
    }

    /// The labels, which must be there even if there are none.
    pub(super) fn all_labels(self, labels: &'a Labels) -> Self {
        Self { labels: Some(LabelsForm::Of(labels)), ..self }
    }

    /// The one label of an EndpointSlice that the model keeps (K23).
    pub(super) fn service(self, service: &'a str) -> Self {
        Self { labels: Some(LabelsForm::OfService { service }), ..self }
    }

    pub(super) fn uid(self, uid: Option<&'a str>) -> Self {
        Self { uid, ..self }
    }

    /// When it was deleted is not kept: that it was is all that counts (K23).
    pub(super) fn terminating(self, is_terminating: bool) -> Self {
        Self { deletion_timestamp: is_terminating.then_some("1970-01-01T00:00:00Z"), ..self }
    }

    pub(super) fn owner(self, owner: Option<&'a Owner>) -> Self {
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
    api_version: Cow<'static, str>,
    kind: &'a str,
    name: &'a str,
    controller: bool,
}

impl<'a> OwnerReference<'a> {
    fn of(owner: &'a Owner) -> Self {
        Self { api_version: api_version(&owner.kind), kind: owner.kind.as_str(), name: &owner.name, controller: true }
    }
}

/// A version that workloads of a kind are read in; of other APIs any version is.
pub(super) fn api_version(kind: &WorkloadKind) -> Cow<'static, str> {
    match kind {
        WorkloadKind::Job | WorkloadKind::CronJob => "batch/v1".into(),
        WorkloadKind::ReplicationController => "v1".into(),
        WorkloadKind::Other(other) if other.group().is_empty() => "v1".into(),
        WorkloadKind::Other(other) => format!("{}/v1", other.group()).into(),
        _ => "apps/v1".into(),
    }
}

pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}
