//! Which members of two kinds are asked about each other.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::engine::{Distinctions, Member, Nearness};
use crate::net::AddressNumber;
use crate::oracle::end_kinds::{EndKind, EndKinds};

/// Of so many hosts an end that says no node may be on one.
const HOSTS_PERHAPS: usize = 32;

/// A run of members whose addresses lie in one interval.
pub(super) type Part = Range<usize>;

impl EndKind {
    /// The members, which are in the order of their addresses, by the intervals that a row tells apart.
    pub(super) fn parts(&self, row: &Distinctions) -> Vec<Part> {
        let all = self.members.len();
        let Some(starts) = self.family.map(|family| row.starts(family)) else {
            return std::iter::once(0..all).collect();
        };
        let (mut parts, mut from) = (Vec::new(), 0);
        while let Some(first) = self.members.get(from) {
            let Some(address) = first.address.map(AddressNumber::of) else { break };
            let next = starts.get(starts.partition_point(|start| *start <= address.bits));
            let to = match next {
                Some(next) => self
                    .members
                    .partition_point(|member| member.address.is_some_and(|own| AddressNumber::of(own).bits < *next)),
                None => all,
            };
            parts.push(from..to);
            from = to;
        }
        parts
    }

    fn with_places(&self, part: Part) -> impl Iterator<Item = (usize, &Member)> {
        part.clone().zip(self.members.get(part).unwrap_or_default())
    }
}

pub(super) fn is_same_pod(a: &Member, b: &Member) -> bool {
    a.pod.is_some() && a.pod == b.pod
}

impl EndKinds {
    /// One pair of members for each way in which two kinds can stand to each other: at addresses that the policies of the
    /// other end tell apart, different pods, and where hosts are among them, on the own node and not. `among` says which
    /// destinations come into question.
    pub(super) fn pairs(
        &self,
        source: &EndKind,
        destination: &EndKind,
        among: Option<&[usize]>,
    ) -> Vec<(usize, usize)> {
        if !source.meets(destination) || (source.class.is_none() && destination.class.is_none()) {
            return Vec::new();
        }
        let (egress, ingress) = (self.egress(self.class(source)), self.ingress(self.class(destination)));
        let to_parts = destination.parts(egress);
        let mut all = Vec::new();
        for from in source.parts(ingress) {
            for to in &to_parts {
                match among {
                    Some(among) => {
                        let among: Vec<usize> = among.iter().copied().filter(|at| to.contains(at)).collect();
                        self.pairs_among(source, from.clone(), destination, &among, &mut all);
                    }
                    None if source.is_host || destination.is_host => {
                        self.pairs_of_hosts((source, from.clone()), (destination, to.clone()), &mut all);
                    }
                    None => all.extend(two_pods((source, from.clone()), (destination, to.clone()))),
                }
            }
        }
        all
    }

    fn relation(&self, source: &Member, destination: &Member) -> (Nearness, Nearness) {
        let near = |subject: &Member, peer: &Member| self.engine.nearness(&subject.endpoint, &peer.endpoint);
        (near(source, destination), near(destination, source))
    }

    fn pairs_among(&self, source: &EndKind, part: Part, to: &EndKind, among: &[usize], all: &mut Vec<(usize, usize)>) {
        if !source.is_host && !to.is_host {
            let apart = |other: &usize| {
                let other = to.members.get(*other)?;
                source
                    .with_places(part.clone())
                    .take(2)
                    .find(|(_, member)| !is_same_pod(member, other))
                    .map(|(at, _)| at)
            };
            all.extend(among.iter().find_map(|other| Some((apart(other)?, *other))));
            return;
        }
        let mut found = Vec::new();
        for (from, member) in by_host(source, part) {
            for to_at in among {
                let Some(other) = to.members.get(*to_at).filter(|other| !is_same_pod(member, other)) else { continue };
                let relation = self.relation(member, other);
                if !found.contains(&relation) {
                    found.push(relation);
                    all.push((from, *to_at));
                }
            }
        }
    }

    fn pairs_of_hosts(&self, source: (&EndKind, Part), destination: (&EndKind, Part), all: &mut Vec<(usize, usize)>) {
        let mut found = Vec::new();
        let mut consider = |from: usize, to: usize| {
            let ends = (source.0.members.get(from), destination.0.members.get(to));
            let (Some(a), Some(b)) = ends else { return };
            if is_same_pod(a, b) {
                return;
            }
            let relation = self.relation(a, b);
            if !found.contains(&relation) {
                found.push(relation);
                all.push((from, to));
            }
        };
        let ((from, from_part), (to, to_part)) = (&source, &destination);
        if to.is_host {
            for (at, member) in by_host(from, from_part.clone()) {
                self.hosts_around(member, to, to_part).into_iter().for_each(|host| consider(at, host));
            }
        } else {
            for (at, member) in by_host(to, to_part.clone()) {
                self.hosts_around(member, from, from_part).into_iter().for_each(|host| consider(host, at));
            }
        }
    }

    /// Of the part's hosts those that may be what a member runs on, and one or two others.
    pub(super) fn hosts_around(&self, member: &Member, hosts: &EndKind, part: &Part) -> Vec<usize> {
        let node = member.node.as_ref().and_then(|node| self.engine.cluster().node(node));
        let addresses = node.map_or(&[][..], |node| &node.addresses).iter().map(|each| &each.address);
        let own = member.node.as_ref().and_then(|node| hosts.by_node.get(node)).into_iter();
        let by_address = member.hosts.iter().chain(addresses).filter_map(|address| hosts.by_address.get(address));
        let own = own.chain(by_address).flatten().copied().filter(|at| part.contains(at));
        let other = |(_, host): &(usize, &Member)| {
            host.node != member.node && host.address.is_none_or(|address| !member.hosts.contains(&address))
        };
        // Of what says no node: nodes that it may be on, and others.
        let wanted = if member.node.is_some() || !member.hosts.is_empty() { 2 } else { HOSTS_PERHAPS };
        let others = hosts.with_places(part.clone()).filter(other).take(wanted).map(|(at, _)| at);
        own.chain(others).chain(part.clone().take(2)).collect()
    }
}

/// Two members that are not one pod.
fn two_pods((source, from): (&EndKind, Part), (destination, to): (&EndKind, Part)) -> Option<(usize, usize)> {
    let (at, first) = source.with_places(from.clone()).next()?;
    let mut others = destination.with_places(to.clone());
    if let Some((other, _)) = others.find(|(_, member)| !is_same_pod(first, member)) {
        return Some((at, other));
    }
    let (other, last) = destination.with_places(to).next()?;
    source.with_places(from).find(|(_, member)| !is_same_pod(member, last)).map(|(at, _)| (at, other))
}

/// Two members of each node, set of host addresses and node selector that the part's members name.
pub(super) fn by_host(kind: &EndKind, part: Part) -> Vec<(usize, &Member)> {
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for (at, member) in kind.with_places(part) {
        let selector = Some(&member.node_selector).filter(|_| member.node.is_none());
        let count = seen.entry((&member.node, &member.hosts, selector)).or_default();
        *count += 1;
        // Two, since one may be the other end itself.
        if *count <= 2 {
            all.push((at, member));
        }
    }
    all
}
