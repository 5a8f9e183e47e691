//! EndpointSlices and Endpoints (K23).

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::{Metadata, is_false};
use crate::model::cluster::{EndpointSlice, EndpointSubset, Endpoints, SliceEndpoint, SlicePort};
use crate::name::ObjectName;
use crate::net::{Family, Port, Protocol};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SliceForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    address_type: Family,
    endpoints: SliceEndpoints<'a>,
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
            endpoints: SliceEndpoints { list: &slice.endpoints, family: slice.family },
            ports: SlicePorts(&slice.ports),
        }
        .serialize(serializer)
    }
}

struct SliceEndpoints<'a> {
    list: &'a [SliceEndpoint],
    family: Family,
}

impl Serialize for SliceEndpoints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct One<'a> {
            addresses: Vec<IpAddr>,
            conditions: Conditions,
            #[serde(skip_serializing_if = "Option::is_none")]
            target_ref: Option<TargetRef<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            node_name: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct Conditions {
            ready: bool,
            #[serde(skip_serializing_if = "is_false")]
            terminating: bool,
        }
        serializer.collect_seq(self.list.iter().map(|endpoint| One {
            addresses: endpoint.addresses.iter().map(|address| written(*address, self.family)).collect(),
            conditions: Conditions { ready: endpoint.ready, terminating: endpoint.terminating },
            target_ref: endpoint.target.as_ref().map(TargetRef::of),
            node_name: endpoint.node.as_deref(),
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointsForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subsets: Vec<Subset<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subset<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<Address<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_ready_addresses: Vec<Address<'a>>,
    #[serde(skip_serializing_if = "SlicePorts::is_empty")]
    ports: SlicePorts<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    ip: &'a IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_ref: Option<TargetRef<'a>>,
}

impl<'a> Subset<'a> {
    fn of(subset: &'a EndpointSubset) -> Self {
        let addresses = |ready| {
            let endpoints = subset.endpoints.iter().filter(move |endpoint| endpoint.ready == ready);
            let each = endpoints.flat_map(|endpoint| endpoint.addresses.iter().map(move |ip| (endpoint, ip)));
            let address = |(endpoint, ip): (&'a SliceEndpoint, &'a IpAddr)| {
                let (node_name, target_ref) = (endpoint.node.as_deref(), endpoint.target.as_ref().map(TargetRef::of));
                Address { ip, node_name, target_ref }
            };
            each.map(address).collect()
        };
        Self { addresses: addresses(true), not_ready_addresses: addresses(false), ports: SlicePorts(&subset.ports) }
    }
}

impl Serialize for Manifest<'_, Endpoints> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EndpointsForm {
            api_version: "v1",
            kind: "Endpoints",
            metadata: Metadata::of(&self.0.name),
            subsets: self.0.subsets.iter().map(Subset::of).collect(),
        }
        .serialize(serializer)
    }
}
