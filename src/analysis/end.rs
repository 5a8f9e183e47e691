//! The ends of flows: pods, workloads and replicas, nodes, addresses outside, Services.

use std::net::IpAddr;
use std::rc::Rc;

use crate::analysis::controlled::Replica;
use crate::analysis::place::{Place, Places, Spot, Standing, internal_addresses};
use crate::model::cluster::Cluster;
use crate::model::flow::{Destination, Endpoint};
use crate::net::{AddressRange, PortInterval};
use crate::partition::index::Object;

/// An end that both snapshots know.
pub(super) struct End<'c> {
    pub(super) to: Destination,
    pub(super) who: Who<'c>,
    /// What it has in each snapshot.
    pub(super) traits: [Traits<'c>; 2],
}

/// Who an end is.
pub(super) enum Who<'c> {
    /// A pod, a workload or a replica of one, by its place in each index.
    Object([(usize, Object<'c>); 2], Option<Replica>),
    Node,
    Outside(AddressRange),
    /// A Service, or another of its faces.
    Front(Box<Front<'c>>),
}

/// Addresses and node of an end in one snapshot.
#[derive(Default, Clone)]
pub(super) struct Traits<'c> {
    pub(super) addresses: Vec<IpAddr>,
    host_addresses: &'c [IpAddr],
    pub(super) place: Place<'c>,
    /// The end is a node, or shares its node's network.
    pub(super) is_node: bool,
}

impl<'c> Traits<'c> {
    pub(super) fn standing(&self) -> Standing<'_, 'c> {
        let Self { addresses, host_addresses, place, is_node } = self;
        Standing { place: *place, is_node: *is_node, addresses, host_addresses }
    }

    pub(super) fn of_object(cluster: &'c Cluster, places: &Places<'c>, object: Object<'c>) -> Self {
        let is_node = object.is_host_network();
        match object {
            Object::Pod(pod) => {
                let addresses = match &*pod.host_addresses {
                    _ if !is_node || !pod.addresses.is_empty() => pod.addresses.clone(),
                    [] => pod.node.as_deref().map_or_else(Vec::new, |node| internal_addresses(cluster, node)),
                    host => host.to_vec(),
                };
                let place = places.of_pod(pod);
                Self { addresses, host_addresses: &pod.host_addresses, place, is_node }
            }
            Object::Workload(workload) => {
                let said = workload.node.as_deref().map(|name| Place::Said(Spot::Named(name)));
                let place = said.unwrap_or(Place::Unsaid(Some(&workload.node_selector)));
                Self { addresses: Vec::new(), host_addresses: &[], place, is_node }
            }
        }
    }

    /// Somebody outside the cluster, or what stands before Services.
    pub(super) fn nowhere(addresses: Vec<IpAddr>) -> Self {
        Self { addresses, ..Self::default() }
    }

    pub(super) fn of_node(name: &'c str, addresses: Vec<IpAddr>) -> Self {
        Self { addresses, host_addresses: &[], place: Place::Said(Spot::Named(name)), is_node: true }
    }
}

impl<'c> End<'c> {
    pub(super) fn endpoint(&self) -> Option<&Endpoint> {
        match &self.to {
            Destination::Endpoint(endpoint) => Some(endpoint),
            Destination::Service(_) => None,
        }
    }

    pub(super) fn object(&self, snapshot: usize) -> Option<(usize, Object<'c>)> {
        match &self.who {
            Who::Object(both, _) => both.get(snapshot).copied(),
            _ => None,
        }
    }

    pub(super) fn front(&self) -> Option<&Front<'c>> {
        match &self.who {
            Who::Front(front) => Some(front),
            _ => None,
        }
    }

    /// One pod at both ends, or one replica (K19, K27).
    pub(super) fn is_same_pod(&self, other: &Self) -> bool {
        match (&self.who, &other.who) {
            (Who::Object([(a, Object::Pod(_)), _], _), Who::Object([(b, Object::Pod(_)), _], _)) => a == b,
            (Who::Object([(a, _), _], Some(one)), Who::Object([(b, _), _], Some(two))) => a == b && one == two,
            _ => false,
        }
    }

    /// Whether it can decide that one of the two is the node of the other (K18).
    pub(super) fn relation_matters(&self, other: &Self) -> bool {
        let is_node = |end: &Self| end.traits.iter().any(|traits| traits.is_node);
        is_node(self) || is_node(other)
    }
}

/// What stands before backends.
pub(super) struct Front<'c> {
    /// What tells it from others that are alike in all else.
    pub(super) key: String,
    /// Its ports; none where a connection keeps its own (a headless Service).
    pub(super) ports: Option<Vec<PortInterval>>,
    /// Its backends in each snapshot.
    pub(super) behind: [Rc<Behind<'c>>; 2],
}

/// Who may be reached by way of a Service.
#[derive(Default)]
pub(super) struct Behind<'c> {
    /// Pods and workloads, ready or not.
    pub(super) objects: Vec<usize>,
    /// Nodes, and pods that share a node's network.
    pub(super) nodes: Vec<Traits<'c>>,
}
