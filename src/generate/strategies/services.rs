//! Services and their EndpointSlices.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use super::pods::Stack;
use super::policies::protocols;
use super::vocabulary::{OUTSIDE, label, one_of, pick, port, v4, v6};
use crate::model::cluster::{
    EndpointSlice, Node, Pod, Service, ServiceKind, ServicePort, SliceEndpoint, SlicePort, TargetPort,
};
use crate::name::ObjectName;
use crate::net::{Family, PortName, Protocol};

/// A Service, and what its EndpointSlices hold, if it has any: places in a list of candidates.
pub(super) type ServiceParts =
    ((&'static str, Stack, ServiceKind), (Option<&'static str>, Vec<ServicePort>), Option<Vec<(Index, bool)>>);

pub(super) fn service_parts() -> impl Strategy<Value = ServiceParts> {
    let target = prop_oneof![
        3 => Just(TargetPort::Number(port(8080))),
        1 => Just(TargetPort::Number(port(80))),
        2 => Just(TargetPort::Name(PortName::known("http"))),
    ];
    // Which ClusterIP a source without an address means is nowhere said: IPv4 comes first.
    let stacks = one_of(&[(8, Stack::Four), (1, Stack::Six), (4, Stack::FourSix)]);
    let kinds = one_of(&[(30, ServiceKind::ClusterIp), (1, ServiceKind::Headless), (1, ServiceKind::ExternalName)]);
    let selectors = one_of(&[(9, Some("a")), (5, Some("b")), (1, None)]);
    let others = vec((protocols(), target.clone()), 0..3);
    let ports = (target, others).prop_map(|(first, others)| {
        let all = std::iter::once((Protocol::Tcp, first)).chain(others).zip([80, 53, 443]).enumerate();
        all.map(|(i, ((protocol, target), number))| ServicePort {
            name: Some(format!("port{i}").into()),
            protocol,
            port: port(number),
            target,
            node_port: None,
        })
        .collect()
    });
    ((one_of(&[(5, "x"), (1, "y")]), stacks, kinds), (selectors, ports), option::weighted(0.45, endpoints()))
}

/// Places in a list of candidates, and whether what stands there is ready.
pub(super) fn endpoints() -> impl Strategy<Value = Vec<(Index, bool)>> {
    vec((any::<Index>(), one_of(&[(6, true), (1, false)])), 1..4)
}

/// The `number`th Service: `NAMESPACE/sNUMBER` at 10.96.0.0/24 and fd96::/112.
pub(super) fn service(number: usize, parts: ServiceParts) -> (Service, Option<Vec<(Index, bool)>>) {
    let ((ns, stack, kind), (selector, ports), endpoints) = parts;
    let last = u8::try_from(number % 99).unwrap_or_default() + 1;
    let addresses = stack.of(v4(10, 96, 0, last), v6(0xfd96, 0, last.into()));
    let mut service = Service::new(ObjectName::new(ns, format!("s{number}")));
    service.kind = kind;
    service.cluster_addresses = if kind == ServiceKind::ClusterIp { addresses } else { Vec::new() };
    service.selector = selector.map(|value| label("app", value)).into_iter().collect();
    service.ports = ports;
    (service, endpoints)
}

/// The slice of `service` with the endpoints that `picks` name: pods of its namespace, nodes, addresses outside.
pub(super) fn slice(
    service: &Service,
    family: Family,
    picks: &[(Index, bool)],
    pods: &[&Pod],
    nodes: &[&Node],
) -> EndpointSlice {
    let outside = [0, 1, 0, 2, 6, 4, 0, 1].into_iter().filter_map(|at: usize| OUTSIDE.get(at));
    let mut candidates: Vec<(IpAddr, Option<ObjectName>)> = outside.map(|address| (*address, None)).collect();
    candidates.extend(nodes.iter().flat_map(|node| &node.addresses).map(|each| (each.address, None)));
    for pod in pods.iter().filter(|pod| pod.is_live() && pod.name.namespace() == service.name.namespace()) {
        candidates.extend(pod.addresses.iter().map(|address| (*address, Some(pod.name.clone()))));
    }
    candidates.retain(|(address, _)| Family::of(*address) == family);
    let number = |target: &TargetPort| match target {
        TargetPort::Number(number) => *number,
        TargetPort::Name(_) => port(8080),
    };
    EndpointSlice {
        name: ObjectName::new(
            service.name.namespace().clone(),
            format!("{}-{family}", service.name.name()).to_lowercase(),
        ),
        service: service.name.name().clone(),
        family,
        endpoints: picks
            .iter()
            .filter_map(|(at, ready)| Some((pick(at, &candidates)?, ready)))
            .map(|((address, target), ready)| SliceEndpoint {
                addresses: vec![*address],
                ready: *ready,
                terminating: false,
                target: target.clone(),
                node: None,
            })
            .collect(),
        ports: service
            .ports
            .iter()
            .map(|each| SlicePort { name: each.name.clone(), protocol: each.protocol, port: number(&each.target) })
            .collect(),
    }
}
