//! Services as ends: by name, by addresses of their own, by ports of nodes (K23, K26).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::rc::Rc;

use crate::analysis::controlled::may_match;
use crate::analysis::end::{Behind, End, Front, Traits, Who};
use crate::analysis::left_out::LeftOut;
use crate::analysis::world::World;
use crate::labels::Selector;
use crate::model::cluster::{Service, ServiceKind};
use crate::model::flow::{Destination, Endpoint};
use crate::name::ObjectName;
use crate::net::{Family, Port, PortInterval, Protocol};
use crate::partition::index::{Bits, Object, listed};

/// Most ports of nodes that are tried.
const MAX_NODE_PORTS: usize = 1_000;

impl<'c> Behind<'c> {
    fn of(world: &World<'c>, service: &Service, by_address: &ByAddress) -> Self {
        let mut found = world.index.backends(world.cluster, service);
        let mut nodes = Vec::new();
        match listed(world.cluster, service) {
            Some(listed) => {
                for address in listed.iter().filter_map(|endpoint| endpoint.addresses.first()) {
                    by_address.get(address).into_iter().flatten().for_each(|at| found.set(*at));
                    nodes.extend(world.places.at(*address).map(|node| Traits::of_node(node, vec![*address])));
                }
            }
            // What a controller sets may be what the Service asks for (U7).
            None if !service.selector.is_empty() => {
                let selector = Selector::new(service.selector.clone(), Vec::new());
                for (at, object) in world.index.objects().iter().enumerate() {
                    let Object::Workload(workload) = object else { continue };
                    let values = workload.controller_values(world.profile.release());
                    let keys: Vec<_> = values.iter().flat_map(|v| &v.labels).map(|label| label.key.clone()).collect();
                    let here = object.name().namespace() == service.name.namespace();
                    if here && may_match(&selector, object.labels(), &keys) {
                        found.set(at);
                    }
                }
            }
            None => {}
        }
        let objects: Vec<usize> = found.iter().collect();
        let shared = objects.iter().filter_map(|at| world.traits.get(*at)).filter(|traits| traits.is_node);
        nodes.extend(shared.cloned());
        Self { objects, nodes }
    }

    fn and(&self, other: &Self) -> Self {
        let objects: BTreeSet<usize> = self.objects.iter().chain(&other.objects).copied().collect();
        let nodes = self.nodes.iter().chain(&other.nodes).cloned().collect();
        Self { objects: objects.into_iter().collect(), nodes }
    }
}

/// The pods of their own network that have an address, by place.
type ByAddress = HashMap<IpAddr, Vec<usize>>;

/// Whose a port of a node is.
#[derive(Clone, Copy)]
enum Claim<'c> {
    NodePort(&'c Service),
    Address(&'c Service),
    /// A pod, by its place, where it may be met.
    HostPort(usize, &'c [IpAddr], Option<IpAddr>),
}

impl Claim<'_> {
    /// Whether it holds at that address of a node: a hostPort does in the families of its pod, and at its hostIP alone.
    fn holds_at(self, address: IpAddr) -> bool {
        match self {
            Self::NodePort(_) => true,
            Self::Address(service) => {
                service.external_addresses.contains(&address) || service.load_balancer_addresses.contains(&address)
            }
            Self::HostPort(_, own, only) => {
                let in_family = own.is_empty() || own.iter().any(|own| Family::of(*own) == Family::of(address));
                in_family && only.is_none_or(|only| only == address)
            }
        }
    }
}

/// A port, and whose it is.
type PortClaim<'c> = ((Protocol, Port), Claim<'c>);

/// What is met at the addresses of nodes, in one snapshot.
pub(super) struct Claims<'c> {
    everywhere: Vec<PortClaim<'c>>,
    by_node: HashMap<&'c str, Vec<PortClaim<'c>>>,
    by_address: HashMap<IpAddr, Vec<PortClaim<'c>>>,
}

type PortClaims<'c> = BTreeMap<(Protocol, Port), Vec<Claim<'c>>>;

