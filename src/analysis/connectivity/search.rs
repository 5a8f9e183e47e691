//! Every connection of a snapshot, group by group.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::connectivity::fronts::{Front, NodePorts, fronts, node_ports};
use crate::analysis::connectivity::judge::{Judge, Outcome, Outcomes, Pair, all_allowed};
use crate::analysis::connectivity::ports::Ports;
use crate::analysis::connectivity::selection::Selection;
use crate::analysis::connectivity::sets::{Sources, Targets};
use crate::engine::{Distinctions, Snapshot};
use crate::model::flow::{Endpoint, L4};
use crate::net::{AddressRange, Family, PortCuts, PortInterval};
use crate::partition::{EndIx, Ground, Group};

/// From some sources everything that is not denied: where to, by ports and outcome.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) sources: Sources,
    pub(super) targets: BTreeMap<(Outcome, Ports), Targets>,
}

/// What was found so far: of some sources one destination, or several alike.
#[derive(Default)]
struct Found(Vec<(Sources, Targets, Outcomes)>);

impl Found {
    fn add(&mut self, sources: Sources, targets: Targets, outcomes: Outcomes) {
        if !outcomes.is_empty() {
            self.0.push((sources, targets, outcomes));
        }
    }

    /// By sources, and what is alike of each put together.
    fn reached(self) -> Vec<Reached> {
        // A node is met at its own ports, and at others by way of fronts: ports of one destination come together first.
        let mut by_pair: BTreeMap<Sources, BTreeMap<Targets, Outcomes>> = BTreeMap::new();
        for (sources, targets, outcomes) in self.0 {
            let own = by_pair.entry(sources).or_default().entry(targets).or_default();
            for (outcome, ports) in outcomes {
                own.entry(outcome).or_default().merge(ports);
            }
        }
        let gather = |(sources, own): (Sources, BTreeMap<Targets, Outcomes>)| {
            let mut targets: BTreeMap<(Outcome, Ports), Targets> = BTreeMap::new();
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

/// Searches one snapshot.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) ground: Ground,
    judge: Judge,
    node_ports: NodePorts,
    fronts: Vec<Front>,
}

impl Search {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let ground = Ground::new(snapshot);
        let node_ports = node_ports(&ground);
        let fronts = fronts(&ground, &node_ports);
        Self { judge: Judge::new(snapshot), node_ports, fronts, ground }
    }

    /// From the members of a group to some ends, and to others that are like them.
    pub(super) fn open_to(&self, source: &Group, to: &Selection) -> Vec<Reached> {
        let mut found = Found::default();
        for destination in self.ground.groups.iter().filter(|group| to.has(group)) {
            match (source.is_host, destination.is_host) {
                (false, false) => self.between_pods(source, destination, &mut found),
                (true, false) => self.host_to_pods(source, destination, &mut found),
                (false, true) => self.pods_to_host(source, destination, &mut found),
                (true, true) => self.between_hosts(source, destination, &mut found),
            }
        }
        for front in self.fronts.iter().filter(|front| to.has_front(&front.at)) {
            self.through(source, front, &mut found);
        }
        if to.has_outside() {
            self.pods_to_outside(source, &mut found);
        }
        found.reached()
    }

    /// From outside the cluster.
    pub(super) fn open_from_outside(&self, to: &Selection) -> Vec<Reached> {
        let mut found = Found::default();
        for family in [Family::V4, Family::V6] {
            for destination in self.ground.groups.iter().filter(|group| to.has(group)) {
                self.outside_to(family, destination, &mut found);
            }
            for front in self.fronts.iter().filter(|front| to.has_front(&front.at)) {
                self.through_from_outside(family, front, &mut found);
            }
        }
        found.reached()
    }

    fn endpoint(&self, at: EndIx) -> Option<Endpoint> {
        self.ground.end(at).map(|end| end.who.endpoint())
    }

    fn pair(&self, source: EndIx, destination: EndIx) -> Option<Pair> {
        let (from, to) = (self.ground.end(source)?, self.ground.end(destination)?);
        Some(Pair { ids: from.id.zip(to.id), ..Pair::new(from.who.endpoint(), to.who.endpoint()) })
    }

    fn is_free(&self, source: &Group, destination: &Group) -> bool {
        self.ground.is_free_source(source) && self.ground.is_free_destination(destination)
    }

    /// The intervals of ports that a pair of groups tells apart.
    fn cuts(&self, source: &Group, destination: &Group) -> PortCuts {
        self.ground.cuts([self.ground.egress(source), self.ground.ingress(destination)], Some(destination))
    }

    /// Where nobody isolates the two, whatever they meet by is allowed.
    fn outcomes(&self, pair: &Pair, source: &Group, destination: &Group) -> Outcomes {
        if self.is_free(source, destination) {
            return self.judge.outcome(pair, L4::Icmp).map_or_else(Outcomes::new, |_| all_allowed());
        }
        self.judge.outcomes(pair, &self.cuts(source, destination).intervals())
    }

    fn between_pods(&self, source: &Group, destination: &Group, found: &mut Found) {
        let first = source.members.first();
        let is_same = first == destination.members.first();
        let other =
            if is_same && !source.is_workload { destination.members.get(1) } else { destination.members.first() };
        let Some(pair) = first.zip(other).and_then(|(from, to)| self.pair(*from, *to)) else { return };
        let targets = Targets::of_ends(destination.members.iter().copied());
        found.add(Sources::Ends(source.members.clone()), targets, self.outcomes(&pair, source, destination));
    }

    /// From a node or hostNetwork pod: the own node of some (K18).
    fn host_to_pods(&self, source: &Group, destination: &Group, found: &mut Found) {
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
            Some(host) => self.ground.by_nearness(group, &host).into_iter().map(|(_, members)| members).collect(),
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

    fn pods_to_host(&self, source: &Group, destination: &Group, found: &mut Found) {
        let Some(host) = destination.members.first() else { return };
        let intervals = self.own_ports(self.cuts(source, destination));
        for part in self.parts_around(source, *host, self.is_free(source, destination)) {
            let Some(pair) = part.first().and_then(|from| self.pair(*from, *host)) else { continue };
            let outcomes = self.judge.outcomes(&pair, &intervals);
            found.add(Sources::Ends(part), Targets::of_ends([*host]), outcomes);
        }
    }

    fn between_hosts(&self, source: &Group, destination: &Group, found: &mut Found) {
        let (Some(from), Some(to)) = (source.members.first(), destination.members.first()) else { return };
        let is_one_pod = from == to && self.ground.end(*from).is_some_and(|end| end.id.is_some());
        let Some(pair) = self.pair(*from, *to).filter(|_| !is_one_pod) else { return };
        let outcomes = self.judge.outcomes(&pair, &self.own_ports(self.cuts(source, destination)));
        found.add(Sources::Ends(vec![*from]), Targets::of_ends([*to]), outcomes);
    }

    /// The rows of those behind a front, and what a source of that row adds.
    fn front_cuts(&self, front: &Front, egress: &Distinctions) -> Vec<PortInterval> {
        if let Some(port) = front.port {
            return vec![port];
        }
        let behind = front.behind.iter().filter_map(|at| self.ground.groups.get(*at));
        let mut cuts = egress.cuts.clone();
        for group in behind {
            cuts.add(&self.ground.cuts([egress, self.ground.ingress(group)], Some(group)));
        }
        cuts.intervals()
    }

    fn outcomes_at(&self, pair: &Pair, front: &Front, egress: &Distinctions) -> Outcomes {
        let intervals = self.front_cuts(front, egress);
        if front.port.is_none() {
            return self.judge.outcomes(pair, &intervals);
        }
        let mut all = Outcomes::new();
        for interval in intervals {
            if let Some(outcome) = self.judge.outcome(pair, interval.into()) {
                all.entry(outcome).or_default().add(interval);
            }
        }
        all
    }

    fn is_free_behind(&self, front: &Front) -> bool {
        let groups = front.behind.iter().filter_map(|at| self.ground.groups.get(*at));
        !front.has_others && groups.into_iter().all(|group| self.ground.is_free_destination(group))
    }

    /// From a group by way of a front: those behind it apart (U4), and by where they run.
    fn through(&self, source: &Group, front: &Front, found: &mut Found) {
        let egress = self.ground.egress(source);
        let is_free = self.ground.is_free_source(source) && self.is_free_behind(front);
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
            let outcomes = self.outcomes_at(&Pair::new(endpoint, front.destination.clone()), front, egress);
            found.add(Sources::Ends(part), Targets::at(&front.at), outcomes);
        }
    }

    fn pods_to_outside(&self, source: &Group, found: &mut Found) {
        let Some(first) = source.members.first() else { return };
        let Some(endpoint) = self.endpoint(*first) else { return };
        let egress = self.ground.egress(source);
        let intervals = self.ground.cuts([egress, egress], None).intervals();
        for family in [Family::V4, Family::V6] {
            for interval in self.ground.intervals(&[egress], family) {
                let free = self.ground.outside.free_as_destination(interval);
                let Some(address) = free.first().map(AddressRange::first) else { continue };
                let pair = Pair::new(endpoint.clone(), Endpoint::Address(address));
                let outcomes = self.judge.outcomes(&pair, &intervals);
                let targets = Targets { addresses: free.into_iter().collect(), ..Targets::default() };
                found.add(Sources::Ends(source.members.clone()), targets, outcomes);
            }
        }
    }

    fn outside_to(&self, family: Family, destination: &Group, found: &mut Found) {
        let Some(to) = destination.members.first() else { return };
        let Some(endpoint) = self.endpoint(*to) else { return };
        let ingress = self.ground.ingress(destination);
        let cuts = self.ground.cuts([ingress, ingress], Some(destination));
        let intervals = if destination.is_host { self.own_ports(cuts) } else { cuts.intervals() };
        for interval in self.ground.intervals(&[ingress], family) {
            let free = self.ground.outside.free(interval);
            let Some(address) = free.first().map(AddressRange::first) else { continue };
            let pair = Pair::new(Endpoint::Address(address), endpoint.clone());
            let outcomes = self.judge.outcomes(&pair, &intervals);
            found.add(Sources::Addresses(free), Targets::of_ends(destination.members.iter().copied()), outcomes);
        }
    }

    fn through_from_outside(&self, family: Family, front: &Front, found: &mut Found) {
        let rows = front.behind.iter().filter_map(|at| self.ground.groups.get(*at));
        let rows: Vec<&Distinctions> = rows.map(|group| self.ground.ingress(group)).collect();
        for interval in self.ground.intervals(&rows, family) {
            let free = self.ground.outside.free(interval);
            let Some(address) = free.first().map(AddressRange::first) else { continue };
            let pair = Pair::new(Endpoint::Address(address), front.destination.clone());
            let outcomes = self.outcomes_at(&pair, front, self.ground.free_row());
            found.add(Sources::Addresses(free), Targets::at(&front.at), outcomes);
        }
    }
}
