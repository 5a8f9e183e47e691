//! Nodes.

use std::net::IpAddr;
use std::sync::Arc;

use super::addresses;
use crate::generate::spec::ClusterSpec;
use crate::generate::vocabulary::{Keys, OS_IMAGES, ZONES, nth, values};
use crate::labels::{LabelValue, Labels};
use crate::model::builder::ClusterBuilder;
use crate::model::cluster::{Node, NodeAddress, NodeAddressKind};

/// The nodes' names and internal addresses.
pub(super) type Nodes = Vec<(Arc<str>, [IpAddr; 2])>;

pub(super) fn nodes(spec: &ClusterSpec, keys: &Keys, builder: &mut ClusterBuilder) -> Nodes {
    let zones = values(&ZONES);
    let images: Vec<Arc<str>> = OS_IMAGES.iter().map(|image| Arc::from(*image)).collect();
    let mut made = Nodes::new();
    for index in 0..spec.nodes {
        let name: Arc<str> = format!("node-{index}").into();
        let internal = addresses::node(index);
        let mut addresses: Vec<NodeAddress> = internal
            .iter()
            .map(|address| NodeAddress { kind: NodeAddressKind::InternalIp, address: *address })
            .collect();
        if index % 10 == 0 {
            let external = addresses::node_external(index);
            addresses.extend(external.map(|address| NodeAddress { kind: NodeAddressKind::ExternalIp, address }));
        }
        let mut labels = Labels::new();
        labels.extend(LabelValue::new(&name).ok().map(|value| (keys.hostname.clone(), value)));
        labels.extend(nth(&zones, index).map(|zone| (keys.zone.clone(), zone.clone())));
        // By tens: six, three and one.
        let image = match index % 10 {
            0..=5 => 0,
            6..=8 => 1,
            _ => 2,
        };
        let os_image = images.get(image).cloned();
        builder.node(Node { name: name.clone(), addresses, os_image, labels });
        made.push((name, internal));
    }
    made
}
