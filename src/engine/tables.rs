//! What readers read: one snapshot of the cluster, compiled.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::blocks::{Block, Possible};
use crate::engine::chunked::Chunked;
use crate::engine::class::{Class, ClassDetail, ClassSummary};
use crate::engine::flat::Flat;
use crate::engine::matcher::{EVERYTHING, Matches, NEGATIVE, SelectorId, Selectors};
use crate::engine::ports::PortTable;
use crate::engine::profile_digest::ProfileDigest;
use crate::engine::rules::{CompiledPolicy, Entry};
use crate::engine::sharded::Sharded;
use crate::labels::Labels;
use crate::model::cluster::{Cluster, ContainerPort, EndpointSlice, Node, Pod, Service, Workload, WorkloadKind};
use crate::name::ObjectName;
use crate::profile::profile::Profile;

/// No class: the slot is empty, or its pod has finished.
pub(super) const NO_CLASS: u32 = (1 << 26) - 1;

/// A pod as verdicts see it, or a workload that stands for its pods: 26 bits say of which class it is, 6 bits count the objects
/// that had this slot before, so that an id of an earlier one is recognised. Every verdict reads two of these in no order: half
/// as many bytes, half as many misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u32);

impl Default for Slot {
    fn default() -> Self {
        Self(NO_CLASS)
    }
}

impl Slot {
    /// The last generation: a slot that has reached it is not used again.
    pub(super) const LAST: u8 = 63;

    #[inline]
    pub(super) fn class(self) -> u32 {
        self.0 & NO_CLASS
    }

    #[inline]
    pub(super) fn generation(self) -> u8 {
        (self.0 >> 26) as u8
    }

    pub(super) fn with_class(self, class: u32) -> Self {
        Self(self.0 & !NO_CLASS | class.min(NO_CLASS))
    }

    /// Empty, for the next object.
    pub(super) fn vacated(self) -> Self {
        Self(u32::from((self.generation() + 1) & Self::LAST) << 26 | NO_CLASS)
    }
}

/// What has a slot.
#[derive(Debug, Clone, Default)]
pub(super) enum SlotObject {
    #[default]
    Empty,
    Pod(Arc<Pod>),
    Workload(Arc<Workload>),
}

impl SlotObject {
    pub(super) fn name(&self) -> Option<&ObjectName> {
        match self {
            Self::Empty => None,
            Self::Pod(pod) => Some(&pod.name),
            Self::Workload(workload) => Some(&workload.name),
        }
    }

    pub(super) fn labels(&self) -> Option<&Labels> {
        match self {
            Self::Empty => None,
            Self::Pod(pod) => Some(&pod.labels),
            Self::Workload(workload) => Some(&workload.labels),
        }
    }

    pub(super) fn ports(&self) -> &[ContainerPort] {
        match self {
            Self::Empty => &[],
            Self::Pod(pod) => &pod.ports,
            Self::Workload(workload) => &workload.ports,
        }
    }

    pub(super) fn runtime_class(&self) -> Option<&str> {
        match self {
            Self::Empty => None,
            Self::Pod(pod) => pod.runtime_class.as_deref(),
            Self::Workload(workload) => workload.runtime_class.as_deref(),
        }
    }

    pub(super) fn node(&self) -> Option<&str> {
        match self {
            Self::Empty => None,
            Self::Pod(pod) => pod.node.as_deref(),
            Self::Workload(workload) => workload.node.as_deref(),
        }
    }

    pub(super) fn is_host_network(&self) -> bool {
        match self {
            Self::Empty => false,
            Self::Pod(pod) => pod.host_network,
            Self::Workload(workload) => workload.host_network,
        }
    }
}

/// A namespace: its policies, its Services and the classes of its pods.
#[derive(Debug, Clone, Default)]
pub(super) struct NamespaceEntry {
    pub(super) name: Arc<str>,
    pub(super) labels: Labels,
    /// The namespace selectors that match it.
    pub(super) matches: Matches,
    /// Its policies, by name.
    pub(super) policies: Arc<Vec<Arc<CompiledPolicy>>>,
    /// Pairs of a subject selector and a place in `policies`, in order.
    pub(super) by_subject: Arc<Vec<(SelectorId, u32)>>,
    /// Its Services by name, with their selectors; none of a Service that selects nothing.
    pub(super) services: Arc<Vec<(Arc<Service>, Option<SelectorId>)>>,
    /// Its EndpointSlices, by Service, then by name.
    pub(super) slices: Arc<Vec<Arc<EndpointSlice>>>,
    /// Seats of its pods that have finished: they are of no class.
    pub(super) finished: Arc<Vec<u32>>,
    /// The classes that its pods and workloads are or were of.
    pub(super) classes: Arc<Vec<u32>>,
}

