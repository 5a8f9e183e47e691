//! Why a probe cannot be sent.

use std::fmt;

use serde::Serialize;

/// Why no packet can be made of a probe from what was loaded: as JSON the word (`no-address`), as text a reason to count it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Obstacle {
    /// An end is a pod that does not exist yet, given by its labels.
    Labelled,
    /// An end is a replica of a StatefulSet none of whose pods is loaded.
    Replica,
    /// An end is a workload, which stands for pods that are not loaded.
    Workload,
    /// An end, a pod, has no address.
    NoAddress,
    /// It goes to a Service that has no ClusterIP yet.
    NoClusterIp,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Labelled => "an end is a pod that does not exist yet",
            Self::Replica => "an end is a replica that does not exist as a pod",
            Self::Workload => "an end is a workload, no pod of which is loaded",
            Self::NoAddress => "an end has no address",
            Self::NoClusterIp => "the Service has no ClusterIP yet",
        })
    }
}
