//! A flow with its addresses: what a packet is made from.

use std::net::IpAddr;
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::labels::Labels;
use crate::model::cluster::WorkloadKind;
use crate::model::flow::{Endpoint, Flow, L4};
use crate::name::ObjectName;

/// A flow as a data plane meets it: the ends with the addresses they use, a Service's port already translated.
///
/// As JSON, where `protocol` is a name with its `port`, `icmp`, or a number, and `sent_to` is there for a Service flow alone:
///
/// ```json
/// {
///   "flow": "default/web -> svc/default/db:80/tcp via default/db",
///   "source": {"pod": "default/web", "address": "10.0.0.7"},
///   "destination": {"pod": "default/db", "address": "10.0.1.3"},
///   "protocol": "tcp",
///   "port": 6379,
///   "sent_to": "10.247.0.9"
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Probe {
    /// The flow; of a Service one that names its backend ([K23](crate::semantics#k23)).
    pub flow: Flow,
    /// Who opens the connection.
    pub source: ProbeEnd,
    /// Who is reached; of a Service flow the backend.
    pub destination: ProbeEnd,
    /// Protocol and port at the destination: after translation.
    #[serde(flatten)]
    pub l4: L4,
    /// The ClusterIP that the source sends to, of a Service flow.
    #[serde(skip_serializing_if = "Option::is_none")]
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

/// An end of a probe. As JSON who it is, unless it is outside, and its address:
///
/// ```
/// use netpol_oracle::ObjectName;
/// use netpol_oracle::oracle::{ProbeEnd, ProbeWho};
/// let json = |who, address| serde_json::to_string(&ProbeEnd::new(who, address)).unwrap();
/// let address = Some("192.0.2.7".parse()?);
/// let web = || ObjectName::new("default", "web");
/// assert_eq!(json(ProbeWho::Pod(web()), address), r#"{"pod":"default/web","address":"192.0.2.7"}"#);
/// let workload = ProbeWho::Workload("Deployment".parse()?, web());
/// assert_eq!(json(workload, None), r#"{"workload":"default/deployment/web","address":null}"#);
/// assert_eq!(json(ProbeWho::Replica(web()), None), r#"{"replica":"default/web","address":null}"#);
/// assert_eq!(json(ProbeWho::Node(Some("n1".into())), address), r#"{"node":"n1","address":"192.0.2.7"}"#);
/// assert_eq!(json(ProbeWho::Node(None), address), r#"{"node":null,"address":"192.0.2.7"}"#);
/// assert_eq!(json(ProbeWho::Outside, address), r#"{"address":"192.0.2.7"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProbeEnd {
    /// Who it is.
    #[serde(flatten)]
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
    /// A replica of a StatefulSet none of whose pods is loaded: it has no address ([K27](crate::semantics#k27)).
    Replica(ObjectName),
    /// A pod that does not exist yet, by its namespace and labels: nothing can send from it or to it.
    Labelled(Arc<str>, Labels),
    /// A node, by name where one is known.
    Node(Option<Arc<str>>),
    /// An address outside the cluster.
    Outside,
}

impl Serialize for ProbeWho {
    /// One field by its kind; none of an address outside.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Pod(name) => map.serialize_entry("pod", name)?,
            Self::Workload(kind, name) => {
                map.serialize_entry("workload", &Endpoint::Workload { kind: kind.clone(), name: name.clone() })?;
            }
            Self::Replica(name) => map.serialize_entry("replica", name)?,
            Self::Labelled(namespace, labels) => {
                let (namespace, labels) = (namespace.clone(), labels.clone());
                map.serialize_entry("labels", &Endpoint::Labelled { namespace, labels })?;
            }
            Self::Node(name) => map.serialize_entry("node", name)?,
            Self::Outside => {}
        }
        map.end()
    }
}
