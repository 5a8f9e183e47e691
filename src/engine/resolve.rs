//! Who the ends of a flow are and by which addresses they meet (K18, K20, K22, K24, K25), without allocating.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::class::ClassDetail;
use crate::engine::ids::{ClassIx, SlotIx};
use crate::engine::tables::{Claim, NodeEntry, PackedClaim, SharedClaims, SlotObject, Tables};
use crate::model::cluster::{NodeAddress, NodeAddressKind, Pod, Workload, WorkloadKind};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::{Family, canonical};
use crate::verdict::{Backend, FlowError};

/// Who an end is.
#[derive(Debug, Clone, Copy)]
pub(super) enum EndIdentity<'t> {
    Pod(&'t Pod, Membership<'t>),
    Workload(&'t Workload, Membership<'t>),
    /// A node, by name where one is known.
    Node(Option<&'t str>),
    External,
}

/// A pod's or workload's slot and class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Membership<'t> {
    pub(super) slot: SlotIx,
    pub(super) class: ClassIx,
    pub(super) detail: &'t ClassDetail,
}

impl<'t> EndIdentity<'t> {
    pub(super) fn class(self) -> Option<&'t ClassDetail> {
        match self {
            Self::Pod(_, place) | Self::Workload(_, place) => Some(place.detail),
            Self::Node(_) | Self::External => None,
        }
    }

    pub(super) fn object_name(self) -> Option<&'t ObjectName> {
        match self {
            Self::Pod(pod, _) => Some(&pod.name),
            Self::Workload(workload, _) => Some(&workload.name),
            Self::Node(_) | Self::External => None,
        }
    }

    /// The node it is, or runs on.
    pub(super) fn node(self) -> Option<&'t str> {
        match self {
            Self::Pod(pod, _) => pod.node.as_deref(),
            Self::Workload(workload, _) => workload.node.as_deref(),
            Self::Node(name) => name,
            Self::External => None,
        }
    }

    pub(super) fn is_host_network(self) -> bool {
        self.class().is_some_and(|class| class.key.host_network)
    }

    pub(super) fn is_same_pod(self, other: Self) -> bool {
        matches!((self, other), (Self::Pod(_, a), Self::Pod(_, b)) if a.slot == b.slot)
    }
}

/// An end with the address it has in this flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResolvedEnd<'t> {
    pub(super) identity: EndIdentity<'t>,
    pub(super) address: Option<IpAddr>,
}

