//! Where a Service's connections really go: EndpointSlices and Endpoints (K23).

use std::net::IpAddr;
use std::sync::Arc;

use crate::name::ObjectName;
use crate::net::{Family, Port, Protocol};

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

/// An Endpoints object, of its Service's name: where that Service's connections go that has no EndpointSlices
/// ([K23](crate::semantics#k23)).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// Namespace and name, which are its Service's.
    pub name: ObjectName,
    /// Its subsets.
    pub subsets: Vec<EndpointSubset>,
}

impl Endpoints {
    /// The Endpoints of the Service `name`, without subsets.
    #[must_use]
    pub fn new(name: ObjectName) -> Self {
        Self { name, subsets: Vec::new() }
    }
}

/// Endpoints that all have the same ports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointSubset {
    /// Those of `addresses`, which are ready, then those of `notReadyAddresses`; each has one address, of either family.
    pub endpoints: Vec<SliceEndpoint>,
    /// Its ports.
    pub ports: Vec<SlicePort>,
}

impl EndpointSubset {
    /// These endpoints with these ports.
    #[must_use]
    pub fn new(endpoints: Vec<SliceEndpoint>, ports: Vec<SlicePort>) -> Self {
        Self { endpoints, ports }
    }
}

/// One endpoint of a slice, or of an Endpoints object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SliceEndpoint {
    /// Its addresses; they are interchangeable, consumers use the first.
    pub addresses: Vec<IpAddr>,
    /// Absent counts as ready ([K23](crate::semantics#k23)).
    pub ready: bool,
    /// Its condition `terminating`; absent counts as not.
    pub terminating: bool,
    /// The pod it stands for, if it names one.
    pub target: Option<ObjectName>,
    /// The node that it says it is on: where its pod says none ([K26](crate::semantics#k26)).
    pub node: Option<Arc<str>>,
}

impl SliceEndpoint {
    /// A ready endpoint that names no pod.
    #[must_use]
    pub fn new(addresses: Vec<IpAddr>) -> Self {
        Self { addresses, ready: true, terminating: false, target: None, node: None }
    }
}

/// One port of a slice, or of an Endpoints object.
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
