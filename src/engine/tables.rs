//! What readers read: one snapshot of the cluster, compiled.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::blocks::{Block, Possible};
use crate::engine::class::{Class, ClassDetail, ClassSummary};
use crate::engine::cow::{Arena, Chunked, Flat, PersistentVec, Sharded};
use crate::engine::ids::{
    BlockIx, ClaimsIx, ClassIx, EntryIx, Id as _, NamespaceIx, Namespaces, PodId, PodSelectorId, Pods, PolicyIx,
    PortTableIx, SlotIx,
};
use crate::engine::matches::{Matches, Selectors};
use crate::engine::ports::PortTable;
use crate::engine::profile_digest::ProfileDigest;
use crate::engine::rules::{CompiledPolicy, Entry};
use crate::labels::Labels;
use crate::model::cluster::{Cluster, ContainerPort, EndpointSlice, Node, Pod, Service, Workload, WorkloadKind};
use crate::name::{Direction, ObjectName};
use crate::profile::profile::Profile;

/// The number of no class: higher than that of any.
const NO_CLASS: u32 = (1 << 26) - 1;

/// A pod as verdicts see it, or a workload that stands for its pods: 26 bits say of which class it is, 6 bits count the objects
/// that had this slot before, so that an id of an earlier one is recognised. Every verdict reads two of these in no order: half
/// as many bytes, half as many misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u32);

const _: () = assert!(size_of::<Slot>() == 4);

impl Default for Slot {
    fn default() -> Self {
        Self(NO_CLASS)
    }
}

impl Slot {
    /// The last generation: a slot that has reached it is not used again.
    pub(super) const LAST: u8 = 63;

    /// Its class; none where it is empty, or its pod has finished.
    pub(super) fn class(self) -> Option<ClassIx> {
        (self.class_number() != NO_CLASS).then(|| ClassIx::from_index(self.class_number()))
    }

    /// The number of its class, or a higher one than any class has: [`Arena::find_number`] tells them apart.
    #[inline]
    pub(super) fn class_number(self) -> u32 {
        self.0 & NO_CLASS
    }

    #[inline]
    pub(super) fn generation(self) -> u8 {
        (self.0 >> 26) as u8
    }

    /// More classes than 26 bits can tell apart do not fit into memory: those beyond would count as none.
    pub(super) fn with_class(self, class: Option<ClassIx>) -> Self {
        Self(self.0 & !NO_CLASS | class.map_or(NO_CLASS, |class| class.index().min(NO_CLASS)))
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
    pub(super) matches: Matches<Namespaces>,
    /// Its policies, by name.
    pub(super) policies: Arc<Vec<Arc<CompiledPolicy>>>,
    /// Pairs of a subject selector and a place in `policies`, in order.
    pub(super) by_subject: Arc<Vec<(PodSelectorId, PolicyIx)>>,
    /// Its Services by name, with their selectors; none of a Service that selects nothing.
    pub(super) services: Arc<Vec<(Arc<Service>, Option<PodSelectorId>)>>,
    /// Its EndpointSlices, by Service, then by name.
    pub(super) slices: Arc<Vec<Arc<EndpointSlice>>>,
    /// Slots of its pods that have finished: they are of no class.
    pub(super) finished: Arc<Vec<SlotIx>>,
    /// The classes that its pods and workloads are or were of.
    pub(super) classes: Arc<Vec<ClassIx>>,
}

impl NamespaceEntry {
    /// The slices of one of its Services.
    pub(super) fn slices_of(&self, service: &str) -> &[Arc<EndpointSlice>] {
        let from = self.slices.partition_point(|slice| *slice.service < *service);
        let to = self.slices.partition_point(|slice| *slice.service <= *service);
        self.slices.get(from..to).unwrap_or(&[])
    }

    /// The policies whose subject selectors match, by name.
    pub(super) fn selecting(&self, labels: &Matches<Pods>, selectors: &Selectors<Pods>) -> Vec<&Arc<CompiledPolicy>> {
        let selects = |(subject, _): &&(PodSelectorId, PolicyIx)| labels.holds(*subject, selectors);
        let positive = self.by_subject.partition_point(|(subject, _)| !subject.is_negative());
        let (positive, negative) = self.by_subject.split_at(positive);
        let mut found: Vec<PolicyIx> = negative.iter().filter(selects).map(|(_, policy)| *policy).collect();
        match labels {
            Matches::Listed(list) if list.len() < positive.len() => {
                let listed = list.iter().filter(|id| !id.is_negative());
                let all = [PodSelectorId::EVERYTHING];
                found.extend(all.iter().chain(listed).flat_map(|subject| self.with_subject(*subject)));
            }
            _ => found.extend(positive.iter().filter(selects).map(|(_, policy)| *policy)),
        }
        found.sort_unstable();
        found.into_iter().filter_map(|policy| self.policy(policy)).collect()
    }

