//! Which groups are of one kind: one subject, seen alike by everybody at the other end.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::search::ask::Ask;
use crate::analysis::search::fronts::Front;
use crate::analysis::search::kinds::{Hosts, Kind, Sources};
use crate::analysis::search::run::Run;
use crate::name::Direction;
use crate::partition::{EndIx, Group, Interned, SubjectIx};

impl<'s, A: Ask> Run<'s, A> {
    pub(super) fn sources_by_kind(&mut self) -> Sources {
        let tells =
            |run: &Self, at: &usize| run.group(*at).is_some_and(|group| run.judge().may_tell_from(run.ground(), group));
        let all = self.without_hosts(self.sources.iter().copied());
        let (telling, others): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|at| tells(self, at));
        let fronts = || self.search.fronts.iter().filter(|front| self.to.has_front(&front.at));
        let behind = fronts().flat_map(|front| &front.behind).copied();
        let behind_told = fronts().filter(|front| self.tells_to(front)).flat_map(|front| &front.behind).copied();
        let met = self.destinations.iter().copied().chain(behind).collect();
        let met_by_others = self.told_to().iter().copied().chain(behind_told).collect();
        Sources {
            telling: self.alike(Direction::Egress, telling, met),
            others: self.alike(Direction::Egress, others, met_by_others),
        }
    }

    /// Destinations by kind, as far as those sources tell them apart.
    pub(super) fn destinations_by_kind(&mut self, destinations: Vec<usize>, sources: &[Kind]) -> Vec<Kind> {
        let met = sources.iter().map(Kind::first).collect();
        let destinations = self.without_hosts(destinations.into_iter());
        self.alike(Direction::Ingress, destinations, met)
    }

    fn without_hosts(&self, groups: impl Iterator<Item = usize>) -> Vec<usize> {
        groups.filter(|at| self.group(*at).is_some_and(|group| !group.is_host)).collect()
    }

    /// Groups that are one subject towards all whom they meet, and that each of these sees alike. Hosts are met one by one.
    fn alike(&mut self, direction: Direction, groups: Vec<usize>, met: BTreeSet<usize>) -> Vec<Kind> {
        let met = self.without_hosts(met.into_iter());
        let (own, at_other_end) = match direction {
            Direction::Egress => (&self.egress, &mut self.ingress),
            Direction::Ingress => (&self.ingress, &mut self.egress),
        };
        // Where there is to tell of everybody, somebody's rules match most of whom they meet: it is not worth to look.
        let own: Vec<u32> = if self.search.judge.tells_changes() {
            own.towards(&groups, &met, &[])
        } else {
            groups.iter().map(|at| own.of(*at).number()).collect()
        };
        let seen_by: BTreeSet<SubjectIx> = met.iter().map(|at| at_other_end.of(*at)).collect();
        let seen = at_other_end.seen_alike(seen_by.into_iter(), &groups);
        let mut all: Vec<Kind> = Vec::new();
        let mut places = Interned::default();
        for ((at, own), seen) in groups.into_iter().zip(own).zip(seen) {
            let place = places.place((own, seen)) as usize;
            match all.get_mut(place) {
                Some(kind) => kind.add(at),
                None => all.push(Kind::of(at)),
            }
        }
        all
    }

    /// Hosts of whom there is nothing to tell but by those who change, by kind: as senders to these, and as whom these send to. Of one
    /// kind are those who are seen alike, and are nobody's own node of these.
    pub(super) fn hosts_by_kind(&mut self) -> Hosts {
        let is_host = |at: &usize| self.group(*at).is_some_and(|group| group.is_host);
        let destinations: Vec<usize> = self.destinations.iter().copied().filter(is_host).collect();
        // Where there is to tell of everybody each is somebody's.
        if !self.judge().tells_changes() {
            let each = |hosts: &[usize]| hosts.iter().copied().map(Kind::of).collect();
            return Hosts { as_sources: each(&self.hosts), as_destinations: each(&destinations) };
        }
        let told = |front: &&Front| self.tells_to(front);
        let behind = self.search.fronts.iter().filter(told).flat_map(|front| &front.behind);
        let told_to: BTreeSet<usize> = self.told_to().iter().chain(behind).copied().collect();
        let tells = |at: &&usize| self.group(**at).is_some_and(|of| self.judge().may_tell_from(self.ground(), of));
        let telling: BTreeSet<usize> = self.sources.iter().filter(tells).copied().collect();
        Hosts {
            as_sources: self.hosts_alike(Direction::Egress, self.hosts.clone(), &told_to),
            as_destinations: self.hosts_alike(Direction::Ingress, destinations, &telling),
        }
    }

    fn hosts_alike(&mut self, direction: Direction, hosts: Vec<usize>, met: &BTreeSet<usize>) -> Vec<Kind> {
        let ground = self.ground();
        let groups = met.iter().filter_map(|at| self.group(*at));
        let ends: Vec<EndIx> = groups.flat_map(|group| group.members.iter().copied()).collect();
        let near = self.near.hosts_near(&ends);
        let Some(near) = near else { return hosts.into_iter().map(Kind::of).collect() };
        let (own, at_other_end) = match direction {
            Direction::Egress => (&self.egress, &mut self.ingress),
            Direction::Ingress => (&self.ingress, &mut self.egress),
        };
        let judge = &self.search.judge;
        let tells = |group: &Group| match direction {
            Direction::Egress => judge.may_tell_from(ground, group),
            Direction::Ingress => judge.may_tell_to(ground, group),
        };
        let seen_by: BTreeSet<SubjectIx> = met.iter().map(|at| at_other_end.of(*at)).collect();
        let seen = at_other_end.seen_alike(seen_by.into_iter(), &hosts);
        let (mut all, mut places): (Vec<Kind>, HashMap<_, usize>) = (Vec::new(), HashMap::new());
        for (at, seen) in hosts.into_iter().zip(seen) {
            let subject = own.of(at);
            let is_like_others = ground.groups.get(at).is_some_and(|group| {
                own.is_free(subject) && !tells(group) && !group.members.iter().any(|end| near.contains(end))
            });
            match places.get(&(subject, seen)).filter(|_| is_like_others).and_then(|place| all.get_mut(*place)) {
                Some(kind) => kind.add(at),
                None => {
                    if is_like_others {
                        places.insert((subject, seen), all.len());
                    }
                    all.push(Kind::of(at));
                }
            }
        }
        all
    }

    /// Two ends of two kinds, with their groups, that are not one pod; none where there are no two.
    pub(super) fn two_ends(&self, source: &Kind, destination: &Kind) -> Option<[(&'s Group, EndIx); 2]> {
        let two_of = |kind: &Kind| -> Vec<(&'s Group, EndIx)> {
            let groups = kind.groups().iter().filter_map(|at| self.group(*at));
            groups.flat_map(|group| group.members.iter().map(move |end| (group, *end))).take(2).collect()
        };
        let (sources, destinations) = (two_of(source), two_of(destination));
        let mut pairs = sources.iter().flat_map(|from| destinations.iter().map(move |to| [*from, *to]));
        pairs.find(|[(group, from), (_, to)]| from != to || group.is_workload)
    }
}
