//! Workloads: what stands for its pods (K25).

use super::metadata::{Metadata, NameForm};
use super::pods::{PodSpec, owner};
use crate::diagnostic::Code;
use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use crate::located::{At, Faults};
use crate::model::cluster::{Workload, WorkloadKind};
use crate::text::quoted;

/// A workload of the given kind.
pub(super) fn workload(root: &At<'_>, faults: &mut Faults, kind: WorkloadKind) -> Option<Workload> {
    let metadata = Metadata::read(root, faults, NameForm::Subdomain);
    let owner = owner(root, faults);
    let spec = root.needed_object(faults, "spec")?;
    if kind == WorkloadKind::CronJob {
        let job = spec.needed_object(faults, "jobTemplate")?;
        let spec = job.needed_object(faults, "spec")?;
        let mut workload = of_spec(&spec, faults, kind, metadata?)?;
        workload.owner = owner;
        return Some(workload);
    }
    let mut workload = of_spec(&spec, faults, kind, metadata?)?;
    workload.owner = owner;
    Some(workload)
}

fn of_spec(spec: &At<'_>, faults: &mut Faults, kind: WorkloadKind, metadata: Metadata) -> Option<Workload> {
    let replicas = match kind {
        WorkloadKind::DaemonSet => None,
        WorkloadKind::Job | WorkloadKind::CronJob => count(spec, faults, "parallelism"),
        _ => count(spec, faults, "replicas"),
    };
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
        WorkloadKind::ReplicationController => {
            let selector = spec.labels(faults, "selector");
            (!selector.is_empty()).then(|| Selector::new(selector, Vec::new()))
        }
        _ => spec.object(faults, "selector").map(|selector| self::selector(&selector, faults)),
    };
    template?;
    Some(Workload {
        name: metadata.object_name(),
        kind,
        selector: selector.unwrap_or_else(|| Selector::new(labels.clone(), Vec::new())),
        labels,
        replicas,
        node: pod_spec.node,
        host_network: pod_spec.host_network,
        ports: pod_spec.ports,
        runtime_class: pod_spec.runtime_class,
        owner: None,
    })
}

fn count(spec: &At<'_>, faults: &mut Faults, name: &str) -> Option<u32> {
    let at = spec.field(name)?;
    let number = at.as_number(faults)?;
    // The server holds it in 32 bits with a sign.
    let count = i32::try_from(number).ok().and_then(|number| u32::try_from(number).ok());
    if count.is_none() {
        faults.note(Code::FieldValue, &at, format!("`{number}` is no number of replicas"), "");
    }
    count
}

/// A label selector.
fn selector(selector: &At<'_>, faults: &mut Faults) -> Selector {
    let labels = selector.labels(faults, "matchLabels");
    let mut expressions = Vec::new();
    if let Some(list) = selector.field("matchExpressions") {
        for item in list.objects(faults) {
            expressions.extend(requirement(&item, faults));
        }
    }
    Selector::new(labels, expressions)
}

fn requirement(item: &At<'_>, faults: &mut Faults) -> Option<Requirement> {
    let key = match item.field("key") {
        None => {
            faults.missing(item, "key");
            None
        }
        Some(at) => at.as_text(faults).and_then(|text| match LabelKey::new(text) {
            Ok(key) => Some(key),
            Err(_) => {
                at.wrong_value(faults, format!("`{}` is no label key", quoted(text)));
                None
            }
        }),
    };
    let mut values = Vec::new();
    if let Some(list) = item.field("values") {
        for value in list.items(faults) {
            let Some(text) = value.as_text(faults) else {
                continue;
            };
            match LabelValue::new(text) {
                Ok(found) => values.push(found),
                Err(_) => {
                    let message = format!("`{}` is no label value", quoted(text));
                    faults.note(Code::FieldValue, &value, message, "");
                }
            }
        }
    }
    let operator = item.text(faults, "operator");
    let made = match operator {
        Some("In") => Requirement::in_(key?, values),
        Some("NotIn") => Requirement::not_in(key?, values),
        Some("Exists") => Ok(Requirement::Exists { key: key? }),
        Some("DoesNotExist") => Ok(Requirement::DoesNotExist { key: key? }),
        None => {
            if item.field("operator").is_none() {
                faults.missing(item, "operator");
            }
            return None;
        }
        Some(other) => {
            if let Some(at) = item.field("operator") {
                let message = format!("`{}` is no selector operator", quoted(other));
                let help = "the operators are `In`, `NotIn`, `Exists` and `DoesNotExist`";
                faults.note(Code::FieldValue, &at, message, help);
            }
            return None;
        }
    };
    if made.is_err() {
        faults.note(Code::FieldValue, item, "`In` and `NotIn` need values", "");
    }
    made.ok()
}
