//! Ends of a connection: who they are, and the addresses that they have.

use std::fmt;
use std::net::IpAddr;

use crate::engine::ids::{ClassIx, SlotIx};
use crate::engine::tables::class::ClassDetail;
use crate::model::cluster::{NodeAddress, NodeAddressKind, Pod, Workload};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::verdict::Backend;

/// Who an end is.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum EndIdentity<'t> {
    Pod(&'t Pod, Membership<'t>),
    Workload(&'t Workload, Membership<'t>),
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
    pub(in crate::engine) fn class(self) -> Option<&'t ClassDetail> {
        match self {
            Self::Pod(_, place) | Self::Workload(_, place) => Some(place.detail),
            Self::Node(_) | Self::External => None,
        }
    }

    pub(in crate::engine) fn object_name(self) -> Option<&'t ObjectName> {
        match self {
            Self::Pod(pod, _) => Some(&pod.name),
            Self::Workload(workload, _) => Some(&workload.name),
            Self::Node(_) | Self::External => None,
        }
    }

    /// The node it is, or runs on.
    pub(in crate::engine) fn node(self) -> Option<&'t str> {
        match self {
            Self::Pod(pod, _) => pod.node.as_deref(),
            Self::Workload(workload, _) => workload.node.as_deref(),
            Self::Node(name) => name,
            Self::External => None,
        }
    }

    pub(in crate::engine) fn is_host_network(self) -> bool {
        self.class().is_some_and(|class| class.key.host_network)
    }

    pub(in crate::engine) fn is_same_pod(self, other: Self) -> bool {
        matches!((self, other), (Self::Pod(_, a), Self::Pod(_, b)) if a.slot == b.slot)
    }
}

/// An end with the address it has in this flow.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct ResolvedEnd<'t> {
    pub(in crate::engine) identity: EndIdentity<'t>,
    pub(in crate::engine) address: Option<IpAddr>,
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
pub(in crate::engine) struct Candidate<'t> {
    pub(in crate::engine) identity: EndIdentity<'t>,
    pub(in crate::engine) addresses: AddressList<'t>,
    /// The flow named this very address.
    pub(in crate::engine) fixed: bool,
    pub(in crate::engine) written: Written<'t>,
}

impl Candidate<'_> {
    /// What it is called as a backend (K23).
    pub(in crate::engine) fn backend(&self) -> Option<Backend> {
        match (self.identity.object_name(), self.written) {
            (Some(name), _) => Some(Backend::Object(name.clone())),
            (None, Written::Address(address)) => Some(Backend::Address(address)),
            (None, _) => None,
        }
    }
}
