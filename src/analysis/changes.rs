//! What a change does: who becomes isolated or free, which connections open and close.

use serde::Serialize;

use crate::analysis::ends::Ends;
use crate::analysis::left_out::LeftOut;
use crate::analysis::place::Tie;
use crate::analysis::port_set::PortSet;
use crate::model::flow::Flow;
use crate::name::{Direction, ObjectName};
use crate::net::Family;
use crate::verdict::Verdict;

/// What a change does. As JSON, with what each part holds:
///
/// ```json
/// {
///   "isolation": [{"object": "default/db", "direction": "ingress", "becomes": "isolated"}],
///   "flows": [
///     {
///       "direction": "ingress",
///       "source": {"members": ["default/web"], "services": [], "outside": ["0.0.0.0-255.255.255.255"]},
///       "destination": {"members": ["default/db"], "services": [], "outside": []},
///       "ports": ["80/tcp", "8080-8090/tcp", "all udp", "all sctp", "other protocols"],
///       "related": null,
///       "family": null,
///       "witness": "default/web -> default/db:80/tcp",
///       "before": "allow",
///       "after": "deny"
///     }
///   ],
///   "omitted": 0,
///   "exhausted": false,
///   "left_out": {"unpaired": {"members": [], "services": [], "outside": []}, "services": ["default/db"], "host_ports": [],
///                "replicas": [], "node_ports": 0}
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Impact {
    /// Pods and workloads that become isolated or free, by name.
    pub isolation: Vec<IsolationChange>,
    /// Connections whose verdict changes, each kind once; at most [`MAX_CHANGES`](crate::analysis::MAX_CHANGES).
    pub flows: Vec<FlowChange>,
    /// How many kinds were found beyond those listed.
    pub omitted: usize,
    /// The search stopped at [`MAX_FLOWS`](crate::analysis::MAX_FLOWS), or at as many blocks or addresses as it tries: there may be
    /// changes that are not found.
    pub exhausted: bool,
    /// What was not asked.
    pub left_out: LeftOut,
}

/// A pod, or a workload that stands for pods nobody loaded, gains or loses its isolation ([K1](crate::semantics#k1)). [`Impact`] shows it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct IsolationChange {
    /// The pod or workload.
    pub object: ObjectName,
    /// In which direction.
    pub direction: Direction,
    /// What becomes of it.
    pub becomes: Isolation,
}

/// Whether policies isolate a pod for a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Some policy does.
    Isolated,
    /// None does, or none is enforced ([C1](crate::semantics#c1) to [C3](crate::semantics#c3)).
    Free,
    /// Whether one does hangs on a label that a controller sets ([U7](crate::semantics#u7)).
    Open,
}

/// Whether one end of a connection is the node that the other runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// It is ([K18](crate::semantics#k18)).
    OwnNode,
    /// It is not.
    OtherNode,
    /// An end says no node, and may run there ([U8](crate::semantics#u8)).
    Open,
}

impl From<Tie> for Relation {
    fn from(tie: Tie) -> Self {
        match tie {
            Tie::None => Self::OtherNode,
            Tie::Own => Self::OwnNode,
            Tie::Open => Self::Open,
        }
    }
}

/// Connections from every source to every destination named, over every port named, get another verdict.
///
/// A pod's connections to itself are never meant ([K19](crate::semantics#k19)). [`Impact`] shows it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FlowChange {
    /// The side whose verdict changes.
    pub direction: Direction,
    /// Who opens them.
    pub source: Ends,
    /// Where to.
    pub destination: Ends,
    /// Over which ports.
    pub ports: PortSet,
    /// Where one end is a node, or shares a node's network: only pairs of which this is so, after the change.
    pub related: Option<Relation>,
    /// Only by the addresses of this family; `None`: by the family that the two ends meet by
    /// ([K22](crate::semantics#k22)).
    pub family: Option<Family>,
    /// One of them.
    pub witness: Flow,
    /// Its verdict before.
    pub before: Verdict,
    /// Its verdict after.
    pub after: Verdict,
}
