//! Workloads: each kind has its number of pods, its selector and its template in places of its own.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::{Metadata, api_version, is_false};
use super::pod::{Container, PodSpec};
use crate::labels::{Labels, Selector};
use crate::model::cluster::{Workload, WorkloadKind};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkloadForm<'a> {
    api_version: Cow<'static, str>,
    kind: &'a str,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    ordinals: Option<Ordinals>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completions: Option<u32>,
    #[serde(skip_serializing_if = "is_false")]
    manual_selector: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<SelectorForm<'a>>,
    template: Template<'a>,
}

#[derive(Serialize)]
struct Ordinals {
    start: u32,
}

#[derive(Serialize)]
#[serde(untagged)]
enum SelectorForm<'a> {
    Selector(&'a Selector),
    /// Of a ReplicationController or a DeploymentConfig, which know no expressions.
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
            // The server makes a Job's from its template; kinds of other APIs have none, or one in a form of their own.
            WorkloadKind::Job | WorkloadKind::CronJob | WorkloadKind::Other(_) if is_of_template(workload) => None,
            _ => Some(SelectorForm::Selector(&workload.selector)),
        };
        let count = workload.replicas.filter(|_| workload.kind != WorkloadKind::DaemonSet);
        // A kind of another API is known for a workload by the labels and the containers of its template (K25).
        let (metadata, containers) = match workload.kind {
            WorkloadKind::Other(_) => {
                (Some(Metadata::default().all_labels(&workload.labels)), Some(Container::with(&workload.ports)))
            }
            _ => (
                Some(Metadata::default().labels(&workload.labels)).filter(|_| !workload.labels.is_empty()),
                Container::of(&workload.ports),
            ),
        };
        Self {
            replicas: count.filter(|_| !is_job),
            parallelism: count.filter(|_| is_job),
            ordinals: (workload.kind == WorkloadKind::StatefulSet && workload.first_ordinal != 0)
                .then_some(Ordinals { start: workload.first_ordinal }),
            completion_mode: workload.job.indexes.filter(|_| is_job).map(|_| "Indexed"),
            completions: workload.job.indexes.filter(|count| is_job && *count > 0),
            manual_selector: is_job && workload.job.manual_selector,
            selector,
            template: Template {
                metadata,
                spec: PodSpec {
                    node_name: workload.node.as_deref(),
                    node_selector: &workload.node_selector,
                    host_network: workload.host_network,
                    runtime_class_name: workload.runtime_class.as_deref(),
                    containers,
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
            api_version: api_version(&workload.kind),
            kind: workload.kind.as_str(),
            metadata: Metadata::of(&workload.name)
                .uid(workload.job.uid.as_deref().filter(|_| workload.kind == WorkloadKind::Job))
                .owner(workload.owner.as_ref()),
            spec: match workload.kind {
                WorkloadKind::CronJob => WorkloadSpec::CronJob { job_template: JobTemplate { spec } },
                _ => WorkloadSpec::Plain(spec),
            },
        }
        .serialize(serializer)
    }
}