impl NamespaceEntry {
    /// The slices of one of its Services.
    pub(super) fn slices_of(&self, service: &str) -> &[Arc<EndpointSlice>] {
        let from = self.slices.partition_point(|slice| *slice.service < *service);
        let to = self.slices.partition_point(|slice| *slice.service <= *service);
        self.slices.get(from..to).unwrap_or(&[])
    }

    /// The policies whose subject selectors match, by name.
    pub(super) fn selecting(&self, labels: &Matches, selectors: &Selectors) -> Vec<&Arc<CompiledPolicy>> {
        let holds = |(id, _): &&(SelectorId, u32)| labels.holds(*id, selectors);
        let positive = self.by_subject.partition_point(|(id, _)| id & NEGATIVE == 0);
        let (positive, negative) = self.by_subject.split_at(positive);
        let mut places: Vec<u32> = negative.iter().filter(holds).map(|(_, at)| *at).collect();
        match labels {
            Matches::Listed(list) if list.len() < positive.len() => {
                let listed = list.iter().filter(|id| **id & NEGATIVE == 0);
                places.extend([EVERYTHING].iter().chain(listed).flat_map(|id| self.subjects(*id)));
            }
            _ => places.extend(positive.iter().filter(holds).map(|(_, at)| *at)),
        }
        places.sort_unstable();
        places.iter().filter_map(|at| self.policies.get(*at as usize)).collect()
    }

    fn subjects(&self, id: SelectorId) -> impl Iterator<Item = u32> + '_ {
        let from = self.by_subject.partition_point(|(each, _)| *each < id);
        self.by_subject.iter().skip(from).take_while(move |(each, _)| *each == id).map(|(_, at)| *at)
    }
}

/// A node, or what pods say of one.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeEntry {
    pub(super) name: Arc<str>,
    pub(super) node: Option<Arc<Node>>,
    /// Seats of the pods that name it, finished ones too.
    pub(super) pods: Vec<u32>,
    /// Seats of the workloads that name it.
    pub(super) workloads: Vec<u32>,
}

/// Everything that claims an address, unless it is exactly one live pod (SEMANTICS section 1, K20).
#[derive(Debug, Clone, Default)]
pub(super) struct SharedClaims {
    /// Seats of live pods that claim it.
    pub(super) pods: Vec<u32>,
    /// Nodes by name.
    pub(super) nodes: Vec<Arc<str>>,
    /// Seats of pods that call it their host's.
    pub(super) reporters: Vec<u32>,
    /// Services by name.
    pub(super) services: Vec<ObjectName>,
}

/// A value of an address table, a [`Claim`] in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PackedClaim(u32);

/// Who claims an address.
pub(super) enum Claim {
    /// One live pod and nothing else: its slot.
    Pod(u32),
    /// Anything else: the place of its [`SharedClaims`].
    Shared(u32),
}

impl PackedClaim {
    const SHARED: u32 = 1 << 31;

    pub(super) fn pod(slot: u32) -> Self {
        Self(slot)
    }

    pub(super) fn shared(at: u32) -> Self {
        Self(at | Self::SHARED)
    }

    /// As a number of a table; never the highest, since slots and places are fewer than 2^31 - 1.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    #[inline]
    pub(super) fn unpack(self) -> Claim {
        if self.0 & Self::SHARED == 0 { Claim::Pod(self.0) } else { Claim::Shared(self.0 & !Self::SHARED) }
    }
}

/// Who claims which address.
#[derive(Debug, Clone, Default)]
pub(super) struct AddressTable {
    pub(super) v4: Flat,
    pub(super) v6: Sharded<(u128, PackedClaim)>,
    pub(super) shared: Chunked<Option<Arc<SharedClaims>>, 4>,
}

/// An entry of a table by name: 32 bits of the name's hash, and a slot.
pub(super) type NameEntry = (u32, u32);

/// An array of counted references: a change after a clone copies a few dozen of them, where [`Chunked`] would copy more, and
/// a count is a miss of the cache.
pub(super) type PersistentVec<T> = imbl::Vector<T>;

