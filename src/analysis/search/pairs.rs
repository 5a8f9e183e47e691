//! Every pair of ends, group by group.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::search::ask::{Ask, Outcomes, Pair};
use crate::analysis::search::fronts::{Front, NodePorts, fronts, node_ports};
use crate::analysis::search::ports::Ports;
use crate::analysis::search::selection::Selection;
use crate::analysis::search::sets::{Sources, Targets};
use crate::engine::{Distinctions, Snapshot};
use crate::model::flow::{Endpoint, Flow, L4};
use crate::net::{AddressRange, Family, PortCuts, PortInterval};
use crate::partition::{EndIx, Ground, Group, View, Who};

/// From some sources everything that there is to tell: where to, by outcome and ports.
pub(in crate::analysis) struct Reached<O> {
    pub(in crate::analysis) sources: Sources,
    pub(in crate::analysis) targets: BTreeMap<(O, Ports), Targets>,
}

/// What was found so far: of some sources one destination, or several alike.
struct Found<O>(Vec<(Sources, Targets, Outcomes<O>)>);

impl<O: Ord + Clone> Found<O> {
    fn add(&mut self, sources: Sources, targets: Targets, outcomes: Outcomes<O>) {
        if !outcomes.is_empty() {
            self.0.push((sources, targets, outcomes));
        }
    }

    /// By sources, and what is alike of each put together.
    fn reached(self) -> Vec<Reached<O>> {
        // A node is met at its own ports, and at others by way of fronts: ports of one destination come together first.
        let mut by_pair: BTreeMap<Sources, BTreeMap<Targets, Outcomes<O>>> = BTreeMap::new();
        for (sources, targets, outcomes) in self.0 {
            let own = by_pair.entry(sources).or_default().entry(targets).or_default();
            for (outcome, ports) in outcomes {
                own.entry(outcome).or_default().merge(ports);
            }
        }
        let gather = |(sources, own): (Sources, BTreeMap<Targets, Outcomes<O>>)| {
            let mut targets: BTreeMap<(O, Ports), Targets> = BTreeMap::new();
            for (to, outcomes) in own {
                for (outcome, ports) in outcomes {
                    targets.entry((outcome, ports)).or_default().add(to.clone());
                }
            }
            Reached { sources, targets }
        };
        by_pair.into_iter().map(gather).collect()
    }
}

/// What addresses sources have; those of one sort meet the same ends.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sort {
    is_host: bool,
    /// In each snapshot whether it has an address of IPv4, and of IPv6.
    meets: Vec<[bool; 2]>,
    families: BTreeSet<Family>,
}

/// Searches one snapshot, or two together.
#[derive(Debug)]
pub(in crate::analysis) struct Search<A> {
    pub(in crate::analysis) ground: Ground,
    judge: A,
    node_ports: NodePorts,
    fronts: Vec<Front>,
}

impl<A: Ask> Search<A> {
    pub(in crate::analysis) fn new(snapshots: &[&Snapshot], judge: A) -> Self {
        let ground = Ground::new(snapshots);
        let node_ports = node_ports(&ground);
        let fronts = fronts(&ground, &node_ports);
        Self { judge, node_ports, fronts, ground }
    }

    /// From the members of a group to some ends, and to others that are like them.
    pub(in crate::analysis) fn open_to(&self, source: &Group, to: &Selection) -> Vec<Reached<A::Outcome>> {
        let mut found = Found(Vec::new());
        let may_tell = |to: &&Group| self.judge.may_tell(&self.ground, Some(source), Some(to));
        let is_plain = self.is_plain_source(source);
        for destination in self.ground.groups.iter().filter(|group| to.has(group)).filter(may_tell) {
            if is_plain && self.is_plain_destination(destination) {
                continue;
            }
            match (source.is_host, destination.is_host) {
                (false, false) => self.between_pods(source, destination, &mut found),
                (true, false) => self.host_to_pods(source, destination, &mut found),
                (false, true) => self.pods_to_host(source, destination, &mut found),
                (true, true) => self.between_hosts(source, destination, &mut found),
            }
        }
        for front in self.fronts.iter().filter(|front| to.has_front(&front.at)) {
            if self.may_tell_of(front, Some(source)) && !(is_plain && self.is_plain_front(front)) {
                self.through(source, front, &mut found);
            }
        }
        if to.has_outside() && !is_plain && self.judge.may_tell(&self.ground, Some(source), None) {
            self.pods_to_outside(source, &mut found);
        }
        found.reached()
    }

