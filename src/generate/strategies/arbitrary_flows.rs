//! Flows between whatever: names that may not be there, addresses at the edges, any port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::vocabulary::{OUTSIDE, one_of, port, v4, v6};
use crate::model::cluster::WorkloadKind;
use crate::model::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
use crate::name::ObjectName;
use crate::net::{Port, Protocol, canonical};

fn names() -> impl Strategy<Value = ObjectName> {
    let namespaces = one_of(&[(8, "x"), (3, "y"), (1, "default"), (1, "nowhere"), (1, "")]);
    let names = select(vec![
        "q0", "q1", "q0", "q1", "q2", "q2", "q3", "q4", "w0", "w1", "s0", "s1", "themed", "p0", "nobody", "", "X_y",
    ]);
    (namespaces, names).prop_map(|(namespace, name)| ObjectName::new(namespace, name))
}

pub(super) fn addresses() -> impl Strategy<Value = IpAddr> {
    let strange = select(vec![
        v4(0, 0, 0, 0),
        v4(255, 255, 255, 255),
        v4(127, 0, 0, 1),
        v4(169, 254, 1, 1),
        v4(224, 0, 0, 1),
        v4(100, 125, 0, 0),
        v4(100, 125, 255, 255),
        v4(100, 126, 0, 0),
        v4(10, 0, 0, 1),
        v4(10, 0, 0, 2),
        v4(10, 9, 0, 1),
        v4(10, 96, 0, 1),
        v4(10, 96, 255, 255),
        v6(0, 0, 0),
        v6(0, 0, 1),
        v6(0xffff, 0xffff, 0xffff),
        v6(0xfe80, 0, 1),
        v6(0xff02, 0, 1),
        v6(0xfd00, 0, 1),
        v6(0xfd96, 0, 1),
    ]);
    prop_oneof![
        4 => strange,
        2 => select(OUTSIDE.as_slice()),
        1 => any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        1 => any::<u128>().prop_map(|bits| canonical(Ipv6Addr::from_bits(bits).into())),
    ]
}

fn ports() -> impl Strategy<Value = L4> {
    let edges = select(vec![1, 2, 52, 53, 54, 79, 80, 81, 443, 444, 8079, 8080, 8081, 8090, 8091, 65534, 65535]);
    let numbers = prop_oneof![4 => edges.prop_map(port), 1 => any::<u16>().prop_map(|number| Port::new(number).unwrap_or(Port::MIN))];
    let protocols = one_of(&[(3, Protocol::Tcp), (1, Protocol::Udp), (1, Protocol::Sctp)]);
    let others = prop_oneof![select(vec![0, 1, 47, 58, 255]), any::<u8>()];
    prop_oneof![
        8 => (protocols, numbers).prop_map(|(protocol, number)| L4::Port(protocol, number)),
        1 => Just(L4::Icmp),
        1 => others.prop_map(|number| OtherProtocol::new(number).map_or(L4::Icmp, L4::Other)),
    ]
}

fn ends() -> impl Strategy<Value = Endpoint> {
    let nodes = || select(vec!["n1", "n2", "n3", ""]);
    prop_oneof![
        5 => names().prop_map(Endpoint::Named),
        1 => (select(WorkloadKind::ALL.to_vec()), names()).prop_map(|(kind, name)| Endpoint::Workload { kind, name }),
        2 => (names(), addresses()).prop_map(|(pod, address)| Endpoint::PodAddress { pod, address }),
        1 => nodes().prop_map(|node| Endpoint::Node(node.into())),
        1 => (nodes(), addresses()).prop_map(|(node, address)| Endpoint::NodeAddress { node: node.into(), address }),
        8 => addresses().prop_map(Endpoint::Address),
    ]
}

/// Flows between whatever: names that may not be there, addresses at the edges of ranges and of the families, any port,
/// any protocol, backends named where there is no Service. Most have no answer but a
/// [`FlowError`](crate::FlowError); which one is part of what two engines must agree in.
///
/// ```
/// use netpol_oracle::generate::strategies::{arbitrary_flows, worlds};
/// use netpol_oracle::{Decide, Engine, Reference};
/// proptest::proptest!(|(world in worlds(), flow in arbitrary_flows())| {
///     let engine = Engine::new(&world.cluster, &world.profile);
///     assert_eq!(engine.decide(&flow), Reference::new(&world.cluster, &world.profile).decide(&flow));
/// });
/// ```
pub fn arbitrary_flows() -> impl Strategy<Value = Flow> {
    let destinations =
        prop_oneof![4 => ends().prop_map(Destination::Endpoint), 1 => names().prop_map(Destination::Service)];
    (ends(), destinations, ports(), option::weighted(0.2, names()))
        .prop_map(|(source, destination, l4, via)| Flow { via, ..Flow::new(source, destination, l4) })
}
