//! Namespaces and nodes.

use super::metadata::{Metadata, NameForm};
use crate::located::{At, Faults};
use crate::model::cluster::{Namespace, Node, NodeAddress, NodeAddressKind};

/// A namespace. Its name label is set when the cluster is built, whatever the manifest says (K10).
pub(super) fn namespace(root: &At<'_>, faults: &mut Faults) -> Option<Namespace> {
    let metadata = Metadata::read(root, faults, NameForm::ClusterLabel)?;
    Some(Namespace { name: metadata.name, labels: metadata.labels })
}

/// A node with its addresses; host names are none.
pub(super) fn node(root: &At<'_>, faults: &mut Faults) -> Option<Node> {
    let metadata = Metadata::read(root, faults, NameForm::ClusterSubdomain);
    let mut addresses = Vec::new();
    let mut os_image = None;
    if let Some(status) = root.object(faults, "status") {
        if let Some(list) = status.field("addresses") {
            for item in list.objects(faults) {
                addresses.extend(address(&item, faults));
            }
        }
        let info = status.object(faults, "nodeInfo");
        os_image = info.and_then(|info| info.text(faults, "osImage")).map(Into::into);
    }
    let metadata = metadata?;
    Some(Node { name: metadata.name, addresses, os_image, labels: metadata.labels })
}

fn address(item: &At<'_>, faults: &mut Faults) -> Option<NodeAddress> {
    let kind = match item.text(faults, "type")? {
        "Hostname" | "InternalDNS" | "ExternalDNS" => return None,
        "InternalIP" => NodeAddressKind::InternalIp,
        "ExternalIP" => NodeAddressKind::ExternalIp,
        _ => NodeAddressKind::Other,
    };
    item.text(faults, "address")?;
    let field = item.field("address")?;
    // A type that nobody knows may hold a name.
    let is_address = field.tree.as_str().is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok());
    if kind == NodeAddressKind::Other && !is_address {
        return None;
    }
    Some(NodeAddress { kind, address: field.as_address(faults)? })
}
