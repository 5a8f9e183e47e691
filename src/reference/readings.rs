//! What the sources leave open, settled in every way (SEMANTICS section 1).
//!
//! What is open is one choice among readings, made once and kept wherever the flow meets it again. [`every_way`] judges
//! under all combinations of the choices that the judgement asks for: it takes the first reading of each, notes what was
//! asked, and comes back for the others, the last choice first.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::cluster::ControllerValueKind;
use crate::name::Direction;
use crate::profile::row::{Row, Rows};

/// One end of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Source,
    Destination,
}

impl End {
    /// The end that a side protects.
    pub(super) fn of_subject(direction: Direction) -> Self {
        match direction {
            Direction::Egress => Self::Source,
            Direction::Ingress => Self::Destination,
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Source => Self::Destination,
            Self::Destination => Self::Source,
        }
    }
}

/// Something open: a row is one choice for the flow, but where it asks about ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Open {
    Row(Row),
    /// What a controller wrote into the labels of an end (U7).
    Value(End, ControllerValueKind),
    /// On which of the nodes that the flow meets an end is, if on any (U8).
    Node(End),
    /// Whether two ends are on one node of which neither says anything (U8).
    OneNode,
}

impl Open {
    pub(super) fn ordinal(end: End) -> Self {
        Self::Value(end, ControllerValueKind::Ordinal)
    }

    pub(super) fn row(self) -> Row {
        match self {
            Self::Row(row) => row,
            Self::Value(..) => Row::U7,
            Self::Node(_) | Self::OneNode => Row::U8,
        }
    }
}

/// The readings taken: of all that was asked, which one, counted from 0.
pub(super) type Settled = BTreeMap<Open, usize>;

/// The choices of one walk through the judgement.
#[derive(Debug, Default)]
pub(super) struct Choices {
    made: RefCell<Vec<Choice>>,
}

#[derive(Debug, Clone, Copy)]
struct Choice {
    open: Open,
    taken: usize,
    readings: usize,
}

impl Choices {
    /// Which of so many readings this walk takes: the one already taken, else the first; the others come in later walks.
    pub(super) fn choose(&self, open: Open, readings: usize) -> usize {
        let mut made = self.made.borrow_mut();
        let known = made.iter().find(|choice| choice.open == open).map(|choice| choice.taken);
        known.unwrap_or_else(|| {
            made.push(Choice { open, taken: 0, readings });
            0
        })
    }

    fn settled(&self) -> Settled {
        self.made.borrow().iter().map(|choice| (choice.open, choice.taken)).collect()
    }

    /// The next combination; `false` where all have been walked.
    fn advance(&mut self) -> bool {
        let made = self.made.get_mut();
        while let Some(last) = made.last_mut() {
            last.taken += 1;
            if last.taken < last.readings {
                return true;
            }
            made.pop();
        }
        false
    }
}

/// What was said under one combination of readings. What is not in it was not asked: what is said holds for all of its
/// readings.
#[derive(Debug, Clone)]
pub(super) struct Way<T> {
    pub(super) settled: Settled,
    pub(super) said: T,
}

/// A side has at most so many ways for each combination of what U7, U8 and U9 leave open, with every other row of a profile
/// open: the rows that let everything pass (C1, C2 or C3, C7, C13 or U3, C11, U4, C8, C6) add one each, since their other
/// reading ends the judgement; what rules ask (C14, C4 or C5, C9 or C10, and of U2, U5 and U1 what the ends leave) doubles
/// what is behind it.
///
/// U7 has as many readings as selectors tell values apart, and one or two more, for each of the at most three things that a
/// controller writes into the labels of an end; U8 three at most for each end; U9 one for each own node, and for each part
/// that blocks cut the addresses of other nodes into.
const MOST_WAYS: usize = 64;

