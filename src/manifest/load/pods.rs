//! Pods, and what pod templates share with them.

use std::sync::Arc;

use super::kinds::workload_kind;
use super::metadata::{Metadata, NameForm};
use crate::diagnostic::Code;
use crate::labels::Labels;
use crate::located::{At, Faults, Value};
use crate::model::cluster::{ContainerPort, HostPort, Owner, Phase, Pod};

/// What a pod's spec says about its network.
#[derive(Debug, Default)]
pub(super) struct PodSpec {
    pub(super) node: Option<Arc<str>>,
    pub(super) node_selector: Labels,
    pub(super) host_network: bool,
    pub(super) ports: Vec<ContainerPort>,
    pub(super) runtime_class: Option<Arc<str>>,
}

impl PodSpec {
    pub(super) fn read(spec: &At<'_>, faults: &mut Faults) -> Self {
        Self {
            node: spec.text(faults, "nodeName").map(Into::into),
            node_selector: spec.labels(faults, "nodeSelector"),
            host_network: spec.flag(faults, "hostNetwork"),
            ports: ports(spec, faults),
            runtime_class: spec.text(faults, "runtimeClassName").map(Into::into),
        }
    }
}

/// The ports of all containers and restartable init containers (K12).
fn ports(spec: &At<'_>, faults: &mut Faults) -> Vec<ContainerPort> {
    let mut ports = Vec::new();
    for field in ["containers", "initContainers"] {
        let Some(list) = spec.field(field) else {
            continue;
        };
        for container in list.objects(faults) {
            let is_init = field == "initContainers";
            if is_init && container.text(faults, "restartPolicy") != Some("Always") {
                continue;
            }
            let Some(list) = container.field("ports") else {
                continue;
            };
            for port in list.objects(faults) {
                ports.extend(container_port(&port, faults));
            }
        }
    }
    ports
}

fn container_port(port: &At<'_>, faults: &mut Faults) -> Option<ContainerPort> {
    let number = port.needed_port(faults, "containerPort");
    let protocol = port.protocol(faults);
    let name = match port.text(faults, "name") {
        None => None,
        Some(_) => Some(port.field("name").and_then(|at| at.as_port_name(faults))?),
    };
    let host_port = host_port(port, faults);
    Some(ContainerPort { name, protocol: protocol?, port: number?, host_port })
}

/// `hostPort` with its `hostIP`; 0 and an empty text are none.
fn host_port(port: &At<'_>, faults: &mut Faults) -> Option<HostPort> {
    let at = port.field("hostPort").filter(|at| !matches!(&at.tree.value, Value::Number(text) if &**text == "0"))?;
    let number = at.as_port(faults);
    let address = match port.text(faults, "hostIP") {
        None => None,
        Some(_) => port.field("hostIP").and_then(|at| at.as_address(faults)),
    };
    Some(HostPort { port: number?, address })
}

/// The controller, of whatever kind.
pub(super) fn owner(root: &At<'_>, faults: &mut Faults) -> Option<Owner> {
    let metadata = root.field("metadata")?;
    let list = metadata.field("ownerReferences")?;
    let references = list.objects(faults);
    references.iter().find_map(|reference| {
        if !reference.flag(faults, "controller") {
            return None;
        }
        let kind = reference.text(faults, "kind")?;
        let version = reference.text(faults, "apiVersion");
        let name = reference.text(faults, "name")?;
        Some(Owner::new(workload_kind(version, kind), name))
    })
}

/// A pod, and whether its name is only the beginning of one.
pub(super) fn pod(root: &At<'_>, faults: &mut Faults) -> Option<(Pod, bool)> {
    let metadata = Metadata::read(root, faults, NameForm::Subdomain);
    let spec = root.object(faults, "spec").map(|spec| PodSpec::read(&spec, faults)).unwrap_or_default();
    let owner = owner(root, faults);
    let status = root.object(faults, "status");
    let (mut addresses, mut host_addresses) = (Vec::new(), Vec::new());
    let (mut phase, mut ready) = (Phase::Pending, true);
    if let Some(status) = &status {
        addresses = status.addresses(faults, "podIPs", "podIP");
        host_addresses = status.addresses(faults, "hostIPs", "hostIP");
        phase = self::phase(status, faults);
        ready = is_ready(status, faults);
    }
    let metadata = metadata?;
    let mut pod = Pod::new(metadata.object_name());
    pod.labels = metadata.labels;
    pod.addresses = addresses;
    pod.host_addresses = host_addresses;
    pod.node = spec.node;
    pod.node_selector = spec.node_selector;
    pod.phase = phase;
    pod.ready = ready;
    pod.terminating = metadata.is_terminating;
    pod.host_network = spec.host_network;
    pod.ports = spec.ports;
    pod.runtime_class = spec.runtime_class;
    pod.owner = owner;
    Some((pod, metadata.is_generated))
}

/// Absent is Pending: a pod that was only just created, and lives (K20).
fn phase(status: &At<'_>, faults: &mut Faults) -> Phase {
    match status.text(faults, "phase") {
        None | Some("Pending") => Phase::Pending,
        Some("Running") => Phase::Running,
        Some("Succeeded") => Phase::Succeeded,
        Some("Failed") => Phase::Failed,
        Some("Unknown") => Phase::Unknown,
        Some(other) => {
            if let Some(at) = status.field("phase") {
                let message = format!("`{}` is no phase of a pod", crate::text::quoted(other));
                let help = "the phases are `Pending`, `Running`, `Succeeded`, `Failed` and `Unknown`";
                faults.note(Code::FieldValue, &at, message, help);
            }
            Phase::Pending
        }
    }
}

/// False only where the condition `Ready` says so.
fn is_ready(status: &At<'_>, faults: &mut Faults) -> bool {
    let Some(list) = status.field("conditions") else {
        return true;
    };
    let conditions = list.objects(faults);
    !conditions.iter().any(|condition| {
        condition.text(faults, "type") == Some("Ready") && condition.text(faults, "status") == Some("False")
    })
}
