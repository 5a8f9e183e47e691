//! Changes of a cluster: objects that come, are replaced, and go.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::labels::{LabelKey, LabelValue, Labels};
use crate::model::cluster::{
    Cluster, ContainerPort, EndpointSlice, Endpoints, NAMESPACE_NAME_LABEL, Namespace, Node, Pod, Service, Workload,
    WorkloadKind,
};
use crate::model::objects::{Identified, Namespaced, Objects, Stored};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;
use crate::net::canonical;
use crate::text::listed;

/// An object of any kind that a cluster holds ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum Object {
    Namespace(Namespace),
    Pod(Pod),
    Workload(Workload),
    Node(Node),
    Service(Service),
    EndpointSlice(EndpointSlice),
    Endpoints(Endpoints),
    Policy(NetworkPolicy),
}

impl Object {
    /// What tells it apart from every other object.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        match self {
            Self::Namespace(namespace) => ObjectId::Namespace(namespace.identity()),
            Self::Pod(pod) => ObjectId::Pod(pod.identity()),
            Self::Workload(workload) => ObjectId::Workload(workload.kind.clone(), workload.name.clone()),
            Self::Node(node) => ObjectId::Node(node.identity()),
            Self::Service(service) => ObjectId::Service(service.identity()),
            Self::EndpointSlice(slice) => ObjectId::EndpointSlice(slice.identity()),
            Self::Endpoints(endpoints) => ObjectId::Endpoints(endpoints.identity()),
            Self::Policy(policy) => ObjectId::Policy(policy.identity()),
        }
    }
}

macro_rules! from_kinds {
    ($($variant:ident($kind:ty)),+ $(,)?) => { $(
        impl From<$kind> for Object {
            fn from(object: $kind) -> Self {
                Self::$variant(object)
            }
        }
    )+ };
}

from_kinds! {
    Namespace(Namespace),
    Pod(Pod),
    Workload(Workload),
    Node(Node),
    Service(Service),
    EndpointSlice(EndpointSlice),
    Endpoints(Endpoints),
    Policy(NetworkPolicy),
}

/// What tells an object apart from every other: its kind and its name, written `Pod default/web-0`
/// ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum ObjectId {
    Namespace(Arc<str>),
    Pod(ObjectName),
    Workload(WorkloadKind, ObjectName),
    Node(Arc<str>),
    Service(ObjectName),
    EndpointSlice(ObjectName),
    Endpoints(ObjectName),
    Policy(ObjectName),
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(f, "Namespace {name}"),
            Self::Pod(name) => write!(f, "Pod {name}"),
            Self::Workload(kind, name) => write!(f, "{kind} {name}"),
            Self::Node(name) => write!(f, "Node {name}"),
            Self::Service(name) => write!(f, "Service {name}"),
            Self::EndpointSlice(name) => write!(f, "EndpointSlice {name}"),
            Self::Endpoints(name) => write!(f, "Endpoints {name}"),
            Self::Policy(name) => write!(f, "NetworkPolicy {name}"),
        }
    }
}

/// One change of a cluster; [`Cluster::apply`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The object is there from now on, in the place of any of its identity.
    Put(Object),
    /// The object is there no more.
    Remove(ObjectId),
}

impl Change {
    /// Which object it changes.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        match self {
            Self::Put(object) => object.id(),
            Self::Remove(id) => id.clone(),
        }
    }
}

/// Changes remove what is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot remove what is not there: {}", listed(.unknown))]
pub struct ChangeError {
    unknown: Vec<ObjectId>,
}

impl ChangeError {
    /// All of them, in the order of the changes.
    #[must_use]
    pub fn unknown(&self) -> &[ObjectId] {
        &self.unknown
    }
}

/// IPv4-mapped addresses are the IPv4 ones they stand for (K22).
fn unmap(addresses: &mut [IpAddr]) {
    addresses.iter_mut().for_each(|address| *address = canonical(*address));
}

