//! What tells objects of a kind apart.

use std::sync::Arc;

use super::endpoints::{EndpointSlice, Endpoints};
use super::namespace::Namespace;
use super::node::Node;
use super::pod::Pod;
use super::service::Service;
use super::workload::Workload;
use super::workload_kind::WorkloadKind;
use crate::model::objects::{Identified, Namespaced, sealed::Sealed};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;

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
        (self.name.clone(), self.kind.clone())
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
    Endpoints: |endpoints| endpoints.name,
    NetworkPolicy: |policy| policy.name(),
}
