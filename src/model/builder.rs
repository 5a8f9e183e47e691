//! Filling a cluster.

use crate::model::change::Object;
use crate::model::cluster::{Cluster, EndpointSlice, Endpoints, Namespace, Node, OtherPolicy, Pod, Service, Workload};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;

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
}

/// Collects objects; a later one of the same identity replaces the earlier ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, Default)]
pub struct ClusterBuilder {
    cluster: Cluster,
    other_policies: Vec<OtherPolicy>,
    rejected_policies: Vec<ObjectName>,
}

impl ClusterBuilder {
    /// Adds a namespace.
    pub fn namespace(&mut self, namespace: Namespace) -> &mut Self {
        self.object(namespace)
    }

    /// Adds a pod.
    pub fn pod(&mut self, pod: Pod) -> &mut Self {
        self.object(pod)
    }

    /// Adds a workload; one name may stand for one of each kind.
    pub fn workload(&mut self, workload: Workload) -> &mut Self {
        self.object(workload)
    }

    /// Adds a node.
    pub fn node(&mut self, node: Node) -> &mut Self {
        self.object(node)
    }

    /// Adds a Service.
    pub fn service(&mut self, service: Service) -> &mut Self {
        self.object(service)
    }

    /// Adds an EndpointSlice.
    pub fn endpoint_slice(&mut self, slice: EndpointSlice) -> &mut Self {
        self.object(slice)
    }

    /// Adds an Endpoints object.
    pub fn endpoints(&mut self, endpoints: Endpoints) -> &mut Self {
        self.object(endpoints)
    }

    /// Adds a policy.
    pub fn policy(&mut self, policy: NetworkPolicy) -> &mut Self {
        self.object(policy)
    }

    /// Adds an object of any kind.
    pub fn object(&mut self, object: impl Into<Object>) -> &mut Self {
        self.cluster.put(object.into());
        self
    }

    /// Notes a policy that is not judged.
    pub fn other_policy(&mut self, policy: OtherPolicy) -> &mut Self {
        self.other_policies.push(policy);
        self
    }

    /// Notes a policy that the API server would reject: it takes no part ([K28](crate::semantics#k28)).
    pub fn rejected_policy(&mut self, name: ObjectName) -> &mut Self {
        self.rejected_policies.push(name);
        self
    }

    /// The snapshot. Namespaces that objects merely name come to exist, and every namespace gets its
    /// name label ([K10](crate::semantics#k10)).
    #[must_use]
    pub fn build(mut self) -> Cluster {
        self.other_policies.sort();
        self.other_policies.dedup();
        self.rejected_policies.sort();
        self.rejected_policies.dedup();
        Cluster {
            other_policies: self.other_policies.into(),
            rejected_policies: self.rejected_policies.into(),
            ..self.cluster
        }
    }
}
