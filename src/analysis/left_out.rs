//! What a comparison did not ask.

use serde::Serialize;

use crate::analysis::ends::Ends;
use crate::name::ObjectName;

/// What [`impact`](crate::analysis::impact) did not ask, and an [`Impact`](crate::analysis::Impact) therefore says nothing
/// of. As JSON:
///
/// ```json
/// {
///   "unpaired": {"members": ["default/new"], "services": [], "outside": []},
///   "services": ["default/db"],
///   "host_ports": ["default/proxy-0"],
///   "replicas": ["default/db"],
///   "node_ports": 0
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// Ends that only one of the snapshots knows: there is no verdict to compare.
    pub unpaired: Ends,
    /// Services with a backend whose ingress side may change. What reaches them by way of the Service is not listed: by its
    /// ClusterIP it changes as what reaches the backend itself does; by its other faces the backend may see a node in place of
    /// the client ([U9](crate::semantics#u9)). Only what changes at the egress side of such a flow is listed.
    pub services: Vec<ObjectName>,
    /// Pods with host ports whose ingress side may change: likewise.
    pub host_ports: Vec<ObjectName>,
    /// StatefulSets with more replicas than are tried where selectors ask which ([K27](crate::semantics#k27)).
    pub replicas: Vec<ObjectName>,
    /// How many ports of nodes that are a Service's or a pod's ([K26](crate::semantics#k26)) were not tried at the egress side.
    pub node_ports: usize,
}

impl LeftOut {
    /// Whether everything was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
