//! The question: a connection from one endpoint to another.

use std::net::IpAddr;
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::labels::Labels;
use crate::model::cluster::WorkloadKind;
use crate::name::ObjectName;
use crate::net::{Port, PortInterval, Protocol, canonical};

/// A connection at its initiation: source, destination, layer 4 ([SEMANTICS section 6](crate::semantics#section-6)
/// gives its text).
///
/// ```
/// use netpol_oracle::Flow;
/// let flow: Flow = "default/web-0 -> default/db-0:6379/tcp".parse()?;
/// assert_eq!(flow.to_string(), "default/web-0 -> default/db-0:6379/tcp");
/// # Ok::<(), netpol_oracle::model::FlowTextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Flow {
    /// Who opens the connection.
    pub source: Endpoint,
    /// Where to.
    pub destination: Destination,
    /// Protocol and port.
    pub l4: L4,
    /// The backend a Service flow is judged for; without it every ready backend is ([K23](crate::semantics#k23)).
    pub via: Option<ObjectName>,
}

impl Flow {
    /// A flow without a named backend.
    #[must_use]
    pub fn new(source: Endpoint, destination: Destination, l4: L4) -> Self {
        Self { source, destination, l4, via: None }
    }

    /// The same flow by way of one backend of its Service ([K23](crate::semantics#k23)).
    #[must_use]
    pub fn via(mut self, backend: ObjectName) -> Self {
        self.via = Some(backend);
        self
    }
}

/// One end of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `NS/NAME`: the pod of that name, else the workload ([K25](crate::semantics#k25)), else a StatefulSet's replica
    /// ([K27](crate::semantics#k27)).
    Named(ObjectName),
    /// `NS/KIND/NAME`: one workload among several of a name.
    Workload {
        /// Its kind; of one of another API the group may be left out.
        kind: WorkloadKind,
        /// Its name.
        name: ObjectName,
    },
    /// `NS/{KEY=VALUE,KEY=VALUE}`: a pod that does not exist yet, without address, ports or node
    /// ([SEMANTICS section 6](crate::semantics#section-6)).
    Labelled {
        /// Its namespace, which need not exist ([K10](crate::semantics#k10)).
        namespace: Arc<str>,
        /// Its labels: those and no others.
        labels: Labels,
    },
    /// `NS/NAME@ADDRESS`: a pod by one of its addresses.
    PodAddress {
        /// The pod.
        pod: ObjectName,
        /// The address, IPv4-mapped ones as IPv4 ([K22](crate::semantics#k22)).
        address: IpAddr,
    },
    /// `node:NAME`: its first InternalIP of the flow's family.
    Node(Arc<str>),
    /// `node:NAME@ADDRESS`.
    NodeAddress {
        /// The node.
        node: Arc<str>,
        /// One of its addresses.
        address: IpAddr,
    },
    /// An observed address: a pod's, a node's, a ClusterIP or an external one.
    Address(IpAddr),
}

impl Endpoint {
    /// The pod or workload `name` in `namespace`.
    pub fn named(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self::Named(ObjectName::new(namespace, name))
    }

    /// An observed address; an IPv4-mapped one is the IPv4 it stands for ([K22](crate::semantics#k22)).
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::Address(canonical(address))
    }
}

/// Where a flow goes: an endpoint, or a Service by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Destination {
    /// A pod, workload, node or address (which may be a ClusterIP).
    Endpoint(Endpoint),
    /// `svc/NS/NAME` ([K23](crate::semantics#k23)).
    Service(ObjectName),
}

impl From<Endpoint> for Destination {
    fn from(endpoint: Endpoint) -> Self {
        Self::Endpoint(endpoint)
    }
}

/// Layer 4 of a flow.
///
/// ```
/// use netpol_oracle::model::OtherProtocol;
/// use netpol_oracle::{L4, Port, Protocol};
/// let json = |l4: L4| serde_json::to_string(&l4).unwrap();
/// assert_eq!(json(L4::Port(Protocol::Tcp, Port::new(443).unwrap())), r#"{"protocol":"tcp","port":443}"#);
/// assert_eq!(json(L4::Icmp), r#"{"protocol":"icmp"}"#);
/// assert_eq!(json(L4::Other(OtherProtocol::new(47).unwrap())), r#"{"protocol":47}"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum L4 {
    /// TCP, UDP or SCTP and the destination port.
    Port(Protocol, Port),
    /// ICMPv6 in an IPv6 flow, ICMP otherwise.
    Icmp,
    /// Another IP protocol.
    Other(OtherProtocol),
}

impl From<PortInterval> for L4 {
    /// A question inside the interval: its first port.
    fn from(interval: PortInterval) -> Self {
        Self::Port(interval.protocol(), interval.first())
    }
}

impl Serialize for L4 {
    /// The protocol by its name or number, and the port where it has one: the words of the flow's text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Port(protocol, port) => {
                map.serialize_entry("protocol", &protocol.as_str().to_ascii_lowercase())?;
                map.serialize_entry("port", port)?;
            }
            Self::Icmp => map.serialize_entry("protocol", "icmp")?,
            Self::Other(number) => map.serialize_entry("protocol", &number.get())?,
        }
        map.end()
    }
}

/// An IP protocol number that is not TCP, UDP or SCTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherProtocol(u8);

impl OtherProtocol {
    /// The protocol `number`; `None` for 6, 17 and 132, which have ports.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (!matches!(number, 6 | 17 | 132)).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}
