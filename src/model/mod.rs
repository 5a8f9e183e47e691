//! What a decision is made from: policies, the cluster's objects, and the flow in question.
//!
//! The cluster's objects have a `new` with what they always need; the other fields are public, to be set afterwards. Fields
//! and variants come with versions, so most types here are `#[non_exhaustive]`. Closed are:
//!
//! - the shapes of `networking.k8s.io/v1`, which does not grow ([`Rule`], [`Peers`], [`Peer`], [`PodPeer`], [`Namespaces`],
//!   [`Ports`], [`PortMatch`], [`PortSpec`], [`PolicyTypes`]): a data plane that compiles them must see all there is;
//! - [`TargetPort`], a number or a name, as the API has it;
//! - [`L4`]: what is neither a port's protocol nor ICMP is [`OtherProtocol`];
//! - [`Change`]: an object comes (in whole) or goes.

pub(crate) mod builder;
pub(crate) mod change;
pub(crate) mod cluster;
pub(crate) mod flow;
pub(crate) mod flow_fault;
pub(crate) mod flow_text;
pub(crate) mod objects;
pub(crate) mod policy;

pub use self::builder::ClusterBuilder;
pub use self::change::{Change, ChangeError, Object, ObjectId};
pub use self::cluster::{
    Cluster, ContainerPort, ControllerLabel, ControllerValue, ControllerValueKind, EndpointSlice, EndpointSubset,
    Endpoints, ExternalTrafficPolicy, HostPort, JobFacts, NAMESPACE_NAME_LABEL, Namespace, Node, NodeAddress,
    NodeAddressKind, OtherKind, OtherPolicy, Owner, Phase, Pod, PossibleValues, Service, ServiceKind, ServicePort,
    SliceEndpoint, SlicePort, TargetPort, Workload, WorkloadKind, WorkloadKindError,
};
pub use self::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
pub use self::flow_fault::{FlowTextError, FlowTextFault};
pub use self::objects::{Identified, Namespaced, Objects, ObjectsIter};
pub use self::policy::{
    Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
