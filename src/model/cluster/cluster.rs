//! A cluster: its objects, each found by its identity.

use std::sync::Arc;

use imbl::OrdSet;

use super::endpoints::{EndpointSlice, Endpoints};
use super::namespace::Namespace;
use super::node::Node;
use super::other_policy::OtherPolicy;
use super::pod::Pod;
use super::service::Service;
use super::workload::Workload;
use super::workload_kind::WorkloadKind;
use crate::model::objects::{Objects, Stored};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;

/// A snapshot of a cluster: every kind in the order of identities, every identity once.
///
/// A clone costs next to nothing, whatever the cluster's size: the two share their objects, and [`apply`](Self::apply)
/// copies only the way to what it changes. Two clusters are equal that hold equal objects.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// Those of `implied` too.
    pub(in crate::model) namespaces: Stored<Namespace>,
    /// The namespaces that nobody gave: they are there as long as an object names them (K10).
    pub(in crate::model) implied: OrdSet<Arc<str>>,
    pub(in crate::model) pods: Stored<Pod>,
    pub(in crate::model) workloads: Stored<Workload>,
    pub(in crate::model) nodes: Stored<Node>,
    pub(in crate::model) services: Stored<Service>,
    pub(in crate::model) endpoint_slices: Stored<EndpointSlice>,
    pub(in crate::model) endpoints: Stored<Endpoints>,
    pub(in crate::model) policies: Stored<NetworkPolicy>,
    /// Sorted, each once.
    pub(in crate::model) other_policies: Arc<[OtherPolicy]>,
    /// Sorted, each once.
    pub(in crate::model) rejected_policies: Arc<[ObjectName]>,
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

    /// Endpoints objects, by the names of their Services.
    #[must_use]
    pub fn endpoints(&self) -> Objects<'_, Endpoints> {
        Objects::new(&self.endpoints)
    }

    /// NetworkPolicies.
    #[must_use]
    pub fn policies(&self) -> Objects<'_, NetworkPolicy> {
        Objects::new(&self.policies)
    }

    /// Policies that the API server would reject: they take no part ([K28](crate::semantics#k28)).
    #[must_use]
    pub fn rejected_policies(&self) -> &[ObjectName] {
        &self.rejected_policies
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

    /// Whether the namespace `name` was given, not merely named ([K10](crate::semantics#k10)).
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.namespaces.contains_key(name) && !self.implied.contains(name)
    }

    /// The pod `name`, live or finished.
    #[must_use]
    pub fn pod(&self, name: &ObjectName) -> Option<&Pod> {
        self.pod_handle(name).map(|pod| &**pod)
    }

    /// The workload of that kind and name ([K25](crate::semantics#k25)).
    #[must_use]
    pub fn workload(&self, kind: &WorkloadKind, name: &ObjectName) -> Option<&Workload> {
        self.workload_handle(kind, name).map(|workload| &**workload)
    }

    /// The workloads that bear `name`, by kind ([K25](crate::semantics#k25)).
    pub fn workloads_named<'c>(&'c self, name: &ObjectName) -> impl Iterator<Item = &'c Workload> + Clone + use<'c> {
        let name = name.clone();
        let from = self.workloads.range((name.clone(), WorkloadKind::LEAST)..);
        from.take_while(move |((other, _), _)| *other == name).map(|(_, workload)| &**workload)
    }

    /// The workloads that a flow may mean by `NS/KIND/NAME`: the one of that very kind, else all that differ from it in a
    /// group alone which the flow does not name ([K25](crate::semantics#k25)).
    pub fn workloads_meant<'c>(
        &'c self,
        kind: &WorkloadKind,
        name: &ObjectName,
    ) -> impl Iterator<Item = &'c Workload> + use<'c> {
        let exact = self.workload(kind, name);
        let kind = kind.clone();
        let others = exact.is_none().then(|| self.workloads_named(name)).into_iter().flatten();
        exact.into_iter().chain(others.filter(move |workload| kind.may_mean(&workload.kind)))
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

    /// The Endpoints object of the Service `name`.
    #[must_use]
    pub fn endpoints_of(&self, name: &ObjectName) -> Option<&Endpoints> {
        self.endpoints_handle(name).map(|endpoints| &**endpoints)
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

    pub(crate) fn workload_handle(&self, kind: &WorkloadKind, name: &ObjectName) -> Option<&Arc<Workload>> {
        self.workloads.get(&(name.clone(), kind.clone()))
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

    pub(crate) fn endpoints_handle(&self, name: &ObjectName) -> Option<&Arc<Endpoints>> {
        self.endpoints.get(name)
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
            && self.endpoints == other.endpoints
            && self.policies == other.policies
            && self.other_policies == other.other_policies
            && self.rejected_policies == other.rejected_policies
    }
}

impl Eq for Cluster {}