    /// None of an id that is not there, which is a mistake of ours: a debug assertion says so.
    fn policy(&self, id: PolicyIx) -> Option<&Arc<CompiledPolicy>> {
        let policy = self.policies.get(id.index() as usize);
        debug_assert!(policy.is_some(), "no policy of {} has the id {id:?}", self.name);
        policy
    }

    fn with_subject(&self, subject: PodSelectorId) -> impl Iterator<Item = PolicyIx> + '_ {
        let from = self.by_subject.partition_point(|(each, _)| *each < subject);
        let same = self.by_subject.iter().skip(from).take_while(move |(each, _)| *each == subject);
        same.map(|(_, policy)| *policy)
    }
}

/// A node, or what pods say of one.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeEntry {
    pub(super) name: Arc<str>,
    pub(super) node: Option<Arc<Node>>,
    /// Slots of the pods that name it, finished ones too.
    pub(super) pods: Vec<SlotIx>,
    /// Slots of the workloads that name it.
    pub(super) workloads: Vec<SlotIx>,
}

/// Everything that claims an address, unless it is exactly one live pod (SEMANTICS section 1, K20).
#[derive(Debug, Clone, Default)]
pub(super) struct SharedClaims {
    /// Slots of live pods that claim it.
    pub(super) pods: Vec<SlotIx>,
    /// Nodes by name.
    pub(super) nodes: Vec<Arc<str>>,
    /// Slots of pods that call it their host's.
    pub(super) reporters: Vec<SlotIx>,
    /// Services by name.
    pub(super) services: Vec<ObjectName>,
}

/// A value of an address table, a [`Claim`] in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PackedClaim(u32);

/// Who claims an address.
pub(super) enum Claim {
    /// One live pod and nothing else: its slot.
    Pod(SlotIx),
    /// Anything else: the place of its [`SharedClaims`].
    Shared(ClaimsIx),
}

impl PackedClaim {
    const SHARED: u32 = 1 << 31;

    pub(super) fn pod(slot: SlotIx) -> Self {
        Self(slot.index())
    }

    pub(super) fn shared(claims: ClaimsIx) -> Self {
        Self(claims.index() | Self::SHARED)
    }

    /// As a number of a table; never the highest, since slots and places are fewer than 2^31 - 1.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    #[inline]
    pub(super) fn unpack(self) -> Claim {
        if self.0 & Self::SHARED == 0 {
            Claim::Pod(SlotIx::from_index(self.0))
        } else {
            Claim::Shared(ClaimsIx::from_index(self.0 & !Self::SHARED))
        }
    }
}

/// Who claims which address.
#[derive(Debug, Clone, Default)]
pub(super) struct AddressTable {
    pub(super) v4: Flat,
    pub(super) v6: Sharded<(u128, PackedClaim)>,
    pub(super) shared: Arena<ClaimsIx, Chunked<Option<Arc<SharedClaims>>, 4>>,
}

/// An entry of a table by name: 32 bits of the name's hash, and a slot.
pub(super) type NameEntry = (u32, SlotIx);

