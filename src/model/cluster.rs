//! The cluster's objects, as far as a verdict depends on them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use crate::labels::{LabelKey, LabelValue, Labels, Selector};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;
use crate::net::{Family, Port, PortName, Protocol};

/// The label every namespace carries, whatever its manifest says (K10).
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels; the cluster adds `kubernetes.io/metadata.name` (K10).
    pub labels: Labels,
}

/// A pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Namespace and name.
    pub name: ObjectName,
    /// Its labels.
    pub labels: Labels,
    /// `status.podIPs`, in order; empty before it has one.
    pub addresses: Vec<IpAddr>,
    /// `status.hostIPs`: addresses of its node (K18).
    pub host_addresses: Vec<IpAddr>,
    /// The node it is bound to, if it is.
    pub node: Option<Arc<str>>,
    /// Its phase (K20).
    pub phase: Phase,
    /// `false` only where its Ready condition is False (K23).
    pub ready: bool,
    /// It shares its node's network: it is the node (K17).
    pub host_network: bool,
    /// Ports of its containers and restartable init containers (K12).
    pub ports: Vec<ContainerPort>,
    /// `spec.runtimeClassName` (C8).
    pub runtime_class: Option<Arc<str>>,
    /// Its controller, if it has one of a known kind (K23, K25).
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

    /// Neither Succeeded nor Failed: an endpoint (K20).
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
    /// Its name, which policies and Services may refer to (K12).
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

/// The kinds that stand for their pods (K25).
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

/// A workload: stands for its pods, without addresses, under its own name (K25).
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Namespace and name.
    pub name: ObjectName,
    /// Its kind.
    pub kind: WorkloadKind,
    /// Labels of its pod template.
    pub labels: Labels,
    /// `spec.selector`; the template's labels where there is none.
    pub selector: Selector,
    /// `replicas` (a Job's `parallelism`) as given; absent is not 0 (K23).
    pub replicas: Option<u32>,
    /// `nodeName` of its template.
    pub node: Option<Arc<str>>,
    /// Its pods share their node's network.
    pub host_network: bool,
    /// Ports of the template's containers and restartable init containers.
    pub ports: Vec<ContainerPort>,
    /// `runtimeClassName` of its template (C8).
    pub runtime_class: Option<Arc<str>>,
    /// Its own controller: a Deployment of a ReplicaSet, a CronJob of a Job.
    pub owner: Option<Owner>,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: Arc<str>,
    /// Its addresses, in order.
    pub addresses: Vec<NodeAddress>,
    /// `status.nodeInfo.osImage` (C6).
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
#[derive(Debug, Clone, PartialEq)]
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

/// The kinds of Service (K23).
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

/// `targetPort` of a Service (K23).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TargetPort {
    /// A number; absent means the Service's own port.
    Number(Port),
    /// The backend's first port of that name and protocol.
    Name(PortName),
}

/// An EndpointSlice: where a Service's connections really go (K23).
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
pub struct SliceEndpoint {
    /// Its addresses; they are interchangeable, consumers use the first.
    pub addresses: Vec<IpAddr>,
    /// Absent counts as ready (K23).
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

/// A policy of a kind that is not judged: answers ignore it (K25).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherPolicy {
    /// Its kind: `AdminNetworkPolicy`.
    pub kind: String,
    /// Its apiVersion.
    pub api_version: String,
    /// `namespace/name`, or `name`.
    pub name: String,
}

/// A snapshot of a cluster: every list sorted by name, every identity once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cluster {
    namespaces: Vec<Namespace>,
    pods: Vec<Pod>,
    workloads: Vec<Workload>,
    nodes: Vec<Node>,
    services: Vec<Service>,
    endpoint_slices: Vec<EndpointSlice>,
    policies: Vec<NetworkPolicy>,
    other_policies: Vec<OtherPolicy>,
}