    /// From all whom nobody isolates to all whom nobody isolates: what does not change and what nobody limits is asked once for
    /// each sort of addresses.
    pub(in crate::analysis) fn open_freely(&self, from: &Selection, to: &Selection) -> Vec<Reached<A::Outcome>> {
        let mut sorts: BTreeMap<Sort, Vec<&Group>> = BTreeMap::new();
        for group in self.ground.groups.iter().filter(|group| from.has(group) && self.is_plain_source(group)) {
            sorts.entry(self.sort(group)).or_default().push(group);
        }
        let mut found = Found(Vec::new());
        for groups in sorts.into_values() {
            self.freely(&groups, to, &mut found);
        }
        found.reached()
    }

    fn freely(&self, sources: &[&Group], to: &Selection, found: &mut Found<A::Outcome>) {
        let Some(first) = sources.first() else { return };
        let mut members: Vec<EndIx> = sources.iter().flat_map(|group| &group.members).copied().collect();
        members.sort_unstable();
        let Some(endpoint) = first.members.first().and_then(|at| self.endpoint(*at)) else { return };
        let mut alike: BTreeMap<Outcomes<A::Outcome>, Targets> = BTreeMap::new();
        let mut own = Ports::default();
        self.own_ports(PortCuts::default()).into_iter().for_each(|interval| own.add(interval));
        own.add_portless();
        let plain = self.ground.groups.iter().filter(|group| self.is_plain_destination(group));
        for destination in plain.filter(|group| to.has(group)) {
            let Some(target) = destination.members.first() else { continue };
            let is_pod = self.ground.end(*target).is_some_and(|end| matches!(end.who, Who::Pod(_)));
            let other = members.iter().find(|source| !is_pod || *source != target);
            let pair = match (other, destination.members.get(1)) {
                (Some(source), _) => self.pair(*source, *target),
                (None, Some(second)) => self.pair(*target, *second),
                (None, None) => None,
            };
            let Some(outcome) = pair.and_then(|pair| self.judge.outcome(&pair, L4::Icmp)) else { continue };
            let ports = if destination.is_host { own.clone() } else { Ports::everything() };
            let targets = Targets::of_ends(destination.members.iter().copied());
            alike.entry(Outcomes::from([(outcome, ports)])).or_default().add(targets);
        }
        for family in [Family::V4, Family::V6].into_iter().filter(|_| to.has_outside()) {
            let Some(address) = self.ground.outside.any(family) else { continue };
            let free = self.ground.outside.free_as_destination(AddressRange::all(family));
            let outcomes = self.judge.of_free(&Pair::new(endpoint.clone(), Endpoint::Address(address)));
            let targets = Targets { addresses: free.into_iter().collect(), ..Targets::default() };
            alike.entry(outcomes).or_default().add(targets);
        }
        for (outcomes, targets) in alike {
            found.add(Sources::Ends(members.clone()), targets, outcomes);
        }
        for front in self.fronts.iter().filter(|front| to.has_front(&front.at) && self.is_plain_front(front)) {
            let outcomes = self.outcomes_at(&Pair::new(endpoint.clone(), front.destination.clone()), front, None);
            found.add(Sources::Ends(members.clone()), Targets::at(&front.at), outcomes);
        }
    }

    /// By what addresses a source can meet others.
    fn sort(&self, group: &Group) -> Sort {
        let endpoint = group.members.first().and_then(|at| self.endpoint(*at));
        let meets = |family, view: &View| {
            let outside = self.ground.outside.any(family).map(Endpoint::Address);
            endpoint.clone().zip(outside).is_some_and(|(source, outside)| {
                view.snapshot.verdict(&Flow::new(source, outside.into(), L4::Icmp)).is_ok()
            })
        };
        let of = |view| [Family::V4, Family::V6].map(|family| meets(family, view));
        Sort {
            is_host: group.is_host,
            meets: self.ground.views.iter().map(of).collect(),
            families: group.families.clone(),
        }
    }

    fn is_plain_source(&self, group: &Group) -> bool {
        !group.change.itself && self.ground.is_free_source(group)
    }

    fn is_plain_destination(&self, group: &Group) -> bool {
        !group.change.itself && self.ground.is_free_destination(group)
    }

    fn is_plain_front(&self, front: &Front) -> bool {
        !front.has_others && !front.is_local && self.behind(front).all(|group| self.is_plain_destination(group))
    }

