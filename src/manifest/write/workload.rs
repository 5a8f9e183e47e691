//! Workloads: each kind has its number of pods, its selector and its template in places of its own.

use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::{Metadata, api_version, is_false};
use super::pod::{Container, PodSpec};
use crate::labels::{Labels, Selector};
use crate::model::cluster::{Workload, WorkloadKind};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkloadForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: WorkloadSpec<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WorkloadSpec<'a> {
    Plain(Box<Spec<'a>>),
    #[serde(rename_all = "camelCase")]
    CronJob {
        job_template: JobTemplate<'a>,
    },
}

#[derive(Serialize)]
struct JobTemplate<'a> {
    spec: Box<Spec<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    replicas: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallelism: Option<u32>,
    #[serde(skip_serializing_if = "is_false")]
    manual_selector: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<SelectorForm<'a>>,
    template: Template<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum SelectorForm<'a> {
    Selector(&'a Selector),
    /// Of a ReplicationController, which knows no expressions.
    Labels(&'a Labels),
}

#[derive(Serialize)]
struct Template<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    spec: PodSpec<'a>,
}

impl<'a> Spec<'a> {
    fn of(workload: &'a Workload) -> Self {
        let is_job = matches!(workload.kind, WorkloadKind::Job | WorkloadKind::CronJob);
        let selector = match workload.kind {
            WorkloadKind::ReplicationController => Some(SelectorForm::Labels(workload.selector.match_labels())),
            // The server makes a Job's from its template; one of its own must say so.
            _ if is_job && is_of_template(workload) => None,
            _ => Some(SelectorForm::Selector(&workload.selector)),
        };
        let count = workload.replicas.filter(|_| workload.kind != WorkloadKind::DaemonSet);
        Self {
            replicas: count.filter(|_| !is_job),
            parallelism: count.filter(|_| is_job),
            manual_selector: is_job && selector.is_some(),
            selector,
            template: Template {
                metadata: Some(Metadata::default().labels(&workload.labels)).filter(|_| !workload.labels.is_empty()),
                spec: PodSpec {
                    node_name: workload.node.as_deref(),
                    host_network: workload.host_network,
                    runtime_class_name: workload.runtime_class.as_deref(),
                    containers: Container::of(&workload.ports),
                },
            },
        }
    }
}

/// Whether the selector is what an absent one would mean.
fn is_of_template(workload: &Workload) -> bool {
    workload.selector.expressions().is_empty() && *workload.selector.match_labels() == workload.labels
}

impl Serialize for Manifest<'_, Workload> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let workload = self.0;
        let spec = Box::new(Spec::of(workload));
        WorkloadForm {
            api_version: api_version(workload.kind),
            kind: workload.kind.as_str(),
            metadata: Metadata::of(&workload.name).owner(workload.owner.as_ref()),
            spec: match workload.kind {
                WorkloadKind::CronJob => WorkloadSpec::CronJob { job_template: JobTemplate { spec } },
                _ => WorkloadSpec::Plain(spec),
            },
        }
        .serialize(serializer)
    }
}
