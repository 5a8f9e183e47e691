//! Why a flow cannot be judged.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::model::cluster::WorkloadKind;
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::Family;
use crate::text::{choices, listed};
use crate::verdict::backend::Backend;

/// Why a flow cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// Neither a pod nor a workload bears the name.
    #[error("no pod or workload `{0}`")]
    UnknownObject(ObjectName),
    /// Several workloads bear the name ([K25](crate::semantics#k25)).
    #[error("`{name}` is the name of several workloads; write {}", choices(by_kind(name, kinds)))]
    AmbiguousWorkload {
        /// The name.
        name: ObjectName,
        /// Their kinds.
        kinds: Vec<WorkloadKind>,
    },
    /// The pod has finished: it is no endpoint ([K20](crate::semantics#k20)).
    #[error("pod `{0}` has finished and is no endpoint")]
    FinishedPod(ObjectName),
    /// The pod of an id is gone ([K20](crate::semantics#k20)).
    #[error("the pod of this id is gone; look its name up again")]
    GonePod,
    /// The pod does not have the address.
    #[error("pod `{pod}` does not have the address `{address}`")]
    AddressNotOfPod {
        /// The pod.
        pod: ObjectName,
        /// The address.
        address: IpAddr,
    },
    /// Several live pods claim the address ([K20](crate::semantics#k20)).
    #[error("several live pods claim the address `{address}`: {}", or_none(pods))]
    SharedAddress {
        /// The address.
        address: IpAddr,
        /// The pods.
        pods: Vec<ObjectName>,
    },
    /// Several nodes have the address ([K20](crate::semantics#k20)).
    #[error("several nodes have the address `{address}`: {}", or_none(nodes))]
    SharedNodeAddress {
        /// The address.
        address: IpAddr,
        /// The nodes.
        nodes: Vec<Arc<str>>,
    },
    /// Several Services, or pods by their hostPorts, are reached at one address and port ([K26](crate::semantics#k26)).
    #[error("several are reached at `{face}`: {}", or_none(claims))]
    SharedFace {
        /// Address, port and protocol, as the flow writes them.
        face: String,
        /// Who is reached there.
        claims: Vec<Claim>,
    },
    /// A workload whose pods nobody loaded has that `hostPort`, and nobody says on which nodes they run
    /// ([K26](crate::semantics#k26), [U8](crate::semantics#u8)).
    #[error(
        "`{workload}` has a hostPort that is `{face}` where its pods run, and nobody says where: name the workload, or load its pods"
    )]
    UnplacedHostPort {
        /// Address, port and protocol, as the flow writes them.
        face: String,
        /// The first such workload, as flows name it.
        workload: String,
    },
    /// No node bears the name.
    #[error("no node `{0}`")]
    UnknownNode(Arc<str>),
    /// The node does not have the address.
    #[error("node `{node}` does not have the address `{address}`")]
    AddressNotOfNode {
        /// The node.
        node: Arc<str>,
        /// The address.
        address: IpAddr,
    },
    /// The node has no InternalIP of the flow's family.
    #[error("node `{0}` has no InternalIP of the flow's family; write `node:{0}@ADDRESS`")]
    NodeWithoutAddress(Arc<str>),
    /// No Service bears the name.
    #[error("no Service `{0}`")]
    UnknownService(ObjectName),
    /// Source and destination share no address family ([K22](crate::semantics#k22)).
    #[error("source and destination have no address family in common")]
    NoCommonFamily,
    /// An address of one family against an end without it ([K22](crate::semantics#k22)).
    #[error("`{end}` has no {family} address, which the other end asks for")]
    WrongFamily {
        /// The end.
        end: String,
        /// The family asked for.
        family: Family,
    },
    /// No backend of the Service is ready ([K23](crate::semantics#k23)).
    #[error("Service `{0}` has no ready backend for this flow")]
    NoReadyBackend(ObjectName),
    /// With `externalTrafficPolicy: Local`, the node named has no ready backend of its own ([K26](crate::semantics#k26)).
    #[error("Service `{service}` has no ready backend on node `{node}`, which passes connections to its own alone")]
    NoLocalBackend {
        /// The Service.
        service: ObjectName,
        /// The node.
        node: Arc<str>,
    },
    /// The Service has no such port ([K23](crate::semantics#k23)).
    #[error("Service `{service}` has no port {port}")]
    NoSuchPort {
        /// The Service.
        service: ObjectName,
        /// Port and protocol, as the flow writes them.
        port: String,
    },
    /// A ClusterIP takes only what its ports name ([K23](crate::semantics#k23)).
    #[error("Service `{0}` takes TCP, UDP and SCTP only")]
    PortlessService(ObjectName),
    /// A name for another name ([K23](crate::semantics#k23)).
    #[error("Service `{0}` is an ExternalName: name the address it stands for")]
    ExternalName(ObjectName),
    /// A ClusterIP opens no connections ([K23](crate::semantics#k23)).
    #[error("a ClusterIP cannot be a source: it is Service `{0}`")]
    ServiceAsSource(ObjectName),
    /// `via` names no ready backend of the Service ([K23](crate::semantics#k23)).
    #[error("`{backend}` is not a ready backend of Service `{service}`; its backends: {}", or_none(backends))]
    NotABackend {
        /// The name given.
        backend: ObjectName,
        /// The Service.
        service: ObjectName,
        /// What there is.
        backends: Vec<Backend>,
    },
    /// `via` beside a destination that is no Service.
    #[error("`via` needs a Service as destination")]
    ViaWithoutService,
}

