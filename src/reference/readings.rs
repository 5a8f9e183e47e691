//! What the sources leave open, settled in every way (SEMANTICS section 1).
//!
//! A row that leaves something open is one choice among readings, made once and kept wherever the flow meets the row
//! again. [`every_way`] judges under all combinations of the choices that the judgement asks for: it takes the first
//! reading of each, notes what was asked, and comes back for the others, the last choice first.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::profile::row::{Row, Rows};

/// The readings taken: of each row that was asked, which one, counted from 0.
pub(super) type Settled = BTreeMap<Row, usize>;

/// The choices of one walk through the judgement.
#[derive(Debug, Default)]
pub(super) struct Choices {
    made: RefCell<Vec<Choice>>,
}

#[derive(Debug, Clone, Copy)]
struct Choice {
    row: Row,
    taken: usize,
    readings: usize,
}

impl Choices {
    /// The reading of `row` in this walk: the one already taken, else `first`; `others` come in later walks.
    pub(super) fn choose<T: Copy, const N: usize>(&self, row: Row, first: T, others: [T; N]) -> T {
        let mut made = self.made.borrow_mut();
        let known = made.iter().find(|choice| choice.row == row).map(|choice| choice.taken);
        let taken = known.unwrap_or_else(|| {
            made.push(Choice { row, taken: 0, readings: 1 + N });
            0
        });
        taken.checked_sub(1).and_then(|at| others.get(at).copied()).unwrap_or(first)
    }

    fn settled(&self) -> Settled {
        self.made.borrow().iter().map(|choice| (choice.row, choice.taken)).collect()
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

/// What was said under one combination of readings. Rows that are not in it were not asked: what is said holds for all
/// of their readings.
#[derive(Debug, Clone)]
pub(super) struct Way<T> {
    pub(super) settled: Settled,
    pub(super) said: T,
}

/// A side has at most so many ways, with every row of a profile open: the rows that let everything pass (C1, C2 or C3, C7,
/// C13 or U3, C11, U4, C8, C6) add one each, since their other reading ends the judgement; what rules ask (C14, C4 or C5, C9
/// or C10, and of U2, U5 and U1 what the ends leave) doubles what is behind it.
const MOST_WAYS: usize = 64;

/// Asks under every combination of readings, the first readings of all first.
///
/// There are as many ways as leaves in the tree of questions: a row adds its readings where it is asked, and a reading
/// that ends the judgement asks nothing more.
pub(super) fn every_way<T>(judge: impl Fn(&Choices) -> T) -> Vec<Way<T>> {
    let mut choices = Choices::default();
    let mut ways = Vec::new();
    loop {
        let said = judge(&choices);
        ways.push(Way { settled: choices.settled(), said });
        if !choices.advance() {
            debug_assert!(ways.len() <= MOST_WAYS, "{} ways: a row asks more than is said", ways.len());
            return ways;
        }
    }
}

/// Both at once: every way of the one with every way of the other that takes no row otherwise.
pub(super) fn together<A, B, T>(left: &[Way<A>], right: &[Way<B>], both: impl Fn(&A, &B) -> T) -> Vec<Way<T>> {
    let mut ways = Vec::new();
    for a in left {
        for b in right.iter().filter(|b| differing(&a.settled, &b.settled).is_empty()) {
            let settled = a.settled.iter().chain(&b.settled).map(|(row, taken)| (*row, *taken)).collect();
            ways.push(Way { settled, said: both(&a.said, &b.said) });
        }
    }
    ways
}

/// The rows that decide under some resolution of the others: two ways that differ in that row alone say different things.
pub(super) fn deciding<T: PartialEq>(ways: &[Way<T>]) -> Rows {
    let mut rows = Rows::NONE;
    for (at, one) in ways.iter().enumerate() {
        for other in ways.iter().skip(at + 1).filter(|other| other.said != one.said) {
            if let [row] = differing(&one.settled, &other.settled)[..] {
                rows.insert(row);
            }
        }
    }
    rows
}

/// The rows that both were asked for and took otherwise.
fn differing(one: &Settled, other: &Settled) -> Vec<Row> {
    one.iter()
        .filter(|(row, taken)| other.get(row).is_some_and(|of_other| of_other != *taken))
        .map(|(row, _)| *row)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(judge: impl Fn(&Choices) -> bool) -> (usize, String) {
        let ways = every_way(judge);
        (ways.len(), deciding(&ways).to_string())
    }

    #[test]
    fn a_choice_is_one_wherever_it_is_met() {
        let open = |c: &Choices, row| c.choose(row, false, [true]);
        assert_eq!(rows(|c| open(c, Row::C7) || !open(c, Row::C7)), (2, String::new()));
        assert_eq!(rows(|c| open(c, Row::C7) && open(c, Row::U1)), (3, "C7, U1".to_owned()));
    }

    #[test]
    fn a_reading_that_asks_no_more_leaves_the_others_unnamed() {
        let judge = |c: &Choices| match c.choose(Row::U1, 0, [1, 2]) {
            0 => false,
            1 => c.choose(Row::C4, false, [true]) & c.choose(Row::C5, false, [true]) & false,
            _ => true,
        };
        assert_eq!(rows(judge), (6, "U1".to_owned()));
    }

    #[test]
    fn ways_of_two_meet_where_they_agree() {
        let one = every_way(|c| c.choose(Row::U2, false, [true]) && c.choose(Row::C4, false, [true]));
        let two = every_way(|c| !c.choose(Row::U2, false, [true]));
        let both = together(&one, &two, |a, b| *a && *b);
        assert_eq!(both.len(), 3);
        assert!(both.iter().all(|way| !way.said) && deciding(&both).is_empty());
    }
}