/// The compiled snapshot.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub(super) profile: Arc<Profile>,
    pub(super) digest: ProfileDigest,
    pub(super) possible: Arc<[Possible; 2]>,
    pub(super) cluster: Cluster,
    pub(super) hasher: foldhash::fast::FixedState,
    pub(super) slots: Chunked<Slot, 10>,
    pub(super) objects: PersistentVec<SlotObject>,
    /// The first IPv4 address of each slot's object, as a number; 0: none, or look at the object.
    pub(super) v4: Chunked<u32, 10>,
    pub(super) summaries: Chunked<ClassSummary, 8>,
    pub(super) classes: Chunked<Class>,
    pub(super) entries: Chunked<Entry, 10>,
    pub(super) details: Chunked<ClassDetail, 5>,
    /// The slots of the members of each class.
    pub(super) members: PersistentVec<Arc<[u32]>>,
    pub(super) pods: Sharded<NameEntry>,
    pub(super) workloads: Sharded<NameEntry>,
    pub(super) addresses: AddressTable,
    pub(super) namespaces: Chunked<Arc<NamespaceEntry>>,
    pub(super) namespace_ids: Arc<std::collections::HashMap<Arc<str>, u32>>,
    pub(super) nodes: Sharded<Arc<NodeEntry>, 16>,
    pub(super) pod_selectors: Selectors,
    pub(super) namespace_selectors: Selectors,
    pub(super) ports: Chunked<Arc<PortTable>>,
    pub(super) blocks: Chunked<Block>,
}

/// A 32-bit hash over all 64 bits, as [`Sharded`] wants it.
#[inline]
pub(super) fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Tables {
    /// 32 bits of the hash of a name.
    #[inline]
    pub(super) fn hash_name(&self, name: &ObjectName) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(name.namespace().as_bytes());
        hasher.write_u8(b'/');
        hasher.write(name.name().as_bytes());
        (hasher.finish() >> 32) as u32
    }

    #[inline]
    pub(super) fn hash<T: Hash>(&self, value: T) -> u64 {
        self.hasher.hash_one(value)
    }

    #[inline]
    pub(super) fn slot(&self, at: u32) -> Slot {
        self.slots.get(at).copied().unwrap_or_default()
    }

    pub(super) fn object(&self, at: u32) -> &SlotObject {
        static EMPTY: SlotObject = SlotObject::Empty;
        self.objects.get(at as usize).unwrap_or(&EMPTY)
    }

    /// The slot of the pod, finished or not.
    pub(super) fn pod_slot(&self, name: &ObjectName) -> Option<u32> {
        let hash = self.hash_name(name);
        let is = |(h, slot): &NameEntry| *h == hash && self.object(*slot).name() == Some(name);
        self.pods.find(spread(hash), is).map(|(_, slot)| *slot)
    }

    pub(super) fn workload_slot(&self, name: &ObjectName, kind: WorkloadKind) -> Option<u32> {
        let hash = self.hash_name(name);
        let is = |(h, slot): &NameEntry| {
            *h == hash && matches!(self.object(*slot), SlotObject::Workload(w) if w.kind == kind && w.name == *name)
        };
        self.workloads.find(spread(hash), is).map(|(_, slot)| *slot)
    }

    /// Who claims an address, exactly as given: a mapped one is not looked up as IPv4.
    #[inline]
    pub(super) fn claim(&self, address: IpAddr) -> Option<PackedClaim> {
        match address {
            IpAddr::V4(address) => self.addresses.v4.get(u32::from(address)).map(PackedClaim),
            IpAddr::V6(address) => {
                let key = u128::from(address);
                self.addresses.v6.find(self.hash(key), |(each, _)| *each == key).map(|(_, claim)| *claim)
            }
        }
    }

    pub(super) fn shared_claims(&self, at: u32) -> Option<&SharedClaims> {
        self.addresses.shared.get(at)?.as_deref()
    }

    pub(super) fn namespace(&self, id: u32) -> Option<&NamespaceEntry> {
        self.namespaces.get(id).map(|namespace| &**namespace)
    }

    pub(super) fn namespace_named(&self, name: &str) -> Option<&NamespaceEntry> {
        self.namespace(*self.namespace_ids.get(name)?)
    }

    pub(super) fn node_entry(&self, name: &str) -> Option<&Arc<NodeEntry>> {
        self.nodes.find(self.hash(name), |entry| *entry.name == *name)
    }

    /// The Service, with its selector.
    pub(super) fn service(&self, name: &ObjectName) -> Option<(&Service, Option<SelectorId>)> {
        let services = &self.namespace_named(name.namespace())?.services;
        let at = services.binary_search_by(|(service, _)| service.name.cmp(name)).ok()?;
        services.get(at).map(|(service, selector)| (&**service, *selector))
    }
}