impl<'c> Claims<'c> {
    pub(super) fn new(world: &World<'c>) -> Self {
        let mut claims = Self { everywhere: Vec::new(), by_node: HashMap::new(), by_address: HashMap::new() };
        let services = world.cluster.services().iter().filter(|service| service.kind == ServiceKind::ClusterIp);
        for service in services {
            for entry in &service.ports {
                let node_port = entry.node_port.map(|port| ((entry.protocol, port), Claim::NodePort(service)));
                claims.everywhere.extend(node_port);
                for address in service.external_addresses.iter().chain(&service.load_balancer_addresses) {
                    let claim = ((entry.protocol, entry.port), Claim::Address(service));
                    claims.by_address.entry(*address).or_default().push(claim);
                }
            }
        }
        for (at, object) in world.index.objects().iter().enumerate() {
            let Object::Pod(pod) = object else { continue };
            if pod.host_network {
                continue;
            }
            for entry in &pod.ports {
                let Some(host) = entry.host_port else { continue };
                let claim = ((entry.protocol, host.port), Claim::HostPort(at, &pod.addresses, host.address));
                if let Some(node) = pod.node.as_deref() {
                    claims.by_node.entry(node).or_default().push(claim);
                }
                // A node of which nobody gives the name is met by its address.
                for address in &pod.host_addresses {
                    claims.by_address.entry(*address).or_default().push(claim);
                }
            }
        }
        claims
    }

    /// What is met at a node's addresses, and at each port whose it is.
    fn at(&self, node: &Traits<'c>) -> PortClaims<'c> {
        let mut found = PortClaims::new();
        if !node.is_node || node.addresses.is_empty() {
            return found;
        }
        let named = node.place.node().and_then(|name| self.by_node.get(name)).into_iter().flatten();
        let of_address = node.addresses.iter().filter_map(|address| self.by_address.get(address)).flatten();
        for (port, claim) in self.everywhere.iter().chain(named).chain(of_address) {
            if node.addresses.iter().any(|address| claim.holds_at(*address)) {
                found.entry(*port).or_default().push(*claim);
            }
        }
        found
    }

    /// The ports that are not a node's own at any of its addresses.
    pub(super) fn foreign_ports(&self, node: &Traits<'c>) -> BTreeSet<(Protocol, Port)> {
        let is_everywhere = |claims: &[Claim<'_>]| {
            node.addresses.iter().all(|address| claims.iter().any(|claim| claim.holds_at(*address)))
        };
        let found = self.at(node).into_iter().filter(|(_, claims)| is_everywhere(claims));
        found.map(|(port, _)| port).collect()
    }

    /// The ports that are not a node's own at some address of its.
    pub(super) fn ports(&self, node: &Traits<'c>) -> BTreeSet<(Protocol, Port)> {
        self.at(node).into_keys().collect()
    }

    /// Those that other nodes do not have.
    pub(super) fn own_ports(&self, node: &Traits<'c>) -> BTreeSet<(Protocol, Port)> {
        let everywhere: BTreeSet<(Protocol, Port)> = self.everywhere.iter().map(|(port, _)| *port).collect();
        self.ports(node).difference(&everywhere).copied().collect()
    }
}

/// Every front that both snapshots know, and what is behind the Services of each.
pub(super) struct Fronts<'c> {
    pub(super) ends: Vec<End<'c>>,
    behind: [BTreeMap<&'c ObjectName, Rc<Behind<'c>>>; 2],
    node_ports: usize,
}

