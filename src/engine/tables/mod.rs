//! What readers read: one snapshot of the cluster, compiled.

pub(super) mod asked;
mod claims;
pub(super) mod class;
pub(super) mod endpoints;
mod given;
pub(super) mod matches;
mod namespace;
mod node;
pub(super) mod policy;
pub(super) mod profile_digest;
mod slot;
pub(super) mod workloads;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use crate::engine::cow::{Arena, Chunked, PersistentVec, Sharded};
use crate::engine::ids::{
    BlockIx, ClaimsIx, ClassIx, EntryIx, NamespaceIx, NamespaceSelectorId, Namespaces, PodId, PodSelectorId, Pods,
    PortTableIx, SlotIx,
};
use crate::engine::spaces::blocks::{Block, Possible};
use crate::engine::spaces::ports::{PortTable, point};
use crate::engine::tables::class::{Class, ClassDetail, ClassSummary};
use crate::engine::tables::endpoints::Target;
use crate::engine::tables::given::Given;
use crate::engine::tables::matches::{Selectors, fulfils};
use crate::engine::tables::policy::{CompiledPolicy, Entry};
use crate::engine::tables::profile_digest::ProfileDigest;
use crate::model::cluster::{Cluster, Service, WorkloadKind};
use crate::name::{Direction, ObjectName};
use crate::net::PortInterval;
use crate::net::{Port, Protocol};
use crate::profile::profile::Profile;

pub(super) use claims::{AddressTable, Claim, PackedClaim, SharedClaims};
pub(super) use namespace::NamespaceEntry;
pub(super) use node::NodeEntry;
pub(super) use slot::{Slot, SlotObject};
pub(super) use workloads::Workloads;

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
    /// The Services that have a nodePort, by [`point`]: every node's addresses are faces of theirs (K26).
    pub(super) node_ports: Sharded<(u32, Arc<Vec<ObjectName>>), 16>,
    /// The workloads of their own network that have a hostPort, by [`point`]; seldom any (K26).
    pub(super) host_ports: Arc<BTreeMap<u32, Vec<SlotIx>>>,
    pub(super) pod_selectors: Selectors<Pods>,
    pub(super) namespace_selectors: Selectors<Namespaces>,
    pub(super) ports: Arena<PortTableIx, Chunked<Arc<PortTable>>>,
    pub(super) blocks: Arena<BlockIx, Chunked<Block>>,
    /// What all policies together cut ports into, once somebody has asked.
    pub(super) port_intervals: OnceLock<Arc<[PortInterval]>>,
    /// What notes are made of, once somebody has asked.
    pub(super) given: OnceLock<Arc<Given>>,
}

/// A 32-bit hash over all 64 bits, as [`Sharded`] wants it.
#[inline]
pub(super) fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Tables {
    pub(super) fn given(&self) -> &Given {
        let namespaces = || self.namespaces.iter().map(|(_, entry)| &**entry);
        self.given.get_or_init(|| Given::of(&self.cluster, namespaces()).into())
    }

    /// Whether a namespace that was given has what the selector asks.
    pub(super) fn is_any_given(&self, id: NamespaceSelectorId) -> bool {
        self.given().lists(id).unwrap_or_else(|| {
            // Most namespaces fulfil a selector that only says what must not be.
            let selector = self.namespace_selectors.get(id);
            let mut namespaces = self.cluster.namespaces().iter();
            namespaces.any(|namespace| self.cluster.is_given(&namespace.name) && fulfils(&namespace.labels, selector))
        })
    }

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

    /// The id of what has the slot.
    pub(super) fn id_of_slot(&self, slot: SlotIx) -> PodId {
        PodId { slot, generation: self.slot(slot).generation() }
    }

    /// The slot of the pod that the target names, finished or not.
    pub(super) fn target_slot(&self, target: &Target) -> Option<SlotIx> {
        let is_there = |id: &PodId| {
            // The generation of a slot that is used up begins anew, but it stays empty.
            self.slot_of_id(*id).generation() == id.generation && !matches!(self.object(id.slot), SlotObject::Empty)
        };
        let known = target.pod.filter(is_there).map(|id| id.slot);
        known.or_else(|| self.pod_slot(&target.name))
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

    pub(super) fn workload_slot(&self, name: &ObjectName, kind: &WorkloadKind) -> Option<SlotIx> {
        let hash = self.hash_name(name);
        let is_it = |(each, slot): &NameEntry| {
            *each == hash && matches!(self.object(*slot), SlotObject::Workload(w) if w.kind == *kind && w.name == *name)
        };
        self.workloads.find(spread(hash), is_it).map(|(_, slot)| *slot)
    }

    /// Who claims an address, exactly as given: a mapped one is not looked up as IPv4.
    #[inline]
    pub(super) fn claim(&self, address: IpAddr) -> Option<PackedClaim> {
        match address {
            IpAddr::V4(address) => self.addresses.v4.get(u32::from(address)).map(PackedClaim::from_number),
            IpAddr::V6(address) => {
                let key = u128::from(address);
                self.addresses.v6.find(self.hash(key), |(each, _)| *each == key).map(|(_, claim)| *claim)
            }
        }
    }

    /// Nobody's of an id that was given back, which is a mistake of ours: a debug assertion says so.
    pub(super) fn shared_claims(&self, id: ClaimsIx) -> &SharedClaims {
        static NOBODY: SharedClaims = SharedClaims {
            pods: Vec::new(),
            nodes: Vec::new(),
            reporters: Vec::new(),
            reported: Vec::new(),
            host_ports: Vec::new(),
            services: Vec::new(),
            faces: Vec::new(),
        };
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

    /// The Services with that nodePort, by name.
    pub(super) fn node_port_services(&self, protocol: Protocol, port: Port) -> &[ObjectName] {
        let at = point(protocol, port);
        self.node_ports.find(self.hash(at), |(each, _)| *each == at).map_or(&[], |(_, names)| names)
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
