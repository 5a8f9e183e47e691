//! Connections to and from addresses outside the cluster.

use std::collections::BTreeMap;

use crate::analysis::search::ask::{Ask, Pair};
use crate::analysis::search::numbered::{LineIx, OutcomesIx};
use crate::analysis::search::run::Run;
use crate::analysis::search::sets::EndSet;
use crate::engine::Distinctions;
use crate::model::flow::Endpoint;
use crate::net::{AddressRange, Family, PortCuts, merged};
use crate::partition::{Group, SubjectIx};

/// By outcome with its ports, the addresses.
type Ranges = BTreeMap<LineIx, Vec<AddressRange>>;

impl<A: Ask> Run<'_, A> {
    /// From pods and hosts to outside: subject by subject, whose rules tell addresses apart.
    pub(super) fn outside_as_destination(&mut self) {
        if !self.to.has_outside() {
            return;
        }
        let mut known: BTreeMap<SubjectIx, Ranges> = BTreeMap::new();
        for source in self.sources.clone() {
            if self.is_over() {
                return;
            }
            let Some(group) = self.group(source) else { continue };
            if !self.judge().may_tell_from(self.ground(), group) {
                continue;
            }
            let subject = self.egress.of(source);
            known.entry(subject).or_insert_with(|| self.ranges_reached(group));
            let sources = EndSet::of(self.ground(), group.members.iter().copied());
            for (line, ranges) in known.get(&subject).into_iter().flatten() {
                self.lines.add_addresses(*line, &sources, ranges.clone());
            }
        }
    }

    fn ranges_reached(&mut self, source: &Group) -> Ranges {
        let ground = self.ground();
        let cuts = ground.cuts(Some(source), None);
        self.by_interval(source, &ground.egress(source), |run, inside, interval| {
            let free = ground.outside.free_as_destination(interval);
            let address = free.first().map(AddressRange::first)?;
            Some((run.direct(&Pair::new(inside, Endpoint::Address(address)), &cuts), free))
        })
    }

    /// What is told of a group's first member in each interval of addresses that some rows tell apart.
    fn by_interval(
        &mut self,
        group: &Group,
        rows: &[&Distinctions],
        mut told: impl FnMut(&mut Self, Endpoint, AddressRange) -> Option<(OutcomesIx, Vec<AddressRange>)>,
    ) -> Ranges {
        let mut found = Ranges::new();
        let Some(inside) = group.members.first().and_then(|at| self.endpoint(*at)) else { return found };
        let ground = self.ground();
        for interval in [Family::V4, Family::V6].into_iter().flat_map(|family| ground.intervals(rows, family)) {
            let Some((outcomes, free)) = told(self, inside.clone(), interval) else { continue };
            for line in self.courses.outcomes.lines(outcomes) {
                found.entry(*line).or_default().extend(&free);
            }
        }
        found.into_iter().map(|(line, ranges)| (line, merged(ranges))).collect()
    }

    /// From outside to pods and hosts.
    pub(super) fn outside_as_source(&mut self) {
        if !self.from.has_outside() {
            return;
        }
        let mut known: BTreeMap<(SubjectIx, bool), Ranges> = BTreeMap::new();
        for destination in self.told_to().to_vec() {
            if self.is_over() {
                return;
            }
            let Some(group) = self.group(destination) else { continue };
            let key = (self.ingress.of(destination), group.is_host);
            known.entry(key).or_insert_with(|| self.ranges_that_reach(group));
            let targets = EndSet::of(self.ground(), group.members.iter().copied());
            for (line, ranges) in known.get(&key).into_iter().flatten() {
                match group.members.first().filter(|_| group.is_host) {
                    Some(host) => self.lines.add_host_from(*line, ranges, *host),
                    None => self.lines.add_from_addresses(*line, ranges.clone(), &targets),
                }
            }
        }
    }

    fn ranges_that_reach(&mut self, destination: &Group) -> Ranges {
        let ground = self.ground();
        let mut cuts = ground.cuts(None, Some(destination));
        if destination.is_host && self.judge().must_ask() {
            self.search.apart_from_node_ports(&mut cuts);
        }
        self.by_interval(destination, &ground.ingress(destination), |run, inside, interval| {
            let free = ground.outside.free(interval);
            let address = free.first().map(AddressRange::first)?;
            let outcomes = run.direct(&Pair::new(Endpoint::Address(address), inside), &cuts);
            let others = &run.search.node_ports;
            let own = if destination.is_host { run.courses.outcomes.without(outcomes, others) } else { outcomes };
            Some((own, free))
        })
    }

    /// What there is to tell of two ends of whom one is outside.
    fn direct(&mut self, pair: &Pair, cuts: &PortCuts) -> OutcomesIx {
        let (ground, judge) = (self.ground(), self.judge());
        let intervals = cuts.intervals();
        if judge.must_ask() {
            return self.courses.outcomes.number(judge.outcomes(pair, &intervals));
        }
        let both = self.courses.of_pair(ground, pair, &intervals);
        self.courses.of_courses(judge, both)
    }
}