fn unmap_host_ports(ports: &mut [ContainerPort]) {
    let host_ports = ports.iter_mut().filter_map(|port| port.host_port.as_mut());
    host_ports.filter_map(|host_port| host_port.address.as_mut()).for_each(|address| *address = canonical(*address));
}

impl Cluster {
    /// Every object that decides something, kind by kind, namespaces first, those too that are merely named: what
    /// [`ClusterBuilder::object`](crate::model::ClusterBuilder::object) makes an equal cluster of. Policies of other kinds,
    /// and what was not given, are not among them.
    pub fn objects(&self) -> impl Iterator<Item = Object> {
        let namespaces = self.namespaces().iter().cloned().map(Object::Namespace);
        namespaces
            .chain(self.nodes().iter().cloned().map(Object::Node))
            .chain(self.pods().iter().cloned().map(Object::Pod))
            .chain(self.workloads().iter().cloned().map(Object::Workload))
            .chain(self.services().iter().cloned().map(Object::Service))
            .chain(self.endpoint_slices().iter().cloned().map(Object::EndpointSlice))
            .chain(self.endpoints().iter().cloned().map(Object::Endpoints))
            .chain(self.policies().iter().cloned().map(Object::Policy))
    }

    /// Makes the changes in their order: all of them, or none where one removes what is not there by then.
    /// What it costs depends on the number of changes, hardly on the size of the cluster; clones that were
    /// taken before stay as they are.
    ///
    /// A namespace that was not given but is merely named comes and goes with the objects that name it; one
    /// that was given and is removed falls back to that while objects name it ([K10](crate::semantics#k10)).
    ///
    /// # Errors
    ///
    /// Every removal of something that is not there; a namespace that was not given is not.
    ///
    /// ```
    /// use netpol_oracle::model::ObjectId;
    /// use netpol_oracle::{Change, Cluster, ObjectName, Pod};
    /// let name = ObjectName::new("shop", "web-0");
    /// let mut cluster = Cluster::default();
    /// cluster.apply(&[Change::Put(Pod::new(name.clone()).into())])?;
    /// let before = cluster.clone();
    ///
    /// let gone = Change::Remove(ObjectId::Pod(name));
    /// cluster.apply(&[gone.clone()])?;
    /// assert_eq!(cluster, Cluster::default(), "its namespace goes with it (K10)");
    /// assert_eq!(before.pods().len(), 1);
    ///
    /// let error = cluster.apply(&[gone]).unwrap_err();
    /// assert_eq!(error.to_string(), "cannot remove what is not there: `Pod shop/web-0`");
    /// # Ok::<(), netpol_oracle::model::ChangeError>(())
    /// ```
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), ChangeError> {
        let mut changed = self.clone();
        let mut unknown = Vec::new();
        for change in changes {
            match change {
                Change::Put(object) => changed.put(object.clone()),
                Change::Remove(id) if changed.remove(id) => {}
                Change::Remove(id) => unknown.push(id.clone()),
            }
        }
        if !unknown.is_empty() {
            return Err(ChangeError { unknown });
        }
        *self = changed;
        Ok(())
    }

    pub(super) fn put(&mut self, object: Object) {
        match object {
            Object::Namespace(namespace) => {
                self.implied.remove(&namespace.name);
                insert(&mut self.namespaces, with_name_label(namespace));
            }
            Object::Node(mut node) => {
                node.addresses.iter_mut().for_each(|each| each.address = canonical(each.address));
                insert(&mut self.nodes, node);
            }
            Object::Pod(mut pod) => {
                unmap(&mut pod.addresses);
                unmap(&mut pod.host_addresses);
                unmap_host_ports(&mut pod.ports);
                self.imply(pod.name.namespace());
                insert(&mut self.pods, pod);
            }
            Object::Workload(mut workload) => {
                unmap_host_ports(&mut workload.ports);
                self.imply(workload.name.namespace());
                insert(&mut self.workloads, workload);
            }
            Object::Service(mut service) => {
                unmap(&mut service.cluster_addresses);
                unmap(&mut service.external_addresses);
                unmap(&mut service.load_balancer_addresses);
                self.imply(service.name.namespace());
                insert(&mut self.services, service);
            }
            Object::EndpointSlice(mut slice) => {
                slice.endpoints.iter_mut().for_each(|each| unmap(&mut each.addresses));
                self.imply(slice.name.namespace());
                insert(&mut self.endpoint_slices, slice);
            }
            Object::Endpoints(mut endpoints) => {
                let all = endpoints.subsets.iter_mut().flat_map(|subset| &mut subset.endpoints);
                all.for_each(|each| unmap(&mut each.addresses));
                self.imply(endpoints.name.namespace());
                insert(&mut self.endpoints, endpoints);
            }
            Object::Policy(policy) => {
                self.imply(policy.name().namespace());
                insert(&mut self.policies, policy);
            }
        }
    }

    /// Whether it was there.
    fn remove(&mut self, id: &ObjectId) -> bool {
        let (namespace, was_there) = match id {
            ObjectId::Namespace(name) => return self.remove_namespace(name),
            ObjectId::Node(name) => return self.nodes.remove(name).is_some(),
            ObjectId::Pod(name) => (name.namespace(), self.pods.remove(name).is_some()),
            ObjectId::Workload(kind, name) => {
                (name.namespace(), self.workloads.remove(&(name.clone(), kind.clone())).is_some())
            }
            ObjectId::Service(name) => (name.namespace(), self.services.remove(name).is_some()),
            ObjectId::EndpointSlice(name) => (name.namespace(), self.endpoint_slices.remove(name).is_some()),
            ObjectId::Endpoints(name) => (name.namespace(), self.endpoints.remove(name).is_some()),
            ObjectId::Policy(name) => (name.namespace(), self.policies.remove(name).is_some()),
        };
        if was_there && self.implied.contains(namespace) && !self.names(namespace) {
            self.implied.remove(namespace);
            self.namespaces.remove(namespace);
        }
        was_there
    }

    fn remove_namespace(&mut self, name: &Arc<str>) -> bool {
        if self.implied.contains(name) || self.namespaces.remove(name).is_none() {
            return false;
        }
        if self.names(name) {
            self.imply(name);
        }
        true
    }

    /// An object names the namespace.
    fn imply(&mut self, name: &Arc<str>) {
        if !self.namespaces.contains_key(name) {
            self.implied.insert(name.clone());
            insert(&mut self.namespaces, with_name_label(Namespace { name: name.clone(), labels: Labels::new() }));
        }
    }

    /// Whether an object names the namespace.
    fn names(&self, namespace: &Arc<str>) -> bool {
        has_any(self.pods(), namespace)
            || has_any(self.workloads(), namespace)
            || has_any(self.services(), namespace)
            || has_any(self.endpoint_slices(), namespace)
            || has_any(self.endpoints(), namespace)
            || has_any(self.policies(), namespace)
    }
}

fn insert<T: Identified>(stored: &mut Stored<T>, object: T) {
    stored.insert(object.identity(), Arc::new(object));
}

fn has_any<T: Namespaced>(objects: Objects<'_, T>, namespace: &Arc<str>) -> bool {
    objects.handles_in_namespace(namespace.clone()).next().is_some()
}

/// The namespace as the server keeps it (K10).
pub(crate) fn with_name_label(mut namespace: Namespace) -> Namespace {
    // A name that is no label value could not exist on a server; it gets no label to match.
    if let (Ok(key), Ok(value)) = (LabelKey::new(NAMESPACE_NAME_LABEL), LabelValue::new(&namespace.name)) {
        namespace.labels.insert(key, value);
    }
    namespace
}
