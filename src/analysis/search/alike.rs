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
        let mut subjects = Interned::default();
        let mut of_group: Vec<u32> = groups.iter().map(|at| subjects.place(self.of(direction, *at))).collect();
        // Whom nobody isolates sees families alone, and by these subjects are told apart already.
        let is_free = |other: &SubjectIx| match direction {
            Direction::Egress => self.ingress.is_free(*other),
            Direction::Ingress => self.egress.is_free(*other),
        };
        let isolated: Vec<SubjectIx> = seen_by.iter().copied().filter(|other| !is_free(other)).collect();
        for other in isolated {
            // Kinds only ever split.
            let mut parts = Interned::default();
            for (at, kind) in groups.iter().zip(&mut of_group) {
                let sight = match direction {
                    Direction::Egress => self.ingress.sight(other, *at),
                    Direction::Ingress => self.egress.sight(other, *at),
                };
                *kind = parts.place((*kind, sight));
            }
        }
        let mut all: Vec<Kind> = Vec::new();
        let mut places = Interned::default();
        for (at, kind) in groups.into_iter().zip(of_group) {
            let place = places.place(kind) as usize;
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
