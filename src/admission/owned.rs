//! Who in the cluster owns which address (C9).

use std::net::IpAddr;

use crate::model::cluster::{Cluster, Pod};
use crate::net::{AddressNumber, AddressRange};

/// The addresses of one kind of owner, in order, each with its owner's name.
#[derive(Debug, Default)]
pub(super) struct OwnedAddresses(Vec<(AddressNumber, String)>);

impl OwnedAddresses {
    fn new(addresses: impl Iterator<Item = (IpAddr, String)>) -> Self {
        let mut list: Vec<(AddressNumber, String)> =
            addresses.map(|(address, owner)| (AddressNumber::of(address), owner)).collect();
        list.sort();
        list.dedup_by_key(|(number, _)| *number);
        Self(list)
    }

    /// The owners of the addresses in `ranges`, in the order of addresses.
    pub(super) fn within<'a>(&'a self, ranges: &'a [AddressRange]) -> impl Iterator<Item = &'a str> + 'a {
        ranges.iter().flat_map(|range| {
            let start = self.0.partition_point(|(number, _)| *number < range.first_number());
            let end = self.0.partition_point(|(number, _)| *number <= range.last_number());
            self.0.get(start..end).unwrap_or(&[]).iter().map(|(_, owner)| owner.as_str())
        })
    }

    pub(super) fn ranges(&self) -> impl Iterator<Item = AddressRange> + '_ {
        self.0.iter().map(|(number, _)| AddressRange::one(*number))
    }
}

/// The cluster's addresses: pods, nodes (hostIPs and hostNetwork pods too), ClusterIPs.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) pods: OwnedAddresses,
    pub(super) nodes: OwnedAddresses,
    pub(super) services: OwnedAddresses,
}

impl Owned {
    pub(super) fn new(cluster: &Cluster) -> Self {
        let live = || cluster.pods().iter().filter(|pod| pod.is_live());
        let pods = live().filter(|pod| !pod.host_network);
        let pods = pods.flat_map(|pod| pod.addresses.iter().map(|address| (*address, pod.name.to_string())));
        let given = cluster.nodes().iter();
        let given = given.flat_map(|node| node.addresses.iter().map(|entry| (entry.address, node.name.to_string())));
        let services = cluster.services().iter();
        let services = services
            .flat_map(|service| service.cluster_addresses.iter().map(|address| (*address, service.name.to_string())));
        Self {
            pods: OwnedAddresses::new(pods),
            nodes: OwnedAddresses::new(given.chain(live().flat_map(host_addresses))),
            services: OwnedAddresses::new(services),
        }
    }
}

/// The node addresses that a pod gives away: its hostIPs, and its own where it shares them.
fn host_addresses(pod: &Pod) -> impl Iterator<Item = (IpAddr, String)> + '_ {
    let shared: &[IpAddr] = if pod.host_network { &pod.addresses } else { &[] };
    let name = pod.node.as_deref();
    let named = move |address: &IpAddr| (*address, name.map_or_else(|| address.to_string(), str::to_owned));
    pod.host_addresses.iter().chain(shared).map(named)
}
