//! What no controller would write: contradictory objects, strange addresses, questions about what is not there.
//!
//! An answer is an answer here as anywhere: who judges policies must not fail, and says the same as the definition.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::changes::{step, step_parts};
use super::flows::{flow_parts, flows};
use super::profiles::profiles;
use super::vocabulary::{OUTSIDE, one_of, pick, port, v4, v6};
use super::worlds::{World, clusters};
use crate::model::change::Change;
use crate::model::cluster::{Cluster, Phase, Pod, ServiceKind, Workload, WorkloadKind};
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

fn addresses() -> impl Strategy<Value = IpAddr> {
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
/// use netpol_oracle::generate::strategies::{wild_flows, worlds};
/// use netpol_oracle::{Decide, Engine, Reference};
/// proptest::proptest!(|(world in worlds(), flow in wild_flows())| {
///     let engine = Engine::new(&world.cluster, &world.profile);
///     assert_eq!(engine.decide(&flow), Reference::new(&world.cluster, &world.profile).decide(&flow));
/// });
/// ```
pub fn wild_flows() -> impl Strategy<Value = Flow> {
    let destinations =
        prop_oneof![4 => ends().prop_map(Destination::Endpoint), 1 => names().prop_map(Destination::Service)];
    (ends(), destinations, ports(), option::weighted(0.2, names()))
        .prop_map(|(source, destination, l4, via)| Flow { via, ..Flow::new(source, destination, l4) })
}

/// How an object comes to contradict another.
#[derive(Debug, Clone, Copy)]
enum Twist {
    /// Two pods claim one address.
    SharedPod,
    /// A pod has a node's address.
    PodOnNode,
    /// A pod has a ClusterIP.
    PodOnService,
    /// A pod has any address, as its only one or beside its own.
    Strange(IpAddr, bool),
    /// Two Services claim one ClusterIP.
    SharedService,
    /// A headless Service, or a name for a name, with a ClusterIP.
    Kind(ServiceKind),
    /// A Service without ports.
    NoPorts,
    /// A slice of no Service, or of addresses of the other family.
    Slice(IpAddr),
    /// Several workloads of one name.
    Namesake(WorkloadKind),
    /// A node without addresses.
    NoAddresses,
    /// A pod that is its node without having one.
    HostWithoutNode,
    /// A finished pod that is said to be ready.
    Finished,
}

fn twists() -> impl Strategy<Value = Twist> {
    let kinds = select(vec![ServiceKind::Headless, ServiceKind::ExternalName]);
    prop_oneof![
        2 => Just(Twist::SharedPod),
        1 => Just(Twist::PodOnNode),
        1 => Just(Twist::PodOnService),
        2 => (addresses(), any::<bool>()).prop_map(|(address, alone)| Twist::Strange(address, alone)),
        1 => Just(Twist::SharedService),
        1 => kinds.prop_map(Twist::Kind),
        1 => Just(Twist::NoPorts),
        1 => addresses().prop_map(Twist::Slice),
        1 => select(WorkloadKind::ALL.to_vec()).prop_map(Twist::Namesake),
        1 => Just(Twist::NoAddresses),
        1 => Just(Twist::HostWithoutNode),
        1 => Just(Twist::Finished),
    ]
}

/// What `twist` does to the cluster, if it has what it takes.
fn twisted(cluster: &Cluster, twist: Twist, at: Index) -> Option<Change> {
    let pods: Vec<&Pod> = cluster.pods().iter().collect();
    let services: Vec<_> = cluster.services().iter().collect();
    let (pod, service) = (pick(&at, &pods).copied().cloned(), pick(&at, &services).copied().cloned());
    let with_address = |address: IpAddr| pod.clone().map(|pod| Pod { addresses: vec![address], ..pod });
    let object = match twist {
        Twist::SharedPod => {
            let other = pods.iter().find(|other| pod.as_ref() != Some(**other))?;
            Pod { addresses: other.addresses.clone(), ..pod? }.into()
        }
        Twist::PodOnNode => {
            let node = cluster.nodes().first()?;
            with_address(node.addresses.first()?.address)?.into()
        }
        Twist::PodOnService => with_address(*services.first()?.cluster_addresses.first()?)?.into(),
        Twist::Strange(address, true) => with_address(address)?.into(),
        Twist::Strange(address, false) => {
            let mut pod = pod?;
            pod.addresses.push(address);
            pod.into()
        }
        Twist::SharedService => {
            let mut twin = service?;
            twin.name = ObjectName::new(twin.name.namespace().clone(), "twin");
            twin.into()
        }
        Twist::Kind(kind) => crate::Service { kind, ..service? }.into(),
        Twist::NoPorts => crate::Service { ports: Vec::new(), ..service? }.into(),
        Twist::Slice(address) => {
            let slices: Vec<_> = cluster.endpoint_slices().iter().collect();
            let mut slice = pick(&at, &slices).copied()?.clone();
            for endpoint in &mut slice.endpoints {
                endpoint.addresses = vec![address];
            }
            slice.into()
        }
        Twist::Namesake(kind) => {
            let workload = cluster.workloads().first()?;
            Workload { kind, ..workload.clone() }.into()
        }
        Twist::NoAddresses => {
            let node = cluster.nodes().first()?;
            crate::Node { addresses: Vec::new(), ..node.clone() }.into()
        }
        Twist::HostWithoutNode => Pod { host_network: true, node: None, ..pod? }.into(),
        Twist::Finished => Pod { phase: Phase::Failed, ready: true, ..pod? }.into(),
    };
    Some(Change::Put(object))
}

/// Worlds whose objects contradict each other: addresses claimed twice, by a pod and a node, by a Service too; slices
/// that name nobody; nodes without addresses; workloads of one name. Half of the flows are of the world, the others of
/// [`wild_flows`].
///
/// ```
/// use netpol_oracle::generate::strategies::wild_worlds;
/// use netpol_oracle::{Decide, Engine, Reference};
/// proptest::proptest!(|(world in wild_worlds())| {
///     let engine = Engine::new(&world.cluster, &world.profile);
///     let reference = Reference::new(&world.cluster, &world.profile);
///     for flow in &world.flows {
///         assert_eq!(engine.decide(flow), reference.decide(flow), "{flow}");
///     }
/// });
/// ```
pub fn wild_worlds() -> impl Strategy<Value = World> {
    let twists = vec((twists(), any::<Index>()), 1..5);
    let asked = (vec(flow_parts(), 4), vec(wild_flows(), 4));
    (clusters(), profiles(), vec(step_parts(), 0..3), twists, asked).prop_map(
        |(mut cluster, profile, steps, twists, (parts, wild))| {
            // What cannot be done is left undone.
            let change = |changes: &[Change], cluster: &mut Cluster| drop(cluster.apply(changes));
            for parts in steps {
                let changes = step(&cluster, parts).changes;
                change(&changes, &mut cluster);
            }
            for (twist, at) in twists {
                let changes: Vec<Change> = twisted(&cluster, twist, at).into_iter().collect();
                change(&changes, &mut cluster);
            }
            let flows = flows(&cluster, parts).into_iter().chain(wild).collect();
            World { cluster, profile, flows }
        },
    )
}
