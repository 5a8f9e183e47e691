//! What a source sends to: its destination itself, or what is translated to it on the way (K23, K26).

use std::net::IpAddr;

use crate::engine::ends::end::ResolvedEnd;
use crate::engine::ends::faces::FaceKind;
use crate::model::flow::L4;

/// What the source of a connection sent to.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Sent<'t> {
    /// The destination: nothing is rewritten.
    Straight,
    /// A ClusterIP.
    ClusterIp {
        /// Unknown where the Service's manifest has none yet.
        address: Option<IpAddr>,
        /// Protocol and port as the source sent them.
        l4: L4,
    },
    /// Another face: who has its address, were it no face.
    Face {
        /// A node, or nobody known.
        end: ResolvedEnd<'t>,
        /// Protocol and port as the source sent them.
        l4: L4,
        /// Which face it is.
        kind: FaceKind,
        /// Who may have passed the connection on.
        passed_on: PassedOn,
    },
}

/// Who may have passed a connection on with an address of its own in place of the client's (U9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PassedOn {
    /// Nobody.
    Never,
    /// The node that the face is at.
    Named,
    /// Any node.
    Some,
}

impl Sent<'_> {
    /// The address that was sent to, where it is not the destination's.
    pub(in crate::engine) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Straight => None,
            Self::ClusterIp { address, .. } => *address,
            Self::Face { end, .. } => end.address,
        }
    }
}
