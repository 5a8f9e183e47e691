//! Connections by way of what leads elsewhere: Services, their other addresses, ports of nodes (K23, K26).

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use crate::analysis::search::ask::{Ask, Outcomes, Pair};
use crate::analysis::search::courses::{OutcomesIx, Sights};
use crate::analysis::search::fronts::{At, Front};
use crate::analysis::search::run::Run;
use crate::analysis::search::sets::EndSet;
use crate::engine::Distinctions;
use crate::model::flow::{Endpoint, L4};
use crate::net::{AddressRange, Family};
use crate::partition::{EndIx, Group, SightIx, SubjectIx};

/// What tells sources apart that go by way of one front: as subjects, as those behind it see them, where they run, and whether
/// they are behind it themselves.
type Key = (SubjectIx, Vec<SightIx>, Option<u32>, bool);

impl<A: Ask> Run<'_, A> {
    pub(super) fn through_fronts(&mut self) {
        for front in &self.search.fronts {
            if !self.to.has_front(&front.at) {
                continue;
            }
            let tells = front.has_others
                || front.behind.is_empty()
                || self.behind(front).any(|group| self.judge().may_tell_to(self.ground(), group));
            self.through(front, tells);
            if self.from.has_outside() && tells {
                for family in [Family::V4, Family::V6] {
                    self.through_from_outside(family, front);
                }
            }
        }
    }

    fn behind<'r>(&'r self, front: &'r Front) -> impl Iterator<Item = &'r Group> + use<'r, A> {
        front.behind.iter().filter_map(|at| self.group(*at))
    }

    /// From everybody in the cluster.
    fn through(&mut self, front: &Front, tells: bool) {
        let mut known: HashMap<Key, OutcomesIx, FixedState> = HashMap::default();
        let mut found: BTreeMap<OutcomesIx, EndSet> = BTreeMap::new();
        for source in self.sources.clone() {
            let Some(group) = self.group(source) else { continue };
            if !tells && !self.judge().may_tell_from(self.ground(), group) {
                continue;
            }
            if let Some(outcomes) = self.agreed((source, group), front) {
                let ends = found.entry(outcomes).or_insert_with(|| EndSet::none(&self.search.ground));
                group.members.iter().for_each(|end| ends.add(*end));
                continue;
            }
            for (key, members) in self.parts_before(front, (source, group)) {
                let known_here = key.as_ref().and_then(|key| known.get(key)).copied();
                let Some(endpoint) = members.first().and_then(|at| self.endpoint(*at)) else { continue };
                let outcomes = known_here.unwrap_or_else(|| {
                    let pair = Pair::new(endpoint, front.destination.clone());
                    let outcomes = self.outcomes_at(&pair, front, Some(group));
                    self.courses.outcomes.number(outcomes)
                });
                known.extend(key.map(|key| (key, outcomes)));
                let ends = found.entry(outcomes).or_insert_with(|| EndSet::none(&self.search.ground));
                members.iter().for_each(|end| ends.add(*end));
            }
        }
        for (outcomes, sources) in found {
            for line in self.courses.outcomes.lines(outcomes) {
                match &front.at {
                    At::Service(name) => self.lines.to_service(*line, &sources, name),
                    At::Host(host) => self.lines.ends(*line, &sources, EndSet::of(&self.search.ground, [*host])),
                    At::Address(address) => {
                        let range = AddressRange::new(*address, *address);
                        self.lines.to_addresses(*line, &sources, range.into_iter().collect());
                    }
                }
            }
        }
    }

    /// The members of a group, by what tells them apart before a front. Without a key each is asked by itself.
    fn parts_before(&mut self, front: &Front, (source, group): (usize, &Group)) -> Vec<(Option<Key>, Vec<EndIx>)> {
        let has_hosts = self.behind(front).any(|group| group.is_host);
        let is_somewhere = group.is_host
            || front.has_others
            || front.is_local
            || has_hosts
            || !matches!(front.at, At::Service(_));
        let mut parts: BTreeMap<(Option<u32>, bool), Vec<EndIx>> = BTreeMap::new();
        for end in &group.members {
            let standing = is_somewhere.then(|| self.ground().standing(*end));
            parts.entry((standing, front.ends.contains(*end))).or_default().push(*end);
        }
        if group.is_host || has_hosts || front.has_others {
            return parts.into_values().map(|members| (None, members)).collect();
        }
        let subject = self.egress.of(source);
        let mut seen: Vec<SightIx> = Vec::new();
        for at in &front.behind {
            seen.push(self.ingress.sight(self.ingress.of(*at), source));
        }
        let key = |((standing, is_behind), members)| (Some((subject, seen.clone(), standing, is_behind)), members);
        parts.into_iter().map(key).collect()
    }

    /// What all backends agree on, told by what there is to tell of each; none where that does not say it (U4, U5, C10, ...).
    fn agreed(&mut self, (source, group): (usize, &Group), front: &Front) -> Option<OutcomesIx> {
        let port = front.port?;
        let is_plain = matches!(front.at, At::Service(_)) && !front.has_others && !front.is_local && !group.is_host;
        if !is_plain || group.families.is_empty() || group.members.iter().any(|end| front.ends.contains(*end)) {
            return None;
        }
        let ways = front.ways.get(&group.families)?;
        let mut backends: Vec<(OutcomesIx, L4)> = Vec::new();
        for (at, l4) in ways {
            let other = self.group(*at).filter(|other| !other.is_host && !other.families.is_empty())?;
            let ends = group.members.first().copied().zip(other.members.first().copied())?;
            let sights = Sights {
                egress: self.egress.sight(self.egress.of(source), *at),
                ingress: self.ingress.sight(self.ingress.of(*at), source),
            };
            backends.push((self.outcomes(sights, (group, other), ends)?, *l4));
        }
        let told = backends.iter().map(|(outcomes, l4)| self.courses.outcomes.on(*outcomes, *l4));
        let outcome = self.judge().agreed(told)?;
        let mut outcomes = Outcomes::new();
        if let Some(outcome) = outcome {
            outcomes.entry(outcome).or_default().add(port);
        }
        Some(self.courses.outcomes.number(outcomes))
    }

    fn outcomes_at(&self, pair: &Pair, front: &Front, source: Option<&Group>) -> Outcomes<A::Outcome> {
        if let Some(port) = front.port {
            return self.judge().on_ports(pair, &[port]);
        }
        let mut cuts = self.ground().cuts(source, None);
        self.behind(front).for_each(|group| cuts.add(&self.ground().cuts(source, Some(group))));
        self.judge().outcomes(pair, &cuts.intervals())
    }

    fn through_from_outside(&mut self, family: Family, front: &Front) {
        let ground = self.ground();
        let rows: Vec<&Distinctions> =
            front.behind.iter().filter_map(|at| self.group(*at)).flat_map(|group| ground.ingress(group)).collect();
        for interval in ground.intervals(&rows, family) {
            let free = ground.outside.free(interval);
            let Some(address) = free.first().map(AddressRange::first) else { continue };
            let pair = Pair::new(Endpoint::Address(address), front.destination.clone());
            let outcomes = self.outcomes_at(&pair, front, None);
            let outcomes = self.courses.outcomes.number(outcomes);
            for line in self.courses.outcomes.lines(outcomes) {
                match &front.at {
                    At::Service(name) => self.lines.service_from(*line, &free, name),
                    At::Host(host) => {
                        let targets = EndSet::of(&self.search.ground, [*host]);
                        self.lines.from_addresses(*line, free.clone(), &targets);
                    }
                    At::Address(address) => {
                        let face = AddressRange::new(*address, *address);
                        face.into_iter().for_each(|face| self.lines.face_from(*line, &free, face));
                    }
                }
            }
        }
    }
}
