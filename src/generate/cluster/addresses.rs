//! Which addresses pods, nodes and Services have, so that no two claim one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::net::Cidr;

/// Addresses of 10.0.0.0/8 without 10.96.0.0/12, which is the Services'.
const POD_SPACE: u32 = (1 << 24) - (1 << 20);
/// The first address of 10.0.0.0/8.
const PODS: u32 = 0x0A00_0000;
/// Where the Services' range begins in 10.0.0.0/8, and how many addresses it has.
const SERVICES_AT: u32 = 96 << 16;
const SERVICES_LEN: u32 = 1 << 20;
/// 172.16.0.0/12.
const NODES: u32 = 0xAC10_0000;
/// 198.18.0.0/15.
const EXTERNAL: u32 = 0xC612_0000;
const EXTERNAL_LEN: u32 = 1 << 17;

/// How pods spread over nodes, and a node's pods over its range.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pods: u32,
    nodes: u32,
    /// Addresses of a node's range.
    range: u32,
    /// Coprime to the number of pods: steps by it visit every place once.
    step: u32,
}

impl Layout {
    pub(super) fn new(pods: u32, nodes: u32) -> Self {
        let (pods, nodes) = (pods.max(1), nodes.max(1));
        let most = pods.div_ceil(nodes);
        // A /24 as Kubernetes gives it, a larger power of two, or just enough.
        let usual = most.saturating_add(2).next_power_of_two().max(256);
        let fits = |range: u32| u64::from(range) * u64::from(nodes) < u64::from(POD_SPACE);
        let range = if fits(usual) { usual } else { most };
        let near_golden = (u64::from(pods) * 618 / 1_000).max(1);
        let near_golden = u32::try_from(near_golden).unwrap_or(1);
        let step = (near_golden..).find(|step| gcd(*step, pods) == 1).unwrap_or(1);
        Self { pods, nodes, range, step }
    }

    /// Node and place of the `index`th pod: neighbours by name are no neighbours by address.
    fn place(&self, index: u32) -> (u32, u32) {
        let scattered = u64::from(index) * u64::from(self.step) % u64::from(self.pods);
        let scattered = u32::try_from(scattered).unwrap_or_default();
        (scattered % self.nodes, scattered / self.nodes)
    }

    /// The node of the `index`th pod.
    pub(super) fn node_of(&self, index: u32) -> u32 {
        self.place(index).0
    }

    fn number(&self, index: u32) -> u32 {
        let (node, place) = self.place(index);
        // A node's range begins with its network's own address and its gateway's.
        let reserved = if self.range >= 256 { 2 } else { 0 };
        node * self.range + reserved + place
    }

    /// The IPv4 address of the `index`th pod.
    pub(super) fn pod(&self, index: u32) -> IpAddr {
        in_pod_space(self.number(index)).into()
    }

    /// The IPv6 address of the `index`th pod, in fd00:10::/64.
    pub(super) fn pod_v6(&self, index: u32) -> IpAddr {
        Ipv6Addr::from_bits(POD_V6 | u128::from(self.number(index))).into()
    }

    /// A range of `prefix` bits among the pods', around the address of the `index`th pod.
    pub(super) fn around(&self, index: u32, prefix: u8) -> Cidr {
        let address = self.pod(index);
        Cidr::new(address, prefix).unwrap_or_else(|_| Cidr::host(address))
    }
}

const POD_V6: u128 = 0xFD00_0010 << 96;
const NODE_V6: u128 = 0xFD00_0172 << 96;

fn in_pod_space(number: u32) -> Ipv4Addr {
    let skipped = if number >= SERVICES_AT { SERVICES_LEN } else { 0 };
    Ipv4Addr::from_bits(PODS + number % POD_SPACE + skipped)
}

/// The internal addresses of a node: 172.16.0.0/12 and fd00:172::/64.
pub(super) fn node(index: u32) -> [IpAddr; 2] {
    let number = index % SERVICES_LEN + 1;
    [Ipv4Addr::from_bits(NODES + number).into(), Ipv6Addr::from_bits(NODE_V6 | u128::from(number)).into()]
}

/// The external address of a node, while 198.18.0.0/15 has any.
pub(super) fn node_external(index: u32) -> Option<IpAddr> {
    (index < EXTERNAL_LEN - 1).then(|| Ipv4Addr::from_bits(EXTERNAL + index + 1).into())
}

/// A ClusterIP: 10.96.0.0/12 from 10.96.0.10 on, where the cluster's DNS usually is.
pub(super) fn service(index: u32) -> IpAddr {
    Ipv4Addr::from_bits(PODS + SERVICES_AT + (index + 10) % SERVICES_LEN).into()
}

/// An address of a load balancer, or an external one: of 100.64.0.0/10, whose first half is enough for all.
pub(super) fn face(index: u32) -> IpAddr {
    Ipv4Addr::from_bits(u32::from_be_bytes([100, 64, 0, 0]) + index).into()
}

fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_pods_share_an_address_and_none_has_a_services() {
        let services: Cidr = "10.96.0.0/12".parse().unwrap();
        let pods: Cidr = "10.0.0.0/8".parse().unwrap();
        for (count, nodes) in
            [(1, 1), (7, 3), (1_000, 10), (1_000, 1_000), (600_000, 3), (300_000, 60_000), (90_000, 90_000)]
        {
            let layout = Layout::new(count, nodes);
            let mut seen = HashSet::new();
            for index in 0..count {
                let address = layout.pod(index);
                assert!(pods.contains(address) && !services.contains(address), "{address}");
                assert!(seen.insert(address) && seen.insert(layout.pod_v6(index)), "{address} of {count} on {nodes}");
                assert!(layout.node_of(index) < nodes);
            }
        }
    }

    #[test]
    fn the_most_pods_on_the_most_nodes_fit() {
        for nodes in [1, 1_000, 60_000, crate::generate::MAX_NODES] {
            let layout = Layout::new(crate::generate::MAX_PODS, nodes);
            assert!(u64::from(layout.range) * u64::from(nodes) < u64::from(POD_SPACE), "{layout:?}");
        }
    }
}
