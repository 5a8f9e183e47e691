//! Services and their EndpointSlices (K23).

use std::net::IpAddr;

use super::fields::distinct;
use super::metadata::{Metadata, NameForm};
use crate::diagnostic::Code;
use crate::located::{At, Faults};
use crate::manifest::tree::Value;
use crate::model::cluster::{EndpointSlice, Service, ServiceKind, ServicePort, SliceEndpoint, SlicePort, TargetPort};
use crate::name::ObjectName;
use crate::net::Family;
use crate::text::quoted;

/// The label by which a slice names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A Service.
pub(super) fn service(root: &At<'_>, faults: &mut Faults) -> Option<Service> {
    let metadata = Metadata::read(root, faults, NameForm::Label);
    let Some(spec) = root.object(faults, "spec") else {
        let metadata = metadata?;
        return Some(Service {
            name: metadata.object_name(),
            kind: ServiceKind::ClusterIp,
            cluster_addresses: Vec::new(),
            selector: Default::default(),
            ports: Vec::new(),
        });
    };
    let is_external = match spec.text(faults, "type") {
        None | Some("ClusterIP" | "NodePort" | "LoadBalancer") => false,
        Some("ExternalName") => true,
        Some(other) => {
            if let Some(at) = spec.field("type") {
                let message = format!("`{}` is no type of a service", quoted(other));
                let help = "the types are `ClusterIP`, `NodePort`, `LoadBalancer` and `ExternalName`";
                faults.note(Code::FieldValue, &at, message, help);
            }
            false
        }
    };
    let (cluster_addresses, is_headless) = cluster_addresses(&spec, faults);
    let selector = spec.labels(faults, "selector");
    let mut ports = Vec::new();
    if let Some(list) = spec.field("ports") {
        for item in list.objects(faults) {
            ports.extend(service_port(&item, faults));
        }
    }
    let kind = match (is_external, is_headless) {
        (true, _) => ServiceKind::ExternalName,
        (false, true) => ServiceKind::Headless,
        (false, false) => ServiceKind::ClusterIp,
    };
    Some(Service { name: metadata?.object_name(), kind, cluster_addresses, selector, ports })
}

/// `clusterIPs`, else `clusterIP`; and whether it is `None`.
fn cluster_addresses(spec: &At<'_>, faults: &mut Faults) -> (Vec<IpAddr>, bool) {
    let mut found = Vec::new();
    let mut is_headless = false;
    let mut take = |at: &At<'_>, faults: &mut Faults| match at.as_text(faults) {
        Some("None") => is_headless = true,
        Some("") | None => {}
        Some(_) => found.extend(at.as_address(faults)),
    };
    match spec.field("clusterIPs").filter(|at| at.tree.value != Value::Sequence(Vec::new())) {
        Some(list) => {
            for item in list.items(faults) {
                take(&item, faults);
            }
        }
        None => {
            if let Some(single) = spec.field("clusterIP") {
                take(&single, faults);
            }
        }
    }
    (distinct(found), is_headless)
}

fn service_port(item: &At<'_>, faults: &mut Faults) -> Option<ServicePort> {
    let port = item.needed_port(faults, "port");
    let protocol = item.protocol(faults);
    let name = item.text(faults, "name").map(Into::into);
    let target = match item.field("targetPort") {
        None => port.map(TargetPort::Number),
        Some(at) => match &at.tree.value {
            // The server fills in the port for both.
            Value::Number(text) if &**text == "0" => port.map(TargetPort::Number),
            Value::String(text) if text.is_empty() => port.map(TargetPort::Number),
            Value::String(_) => at.as_port_name(faults).map(TargetPort::Name),
            Value::Number(_) => at.as_port(faults).map(TargetPort::Number),
            _ => {
                faults.note(Code::FieldType, &at, "this must be a number or a string", "");
                None
            }
        },
    };
    Some(ServicePort { name, protocol: protocol?, port: port?, target: target? })
}

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
    let ready = conditions.and_then(|conditions| conditions.optional_flag(faults, "ready")).unwrap_or(true);
    let target = item.object(faults, "targetRef").and_then(|target| {
        if target.text(faults, "kind") != Some("Pod") {
            return None;
        }
        let name = target.text(faults, "name")?;
        Some(ObjectName::new(target.text(faults, "namespace").unwrap_or(namespace), name))
    });
    SliceEndpoint { addresses, ready, target }
}

/// A port of a slice; one without a number is none that a flow can name.
fn slice_port(item: &At<'_>, faults: &mut Faults) -> Option<SlicePort> {
    let protocol = item.protocol(faults);
    let port = item.field("port")?.as_port(faults);
    let name = item.text(faults, "name").map(Into::into);
    Some(SlicePort { name, protocol: protocol?, port: port? })
}
