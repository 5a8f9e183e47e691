//! One search under way: what is found out is kept to its end.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use crate::analysis::search::ask::{Ask, Pair, Said};
use crate::analysis::search::courses::{BothIx, Courses, Sights};
use crate::analysis::search::fold::{Detail, Folding};
use crate::analysis::search::fronts::Front;
use crate::analysis::search::kinds::{Hosts, SeenAs, Sources};
use crate::analysis::search::lines::{Gathered, Lines, Told};
use crate::analysis::search::numbered::OutcomesIx;
use crate::analysis::search::searched::Search;
use crate::analysis::search::selection::Selection;
use crate::model::flow::Endpoint;
use crate::name::Direction;
use crate::net::{Family, PortInterval};
use crate::partition::{EndIx, Ground, Group, Nearnesses, SubjectIx, Subjects, Who};

/// Two sorts of ends by their numbers, in the snapshot of that place.
type Meeting = (usize, u32, u32);

/// What a search has found out so far.
pub(super) struct Run<'s, A: Ask> {
    pub(super) search: &'s Search<A>,
    pub(super) from: &'s Selection,
    pub(super) to: &'s Selection,
    /// Whether anybody still waits for what is found.
    is_wanted: &'s dyn Fn() -> bool,
    is_over: Cell<bool>,
    pub(super) egress: Subjects<'s>,
    pub(super) ingress: Subjects<'s>,
    pub(super) near: Nearnesses<'s>,
    pub(super) courses: Courses<A::Outcome>,
    /// Of which family connections between two sorts of ends are.
    pub(super) families: HashMap<Meeting, Option<Family>, FixedState>,
    /// The outcomes of a port of which that is said in each snapshot.
    pub(super) on_port: HashMap<(Vec<Said>, PortInterval), OutcomesIx, FixedState>,
    /// What both sides say of connections from outside, by subject and interval.
    pub(super) from_outside: HashMap<(SubjectIx, Family, Vec<usize>), BothIx, FixedState>,
    pub(super) lines: Lines,
    /// The places of the groups that are asked about as sources, and as destinations.
    pub(super) sources: Vec<usize>,
    pub(super) destinations: Vec<usize>,
    /// The sources that share no node's network; none before they are looked for.
    pub(super) by_kind: Sources,
    /// Destinations that all of them see alike.
    pub(super) seen_as: SeenAs,
    /// Of each subject whose side towards a host says something else than before.
    pub(super) moved_by_hosts: HashSet<SubjectIx, FixedState>,
    /// Those of the sources that share a node's network, or are one.
    pub(super) hosts: Vec<usize>,
    /// The same, and those of the destinations; none before they are looked for.
    pub(super) hosts_by_kind: Hosts,
    /// Those among the destinations of which there may be something to tell whoever sends.
    told_to: Vec<usize>,
}

impl<'s, A: Ask> Run<'s, A> {
    fn new(search: &'s Search<A>, (from, to): (&'s Selection, &'s Selection), is_wanted: &'s dyn Fn() -> bool) -> Self {
        let ground = &search.ground;
        let of = |selection: &Selection| -> Vec<usize> {
            let groups = ground.groups.iter().enumerate();
            groups.filter(|(_, group)| selection.has(group)).map(|(at, _)| at).collect()
        };
        let (sources, destinations) = (of(from), of(to));
        let [egress, ingress] = Subjects::of_both_directions(ground);
        let tells = |at: &&usize| ground.groups.get(**at).is_some_and(|group| search.judge.may_tell_to(ground, group));
        let is_host = |at: &&usize| ground.groups.get(**at).is_some_and(|group| group.is_host);
        let hosts = sources.iter().filter(is_host).copied().collect();
        let told_to = destinations.iter().filter(tells).copied().collect();
        Self {
            search,
            from,
            to,
            is_wanted,
            is_over: Cell::new(false),
            egress,
            ingress,
            near: Nearnesses::new(ground),
            courses: Courses::new(),
            families: HashMap::default(),
            on_port: HashMap::default(),
            from_outside: HashMap::default(),
            lines: Lines::default(),
            sources,
            destinations,
            by_kind: Sources::default(),
            seen_as: SeenAs::default(),
            moved_by_hosts: HashSet::default(),
            hosts,
            hosts_by_kind: Hosts::default(),
            told_to,
        }
    }

