//! What two sides say together, found once for all pairs that they say it of.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::analysis::search::ask::{Ask, Outcomes, Pair, Said};
use crate::analysis::search::backends::Together;
use crate::analysis::search::numbered::{Numbered, OutcomesIx};
use crate::engine::SideSays;
use crate::model::flow::{Flow, L4};
use crate::name::Direction;
use crate::net::{PortCuts, PortInterval};
use crate::partition::{Ground, Group, Interned, SightIx, View};

/// What a side says in each snapshot; none where there can be no such flow.
type Course = Vec<Option<SideSays>>;

/// Whom a side stands for, and how it sees the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sights {
    pub(super) egress: SightIx,
    pub(super) ingress: SightIx,
}

/// What is said of each backend, and the snapshots in which it is there.
type Backends = Vec<(BothIx, Vec<bool>)>;

/// All that was found out.
pub(super) struct Courses<O> {
    known: Interned<Course>,
    all: Vec<Course>,
    of_egress: Vec<Option<u32>>,
    of_ingress: Vec<Option<u32>>,
    together: HashMap<BothIx, OutcomesIx, FixedState>,
    said: HashMap<(BothIx, L4), Vec<Said>, FixedState>,
    asked: HashMap<Sights, OutcomesIx, FixedState>,
    /// By the backends of a headless Service and the snapshots in which each is there.
    of_backends: HashMap<Backends, Option<OutcomesIx>, FixedState>,
    pub(super) outcomes: Numbered<O>,
}

impl<O: Ord + Clone + Hash> Courses<O> {
    pub(super) fn new() -> Self {
        Self {
            known: Interned::default(),
            all: Vec::new(),
            of_egress: Vec::new(),
            of_ingress: Vec::new(),
            together: HashMap::default(),
            said: HashMap::default(),
            asked: HashMap::default(),
            of_backends: HashMap::default(),
            outcomes: Numbered::default(),
        }
    }

    /// The outcomes of all pairs that have these sights, where one was asked before.
    #[inline]
    pub(super) fn find(&self, sights: Sights) -> Option<OutcomesIx> {
        if let Some(known) = self.asked.get(&sights) {
            return Some(*known);
        }
        self.together.get(&self.known(sights)?).copied()
    }

    /// What both sides say that have these sights, where some that have them were asked.
    pub(super) fn known(&self, sights: Sights) -> Option<BothIx> {
        let egress = self.of_side(Direction::Egress, sights.egress)?;
        Some(BothIx { egress, ingress: self.of_side(Direction::Ingress, sights.ingress)? })
    }

    /// And where none was, of `pair`, which is one of them: asked anew on ports that these cuts make.
    pub(super) fn ask<A: Ask<Outcome = O>>(
        &mut self,
        judge: &A,
        sights: Sights,
        pair: &Pair,
        cuts: &PortCuts,
    ) -> OutcomesIx {
        let outcomes = judge.outcomes(pair, &cuts.intervals());
        let found = self.outcomes.number(outcomes);
        self.asked.insert(sights, found);
        found
    }

    /// What both sides say that have these sights; `pair` is one of them, of those groups.
    pub(super) fn both(
        &mut self,
        ground: &Ground,
        sights: Sights,
        pair: &Pair,
        (source, destination): (&Group, &Group),
    ) -> BothIx {
        if let Some(known) = self.known(sights) {
            return known;
        }
        let egress = self.side(ground, Direction::Egress, sights.egress, pair, (source, destination));
        let ingress = self.side(ground, Direction::Ingress, sights.ingress, pair, (source, destination));
        BothIx { egress, ingress }
    }

