//! What readers read: one snapshot of the cluster, compiled.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::blocks::{Block, Possible};
use crate::engine::chunked::Chunked;
use crate::engine::class::{Class, Detail, Gate};
use crate::engine::flat::Flat;
use crate::engine::matcher::{EVERYTHING, Matches, NEGATIVE, SelectorId, Selectors};
use crate::engine::ports::PortTable;
use crate::engine::quick::Common;
use crate::engine::rules::{Entry, Policy};
use crate::engine::sharded::Sharded;
use crate::labels::Labels;
use crate::model::cluster::{Cluster, ContainerPort, EndpointSlice, Node, Pod, Service, Workload, WorkloadKind};
use crate::name::ObjectName;
use crate::profile::profile::Profile;

/// No class: the place is empty, or its pod has finished.
pub(super) const NO_CLASS: u32 = (1 << 26) - 1;

/// Where a pod or workload sits: 26 bits say which class it is of, 6 bits count the objects that sat here, so that an id of
/// an earlier one is recognised. Every verdict reads two of these in no order: half as many bytes, half as many misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat(u32);

impl Default for Seat {
    fn default() -> Self {
        Self(NO_CLASS)
    }
}

impl Seat {
    /// The last generation: a seat that has seen it is not taken again.
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

    /// Empty, for the next who sits here.
    pub(super) fn vacated(self) -> Self {
        Self(u32::from((self.generation() + 1) & Self::LAST) << 26 | NO_CLASS)
    }
}

/// Who sits there.
#[derive(Debug, Clone, Default)]
pub(super) enum Body {
    #[default]
    Nobody,
    Pod(Arc<Pod>),
    Workload(Arc<Workload>),
}

impl Body {
    pub(super) fn name(&self) -> Option<&ObjectName> {
        match self {
            Self::Nobody => None,
            Self::Pod(pod) => Some(&pod.name),
            Self::Workload(workload) => Some(&workload.name),
        }
    }

    pub(super) fn labels(&self) -> Option<&Labels> {
        match self {
            Self::Nobody => None,
            Self::Pod(pod) => Some(&pod.labels),
            Self::Workload(workload) => Some(&workload.labels),
        }
    }

    pub(super) fn ports(&self) -> &[ContainerPort] {
        match self {
            Self::Nobody => &[],
            Self::Pod(pod) => &pod.ports,
            Self::Workload(workload) => &workload.ports,
        }
    }

    pub(super) fn runtime_class(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Pod(pod) => pod.runtime_class.as_deref(),
            Self::Workload(workload) => workload.runtime_class.as_deref(),
        }
    }

    pub(super) fn node(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Pod(pod) => pod.node.as_deref(),
            Self::Workload(workload) => workload.node.as_deref(),
        }
    }

    pub(super) fn is_host_network(&self) -> bool {
        match self {
            Self::Nobody => false,
            Self::Pod(pod) => pod.host_network,
            Self::Workload(workload) => workload.host_network,
        }
    }
}

/// A namespace: its policies, its Services and the classes of its pods.
#[derive(Debug, Clone, Default)]
pub(super) struct Space {
    pub(super) name: Arc<str>,
    pub(super) labels: Labels,
    /// The namespace selectors that match it.
    pub(super) matches: Matches,
    /// Its policies, by name.
    pub(super) policies: Arc<Vec<Arc<Policy>>>,
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

impl Space {
    /// The slices of one of its Services.
    pub(super) fn slices_of(&self, service: &str) -> &[Arc<EndpointSlice>] {
        let from = self.slices.partition_point(|slice| *slice.service < *service);
        let to = self.slices.partition_point(|slice| *slice.service <= *service);
        self.slices.get(from..to).unwrap_or(&[])
    }

