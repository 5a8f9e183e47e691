//! Pods, the nodes they run on, and workloads.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::policies::protocols;
use super::selectors::labels;
use super::spec::WorldSpec;
use super::vocabulary::{NODES, one_of, port, v4, v6};
use crate::labels::Labels;
use crate::model::cluster::{
    ContainerPort, Node, NodeAddress, NodeAddressKind, Owner, Phase, Pod, Workload, WorkloadKind,
};
use crate::name::ObjectName;
use crate::net::{PortName, Protocol};

const OS_IMAGES: [&str; 10] = [
    "Huawei Cloud EulerOS 2.0 (x86_64)",
    "HCE OS 2.0",
    "EulerOS 2.0 (SP9x86_64)",
    "EulerOS release 2.0 Huawei Cloud EulerOS 2.0",
    "Huawei Cloud EulerOS 3.0",
    "CentOS Linux 7 (Core)",
    "CentOS Linux 8",
    "Ubuntu 22.04.3 LTS",
    "Ubuntu 20.04 LTS",
    "",
];

/// What nodes say they run; mostly what every network model supports.
pub(super) fn os_images() -> impl Strategy<Value = Option<&'static str>> {
    let (usual, any) = (select(vec!["Huawei Cloud EulerOS 2.0 (x86_64)", "HCE OS 2.0"]), select(OS_IMAGES.as_slice()));
    prop_oneof![2 => Just(None), 7 => usual.prop_map(Some), 4 => any.prop_map(Some)]
}

pub(super) fn container_ports() -> impl Strategy<Value = Vec<ContainerPort>> {
    let names = one_of(&[(4, Some("http")), (2, Some("dns")), (1, None)]);
    let numbers = one_of(&[(3, 8080), (2, 80), (1, 8090), (1, 65535)]);
    let one = (names, protocols(), numbers).prop_map(|(name, protocol, number)| {
        let port = ContainerPort::new(protocol, port(number));
        name.map_or(port.clone(), |name| port.named(PortName::known(name)))
    });
    let usual = ContainerPort::new(Protocol::Tcp, port(8080)).named(PortName::known("http"));
    prop_oneof![2 => Just(Vec::new()), 4 => Just(vec![usual]), 2 => vec(one, 0..4)]
}

/// Which addresses a pod or a Service has: IPv4, IPv6, both in either order, none.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stack {
    Four,
    Six,
    FourSix,
    SixFour,
    None,
}

fn stacks(spec: &WorldSpec) -> impl Strategy<Value = Stack> + use<> {
    let (dual, single) = (spec.dual_stack_percent(), 100 - spec.dual_stack_percent());
    // Weights are of a thousandth part each, at least one: no choice is ever impossible but where it is meant to be.
    let none = if spec.is_dense() { 0 } else { 200 };
    let choices = [
        (single * 8, Stack::Four),
        (single * 2, Stack::Six),
        (dual * 7, Stack::FourSix),
        (dual * 3, Stack::SixFour),
        (none, Stack::None),
    ];
    one_of(&choices.into_iter().filter(|(weight, _)| *weight > 0).collect::<Vec<_>>())
}

impl Stack {
    pub(super) fn of(self, four: IpAddr, six: IpAddr) -> Vec<IpAddr> {
        match self {
            Self::Four => vec![four],
            Self::Six => vec![six],
            Self::FourSix => vec![four, six],
            Self::SixFour => vec![six, four],
            Self::None => Vec::new(),
        }
    }
}

fn runtimes() -> impl Strategy<Value = Option<Arc<str>>> {
    one_of(&[(20, None), (2, Some("kata")), (1, Some("kata-qemu")), (1, Some("katana")), (1, Some("runc"))])
        .prop_map(|class: Option<&str>| class.map(Into::into))
}

fn node_names() -> impl Strategy<Value = Option<Arc<str>>> {
    one_of(&[(4, Some("n1")), (3, Some("n2")), (1, None)]).prop_map(|name: Option<&str>| name.map(Into::into))
}

fn last_byte(number: usize) -> u8 {
    u8::try_from(number % 254).unwrap_or_default() + 1
}

fn last_group(number: usize) -> u16 {
    u16::try_from(number % 65_000).unwrap_or_default() + 1
}

