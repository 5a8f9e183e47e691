//! Who the ends of a flow are, and by which address they meet (K20, K22, K24, K25, K27).

use std::net::IpAddr;

use crate::labels::Labels;
use crate::model::cluster::{Cluster, Pod, Service, Workload, WorkloadKind};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::{Family, canonical};
use crate::reference::node;
use crate::reference::who::{Party, Who};
use crate::verdict::FlowError;

/// An end with every address it may use, in its own order.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'c> {
    pub(super) who: Who<'c>,
    pub(super) addresses: Vec<IpAddr>,
    /// The flow named this very address.
    pub(super) fixed: bool,
    /// As the flow wrote it.
    pub(super) text: String,
    /// The Service's selector that led to it, and the node it is taken to be on (see [`Party`]).
    pub(super) selected_by: Option<&'c Labels>,
    pub(super) taken_on: Option<&'c str>,
}

impl<'c> Candidate<'c> {
    pub(super) fn new(who: Who<'c>, addresses: Vec<IpAddr>, fixed: bool, text: String) -> Self {
        Self { who, addresses, fixed, text, selected_by: None, taken_on: None }
    }

    pub(super) fn party(&self, address: Option<IpAddr>) -> Party<'c> {
        let Self { who, selected_by, taken_on, .. } = *self;
        Party { who, address, selected_by, taken_on }
    }
}

/// What an end of a flow stands for.
pub(super) enum Resolved<'c> {
    End(Candidate<'c>),
    /// A ClusterIP.
    Service(&'c Service, IpAddr),
}

pub(super) fn resolve<'c>(cluster: &'c Cluster, endpoint: &'c Endpoint) -> Result<Resolved<'c>, FlowError> {
    let text = endpoint.to_string();
    let end = |who, addresses, fixed| Ok(Resolved::End(Candidate::new(who, addresses, fixed, text)));
    match endpoint {
        Endpoint::Named(name) => {
            let who = named(cluster, name)?;
            end(who, addresses_of(cluster, who), false)
        }
        Endpoint::Workload { kind, name } => {
            let workload = only(name, cluster.workloads_meant(kind, name))?;
            end(Who::Workload(workload), Vec::new(), false)
        }
        Endpoint::Labelled { namespace, labels } => end(Who::Labelled { namespace, labels }, Vec::new(), false),
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
            let node = node::known(cluster, name)?;
            let addresses = node::internal_addresses(cluster, name);
            if addresses.is_empty() {
                return Err(FlowError::NodeWithoutAddress(name.clone()));
            }
            if cluster.node(name).is_none() {
                addresses.iter().try_for_each(|address| node::at(cluster, *address).map(drop))?; // K20
            }
            end(Who::Node(Some(node)), addresses, false)
        }
        Endpoint::NodeAddress { node: name, address } => {
            let address = &canonical(*address); // K22
            let node = node::known(cluster, name)?;
            let by_its_object = cluster.node(name).is_some_and(|node| node::says(node, *address));
            if !by_its_object && node::at(cluster, *address)? != Some(Some(node)) {
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
    if let Some(node) = node::at(cluster, address)? {
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

/// The pod `NS/NAME`, else the only workload of that name, else the replica of a StatefulSet (K20, K25, K27).
pub(super) fn named<'c>(cluster: &'c Cluster, name: &ObjectName) -> Result<Who<'c>, FlowError> {
    if let Some(pod) = cluster.pod(name) {
        return if pod.is_live() { Ok(Who::Pod(pod)) } else { Err(FlowError::FinishedPod(name.clone())) };
    }
    match only(name, cluster.workloads_named(name)) {
        Ok(workload) => Ok(Who::Workload(workload)),
        Err(error @ FlowError::UnknownObject(_)) => replica(cluster, name).ok_or(error),
        Err(error) => Err(error),
    }
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

/// `NS/NAME-I`: one of those that a StatefulSet asks for (K27).
pub(super) fn replica<'c>(cluster: &'c Cluster, name: &ObjectName) -> Option<Who<'c>> {
    let (set, ordinal) = name.name().rsplit_once('-')?;
    let set = cluster.workload(&WorkloadKind::StatefulSet, &ObjectName::new(name.namespace().clone(), set))?;
    let count = set.replicas.unwrap_or(1);
    let number: u32 = ordinal.parse().ok().filter(|number: &u32| number.to_string() == ordinal)?;
    let place = number.checked_sub(set.first_ordinal)?;
    (place < count).then_some(Who::Replica(set, number))
}

/// The addresses an end that is given by name may use. A hostNetwork pod has its node's.
pub(super) fn addresses_of(cluster: &Cluster, who: Who<'_>) -> Vec<IpAddr> {
    let Who::Pod(pod) = who else { return Vec::new() };
    if !pod.host_network || !pod.addresses.is_empty() {
        pod.addresses.clone()
    } else if !pod.host_addresses.is_empty() {
        pod.host_addresses.clone()
    } else {
        pod.node.as_deref().map_or_else(Vec::new, |node| node::internal_addresses(cluster, node))
    }
}

/// The two ends with the addresses they meet by: the first family of the destination's that the source
/// has too (K22).
pub(super) fn meet<'c>(
    source: &Candidate<'c>,
    destination: &Candidate<'c>,
) -> Result<(Party<'c>, Party<'c>), FlowError> {
    let (s, d) = (&source.addresses, &destination.addresses);
    if s.is_empty() || d.is_empty() {
        return Ok((source.party(s.first().copied()), destination.party(d.first().copied())));
    }
    for to in d {
        let family = Family::of(*to);
        if let Some(from) = s.iter().find(|from| Family::of(**from) == family) {
            return Ok((source.party(Some(*from)), destination.party(Some(*to))));
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
