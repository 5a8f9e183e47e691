//! Questions about a cluster.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::stream;
use super::vocabulary::port;
use crate::model::cluster::{Cluster, Node, Pod, Service, ServiceKind};
use crate::model::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
use crate::net::{Family, Port, Protocol};
use crate::random::Random;

/// `count` flows between what the cluster holds, decided by `seed` alone; none where no pod lives.
///
/// | flows | share |
/// |---|---|
/// | pod to pod by name, half of them near by in the order of names | 70 % |
/// | one end by its address, alone or with its pod's name | 6 % |
/// | from an address outside | 6 % |
/// | to an address outside | 6 % |
/// | to a Service | 7 % |
/// | to or from a node | 2 % |
/// | pod to pod with ICMP, or protocol 47 for one in three | 3 % |
///
/// Three ports in four are of the destination's containers, the others any of the usual ones. What a cluster has none
/// of (Services, nodes) is asked as pod to pod. Finished pods are no ends ([K20](crate::semantics#k20)); some flows
/// have no answer all the same, as those to a Service without a ready backend ([K23](crate::semantics#k23)).
///
/// ```
/// use netpol_oracle::generate::{ClusterSpec, flows};
/// let cluster = ClusterSpec::new(100).build();
/// let asked: Vec<_> = flows(&cluster, 10, 1).collect();
/// assert_eq!(asked.len(), 10);
/// assert!(asked.iter().eq(&flows(&cluster, 10, 1).collect::<Vec<_>>()));
/// ```
pub fn flows(cluster: &Cluster, count: usize, seed: u64) -> impl Iterator<Item = Flow> {
    let mut asker = Asker {
        pods: cluster.pods().iter().filter(|pod| pod.is_live()).collect(),
        services: cluster.services().iter().filter(|service| service.kind == ServiceKind::ClusterIp).collect(),
        nodes: cluster.nodes().iter().collect(),
        random: Random::new(seed, stream::FLOWS),
    };
    (0..count).map_while(move |_| asker.flow())
}

struct Asker<'a> {
    pods: Vec<&'a Pod>,
    services: Vec<&'a Service>,
    nodes: Vec<&'a Node>,
    random: Random,
}

/// What is asked for where a destination's containers do not say.
const USUAL: [(Protocol, Port); 14] = [
    (Protocol::Tcp, port(80)),
    (Protocol::Tcp, port(443)),
    (Protocol::Tcp, port(8080)),
    (Protocol::Tcp, port(8443)),
    (Protocol::Tcp, port(9000)),
    (Protocol::Tcp, port(9090)),
    (Protocol::Tcp, port(3000)),
    (Protocol::Tcp, port(5432)),
    (Protocol::Tcp, port(6379)),
    (Protocol::Tcp, port(53)),
    (Protocol::Udp, port(53)),
    (Protocol::Udp, port(8125)),
    (Protocol::Sctp, port(36412)),
    (Protocol::Tcp, port(31000)),
];

fn named(pod: &Pod) -> Endpoint {
    Endpoint::Named(pod.name.clone())
}

fn has_v6(pod: &Pod) -> bool {
    pod.addresses.iter().any(|address| Family::of(*address) == Family::V6)
}

impl<'a> Asker<'a> {
    fn flow(&mut self) -> Option<Flow> {
        let (source, destination) = self.pair()?;
        let l4 = self.port_of(destination);
        let to_pod = |source: Endpoint, l4| Flow::new(source, named(destination).into(), l4);
        Some(match self.random.below(100) {
            0..70 => to_pod(named(source), l4),
            70..76 => self.by_address(source, destination, l4),
            76..82 => {
                let outside = self.outside(destination);
                to_pod(Endpoint::Address(outside), l4)
            }
            82..88 => {
                let outside = self.outside(source);
                let l4 = self.usual();
                Flow::new(named(source), Endpoint::Address(outside).into(), l4)
            }
            88..95 => match self.random.pick(&self.services).copied() {
                Some(service) => self.service_flow(source, service),
                None => to_pod(named(source), l4),
            },
            95..97 => match self.random.pick(&self.nodes).copied() {
                Some(node) if self.random.percent(50) => to_pod(Endpoint::Node(node.name.clone()), l4),
                Some(node) => {
                    let kubelet = L4::Port(Protocol::Tcp, port(10_250));
                    Flow::new(named(source), Endpoint::Node(node.name.clone()).into(), kubelet)
                }
                None => to_pod(named(source), l4),
            },
            _ => {
                let other = OtherProtocol::new(47).filter(|_| self.random.below(3) == 0);
                to_pod(named(source), other.map_or(L4::Icmp, L4::Other))
            }
        })
    }

