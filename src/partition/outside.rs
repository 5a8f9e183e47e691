//! Addresses that nobody in the cluster has, interval by interval.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::engine::Snapshot;
use crate::model::cluster::{Cluster, ServiceKind};
use crate::net::{AddressNumber, AddressRange, Family, canonical};

/// Addresses outside the cluster. IPv4-mapped ones are the IPv4 they stand for (K22) and are none of IPv6.
#[derive(Debug)]
pub(crate) struct Outside {
    /// Addresses that somebody has, in order.
    taken: Vec<AddressNumber>,
    /// Addresses of Services beside their ClusterIPs, which nobody has, in order (K26).
    faces: Vec<AddressNumber>,
}

/// The addresses that Services have beside their ClusterIPs (K26).
fn faces_of(cluster: &Cluster) -> impl Iterator<Item = IpAddr> {
    let services = cluster.services().iter().filter(|service| service.kind == ServiceKind::ClusterIp);
    services.flat_map(|service| service.external_addresses.iter().chain(&service.load_balancer_addresses)).copied()
}

/// Those of them that are nobody's, neither in this snapshot nor in that one, and are none in that one.
pub(crate) fn faces_alone(own: &Snapshot, other: &Snapshot) -> Vec<IpAddr> {
    let theirs: BTreeSet<IpAddr> = faces_of(other.cluster()).collect();
    let alone: BTreeSet<IpAddr> = faces_of(own.cluster()).filter(|address| !theirs.contains(address)).collect();
    alone.into_iter().filter(|address| own.is_nobodys(*address) && other.is_nobodys(*address)).collect()
}

impl Outside {
    /// Of several snapshots: what somebody has in any.
    pub(super) fn new(snapshots: &[&Snapshot]) -> Self {
        let (mut all, mut faces): (Vec<IpAddr>, Vec<IpAddr>) = (Vec::new(), Vec::new());
        for (at, cluster) in snapshots.iter().map(|snapshot| snapshot.cluster()).enumerate() {
            let earlier = snapshots.iter().take(at).map(|snapshot| snapshot.cluster());
            let mut sharing = earlier.filter(|other| other.pods().is_shared_with(cluster.pods()));
            let pods = if sharing.next().is_some() { None } else { Some(cluster.pods()) };
            for pod in pods.iter().flat_map(|pods| pods.iter()) {
                all.extend(pod.addresses.iter().chain(&pod.host_addresses));
            }
            all.extend(cluster.nodes().iter().flat_map(|node| node.addresses.iter().map(|each| each.address)));
            all.extend(cluster.services().iter().flat_map(|service| &service.cluster_addresses));
            faces.extend(faces_of(cluster));
        }
        let is_nobodys = |address: &IpAddr| snapshots.iter().all(|snapshot| snapshot.is_nobodys(*address));
        let in_order = |mut addresses: Vec<IpAddr>, wanted: &dyn Fn(&IpAddr) -> bool| {
            addresses.iter_mut().for_each(|address| *address = canonical(*address));
            addresses.sort_unstable();
            addresses.dedup();
            addresses.retain(wanted);
            let mut numbers: Vec<AddressNumber> = addresses.into_iter().map(AddressNumber::of).collect();
            numbers.sort_unstable();
            numbers
        };
        Self {
            taken: in_order(all, &|address| !is_nobodys(address)),
            faces: in_order(faces, &|address| is_nobodys(address)),
        }
    }

    /// An address of that family that no end and no Service has.
    pub(crate) fn any(&self, family: Family) -> Option<IpAddr> {
        self.free_as_destination(AddressRange::all(family)).first().map(AddressRange::first)
    }

    /// What is left of an interval without what somebody has.
    pub(crate) fn free(&self, interval: AddressRange) -> Vec<AddressRange> {
        let mut all = without(interval, &self.taken);
        if interval.family() == Family::V6 {
            all = all.into_iter().flat_map(without_mapped).collect();
        }
        all
    }

    /// And without the addresses of Services, which can be sources alone.
    pub(crate) fn free_as_destination(&self, interval: AddressRange) -> Vec<AddressRange> {
        self.free(interval).into_iter().flat_map(|range| without(range, &self.faces)).collect()
    }
}

/// The range without some addresses, which are in order.
fn without(range: AddressRange, holes: &[AddressNumber]) -> Vec<AddressRange> {
    let from = holes.partition_point(|hole| *hole < range.first_number());
    let mut rest = Vec::new();
    let mut next = Some(range.first_number());
    for hole in holes.iter().skip(from).take_while(|hole| **hole <= range.last_number()) {
        let Some(first) = next else { break };
        rest.extend(hole.previous().and_then(|last| AddressRange::between(first, last)));
        next = hole.next().filter(|next| *next <= range.last_number());
    }
    rest.extend(next.and_then(|first| AddressRange::between(first, range.last_number())));
    rest
}

/// `::ffff:0:0/96` is IPv4.
fn without_mapped(range: AddressRange) -> Vec<AddressRange> {
    const FIRST: u128 = 0xFFFF_0000_0000;
    const LAST: u128 = 0xFFFF_FFFF_FFFF;
    let number = |bits| AddressNumber { family: range.family(), bits };
    let below = AddressRange::between(range.first_number(), range.last_number().min(number(FIRST - 1)));
    let above = AddressRange::between(range.first_number().max(number(LAST + 1)), range.last_number());
    below.into_iter().chain(above).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_and_mapped_addresses_are_left_out() {
        let range = |first: &str, last: &str| AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap();
        let outside = Outside {
            taken: ["10.0.0.0", "10.0.0.5", "10.0.0.6", "10.0.0.9"]
                .map(|text| AddressNumber::of(text.parse().unwrap()))
                .to_vec(),
            faces: vec![AddressNumber::of("10.0.0.3".parse().unwrap())],
        };
        let all = range("10.0.0.0", "10.0.0.9");
        assert_eq!(outside.free(all), [range("10.0.0.1", "10.0.0.4"), range("10.0.0.7", "10.0.0.8")]);
        assert_eq!(
            outside.free_as_destination(all),
            [range("10.0.0.1", "10.0.0.2"), range("10.0.0.4", "10.0.0.4"), range("10.0.0.7", "10.0.0.8")]
        );
        assert_eq!(
            outside.free(range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
            [range("::", "::fffe:ffff:ffff"), range("::1:0:0:0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
        );
    }
}
