//! Services.

use std::net::IpAddr;
use std::sync::Arc;

use crate::labels::Labels;
use crate::name::ObjectName;
use crate::net::{Port, PortName, Protocol};

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
    /// `spec.externalIPs` ([K26](crate::semantics#k26)).
    pub external_addresses: Vec<IpAddr>,
    /// The addresses in `status.loadBalancer.ingress` that nodes serve: not those with `ipMode: Proxy`
    /// ([K26](crate::semantics#k26)).
    pub load_balancer_addresses: Vec<IpAddr>,
    /// Whom connections from outside reach, and as whom they come ([K26](crate::semantics#k26)).
    pub external_traffic_policy: ExternalTrafficPolicy,
    /// `publishNotReadyAddresses`: every backend counts as ready that is not terminating ([K23](crate::semantics#k23)).
    pub publish_not_ready: bool,
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
            external_addresses: Vec::new(),
            load_balancer_addresses: Vec::new(),
            external_traffic_policy: ExternalTrafficPolicy::Cluster,
            publish_not_ready: false,
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

/// `externalTrafficPolicy` of a Service ([K26](crate::semantics#k26)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ExternalTrafficPolicy {
    /// Any node passes a connection on to any backend, and may put its own address in the client's place
    /// ([U9](crate::semantics#u9)).
    Cluster,
    /// A node hands a connection to backends of its own, with the client's address.
    Local,
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
    /// `nodePort`: the port of every node's addresses that is this one too ([K26](crate::semantics#k26)).
    pub node_port: Option<Port>,
}

impl ServicePort {
    /// A port without a name, that its backends serve under the same number.
    #[must_use]
    pub fn new(protocol: Protocol, port: Port) -> Self {
        Self { name: None, protocol, port, target: TargetPort::Number(port), node_port: None }
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