    /// Whether nothing differs, as one side alone shows: the other stays as it was, and this one does too or says the same.
    pub(super) fn is_as_before(
        &mut self,
        ground: &Ground,
        sights: Sights,
        pair: &Pair,
        (source, destination): (&Group, &Group),
    ) -> bool {
        let stays = |direction| ground.is_same_side(direction, source, destination);
        let (direction, sight) = match (stays(Direction::Egress), stays(Direction::Ingress)) {
            (true, true) => return true,
            (true, false) => (Direction::Ingress, sights.ingress),
            (false, true) => (Direction::Egress, sights.egress),
            (false, false) => return false,
        };
        let side = self.side(ground, direction, sight, pair, (source, destination));
        self.is_one(side)
    }

    /// Whether it is known that a side says the same in each snapshot of all that it sees so.
    pub(super) fn stays(&self, direction: Direction, sight: SightIx) -> bool {
        self.of_side(direction, sight).is_some_and(|side| self.is_one(side))
    }

    fn is_one(&self, side: u32) -> bool {
        let mut says = self.course(side).iter();
        let before = says.next();
        says.all(|after| Some(after) == before)
    }

    /// What one side says of all that it sees so; `pair` is one of them, of those groups. Where it is the same in each snapshot for
    /// this pair it is for all: equal sights say the same.
    fn side(
        &mut self,
        ground: &Ground,
        direction: Direction,
        sight: SightIx,
        pair: &Pair,
        (source, destination): (&Group, &Group),
    ) -> u32 {
        if let Some(known) = self.of_side(direction, sight) {
            return known;
        }
        let intervals = ground.cuts_of_side(direction, source, destination).intervals();
        let flow = pair.flow(L4::Icmp);
        let says = |view: &Arc<View>| view.snapshot.side_says(&flow, direction, &intervals);
        let course: Course = if ground.is_same_side(direction, source, destination) {
            // The same in each.
            let first = ground.views.first().and_then(says);
            ground.views.iter().map(|_| first.clone()).collect()
        } else {
            ground.views.iter().map(says).collect()
        };
        let course = self.add(course);
        let own = if direction == Direction::Egress { &mut self.of_egress } else { &mut self.of_ingress };
        if own.len() <= sight.place() {
            own.resize(sight.place() + 1, None);
        }
        if let Some(entry) = own.get_mut(sight.place()) {
            *entry = Some(course);
        }
        course
    }

    /// There is nothing to tell of all pairs that have these sights.
    pub(super) fn nothing(&mut self, sights: Sights) -> OutcomesIx {
        let found = self.outcomes.number(Outcomes::new());
        self.asked.insert(sights, found);
        found
    }

    /// What both sides of one pair say, known of no other.
    pub(super) fn of_pair(&mut self, ground: &Ground, pair: &Pair, intervals: &[PortInterval]) -> BothIx {
        let flow = pair.flow(L4::Icmp);
        let egress = self.add(course(ground, &flow, Direction::Egress, intervals));
        BothIx { egress, ingress: self.add(course(ground, &flow, Direction::Ingress, intervals)) }
    }

    fn of_side(&self, direction: Direction, sight: SightIx) -> Option<u32> {
        let all = if direction == Direction::Egress { &self.of_egress } else { &self.of_ingress };
        all.get(sight.place()).copied().flatten()
    }

    fn add(&mut self, course: Course) -> u32 {
        let place = self.known.place(course.clone());
        if place as usize == self.all.len() {
            self.all.push(course);
        }
        place
    }

    fn course(&self, at: u32) -> &[Option<SideSays>] {
        self.all.get(at as usize).map_or(&[], |course| course)
    }

    pub(super) fn of_courses<A: Ask<Outcome = O>>(&mut self, judge: &A, both: BothIx) -> OutcomesIx {
        if let Some(known) = self.together.get(&both) {
            return *known;
        }
        let outcomes = together(judge, self.course(both.egress), self.course(both.ingress));
        let found = self.outcomes.number(outcomes);
        self.together.insert(both, found);
        found
    }