impl<'c> Fronts<'c> {
    pub(super) fn new(
        worlds: &[World<'c>; 2],
        inside: &[End<'c>],
        claims: &[Claims<'c>; 2],
        left_out: &mut LeftOut,
    ) -> Self {
        let behind = [0, 1].map(|at| worlds.get(at).map_or_else(BTreeMap::new, all_behind));
        let mut fronts = Self { ends: Vec::new(), behind, node_ports: 0 };
        let [before, after] = worlds;
        for service in before.cluster.services().iter() {
            match after.cluster.service(&service.name) {
                Some(later) => fronts.of_service([service, later], worlds),
                None => left_out.unpaired.services.push(service.name.clone()),
            }
        }
        let new = after.cluster.services().iter().map(|service| &service.name);
        left_out.unpaired.services.extend(new.filter(|name| before.cluster.service(name).is_none()).cloned());
        // A pod that shares its node's network is met there like the node.
        for end in inside.iter().filter(|end| end.traits.iter().any(|traits| traits.is_node)) {
            fronts.of_node(end, claims, left_out);
        }
        fronts
    }

    /// The Services with one of these backends, in each snapshot.
    pub(super) fn before_any(&self, backends: &[Bits; 2]) -> BTreeSet<ObjectName> {
        let of_one = |(behind, backends): (&BTreeMap<&'c ObjectName, Rc<Behind<'c>>>, &Bits)| {
            let some = |behind: &Behind<'_>| behind.objects.iter().any(|at| backends.contains(*at));
            behind.iter().filter(|(_, of)| some(of)).map(|(name, _)| (*name).clone()).collect::<Vec<_>>()
        };
        self.behind.iter().zip(backends).flat_map(of_one).collect()
    }

    fn behind(&self, snapshot: usize, name: &ObjectName) -> Rc<Behind<'c>> {
        self.behind.get(snapshot).and_then(|all| all.get(name)).cloned().unwrap_or_default()
    }

    /// By its name, and by the addresses that are its own.
    fn of_service(&mut self, both: [&'c Service; 2], worlds: &[World<'c>; 2]) {
        let [service, later] = both;
        let name = &service.name;
        if both.iter().any(|service| service.kind == ServiceKind::ExternalName) {
            return;
        }
        let behind = [self.behind(0, name), self.behind(1, name)];
        let ports: BTreeSet<(Protocol, Port)> =
            both.iter().flat_map(|service| &service.ports).map(|entry| (entry.protocol, entry.port)).collect();
        let ports: Vec<PortInterval> =
            ports.into_iter().map(|(protocol, port)| PortInterval::one(protocol, port)).collect();
        let has_addresses = |service: &Service| service.kind == ServiceKind::ClusterIp;
        let limited = both.iter().any(|service| has_addresses(service));
        let front = |key, ports| Who::Front(Box::new(Front { key, ports, behind: behind.clone() }));
        let traits =
            |service: &Service| Traits::nowhere(if limited { service.cluster_addresses.clone() } else { Vec::new() });
        self.ends.push(End {
            to: Destination::Service(name.clone()),
            who: front(format!("service {name}"), limited.then(|| ports.clone())),
            traits: [traits(service), traits(later)],
        });
        let own = |service: &'c Service| service.external_addresses.iter().chain(&service.load_balancer_addresses);
        let after: BTreeSet<&IpAddr> =
            Some(later).filter(|later| has_addresses(later)).into_iter().flat_map(own).collect();
        let both_have: BTreeSet<&IpAddr> = Some(service)
            .filter(|s| has_addresses(s))
            .into_iter()
            .flat_map(own)
            .filter(|a| after.contains(a))
            .collect();
        // A node's address is the node's end, and a pod's the pod's.
        let is_owned = |address: &IpAddr| {
            worlds.iter().any(|world| {
                world.places.is_known(*address)
                    || world.cluster.pods().iter().any(|pod| pod.addresses.contains(address))
            })
        };
        for address in both_have.into_iter().filter(|address| !is_owned(address)) {
            let traits = || Traits::nowhere(vec![*address]);
            self.ends.push(End {
                to: Endpoint::address(*address).into(),
                who: front(format!("address {address} {name}"), Some(ports.clone())),
                traits: [traits(), traits()],
            });
        }
    }

    /// Its ports that are a Service's or a pod's.
    fn of_node(&mut self, node: &End<'c>, claims: &[Claims<'c>; 2], left_out: &mut LeftOut) {
        let [before, after] = claims;
        let [one, two] = &node.traits;
        let at = [before.at(one), after.at(two)];
        let ports: BTreeSet<(Protocol, Port)> = at.iter().flat_map(BTreeMap::keys).copied().collect();
        for port in ports {
            if self.node_ports == MAX_NODE_PORTS {
                left_out.node_ports += 1;
                continue;
            }
            self.node_ports += 1;
            let mut key = format!("node {port:?}");
            let mut behind = [Rc::default(), Rc::default()];
            for (snapshot, (behind, at)) in behind.iter_mut().zip(&at).enumerate() {
                for claim in at.get(&port).into_iter().flatten() {
                    let (told, more) = match claim {
                        Claim::NodePort(service) => {
                            (format!("port of {}", service.name), self.behind(snapshot, &service.name))
                        }
                        Claim::Address(service) => {
                            (format!("address of {}", service.name), self.behind(snapshot, &service.name))
                        }
                        Claim::HostPort(at, ..) => {
                            (format!("pod {at}"), Rc::new(Behind { objects: vec![*at], nodes: Vec::new() }))
                        }
                    };
                    key.push_str(&format!(" {snapshot} {told}"));
                    *behind = Rc::new(Behind::and(behind, &more));
                }
            }
            let (protocol, port) = port;
            let ports = Some(vec![PortInterval::one(protocol, port)]);
            let who = Who::Front(Box::new(Front { key, ports, behind }));
            self.ends.push(End { to: node.to.clone(), who, traits: node.traits.clone() });
        }
    }
}

fn all_behind<'c>(world: &World<'c>) -> BTreeMap<&'c ObjectName, Rc<Behind<'c>>> {
    let mut pods = ByAddress::new();
    for (at, object) in world.index.objects().iter().enumerate() {
        for address in object.addresses().iter().filter(|_| !object.is_host_network()) {
            pods.entry(*address).or_default().push(at);
        }
    }
    let services = world.cluster.services().iter().filter(|service| service.kind != ServiceKind::ExternalName);
    services.map(|service| (&service.name, Rc::new(Behind::of(world, service, &pods)))).collect()
}