impl Cluster {
    /// An empty cluster to fill.
    ///
    /// ```
    /// use netpol_oracle::{Cluster, ObjectName, Pod};
    /// let mut builder = Cluster::builder();
    /// builder.pod(Pod::new(ObjectName::new("default", "web-0")));
    /// let cluster = builder.build();
    /// assert_eq!(cluster.pods().len(), 1);
    /// assert!(cluster.namespace("default").is_some(), "a namespace that is named exists (K10)");
    /// ```
    #[must_use]
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::default()
    }

    /// Namespaces: those given and those that are merely named (K10).
    #[must_use]
    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// Pods, finished ones too (K20).
    #[must_use]
    pub fn pods(&self) -> &[Pod] {
        &self.pods
    }

    /// Workloads, by name, then kind.
    #[must_use]
    pub fn workloads(&self) -> &[Workload] {
        &self.workloads
    }

    /// Nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Services.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// EndpointSlices.
    #[must_use]
    pub fn endpoint_slices(&self) -> &[EndpointSlice] {
        &self.endpoint_slices
    }

    /// NetworkPolicies.
    #[must_use]
    pub fn policies(&self) -> &[NetworkPolicy] {
        &self.policies
    }

    /// Policies of other kinds, which answers ignore (K25).
    #[must_use]
    pub fn other_policies(&self) -> &[OtherPolicy] {
        &self.other_policies
    }

    /// The namespace `name`, if it was given or named.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        let at = self.namespaces.binary_search_by(|n| (*n.name).cmp(name)).ok()?;
        self.namespaces.get(at)
    }

    /// The pod `name`, live or finished.
    #[must_use]
    pub fn pod(&self, name: &ObjectName) -> Option<&Pod> {
        let at = self.pods.binary_search_by(|pod| pod.name.cmp(name)).ok()?;
        self.pods.get(at)
    }

    /// The workloads that bear `name`, of any kind.
    #[must_use]
    pub fn workloads_named(&self, name: &ObjectName) -> &[Workload] {
        let start = self.workloads.partition_point(|w| w.name < *name);
        let end = self.workloads.partition_point(|w| w.name <= *name);
        self.workloads.get(start..end).unwrap_or(&[])
    }

    /// The node `name`.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        let at = self.nodes.binary_search_by(|n| (*n.name).cmp(name)).ok()?;
        self.nodes.get(at)
    }

    /// The Service `name`.
    #[must_use]
    pub fn service(&self, name: &ObjectName) -> Option<&Service> {
        let at = self.services.binary_search_by(|s| s.name.cmp(name)).ok()?;
        self.services.get(at)
    }

    /// The policy `name`.
    #[must_use]
    pub fn policy(&self, name: &ObjectName) -> Option<&NetworkPolicy> {
        let at = self.policies.binary_search_by(|p| p.name().cmp(name)).ok()?;
        self.policies.get(at)
    }
}

/// Collects objects; a later one of the same identity replaces the earlier (K25).
#[derive(Debug, Clone, Default)]
pub struct ClusterBuilder {
    namespaces: BTreeMap<Arc<str>, Namespace>,
    pods: BTreeMap<ObjectName, Pod>,
    workloads: BTreeMap<(ObjectName, WorkloadKind), Workload>,
    nodes: BTreeMap<Arc<str>, Node>,
    services: BTreeMap<ObjectName, Service>,
    endpoint_slices: BTreeMap<ObjectName, EndpointSlice>,
    policies: BTreeMap<ObjectName, NetworkPolicy>,
    other_policies: Vec<OtherPolicy>,
}

impl ClusterBuilder {
    /// Adds a namespace.
    pub fn namespace(&mut self, namespace: Namespace) -> &mut Self {
        self.namespaces.insert(namespace.name.clone(), namespace);
        self
    }

    /// Adds a pod.
    pub fn pod(&mut self, pod: Pod) -> &mut Self {
        self.pods.insert(pod.name.clone(), pod);
        self
    }

    /// Adds a workload; one name may stand for one of each kind.
    pub fn workload(&mut self, workload: Workload) -> &mut Self {
        self.workloads.insert((workload.name.clone(), workload.kind), workload);
        self
    }

    /// Adds a node.
    pub fn node(&mut self, node: Node) -> &mut Self {
        self.nodes.insert(node.name.clone(), node);
        self
    }

    /// Adds a Service.
    pub fn service(&mut self, service: Service) -> &mut Self {
        self.services.insert(service.name.clone(), service);
        self
    }

    /// Adds an EndpointSlice.
    pub fn endpoint_slice(&mut self, slice: EndpointSlice) -> &mut Self {
        self.endpoint_slices.insert(slice.name.clone(), slice);
        self
    }

    /// Adds a policy.
    pub fn policy(&mut self, policy: NetworkPolicy) -> &mut Self {
        self.policies.insert(policy.name().clone(), policy);
        self
    }

    /// Notes a policy that is not judged.
    pub fn other_policy(&mut self, policy: OtherPolicy) -> &mut Self {
        self.other_policies.push(policy);
        self
    }

    /// The snapshot. Namespaces that objects merely name come to exist, and every namespace gets its
    /// name label (K10).
    #[must_use]
    pub fn build(mut self) -> Cluster {
        let named = self
            .pods
            .keys()
            .chain(self.workloads.keys().map(|(name, _)| name))
            .chain(self.services.keys())
            .chain(self.endpoint_slices.keys())
            .chain(self.policies.keys());
        for name in named {
            if !self.namespaces.contains_key(name.namespace()) {
                let namespace = Namespace { name: name.namespace().clone(), labels: Labels::new() };
                self.namespaces.insert(namespace.name.clone(), namespace);
            }
        }
        for namespace in self.namespaces.values_mut() {
            // A name that is no label value could not exist on a server; it gets no label to match.
            if let (Ok(key), Ok(value)) = (LabelKey::new(NAMESPACE_NAME_LABEL), LabelValue::new(&namespace.name)) {
                namespace.labels.insert(key, value);
            }
        }
        self.other_policies.sort();
        self.other_policies.dedup();
        Cluster {
            namespaces: self.namespaces.into_values().collect(),
            pods: self.pods.into_values().collect(),
            workloads: self.workloads.into_values().collect(),
            nodes: self.nodes.into_values().collect(),
            services: self.services.into_values().collect(),
            endpoint_slices: self.endpoint_slices.into_values().collect(),
            policies: self.policies.into_values().collect(),
            other_policies: self.other_policies,
        }
    }
}
