//! Services and their EndpointSlices.

use std::net::IpAddr;
use std::sync::Arc;

use crate::labels::Labels;
use crate::name::ObjectName;
use crate::net::{Family, Port, PortName, Protocol};

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Namespace and name.
    pub name: ObjectName,
    /// Whether it has a ClusterIP to send to.
    pub kind: ServiceKind,
    /// `spec.clusterIPs`, in order; empty where a manifest has none yet.
    pub cluster_addresses: Vec<IpAddr>,
    /// `spec.selector`; empty: none, its EndpointSlices are made by hand.
    pub selector: Labels,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
}

/// The kinds of Service ([K23](crate::semantics#k23)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKind {
    /// ClusterIP, NodePort and LoadBalancer: all have a ClusterIP.
    ClusterIp,
    /// `clusterIP: None`: a name for its pods, nothing to send to.
    Headless,
    /// A name for another name.
    ExternalName,
}

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServicePort {
    /// Its name; EndpointSlices refer to it.
    pub name: Option<Arc<str>>,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port of the ClusterIP.
    pub port: Port,
    /// The port of the backends.
    pub target: TargetPort,
}

/// `targetPort` of a Service ([K23](crate::semantics#k23)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TargetPort {
    /// A number; absent means the Service's own port.
    Number(Port),
    /// The backend's first port of that name and protocol.
    Name(PortName),
}

/// An EndpointSlice: where a Service's connections really go ([K23](crate::semantics#k23)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSlice {
    /// Namespace and name.
    pub name: ObjectName,
    /// The Service, in the same namespace.
    pub service: Arc<str>,
    /// Family of its addresses.
    pub family: Family,
    /// Its endpoints.
    pub endpoints: Vec<SliceEndpoint>,
    /// Its ports.
    pub ports: Vec<SlicePort>,
}

/// One endpoint of a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceEndpoint {
    /// Its addresses; they are interchangeable, consumers use the first.
    pub addresses: Vec<IpAddr>,
    /// Absent counts as ready ([K23](crate::semantics#k23)).
    pub ready: bool,
    /// The pod it stands for, if it names one.
    pub target: Option<ObjectName>,
}

/// One port of a slice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlicePort {
    /// The Service port it belongs to.
    pub name: Option<Arc<str>>,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port of the endpoints.
    pub port: Port,
}
