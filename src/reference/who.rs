//! Who the ends of a flow are.

use std::net::IpAddr;

use crate::labels::Labels;
use crate::model::cluster::{ContainerPort, Pod, Workload};
use crate::name::ObjectName;

/// Who an end is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who<'c> {
    Pod(&'c Pod),
    Workload(&'c Workload),
    /// A StatefulSet's replica by its ordinal (K27).
    Replica(&'c Workload, u32),
    /// A pod that does not exist yet: those labels, and nothing else is known of it.
    Labelled {
        namespace: &'c str,
        labels: &'c Labels,
    },
    /// A node, by name where one is known.
    Node(Option<&'c str>),
    /// What a flow to a ClusterIP is sent to.
    ClusterIp,
    External,
}

impl<'c> Who<'c> {
    /// The pod or workload template behind it, as far as policies look at it; none of what is no pod.
    fn template(self) -> Option<Template<'c>> {
        match self {
            Self::Pod(pod) => Some(Template {
                namespace: pod.name.namespace(),
                labels: &pod.labels,
                ports: &pod.ports,
                runtime_class: pod.runtime_class.as_deref(),
                host_network: pod.host_network,
                node: pod.node.as_deref(),
                node_selector: Some(&pod.node_selector),
            }),
            Self::Workload(workload) | Self::Replica(workload, _) => Some(Template {
                namespace: workload.name.namespace(),
                labels: &workload.labels,
                ports: &workload.ports,
                runtime_class: workload.runtime_class.as_deref(),
                host_network: workload.host_network,
                node: workload.node.as_deref(),
                node_selector: Some(&workload.node_selector),
            }),
            Self::Labelled { namespace, labels } => Some(Template {
                namespace,
                labels,
                ports: &[],
                runtime_class: None,
                host_network: false,
                node: None,
                node_selector: None,
            }),
            Self::Node(_) | Self::ClusterIp | Self::External => None,
        }
    }

    /// The name of a pod, a workload or a replica.
    pub(super) fn object(self) -> Option<ObjectName> {
        match self {
            Self::Pod(pod) => Some(pod.name.clone()),
            Self::Workload(workload) => Some(workload.name.clone()),
            Self::Replica(workload, ordinal) => Some(replica_name(workload, ordinal)),
            Self::Labelled { .. } | Self::Node(_) | Self::ClusterIp | Self::External => None,
        }
    }

    pub(super) fn namespace(self) -> Option<&'c str> {
        self.template().map(|template| template.namespace)
    }

    /// As manifests give them; controllers add others (K27).
    pub(super) fn labels(self) -> Option<&'c Labels> {
        self.template().map(|template| template.labels)
    }

    pub(super) fn ports(self) -> &'c [ContainerPort] {
        self.template().map_or(&[], |template| template.ports)
    }

    pub(super) fn runtime_class(self) -> Option<&'c str> {
        self.template()?.runtime_class
    }

    pub(super) fn is_host_network(self) -> bool {
        self.template().is_some_and(|template| template.host_network)
    }

    /// The node it is, or says that it runs on.
    pub(super) fn node(self) -> Option<&'c str> {
        match self {
            Self::Node(name) => name,
            _ => self.template()?.node,
        }
    }

    pub(super) fn node_selector(self) -> Option<&'c Labels> {
        self.template()?.node_selector
    }

    /// One pod at both ends; a workload is never one, its replica by name is (K25, K27).
    pub(super) fn is_same_pod(self, other: Self) -> bool {
        match (self, other) {
            (Self::Pod(a), Self::Pod(b)) => a.name == b.name,
            (Self::Replica(a, i), Self::Replica(b, j)) => a.name == b.name && i == j,
            _ => false,
        }
    }
}

/// What pods, workloads and their like have in common.
struct Template<'c> {
    namespace: &'c str,
    labels: &'c Labels,
    ports: &'c [ContainerPort],
    runtime_class: Option<&'c str>,
    host_network: bool,
    node: Option<&'c str>,
    node_selector: Option<&'c Labels>,
}

/// `NS/NAME-I` (K27).
pub(super) fn replica_name(set: &Workload, ordinal: u32) -> ObjectName {
    ObjectName::new(set.name.namespace().clone(), format!("{}-{ordinal}", set.name.name()))
}

/// An end with the address it has in this flow; none where a pod has none yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party<'c> {
    pub(super) who: Who<'c>,
    pub(super) address: Option<IpAddr>,
    /// The Service's selector that led to this workload: what it asks of controllers' labels is so (U7).
    pub(super) selected_by: Option<&'c Labels>,
    /// The node that a backend without one is taken to be on (K26, `externalTrafficPolicy: Local`).
    pub(super) taken_on: Option<&'c str>,
}

impl<'c> Party<'c> {
    pub(super) fn new(who: Who<'c>, address: Option<IpAddr>) -> Self {
        Self { who, address, selected_by: None, taken_on: None }
    }
}
