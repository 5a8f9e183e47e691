//! Truth with open behaviours, in two grains: what must and may pass, and what exactly that hangs on.

use crate::name::Direction;
use crate::profile::row::{Row, Rows};
use crate::verdict::Verdict;

/// One open behaviour as a bit. A row's is its own; U5's and U6's are apart by direction and by whether the ports of the
/// rule are left open (C14), since those are resolved peer by peer (SEMANTICS section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open(u32);

/// Bits from here on are U5's and U6's.
const PEERS: u32 = 24;

impl Open {
    pub(super) fn row(row: Row) -> Self {
        Self(1 << (row as u32))
    }

    /// Of a peer (U5, U6): `ports` are the rows that its rule's ports leave open.
    pub(super) fn peer(row: Row, direction: Direction, ports: Rows) -> Self {
        let kind = u32::from(row == Row::U6)
            | u32::from(direction == Direction::Egress) << 1
            | u32::from(!ports.is_empty()) << 2;
        Self(1 << (PEERS + kind))
    }
}

/// A monotone formula over open behaviours.
pub(super) trait Truth: Sized + Clone + PartialEq {
    fn no() -> Self;
    fn yes() -> Self;
    fn open(open: Open) -> Self;
    fn or(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    fn is_yes(&self) -> bool;
    fn is_no(&self) -> bool;
    /// The rows it hangs on, where the grain tells.
    fn rows(&self) -> Rows;

    fn is(value: bool) -> Self {
        if value { Self::yes() } else { Self::no() }
    }

    fn row(row: Row) -> Self {
        Self::open(Open::row(row))
    }

    fn verdict(&self) -> Verdict {
        if self.is_yes() {
            Verdict::Allow
        } else if self.is_no() {
            Verdict::Deny
        } else {
            Verdict::Undefined
        }
    }
}

/// The coarse grain: what passes with every open behaviour resolved to no, and to yes. Monotone formulas need no more
/// for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) must: bool,
    pub(super) may: bool,
}

impl Truth for Bounds {
    fn no() -> Self {
        Self { must: false, may: false }
    }

    fn yes() -> Self {
        Self { must: true, may: true }
    }

    fn open(_: Open) -> Self {
        Self { must: false, may: true }
    }

    fn or(self, other: Self) -> Self {
        Self { must: self.must | other.must, may: self.may | other.may }
    }

    fn and(self, other: Self) -> Self {
        Self { must: self.must & other.must, may: self.may & other.may }
    }

    fn is_yes(&self) -> bool {
        self.must
    }

    fn is_no(&self) -> bool {
        !self.may
    }

    fn rows(&self) -> Rows {
        Rows::NONE
    }
}

/// The fine grain: the minimal sets of open behaviours that make it true, each set a word of bits, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Minimal(Vec<u32>);

impl Minimal {
    /// Keeps the sets that no other lies in.
    fn reduced(mut sets: Vec<u32>) -> Self {
        sets.sort_unstable_by_key(|set| (set.count_ones(), *set));
        let mut kept: Vec<u32> = Vec::with_capacity(sets.len());
        for set in sets {
            if !kept.iter().any(|smaller| smaller & set == *smaller) {
                kept.push(set);
            }
        }
        Self(kept)
    }
}

impl Truth for Minimal {
    fn no() -> Self {
        Self(Vec::new())
    }

    fn yes() -> Self {
        Self(vec![0])
    }

    fn open(open: Open) -> Self {
        Self(vec![open.0])
    }

    fn or(mut self, other: Self) -> Self {
        if self.is_yes() || other.is_no() {
            return self;
        }
        self.0.extend(other.0);
        Self::reduced(self.0)
    }

    fn and(self, other: Self) -> Self {
        Self::reduced(self.0.iter().flat_map(|left| other.0.iter().map(move |right| left | right)).collect())
    }

    fn is_yes(&self) -> bool {
        self.0.first() == Some(&0)
    }

    fn is_no(&self) -> bool {
        self.0.is_empty()
    }

    fn rows(&self) -> Rows {
        let all = self.0.iter().fold(0, |all, set| all | set);
        let mut rows: Rows = Row::ALL.iter().copied().filter(|row| all & (1 << (*row as u32)) != 0).collect();
        for kind in 0..8 {
            if all & (1 << (PEERS + kind)) != 0 {
                rows.insert(if kind & 1 == 1 { Row::U6 } else { Row::U5 });
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimal_sets() {
        let row = |row| Minimal::row(row);
        let either = row(Row::C2).or(row(Row::C7).and(row(Row::C2)));
        assert_eq!(either, row(Row::C2), "the larger set adds nothing");
        let both = row(Row::C2).and(row(Row::C7).or(row(Row::U1)));
        assert_eq!(both.rows().to_string(), "C2, C7, U1");
        assert!(both.clone().or(Minimal::yes()).is_yes() && both.and(Minimal::no()).is_no());
        let six = |direction, ports| Minimal::open(Open::peer(Row::U6, direction, ports));
        let apart = six(Direction::Ingress, Rows::NONE).and(six(Direction::Ingress, Row::C14.into()));
        assert_ne!(apart, six(Direction::Ingress, Rows::NONE));
        assert_eq!(apart.rows().to_string(), "U6");
        assert_eq!(Minimal::row(Row::K23).rows().to_string(), "K23", "rows and peers do not share bits");
    }
}
