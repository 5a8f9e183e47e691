//! Where a Service's connections go: EndpointSlices and Endpoints (K23).

use std::sync::Arc;

use super::metadata::{Metadata, NameForm};
use crate::diagnostic::Code;
use crate::located::{At, Faults};
use crate::model::cluster::{EndpointSlice, EndpointSubset, Endpoints, SliceEndpoint, SlicePort};
use crate::name::ObjectName;
use crate::net::Family;
use crate::text::quoted;

/// The label by which a slice names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A slice of endpoints; none where it holds names or belongs to no Service.
pub(super) fn endpoint_slice(root: &At<'_>, faults: &mut Faults) -> Option<Option<EndpointSlice>> {
    let metadata = Metadata::read(root, faults, NameForm::Subdomain);
    let family = match root.text(faults, "addressType") {
        Some("IPv4") => Some(Family::V4),
        Some("IPv6") => Some(Family::V6),
        Some("FQDN") => return metadata.map(|_| None),
        Some(other) => {
            if let Some(at) = root.field("addressType") {
                let message = format!("`{}` is no address type", quoted(other));
                faults.note(Code::FieldValue, &at, message, "the types are `IPv4`, `IPv6` and `FQDN`");
            }
            None
        }
        None => {
            faults.missing(root, "addressType");
            None
        }
    };
    let namespace = metadata.as_ref().map_or("default", |metadata| &*metadata.namespace);
    let mut endpoints = Vec::new();
    if let Some(list) = root.field("endpoints") {
        for item in list.objects(faults) {
            endpoints.push(endpoint(&item, faults, family, namespace));
        }
    }
    let mut ports = Vec::new();
    if let Some(list) = root.field("ports") {
        for item in list.objects(faults) {
            ports.extend(slice_port(&item, faults));
        }
    }
    let (metadata, family) = (metadata?, family?);
    let Some(service) = metadata.labels.get(SERVICE_NAME).filter(|name| !name.as_str().is_empty()) else {
        return Some(None);
    };
    let service = service.as_str().into();
    Some(Some(EndpointSlice { name: metadata.object_name(), service, family, endpoints, ports }))
}

fn endpoint(item: &At<'_>, faults: &mut Faults, family: Option<Family>, namespace: &str) -> SliceEndpoint {
    let mut addresses = Vec::new();
    if let Some(list) = item.field("addresses") {
        for address in list.items(faults) {
            let Some(found) = address.as_address(faults) else {
                continue;
            };
            let written =
                if address.tree.as_str().is_some_and(|text| text.contains(':')) { Family::V6 } else { Family::V4 };
            if family.is_some_and(|family| family != written) {
                let message = format!("`{found}` is not of the slice's address type");
                faults.note(Code::FieldValue, &address, message, "");
            }
            addresses.push(found);
        }
    }
    let conditions = item.object(faults, "conditions");
    let mut condition = |name| conditions.as_ref().and_then(|conditions| conditions.optional_flag(faults, name));
    let (ready, terminating) = (condition("ready").unwrap_or(true), condition("terminating").unwrap_or(false));
    let (target, node) = (target_pod(item, faults, namespace), node_name(item, faults));
    SliceEndpoint { addresses, ready, terminating, target, node }
}

fn node_name(item: &At<'_>, faults: &mut Faults) -> Option<Arc<str>> {
    item.text(faults, "nodeName").filter(|name| !name.is_empty()).map(Into::into)
}

/// The pod that an endpoint says it stands for.
fn target_pod(item: &At<'_>, faults: &mut Faults, namespace: &str) -> Option<ObjectName> {
    let target = item.object(faults, "targetRef")?;
    if target.text(faults, "kind") != Some("Pod") {
        return None;
    }
    let name = target.text(faults, "name")?;
    Some(ObjectName::new(target.text(faults, "namespace").unwrap_or(namespace), name))
}

/// A port of a slice or of Endpoints; one without a number is none that a flow can name.
fn slice_port(item: &At<'_>, faults: &mut Faults) -> Option<SlicePort> {
    let protocol = item.protocol(faults);
    let port = item.field("port")?.as_port(faults);
    let name = item.text(faults, "name").map(Into::into);
    Some(SlicePort { name, protocol: protocol?, port: port? })
}

/// The Endpoints of the Service of the same name.
pub(super) fn endpoints(root: &At<'_>, faults: &mut Faults) -> Option<Endpoints> {
    let metadata = Metadata::read(root, faults, NameForm::Subdomain);
    let namespace = metadata.as_ref().map_or("default", |metadata| &*metadata.namespace);
    let mut subsets = Vec::new();
    if let Some(list) = root.field("subsets") {
        for item in list.objects(faults) {
            subsets.push(subset(&item, faults, namespace));
        }
    }
    Some(Endpoints { name: metadata?.object_name(), subsets })
}

fn subset(item: &At<'_>, faults: &mut Faults, namespace: &str) -> EndpointSubset {
    let mut endpoints = Vec::new();
    for (field, ready) in [("addresses", true), ("notReadyAddresses", false)] {
        let Some(list) = item.field(field) else { continue };
        for entry in list.objects(faults) {
            if entry.field("ip").is_none() {
                faults.missing(&entry, "ip");
                continue;
            }
            let address = entry.field("ip").and_then(|at| at.as_address(faults));
            let (target, node) = (target_pod(&entry, faults, namespace), node_name(&entry, faults));
            endpoints.extend(address.map(|address| SliceEndpoint {
                addresses: vec![address],
                ready,
                terminating: false,
                target,
                node,
            }));
        }
    }
    let mut ports = Vec::new();
    if let Some(list) = item.field("ports") {
        for port in list.objects(faults) {
            ports.extend(slice_port(&port, faults));
        }
    }
    EndpointSubset { endpoints, ports }
}
