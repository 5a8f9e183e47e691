//! A flow with its addresses: what a packet is made from.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::cluster::WorkloadKind;
use crate::model::flow::{Flow, L4};
use crate::name::ObjectName;

/// A flow as a data plane meets it: the ends with the addresses they use, a Service's port already translated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// The flow; of a Service one that names its backend ([K23](crate::semantics#k23)).
    pub flow: Flow,
    /// Who opens the connection.
    pub source: ProbeEnd,
    /// Who is reached; of a Service flow the backend.
    pub destination: ProbeEnd,
    /// Protocol and port at the destination: after translation.
    pub l4: L4,
    /// The ClusterIP that the source sends to, of a Service flow.
    pub sent_to: Option<IpAddr>,
}

impl Probe {
    /// The packet of a flow that no Service translates.
    #[must_use]
    pub fn new(flow: Flow, source: ProbeEnd, destination: ProbeEnd) -> Self {
        let l4 = flow.l4;
        Self { flow, source, destination, l4, sent_to: None }
    }

    /// The same, sent to a ClusterIP and translated to `l4` at the destination ([K23](crate::semantics#k23)).
    #[must_use]
    pub fn translated(mut self, sent_to: Option<IpAddr>, l4: L4) -> Self {
        self.sent_to = sent_to;
        self.l4 = l4;
        self
    }

    /// The backend of a Service flow that is an address, which no flow can name.
    pub(super) fn outside_backend(&self) -> Option<IpAddr> {
        self.sent_to.filter(|_| self.flow.via.is_none()).and(self.destination.address)
    }
}

/// An end of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeEnd {
    /// Who it is.
    pub who: ProbeWho,
    /// The address it has in this flow; none of a pod that has none.
    pub address: Option<IpAddr>,
}

impl ProbeEnd {
    /// `who`, by the address it has in this flow.
    #[must_use]
    pub fn new(who: ProbeWho, address: Option<IpAddr>) -> Self {
        Self { who, address }
    }
}

/// Who an end of a probe is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProbeWho {
    /// A live pod.
    Pod(ObjectName),
    /// A workload: stands for pods that have no addresses ([K25](crate::semantics#k25)).
    Workload(WorkloadKind, ObjectName),
    /// A node, by name where one is known.
    Node(Option<Arc<str>>),
    /// An address outside the cluster.
    Outside,
}
