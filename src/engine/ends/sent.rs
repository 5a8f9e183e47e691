//! What a source sends to: its destination itself, or what is translated to it on the way (K23, K26).

use std::net::IpAddr;

use crate::engine::ends::end::ResolvedEnd;
use crate::model::flow::L4;

/// What the source of a connection sent to.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Sent<'t> {
    /// The destination: nothing is rewritten.
    ToItself,
    /// A ClusterIP.
    ToClusterIp {
        /// Unknown where the Service's manifest has none yet.
        address: Option<IpAddr>,
        /// Protocol and port as the source sent them.
        l4: L4,
    },
    /// Another face: who has its address, were it no face.
    ToFace {
        /// A node, or nobody known.
        end: ResolvedEnd<'t>,
        /// Protocol and port as the source sent them.
        l4: L4,
        /// Who may have passed the connection on.
        passed_on: PassedOn,
    },
}

/// Who may have passed a connection on with an address of its own in place of the client's (U9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum PassedOn {
    /// Nobody.
    ByNobody,
    /// The node that the face is at.
    ByThatNode,
    /// Any node.
    BySomeNode,
}

impl Sent<'_> {
    /// The address that was sent to, where it is not the destination's.
    pub(in crate::engine) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::ToItself => None,
            Self::ToClusterIp { address, .. } => *address,
            Self::ToFace { end, .. } => end.address,
        }
    }
}
