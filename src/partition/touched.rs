//! Whom the rules look at that are not of both of two snapshots. Where what changes stays isolated, nothing new is said of anybody else:
//! what the other rules say of him they said before.

use std::collections::{BTreeSet, HashSet};

use fixedbitset::FixedBitSet;
use foldhash::fast::FixedState;

use crate::engine::Distinctions;
use crate::name::Direction;
use crate::net::{AddressNumber, Family};
use crate::partition::ends::EndIx;
use crate::partition::ground::Ground;
use crate::partition::leading::Leads;
use crate::partition::parts::Parts;
use crate::partition::roster::{CohortIx, Roster};

/// Those at the other end of sides of one direction.
pub(super) struct Touched {
    /// Nobody is known not to be.
    pub(super) everybody: bool,
    /// Of the rules that are not of both, in each snapshot.
    rows: Vec<(usize, Distinctions)>,
    /// Cohorts with all their members.
    whole: FixedBitSet,
    ends: FixedBitSet,
    /// Cohorts with any of their members.
    pub(super) cohorts: FixedBitSet,
}

impl Touched {
    /// By the rules of those who change in that direction.
    pub(super) fn by(ground: &Ground, roster: &Roster, parts: &Parts<'_>, direction: Direction) -> Self {
        let mut touched = Self {
            everybody: false,
            rows: Vec::new(),
            whole: FixedBitSet::with_capacity(roster.cohorts.len()),
            ends: FixedBitSet::with_capacity(ground.len()),
            cohorts: FixedBitSet::with_capacity(roster.cohorts.len()),
        };
        touched.add_rows(parts, direction);
        if !touched.everybody {
            touched.add_selected(roster, parts);
            touched.add_held(roster, parts);
        }
        touched
    }

    /// Whether somebody of a cohort is among them.
    pub(super) fn has(&self, at: EndIx, cohort: CohortIx) -> bool {
        self.everybody || self.whole.contains(cohort.place()) || self.ends.contains(at.place())
    }

    /// Whether any of a cohort are.
    pub(super) fn has_some_of(&self, cohort: CohortIx) -> bool {
        self.everybody || self.cohorts.contains(cohort.place())
    }

    fn add_rows(&mut self, parts: &Parts<'_>, direction: Direction) {
        let [before, after] = parts.views;
        let mut seen: HashSet<[*const Distinctions; 2], FixedState> = HashSet::default();
        for part in &parts.all {
            let changes = match direction {
                Direction::Egress => part.change.egress,
                Direction::Ingress => part.change.ingress,
            };
            let [first, second] = part.places;
            let rows = match direction {
                Direction::Egress => [before.egress(first), after.egress(second)],
                Direction::Ingress => [before.ingress(first), after.ingress(second)],
            };
            if !changes || !seen.insert(rows.map(std::ptr::from_ref)) {
                continue;
            }
            let [one, other] = rows;
            let gone = before.snapshot.row_beside(one, other, direction);
            let come = after.snapshot.row_beside(other, one, direction);
            let (true, Some(gone), Some(come)) = (one.isolated && other.isolated, gone, come) else {
                self.everybody = true;
                return;
            };
            self.everybody |= gone.admits_all() || come.admits_all();
            self.rows.extend([(0, gone), (1, come)]);
        }
        // Rules may be held against something else than ends.
        let sees_ends = |direction| parts.views.iter().all(|view| !view.snapshot.nobody_met(direction).is_anybody());
        let changes = !self.rows.is_empty();
        self.everybody |= changes && !(sees_ends(Direction::Egress) && sees_ends(Direction::Ingress));
    }

    fn add_selected(&mut self, roster: &Roster, parts: &Parts<'_>) {
        for (at, row) in &self.rows {
            let Some(view) = parts.views.get(*at) else { continue };
            view.snapshot.for_each_selected(row, &roster.by_namespace, |_, class| {
                for cohort in roster.of_class.get(class).into_iter().flatten() {
                    self.whole.insert(cohort.place());
                    self.cohorts.insert(cohort.place());
                }
            });
        }
    }

    /// Those whose addresses blocks hold, or may where nobody knows them (U6).
    fn add_held(&mut self, roster: &Roster, parts: &Parts<'_>) {
        let mut held = Vec::new();
        for (at, row) in self.rows.iter().filter(|(_, row)| row.has_blocks()) {
            let Some(view) = parts.views.get(*at) else { continue };
            held.extend(&roster.nowhere);
            for family in [Family::V4, Family::V6] {
                let starts: BTreeSet<u128> = [0].into_iter().chain(row.starts(family).iter().copied()).collect();
                let ends = starts.iter().skip(1).copied().map(Some).chain([None]);
                for (start, end) in starts.iter().zip(ends) {
                    if view.snapshot.holds(row, AddressNumber { family, bits: *start }) {
                        held.extend(roster.addresses_between(family, *start, end));
                    }
                }
            }
        }
        held.into_iter().for_each(|at| self.add(roster, at));
    }

    fn add(&mut self, roster: &Roster, at: EndIx) {
        self.ends.insert(at.place());
        let cohort = roster.of_end.get(at.place()).copied().flatten();
        cohort.into_iter().for_each(|cohort| self.cohorts.insert(cohort.place()));
    }

    /// What leads to any of them or to somebody who is told apart anyway, by number. Whoever is behind it with these counts as one of
    /// them: what is said of a connection that leads there hangs on all.
    pub(super) fn behind(&mut self, roster: &Roster, parts: &Parts<'_>, leads: &[Leads<'_>]) -> Vec<usize> {
        if self.everybody {
            return (0..leads.len()).collect();
        }
        if self.rows.is_empty() {
            return Vec::new();
        }
        let is_whole = |cohort: &Option<CohortIx>| cohort.is_some_and(|cohort| self.whole.contains(cohort.place()));
        let whole = roster.of_end.iter().enumerate().filter(|(_, cohort)| is_whole(cohort)).map(|(at, _)| at);
        let seeds = self.ends.ones().chain(whole).filter_map(EndIx::at);
        let seeds = seeds.chain(parts.all.iter().flat_map(|part| part.members.iter().copied()));
        let is_held = |number: &AddressNumber| {
            let view = |at: usize| parts.views.get(at);
            self.rows.iter().any(|(at, row)| view(*at).is_some_and(|view| view.snapshot.holds(row, *number)))
        };
        let sent_to = leads.iter().enumerate().filter(|(_, leads)| leads.sent_to.iter().any(is_held));
        let leading = seeds.flat_map(|at| roster.leading.of(at)).copied();
        let mut all: Vec<usize> = leading.chain(sent_to.map(|(number, _)| number)).collect();
        all.sort_unstable();
        all.dedup();
        let ends = all.iter().filter_map(|number| leads.get(*number)).flat_map(|leads| leads.ends);
        ends.for_each(|at| self.add(roster, *at));
        all
    }
}
