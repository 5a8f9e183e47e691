//! Who the ends of a flow are, and by which address they meet (K18, K20, K22, K24, K25).

use std::net::IpAddr;

use crate::labels::Labels;
use crate::model::cluster::{Cluster, ContainerPort, NodeAddressKind, Pod, Service, Workload};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::{Family, canonical};
use crate::verdict::FlowError;

/// Who an end is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who<'c> {
    Pod(&'c Pod),
    Workload(&'c Workload),
    /// A node, by name where one is known.
    Node(Option<&'c str>),
    External,
}

impl<'c> Who<'c> {
    /// A pod or a workload's pods.
    pub(super) fn object(self) -> Option<&'c ObjectName> {
        match self {
            Self::Pod(pod) => Some(&pod.name),
            Self::Workload(workload) => Some(&workload.name),
            Self::Node(_) | Self::External => None,
        }
    }

    pub(super) fn labels(self) -> Option<&'c Labels> {
        match self {
            Self::Pod(pod) => Some(&pod.labels),
            Self::Workload(workload) => Some(&workload.labels),
            Self::Node(_) | Self::External => None,
        }
    }

    pub(super) fn ports(self) -> &'c [ContainerPort] {
        match self {
            Self::Pod(pod) => &pod.ports,
            Self::Workload(workload) => &workload.ports,
            Self::Node(_) | Self::External => &[],
        }
    }

    pub(super) fn runtime_class(self) -> Option<&'c str> {
        match self {
            Self::Pod(pod) => pod.runtime_class.as_deref(),
            Self::Workload(workload) => workload.runtime_class.as_deref(),
            Self::Node(_) | Self::External => None,
        }
    }

    pub(super) fn is_host_network(self) -> bool {
        match self {
            Self::Pod(pod) => pod.host_network,
            Self::Workload(workload) => workload.host_network,
            Self::Node(_) | Self::External => false,
        }
    }

    /// The node it is, or runs on.
    pub(super) fn node(self) -> Option<&'c str> {
        match self {
            Self::Pod(pod) => pod.node.as_deref(),
            Self::Workload(workload) => workload.node.as_deref(),
            Self::Node(name) => name,
            Self::External => None,
        }
    }

    pub(super) fn is_same_pod(self, other: Self) -> bool {
        matches!((self, other), (Self::Pod(a), Self::Pod(b)) if a.name == b.name)
    }
}

/// An end with the address it has in this flow; none where a pod has none yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party<'c> {
    pub(super) who: Who<'c>,
    pub(super) address: Option<IpAddr>,
}

/// An end with every address it may use, in its own order.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'c> {
    pub(super) who: Who<'c>,
    pub(super) addresses: Vec<IpAddr>,
    /// The flow named this very address.
    pub(super) fixed: bool,
    /// As the flow wrote it.
    pub(super) text: String,
}

/// What an end of a flow stands for.
pub(super) enum Resolved<'c> {
    End(Candidate<'c>),
    /// A ClusterIP.
    Service(&'c Service, IpAddr),
}

pub(super) fn resolve<'c>(cluster: &'c Cluster, endpoint: &Endpoint) -> Result<Resolved<'c>, FlowError> {
    let text = endpoint.to_string();
    let end = |who, addresses, fixed| Ok(Resolved::End(Candidate { who, addresses, fixed, text }));
    match endpoint {
        Endpoint::Named(name) => {
            let who = named(cluster, name)?;
            end(who, addresses_of(cluster, who), false)
        }
        Endpoint::Workload { kind, name } => {
            let workload = only(name, cluster.workloads_meant(kind, name))?;
            end(Who::Workload(workload), Vec::new(), false)
        }
        Endpoint::Labelled { .. } => Err(FlowError::NotJudgedYet(endpoint.to_string())),
        Endpoint::PodAddress { pod: name, address } => {
            let address = &canonical(*address); // K22
            let pod = cluster.pod(name).ok_or_else(|| FlowError::UnknownObject(name.clone()))?;
            if !pod.is_live() {
                return Err(FlowError::FinishedPod(name.clone()));
            }
            if !addresses_of(cluster, Who::Pod(pod)).contains(address) {
                return Err(FlowError::AddressNotOfPod { pod: name.clone(), address: *address });
            }
            if !pod.host_network {
                owner(cluster, *address)?;
            }
            end(Who::Pod(pod), vec![*address], true)
        }
        Endpoint::Node(name) => {
            let node = known_node(cluster, name)?;
            let addresses = internal_addresses(cluster, name);
            if addresses.is_empty() {
                return Err(FlowError::NodeWithoutAddress(name.clone()));
            }
            end(Who::Node(Some(node)), addresses, false)
        }
        Endpoint::NodeAddress { node: name, address } => {
            let address = &canonical(*address); // K22
            let node = known_node(cluster, name)?;
            if node_at(cluster, *address) != Some(Some(node)) {
                return Err(FlowError::AddressNotOfNode { node: name.clone(), address: *address });
            }
            end(Who::Node(Some(node)), vec![*address], true)
        }
        Endpoint::Address(address) => {
            let address = canonical(*address); // K22
            match at(cluster, address)? {
                Observed::End(who) => end(who, vec![address], true),
                Observed::Service(service) => Ok(Resolved::Service(service, address)),
            }
        }
    }
}