    /// From outside the cluster.
    pub(in crate::analysis) fn open_from_outside(&self, to: &Selection) -> Vec<Reached<A::Outcome>> {
        let mut found = Found(Vec::new());
        for family in [Family::V4, Family::V6] {
            let may_tell = |to: &&Group| self.judge.may_tell(&self.ground, None, Some(to));
            for destination in self.ground.groups.iter().filter(|group| to.has(group)).filter(may_tell) {
                self.outside_to(family, destination, &mut found);
            }
            for front in self.fronts.iter().filter(|front| to.has_front(&front.at)) {
                if self.may_tell_of(front, None) {
                    self.through_from_outside(family, front, &mut found);
                }
            }
        }
        found.reached()
    }

    fn endpoint(&self, at: EndIx) -> Option<Endpoint> {
        self.ground.end(at).map(|end| end.who.endpoint())
    }

    fn pair(&self, source: EndIx, destination: EndIx) -> Option<Pair> {
        let (from, to) = (self.ground.end(source)?, self.ground.end(destination)?);
        let ids = from.ids.iter().zip(&to.ids).map(|(from, to)| from.zip(*to)).collect();
        Some(Pair { ids, ..Pair::new(from.who.endpoint(), to.who.endpoint()) })
    }

    fn is_free(&self, source: &Group, destination: &Group) -> bool {
        self.ground.is_free_source(source) && self.ground.is_free_destination(destination)
    }

    /// The intervals of ports that a pair of groups tells apart.
    fn cuts(&self, source: &Group, destination: &Group) -> PortCuts {
        self.ground.cuts(Some(source), Some(destination))
    }

    /// Where nobody isolates the two, whatever they meet by is allowed.
    fn outcomes(&self, pair: &Pair, source: &Group, destination: &Group) -> Outcomes<A::Outcome> {
        if self.is_free(source, destination) {
            return self.judge.of_free(pair);
        }
        self.judge.outcomes(pair, &self.cuts(source, destination).intervals())
    }

    fn between_pods(&self, source: &Group, destination: &Group, found: &mut Found<A::Outcome>) {
        let first = source.members.first();
        let is_same = first == destination.members.first();
        let other =
            if is_same && !source.is_workload { destination.members.get(1) } else { destination.members.first() };
        let Some(pair) = first.zip(other).and_then(|(from, to)| self.pair(*from, *to)) else { return };
        let targets = Targets::of_ends(destination.members.iter().copied());
        found.add(Sources::Ends(source.members.clone()), targets, self.outcomes(&pair, source, destination));
    }

    /// From a node or hostNetwork pod: the own node of some (K18).
    fn host_to_pods(&self, source: &Group, destination: &Group, found: &mut Found<A::Outcome>) {
        let Some(host) = source.members.first() else { return };
        for part in self.parts_around(destination, *host, self.is_free(source, destination)) {
            let Some(pair) = part.first().and_then(|to| self.pair(*host, *to)) else { continue };
            let outcomes = self.outcomes(&pair, source, destination);
            found.add(Sources::Ends(vec![*host]), Targets::of_ends(part), outcomes);
        }
    }

    /// The members of a group by how they stand to a host; together where that does not matter.
    fn parts_around(&self, group: &Group, host: EndIx, is_free: bool) -> Vec<Vec<EndIx>> {
        match self.endpoint(host).filter(|_| !is_free) {
            Some(host) => self.ground.by_nearness(group, &host),
            None => vec![group.members.clone()],
        }
    }

    /// The ports at which a host is met itself.
    fn own_ports(&self, mut cuts: PortCuts) -> Vec<PortInterval> {
        let others: BTreeSet<PortInterval> =
            self.node_ports.iter().map(|(protocol, port)| PortInterval::one(*protocol, *port)).collect();
        others.iter().for_each(|interval| cuts.apart(*interval));
        cuts.intervals().into_iter().filter(|interval| !others.contains(interval)).collect()
    }

    fn pods_to_host(&self, source: &Group, destination: &Group, found: &mut Found<A::Outcome>) {
        let Some(host) = destination.members.first() else { return };
        let intervals = self.own_ports(self.cuts(source, destination));
        for part in self.parts_around(source, *host, self.is_free(source, destination)) {
            let Some(pair) = part.first().and_then(|from| self.pair(*from, *host)) else { continue };
            let outcomes = self.judge.outcomes(&pair, &intervals);
            found.add(Sources::Ends(part), Targets::of_ends([*host]), outcomes);
        }
    }

