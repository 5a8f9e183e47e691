//! The connections that a flow stands for, its ends as they meet: for those who make packets of flows.

use std::net::IpAddr;

use crate::engine::Snapshot;
use crate::engine::ends::{Party, Who};
use crate::engine::services::Asked;
use crate::model::cluster::WorkloadKind;
use crate::model::flow::{Flow, L4};
use crate::name::ObjectName;
use crate::verdict::{Backend, FlowError};

/// One connection: the flow itself, or the flow by way of one backend (K23).
pub(crate) struct Connection<'t> {
    /// The backend, of a Service flow.
    pub(crate) backend: Option<Backend>,
    /// Who opens it.
    pub(crate) source: End<'t>,
    /// Who is reached.
    pub(crate) destination: End<'t>,
    /// After translation.
    pub(crate) l4: L4,
    /// The ClusterIP, where one is known.
    pub(crate) sent_to: Option<IpAddr>,
}

/// An end and the address it has in the connection (K22).
pub(crate) struct End<'t> {
    pub(crate) who: EndWho<'t>,
    pub(crate) address: Option<IpAddr>,
}

/// Who an end is.
pub(crate) enum EndWho<'t> {
    Pod(&'t ObjectName),
    Workload(WorkloadKind, &'t ObjectName),
    /// By name where one is known.
    Node(Option<&'t str>),
    Outside,
}

impl<'t> From<Party<'t>> for End<'t> {
    fn from(party: Party<'t>) -> Self {
        let who = match party.who {
            Who::Pod(pod, _) => EndWho::Pod(&pod.name),
            Who::Workload(workload, _) => EndWho::Workload(workload.kind, &workload.name),
            Who::Node(name) => EndWho::Node(name),
            Who::External => EndWho::Outside,
        };
        Self { who, address: party.address }
    }
}

impl Snapshot {
    /// The connections of a flow, in the order in which a decision has its backends.
    pub(crate) fn connections<'t>(&'t self, flow: &'t Flow) -> Result<Vec<Connection<'t>>, FlowError> {
        let front = match self.tables.ask(flow)? {
            Asked::Pair(source, destination) => {
                let (source, destination) = (source.into(), destination.into());
                return Ok(vec![Connection { backend: None, source, destination, l4: flow.l4, sent_to: None }]);
            }
            Asked::Service(front) => front,
        };
        let sent_to = front.cluster_address;
        let ways = front.ways(flow.via.as_ref())?.into_iter();
        let connection = |(backend, way): (Backend, crate::engine::services::Way<'t>)| Connection {
            backend: Some(backend),
            source: way.source.into(),
            destination: way.destination.into(),
            l4: way.l4,
            sent_to,
        };
        Ok(ways.map(connection).collect())
    }
}
