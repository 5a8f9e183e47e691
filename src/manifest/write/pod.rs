//! Pods, and what pod templates share with them.

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::{Metadata, is_false};
use crate::labels::Labels;
use crate::model::cluster::{ContainerPort, Phase, Pod};
use crate::net::{Port, PortName, Protocol};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: PodSpec<'a>,
    status: PodStatus<'a>,
}

impl Serialize for Manifest<'_, Pod> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pod = self.0;
        PodForm {
            api_version: "v1",
            kind: "Pod",
            metadata: Metadata::of(&pod.name)
                .labels(&pod.labels)
                .owner(pod.owner.as_ref())
                .terminating(pod.terminating),
            spec: PodSpec {
                node_name: pod.node.as_deref(),
                node_selector: &pod.node_selector,
                host_network: pod.host_network,
                runtime_class_name: pod.runtime_class.as_deref(),
                containers: Container::of(&pod.ports),
            },
            status: PodStatus::of(pod),
        }
        .serialize(serializer)
    }
}

/// What decides flows of a pod's spec, and of a template's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodSpec<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub(super) node_selector: &'a Labels,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) host_network: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) runtime_class_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) containers: Option<[Container<'a>; 1]>,
}

/// One container with all the ports: which of several has one decides nothing (K12).
#[derive(Serialize)]
pub(super) struct Container<'a> {
    name: &'static str,
    ports: Ports<'a>,
}

impl<'a> Container<'a> {
    /// None without ports: a container then says nothing.
    pub(super) fn of(ports: &'a [ContainerPort]) -> Option<[Self; 1]> {
        (!ports.is_empty()).then(|| Self::with(ports))
    }

    pub(super) fn with(ports: &'a [ContainerPort]) -> [Self; 1] {
        [Self { name: "main", ports: Ports(ports) }]
    }
}

struct Ports<'a>(&'a [ContainerPort]);

impl Serialize for Ports<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|port| PortForm {
            name: port.name.as_ref(),
            container_port: port.port,
            protocol: port.protocol,
            host_port: port.host_port.map(|host| host.port),
            host_ip: port.host_port.and_then(|host| host.address),
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PortForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a PortName>,
    container_port: Port,
    protocol: Protocol,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_port: Option<Port>,
    #[serde(rename = "hostIP", skip_serializing_if = "Option::is_none")]
    host_ip: Option<IpAddr>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodStatus<'a> {
    phase: &'static str,
    #[serde(rename = "podIP", skip_serializing_if = "Option::is_none")]
    pod_ip: Option<&'a IpAddr>,
    #[serde(rename = "podIPs", skip_serializing_if = "PodIps::is_empty")]
    pod_ips: PodIps<'a>,
    #[serde(rename = "hostIP", skip_serializing_if = "Option::is_none")]
    host_ip: Option<&'a IpAddr>,
    #[serde(rename = "hostIPs", skip_serializing_if = "PodIps::is_empty")]
    host_ips: PodIps<'a>,
    conditions: [Condition; 1],
}

impl<'a> PodStatus<'a> {
    fn of(pod: &'a Pod) -> Self {
        Self {
            phase: phase(pod.phase),
            pod_ip: pod.addresses.first(),
            pod_ips: PodIps(&pod.addresses),
            host_ip: pod.host_addresses.first(),
            host_ips: PodIps(&pod.host_addresses),
            conditions: [Condition { kind: "Ready", status: if pod.ready { "True" } else { "False" } }],
        }
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Pending => "Pending",
        Phase::Running => "Running",
        Phase::Succeeded => "Succeeded",
        Phase::Failed => "Failed",
        Phase::Unknown => "Unknown",
    }
}

#[derive(Serialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
}

struct PodIps<'a>(&'a [IpAddr]);

impl PodIps<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for PodIps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct One<'a> {
            ip: &'a IpAddr,
        }
        serializer.collect_seq(self.0.iter().map(|ip| One { ip }))
    }
}
