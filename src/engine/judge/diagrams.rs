//! The fine grain: truths as decision diagrams over what the sources leave open.
//!
//! A diagram asks one open behaviour after the other, in the order in which they were first met, and ends in yes or no. Equal
//! diagrams stand once, so two truths are the same under every reading exactly if they are one number, and what a truth
//! hangs on is what its diagram still asks. Nothing is assumed of the sense in which a behaviour enters: choices between two
//! values, rules that deny and rules that pass on are written with [`Logic::choose`] like everything else.
//!
//! A flow meets at most one behaviour a row, one more of U1, and a few groups of open peers a side; nearly all of them stand in
//! a chain of "or this", so diagrams stay about as long as there are behaviours.
//!
//! Our own page of code and no crate: those that are kept want a compiler newer than this crate's oldest.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::engine::judge::choice::Choice;
use crate::engine::judge::logic::Logic;
use crate::name::Direction;
use crate::profile::row::{Row, Rows};
use crate::verdict::Verdict;

/// Something that the sources leave open, with two readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine) enum Behaviour {
    /// A row, the same wherever the flow meets it.
    Row(Row),
    /// A reading of a choice among several, against those after it.
    Taken(Choice, usize),
    /// U1, where not everything passes: rules without `ports` match.
    Portless,
    /// Peers of one side that U6 (or U5, without a known ClusterIP) leaves open, and that count under the same readings of
    /// everything else: any of them matches.
    Peers { row: Row, direction: Direction, group: usize },
}

impl Behaviour {
    fn row(self) -> Row {
        match self {
            Self::Row(row) | Self::Peers { row, .. } => row,
            Self::Taken(choice, _) => choice.row(),
            Self::Portless => Row::U1,
        }
    }
}

/// A truth: no, yes, or the place of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::engine) struct Diagram(u32);

/// A question: the place of the behaviour among those met, and what follows either answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Question {
    asked: u32,
    no: Diagram,
    yes: Diagram,
}

/// A truth that stands by itself: its questions, each behind those that its answers lead to.
///
/// Equal ones are the same under every reading; the same truth may be kept in several ways, by the order in which its behaviours
/// were met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct KeptTruth {
    questions: Vec<(Behaviour, Diagram, Diagram)>,
    last: Diagram,
}

impl KeptTruth {
    pub(in crate::engine) fn known(value: bool) -> Self {
        Self { questions: Vec::new(), last: if value { Diagrams::YES } else { Diagrams::NO } }
    }

    /// The verdict of a connection whose sides say these, and the rows that leave it undefined.
    pub(crate) fn both(&self, other: &Self) -> (Verdict, Rows) {
        match (self.last, other.last) {
            (Diagrams::NO, _) | (_, Diagrams::NO) => return (Verdict::Deny, Rows::NONE),
            (Diagrams::YES, Diagrams::YES) => return (Verdict::Allow, Rows::NONE),
            _ => {}
        }
        let diagrams = Diagrams::default();
        let both = diagrams.and(diagrams.restored(self), diagrams.restored(other));
        (Diagrams::verdict(both), diagrams.rows(both))
    }
}

/// The diagrams of one decision.
#[derive(Debug, Default)]
pub(in crate::engine) struct Diagrams(RefCell<Store>);

#[derive(Debug, Default)]
struct Store {
    behaviours: Vec<Behaviour>,
    questions: Vec<Question>,
    places: HashMap<Question, Diagram>,
    chosen: HashMap<[Diagram; 3], Diagram>,
}

impl Store {
    fn question(&self, diagram: Diagram) -> Option<Question> {
        let at = (diagram.0 as usize).checked_sub(2)?;
        self.questions.get(at).copied()
    }

    /// The diagram that asks `asked`, unless both answers lead to the same.
    fn ask(&mut self, asked: u32, no: Diagram, yes: Diagram) -> Diagram {
        if no == yes {
            return no;
        }
        let question = Question { asked, no, yes };
        *self.places.entry(question).or_insert_with(|| {
            self.questions.push(question);
            Diagram(self.questions.len() as u32 + 1)
        })
    }

    fn open(&mut self, behaviour: Behaviour) -> Diagram {
        let known = self.behaviours.iter().position(|each| *each == behaviour);
        let at = known.unwrap_or_else(|| {
            self.behaviours.push(behaviour);
            self.behaviours.len() - 1
        });
        self.ask(at as u32, Diagrams::NO, Diagrams::YES)
    }

