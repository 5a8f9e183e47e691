//! The ends of a flow: who they are, and in which families (sections 1 and 6, K20, K22, K25, K27).

use std::net::IpAddr;

use netpol_oracle::labels::Labels;
use netpol_oracle::model::{ContainerPort, Node, NodeAddressKind, Service, Workload, WorkloadKind};
use netpol_oracle::net::Family;
use netpol_oracle::{Cluster, Endpoint, ObjectName, Pod, Profile};

use super::labels::{Carried, Values, carried};
use super::nodes::node_of_address;
use super::resolution::Carries;

/// A pod, one that does not exist yet, or the pods of a workload.
#[derive(Debug, Clone)]
pub(super) struct Someone<'a> {
    pub(super) namespace: &'a str,
    /// The pod that it is, where it is one by name: such a one may meet itself (K19); workloads never do (K25).
    pub(super) one: Option<ObjectName>,
    /// The StatefulSet that it is a replica of, where that is not loaded as a pod.
    pub(super) set: Option<&'a ObjectName>,
    pub(super) labels: &'a Labels,
    /// What its controller gives it over those.
    pub(super) carried: Vec<Carried>,
    pub(super) ports: &'a [ContainerPort],
    pub(super) node: Option<&'a str>,
    pub(super) node_selector: Option<&'a Labels>,
    pub(super) host_addresses: &'a [IpAddr],
    pub(super) runtime: Option<&'a str>,
    pub(super) host_network: bool,
    /// A loaded pod's, in their order.
    pub(super) addresses: &'a [IpAddr],
}

impl<'a> Someone<'a> {
    pub(super) fn pod(pod: &'a Pod) -> Self {
        Self {
            namespace: pod.name.namespace(),
            one: Some(pod.name.clone()),
            set: None,
            labels: &pod.labels,
            carried: Vec::new(),
            ports: &pod.ports,
            node: pod.node.as_deref(),
            node_selector: Some(&pod.node_selector),
            host_addresses: &pod.host_addresses,
            runtime: pod.runtime_class.as_deref(),
            host_network: pod.host_network,
            addresses: &pod.addresses,
        }
    }

    pub(super) fn workload(workload: &'a Workload, profile: &Profile) -> Self {
        Self {
            namespace: workload.name.namespace(),
            one: None,
            set: (workload.kind == WorkloadKind::StatefulSet).then_some(&workload.name),
            labels: &workload.labels,
            carried: carried(workload, profile),
            ports: &workload.ports,
            node: workload.node.as_deref(),
            node_selector: Some(&workload.node_selector),
            host_addresses: &[],
            runtime: workload.runtime_class.as_deref(),
            host_network: workload.host_network,
            addresses: &[],
        }
    }

    /// Of a StatefulSet: its replica of that ordinal (K27).
    pub(super) fn replica(self, ordinal: &str) -> Self {
        let one = self.set.map(|set| replica_name(set, ordinal));
        Self { one, ..self.fixed(Carries::Ordinal, ordinal) }
    }

    /// Of a StatefulSet: the only ordinal that is possible.
    pub(super) fn ordinal(&self) -> Option<String> {
        match self.ordinals() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// Of a StatefulSet: the ordinals that its replicas have.
    pub(super) fn ordinals(&self) -> &[String] {
        match self.carried.iter().find(|each| each.what == Carries::Ordinal).map(|each| &each.values) {
            Some(Values::Listed(values)) => values,
            _ => &[],
        }
    }

    /// The replica of that name, if it is one of these (K27).
    pub(super) fn replica_named(self, name: &ObjectName) -> Option<Self> {
        let (set, ordinal) = name.name().rsplit_once('-')?;
        self.set.filter(|own| own.namespace() == name.namespace() && **own.name() == *set)?;
        self.ordinals().iter().any(|each| each == ordinal).then(|| self.replica(ordinal))
    }

    /// The same where its controller gives it that value.
    pub(super) fn fixed(mut self, what: Carries, value: &str) -> Self {
        for each in self.carried.iter_mut().filter(|each| each.what == what) {
            each.values = Values::Listed(vec![value.to_owned()]);
        }
        self
    }

    fn labelled(namespace: &'a str, labels: &'a Labels) -> Self {
        Self {
            namespace,
            one: None,
            set: None,
            labels,
            carried: Vec::new(),
            ports: &[],
            node: None,
            node_selector: None,
            host_addresses: &[],
            runtime: None,
            host_network: false,
            addresses: &[],
        }
    }

    /// Whether nobody says on which node it runs (U8).
    pub(super) fn says_no_node(&self) -> bool {
        self.node.is_none() && self.reported_address().is_none()
    }

    /// An address of the node that it runs on.
    pub(super) fn reported_address(&self) -> Option<IpAddr> {
        let own = if self.host_network { self.addresses.first() } else { None };
        self.host_addresses.first().or(own).copied()
    }
}

pub(super) fn replica_name(set: &ObjectName, ordinal: &str) -> ObjectName {
    ObjectName::new(set.namespace().clone(), format!("{}-{ordinal}", set.name()))
}

/// One end, resolved.
#[derive(Debug, Clone)]
pub(super) enum Party<'a> {
    Pod(Someone<'a>, Option<IpAddr>),
    Machine(Option<&'a str>, IpAddr),
    /// A ClusterIP, as what a source sent to (U5).
    ClusterIp(Option<IpAddr>),
    World(IpAddr),
}

impl Party<'_> {
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Pod(_, address) | Self::ClusterIp(address) => *address,
            Self::Machine(_, address) | Self::World(address) => Some(*address),
        }
    }
}

