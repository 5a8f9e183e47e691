//! Services (K23, K26).

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::{Metadata, is_false};
use crate::labels::Labels;
use crate::model::cluster::{ExternalTrafficPolicy, Service, ServiceKind, ServicePort, TargetPort};
use crate::net::{Port, PortName, Protocol};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: ServiceSpec<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    load_balancer: LoadBalancer<'a>,
}

#[derive(Serialize)]
struct LoadBalancer<'a> {
    ingress: Vec<Ingress<'a>>,
}

#[derive(Serialize)]
struct Ingress<'a> {
    ip: &'a IpAddr,
}

impl<'a> Status<'a> {
    fn of(service: &'a Service) -> Option<Self> {
        let ingress: Vec<_> = service.load_balancer_addresses.iter().map(|ip| Ingress { ip }).collect();
        (!ingress.is_empty()).then_some(Self { load_balancer: LoadBalancer { ingress } })
    }
}

#[derive(Serialize)]
struct ServiceSpec<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(rename = "clusterIP", skip_serializing_if = "Option::is_none")]
    cluster_ip: Option<ClusterIp<'a>>,
    #[serde(rename = "clusterIPs", skip_serializing_if = "Vec::is_empty")]
    cluster_ips: Vec<ClusterIp<'a>>,
    #[serde(rename = "externalIPs", skip_serializing_if = "is_none_of")]
    external_ips: &'a [IpAddr],
    #[serde(rename = "externalTrafficPolicy", skip_serializing_if = "Option::is_none")]
    external_traffic_policy: Option<&'static str>,
    #[serde(rename = "publishNotReadyAddresses", skip_serializing_if = "is_false")]
    publish_not_ready: bool,
    #[serde(skip_serializing_if = "Labels::is_empty")]
    selector: &'a Labels,
    #[serde(skip_serializing_if = "ServicePorts::is_empty")]
    ports: ServicePorts<'a>,
}

fn is_none_of(addresses: &&[IpAddr]) -> bool {
    addresses.is_empty()
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
                external_ips: &service.external_addresses,
                external_traffic_policy: match service.external_traffic_policy {
                    ExternalTrafficPolicy::Cluster => None,
                    ExternalTrafficPolicy::Local => Some("Local"),
                },
                publish_not_ready: service.publish_not_ready,
                selector: &service.selector,
                ports: ServicePorts(&service.ports),
            },
            status: Status::of(service),
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
            #[serde(skip_serializing_if = "Option::is_none")]
            node_port: Option<Port>,
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
            node_port: port.node_port,
        }))
    }
}
