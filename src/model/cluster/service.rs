//! Services and their EndpointSlices.

use std::net::IpAddr;
use std::sync::Arc;

use crate::labels::Labels;
use crate::name::ObjectName;
use crate::net::{Family, Port, PortName, Protocol};

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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

impl Service {
    /// A Service with a ClusterIP to come: without an address, a selector or ports.
    ///
    /// ```
    /// use netpol_oracle::{ObjectName, Port, Protocol};
    /// use netpol_oracle::labels::{LabelKey, LabelValue};
    /// use netpol_oracle::model::{Service, ServicePort, TargetPort};
    /// let mut service = Service::new(ObjectName::new("default", "db"));
    /// service.cluster_addresses = vec!["10.96.0.9".parse()?];
    /// service.selector = [(LabelKey::new("app")?, LabelValue::new("db")?)].into_iter().collect();
    /// let mut port = ServicePort::new(Protocol::Tcp, Port::new(80).unwrap());
    /// port.target = TargetPort::Number(Port::new(6379).unwrap());
    /// service.ports = vec![port];
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(name: ObjectName) -> Self {
        Self {
            name,
            kind: ServiceKind::ClusterIp,
            cluster_addresses: Vec::new(),
            selector: Labels::new(),
            ports: Vec::new(),
        }
    }
}

/// The kinds of Service ([K23](crate::semantics#k23)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
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
#[non_exhaustive]
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

impl ServicePort {
    /// A port without a name, that its backends serve under the same number.
    #[must_use]
    pub fn new(protocol: Protocol, port: Port) -> Self {
        Self { name: None, protocol, port, target: TargetPort::Number(port) }
    }
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
#[non_exhaustive]
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

impl EndpointSlice {
    /// A slice of the Service `service`, in the same namespace, without endpoints or ports.
    pub fn new(name: ObjectName, service: impl Into<Arc<str>>, family: Family) -> Self {
        Self { name, service: service.into(), family, endpoints: Vec::new(), ports: Vec::new() }
    }
}

/// One endpoint of a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SliceEndpoint {
    /// Its addresses; they are interchangeable, consumers use the first.
    pub addresses: Vec<IpAddr>,
    /// Absent counts as ready ([K23](crate::semantics#k23)).
    pub ready: bool,
    /// The pod it stands for, if it names one.
    pub target: Option<ObjectName>,
}

impl SliceEndpoint {
    /// A ready endpoint that names no pod.
    #[must_use]
    pub fn new(addresses: Vec<IpAddr>) -> Self {
        Self { addresses, ready: true, target: None }
    }
}

/// One port of a slice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SlicePort {
    /// The Service port it belongs to.
    pub name: Option<Arc<str>>,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port of the endpoints.
    pub port: Port,
}

impl SlicePort {
    /// The endpoints' port of the Service's port without a name.
    #[must_use]
    pub fn new(protocol: Protocol, port: Port) -> Self {
        Self { name: None, protocol, port }
    }
}
