//! The cluster's objects, as far as a verdict depends on them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use imbl::OrdSet;
use serde::Serialize;

use crate::labels::{Labels, Selector};
use crate::model::objects::{Identified, Namespaced, Objects, Stored, sealed::Sealed};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;
use crate::net::{Family, Port, PortName, Protocol};

/// The label every namespace carries, whatever its manifest says ([K10](crate::semantics#k10)).
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels; the cluster adds `kubernetes.io/metadata.name` ([K10](crate::semantics#k10)).
    pub labels: Labels,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Its phase ([K20](crate::semantics#k20)).
    pub phase: Phase,
    /// `false` only where its Ready condition is False ([K23](crate::semantics#k23)).
    pub ready: bool,
    /// It shares its node's network: it is the node ([K17](crate::semantics#k17)).
    pub host_network: bool,
    /// Ports of its containers and restartable init containers ([K12](crate::semantics#k12)).
    pub ports: Vec<ContainerPort>,
    /// `spec.runtimeClassName` ([C8](crate::semantics#c8)).
    pub runtime_class: Option<Arc<str>>,
    /// Its controller, if it has one of a known kind ([K23](crate::semantics#k23), [K25](crate::semantics#k25)).
    pub owner: Option<Owner>,
}

impl Pod {
    /// A running, ready pod without labels, addresses or ports; set the fields that matter.
    #[must_use]
    pub fn new(name: ObjectName) -> Self {
        Self {
            name,
            labels: Labels::new(),
            addresses: Vec::new(),
            host_addresses: Vec::new(),
            node: None,
            phase: Phase::Running,
            ready: true,
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

/// A port a container declares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContainerPort {
    /// Its name, which policies and Services may refer to ([K12](crate::semantics#k12)).
    pub name: Option<PortName>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub port: Port,
}

/// The controller of a pod or workload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its name, in the namespace of what it owns.
    pub name: Arc<str>,
}

/// The kinds that stand for their pods ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[allow(missing_docs)]
pub enum WorkloadKind {
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    ReplicationController,
}

impl WorkloadKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Deployment,
        Self::ReplicaSet,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::ReplicationController,
    ];

    /// The first in their order.
    const LEAST: Self = Self::Deployment;

    /// The kind as manifests write it: `Deployment`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::ReplicationController => "ReplicationController",
        }
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WorkloadKind {
    type Err = ();

    /// Upper and lower case are the same.
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// A workload: stands for its pods, without addresses, under its own name ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Namespace and name.
    pub name: ObjectName,
    /// Its kind.
    pub kind: WorkloadKind,
    /// Labels of its pod template.
    pub labels: Labels,
    /// `spec.selector`; the template's labels where there is none.
    pub selector: Selector,
    /// `replicas` (a Job's `parallelism`) as given; absent is not 0 ([K23](crate::semantics#k23)).
    pub replicas: Option<u32>,
    /// `nodeName` of its template.
    pub node: Option<Arc<str>>,
    /// Its pods share their node's network.
    pub host_network: bool,
    /// Ports of the template's containers and restartable init containers.
    pub ports: Vec<ContainerPort>,
    /// `runtimeClassName` of its template ([C8](crate::semantics#c8)).
    pub runtime_class: Option<Arc<str>>,
    /// Its own controller: a Deployment of a ReplicaSet, a CronJob of a Job.
    pub owner: Option<Owner>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: Arc<str>,
    /// Its addresses, in order.
    pub addresses: Vec<NodeAddress>,
    /// `status.nodeInfo.osImage` ([C6](crate::semantics#c6)).
    pub os_image: Option<Arc<str>>,
    /// Its labels.
    pub labels: Labels,
}

/// One address of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeAddress {
    /// Its type.
    pub kind: NodeAddressKind,
    /// The address.
    pub address: IpAddr,
}

/// The type of a node's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeAddressKind {
    /// `InternalIP`: what `node:NAME` means.
    InternalIp,
    /// `ExternalIP`.
    ExternalIp,
    /// Any other type that holds an address.
    Other,
}

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