/// AddressList in the order in which an end prefers them.
#[derive(Debug, Clone, Copy)]
pub(super) enum AddressList<'t> {
    One(IpAddr),
    List(&'t [IpAddr]),
    /// The InternalIPs among a node's.
    Internal(&'t [NodeAddress]),
}

impl<'t> AddressList<'t> {
    pub(super) const NONE: Self = Self::List(&[]);

    pub(super) fn iter(self) -> impl Iterator<Item = IpAddr> + use<'t> {
        let (one, list, node): (Option<IpAddr>, &[IpAddr], &[NodeAddress]) = match self {
            Self::One(address) => (Some(address), &[], &[]),
            Self::List(list) => (None, list, &[]),
            Self::Internal(node) => (None, &[], node),
        };
        let internal = node.iter().filter(|each| each.kind == NodeAddressKind::InternalIp).map(|each| each.address);
        one.into_iter().chain(list.iter().copied()).chain(internal)
    }

    pub(super) fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

/// How an end was written, for errors.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written<'t> {
    Endpoint(&'t Endpoint),
    Service(&'t ObjectName),
    Object(&'t ObjectName),
    Address(IpAddr),
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(endpoint) => write!(f, "{endpoint}"),
            Self::Service(name) => write!(f, "svc/{name}"),
            Self::Object(name) => write!(f, "{name}"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// An end with every address it may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'t> {
    pub(super) identity: EndIdentity<'t>,
    pub(super) addresses: AddressList<'t>,
    /// The flow named this very address.
    pub(super) fixed: bool,
    pub(super) written: Written<'t>,
}

impl Candidate<'_> {
    /// What it is called as a backend (K23).
    pub(super) fn backend(&self) -> Option<Backend> {
        match (self.identity.object_name(), self.written) {
            (Some(name), _) => Some(Backend::Object(name.clone())),
            (None, Written::Address(address)) => Some(Backend::Address(address)),
            (None, _) => None,
        }
    }
}

/// What an end of a flow stands for.
pub(super) enum Resolution<'t> {
    End(Candidate<'t>),
    /// A ClusterIP.
    Service(&'t ObjectName, IpAddr),
}

/// Who owns an observed address.
pub(super) enum AddressOwner<'t> {
    End(EndIdentity<'t>),
    Service(&'t ObjectName),
}

impl Tables {
    /// What has the slot: a live pod or a workload.
    pub(super) fn identity(&self, slot: SlotIx) -> Option<EndIdentity<'_>> {
        let class = self.slot(slot).class()?;
        let place = Membership { slot, class, detail: self.details.get(class) };
        match self.object(slot) {
            SlotObject::Empty => None,
            SlotObject::Pod(pod) => Some(EndIdentity::Pod(pod, place)),
            SlotObject::Workload(workload) => Some(EndIdentity::Workload(workload, place)),
        }
    }

    pub(super) fn resolve<'t>(&'t self, endpoint: &'t Endpoint) -> Result<Resolution<'t>, FlowError> {
        let written = Written::Endpoint(endpoint);
        let end = |identity, addresses, fixed| Ok(Resolution::End(Candidate { identity, addresses, fixed, written }));
        match endpoint {
            Endpoint::Named(name) => {
                let identity = self.named(name)?;
                end(identity, self.addresses_of(identity), false)
            }
            Endpoint::Workload { kind, name } => {
                end(self.only(name, self.cluster.workloads_meant(kind, name))?, AddressList::NONE, false)
            }
            Endpoint::Labelled { .. } => Err(FlowError::NotJudgedYet(endpoint.to_string())),
            Endpoint::PodAddress { pod: name, address } => {
                let address = &canonical(*address); // K22
                let slot = self.pod_slot(name).ok_or_else(|| FlowError::UnknownObject(name.clone()))?;
                let identity = self.identity(slot).ok_or_else(|| FlowError::FinishedPod(name.clone()))?;
                if !self.addresses_of(identity).iter().any(|own| own == *address) {
                    return Err(FlowError::AddressNotOfPod { pod: name.clone(), address: *address });
                }
                if !identity.is_host_network() {
                    self.owner(*address)?;
                }
                end(identity, AddressList::One(*address), true)
            }
            Endpoint::Node(name) => {
                let entry = self.known_node(name)?;
                let addresses = self.internal_addresses(entry);
                if addresses.is_empty() {
                    return Err(FlowError::NodeWithoutAddress(name.clone()));
                }
                end(EndIdentity::Node(Some(&entry.name)), addresses, false)
            }
            Endpoint::NodeAddress { node: name, address } => {
                let address = &canonical(*address); // K22
                let entry = self.known_node(name)?;
                let claims = match self.claim(*address).map(PackedClaim::unpack) {
                    Some(Claim::Shared(id)) => Some(self.shared_claims(id)),
                    _ => None,
                };
                if claims.and_then(|claims| self.node_among(claims)) != Some(Some(&*entry.name)) {
                    return Err(FlowError::AddressNotOfNode { node: name.clone(), address: *address });
                }
                end(EndIdentity::Node(Some(&entry.name)), AddressList::One(*address), true)
            }
            Endpoint::Address(address) => {
                let address = canonical(*address); // K22
                match self.observed(address)? {
                    AddressOwner::End(identity) => end(identity, AddressList::One(address), true),
                    AddressOwner::Service(service) => Ok(Resolution::Service(service, address)),
                }
            }
        }
    }

    /// Pod IP, else node IP, else ClusterIP, else external (SEMANTICS section 1).
    pub(super) fn observed(&self, address: IpAddr) -> Result<AddressOwner<'_>, FlowError> {
        if let Some(identity) = self.owner(address)? {
            return Ok(AddressOwner::End(identity));
        }
        let Some(Claim::Shared(id)) = self.claim(address).map(PackedClaim::unpack) else {
            return Ok(AddressOwner::End(EndIdentity::External));
        };
        let claims = self.shared_claims(id);
        if let Some(node) = self.node_among(claims) {
            return Ok(AddressOwner::End(EndIdentity::Node(node)));
        }
        Ok(claims.services.first().map_or(AddressOwner::End(EndIdentity::External), AddressOwner::Service))
    }

    /// The one live pod that claims the address (K20).
    fn owner(&self, address: IpAddr) -> Result<Option<EndIdentity<'_>>, FlowError> {
        let slot = match self.claim(address).map(PackedClaim::unpack) {
            None => return Ok(None),
            Some(Claim::Pod(slot)) => slot,
            Some(Claim::Shared(id)) => match self.shared_claims(id).pods.as_slice() {
                [] => return Ok(None),
                [slot] => *slot,
                several => {
                    let names = several.iter().filter_map(|slot| self.object(*slot).name().cloned());
                    let mut pods: Vec<ObjectName> = names.collect();
                    pods.sort();
                    return Err(FlowError::SharedAddress { address, pods });
                }
            },
        };
        Ok(self.identity(slot))
    }

    /// The node that has an address: `Some(None)` for one whose name nobody gave.
    fn node_among<'t>(&'t self, claims: &'t SharedClaims) -> Option<Option<&'t str>> {
        if let Some(name) = claims.nodes.first() {
            return Some(Some(name));
        }
        let first = claims.reporters.iter().map(|slot| self.object(*slot)).min_by_key(|object| object.name())?;
        Some(first.node())
    }

    /// The pod of that name, else the only workload (K20, K25).
    fn named(&self, name: &ObjectName) -> Result<EndIdentity<'_>, FlowError> {
        if let Some(slot) = self.pod_slot(name) {
            return self.identity(slot).ok_or_else(|| FlowError::FinishedPod(name.clone()));
        }
        self.only(name, self.cluster.workloads_named(name))
    }

    /// The workload, where there is one alone (K25).
    fn only<'c>(
        &self,
        name: &ObjectName,
        workloads: impl Iterator<Item = &'c Workload>,
    ) -> Result<EndIdentity<'_>, FlowError> {
        let mut kinds: Vec<WorkloadKind> = workloads.map(|workload| workload.kind.clone()).collect();
        match (kinds.pop(), kinds.is_empty()) {
            (Some(kind), true) => {
                let identity = self.workload_slot(name, &kind).and_then(|slot| self.identity(slot));
                identity.ok_or_else(|| FlowError::UnknownObject(name.clone()))
            }
            (None, _) => Err(FlowError::UnknownObject(name.clone())),
            (Some(last), false) => {
                kinds.push(last);
                Err(FlowError::AmbiguousWorkload { name: name.clone(), kinds })
            }
        }
    }

    /// The addresses an end that is given by name may use. A hostNetwork pod has its node's.
    pub(super) fn addresses_of<'t>(&'t self, identity: EndIdentity<'t>) -> AddressList<'t> {
        let EndIdentity::Pod(pod, _) = identity else { return AddressList::NONE };
        if !pod.host_network || !pod.addresses.is_empty() {
            AddressList::List(&pod.addresses)
        } else if !pod.host_addresses.is_empty() {
            AddressList::List(&pod.host_addresses)
        } else {
            let entry = pod.node.as_deref().and_then(|node| self.node_entry(node));
            entry.map_or(AddressList::NONE, |entry| self.internal_addresses(entry))
        }
    }

    /// A node that is given, or that a pod says it runs on.
    fn known_node(&self, name: &Arc<str>) -> Result<&NodeEntry, FlowError> {
        let known = self.node_entry(name).filter(|entry| entry.node.is_some() || !entry.pods.is_empty());
        known.map(|entry| &**entry).ok_or_else(|| FlowError::UnknownNode(name.clone()))
    }

    /// A node's InternalIPs; of a node without a Node object, the hostIPs that its first pod with any reports.
    fn internal_addresses<'t>(&'t self, entry: &'t NodeEntry) -> AddressList<'t> {
        if let Some(node) = &entry.node {
            return AddressList::Internal(&node.addresses);
        }
        let pods = entry.pods.iter().filter_map(|slot| match self.object(*slot) {
            SlotObject::Pod(pod) if !pod.host_addresses.is_empty() => Some(pod),
            _ => None,
        });
        pods.min_by_key(|pod| &pod.name).map_or(AddressList::NONE, |pod| AddressList::List(&pod.host_addresses))
    }

    /// Whether `peer` is the node that `subject` runs on: by name, by the Node object's addresses, or by the pod's
    /// hostIPs; its hostNetwork pods are that node too (K18).
    pub(super) fn is_own_node(&self, subject: &ResolvedEnd<'_>, peer: &ResolvedEnd<'_>) -> bool {
        if !matches!(peer.identity, EndIdentity::Node(_)) && !peer.identity.is_host_network() {
            return false;
        }
        let node = subject.identity.node();
        if node.is_some() && node == peer.identity.node() {
            return true;
        }
        let Some(address) = peer.address else { return false };
        let is_reported = matches!(subject.identity, EndIdentity::Pod(pod, _) if pod.host_addresses.contains(&address));
        is_reported || node.is_some_and(|name| self.nodes_with(address).iter().any(|each| **each == *name))
    }

    /// The nodes whose Node objects have the address.
    fn nodes_with(&self, address: IpAddr) -> &[Arc<str>] {
        match self.claim(address).map(PackedClaim::unpack) {
            Some(Claim::Shared(id)) => &self.shared_claims(id).nodes,
            Some(Claim::Pod(_)) | None => &[],
        }
    }

    /// The pod's slot, where the pod is live.
    pub(super) fn is_live(&self, slot: SlotIx) -> bool {
        self.slot(slot).class().is_some()
    }
}

