//! What is watched, and how an object of it gets into the model.

use netpol_oracle::model::{Object, ObjectId, WorkloadKind};
use netpol_oracle::{Cluster, ObjectName};

/// One kind of objects as the API server has it.
#[derive(Debug)]
pub struct Kind {
    /// Where it is listed: `/api/v1/pods`.
    pub path: &'static str,
    /// As the RBAC rules and the metrics name it: `pods`.
    pub plural: &'static str,
    /// Its API group; empty for the core group.
    pub group: &'static str,
    sort: Sort,
}

/// Which objects of a cluster are of a kind.
#[derive(Debug)]
enum Sort {
    Namespace,
    Node,
    Pod,
    Service,
    EndpointSlice,
    Endpoints,
    Policy,
    Workload(WorkloadKind),
}

/// Every kind that decides a flow.
pub static KINDS: [Kind; 14] = [
    Kind { path: "/api/v1/namespaces", plural: "namespaces", group: "", sort: Sort::Namespace },
    Kind { path: "/api/v1/nodes", plural: "nodes", group: "", sort: Sort::Node },
    Kind { path: "/api/v1/pods", plural: "pods", group: "", sort: Sort::Pod },
    Kind { path: "/api/v1/services", plural: "services", group: "", sort: Sort::Service },
    Kind { path: "/api/v1/endpoints", plural: "endpoints", group: "", sort: Sort::Endpoints },
    Kind {
        path: "/apis/discovery.k8s.io/v1/endpointslices",
        plural: "endpointslices",
        group: "discovery.k8s.io",
        sort: Sort::EndpointSlice,
    },
    Kind {
        path: "/apis/networking.k8s.io/v1/networkpolicies",
        plural: "networkpolicies",
        group: "networking.k8s.io",
        sort: Sort::Policy,
    },
    // Workloads: who owns a pod, and who has pods that are not there yet.
    workload("/apis/apps/v1/deployments", "deployments", "apps", WorkloadKind::Deployment),
    workload("/apis/apps/v1/replicasets", "replicasets", "apps", WorkloadKind::ReplicaSet),
    workload("/apis/apps/v1/statefulsets", "statefulsets", "apps", WorkloadKind::StatefulSet),
    workload("/apis/apps/v1/daemonsets", "daemonsets", "apps", WorkloadKind::DaemonSet),
    workload("/apis/batch/v1/jobs", "jobs", "batch", WorkloadKind::Job),
    workload("/apis/batch/v1/cronjobs", "cronjobs", "batch", WorkloadKind::CronJob),
    workload("/api/v1/replicationcontrollers", "replicationcontrollers", "", WorkloadKind::ReplicationController),
];

const fn workload(path: &'static str, plural: &'static str, group: &'static str, kind: WorkloadKind) -> Kind {
    Kind { path, plural, group, sort: Sort::Workload(kind) }
}

impl Kind {
    /// The identity of the object of that name; namespace `None` for what lives in none.
    #[must_use]
    pub fn id(&self, namespace: Option<&str>, name: &str) -> ObjectId {
        let full = || ObjectName::new(namespace.unwrap_or("default"), name);
        match &self.sort {
            Sort::Namespace => ObjectId::Namespace(name.into()),
            Sort::Node => ObjectId::Node(name.into()),
            Sort::Pod => ObjectId::Pod(full()),
            Sort::Service => ObjectId::Service(full()),
            Sort::EndpointSlice => ObjectId::EndpointSlice(full()),
            Sort::Endpoints => ObjectId::Endpoints(full()),
            Sort::Policy => ObjectId::Policy(full()),
            Sort::Workload(kind) => ObjectId::Workload(kind.clone(), full()),
        }
    }