    fn choose(&mut self, condition: Diagram, then: Diagram, otherwise: Diagram) -> Diagram {
        if condition == Diagrams::YES || then == otherwise {
            return then;
        }
        if condition == Diagrams::NO {
            return otherwise;
        }
        if (then, otherwise) == (Diagrams::YES, Diagrams::NO) {
            return condition;
        }
        let key = [condition, then, otherwise];
        if let Some(known) = self.chosen.get(&key) {
            return *known;
        }
        let first = key.iter().filter_map(|each| Some(self.question(*each)?.asked)).min().unwrap_or_default();
        let under = |store: &Self, each: Diagram, answer: bool| match store.question(each) {
            Some(question) if question.asked == first => {
                if answer {
                    question.yes
                } else {
                    question.no
                }
            }
            _ => each,
        };
        let [no, yes] = [false, true].map(|answer| {
            let [condition, then, otherwise] = key.map(|each| under(self, each, answer));
            self.choose(condition, then, otherwise)
        });
        let chosen = self.ask(first, no, yes);
        self.chosen.insert(key, chosen);
        chosen
    }

    /// The rows of what `diagram` still asks.
    fn rows(&self, diagram: Diagram) -> Rows {
        let (mut rows, mut seen, mut left) = (Rows::NONE, vec![false; self.questions.len() + 2], vec![diagram]);
        while let Some(each) = left.pop() {
            let Some(question) = self.question(each) else { continue };
            if let Some(seen) = seen.get_mut(each.0 as usize) {
                if std::mem::replace(seen, true) {
                    continue;
                }
            }
            if let Some(behaviour) = self.behaviours.get(question.asked as usize) {
                rows.insert(behaviour.row());
            }
            left.extend([question.no, question.yes]);
        }
        rows
    }
}

impl Diagrams {
    /// It holds under one reading of `behaviour`, and not under the other.
    pub(in crate::engine) fn behaviour(&self, behaviour: Behaviour) -> Diagram {
        self.0.borrow_mut().open(behaviour)
    }

    /// The truth by itself, to be kept when these diagrams are gone.
    pub(in crate::engine) fn kept(&self, diagram: Diagram) -> KeptTruth {
        let store = self.0.borrow();
        let mut kept = KeptTruth::default();
        let mut places: HashMap<Diagram, Diagram> = HashMap::new();
        // A question stands behind those that it leads to.
        let mut left = vec![diagram];
        while let Some(each) = left.last().copied() {
            let Some(question) = store.question(each).filter(|_| !places.contains_key(&each)) else {
                left.pop();
                continue;
            };
            let place = |next: Diagram| if next.0 < 2 { Some(next) } else { places.get(&next).copied() };
            let (Some(no), Some(yes)) = (place(question.no), place(question.yes)) else {
                left.extend([question.yes, question.no]);
                continue;
            };
            left.pop();
            if let Some(asked) = store.behaviours.get(question.asked as usize) {
                kept.questions.push((*asked, no, yes));
                places.insert(each, Diagram(kept.questions.len() as u32 + 1));
            }
        }
        kept.last = places.get(&diagram).copied().unwrap_or(diagram);
        kept
    }

    fn restored(&self, kept: &KeptTruth) -> Diagram {
        let mut places: Vec<Diagram> = vec![Self::NO, Self::YES];
        let at = |places: &[Diagram], each: Diagram| places.get(each.0 as usize).copied().unwrap_or(Self::NO);
        for (asked, no, yes) in &kept.questions {
            let asked = self.behaviour(*asked);
            let both = self.choose(asked, at(&places, *yes), at(&places, *no));
            places.push(both);
        }
        at(&places, kept.last)
    }

    /// The rows that decide under some resolution of the others.
    pub(in crate::engine) fn rows(&self, diagram: Diagram) -> Rows {
        self.0.borrow().rows(diagram)
    }
}

impl Logic for Diagrams {
    type Truth = Diagram;

    const NO: Diagram = Diagram(0);
    const YES: Diagram = Diagram(1);

    fn open(&self, row: Row) -> Diagram {
        self.behaviour(Behaviour::Row(row))
    }

