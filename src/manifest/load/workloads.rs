//! Workloads: what stands for its pods (K25, K27).

use super::metadata::{Metadata, NameForm};
use super::pods::{PodSpec, owner};
use super::selectors::selector;
use crate::diagnostic::Code;
use crate::labels::{Labels, Selector};
use crate::located::{At, Faults};
use crate::model::cluster::{JobFacts, Workload, WorkloadKind};

/// A workload of the given kind.
pub(super) fn workload(root: &At<'_>, faults: &mut Faults, kind: WorkloadKind) -> Option<Workload> {
    let metadata = Metadata::read(root, faults, NameForm::Subdomain);
    let owner = owner(root, faults);
    let spec = root.needed_object(faults, "spec")?;
    let mut workload = if kind == WorkloadKind::CronJob {
        let job = spec.needed_object(faults, "jobTemplate")?;
        let spec = job.needed_object(faults, "spec")?;
        of_spec(&spec, faults, kind, metadata?)?
    } else {
        of_spec(&spec, faults, kind, metadata?)?
    };
    if workload.kind == WorkloadKind::Job {
        let uid = root.object(faults, "metadata").and_then(|metadata| metadata.text(faults, "uid").map(Into::into));
        workload.job.uid = uid;
    }
    workload.owner = owner;
    Some(workload)
}

fn of_spec(spec: &At<'_>, faults: &mut Faults, kind: WorkloadKind, metadata: Metadata) -> Option<Workload> {
    let is_job = matches!(kind, WorkloadKind::Job | WorkloadKind::CronJob);
    let replicas = match kind {
        WorkloadKind::DaemonSet => None,
        _ if is_job => count(spec, faults, "parallelism"),
        _ => count(spec, faults, "replicas"),
    };
    let first_ordinal = match kind {
        WorkloadKind::StatefulSet => {
            spec.object(faults, "ordinals").and_then(|ordinals| count(&ordinals, faults, "start")).unwrap_or(0)
        }
        _ => 0,
    };
    let job = if is_job { job_facts(spec, faults) } else { JobFacts::default() };
    let template = spec.needed_object(faults, "template");
    let mut labels = Labels::new();
    let mut pod_spec = PodSpec::default();
    if let Some(template) = &template {
        if let Some(metadata) = template.object(faults, "metadata") {
            labels = metadata.labels(faults, "labels");
        }
        if let Some(spec) = template.object(faults, "spec") {
            pod_spec = PodSpec::read(&spec, faults);
        }
    }
    let selector = match kind {
        WorkloadKind::ReplicationController => plain_selector(spec, faults),
        // A DeploymentConfig's is one of labels, as a ReplicationController's; an Argo Rollout's is a label selector.
        WorkloadKind::Other(_) if !is_label_selector(spec) => plain_selector(spec, faults),
        _ => spec.object(faults, "selector").map(|each| selector(&each, faults)),
    };
    template?;
    let mut workload = Workload::new(kind, metadata.object_name(), labels);
    if let Some(selector) = selector {
        workload.selector = selector;
    }
    workload.replicas = replicas;
    workload.first_ordinal = first_ordinal;
    workload.job = job;
    workload.node = pod_spec.node;
    workload.node_selector = pod_spec.node_selector;
    workload.host_network = pod_spec.host_network;
    workload.ports = pod_spec.ports;
    workload.runtime_class = pod_spec.runtime_class;
    Some(workload)
}

/// Labels alone; none where there are none.
fn plain_selector(spec: &At<'_>, faults: &mut Faults) -> Option<Selector> {
    let labels = spec.labels(faults, "selector");
    (!labels.is_empty()).then(|| Selector::new(labels, Vec::new()))
}

/// Whether the selector is a label selector; an empty one is.
fn is_label_selector(spec: &At<'_>) -> bool {
    let Some(selector) = spec.field("selector") else { return true };
    selector.tree.entries().iter().all(|entry| matches!(&*entry.key, "matchLabels" | "matchExpressions"))
}

fn job_facts(spec: &At<'_>, faults: &mut Faults) -> JobFacts {
    let completions = count(spec, faults, "completions");
    let is_indexed = spec.text(faults, "completionMode") == Some("Indexed");
    JobFacts {
        uid: None,
        indexes: is_indexed.then(|| completions.unwrap_or(0)),
        manual_selector: spec.flag(faults, "manualSelector"),
    }
}

fn count(spec: &At<'_>, faults: &mut Faults, name: &str) -> Option<u32> {
    let at = spec.field(name)?;
    let number = at.as_number(faults)?;
    // The server holds it in 32 bits with a sign.
    let count = i32::try_from(number).ok().and_then(|number| u32::try_from(number).ok());
    if count.is_none() {
        faults.note(Code::FieldValue, &at, format!("`{number}` is no number of {name}"), "");
    }
    count
}