    /// Whether to stop, with whatever was found: nobody waits for it any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.set(self.is_over.get() || !(self.is_wanted)());
        self.is_over.get()
    }

    pub(super) fn ground(&self) -> &'s Ground {
        &self.search.ground
    }

    pub(super) fn judge(&self) -> &'s A {
        &self.search.judge
    }

    pub(super) fn group(&self, at: usize) -> Option<&'s Group> {
        self.ground().groups.get(at)
    }

    /// The destinations of which there may be something to tell, with that source.
    pub(super) fn destinations_of(&self, source: &Group) -> Vec<usize> {
        if self.judge().may_tell_from(self.ground(), source) { self.destinations.clone() } else { self.told_to.clone() }
    }

    pub(super) fn told_to(&self) -> &[usize] {
        &self.told_to
    }

    pub(super) fn endpoint(&self, at: EndIx) -> Option<Endpoint> {
        self.ground().end(at).map(|end| end.who.endpoint())
    }

    pub(super) fn is_pod(&self, at: EndIx) -> bool {
        self.ground().end(at).is_some_and(|end| matches!(end.who, Who::Pod(_)))
    }

    pub(super) fn pair(&self, source: EndIx, destination: EndIx) -> Option<Pair> {
        let (from, to) = (self.ground().end(source)?, self.ground().end(destination)?);
        let ids = (0..self.ground().views.len()).map(|view| from.id(view).zip(to.id(view))).collect();
        Some(Pair { ids, ..Pair::new(from.who.endpoint(), to.who.endpoint()) })
    }

    /// Whether it is known that nothing differs between two groups of pods, before it is found out how each sees the other: one side
    /// stays as it was, and the other is known to say the same.
    pub(super) fn stays(&mut self, source: usize, destination: usize) -> bool {
        let (Some(from), Some(to)) = (self.group(source), self.group(destination)) else { return false };
        if !self.judge().tells_changes() {
            return false;
        }
        let is_same = |direction| self.ground().is_same_side(direction, from, to);
        match (is_same(Direction::Egress), is_same(Direction::Ingress)) {
            (true, true) => true,
            (false, false) => false,
            (false, true) => {
                let sight = self.egress.sight(self.egress.of(source), destination);
                self.courses.stays(Direction::Egress, sight)
            }
            (true, false) => {
                let sight = self.ingress.sight(self.ingress.of(destination), source);
                self.courses.stays(Direction::Ingress, sight)
            }
        }
    }

    /// The outcomes of two ends of these groups that see each other so.
    pub(super) fn outcomes(
        &mut self,
        sights: Sights,
        (source, destination): (&Group, &Group),
        ends: (EndIx, EndIx),
    ) -> Option<OutcomesIx> {
        if let Some(known) = self.courses.find(sights) {
            return Some(known);
        }
        let pair = self.pair(ends.0, ends.1)?;
        let (ground, judge) = (self.ground(), self.judge());
        if judge.tells_changes() && self.courses.is_as_before(ground, sights, &pair, (source, destination)) {
            return Some(self.courses.nothing(sights));
        }
        if !judge.must_ask() {
            let both = self.courses.both(ground, sights, &pair, (source, destination));
            return Some(self.courses.of_courses(judge, both));
        }
        let mut cuts = ground.cuts(Some(source), Some(destination));
        if destination.is_host {
            self.search.apart_from_node_ports(&mut cuts);
        }
        Some(self.courses.ask(judge, sights, &pair, &cuts))
    }
}

impl<A: Ask> Search<A> {
    /// All that there is to tell of some ends: what goes to the same ends on the same ports with the same outcome is one.
    pub(in crate::analysis) fn gathered(&self, from: &Selection, to: &Selection) -> Vec<Gathered<A::Outcome>> {
        self.gathered_while(from, to, &|| true).unwrap_or_default()
    }

    /// Whether nobody changes in whom there is something to tell of changes.
    fn has_nothing_to_tell(&self) -> bool {
        let tells = |group: &Group| {
            self.judge.may_tell_from(&self.ground, group) || self.judge.may_tell_to(&self.ground, group)
        };
        let has_others = |front: &Front| !front.others.is_empty();
        self.judge.tells_changes()
            && self.ground.has_same_objects
            && !self.ground.groups.iter().any(tells)
            && !self.fronts.iter().any(has_others)
    }

    /// The same, none once it is not wanted any more.
    fn gathered_while(
        &self,
        from: &Selection,
        to: &Selection,
        is_wanted: &dyn Fn() -> bool,
    ) -> Option<Vec<Gathered<A::Outcome>>> {
        if self.has_nothing_to_tell() {
            return Some(Vec::new());
        }
        let mut run = Run::new(self, (from, to), is_wanted);
        run.by_kind = run.sources_by_kind();
        run.hosts_by_kind = run.hosts_by_kind();
        run.between_pods();
        run.hosts_as_sources();
        run.hosts_as_destinations();
        run.outside_as_destination();
        run.outside_as_source();
        run.through_fronts();
        if run.is_over() {
            return None;
        }
        Some(run.lines.gathered(&self.ground, run.courses.outcomes, (from, to)))
    }

    /// The same, as ends are named.
    pub(in crate::analysis) fn told(
        &self,
        folding: &Folding,
        detail: Detail,
        from: &Selection,
        to: &Selection,
    ) -> Vec<Told<A::Outcome>> {
        self.told_while(folding, detail, (from, to), &|| true).unwrap_or_default()
    }

    /// The same, none once it is not wanted any more.
    pub(in crate::analysis) fn told_while(
        &self,
        folding: &Folding,
        detail: Detail,
        (from, to): (&Selection, &Selection),
        is_wanted: &dyn Fn() -> bool,
    ) -> Option<Vec<Told<A::Outcome>>> {
        let gathered = self.gathered_while(from, to, is_wanted)?.into_iter();
        Some(gathered.flat_map(|line| line.named(&self.ground, folding, detail)).collect())
    }
}
