//! Who the ends of a flow are (K18, K20, K24, K25), without allocating.

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ends::end::{AddressList, Candidate, EndIdentity, Membership, ResolvedEnd, Written};
use crate::engine::ids::SlotIx;
use crate::engine::tables::{Claim, NodeEntry, PackedClaim, SharedClaims, SlotObject, Tables};
use crate::model::cluster::{Workload, WorkloadKind};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::canonical;
use crate::verdict::FlowError;

/// What an end of a flow stands for.
pub(in crate::engine) enum Resolution<'t> {
    End(Candidate<'t>),
    /// A ClusterIP.
    Service(&'t ObjectName, IpAddr),
}

/// Who owns an observed address.
pub(in crate::engine) enum AddressOwner<'t> {
    End(EndIdentity<'t>),
    Service(&'t ObjectName),
}

impl Tables {
    /// What has the slot: a live pod or a workload.
    pub(in crate::engine) fn identity(&self, slot: SlotIx) -> Option<EndIdentity<'_>> {
        let class = self.slot(slot).class()?;
        let place = Membership { slot, class, detail: self.details.get(class) };
        match self.object(slot) {
            SlotObject::Empty => None,
            SlotObject::Pod(pod) => Some(EndIdentity::Pod(pod, place)),
            SlotObject::Workload(workload) => Some(EndIdentity::Workload(workload, place)),
        }
    }

    pub(in crate::engine) fn resolve<'t>(&'t self, endpoint: &'t Endpoint) -> Result<Resolution<'t>, FlowError> {
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
    pub(in crate::engine) fn observed(&self, address: IpAddr) -> Result<AddressOwner<'_>, FlowError> {
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
    pub(in crate::engine) fn addresses_of<'t>(&'t self, identity: EndIdentity<'t>) -> AddressList<'t> {
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
    pub(in crate::engine) fn is_own_node(&self, subject: &ResolvedEnd<'_>, peer: &ResolvedEnd<'_>) -> bool {
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
    pub(in crate::engine) fn is_live(&self, slot: SlotIx) -> bool {
        self.slot(slot).class().is_some()
    }
}
