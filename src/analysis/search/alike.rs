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
        let seen_by = self.subjects(Direction::Ingress, self.destinations.iter().copied().chain(behind));
        let told_by = self.subjects(Direction::Ingress, self.told_to().iter().copied().chain(behind_told));
        Sources {
            telling: self.alike(Direction::Egress, telling, &seen_by),
            others: self.alike(Direction::Egress, others, &told_by),
        }
    }

    /// Destinations by kind, as far as those sources tell them apart.
    pub(super) fn destinations_by_kind(&mut self, destinations: Vec<usize>, sources: &[Kind]) -> Vec<Kind> {
        let seen_by = self.subjects(Direction::Egress, sources.iter().map(Kind::first));
        let destinations = self.without_hosts(destinations.into_iter());
        self.alike(Direction::Ingress, destinations, &seen_by)
    }

    fn without_hosts(&self, groups: impl Iterator<Item = usize>) -> Vec<usize> {
        groups.filter(|at| self.group(*at).is_some_and(|group| !group.is_host)).collect()
    }

    fn subjects(&self, direction: Direction, groups: impl Iterator<Item = usize>) -> BTreeSet<SubjectIx> {
        let plain = self.without_hosts(groups).into_iter();
        plain.map(|at| self.of(direction, at)).collect()
    }

    fn of(&self, direction: Direction, group: usize) -> SubjectIx {
        match direction {
            Direction::Egress => self.egress.of(group),
            Direction::Ingress => self.ingress.of(group),
        }
    }

    /// Groups that are one subject, and that each of those at the other end sees alike.
    fn alike(&mut self, direction: Direction, groups: Vec<usize>, seen_by: &BTreeSet<SubjectIx>) -> Vec<Kind> {
        let own: Vec<SubjectIx> = groups.iter().map(|at| self.of(direction, *at)).collect();
        let seen_by = seen_by.iter().copied();
        let seen = match direction {
            Direction::Egress => self.ingress.seen_alike(seen_by, &groups),
            Direction::Ingress => self.egress.seen_alike(seen_by, &groups),
        };
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
