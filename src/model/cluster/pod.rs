//! Pods.

use std::net::IpAddr;
use std::sync::Arc;

use super::container_port::ContainerPort;
use super::owner::Owner;
use crate::labels::Labels;
use crate::name::ObjectName;

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pod {
    /// Namespace and name.
    pub name: ObjectName,
    /// Its labels.
    pub labels: Labels,
    /// `status.podIPs`, in order; empty before it has one.
    pub addresses: Vec<IpAddr>,
    /// `status.hostIPs`: addresses of its node ([K18](crate::semantics#k18)).
    pub host_addresses: Vec<IpAddr>,
    /// The node it is bound to, if it is.
    pub node: Option<Arc<str>>,
    /// `spec.nodeSelector`: on which nodes it may run ([U8](crate::semantics#u8)).
    pub node_selector: Labels,
    /// Its phase ([K20](crate::semantics#k20)).
    pub phase: Phase,
    /// `false` only where its Ready condition is False ([K23](crate::semantics#k23)).
    pub ready: bool,
    /// It is being deleted: `metadata.deletionTimestamp`. It still is an endpoint ([K20](crate::semantics#k20)), but no backend
    /// of a Service that publishes its backends before they are ready ([K23](crate::semantics#k23)).
    pub terminating: bool,
    /// It shares its node's network: it is the node ([K17](crate::semantics#k17)).
    pub host_network: bool,
    /// Ports of its containers and restartable init containers ([K12](crate::semantics#k12)).
    pub ports: Vec<ContainerPort>,
    /// `spec.runtimeClassName` ([C8](crate::semantics#c8)).
    pub runtime_class: Option<Arc<str>>,
    /// Its controller, if it has one ([K23](crate::semantics#k23), [K25](crate::semantics#k25)).
    pub owner: Option<Owner>,
}

impl Pod {
    /// A running, ready pod without labels, addresses or ports; set the fields that matter.
    ///
    /// ```
    /// use netpol_oracle::{ObjectName, Pod, Port, Protocol};
    /// use netpol_oracle::model::ContainerPort;
    /// let mut pod = Pod::new(ObjectName::new("default", "db-0"));
    /// pod.addresses = vec!["10.0.0.7".parse()?];
    /// pod.ports = vec![ContainerPort::new(Protocol::Tcp, Port::new(6379).unwrap())];
    /// assert!(pod.is_live() && pod.ready);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(name: ObjectName) -> Self {
        Self {
            name,
            labels: Labels::new(),
            addresses: Vec::new(),
            host_addresses: Vec::new(),
            node: None,
            node_selector: Labels::new(),
            phase: Phase::Running,
            ready: true,
            terminating: false,
            host_network: false,
            ports: Vec::new(),
            runtime_class: None,
            owner: None,
        }
    }

    /// Neither Succeeded nor Failed: an endpoint ([K20](crate::semantics#k20)).
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }
}

/// A pod's phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Not all containers run yet.
    Pending,
    /// Bound to a node, containers run.
    Running,
    /// Finished well: no endpoint.
    Succeeded,
    /// Finished badly: no endpoint.
    Failed,
    /// Its node cannot be reached.
    Unknown,
}
