//! What a decision is made from: policies, the cluster's objects, and the flow in question.

pub(crate) mod builder;
pub(crate) mod change;
pub(crate) mod cluster;
pub(crate) mod flow;
pub(crate) mod flow_text;
pub(crate) mod objects;
pub(crate) mod policy;

pub use self::builder::ClusterBuilder;
pub use self::change::{Change, ChangeError, Object, ObjectId};
pub use self::cluster::{
    Cluster, ContainerPort, EndpointSlice, NAMESPACE_NAME_LABEL, Namespace, Node, NodeAddress, NodeAddressKind,
    OtherPolicy, Owner, Phase, Pod, Service, ServiceKind, ServicePort, SliceEndpoint, SlicePort, TargetPort, Workload,
    WorkloadKind,
};
pub use self::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
pub use self::flow_text::{FlowTextError, FlowTextFault};
pub use self::objects::{Identified, Namespaced, Objects, ObjectsIter};
pub use self::policy::{
    Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
