//! What the profile says of common questions, for the fast path.

use std::net::IpAddr;

use crate::net::Cidr;
use crate::profile::capability::{
    Capabilities, EndPort, HostNetwork, IpBlockScope, OtherProtocols, OwnNode, Support, UnaddressedPod, Unowned,
};
use crate::profile::profile::Profile;

/// What the profile says of common questions, settled once.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct ProfileDigest {
    /// C7.
    pub(in crate::engine) ipv6: bool,
    /// C12 leaves SCTP open.
    pub(in crate::engine) sctp_open: bool,
    pub(in crate::engine) other_protocols: OtherProtocols,
    pub(in crate::engine) end_port: EndPort,
    pub(in crate::engine) block_reach: BlockReach,
    pub(in crate::engine) unaddressed: UnaddressedPod,
    /// C10.
    pub(in crate::engine) cluster_ip: bool,
    /// U2.
    pub(in crate::engine) hosts_are_nodes: bool,
    /// K18, C13.
    pub(in crate::engine) own_node_passes: bool,
}

impl ProfileDigest {
    pub(in crate::engine) fn of(capabilities: &Capabilities) -> Self {
        Self {
            ipv6: capabilities.ipv6 == Support::Supported,
            sctp_open: capabilities.sctp != Support::Supported,
            other_protocols: capabilities.other_protocols,
            end_port: capabilities.end_port,
            block_reach: BlockReach::of(capabilities),
            unaddressed: capabilities.unaddressed_pod,
            cluster_ip: capabilities.cluster_ip == Support::Supported,
            hosts_are_nodes: capabilities.host_network == HostNetwork::Node,
            own_node_passes: matches!(capabilities.own_node, OwnNode::Supported | OwnNode::EgressJudged),
        }
    }
}

/// Whom ipBlocks reach at all (C9).
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct BlockReach {
    scope: IpBlockScope,
    unowned: Unowned,
}

/// Whether they reach somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Reached {
    No,
    Unknown,
    Yes,
}

impl BlockReach {
    pub(in crate::engine) fn of(capabilities: &Capabilities) -> Self {
        Self { scope: capabilities.ip_block_scope, unowned: capabilities.unowned_pod_address }
    }

    /// Whoever is in the cluster.
    #[inline]
    pub(in crate::engine) fn inside(self) -> bool {
        self.scope != IpBlockScope::OutsideCluster
    }

    /// An address that nobody known has.
    pub(in crate::engine) fn outside(self, profile: &Profile, address: IpAddr) -> Reached {
        if self.scope == IpBlockScope::Any {
            return Reached::Yes;
        }
        let among = |cidrs: &[Cidr]| cidrs.iter().any(|cidr| cidr.contains(address));
        let of_services = among(profile.service_cidrs());
        let of_pods = !of_services && among(profile.pod_cidrs());
        if of_pods && self.unowned == Unowned::Unknown {
            return Reached::Unknown;
        }
        let is_reached = (of_services || of_pods) == (self.scope == IpBlockScope::InsideCluster);
        if is_reached { Reached::Yes } else { Reached::No }
    }
}
