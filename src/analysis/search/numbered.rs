//! Outcomes by number: most pairs of ends have those of others.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::FixedState;

use crate::analysis::search::ask::Outcomes;
use crate::analysis::search::fronts::NodePorts;
use crate::analysis::search::ports::Ports;

/// The outcomes of a pair of ends, among all that any has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct OutcomesIx(u32);

/// One outcome and its ports, among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::analysis) struct LineIx(u32);

/// Outcomes by number, equal ones by one.
pub(super) struct Numbered<O> {
    known: HashMap<Outcomes<O>, OutcomesIx, FixedState>,
    all: Vec<(Outcomes<O>, Vec<LineIx>)>,
    known_lines: HashMap<(O, Ports), LineIx, FixedState>,
    lines: Vec<(O, Ports)>,
    without: HashMap<OutcomesIx, OutcomesIx, FixedState>,
}

impl<O> Default for Numbered<O> {
    fn default() -> Self {
        Self {
            known: HashMap::default(),
            all: Vec::new(),
            known_lines: HashMap::default(),
            lines: Vec::new(),
            without: HashMap::default(),
        }
    }
}

impl<O: Ord + Clone + Hash> Numbered<O> {
    pub(super) fn number(&mut self, outcomes: Outcomes<O>) -> OutcomesIx {
        if let Some(known) = self.known.get(&outcomes) {
            return *known;
        }
        let mut lines = Vec::new();
        for (outcome, ports) in &outcomes {
            lines.push(self.number_line(outcome.clone(), ports.clone()));
        }
        let next = OutcomesIx(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.known.insert(outcomes.clone(), next);
        self.all.push((outcomes, lines));
        next
    }

    pub(super) fn number_line(&mut self, outcome: O, ports: Ports) -> LineIx {
        let next = LineIx(u32::try_from(self.lines.len()).unwrap_or(u32::MAX));
        let line = *self.known_lines.entry((outcome.clone(), ports.clone())).or_insert(next);
        if line == next {
            self.lines.push((outcome, ports));
        }
        line
    }

    pub(super) fn lines(&self, at: OutcomesIx) -> &[LineIx] {
        self.all.get(at.0 as usize).map_or(&[], |(_, lines)| lines)
    }

    pub(super) fn line(&self, at: LineIx) -> Option<&(O, Ports)> {
        self.lines.get(at.0 as usize)
    }

    /// Without ports that are somebody else's.
    pub(super) fn without(&mut self, at: OutcomesIx, others: &NodePorts) -> OutcomesIx {
        if others.is_empty() {
            return at;
        }
        if let Some(known) = self.without.get(&at) {
            return *known;
        }
        let all = self.all.get(at.0 as usize).map_or_else(Outcomes::new, |(outcomes, _)| outcomes.clone());
        let left = all.into_iter().map(|(outcome, ports)| (outcome, ports.without(others)));
        let left = left.filter(|(_, ports)| !ports.is_empty()).collect();
        let found = self.number(left);
        self.without.insert(at, found);
        found
    }
}