    /// What all backends say together on every port, each in the snapshots in which it is there (K23); none where of some there
    /// can be no such flow.
    pub(super) fn of_all_ports<A: Ask<Outcome = O>>(
        &mut self,
        judge: &A,
        backends: &[(BothIx, L4, &[bool])],
    ) -> Option<OutcomesIx> {
        let mut key: Backends = backends.iter().map(|(both, _, is_there)| (*both, is_there.to_vec())).collect();
        key.sort_unstable();
        key.dedup();
        if key.is_empty() {
            return None;
        }
        if let Some(known) = self.of_backends.get(&key) {
            return *known;
        }
        let mut cuts = PortCuts::default();
        let views = key.first().map_or(0, |(_, is_there)| is_there.len());
        for (BothIx { egress, ingress }, _) in &key {
            begins(self.course(*egress).iter().chain(self.course(*ingress)), &mut cuts);
        }
        let on = |l4: L4| -> Option<Vec<Said>> {
            let mut all = vec![Together::default(); views];
            for (BothIx { egress, ingress }, is_there) in &key {
                let said = said_on(self.course(*egress), self.course(*ingress), l4);
                for ((together, said), _) in all.iter_mut().zip(said).zip(is_there).filter(|(_, is_there)| **is_there) {
                    together.add(said?);
                }
            }
            Some(all.into_iter().map(Together::said).collect())
        };
        let outcomes = outcomes_on(judge, &cuts, on);
        let found = outcomes.map(|outcomes| self.outcomes.number(outcomes));
        self.of_backends.insert(key, found);
        found
    }

    /// What both sides say of one connection, in each snapshot.
    pub(super) fn said(&mut self, both: BothIx, l4: L4) -> &[Said] {
        let Self { all, said, .. } = self;
        let course = |at: u32| all.get(at as usize).map_or(&[][..], |course: &Course| course);
        said.entry((both, l4)).or_insert_with(|| said_on(course(both.egress), course(both.ingress), l4))
    }
}

/// What both sides say, by what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BothIx {
    egress: u32,
    ingress: u32,
}

fn course(ground: &Ground, flow: &Flow, direction: Direction, intervals: &[PortInterval]) -> Course {
    ground.views.iter().map(|view| view.snapshot.side_says(flow, direction, intervals)).collect()
}

fn said_on(egress: &[Option<SideSays>], ingress: &[Option<SideSays>], l4: L4) -> Vec<Said> {
    let of_view = |(egress, ingress): (&Option<SideSays>, &Option<SideSays>)| {
        Some(egress.as_ref()?.on(l4)?.both(ingress.as_ref()?.on(l4)?))
    };
    egress.iter().zip(ingress).map(of_view).collect()
}

/// What two sides say together.
fn together<A: Ask>(judge: &A, egress: &[Option<SideSays>], ingress: &[Option<SideSays>]) -> Outcomes<A::Outcome> {
    let mut cuts = PortCuts::default();
    begins(egress.iter().chain(ingress), &mut cuts);
    outcomes_on(judge, &cuts, |l4| Some(said_on(egress, ingress, l4))).unwrap_or_default()
}

/// Where something else is said.
fn begins<'s>(says: impl Iterator<Item = &'s Option<SideSays>>, cuts: &mut PortCuts) {
    for says in says.flatten() {
        says.ports.iter().for_each(|(interval, _)| cuts.begin(interval.protocol(), interval.first()));
    }
}

/// What is told of each interval, and without ports; none where something is said of none.
fn outcomes_on<A: Ask>(
    judge: &A,
    cuts: &PortCuts,
    said: impl Fn(L4) -> Option<Vec<Said>>,
) -> Option<Outcomes<A::Outcome>> {
    let mut all = Outcomes::new();
    for interval in cuts.intervals() {
        if let Some(outcome) = judge.outcome_of(&said(interval.into())?) {
            all.entry(outcome).or_default().add(interval);
        }
    }
    // Of protocols without ports ICMP stands for all (U1).
    if let Some(outcome) = judge.outcome_of(&said(L4::Icmp)?) {
        all.entry(outcome).or_default().add_portless();
    }
    Some(all)
}