/// An end before the family is known.
#[derive(Debug, Clone)]
pub(super) enum End<'a> {
    Pod(&'a Pod, Option<IpAddr>),
    /// A hostNetwork pod at its node's addresses.
    Host(&'a Pod, Vec<IpAddr>),
    /// Without an address.
    Nowhere(Someone<'a>),
    Node(&'a Node),
    /// A node that nobody gave, by its name and the addresses that pods on it report.
    Reported(&'a str, Vec<IpAddr>),
    Fixed(Party<'a>),
    Service(&'a Service, Option<IpAddr>),
}

pub(super) fn end<'a>(
    cluster: &'a Cluster,
    profile: &Profile,
    endpoint: &'a Endpoint,
) -> Result<End<'a>, &'static str> {
    match endpoint {
        Endpoint::Named(name) => match cluster.pod(name) {
            Some(pod) if pod.is_live() => Ok(match of_its_node(cluster, pod) {
                addresses if addresses.is_empty() => End::Pod(pod, None),
                addresses => End::Host(pod, addresses),
            }),
            Some(_) => Err("finished-pod"),
            None => match cluster.workloads_named(name).collect::<Vec<_>>().as_slice() {
                [] => replica_named(cluster, profile, name).map(End::Nowhere).ok_or("unknown-object"),
                [one] => Ok(End::Nowhere(Someone::workload(one, profile))),
                _ => Err("ambiguous-workload"),
            },
        },
        Endpoint::Workload { kind, name } => match cluster.workloads_meant(kind, name).collect::<Vec<_>>().as_slice() {
            [] => Err("unknown-object"),
            [one] => Ok(End::Nowhere(Someone::workload(one, profile))),
            _ => Err("ambiguous-workload"),
        },
        Endpoint::Labelled { namespace, labels } => Ok(End::Nowhere(Someone::labelled(namespace, labels))),
        Endpoint::PodAddress { pod, address } => {
            let pod = cluster.pod(pod).ok_or("unknown-object")?;
            if !pod.is_live() {
                return Err("finished-pod");
            }
            if !pod.addresses.contains(address) {
                return Err("address-not-of-pod");
            }
            if pod.host_network {
                node_of_address(cluster, *address)?;
            } else {
                owner_of(cluster, *address)?;
            }
            Ok(End::Pod(pod, Some(*address)))
        }
        Endpoint::Node(name) => match cluster.node(name) {
            Some(node) => Ok(End::Node(node)),
            None => match reported(cluster, name) {
                addresses if addresses.is_empty() => Err("unknown-node"),
                addresses => Ok(End::Reported(name, addresses)),
            },
        },
        Endpoint::NodeAddress { node: name, address } => {
            let Some(node) = cluster.node(name) else {
                return match reported(cluster, name) {
                    addresses if addresses.is_empty() => Err("unknown-node"),
                    addresses if !addresses.contains(address) => Err("address-not-of-node"),
                    _ => node_of_address(cluster, *address).map(|_| End::Fixed(Party::Machine(Some(name), *address))),
                };
            };
            if !node.addresses.iter().any(|each| each.address == *address) {
                return Err("address-not-of-node");
            }
            Ok(End::Fixed(Party::Machine(Some(&*node.name), *address)))
        }
        Endpoint::Address(address) => observed(cluster, *address),
        _ => unreachable!("an end that this evaluation does not know"),
    }
}

/// The addresses that pods on the node of that name report as their host's (K20).
fn reported(cluster: &Cluster, name: &str) -> Vec<IpAddr> {
    let on = cluster.pods().iter().filter(|pod| pod.node.as_deref() == Some(name));
    let mut found: Vec<IpAddr> = Vec::new();
    for address in on.flat_map(|pod| pod.host_addresses.iter().copied()) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

/// Where a hostNetwork pod shows no address of its own: its node's (K17), as itself, the Node object or the node's pods say.
pub(super) fn of_its_node(cluster: &Cluster, pod: &Pod) -> Vec<IpAddr> {
    if !pod.host_network || !pod.addresses.is_empty() {
        return Vec::new();
    }
    if !pod.host_addresses.is_empty() {
        return pod.host_addresses.clone();
    }
    let Some(name) = pod.node.as_deref() else { return Vec::new() };
    match cluster.node(name) {
        Some(node) => internal(node).collect(),
        None => reported(cluster, name),
    }
}

/// `NS/NAME-I` (K27).
fn replica_named<'a>(cluster: &'a Cluster, profile: &Profile, name: &ObjectName) -> Option<Someone<'a>> {
    let (set, _) = name.name().rsplit_once('-')?;
    let set = cluster.workload(&WorkloadKind::StatefulSet, &ObjectName::new(name.namespace().clone(), set))?;
    Someone::workload(set, profile).replica_named(name)
}

/// The pod that claims the address; hostNetwork pods claim none (K20).
pub(super) fn owner_of(cluster: &Cluster, address: IpAddr) -> Result<Option<&Pod>, &'static str> {
    let claims = |pod: &&Pod| pod.is_live() && !pod.host_network && pod.addresses.contains(&address);
    let mut owners = cluster.pods().iter().filter(claims);
    let first = owners.next();
    if owners.next().is_some() { Err("shared-address") } else { Ok(first) }
}

/// Whose address it is, the faces of Services left aside.
pub(super) fn observed(cluster: &Cluster, address: IpAddr) -> Result<End<'_>, &'static str> {
    if let Some(pod) = owner_of(cluster, address)? {
        return Ok(End::Pod(pod, Some(address)));
    }
    if let Some(name) = node_of_address(cluster, address)? {
        return Ok(End::Fixed(Party::Machine(name, address)));
    }
    if let Some(service) = cluster.services().iter().find(|service| service.cluster_addresses.contains(&address)) {
        return Ok(End::Service(service, Some(address)));
    }
    Ok(End::Fixed(Party::World(address)))
}

/// The families an end can have, in order; none: any (K22).
pub(super) fn families(end: &End<'_>) -> Vec<Family> {
    match end {
        End::Pod(_, Some(address)) | End::Service(_, Some(address)) => vec![Family::of(*address)],
        End::Pod(pod, None) => pod.addresses.iter().copied().map(Family::of).collect(),
        End::Host(_, addresses) => addresses.iter().copied().map(Family::of).collect(),
        End::Nowhere(_) => Vec::new(),
        End::Node(node) => internal(node).map(Family::of).collect(),
        End::Reported(_, addresses) => addresses.iter().copied().map(Family::of).collect(),
        End::Fixed(party) => party.address().map(Family::of).into_iter().collect(),
        End::Service(service, None) => service.cluster_addresses.iter().copied().map(Family::of).collect(),
    }
}

fn internal(node: &Node) -> impl Iterator<Item = IpAddr> {
    node.addresses.iter().filter(|each| each.kind == NodeAddressKind::InternalIp).map(|each| each.address)
}

/// The first family of the destination that the source has too (K22).
pub(super) fn common_family(from: &[Family], to: &[Family]) -> Result<Option<Family>, &'static str> {
    match (from.first(), to.first()) {
        (first, None) => Ok(first.copied()),
        (None, first) => Ok(first.copied()),
        _ => to.iter().find(|family| from.contains(family)).map(|family| Some(*family)).ok_or("family"),
    }
}

pub(super) fn party<'a>(cluster: &Cluster, end: &End<'a>, family: Option<Family>) -> Result<Party<'a>, &'static str> {
    let of_family = |address: &IpAddr| Some(Family::of(*address)) == family;
    match end {
        End::Pod(pod, Some(address)) => Ok(Party::Pod(Someone::pod(pod), Some(*address))),
        End::Pod(pod, None) => Ok(Party::Pod(Someone::pod(pod), pod.addresses.iter().copied().find(of_family))),
        End::Host(pod, addresses) => Ok(Party::Pod(Someone::pod(pod), addresses.iter().copied().find(of_family))),
        End::Nowhere(someone) => Ok(Party::Pod(someone.clone(), None)),
        End::Node(node) => {
            let address = internal(node).find(of_family).ok_or("family")?;
            Ok(Party::Machine(Some(&*node.name), address))
        }
        End::Reported(name, addresses) => {
            let address = addresses.iter().copied().find(of_family).ok_or("family")?;
            node_of_address(cluster, address)?;
            Ok(Party::Machine(Some(name), address))
        }
        End::Fixed(party) => Ok(party.clone()),
        End::Service(..) => Err("a Service is no party"),
    }
}
