//! The backends of a Service.

use std::fmt;
use std::net::IpAddr;

use crate::name::ObjectName;

/// A backend of a Service ([K23](crate::semantics#k23)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// A pod, or a workload none of whose pods is loaded.
    Object(ObjectName),
    /// A node or an address outside the cluster, as its EndpointSlice gives it.
    Address(IpAddr),
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(name) => write!(f, "{name}"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}