/// A policy of a kind that is not judged: answers ignore it ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherPolicy {
    /// Its kind: `AdminNetworkPolicy`.
    pub kind: String,
    /// Its apiVersion.
    pub api_version: String,
    /// `namespace/name`, or `name`.
    pub name: String,
}

/// A snapshot of a cluster: every kind in the order of identities, every identity once.
///
/// A clone costs next to nothing, whatever the cluster's size: the two share their objects, and [`apply`](Self::apply)
/// copies only the way to what it changes. Two clusters are equal that hold equal objects.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// Those of `implied` too.
    pub(super) namespaces: Stored<Namespace>,
    /// The namespaces that nobody gave: they are there as long as an object names them (K10).
    pub(super) implied: OrdSet<Arc<str>>,
    pub(super) pods: Stored<Pod>,
    pub(super) workloads: Stored<Workload>,
    pub(super) nodes: Stored<Node>,
    pub(super) services: Stored<Service>,
    pub(super) endpoint_slices: Stored<EndpointSlice>,
    pub(super) policies: Stored<NetworkPolicy>,
    /// Sorted, each once.
    pub(super) other_policies: Arc<[OtherPolicy]>,
}

impl Cluster {
    /// Namespaces: those given and those that are merely named ([K10](crate::semantics#k10)).
    #[must_use]
    pub fn namespaces(&self) -> Objects<'_, Namespace> {
        Objects::new(&self.namespaces)
    }

    /// Pods, finished ones too ([K20](crate::semantics#k20)).
    #[must_use]
    pub fn pods(&self) -> Objects<'_, Pod> {
        Objects::new(&self.pods)
    }

    /// Workloads, by name, then kind.
    #[must_use]
    pub fn workloads(&self) -> Objects<'_, Workload> {
        Objects::new(&self.workloads)
    }

    /// Nodes.
    #[must_use]
    pub fn nodes(&self) -> Objects<'_, Node> {
        Objects::new(&self.nodes)
    }

    /// Services.
    #[must_use]
    pub fn services(&self) -> Objects<'_, Service> {
        Objects::new(&self.services)
    }

    /// EndpointSlices.
    #[must_use]
    pub fn endpoint_slices(&self) -> Objects<'_, EndpointSlice> {
        Objects::new(&self.endpoint_slices)
    }

    /// NetworkPolicies.
    #[must_use]
    pub fn policies(&self) -> Objects<'_, NetworkPolicy> {
        Objects::new(&self.policies)
    }

    /// Policies of other kinds, which answers ignore ([K25](crate::semantics#k25)).
    #[must_use]
    pub fn other_policies(&self) -> &[OtherPolicy] {
        &self.other_policies
    }

    /// The namespace `name`, if it was given or named ([K10](crate::semantics#k10)).
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespace_handle(name).map(|namespace| &**namespace)
    }

    /// The pod `name`, live or finished.
    #[must_use]
    pub fn pod(&self, name: &ObjectName) -> Option<&Pod> {
        self.pod_handle(name).map(|pod| &**pod)
    }

    /// The workload of that kind and name ([K25](crate::semantics#k25)).
    #[must_use]
    pub fn workload(&self, kind: WorkloadKind, name: &ObjectName) -> Option<&Workload> {
        self.workload_handle(kind, name).map(|workload| &**workload)
    }

    /// The workloads that bear `name`, by kind ([K25](crate::semantics#k25)).
    pub fn workloads_named<'c>(&'c self, name: &ObjectName) -> impl Iterator<Item = &'c Workload> + Clone + use<'c> {
        let name = name.clone();
        let from = self.workloads.range((name.clone(), WorkloadKind::LEAST)..);
        from.take_while(move |((other, _), _)| *other == name).map(|(_, workload)| &**workload)
    }

    /// The node `name`.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.node_handle(name).map(|node| &**node)
    }

    /// The Service `name`.
    #[must_use]
    pub fn service(&self, name: &ObjectName) -> Option<&Service> {
        self.service_handle(name).map(|service| &**service)
    }

    /// The EndpointSlice `name`.
    #[must_use]
    pub fn endpoint_slice(&self, name: &ObjectName) -> Option<&EndpointSlice> {
        self.endpoint_slice_handle(name).map(|slice| &**slice)
    }

    /// The policy `name`.
    #[must_use]
    pub fn policy(&self, name: &ObjectName) -> Option<&NetworkPolicy> {
        self.policy_handle(name).map(|policy| &**policy)
    }
}