    /// Two pods, not the same unless there is one alone.
    fn pair(&mut self) -> Option<(&'a Pod, &'a Pod)> {
        let count = u32::try_from(self.pods.len()).unwrap_or(u32::MAX);
        let first = self.random.below(count);
        let distance = if self.random.percent(50) { 32.min(count.saturating_sub(1)) } else { count.saturating_sub(1) };
        let second = u64::from(first) + u64::from(self.random.below(distance)) + u64::from(distance.min(1));
        let second = second.checked_rem(u64::from(count))?;
        let pod = |at: u64| usize::try_from(at).ok().and_then(|at| self.pods.get(at)).copied();
        Some((pod(first.into())?, pod(second)?))
    }

    fn usual(&mut self) -> L4 {
        let (protocol, port) = self.random.pick(&USUAL).copied().unwrap_or((Protocol::Tcp, port(80)));
        L4::Port(protocol, port)
    }

    fn port_of(&mut self, pod: &Pod) -> L4 {
        let own = self.random.percent(75);
        match self.random.pick(&pod.ports).filter(|_| own) {
            Some(port) => L4::Port(port.protocol, port.port),
            None => self.usual(),
        }
    }

    fn by_address(&mut self, source: &Pod, destination: &Pod, l4: L4) -> Flow {
        let both_v6 = has_v6(source) && has_v6(destination);
        let end = |random: &mut Random, pod: &Pod| {
            let fits = |address: &&IpAddr| Family::of(**address) == Family::V4 || both_v6;
            let fitting: Vec<IpAddr> = pod.addresses.iter().filter(fits).copied().collect();
            match random.pick(&fitting) {
                // The address of a hostNetwork pod is its node's.
                Some(address) if pod.host_network || random.percent(30) => {
                    Endpoint::PodAddress { pod: pod.name.clone(), address: *address }
                }
                Some(address) => Endpoint::Address(*address),
                None => named(pod),
            }
        };
        match self.random.percent(50) {
            true => Flow::new(end(&mut self.random, source), named(destination).into(), l4),
            false => Flow::new(named(source), end(&mut self.random, destination).into(), l4),
        }
    }

    /// An address outside the cluster, of a family that the pod has.
    fn outside(&mut self, pod: &Pod) -> IpAddr {
        let byte = |random: &mut Random| u8::try_from(random.below(256)).unwrap_or_default();
        let [a, b] = [byte(&mut self.random), byte(&mut self.random)];
        if has_v6(pod) && self.random.percent(50) {
            return Ipv6Addr::new(0x2001, 0xdb8, a.into(), 0, 0, 0, 0, u16::from(b) + 1).into();
        }
        let octets = match self.random.below(10) {
            // Where ipBlocks of the mix are.
            0..5 => [203, 0, a, b],
            5..8 => [*self.random.pick(&[1, 8, 34, 52, 93, 151, 185]).unwrap_or(&8), a, b, 1],
            _ => [192, 168, a, b],
        };
        Ipv4Addr::from(octets).into()
    }

    fn service_flow(&mut self, source: &Pod, service: &Service) -> Flow {
        let l4 = match self.random.pick(&service.ports) {
            Some(port) => L4::Port(port.protocol, port.port),
            None => self.usual(),
        };
        let by_name = Destination::Service(service.name.clone());
        let destination = match service.cluster_addresses.first() {
            Some(address) if self.random.percent(20) => Endpoint::Address(*address).into(),
            _ => by_name,
        };
        Flow::new(named(source), destination, l4)
    }
}
