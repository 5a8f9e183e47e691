//! Classes: pods and workloads that no policy tells apart.

use std::sync::Arc;

use crate::engine::ids::{EntryIx, GroupIx, NamespaceIx, NamespaceSelectorId, Namespaces, Pods, SlotIx};
use crate::engine::spaces::ports::{NamedPort, point};
use crate::engine::tables::matches::Matches;
use crate::engine::tables::policy::EntryPorts;
use crate::name::Direction;
use crate::net::{Family, Port, Protocol};

/// Which addresses its members have, as far as families go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(in crate::engine) enum Stack {
    /// No address.
    #[default]
    None,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// Both, IPv4 first.
    V4V6,
    /// Both, IPv6 first.
    V6V4,
}

impl Stack {
    /// The family in which `source` reaches `destination` (K22); none where it cannot, or an end has no address.
    #[inline]
    pub(in crate::engine) fn meeting(source: Self, destination: Self) -> Option<Family> {
        match (source, destination) {
            (Self::None, _) | (_, Self::None) | (Self::V4, Self::V6) | (Self::V6, Self::V4) => None,
            (Self::V6, _) | (_, Self::V6) => Some(Family::V6),
            (Self::V4, _) | (_, Self::V4) => Some(Family::V4),
            (_, Self::V4V6) => Some(Family::V4),
            (_, Self::V6V4) => Some(Family::V6),
        }
    }
}

/// What makes two ends one class.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(in crate::engine) struct ClassKey {
    pub(in crate::engine) namespace: NamespaceIx,
    pub(in crate::engine) group: GroupIx<Pods>,
    pub(in crate::engine) named: Arc<[NamedPort]>,
    pub(in crate::engine) stack: Stack,
    pub(in crate::engine) host_network: bool,
    /// C8.
    pub(in crate::engine) secure: bool,
    /// C6: enforcement is unknown on its node, for ingress and egress.
    pub(in crate::engine) uncertain: [bool; 2],
    /// A pod whose node is known by its hostIPs alone, where it matters what that node runs (C6): a class of its own, which is asked
    /// anew each time, since others say whose such an address is.
    pub(in crate::engine) placed_by_address: Option<SlotIx>,
    /// A workload of whose pods' labels some selector asks for one whose value is not known (U7): a class of its own.
    pub(in crate::engine) unsettled: Option<SlotIx>,
}

/// How a class stands to policies in one direction, as far as no other end has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::engine) enum Isolation {
    /// Not enforced or not isolated: everything passes.
    NotIsolated,
    /// Isolated: what one of its entries admits passes.
    Isolated,
    /// Isolated, and everything may pass (C1 to C3, C6, C8).
    IsolatedOpen,
    /// Its policies were too many to write out within the bound: they are asked one by one.
    #[default]
    AskPolicies,
}

/// One direction of a class: how it is isolated, and where its entries stand among those of all classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::engine) struct SideEntries {
    /// The first entry.
    pub(in crate::engine) first: EntryIx,
    /// How many entries.
    pub(in crate::engine) len: u16,
    pub(in crate::engine) isolation: Isolation,
}

/// What the first look at a class shows. Two of these decide most verdicts, so they are kept apart from [`Class`] and small:
/// verdicts read them in no order, and what is read must stay in the cache.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct ClassSummary {
    pub(in crate::engine) namespace: NamespaceIx,
    pub(in crate::engine) stack: Stack,
    pub(in crate::engine) host_network: bool,
    pub(in crate::engine) ingress: Isolation,
    pub(in crate::engine) egress: Isolation,
    /// A Bloom filter of the namespace selectors that match, of [`namespace_bit`]s.
    pub(in crate::engine) namespace_bits: u32,
    /// A Bloom filter of the ports of all ingress entries: a port whose [`port_bit`] is not in it is in none.
    pub(in crate::engine) port_bits: u32,
    /// Of those ingress entries that others than pods of the own namespace can match.
    pub(in crate::engine) foreign_port_bits: u32,
    /// The namespace selectors that those ask for, of [`namespace_bit`]s; [`ANY_NAMESPACE`] where one asks for none.
    pub(in crate::engine) foreign_namespace_bits: u32,
}

/// The bit of a protocol's port in a [`ClassSummary`].
#[inline]
pub(in crate::engine) fn port_bit(point: u32) -> u32 {
    1 << (point.wrapping_mul(0x9E37_79B9) >> 27)
}

/// The bit that every namespace has in a [`ClassSummary`].
pub(in crate::engine) const ANY_NAMESPACE: u32 = 1 << 31;

/// The bit of a namespace selector in a [`ClassSummary`]: one of the lower 31.
pub(in crate::engine) fn namespace_bit(id: NamespaceSelectorId) -> u32 {
    1 << (id.spread() % 31)
}

/// The Bloom filter of the namespace selectors that match a namespace.
pub(in crate::engine) fn namespace_bits(matches: &Matches<Namespaces>) -> u32 {
    matches.list().map_or(u32::MAX, |list| list.iter().fold(ANY_NAMESPACE, |bits, id| bits | namespace_bit(*id)))
}

/// The bits of an entry's ports: of many ports all.
pub(in crate::engine) fn port_bits(ports: EntryPorts) -> u32 {
    match ports {
        EntryPorts::Span { protocol, first, last } if last - first < 8 => {
            (first..=last).filter_map(Port::new).fold(0, |bits, port| bits | port_bit(point(protocol, port)))
        }
        EntryPorts::Any | EntryPorts::Span { .. } | EntryPorts::Table(_) => u32::MAX,
    }
}

impl ClassSummary {
    /// Whether an ingress entry may admit a pod whose class has the summary `from`: no is sure.
    #[inline]
    pub(in crate::engine) fn may_admit(&self, from: &Self, protocol: Protocol, port: Port) -> bool {
        let bit = port_bit(point(protocol, port));
        let own = (self.namespace == from.namespace) & (self.port_bits & bit != 0);
        let foreign = (self.foreign_port_bits & bit != 0) & (self.foreign_namespace_bits & from.namespace_bits != 0);
        own | foreign
    }
}

/// A class of pods and workloads, as far as verdicts ask that summaries do not decide.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Class {
    /// [`Matches::bloom`] of [`ClassDetail::pod_matches`].
    pub(in crate::engine) pod_bloom: u64,
    /// [`Matches::bloom`] of [`ClassDetail::namespace_matches`].
    pub(in crate::engine) namespace_bloom: u64,
    pub(in crate::engine) ingress: SideEntries,
    pub(in crate::engine) egress: SideEntries,
    pub(in crate::engine) namespace: NamespaceIx,
    pub(in crate::engine) host_network: bool,
}

// What verdicts read in no order, a million times a second: no field is added in passing.
const _: () = assert!(size_of::<ClassSummary>() == 24 && size_of::<Class>() == 40);

/// What is asked of a class now and then.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct ClassDetail {
    pub(in crate::engine) key: ClassKey,
    /// The pod selectors that match its members.
    pub(in crate::engine) pod_matches: Matches<Pods>,
    /// The namespace selectors that match its namespace.
    pub(in crate::engine) namespace_matches: Matches<Namespaces>,
}

impl Class {
    #[inline]
    pub(in crate::engine) fn side(&self, direction: Direction) -> &SideEntries {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    pub(in crate::engine) fn side_mut(&mut self, direction: Direction) -> &mut SideEntries {
        match direction {
            Direction::Ingress => &mut self.ingress,
            Direction::Egress => &mut self.egress,
        }
    }
}