/// The objects themselves, to share them without a copy.
impl Cluster {
    pub(crate) fn namespace_handle(&self, name: &str) -> Option<&Arc<Namespace>> {
        self.namespaces.get(name)
    }

    pub(crate) fn pod_handle(&self, name: &ObjectName) -> Option<&Arc<Pod>> {
        self.pods.get(name)
    }

    pub(crate) fn workload_handle(&self, kind: WorkloadKind, name: &ObjectName) -> Option<&Arc<Workload>> {
        self.workloads.get(&(name.clone(), kind))
    }

    pub(crate) fn node_handle(&self, name: &str) -> Option<&Arc<Node>> {
        self.nodes.get(name)
    }

    pub(crate) fn service_handle(&self, name: &ObjectName) -> Option<&Arc<Service>> {
        self.services.get(name)
    }

    pub(crate) fn endpoint_slice_handle(&self, name: &ObjectName) -> Option<&Arc<EndpointSlice>> {
        self.endpoint_slices.get(name)
    }

    pub(crate) fn policy_handle(&self, name: &ObjectName) -> Option<&Arc<NetworkPolicy>> {
        self.policies.get(name)
    }
}

impl PartialEq for Cluster {
    /// Whether a namespace was given is left out: no answer depends on it.
    fn eq(&self, other: &Self) -> bool {
        self.namespaces == other.namespaces
            && self.pods == other.pods
            && self.workloads == other.workloads
            && self.nodes == other.nodes
            && self.services == other.services
            && self.endpoint_slices == other.endpoint_slices
            && self.policies == other.policies
            && self.other_policies == other.other_policies
    }
}

impl Eq for Cluster {}

impl Sealed for Namespace {}

impl Identified for Namespace {
    type Identity = Arc<str>;

    fn identity(&self) -> Arc<str> {
        self.name.clone()
    }
}

impl Sealed for Node {}

impl Identified for Node {
    type Identity = Arc<str>;

    fn identity(&self) -> Arc<str> {
        self.name.clone()
    }
}

impl Sealed for Workload {}

impl Identified for Workload {
    type Identity = (ObjectName, WorkloadKind);

    fn identity(&self) -> (ObjectName, WorkloadKind) {
        (self.name.clone(), self.kind)
    }
}

impl Namespaced for Workload {
    fn namespace((name, _): &(ObjectName, WorkloadKind)) -> &Arc<str> {
        name.namespace()
    }

    fn least_in(namespace: Arc<str>) -> (ObjectName, WorkloadKind) {
        (ObjectName::new(namespace, Arc::<str>::default()), WorkloadKind::LEAST)
    }
}

/// The kinds that one name in one namespace tells apart.
macro_rules! identified_by_name {
    ($($kind:ty: |$object:ident| $name:expr),+ $(,)?) => { $(
        impl Sealed for $kind {}

        impl Identified for $kind {
            type Identity = ObjectName;

            fn identity(&self) -> ObjectName {
                let $object = self;
                $name.clone()
            }
        }

        impl Namespaced for $kind {
            fn namespace(name: &ObjectName) -> &Arc<str> {
                name.namespace()
            }

            fn least_in(namespace: Arc<str>) -> ObjectName {
                ObjectName::new(namespace, Arc::<str>::default())
            }
        }
    )+ };
}

identified_by_name! {
    Pod: |pod| pod.name,
    Service: |service| service.name,
    EndpointSlice: |slice| slice.name,
    NetworkPolicy: |policy| policy.name(),
}
