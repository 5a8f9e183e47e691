//! What the profile says of common questions, for the fast path.

use crate::profile::capability::{
    Capabilities, EndPort, HostNetwork, IpBlockScope, OtherProtocols, OwnNode, Support, UnaddressedPod, Unowned,
};

/// What the profile says of common questions, settled once.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProfileDigest {
    /// C7.
    pub(super) ipv6: bool,
    /// C12 leaves SCTP open.
    pub(super) sctp_open: bool,
    pub(super) other_protocols: OtherProtocols,
    pub(super) end_port: EndPort,
    pub(super) scope: IpBlockScope,
    pub(super) unowned: Unowned,
    pub(super) unaddressed: UnaddressedPod,
    /// U2.
    pub(super) hosts_are_nodes: bool,
    /// K18, C13.
    pub(super) own_node_passes: bool,
}

impl ProfileDigest {
    pub(super) fn of(capabilities: &Capabilities) -> Self {
        Self {
            ipv6: capabilities.ipv6 == Support::Supported,
            sctp_open: capabilities.sctp != Support::Supported,
            other_protocols: capabilities.other_protocols,
            end_port: capabilities.end_port,
            scope: capabilities.ip_block_scope,
            unowned: capabilities.unowned_pod_address,
            unaddressed: capabilities.unaddressed_pod,
            hosts_are_nodes: capabilities.host_network == HostNetwork::Node,
            own_node_passes: matches!(capabilities.own_node, OwnNode::Supported | OwnNode::EgressJudged),
        }
    }
}
