//! Namespaces and nodes.

use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::Metadata;
use crate::model::cluster::{Namespace, Node, NodeAddress, NodeAddressKind};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
}

impl Serialize for Manifest<'_, Namespace> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let metadata = Metadata::cluster_wide(&self.0.name).labels(&self.0.labels);
        NamespaceForm { api_version: "v1", kind: "Namespace", metadata }.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeForm<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    status: NodeStatus<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeStatus<'a> {
    #[serde(skip_serializing_if = "NodeAddresses::is_empty")]
    addresses: NodeAddresses<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_info: Option<NodeInfo<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeInfo<'a> {
    os_image: &'a str,
}

impl Serialize for Manifest<'_, Node> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let node = self.0;
        NodeForm {
            api_version: "v1",
            kind: "Node",
            metadata: Metadata::cluster_wide(&node.name).labels(&node.labels),
            status: NodeStatus {
                addresses: NodeAddresses(&node.addresses),
                node_info: node.os_image.as_deref().map(|os_image| NodeInfo { os_image }),
            },
        }
        .serialize(serializer)
    }
}

struct NodeAddresses<'a>(&'a [NodeAddress]);

impl NodeAddresses<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for NodeAddresses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct One<'a> {
            #[serde(rename = "type")]
            kind: &'static str,
            address: &'a IpAddr,
        }
        serializer.collect_seq(self.0.iter().map(|each| One { kind: kind(each.kind), address: &each.address }))
    }
}

fn kind(kind: NodeAddressKind) -> &'static str {
    match kind {
        NodeAddressKind::InternalIp => "InternalIP",
        NodeAddressKind::ExternalIp => "ExternalIP",
        // A type that nobody knows is kept where it holds an address.
        NodeAddressKind::Other => "Other",
    }
}