/// The compiled snapshot.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub(super) profile: Arc<Profile>,
    pub(super) digest: ProfileDigest,
    pub(super) possible: Arc<[Possible; 2]>,
    pub(super) cluster: Cluster,
    pub(super) hasher: foldhash::fast::FixedState,
    pub(super) slots: Arena<SlotIx, Chunked<Slot, 10>>,
    pub(super) objects: Arena<SlotIx, PersistentVec<SlotObject>>,
    /// The first IPv4 address of each slot's object, as a number; 0: none, or look at the object.
    pub(super) v4: Arena<SlotIx, Chunked<u32, 10>>,
    pub(super) summaries: Arena<ClassIx, Chunked<ClassSummary, 8>>,
    pub(super) classes: Arena<ClassIx, Chunked<Class>>,
    pub(super) entries: Arena<EntryIx, Chunked<Entry, 10>>,
    pub(super) details: Arena<ClassIx, Chunked<ClassDetail, 5>>,
    /// The slots of the members of each class.
    pub(super) members: Arena<ClassIx, PersistentVec<Arc<[SlotIx]>>>,
    pub(super) pods: Sharded<NameEntry>,
    pub(super) workloads: Sharded<NameEntry>,
    pub(super) addresses: AddressTable,
    pub(super) namespaces: Arena<NamespaceIx, Chunked<Arc<NamespaceEntry>>>,
    pub(super) namespace_ids: Arc<std::collections::HashMap<Arc<str>, NamespaceIx>>,
    pub(super) nodes: Sharded<Arc<NodeEntry>, 16>,
    pub(super) pod_selectors: Selectors<Pods>,
    pub(super) namespace_selectors: Selectors<Namespaces>,
    pub(super) ports: Arena<PortTableIx, Chunked<Arc<PortTable>>>,
    pub(super) blocks: Arena<BlockIx, Chunked<Block>>,
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
    pub(super) fn slot(&self, slot: SlotIx) -> Slot {
        *self.slots.get(slot)
    }

    /// The slot of the id, whoever has it now; an empty one where this snapshot has no such slot yet.
    #[inline]
    pub(super) fn slot_of_id(&self, id: PodId) -> Slot {
        self.slots.find(id.slot).copied().unwrap_or_default()
    }

    pub(super) fn object(&self, slot: SlotIx) -> &SlotObject {
        self.objects.get(slot)
    }

    /// The slot of the pod, finished or not.
    pub(super) fn pod_slot(&self, name: &ObjectName) -> Option<SlotIx> {
        let hash = self.hash_name(name);
        let is_it = |(each, slot): &NameEntry| *each == hash && self.object(*slot).name() == Some(name);
        self.pods.find(spread(hash), is_it).map(|(_, slot)| *slot)
    }

    pub(super) fn workload_slot(&self, name: &ObjectName, kind: WorkloadKind) -> Option<SlotIx> {
        let hash = self.hash_name(name);
        let is_it = |(each, slot): &NameEntry| {
            *each == hash && matches!(self.object(*slot), SlotObject::Workload(w) if w.kind == kind && w.name == *name)
        };
        self.workloads.find(spread(hash), is_it).map(|(_, slot)| *slot)
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

    /// Nobody's of an id that was given back, which is a mistake of ours: a debug assertion says so.
    pub(super) fn shared_claims(&self, id: ClaimsIx) -> &SharedClaims {
        static NOBODY: SharedClaims =
            SharedClaims { pods: Vec::new(), nodes: Vec::new(), reporters: Vec::new(), services: Vec::new() };
        let claims = self.addresses.shared.get(id).as_deref();
        debug_assert!(claims.is_some(), "the claims {id:?} were given back");
        claims.unwrap_or(&NOBODY)
    }

    pub(super) fn namespace(&self, id: NamespaceIx) -> &NamespaceEntry {
        self.namespaces.get(id)
    }

    pub(super) fn namespace_id(&self, name: &str) -> Option<NamespaceIx> {
        self.namespace_ids.get(name).copied()
    }

    pub(super) fn namespace_named(&self, name: &str) -> Option<&NamespaceEntry> {
        Some(self.namespace(self.namespace_id(name)?))
    }

    /// The policies that isolate members of the class in that direction (K1), by name.
    pub(super) fn isolating(&self, class: &ClassDetail, direction: Direction) -> Vec<&Arc<CompiledPolicy>> {
        let namespace = self.namespace(class.key.namespace);
        let mut policies = namespace.selecting(&class.pod_matches, &self.pod_selectors);
        policies.retain(|policy| policy.source.isolates(direction));
        policies
    }

    pub(super) fn node_entry(&self, name: &str) -> Option<&Arc<NodeEntry>> {
        self.nodes.find(self.hash(name), |entry| *entry.name == *name)
    }

    /// The Service, with its selector.
    pub(super) fn service(&self, name: &ObjectName) -> Option<(&Service, Option<PodSelectorId>)> {
        let services = &self.namespace_named(name.namespace())?.services;
        let at = services.binary_search_by(|(service, _)| service.name.cmp(name)).ok()?;
        services.get(at).map(|(service, selector)| (&**service, *selector))
    }
}