/// Who owns an observed address.
pub(super) enum Observed<'c> {
    End(Who<'c>),
    Service(&'c Service),
}

/// Pod IP, else node IP, else ClusterIP, else external (SEMANTICS section 1).
pub(super) fn at(cluster: &Cluster, address: IpAddr) -> Result<Observed<'_>, FlowError> {
    if let Some(pod) = owner(cluster, address)? {
        return Ok(Observed::End(Who::Pod(pod)));
    }
    if let Some(node) = node_at(cluster, address) {
        return Ok(Observed::End(Who::Node(node)));
    }
    let service = cluster.services().iter().find(|service| service.cluster_addresses.contains(&address));
    Ok(service.map_or(Observed::End(Who::External), Observed::Service))
}

/// The one live pod that claims `address`; hostNetwork pods claim none (K20).
fn owner(cluster: &Cluster, address: IpAddr) -> Result<Option<&Pod>, FlowError> {
    let claims = |pod: &&Pod| pod.is_live() && !pod.host_network && pod.addresses.contains(&address);
    let owners: Vec<&Pod> = cluster.pods().iter().filter(claims).collect();
    match owners.as_slice() {
        [] => Ok(None),
        [pod] => Ok(Some(pod)),
        several => {
            Err(FlowError::SharedAddress { address, pods: several.iter().map(|pod| pod.name.clone()).collect() })
        }
    }
}

/// The pod `NS/NAME`, else the only workload of that name (K20, K25).
pub(super) fn named<'c>(cluster: &'c Cluster, name: &ObjectName) -> Result<Who<'c>, FlowError> {
    if let Some(pod) = cluster.pod(name) {
        return if pod.is_live() { Ok(Who::Pod(pod)) } else { Err(FlowError::FinishedPod(name.clone())) };
    }
    only(name, cluster.workloads_named(name)).map(Who::Workload)
}

/// The workload, where there is one alone (K25).
fn only<'c>(name: &ObjectName, workloads: impl Iterator<Item = &'c Workload>) -> Result<&'c Workload, FlowError> {
    match workloads.collect::<Vec<_>>().as_slice() {
        [] => Err(FlowError::UnknownObject(name.clone())),
        [workload] => Ok(workload),
        several => Err(FlowError::AmbiguousWorkload {
            name: name.clone(),
            kinds: several.iter().map(|workload| workload.kind.clone()).collect(),
        }),
    }
}

/// The addresses an end that is given by name may use. A hostNetwork pod has its node's.
pub(super) fn addresses_of(cluster: &Cluster, who: Who<'_>) -> Vec<IpAddr> {
    let Who::Pod(pod) = who else { return Vec::new() };
    if !pod.host_network || !pod.addresses.is_empty() {
        pod.addresses.clone()
    } else if !pod.host_addresses.is_empty() {
        pod.host_addresses.clone()
    } else {
        pod.node.as_deref().map_or_else(Vec::new, |node| internal_addresses(cluster, node))
    }
}

