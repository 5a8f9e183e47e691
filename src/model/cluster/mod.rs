//! The cluster's objects, as far as a verdict depends on them.

#[expect(clippy::module_inception, reason = "the cluster is what the room is named for")]
mod cluster;
mod identity;
mod namespace;
mod node;
mod other_policy;
mod owner;
mod pod;
mod service;
mod workload;

pub use self::cluster::Cluster;
pub use self::namespace::{NAMESPACE_NAME_LABEL, Namespace};
pub use self::node::{Node, NodeAddress, NodeAddressKind};
pub use self::other_policy::OtherPolicy;
pub use self::owner::{Owner, WorkloadKind, WorkloadKindError};
pub use self::pod::{ContainerPort, Phase, Pod};
pub use self::service::{EndpointSlice, Service, ServiceKind, ServicePort, SliceEndpoint, SlicePort, TargetPort};
pub use self::workload::Workload;
