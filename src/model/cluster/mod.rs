//! The cluster's objects, as far as a verdict depends on them.

#[expect(clippy::module_inception, reason = "the cluster is what the room is named for")]
mod cluster;
mod container_port;
mod controller_labels;
mod endpoints;
mod identity;
mod namespace;
mod node;
mod other_policy;
mod owner;
mod pod;
mod service;
mod workload;
mod workload_kind;

pub use self::cluster::Cluster;
pub use self::container_port::{ContainerPort, HostPort};
pub use self::controller_labels::{ControllerLabel, ControllerValue, ControllerValueKind, PossibleValues};
pub use self::endpoints::{EndpointSlice, EndpointSubset, Endpoints, SliceEndpoint, SlicePort};
pub use self::namespace::{NAMESPACE_NAME_LABEL, Namespace};
pub use self::node::{Node, NodeAddress, NodeAddressKind};
pub use self::other_policy::OtherPolicy;
pub use self::owner::Owner;
pub use self::pod::{Phase, Pod};
pub use self::service::{ExternalTrafficPolicy, Service, ServiceKind, ServicePort, TargetPort};
pub use self::workload::{JobFacts, Workload};
pub use self::workload_kind::{OtherKind, WorkloadKind, WorkloadKindError};
