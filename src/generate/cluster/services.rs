//! The usual cluster's Services and their EndpointSlices.

use std::sync::Arc;

use super::addresses;
use super::plan::{AppPlan, ClusterPlan};
use super::pods::EndpointPod;
use crate::generate::spec::ClusterSpec;
use crate::generate::stream;
use crate::generate::vocabulary::{DNS, port};
use crate::model::builder::ClusterBuilder;
use crate::model::cluster::{
    EndpointSlice, ExternalTrafficPolicy, Service, ServiceKind, ServicePort, SliceEndpoint, SlicePort, TargetPort,
};
use crate::name::ObjectName;
use crate::net::{Family, Port, PortName};
use crate::random::Random;

/// How many endpoints the cluster's controller puts in a slice.
const SLICE: usize = 100;

/// Adds the Services, the DNS first, then one for each application in turn; and their slices of `endpoints`, each
/// application's, where the spec asks for them.
pub(super) fn build(
    spec: &ClusterSpec,
    plan: &ClusterPlan,
    endpoints: &[Vec<EndpointPod>],
    builder: &mut ClusterBuilder,
) {
    let mut random = Random::new(spec.seed, stream::SERVICES);
    let apps = plan.apps.iter().enumerate().cycle().zip(0..spec.services);
    for ((at, app), index) in apps {
        let round = usize::try_from(index).unwrap_or_default() / plan.apps.len().max(1);
        let name: Arc<str> = match (app.kind.name == DNS.name, round) {
            (true, 0) => "kube-dns".into(),
            (false, 0) => app.kind.name.into(),
            _ => format!("{}-{}", app.kind.name, round + 1).into(),
        };
        let name = ObjectName::new(app.namespace.clone(), name);
        let targets_names = random.percent(50);
        let ports = ports(app, targets_names);
        if spec.endpoint_slices {
            slices(&name, app, endpoints.get(at).map(Vec::as_slice).unwrap_or_default(), &ports, builder);
        }
        let is_headless = index % 20 == 19;
        let (kind, cluster_addresses) = match is_headless {
            true => (ServiceKind::Headless, Vec::new()),
            false => (ServiceKind::ClusterIp, vec![addresses::service(index)]),
        };
        let selector = [(plan.keys.app.clone(), app.value.clone())].into_iter().collect();
        let mut service = Service::new(name);
        service.kind = kind;
        service.cluster_addresses = cluster_addresses;
        service.selector = selector;
        service.ports = ports;
        if spec.faces && !is_headless {
            faces(&mut service, index);
        }
        builder.service(service);
    }
}

/// Node ports as the API server's own range has them: so many.
const NODE_PORTS: u32 = 2_768;

/// A load balancer and node ports for one of ten, an external IP for one of fifty.
fn faces(service: &mut Service, index: u32) {
    if index % 10 == 3 {
        service.load_balancer_addresses = vec![addresses::face(2 * index)];
        // Not one port for two Services, as the API server sees to; where there are no more, a load balancer needs none.
        let first = 4 * (index / 10);
        for (entry, at) in service.ports.iter_mut().zip(first..(first + 4).min(NODE_PORTS)) {
            entry.node_port = u16::try_from(30_000 + at).ok().and_then(Port::new);
        }
        if index % 30 == 3 {
            service.external_traffic_policy = ExternalTrafficPolicy::Local;
        }
    }
    if index % 50 == 7 {
        service.external_addresses = vec![addresses::face(2 * index + 1)];
    }
}

/// Port 80 for http, 443 for https, the others under their own numbers; one at least, as every Service has.
fn ports(app: &AppPlan, targets_names: bool) -> Vec<ServicePort> {
    let mut ports: Vec<ServicePort> = Vec::new();
    for &(name, protocol, number) in app.kind.ports {
        let outer = match name {
            Some("http") => port(80),
            Some("https") => port(443),
            _ => number,
        };
        let target = match name.filter(|_| targets_names) {
            Some(name) => TargetPort::Name(PortName::known(name)),
            None => TargetPort::Number(number),
        };
        let name = Some(name.unwrap_or("main").into());
        ports.push(ServicePort { name, target, ..ServicePort::new(protocol, outer) });
    }
    if ports.is_empty() {
        let web = ServicePort::new(crate::net::Protocol::Tcp, port(80));
        ports.push(ServicePort { name: Some("main".into()), target: TargetPort::Number(port(8080)), ..web });
    }
    ports
}

fn slices(
    service: &ObjectName,
    app: &AppPlan,
    members: &[EndpointPod],
    ports: &[ServicePort],
    builder: &mut ClusterBuilder,
) {
    let number_of = |target: &TargetPort| -> Option<Port> {
        match target {
            TargetPort::Number(number) => Some(*number),
            TargetPort::Name(name) => {
                app.kind.ports.iter().find(|(known, ..)| *known == Some(name.as_str())).map(|(.., number)| *number)
            }
        }
    };
    let slice_port = |port: &ServicePort| {
        let number = number_of(&port.target)?;
        Some(SlicePort { name: port.name.clone(), protocol: port.protocol, port: number })
    };
    let ports: Vec<SlicePort> = ports.iter().filter_map(slice_port).collect();
    for (index, members) in members.chunks(SLICE).enumerate() {
        let endpoint = |member: &EndpointPod| SliceEndpoint {
            addresses: vec![member.address],
            ready: member.ready,
            terminating: false,
            target: Some(member.name.clone()),
            node: None,
        };
        builder.endpoint_slice(EndpointSlice {
            name: ObjectName::new(service.namespace().clone(), format!("{}-{index}", service.name())),
            service: service.name().clone(),
            family: Family::V4,
            endpoints: members.iter().map(endpoint).collect(),
            ports: ports.clone(),
        });
    }
}
