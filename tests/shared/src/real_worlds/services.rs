//! Services with every face, their EndpointSlices and Endpoints.

use std::net::IpAddr;

use netpol_oracle::labels::Labels;
use netpol_oracle::model::{
    ClusterBuilder, EndpointSlice, EndpointSubset, Endpoints, ExternalTrafficPolicy, Service, ServiceKind, ServicePort,
    SliceEndpoint, SlicePort, TargetPort,
};
use netpol_oracle::net::{Family, PortName};
use netpol_oracle::{ObjectName, Protocol};

use super::Dice;
use super::objects::{address, app, namespace};
use super::words::{label, port};
use super::workloads::controlled;

pub(super) fn add(dice: &mut Dice, builder: &mut ClusterBuilder) {
    for number in 1..=1 + dice.below(3) {
        let mut service = service(dice, number);
        let (sliced, listed) = (dice.chance(22), dice.chance(22));
        let written = sliced || listed;
        if sliced {
            for family in [Family::V4, Family::V6] {
                if family == Family::V4 || dice.chance(30) {
                    builder.endpoint_slice(slice(dice, &service, family));
                }
            }
        }
        if listed {
            builder.object(endpoints(dice, &service));
        }
        if written && service.kind == ServiceKind::ClusterIp && service.cluster_addresses.is_empty() {
            // Where connections go is written by a cluster, which has given an address.
            service.cluster_addresses.push(address(&format!("10.96.0.{number}")));
        }
        builder.service(service);
    }
}

fn service(dice: &mut Dice, number: usize) -> Service {
    let mut service = Service::new(ObjectName::new(namespace(dice), format!("f{number}")));
    service.kind = match dice.below(100) {
        0..76 => ServiceKind::ClusterIp,
        76..97 => ServiceKind::Headless,
        _ => ServiceKind::ExternalName,
    };
    if service.kind == ServiceKind::ClusterIp && dice.chance(90) {
        service.cluster_addresses.push(address(&format!("10.96.0.{number}")));
        if dice.chance(25) {
            service.cluster_addresses.push(address(&format!("fd96::{number}")));
        }
    }
    if service.kind == ServiceKind::ClusterIp {
        if dice.chance(30) {
            let some = ["203.0.113.50", "203.0.113.50", "10.9.0.1", "2001:db8::50", "10.96.0.77", "10.0.0.1"];
            service.external_addresses.push(address(dice.pick(&some)));
        }
        if dice.chance(40) {
            let some = ["203.0.113.60", "203.0.113.61", "100.125.0.60", "10.9.0.2"];
            service.load_balancer_addresses.push(address(dice.pick(&some)));
        }
    }
    if dice.chance(40) {
        service.external_traffic_policy = ExternalTrafficPolicy::Local;
    }
    service.publish_not_ready = dice.chance(20);
    service.selector = selector(dice);
    let numbers = [(80, Protocol::Tcp), (443, Protocol::Tcp), (53, Protocol::Udp)];
    for (at, (own, protocol)) in numbers.into_iter().enumerate().take(1 + dice.below(3)) {
        let mut each = ServicePort::new(protocol, port(own));
        each.name = Some(format!("p{at}").into());
        each.target = match dice.below(5) {
            0 => TargetPort::Number(port(own)),
            1 => TargetPort::Name(PortName::new("http").unwrap()),
            _ => TargetPort::Number(port(8080)),
        };
        if service.kind == ServiceKind::ClusterIp && dice.chance(60) {
            let at = u16::try_from(at).unwrap();
            let shared = dice.chance(5);
            each.node_port = Some(port(if shared { 30080 } else { 30080 + 10 * at + u16::try_from(number).unwrap() }));
        }
        service.ports.push(each);
    }
    service
}

fn selector(dice: &mut Dice) -> Labels {
    match dice.below(10) {
        0 => Labels::new(),
        1 | 2 => {
            let (key, values) = controlled(dice);
            let mut all: Labels = [label(key, dice.pick(values))].into_iter().collect();
            if dice.chance(40) {
                let (key, values) = controlled(dice);
                let (key, value) = label(key, dice.pick(values));
                all.insert(key, value);
            }
            all
        }
        _ => app(dice),
    }
}

fn endpoint(dice: &mut Dice, family: Family) -> SliceEndpoint {
    let four = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.9.0.1", "10.9.0.9", "203.0.113.90", "100.125.3.3", "10.96.0.1"];
    let six = ["fd00::1", "fd00::2", "2001:db8::9"];
    let at: IpAddr = address(if family == Family::V4 { dice.pick(&four) } else { dice.pick(&six) });
    let mut endpoint = SliceEndpoint::new(vec![at]);
    endpoint.ready = dice.chance(80);
    endpoint.terminating = dice.chance(5);
    endpoint.node = dice.maybe(40, |dice| dice.pick(&["n1", "n1", "n2"]).into());
    endpoint.target = dice.maybe(25, |dice| ObjectName::new(namespace(dice), format!("q{}", 1 + dice.below(3))));
    endpoint
}

fn ports(dice: &mut Dice, service: &Service) -> Vec<SlicePort> {
    let mut ports = Vec::new();
    for own in &service.ports {
        if dice.chance(90) {
            let mut each = SlicePort::new(own.protocol, port(dice.pick(&[8080, 8080, 80, 6443])));
            each.name.clone_from(&own.name);
            ports.push(each);
        }
    }
    ports
}

fn slice(dice: &mut Dice, service: &Service, family: Family) -> EndpointSlice {
    let name =
        ObjectName::new(service.name.namespace().clone(), format!("{}-{family}", service.name.name()).to_lowercase());
    let mut slice = EndpointSlice::new(name, service.name.name().clone(), family);
    slice.endpoints = (0..=dice.below(3)).map(|_| endpoint(dice, family)).collect();
    slice.ports = ports(dice, service);
    slice
}

fn endpoints(dice: &mut Dice, service: &Service) -> Endpoints {
    let mut endpoints = Endpoints::new(service.name.clone());
    for _ in 0..=dice.below(2) {
        let all = (0..=dice.below(3)).map(|_| {
            let family = if dice.chance(80) { Family::V4 } else { Family::V6 };
            endpoint(dice, family)
        });
        let all = all.collect();
        endpoints.subsets.push(EndpointSubset::new(all, ports(dice, service)));
    }
    endpoints
}