    /// The policies whose subject selectors match, by name.
    pub(super) fn selecting(&self, labels: &Matches, selectors: &Selectors) -> Vec<&Arc<Policy>> {
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

/// Everything that has an address, unless it is exactly one live pod (SEMANTICS section 1, K20).
#[derive(Debug, Clone, Default)]
pub(super) struct Holders {
    /// Seats of live pods that claim it.
    pub(super) pods: Vec<u32>,
    /// Nodes by name.
    pub(super) nodes: Vec<Arc<str>>,
    /// Seats of pods that call it their host's.
    pub(super) reporters: Vec<u32>,
    /// Services by name.
    pub(super) services: Vec<ObjectName>,
}

/// A value of an address table: the seat of the one live pod that claims the address, or where its [`Holders`] stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder(u32);

/// What a [`Holder`] means.
pub(super) enum Held {
    Seat(u32),
    Several(u32),
}

impl Holder {
    const SEVERAL: u32 = 1 << 31;

    pub(super) fn seat(seat: u32) -> Self {
        Self(seat)
    }

    pub(super) fn several(at: u32) -> Self {
        Self(at | Self::SEVERAL)
    }

    /// As a number of a table; never the highest, since seats and places are fewer than 2^31 - 1.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    #[inline]
    pub(super) fn held(self) -> Held {
        if self.0 & Self::SEVERAL == 0 { Held::Seat(self.0) } else { Held::Several(self.0 & !Self::SEVERAL) }
    }
}

/// Who has which address.
#[derive(Debug, Clone, Default)]
pub(super) struct Addresses {
    pub(super) v4: Flat,
    pub(super) v6: Sharded<(u128, Holder)>,
    pub(super) holders: Chunked<Option<Arc<Holders>>, 4>,
}

/// An entry of a table by name: 32 bits of the name's hash, and a seat.
pub(super) type Named = (u32, u32);

/// An array of counted references: a change after a clone copies a few dozen of them, where [`Chunked`] would copy more, and
/// a count is a miss of the cache.
pub(super) type Shared<T> = imbl::Vector<T>;

/// The compiled snapshot.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub(super) profile: Arc<Profile>,
    pub(super) common: Common,
    pub(super) possible: Arc<[Possible; 2]>,
    pub(super) cluster: Cluster,
    pub(super) hasher: foldhash::fast::FixedState,
    pub(super) seats: Chunked<Seat, 10>,
    pub(super) bodies: Shared<Body>,
    /// The first IPv4 address of who sits there, as a number; 0: none, or look at the body.
    pub(super) v4: Chunked<u32, 10>,
    pub(super) gates: Chunked<Gate, 8>,
    pub(super) classes: Chunked<Class>,
    pub(super) entries: Chunked<Entry, 10>,
    pub(super) details: Chunked<Detail, 5>,
    /// Of each class the seats of those who are of it.
    pub(super) members: Shared<Arc<[u32]>>,
    pub(super) pods: Sharded<Named>,
    pub(super) workloads: Sharded<Named>,
    pub(super) addresses: Addresses,
    pub(super) spaces: Chunked<Arc<Space>>,
    pub(super) space_ids: Arc<std::collections::HashMap<Arc<str>, u32>>,
    pub(super) nodes: Sharded<Arc<NodeEntry>, 16>,
    pub(super) pod_selectors: Selectors,
    pub(super) space_selectors: Selectors,
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
    pub(super) fn seat(&self, at: u32) -> Seat {
        self.seats.get(at).copied().unwrap_or_default()
    }

    pub(super) fn body(&self, at: u32) -> &Body {
        static NOBODY: Body = Body::Nobody;
        self.bodies.get(at as usize).unwrap_or(&NOBODY)
    }

    /// Where the pod sits, finished or not.
    pub(super) fn pod_seat(&self, name: &ObjectName) -> Option<u32> {
        let hash = self.hash_name(name);
        let is = |(h, seat): &Named| *h == hash && self.body(*seat).name() == Some(name);
        self.pods.find(spread(hash), is).map(|(_, seat)| *seat)
    }

    pub(super) fn workload_seat(&self, name: &ObjectName, kind: WorkloadKind) -> Option<u32> {
        let hash = self.hash_name(name);
        let is = |(h, seat): &Named| {
            *h == hash && matches!(self.body(*seat), Body::Workload(w) if w.kind == kind && w.name == *name)
        };
        self.workloads.find(spread(hash), is).map(|(_, seat)| *seat)
    }

    /// The holder of an address exactly as given: a mapped one is not looked up as IPv4.
    #[inline]
    pub(super) fn holder(&self, address: IpAddr) -> Option<Holder> {
        match address {
            IpAddr::V4(address) => self.addresses.v4.get(u32::from(address)).map(Holder),
            IpAddr::V6(address) => {
                let key = u128::from(address);
                self.addresses.v6.find(self.hash(key), |(each, _)| *each == key).map(|(_, holder)| *holder)
            }
        }
    }

    pub(super) fn holders(&self, at: u32) -> Option<&Holders> {
        self.addresses.holders.get(at)?.as_deref()
    }

    pub(super) fn space(&self, id: u32) -> Option<&Space> {
        self.spaces.get(id).map(|space| &**space)
    }

    pub(super) fn space_named(&self, name: &str) -> Option<&Space> {
        self.space(*self.space_ids.get(name)?)
    }

    pub(super) fn node_entry(&self, name: &str) -> Option<&Arc<NodeEntry>> {
        self.nodes.find(self.hash(name), |entry| *entry.name == *name)
    }

    /// The Service, with its selector.
    pub(super) fn service(&self, name: &ObjectName) -> Option<(&Service, Option<SelectorId>)> {
        let services = &self.space_named(name.namespace())?.services;
        let at = services.binary_search_by(|(service, _)| service.name.cmp(name)).ok()?;
        services.get(at).map(|(service, selector)| (&**service, *selector))
    }
}
