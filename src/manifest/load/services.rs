//! Services (K23, K26).

use std::net::IpAddr;

use super::fields::distinct;
use super::metadata::{Metadata, NameForm};
use crate::diagnostic::Code;
use crate::located::{At, Faults};
use crate::manifest::tree::Value;
use crate::model::cluster::{ExternalTrafficPolicy, Service, ServiceKind, ServicePort, TargetPort};
use crate::text::quoted;

/// A Service.
pub(super) fn service(root: &At<'_>, faults: &mut Faults) -> Option<Service> {
    let metadata = Metadata::read(root, faults, NameForm::Label);
    let Some(spec) = root.object(faults, "spec") else {
        return metadata.map(|metadata| Service::new(metadata.object_name()));
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
    let external_addresses = external_addresses(&spec, faults);
    let load_balancer_addresses = load_balancer_addresses(root, faults);
    let external_traffic_policy = external_traffic_policy(&spec, faults);
    let publish_not_ready = spec.flag(faults, "publishNotReadyAddresses");
    let kind = match (is_external, is_headless) {
        (true, _) => ServiceKind::ExternalName,
        (false, true) => ServiceKind::Headless,
        (false, false) => ServiceKind::ClusterIp,
    };
    Some(Service {
        name: metadata?.object_name(),
        kind,
        cluster_addresses,
        external_addresses,
        load_balancer_addresses,
        external_traffic_policy,
        publish_not_ready,
        selector,
        ports,
    })
}

fn external_addresses(spec: &At<'_>, faults: &mut Faults) -> Vec<IpAddr> {
    let Some(list) = spec.field("externalIPs") else { return Vec::new() };
    let items = list.items(faults);
    distinct(items.iter().filter_map(|item| item.as_address(faults)).collect())
}

/// The load balancer's addresses that nodes serve themselves: it hands on what it is sent to under a host's name, or under
/// an address in the mode `Proxy`, as a connection of its own (K26).
fn load_balancer_addresses(root: &At<'_>, faults: &mut Faults) -> Vec<IpAddr> {
    let Some(status) = root.object(faults, "status") else { return Vec::new() };
    let Some(balancer) = status.object(faults, "loadBalancer") else { return Vec::new() };
    let Some(list) = balancer.field("ingress") else { return Vec::new() };
    let mut found = Vec::new();
    for item in list.objects(faults) {
        if item.text(faults, "ip").is_some() && item.text(faults, "ipMode") != Some("Proxy") {
            found.extend(item.field("ip").and_then(|at| at.as_address(faults)));
        }
    }
    distinct(found)
}

fn external_traffic_policy(spec: &At<'_>, faults: &mut Faults) -> ExternalTrafficPolicy {
    match spec.text(faults, "externalTrafficPolicy") {
        None | Some("Cluster") => ExternalTrafficPolicy::Cluster,
        Some("Local") => ExternalTrafficPolicy::Local,
        Some(other) => {
            if let Some(at) = spec.field("externalTrafficPolicy") {
                let message = format!("`{}` is no external traffic policy", quoted(other));
                faults.note(Code::FieldValue, &at, message, "the policies are `Cluster` and `Local`");
            }
            ExternalTrafficPolicy::Cluster
        }
    }
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
    // 0 where the server has not chosen one yet.
    let is_chosen = |at: &At<'_>| !matches!(&at.tree.value, Value::Number(text) if &**text == "0");
    let node_port = item.field("nodePort").filter(is_chosen).and_then(|at| at.as_port(faults));
    Some(ServicePort { name, protocol: protocol?, port: port?, target: target?, node_port })
}