    fn portless(&self) -> Diagram {
        self.behaviour(Behaviour::Portless)
    }

    /// The first that is taken counts; where none is, the first of all. What is asked of a choice is asked before what is met
    /// under its readings: so a diagram of several choices with many readings is no larger than there are combinations.
    fn under_each<T>(
        &self,
        choice: Choice,
        readings: impl Iterator<Item = (usize, T)>,
        mut judge: impl FnMut(T) -> Option<Diagram>,
    ) -> Option<Diagram> {
        let mut readings = readings.peekable();
        let first = readings.next()?;
        // Mostly there is nothing to choose.
        if readings.peek().is_none() {
            return judge(first.1);
        }
        // All are asked for before any is judged: the order of the diagrams is that of the asking.
        let readings: Vec<(Diagram, T)> = std::iter::once(first)
            .chain(readings)
            .map(|(at, reading)| (self.behaviour(Behaviour::Taken(choice, at)), reading))
            .collect();
        let said: Vec<(Diagram, Diagram)> =
            readings.into_iter().filter_map(|(taken, reading)| Some((taken, judge(reading)?))).collect();
        let ((_, first), others) = said.split_first()?;
        Some(others.iter().rev().fold(*first, |rest, (taken, truth)| self.choose(*taken, *truth, rest)))
    }

    fn or(&self, one: Diagram, other: Diagram) -> Diagram {
        self.choose(one, Self::YES, other)
    }

    fn and(&self, one: Diagram, other: Diagram) -> Diagram {
        self.choose(one, other, Self::NO)
    }

    fn choose(&self, condition: Diagram, then: Diagram, otherwise: Diagram) -> Diagram {
        match condition {
            Self::YES => then,
            Self::NO => otherwise,
            _ => self.0.borrow_mut().choose(condition, then, otherwise),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_truths_are_one() {
        let all = Diagrams::default();
        let [a, b, c] = [Row::C2, Row::C7, Row::U1].map(|row| all.open(row));
        assert_eq!(all.or(a, all.and(b, a)), a);
        assert_eq!(all.and(a, all.or(b, c)), all.or(all.and(c, a), all.and(a, b)));
        assert_eq!(all.choose(a, b, b), b);
        assert_eq!(all.or(a, all.choose(a, Diagrams::NO, Diagrams::YES)), Diagrams::YES);
        assert_eq!(all.rows(all.or(all.and(a, b), all.and(a, c))).to_string(), "C2, C7, U1");
        assert_eq!(all.rows(all.or(b, all.and(a, b))).to_string(), "C7");
    }

    #[test]
    fn kept_truths_are_put_together_as_they_were() {
        let all = Diagrams::default();
        let [a, b, c] = [Row::C2, Row::C7, Row::U1].map(|row| all.open(row));
        let not = |each| all.choose(each, Diagrams::NO, Diagrams::YES);
        let truths =
            [Diagrams::NO, Diagrams::YES, a, not(a), all.or(a, b), all.and(all.or(b, c), not(a)), all.choose(c, a, b)];
        for one in truths {
            for other in truths {
                let both = all.and(one, other);
                let expected = (Diagrams::verdict(both), all.rows(both));
                assert_eq!(all.kept(one).both(&all.kept(other)), expected);
            }
        }
    }

    #[test]
    fn peers_of_one_row_are_apart_by_side_and_group() {
        let all = Diagrams::default();
        let peers = |direction, group| all.behaviour(Behaviour::Peers { row: Row::U6, direction, group });
        let (egress, ingress) = (peers(Direction::Egress, 0), peers(Direction::Ingress, 0));
        assert_ne!(egress, ingress);
        assert_ne!(egress, peers(Direction::Egress, 1));
        assert_eq!(all.rows(all.and(egress, ingress)).to_string(), "U6");
    }

    #[test]
    fn the_coarse_grain_of_an_ordered_list() {
        let (no, yes, open) = (Coarse::NO, Coarse::YES, Coarse.open(Row::U6));
        use crate::engine::judge::logic::Coarse;
        assert_eq!(Coarse.choose(open, yes, yes), yes);
        assert_eq!(Coarse.choose(open, no, yes), open);
        assert_eq!(Coarse.choose(open, yes, open), open);
        assert_eq!(Coarse.choose(no, no, yes), yes);
    }
}
