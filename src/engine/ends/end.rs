//! Ends of a connection: who they are, and the addresses that they have.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ids::{ClassIx, SlotIx};
use crate::engine::tables::class::ClassDetail;
use crate::labels::Labels;
use crate::model::cluster::{NodeAddress, NodeAddressKind, Pod, Workload};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;

/// Who an end is.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum EndIdentity<'t> {
    Pod(&'t Pod, Membership<'t>),
    Workload(&'t Workload, Membership<'t>),
    /// One of a StatefulSet's (K27).
    Replica(&'t Workload, Membership<'t>, u32),
    /// A pod that does not exist yet.
    Labelled {
        namespace: &'t Arc<str>,
        labels: &'t Labels,
    },
    /// A node, by name where one is known.
    Node(Option<&'t str>),
    External,
}

/// A pod's or workload's slot and class.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Membership<'t> {
    pub(in crate::engine) slot: SlotIx,
    pub(in crate::engine) class: ClassIx,
    pub(in crate::engine) detail: &'t ClassDetail,
}

impl<'t> EndIdentity<'t> {
    /// A pod, or what stands for pods.
    pub(in crate::engine) fn is_object(self) -> bool {
        !matches!(self, Self::Node(_) | Self::External)
    }

    /// The name of the object.
    pub(in crate::engine) fn object_name(self) -> Option<&'t ObjectName> {
        match self {
            Self::Pod(pod, _) => Some(&pod.name),
            Self::Workload(workload, _) => Some(&workload.name),
            Self::Replica(..) | Self::Labelled { .. } | Self::Node(_) | Self::External => None,
        }
    }

    /// The name of a pod, a workload or a replica.
    pub(in crate::engine) fn name(self) -> Option<ObjectName> {
        match self {
            Self::Replica(set, _, ordinal) => Some(replica_name(set, ordinal)),
            other => other.object_name().cloned(),
        }
    }

    pub(in crate::engine) fn is_named(self, name: &ObjectName) -> bool {
        match self {
            Self::Replica(set, _, ordinal) => replica_name(set, ordinal) == *name,
            other => other.object_name() == Some(name),
        }
    }

    /// The node it is, or runs on.
    pub(in crate::engine) fn node(self) -> Option<&'t str> {
        match self {
            Self::Pod(pod, _) => pod.node.as_deref(),
            Self::Workload(workload, _) | Self::Replica(workload, ..) => workload.node.as_deref(),
            Self::Node(name) => name,
            Self::Labelled { .. } | Self::External => None,
        }
    }

    /// On which nodes it may be.
    pub(in crate::engine) fn node_selector(self) -> Option<&'t Labels> {
        match self {
            Self::Pod(pod, _) => Some(&pod.node_selector),
            Self::Workload(workload, _) | Self::Replica(workload, ..) => Some(&workload.node_selector),
            Self::Labelled { .. } | Self::Node(_) | Self::External => None,
        }
    }

    pub(in crate::engine) fn is_host_network(self) -> bool {
        match self {
            Self::Pod(pod, _) => pod.host_network,
            Self::Workload(workload, _) | Self::Replica(workload, ..) => workload.host_network,
            Self::Labelled { .. } | Self::Node(_) | Self::External => false,
        }
    }

    pub(in crate::engine) fn is_same_pod(self, other: Self) -> bool {
        match (self, other) {
            (Self::Pod(_, a), Self::Pod(_, b)) => a.slot == b.slot,
            (Self::Replica(_, a, ordinal), Self::Replica(_, b, other)) => (a.slot, ordinal) == (b.slot, other),
            _ => false,
        }
    }
}

/// `NS/NAME-I` (K27).
fn replica_name(set: &Workload, ordinal: u32) -> ObjectName {
    ObjectName::new(set.name.namespace().clone(), format!("{}-{ordinal}", set.name.name()))
}

/// An end with the address it has in this flow.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct ResolvedEnd<'t> {
    pub(in crate::engine) identity: EndIdentity<'t>,
    pub(in crate::engine) address: Option<IpAddr>,
    /// The node that a backend without one is taken to be on (K26, `externalTrafficPolicy: Local`).
    pub(in crate::engine) taken_on: Option<&'t str>,
}

impl<'t> ResolvedEnd<'t> {
    /// Nobody known, at an address that is not known.
    pub(in crate::engine) const OUTSIDE: Self = Self { identity: EndIdentity::External, address: None, taken_on: None };

    pub(in crate::engine) fn new(identity: EndIdentity<'t>, address: Option<IpAddr>) -> Self {
        Self { identity, address, taken_on: None }
    }

    /// The node it is, says that it runs on, or is taken to run on.
    pub(in crate::engine) fn node(&self) -> Option<&'t str> {
        self.taken_on.or_else(|| self.identity.node())
    }

    /// A node, or a hostNetwork pod, which is one (K17).
    pub(in crate::engine) fn is_node(&self) -> bool {
        matches!(self.identity, EndIdentity::Node(_)) || self.identity.is_host_network()
    }
}

/// Addresses, in the order in which an end prefers them.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum AddressList<'t> {
    One(IpAddr),
    List(&'t [IpAddr]),
    /// The InternalIPs among a node's.
    Internal(&'t [NodeAddress]),
}

impl<'t> AddressList<'t> {
    pub(in crate::engine) const NONE: Self = Self::List(&[]);

    pub(in crate::engine) fn iter(self) -> impl Iterator<Item = IpAddr> + use<'t> {
        let (one, list, node): (Option<IpAddr>, &[IpAddr], &[NodeAddress]) = match self {
            Self::One(address) => (Some(address), &[], &[]),
            Self::List(list) => (None, list, &[]),
            Self::Internal(node) => (None, &[], node),
        };
        let internal = node.iter().filter(|each| each.kind == NodeAddressKind::InternalIp).map(|each| each.address);
        one.into_iter().chain(list.iter().copied()).chain(internal)
    }

    pub(in crate::engine) fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

/// How an end was written, for errors.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Written<'t> {
    Endpoint(&'t Endpoint),
    Service(&'t ObjectName),
    Object(&'t ObjectName),
    Replica(&'t Workload, u32),
    Address(IpAddr),
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(endpoint) => write!(f, "{endpoint}"),
            Self::Service(name) => write!(f, "svc/{name}"),
            Self::Object(name) => write!(f, "{name}"),
            Self::Replica(set, ordinal) => write!(f, "{}", replica_name(set, *ordinal)),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// An end with every address it may use.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Candidate<'t> {
    pub(in crate::engine) identity: EndIdentity<'t>,
    pub(in crate::engine) addresses: AddressList<'t>,
    /// The flow named this very address.
    pub(in crate::engine) fixed: bool,
    pub(in crate::engine) written: Written<'t>,
}