/// A node that is given, or that a pod says it runs on.
fn known_node<'c>(cluster: &'c Cluster, name: &std::sync::Arc<str>) -> Result<&'c str, FlowError> {
    let given = cluster.node(name).map(|node| &*node.name);
    let hosting = || cluster.pods().iter().filter_map(|pod| pod.node.as_deref()).find(|node| *node == &**name);
    given.or_else(hosting).ok_or_else(|| FlowError::UnknownNode(name.clone()))
}

/// A node's InternalIPs; of a node without a Node object, the hostIPs its pods report.
fn internal_addresses(cluster: &Cluster, name: &str) -> Vec<IpAddr> {
    match cluster.node(name) {
        Some(node) => node
            .addresses
            .iter()
            .filter(|address| address.kind == NodeAddressKind::InternalIp)
            .map(|address| address.address)
            .collect(),
        None => cluster
            .pods()
            .iter()
            .find(|pod| pod.node.as_deref() == Some(name) && !pod.host_addresses.is_empty())
            .map_or_else(Vec::new, |pod| pod.host_addresses.clone()),
    }
}

/// The node that has `address`: `Some(None)` for a node whose name nobody gave.
fn node_at(cluster: &Cluster, address: IpAddr) -> Option<Option<&str>> {
    let has = |node: &&crate::model::cluster::Node| node.addresses.iter().any(|entry| entry.address == address);
    if let Some(node) = cluster.nodes().iter().find(has) {
        return Some(Some(&*node.name));
    }
    let reports = |pod: &&Pod| {
        pod.host_addresses.contains(&address) || (pod.host_network && pod.is_live() && pod.addresses.contains(&address))
    };
    cluster.pods().iter().find(reports).map(|pod| pod.node.as_deref())
}

/// The two ends with the addresses they meet by: the first family of the destination's that the source
/// has too (K22).
pub(super) fn meet<'c>(
    source: &Candidate<'c>,
    destination: &Candidate<'c>,
) -> Result<(Party<'c>, Party<'c>), FlowError> {
    let party = |candidate: &Candidate<'c>, address| Party { who: candidate.who, address };
    let (s, d) = (&source.addresses, &destination.addresses);
    if s.is_empty() || d.is_empty() {
        return Ok((party(source, s.first().copied()), party(destination, d.first().copied())));
    }
    for to in d {
        let family = Family::of(*to);
        if let Some(from) = s.iter().find(|from| Family::of(**from) == family) {
            return Ok((party(source, Some(*from)), party(destination, Some(*to))));
        }
    }
    for end in [source, destination] {
        if let (Who::Node(Some(name)), false) = (end.who, end.fixed) {
            return Err(FlowError::NodeWithoutAddress(name.into()));
        }
    }
    let wrong = |end: &Candidate<'_>, asked: &[IpAddr]| match asked.first() {
        Some(address) => FlowError::WrongFamily { end: end.text.clone(), family: Family::of(*address) },
        None => FlowError::NoCommonFamily,
    };
    Err(match (source.fixed, destination.fixed) {
        (false, false) => FlowError::NoCommonFamily,
        (true, false) => wrong(destination, s),
        (_, true) => wrong(source, d),
    })
}

/// Whether `peer` is the node that `subject` runs on: by name, by the Node object's addresses, or by the
/// pod's hostIPs; its hostNetwork pods are that node too (K18).
pub(super) fn is_own_node(cluster: &Cluster, subject: &Party<'_>, peer: &Party<'_>) -> bool {
    let is_node = matches!(peer.who, Who::Node(_)) || peer.who.is_host_network();
    if !is_node {
        return false;
    }
    if subject.who.node().is_some() && subject.who.node() == peer.who.node() {
        return true;
    }
    let Some(address) = peer.address else { return false };
    let hosted = matches!(subject.who, Who::Pod(pod) if pod.host_addresses.contains(&address));
    let node = subject.who.node().and_then(|name| cluster.node(name));
    hosted || node.is_some_and(|node| node.addresses.iter().any(|entry| entry.address == address))
}