pub(super) fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let extra = one_of(&[(3, None), (1, Some(v4(198, 51, 100, 1))), (1, Some(v4(100, 125, 9, 1)))]);
    let one = (os_images(), one_of(&[(3, false), (1, true)]), extra);
    vec(one, 1..=NODES.len()).prop_map(|each| {
        let numbered = NODES.iter().zip(each).enumerate();
        numbered
            .map(|(i, (name, (image, dual, extra)))| {
                let of_kind = |kind, address| NodeAddress { kind, address };
                let mut addresses = vec![of_kind(NodeAddressKind::InternalIp, v4(10, 9, 0, last_byte(i)))];
                addresses.extend(dual.then(|| of_kind(NodeAddressKind::InternalIp, v6(0xfd09, 0, last_group(i)))));
                // One address, one node.
                addresses.extend(extra.filter(|_| i == 0).map(|address| of_kind(NodeAddressKind::ExternalIp, address)));
                Node { name: (*name).into(), addresses, os_image: image.map(Into::into), labels: Labels::new() }
            })
            .collect()
    })
}

/// A pod before its node's addresses are known.
pub(super) type PodParts = (
    (&'static str, Labels, Stack, bool),
    (Option<Arc<str>>, u8, bool),
    (Phase, bool, Vec<ContainerPort>),
    (Option<Arc<str>>, bool),
);

pub(super) fn pod_parts(spec: &WorldSpec) -> impl Strategy<Value = PodParts> + use<> {
    let phases = one_of(&[
        (12, Phase::Running),
        (1, Phase::Pending),
        (1, Phase::Succeeded),
        (1, Phase::Failed),
        (1, Phase::Unknown),
    ]);
    let rarely = |of: u32| one_of(&[(of, false), (1, true)]);
    let host_network = if spec.is_dense() { rarely(30).boxed() } else { rarely(4).boxed() };
    (
        (one_of(&[(6, "x"), (3, "y"), (1, "z")]), labels(), stacks(spec), rarely(9)),
        (node_names(), one_of(&[(4, 0), (1, 1), (1, 2), (1, 3)]), host_network),
        (phases, one_of(&[(6, true), (1, false)]), container_ports()),
        (runtimes(), rarely(6)),
    )
}

/// The `number`th pod: `NAMESPACE/qNUMBER` at 10.0.0.0/16 or 100.125.0.0/24 and fd00::/64, of its own number each.
pub(super) fn pod(number: usize, parts: PodParts, nodes: &[&Node]) -> Pod {
    let ((ns, labels, stack, cloud), (node, hosted, host_network), (phase, ready, ports), (runtime, owned)) = parts;
    let (third, last) = (u8::try_from(number / 254).unwrap_or(u8::MAX), last_byte(number));
    let four = if cloud { v4(100, 125, third, last) } else { v4(10, 0, third, last) };
    let on: Vec<IpAddr> = nodes
        .iter()
        .filter(|each| Some(&each.name) == node.as_ref())
        .flat_map(|each| each.addresses.iter())
        .filter(|each| each.kind == NodeAddressKind::InternalIp)
        .map(|each| each.address)
        .collect();
    let mut pod = Pod::new(ObjectName::new(ns, format!("q{number}")));
    pod.labels = labels;
    pod.addresses = match host_network {
        // Without one only where nothing tells its node's.
        true => on.clone(),
        false => stack.of(four, v6(0xfd00, 0, last_group(number))),
    };
    pod.host_addresses = match hosted {
        0 | 3 => on,
        2 if !on.is_empty() => on.into_iter().chain([v4(10, 7, 0, 1)]).collect(),
        _ => Vec::new(),
    };
    // A few are placed by their hostIPs alone (C6, K18).
    pod.node = node.filter(|_| hosted != 3 || pod.host_addresses.is_empty());
    pod.phase = phase;
    pod.ready = ready;
    pod.host_network = host_network;
    pod.ports = ports;
    pod.runtime_class = runtime;
    pod.owner = owned.then(|| Owner { kind: WorkloadKind::Deployment, name: "w0".into() });
    pod
}

pub(super) fn workloads() -> impl Strategy<Value = Vec<Workload>> {
    let kinds = one_of(&[(3, WorkloadKind::Deployment), (1, WorkloadKind::StatefulSet)]);
    let one = (
        (one_of(&[(4, "x"), (1, "y")]), kinds, labels(), one_of(&[(4, None), (2, Some(2)), (1, Some(0))])),
        (one_of(&[(4, None), (1, Some("n1"))]), one_of(&[(9, false), (1, true)]), container_ports(), runtimes()),
    );
    vec(one, 0..3).prop_map(|each| {
        let numbered = each.into_iter().enumerate();
        numbered
            .map(|(i, ((ns, kind, labels, replicas), (node, host_network, ports, runtime_class)))| {
                let mut workload = Workload::new(kind, ObjectName::new(ns, format!("w{i}")), labels);
                workload.replicas = replicas;
                workload.node = node.map(Into::into);
                workload.host_network = host_network;
                workload.ports = ports;
                workload.runtime_class = runtime_class;
                workload
            })
            .collect()
    })
}