/// The two ends with the addresses they meet by: the first family of the destination's that the source has too (K22).
/// `fits` says which of the destination's addresses come into question.
pub(super) fn meet<'t>(
    source: &Candidate<'t>,
    destination: &Candidate<'t>,
    fits: impl Fn(IpAddr) -> bool,
) -> Result<(ResolvedEnd<'t>, ResolvedEnd<'t>), FlowError> {
    let with_address = |candidate: &Candidate<'t>, address| ResolvedEnd { identity: candidate.identity, address };
    let own = || source.addresses.iter();
    let theirs = || destination.addresses.iter().filter(|address| fits(*address));
    let (first, target) = (own().next(), theirs().next());
    if first.is_none() || target.is_none() {
        return Ok((with_address(source, first), with_address(destination, target)));
    }
    for to in theirs() {
        let family = Family::of(to);
        if let Some(from) = own().find(|from| Family::of(*from) == family) {
            return Ok((with_address(source, Some(from)), with_address(destination, Some(to))));
        }
    }
    for end in [source, destination] {
        if let (EndIdentity::Node(Some(name)), false) = (end.identity, end.fixed) {
            return Err(FlowError::NodeWithoutAddress(name.into()));
        }
    }
    let wrong = |end: &Candidate<'_>, asked: Option<IpAddr>| match asked {
        Some(address) => FlowError::WrongFamily { end: end.written.to_string(), family: Family::of(address) },
        None => FlowError::NoCommonFamily,
    };
    Err(match (source.fixed, destination.fixed) {
        (false, false) => FlowError::NoCommonFamily,
        (true, false) => wrong(destination, first),
        (_, true) => wrong(source, target),
    })
}
