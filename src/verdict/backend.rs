//! The backends of a Service.

use std::fmt;
use std::net::IpAddr;

use crate::model::cluster::WorkloadKind;
use crate::model::flow::Endpoint;
use crate::name::ObjectName;

/// A backend of a Service ([K23](crate::semantics#k23)), as flows name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// A pod, or a workload none of whose pods is loaded.
    Object(ObjectName),
    /// Such a workload, where a pod or another workload has its name too ([K25](crate::semantics#k25)).
    Workload(ObjectName, WorkloadKind),
    /// A node or an address outside the cluster, as its EndpointSlice gives it.
    Address(IpAddr),
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(name) => write!(f, "{name}"),
            Self::Workload(name, kind) => Endpoint::Workload { kind: kind.clone(), name: name.clone() }.fmt(f),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}
