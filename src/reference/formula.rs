//! Three-valued answers that remember what they hang on.

use std::collections::BTreeSet;

use crate::name::Direction;
use crate::profile::row::{Row, Rows};
use crate::verdict::Verdict;

/// One open behaviour. Each is resolved on its own (SEMANTICS section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Literal {
    /// The row behaves one way for the whole flow.
    Row(Row),
    /// U5 and U6 are resolved peer by peer. Peers of one side whose rules ask the same of the ports
    /// (`ports`: the rows that leave them open) count as one: "any of them" is an open behaviour of its own.
    Peers { row: Row, direction: Direction, ports: Rows },
}

impl Literal {
    fn row(self) -> Row {
        match self {
            Self::Row(row) | Self::Peers { row, .. } => row,
        }
    }
}

/// A monotone formula over open behaviours: the minimal sets of them that make it true.
///
/// No set: false. The empty set: true. Every open behaviour enters with one polarity, so the sets are the
/// prime implicants, and a behaviour decides under some resolution of the others iff it is in one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Formula(BTreeSet<BTreeSet<Literal>>);

impl Formula {
    pub(super) fn no() -> Self {
        Self(BTreeSet::new())
    }

    pub(super) fn yes() -> Self {
        Self([BTreeSet::new()].into())
    }

    pub(super) fn open(literal: Literal) -> Self {
        Self([[literal].into()].into())
    }

    pub(super) fn row(row: Row) -> Self {
        Self::open(Literal::Row(row))
    }

    pub(super) fn is(value: bool) -> Self {
        if value { Self::yes() } else { Self::no() }
    }

    pub(super) fn is_yes(&self) -> bool {
        self.0.first().is_some_and(BTreeSet::is_empty)
    }

    pub(super) fn is_no(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn or(mut self, other: &Self) -> Self {
        for set in &other.0 {
            self.add(set.clone());
        }
        self
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        let mut both = Self::no();
        for left in &self.0 {
            for right in &other.0 {
                both.add(left | right);
            }
        }
        both
    }

    fn add(&mut self, set: BTreeSet<Literal>) {
        if self.0.iter().any(|smaller| smaller.is_subset(&set)) {
            return;
        }
        self.0.retain(|larger| !set.is_subset(larger));
        self.0.insert(set);
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.is_yes() {
            Verdict::Allow
        } else if self.is_no() {
            Verdict::Deny
        } else {
            Verdict::Undefined
        }
    }

    /// The rows that decide under some resolution of the others.
    pub(super) fn rows(&self) -> Rows {
        self.0.iter().flatten().map(|literal| literal.row()).collect()
    }
}
