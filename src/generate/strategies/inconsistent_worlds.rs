//! Worlds that no controller would write: objects that contradict each other.
//!
//! Such a world has answers like any other: who judges policies must not fail on it, and says the same as the definition.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::arbitrary_flows::{addresses, arbitrary_flows};
use super::changes::{step, step_parts};
use super::flows::{flow_parts, flows};
use super::profiles::profiles;
use super::vocabulary::pick;
use super::worlds::{World, clusters};
use crate::model::change::Change;
use crate::model::cluster::{Cluster, Node, Phase, Pod, Service, ServiceKind, Workload, WorkloadKind};
use crate::name::ObjectName;

/// How an object comes to contradict another.
#[derive(Debug, Clone)]
enum Contradiction {
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

fn contradictions() -> impl Strategy<Value = Contradiction> {
    let kinds = select(vec![ServiceKind::Headless, ServiceKind::ExternalName]);
    prop_oneof![
        2 => Just(Contradiction::SharedPod),
        1 => Just(Contradiction::PodOnNode),
        1 => Just(Contradiction::PodOnService),
        2 => (addresses(), any::<bool>()).prop_map(|(address, alone)| Contradiction::Strange(address, alone)),
        1 => Just(Contradiction::SharedService),
        1 => kinds.prop_map(Contradiction::Kind),
        1 => Just(Contradiction::NoPorts),
        1 => addresses().prop_map(Contradiction::Slice),
        1 => select(WorkloadKind::ALL.to_vec()).prop_map(Contradiction::Namesake),
        1 => Just(Contradiction::NoAddresses),
        1 => Just(Contradiction::HostWithoutNode),
        1 => Just(Contradiction::Finished),
    ]
}

/// What `contradiction` does to the cluster, if it has what it takes.
fn contradicted(cluster: &Cluster, contradiction: Contradiction, at: Index) -> Option<Change> {
    let pods: Vec<&Pod> = cluster.pods().iter().collect();
    let services: Vec<_> = cluster.services().iter().collect();
    let (pod, service) = (pick(&at, &pods).copied().cloned(), pick(&at, &services).copied().cloned());
    let with_address = |address: IpAddr| pod.clone().map(|pod| Pod { addresses: vec![address], ..pod });
    let object = match contradiction {
        Contradiction::SharedPod => {
            let other = pods.iter().find(|other| pod.as_ref() != Some(**other))?;
            Pod { addresses: other.addresses.clone(), ..pod? }.into()
        }
        Contradiction::PodOnNode => {
            let node = cluster.nodes().first()?;
            with_address(node.addresses.first()?.address)?.into()
        }
        Contradiction::PodOnService => with_address(*services.first()?.cluster_addresses.first()?)?.into(),
        Contradiction::Strange(address, true) => with_address(address)?.into(),
        Contradiction::Strange(address, false) => {
            let mut pod = pod?;
            pod.addresses.push(address);
            pod.into()
        }
        Contradiction::SharedService => {
            let mut twin = service?;
            twin.name = ObjectName::new(twin.name.namespace().clone(), "twin");
            twin.into()
        }
        Contradiction::Kind(kind) => Service { kind, ..service? }.into(),
        Contradiction::NoPorts => Service { ports: Vec::new(), ..service? }.into(),
        Contradiction::Slice(address) => {
            let slices: Vec<_> = cluster.endpoint_slices().iter().collect();
            let mut slice = pick(&at, &slices).copied()?.clone();
            for endpoint in &mut slice.endpoints {
                endpoint.addresses = vec![address];
            }
            slice.into()
        }
        Contradiction::Namesake(kind) => {
            let workload = cluster.workloads().first()?;
            Workload { kind, ..workload.clone() }.into()
        }
        Contradiction::NoAddresses => {
            let node = cluster.nodes().first()?;
            Node { addresses: Vec::new(), ..node.clone() }.into()
        }
        Contradiction::HostWithoutNode => Pod { host_network: true, node: None, ..pod? }.into(),
        Contradiction::Finished => Pod { phase: Phase::Failed, ready: true, ..pod? }.into(),
    };
    Some(Change::Put(object))
}

/// Worlds whose objects contradict each other: addresses claimed twice, by a pod and a node, by a Service too; slices
/// that name nobody; nodes without addresses; workloads of one name. Half of the flows are of the world, the others of
/// [`arbitrary_flows`].
///
/// ```
/// use netpol_oracle::generate::strategies::inconsistent_worlds;
/// use netpol_oracle::{Decide, Engine, Reference};
/// proptest::proptest!(|(world in inconsistent_worlds())| {
///     let engine = Engine::new(&world.cluster, &world.profile);
///     let reference = Reference::new(&world.cluster, &world.profile);
///     for flow in &world.flows {
///         assert_eq!(engine.decide(flow), reference.decide(flow), "{flow}");
///     }
/// });
/// ```
pub fn inconsistent_worlds() -> impl Strategy<Value = World> {
    let contradictions = vec((contradictions(), any::<Index>()), 1..5);
    let asked = (vec(flow_parts(), 4), vec(arbitrary_flows(), 4));
    (clusters(), profiles(), vec(step_parts(), 0..3), contradictions, asked).prop_map(
        |(mut cluster, profile, steps, contradictions, (parts, arbitrary))| {
            // What cannot be done is left undone.
            let change = |changes: &[Change], cluster: &mut Cluster| drop(cluster.apply(changes));
            for parts in steps {
                let changes = step(&cluster, parts).changes;
                change(&changes, &mut cluster);
            }
            for (contradiction, at) in contradictions {
                let changes: Vec<Change> = contradicted(&cluster, contradiction, at).into_iter().collect();
                change(&changes, &mut cluster);
            }
            let flows = flows(&cluster, parts).into_iter().chain(arbitrary).collect();
            World { cluster, profile, flows }
        },
    )
}