/// Who is reached at a face ([K26](crate::semantics#k26)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Claim {
    /// A Service.
    Service(ObjectName),
    /// A pod, by a `hostPort`.
    Pod(ObjectName),
    /// A workload whose pods nobody loaded, by theirs.
    Workload(ObjectName, WorkloadKind),
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "svc/{name}"),
            Self::Pod(name) => write!(f, "{name}"),
            Self::Workload(name, kind) => Endpoint::Workload { kind: kind.clone(), name: name.clone() }.fmt(f),
        }
    }
}

impl FlowError {
    /// Every [code](Self::code).
    pub(crate) const CODES: &[&'static str] = &[
        "unknown-object",
        "ambiguous-workload",
        "finished-pod",
        "gone-pod",
        "address-not-of-pod",
        "shared-address",
        "shared-node-address",
        "shared-face",
        "unplaced-host-port",
        "unknown-node",
        "address-not-of-node",
        "node-without-address",
        "unknown-service",
        "no-common-family",
        "wrong-family",
        "no-ready-backend",
        "no-local-backend",
        "no-such-port",
        "portless-service",
        "external-name",
        "service-as-source",
        "not-a-backend",
        "via-without-service",
    ];

    /// The stable word for it, as the corpus writes it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownObject(_) => "unknown-object",
            Self::AmbiguousWorkload { .. } => "ambiguous-workload",
            Self::FinishedPod(_) => "finished-pod",
            Self::GonePod => "gone-pod",
            Self::AddressNotOfPod { .. } => "address-not-of-pod",
            Self::SharedAddress { .. } => "shared-address",
            Self::SharedNodeAddress { .. } => "shared-node-address",
            Self::SharedFace { .. } => "shared-face",
            Self::UnplacedHostPort { .. } => "unplaced-host-port",
            Self::UnknownNode(_) => "unknown-node",
            Self::AddressNotOfNode { .. } => "address-not-of-node",
            Self::NodeWithoutAddress(_) => "node-without-address",
            Self::UnknownService(_) => "unknown-service",
            Self::NoCommonFamily => "no-common-family",
            Self::WrongFamily { .. } => "wrong-family",
            Self::NoReadyBackend(_) => "no-ready-backend",
            Self::NoLocalBackend { .. } => "no-local-backend",
            Self::NoSuchPort { .. } => "no-such-port",
            Self::PortlessService(_) => "portless-service",
            Self::ExternalName(_) => "external-name",
            Self::ServiceAsSource(_) => "service-as-source",
            Self::NotABackend { .. } => "not-a-backend",
            Self::ViaWithoutService => "via-without-service",
        }
    }
}

fn or_none(items: &[impl fmt::Display]) -> String {
    if items.is_empty() { "none".to_owned() } else { listed(items) }
}

fn by_kind<'a>(name: &'a ObjectName, kinds: &'a [WorkloadKind]) -> impl Iterator<Item = String> + 'a {
    let written =
        |kind: &WorkloadKind| format!("{}/{}/{}", name.namespace(), kind.to_string().to_ascii_lowercase(), name.name());
    kinds.iter().map(written)
}
