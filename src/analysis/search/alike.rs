//! Which groups are of one kind: one subject, seen alike by everybody at the other end.

use std::collections::BTreeSet;

use crate::analysis::search::ask::Ask;
use crate::analysis::search::kinds::{Kind, Sources};
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
            own.towards(&groups, &met)
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