/// Asks under every combination of readings that is possible, the first readings of all first.
///
/// There are as many ways as leaves in the tree of questions: each thing open adds its readings where it is asked, and a
/// reading that ends the judgement asks nothing more.
pub(super) fn every_way<T>(is_possible: impl Fn(&Settled) -> bool, judge: impl Fn(&Choices) -> T) -> Vec<Way<T>> {
    let mut choices = Choices::default();
    let mut ways = Vec::new();
    let mut wide: BTreeMap<Open, usize> = BTreeMap::new();
    loop {
        let said = judge(&choices);
        let settled = choices.settled();
        for choice in
            choices.made.borrow().iter().filter(|choice| matches!(choice.open.row(), Row::U7 | Row::U8 | Row::U9))
        {
            wide.insert(choice.open, choice.readings);
        }
        if is_possible(&settled) {
            ways.push(Way { settled, said });
        }
        if !choices.advance() {
            let most = wide.values().fold(MOST_WAYS, |product, readings| product.saturating_mul(*readings));
            debug_assert!(ways.len() <= most, "{} ways: a row asks more than is said", ways.len());
            return ways;
        }
    }
}

/// Both at once: every way of the one with every way of the other that takes nothing otherwise, where they go together.
pub(super) fn together<A, B, T>(
    is_possible: impl Fn(&Settled) -> bool,
    left: &[Way<A>],
    right: &[Way<B>],
    both: impl Fn(&A, &B) -> T,
) -> Vec<Way<T>> {
    let mut ways = Vec::new();
    for a in left {
        for b in right.iter().filter(|b| differing(&a.settled, &b.settled).is_empty()) {
            let settled = a.settled.iter().chain(&b.settled).map(|(open, taken)| (*open, *taken)).collect();
            if is_possible(&settled) {
                ways.push(Way { settled, said: both(&a.said, &b.said) });
            }
        }
    }
    ways
}

/// The rows that decide under some resolution of the others: two ways that differ in that row alone say different things.
pub(super) fn deciding<T: PartialEq>(ways: &[Way<T>]) -> Rows {
    let mut rows = Rows::NONE;
    for (at, one) in ways.iter().enumerate() {
        for other in ways.iter().skip(at + 1).filter(|other| other.said != one.said) {
            let differ = differing(&one.settled, &other.settled);
            if let (Some(row), 1) = (differ.first(), differ.len()) {
                rows.insert(*row);
            }
        }
    }
    rows
}

/// The rows that both were asked for and took otherwise.
fn differing(one: &Settled, other: &Settled) -> BTreeSet<Row> {
    one.iter()
        .filter(|(open, taken)| other.get(open).is_some_and(|of_other| of_other != *taken))
        .map(|(open, _)| open.row())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(choices: &Choices, row: Row) -> bool {
        choices.choose(Open::Row(row), 2) == 1
    }

    fn rows(judge: impl Fn(&Choices) -> bool) -> (usize, String) {
        let ways = every_way(|_| true, judge);
        (ways.len(), deciding(&ways).to_string())
    }

    #[test]
    fn a_choice_is_one_wherever_it_is_met() {
        assert_eq!(rows(|c| open(c, Row::C7) || !open(c, Row::C7)), (2, String::new()));
        assert_eq!(rows(|c| open(c, Row::C7) && open(c, Row::U1)), (3, "C7, U1".to_owned()));
    }

    #[test]
    fn a_reading_that_asks_no_more_leaves_the_others_unnamed() {
        let judge = |c: &Choices| match c.choose(Open::Row(Row::U1), 3) {
            0 => false,
            1 => open(c, Row::C4) & open(c, Row::C5) & false,
            _ => true,
        };
        assert_eq!(rows(judge), (6, "U1".to_owned()));
    }

    #[test]
    fn ways_of_two_meet_where_they_agree() {
        let one = every_way(|_| true, |c| open(c, Row::U2) && open(c, Row::C4));
        let two = every_way(|_| true, |c| !open(c, Row::U2));
        let both = together(|_| true, &one, &two, |a, b| *a && *b);
        assert_eq!(both.len(), 3);
        assert!(both.iter().all(|way| !way.said) && deciding(&both).is_empty());
    }

    #[test]
    fn two_things_that_one_row_leaves_open_are_that_row() {
        let ordinal = |c: &Choices, end| c.choose(Open::ordinal(end), 2);
        let judge = |c: &Choices| ordinal(c, End::Source) + ordinal(c, End::Destination) == 2;
        assert_eq!(rows(judge), (4, "U7".to_owned()));
        let apart = |settled: &Settled| {
            settled.get(&Open::ordinal(End::Source)) != settled.get(&Open::ordinal(End::Destination))
        };
        let ways = every_way(apart, judge);
        assert!(ways.len() == 2 && ways.iter().all(|way| !way.said));
    }
}
