//! Who the ends of a flow are (K18, K20, K24, K25), without allocating.

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ends::end::{AddressList, Candidate, EndIdentity, Membership, Written};
use crate::engine::ids::SlotIx;
use crate::engine::tables::{Claim, NodeEntry, PackedClaim, SlotObject, Tables};
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
            Endpoint::Labelled { namespace, labels } => {
                end(EndIdentity::Labelled { namespace, labels }, AddressList::NONE, false)
            }
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
                if entry.node.is_none() {
                    addresses.iter().try_for_each(|address| self.node_at(address).map(drop))?; // K20
                }
                end(EndIdentity::Node(Some(&entry.name)), addresses, false)
            }
            Endpoint::NodeAddress { node: name, address } => {
                let address = &canonical(*address); // K22
                let entry = self.known_node(name)?;
                let own = entry.node.as_ref().map_or(&[][..], |node| &node.addresses);
                let by_its_object = own.iter().any(|each| each.address == *address);
                if !by_its_object && self.node_at(*address)? != Some(Some(&*entry.name)) {
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
        if let Some(node) = self.node_at(address)? {
            return Ok(AddressOwner::End(EndIdentity::Node(node)));
        }
        let Some(claims) = self.claims_of_others(address) else {
            return Ok(AddressOwner::End(EndIdentity::External));
        };
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

    /// The node that has an address, by Node objects and by what pods report: `Some(None)` for one whose name nobody gave.
    ///
    /// # Errors
    /// Several have it (K20).
    pub(in crate::engine) fn node_at(&self, address: IpAddr) -> Result<Option<Option<&str>>, FlowError> {
        let Some(claims) = self.claims_of_others(address) else { return Ok(None) };
        let names = || claims.nodes.iter().chain(claims.reported.iter().map(|(name, _)| name));
        let Some(first) = names().next() else {
            let reporters = claims.reporters.iter().map(|slot| self.object(*slot));
            return Ok(reporters.min_by_key(|object| object.name()).map(|object| object.node()));
        };
        if names().all(|name| name == first) {
            return Ok(Some(Some(first)));
        }
        let mut nodes: Vec<Arc<str>> = names().cloned().collect();
        nodes.sort();
        nodes.dedup();
        Err(FlowError::SharedNodeAddress { address, nodes })
    }

    /// The pod of that name, else the only workload, else a StatefulSet's replica (K20, K25, K27).
    fn named(&self, name: &ObjectName) -> Result<EndIdentity<'_>, FlowError> {
        if let Some(slot) = self.pod_slot(name) {
            return self.identity(slot).ok_or_else(|| FlowError::FinishedPod(name.clone()));
        }
        match self.only(name, self.cluster.workloads_named(name)) {
            Err(FlowError::UnknownObject(_)) => {
                self.replica(name).ok_or_else(|| FlowError::UnknownObject(name.clone()))
            }
            found => found,
        }
    }

    /// The replica of a StatefulSet that bears the name (K27).
    pub(in crate::engine) fn replica(&self, name: &ObjectName) -> Option<EndIdentity<'_>> {
        let (set, ordinal) = name.name().rsplit_once('-')?;
        let slot = self.workload_slot(&ObjectName::new(name.namespace().clone(), set), &WorkloadKind::StatefulSet)?;
        let EndIdentity::Workload(workload, place) = self.identity(slot)? else { return None };
        let number: u32 = ordinal.parse().ok().filter(|number: &u32| number.to_string() == ordinal)?;
        let nth = number.checked_sub(workload.first_ordinal)?;
        (nth < workload.replicas.unwrap_or(1)).then_some(EndIdentity::Replica(workload, place, number))
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

    /// The pod's slot, where the pod is live.
    pub(in crate::engine) fn is_live(&self, slot: SlotIx) -> bool {
        self.slot(slot).class().is_some()
    }
}