    fn between_hosts(&self, source: &Group, destination: &Group, found: &mut Found<A::Outcome>) {
        let (Some(from), Some(to)) = (source.members.first(), destination.members.first()) else { return };
        let is_one_pod = from == to && self.ground.end(*from).is_some_and(|end| matches!(end.who, Who::Pod(_)));
        let Some(pair) = self.pair(*from, *to).filter(|_| !is_one_pod) else { return };
        let outcomes = self.judge.outcomes(&pair, &self.own_ports(self.cuts(source, destination)));
        found.add(Sources::Ends(vec![*from]), Targets::of_ends([*to]), outcomes);
    }

    fn may_tell_of(&self, front: &Front, source: Option<&Group>) -> bool {
        front.has_others
            || front.behind.is_empty()
            || self.behind(front).any(|group| self.judge.may_tell(&self.ground, source, Some(group)))
    }

    fn behind<'s>(&'s self, front: &'s Front) -> impl Iterator<Item = &'s Group> {
        front.behind.iter().filter_map(|at| self.ground.groups.get(*at))
    }

    fn outcomes_at(&self, pair: &Pair, front: &Front, source: Option<&Group>) -> Outcomes<A::Outcome> {
        if let Some(port) = front.port {
            return self.judge.on_ports(pair, &[port]);
        }
        let mut cuts = self.ground.cuts(source, None);
        self.behind(front).for_each(|group| cuts.add(&self.ground.cuts(source, Some(group))));
        self.judge.outcomes(pair, &cuts.intervals())
    }

    /// From a group by way of a front: those behind it apart (U4), and by where they run.
    fn through(&self, source: &Group, front: &Front, found: &mut Found<A::Outcome>) {
        let is_free = !front.has_others
            && self.ground.is_free_source(source)
            && self.behind(front).all(|group| self.ground.is_free_destination(group));
        let place = source.members.first().and_then(|at| self.ground.place_of_group(*at));
        let is_behind = place.is_some_and(|place| front.behind.contains(&place));
        let parts: Vec<Vec<EndIx>> = if is_free {
            vec![source.members.clone()]
        } else if is_behind {
            source.members.iter().map(|at| vec![*at]).collect()
        } else {
            self.ground.by_standing(source)
        };
        for part in parts {
            let Some(endpoint) = part.first().and_then(|at| self.endpoint(*at)) else { continue };
            let outcomes = self.outcomes_at(&Pair::new(endpoint, front.destination.clone()), front, Some(source));
            found.add(Sources::Ends(part), Targets::at(&front.at), outcomes);
        }
    }

    fn pods_to_outside(&self, source: &Group, found: &mut Found<A::Outcome>) {
        let Some(endpoint) = source.members.first().and_then(|at| self.endpoint(*at)) else { return };
        let intervals = self.ground.cuts(Some(source), None).intervals();
        for family in [Family::V4, Family::V6] {
            for interval in self.ground.intervals(&self.ground.egress(source), family) {
                let free = self.ground.outside.free_as_destination(interval);
                let Some(address) = free.first().map(AddressRange::first) else { continue };
                let pair = Pair::new(endpoint.clone(), Endpoint::Address(address));
                let outcomes = self.judge.outcomes(&pair, &intervals);
                let targets = Targets { addresses: free.into_iter().collect(), ..Targets::default() };
                found.add(Sources::Ends(source.members.clone()), targets, outcomes);
            }
        }
    }

    fn outside_to(&self, family: Family, destination: &Group, found: &mut Found<A::Outcome>) {
        let Some(endpoint) = destination.members.first().and_then(|at| self.endpoint(*at)) else { return };
        let cuts = self.ground.cuts(None, Some(destination));
        let intervals = if destination.is_host { self.own_ports(cuts) } else { cuts.intervals() };
        for interval in self.ground.intervals(&self.ground.ingress(destination), family) {
            let free = self.ground.outside.free(interval);
            let Some(address) = free.first().map(AddressRange::first) else { continue };
            let pair = Pair::new(Endpoint::Address(address), endpoint.clone());
            let outcomes = self.judge.outcomes(&pair, &intervals);
            found.add(Sources::Addresses(free), Targets::of_ends(destination.members.iter().copied()), outcomes);
        }
    }

    fn through_from_outside(&self, family: Family, front: &Front, found: &mut Found<A::Outcome>) {
        let rows: Vec<&Distinctions> = self.behind(front).flat_map(|group| self.ground.ingress(group)).collect();
        for interval in self.ground.intervals(&rows, family) {
            let free = self.ground.outside.free(interval);
            let Some(address) = free.first().map(AddressRange::first) else { continue };
            let pair = Pair::new(Endpoint::Address(address), front.destination.clone());
            let outcomes = self.outcomes_at(&pair, front, None);
            found.add(Sources::Addresses(free), Targets::at(&front.at), outcomes);
        }
    }
}
