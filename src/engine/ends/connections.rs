//! The connections that a flow stands for, its ends as they meet: for those who make packets of flows.

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ends::end::{EndIdentity, ResolvedEnd};
use crate::engine::ends::faces::FaceKind;
use crate::engine::ends::sent::{PassedOn, Sent};
use crate::engine::ends::services::{BackendConnection, ResolvedFlow};
use crate::engine::snapshot::Snapshot;
use crate::labels::Labels;
use crate::model::cluster::{Workload, WorkloadKind};
use crate::model::flow::{Flow, L4};
use crate::name::ObjectName;
use crate::verdict::{Backend, FlowError};

/// One connection: the flow itself, or the flow by way of one backend (K23).
pub(crate) struct Connection<'t> {
    /// The backend, of a Service flow.
    pub(crate) backend: Option<Backend>,
    /// The end that opens it.
    pub(crate) source: ConnectionEnd<'t>,
    /// The end that is reached.
    pub(crate) destination: ConnectionEnd<'t>,
    /// After translation.
    pub(crate) l4: L4,
    /// What it was sent to, where that is rewritten to the destination.
    pub(crate) front: Option<ConnectionFront<'t>>,
}

/// What a connection was sent to that is rewritten on the way.
pub(crate) enum ConnectionFront<'t> {
    /// Of a Service, where one is known.
    ClusterIp(Option<IpAddr>),
    /// Another face, and who has its address.
    Face { kind: FaceKind, at: ConnectionEnd<'t>, passed_on: PassedOn },
}

impl ConnectionFront<'_> {
    /// Its address, where one is known.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::ClusterIp(address) => *address,
            Self::Face { at, .. } => at.address,
        }
    }
}

/// An end and the address it has in the connection (K22).
pub(crate) struct ConnectionEnd<'t> {
    pub(crate) name: EndName<'t>,
    pub(crate) address: Option<IpAddr>,
}

/// Who an end is.
pub(crate) enum EndName<'t> {
    Pod(&'t ObjectName),
    Workload(&'t WorkloadKind, &'t ObjectName),
    /// A StatefulSet's.
    Replica(&'t Workload, u32),
    /// A pod that does not exist yet.
    Labelled(&'t Arc<str>, &'t Labels),
    /// By name where one is known.
    Node(Option<&'t str>),
    External,
}

impl<'t> ConnectionEnd<'t> {
    /// The name of the node that it is, where it is one with a name.
    pub(crate) fn name_of_node(&self) -> Option<&'t str> {
        match self.name {
            EndName::Node(name) => name,
            _ => None,
        }
    }
}

impl<'t> From<ResolvedEnd<'t>> for ConnectionEnd<'t> {
    fn from(end: ResolvedEnd<'t>) -> Self {
        let name = match end.identity {
            EndIdentity::Pod(pod, _) => EndName::Pod(&pod.name),
            EndIdentity::Workload(workload, _) => EndName::Workload(&workload.kind, &workload.name),
            EndIdentity::Replica(set, _, ordinal) => EndName::Replica(set, ordinal),
            EndIdentity::Labelled { namespace, labels } => EndName::Labelled(namespace, labels),
            EndIdentity::Node(name) => EndName::Node(name),
            EndIdentity::External => EndName::External,
        };
        Self { name, address: end.address }
    }
}

impl<'t> Connection<'t> {
    fn new(backend: Option<Backend>, way: BackendConnection<'t>) -> Self {
        let front = match way.sent {
            Sent::Straight => None,
            Sent::ClusterIp { address, .. } => Some(ConnectionFront::ClusterIp(address)),
            Sent::Face { end, kind, passed_on, .. } => Some(ConnectionFront::Face { kind, at: end.into(), passed_on }),
        };
        Self { backend, source: way.source.into(), destination: way.destination.into(), l4: way.l4, front }
    }
}

impl Snapshot {
    /// The connections of a flow, in the order in which a decision has its backends.
    pub(crate) fn connections<'t>(&'t self, flow: &'t Flow) -> Result<Vec<Connection<'t>>, FlowError> {
        match self.tables.resolve_flow(flow)? {
            ResolvedFlow::Connection(way) => Ok(vec![Connection::new(None, way)]),
            ResolvedFlow::HostPort(backend, way) => Ok(vec![Connection::new(Some(backend), way)]),
            ResolvedFlow::Service(front) => {
                let ways = front.ways(flow.via.as_ref())?.into_iter();
                Ok(ways.map(|(backend, way)| Connection::new(Some(backend), way)).collect())
            }
        }
    }
}
