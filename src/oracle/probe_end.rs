//! The ends of a probe.

use std::net::IpAddr;
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::labels::Labels;
use crate::model::cluster::WorkloadKind;
use crate::model::flow::Endpoint;
use crate::name::ObjectName;

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
