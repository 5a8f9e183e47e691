//! Services and their EndpointSlices (K23).

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::Metadata;
use crate::labels::Labels;
use crate::model::cluster::{EndpointSlice, Service, ServiceKind, ServicePort, SliceEndpoint, SlicePort, TargetPort};
use crate::name::ObjectName;
use crate::net::{Family, Port, PortName, Protocol};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: ServiceSpec<'a>,
}

#[derive(Serialize)]
struct ServiceSpec<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(rename = "clusterIP", skip_serializing_if = "Option::is_none")]
    cluster_ip: Option<ClusterIp<'a>>,
    #[serde(rename = "clusterIPs", skip_serializing_if = "Vec::is_empty")]
    cluster_ips: Vec<ClusterIp<'a>>,
    #[serde(skip_serializing_if = "Labels::is_empty")]
    selector: &'a Labels,
    #[serde(skip_serializing_if = "ServicePorts::is_empty")]
    ports: ServicePorts<'a>,
}

#[derive(Serialize, Clone, Copy)]
#[serde(untagged)]
enum ClusterIp<'a> {
    Word(&'static str),
    Address(&'a IpAddr),
}

impl Serialize for Manifest<'_, Service> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let service = self.0;
        let none = (service.kind == ServiceKind::Headless).then_some(ClusterIp::Word("None"));
        let cluster_ips: Vec<ClusterIp<'_>> =
            none.into_iter().chain(service.cluster_addresses.iter().map(ClusterIp::Address)).collect();
        ServiceForm {
            api_version: "v1",
            kind: "Service",
            metadata: Metadata::of(&service.name),
            spec: ServiceSpec {
                kind: (service.kind == ServiceKind::ExternalName).then_some("ExternalName"),
                cluster_ip: cluster_ips.first().copied(),
                cluster_ips,
                selector: &service.selector,
                ports: ServicePorts(&service.ports),
            },
        }
        .serialize(serializer)
    }
}

struct ServicePorts<'a>(&'a [ServicePort]);

impl ServicePorts<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ServicePorts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct One<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            name: Option<&'a str>,
            protocol: Protocol,
            port: Port,
            target_port: Target<'a>,
        }
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Target<'a> {
            Number(Port),
            Name(&'a PortName),
        }
        serializer.collect_seq(self.0.iter().map(|port| One {
            name: port.name.as_deref(),
            protocol: port.protocol,
            port: port.port,
            target_port: match &port.target {
                TargetPort::Number(number) => Target::Number(*number),
                TargetPort::Name(name) => Target::Name(name),
            },
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SliceForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    address_type: Family,
    endpoints: Endpoints<'a>,
    #[serde(skip_serializing_if = "SlicePorts::is_empty")]
    ports: SlicePorts<'a>,
}

impl Serialize for Manifest<'_, EndpointSlice> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let slice = self.0;
        SliceForm {
            api_version: "discovery.k8s.io/v1",
            kind: "EndpointSlice",
            metadata: Metadata::of(&slice.name).service(&slice.service),
            address_type: slice.family,
            endpoints: Endpoints { list: &slice.endpoints, family: slice.family },
            ports: SlicePorts(&slice.ports),
        }
        .serialize(serializer)
    }
}

struct Endpoints<'a> {
    list: &'a [SliceEndpoint],
    family: Family,
}

impl Serialize for Endpoints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct One<'a> {
            addresses: Vec<IpAddr>,
            conditions: Conditions,
            #[serde(skip_serializing_if = "Option::is_none")]
            target_ref: Option<TargetRef<'a>>,
        }
        #[derive(Serialize)]
        struct Conditions {
            ready: bool,
        }
        serializer.collect_seq(self.list.iter().map(|endpoint| One {
            addresses: endpoint.addresses.iter().map(|address| written(*address, self.family)).collect(),
            conditions: Conditions { ready: endpoint.ready },
            target_ref: endpoint.target.as_ref().map(TargetRef::of),
        }))
    }
}

/// An IPv4 address in an IPv6 slice stood there as IPv4-mapped (K22).
fn written(address: IpAddr, family: Family) -> IpAddr {
    match address {
        IpAddr::V4(v4) if family == Family::V6 => v4.to_ipv6_mapped().into(),
        _ => address,
    }
}

#[derive(Serialize)]
struct TargetRef<'a> {
    kind: &'static str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> TargetRef<'a> {
    fn of(pod: &'a ObjectName) -> Self {
        Self { kind: "Pod", namespace: pod.namespace(), name: pod.name() }
    }
}

struct SlicePorts<'a>(&'a [SlicePort]);

impl SlicePorts<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for SlicePorts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct One<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            name: Option<&'a str>,
            protocol: Protocol,
            port: Port,
        }
        serializer.collect_seq(self.0.iter().map(|port| One {
            name: port.name.as_deref(),
            protocol: port.protocol,
            port: port.port,
        }))
    }
}