    /// The objects of this kind in a cluster; namespaces that are merely named are none.
    #[must_use]
    pub fn objects(&self, cluster: &Cluster) -> Vec<Object> {
        match &self.sort {
            Sort::Namespace => {
                let given = cluster.namespaces().iter().filter(|each| cluster.is_given(&each.name));
                given.cloned().map(Object::from).collect()
            }
            Sort::Node => cluster.nodes().iter().cloned().map(Object::from).collect(),
            Sort::Pod => cluster.pods().iter().cloned().map(Object::from).collect(),
            Sort::Service => cluster.services().iter().cloned().map(Object::from).collect(),
            Sort::EndpointSlice => cluster.endpoint_slices().iter().cloned().map(Object::from).collect(),
            Sort::Endpoints => cluster.endpoints().iter().cloned().map(Object::from).collect(),
            Sort::Policy => cluster.policies().iter().cloned().map(Object::from).collect(),
            Sort::Workload(kind) => {
                let own = cluster.workloads().iter().filter(|each| each.kind == *kind);
                own.cloned().map(Object::from).collect()
            }
        }
    }

    /// The identities of this kind's objects in a cluster.
    #[must_use]
    pub fn ids(&self, cluster: &Cluster) -> Vec<ObjectId> {
        let named = |name: &ObjectName| self.id(Some(name.namespace()), name.name());
        match &self.sort {
            Sort::Namespace => {
                let given = cluster.namespaces().iter().filter(|each| cluster.is_given(&each.name));
                given.map(|each| self.id(None, &each.name)).collect()
            }
            Sort::Node => cluster.nodes().iter().map(|each| self.id(None, &each.name)).collect(),
            Sort::Pod => cluster.pods().iter().map(|each| named(&each.name)).collect(),
            Sort::Service => cluster.services().iter().map(|each| named(&each.name)).collect(),
            Sort::EndpointSlice => cluster.endpoint_slices().iter().map(|each| named(&each.name)).collect(),
            Sort::Endpoints => cluster.endpoints().iter().map(|each| named(&each.name)).collect(),
            Sort::Policy => cluster.policies().iter().map(|each| named(each.name())).collect(),
            Sort::Workload(kind) => {
                let own = cluster.workloads().iter().filter(|each| each.kind == *kind);
                own.map(|each| named(&each.name)).collect()
            }
        }
    }

    /// How many objects of this kind a cluster has.
    #[must_use]
    pub fn count(&self, cluster: &Cluster) -> usize {
        match &self.sort {
            Sort::Namespace => cluster.namespaces().len(),
            Sort::Node => cluster.nodes().len(),
            Sort::Pod => cluster.pods().len(),
            Sort::Service => cluster.services().len(),
            Sort::EndpointSlice => cluster.endpoint_slices().len(),
            Sort::Endpoints => cluster.endpoints().len(),
            Sort::Policy => cluster.policies().len(),
            Sort::Workload(kind) => cluster.workloads().iter().filter(|each| each.kind == *kind).count(),
        }
    }
}

/// Whether the cluster has exactly this object.
pub(super) fn has(cluster: &Cluster, object: &Object) -> bool {
    match object {
        Object::Namespace(own) => cluster.is_given(&own.name) && cluster.namespace(&own.name) == Some(own),
        Object::Pod(own) => cluster.pod(&own.name) == Some(own),
        Object::Workload(own) => cluster.workload(&own.kind, &own.name) == Some(own),
        Object::Node(own) => cluster.node(&own.name) == Some(own),
        Object::Service(own) => cluster.service(&own.name) == Some(own),
        Object::EndpointSlice(own) => cluster.endpoint_slice(&own.name) == Some(own),
        Object::Endpoints(own) => cluster.endpoints_of(&own.name) == Some(own),
        Object::Policy(own) => cluster.policy(own.name()) == Some(own),
        _ => false,
    }
}

/// Whether the cluster has an object of this identity.
pub(super) fn has_id(cluster: &Cluster, id: &ObjectId) -> bool {
    match id {
        ObjectId::Namespace(name) => cluster.is_given(name),
        ObjectId::Pod(name) => cluster.pod(name).is_some(),
        ObjectId::Workload(kind, name) => cluster.workload(kind, name).is_some(),
        ObjectId::Node(name) => cluster.node(name).is_some(),
        ObjectId::Service(name) => cluster.service(name).is_some(),
        ObjectId::EndpointSlice(name) => cluster.endpoint_slice(name).is_some(),
        ObjectId::Endpoints(name) => cluster.endpoints_of(name).is_some(),
        ObjectId::Policy(name) => cluster.policy(name).is_some(),
        _ => false,
    }
}
