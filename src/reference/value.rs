//! What a side says under one reading of every row: an ordered list, of which the first entry that matches acts.
//!
//! What remains open then are single peers: an `ipBlock` against an end whose address nobody knows (U6, and U5 where the
//! ClusterIP is not known). Each is a question of its own, asked at one place only, so a side can be written down exactly:
//! "if any of these peers matches, this; else that".

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::name::Direction;
use crate::profile::row::{Row, Rows};
use crate::verdict::Verdict;

/// A peer that may or may not match, and the row that leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OpenPeer {
    pub(super) row: Row,
    pub(super) direction: Direction,
    /// Its places: of its policy in the cluster, among the policy's rules, among the rule's peers.
    pub(super) policy: usize,
    pub(super) rule: usize,
    pub(super) peer: usize,
}

/// Whether something matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    No,
    /// Where any of these peers does.
    Perhaps(BTreeSet<OpenPeer>),
    Yes,
}

impl Match {
    pub(super) fn is(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, one) | (one, Self::No) => one,
            (Self::Perhaps(some), Self::Perhaps(more)) => Self::Perhaps(some.into_iter().chain(more).collect()),
        }
    }
}

/// What a side, or a flow, says under one reading of every row. Two that are equal say the same whatever the open peers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Passes,
    Dropped,
    /// `then` and `otherwise` differ.
    If {
        any_of: BTreeSet<OpenPeer>,
        then: Rc<Value>,
        otherwise: Rc<Value>,
    },
}

impl Value {
    pub(super) fn is(passes: bool) -> Self {
        if passes { Self::Passes } else { Self::Dropped }
    }

    /// The first of `rules` that matches says what follows: passing, dropping, or all that a next tier says; where none
    /// does, `otherwise`.
    pub(super) fn first_match(rules: impl DoubleEndedIterator<Item = (Match, Value)>, otherwise: Value) -> Self {
        rules.rev().fold(otherwise, |rest, (matches, effect)| match matches {
            Match::Yes => effect,
            Match::No => rest,
            Match::Perhaps(peers) => Self::where_any(peers, effect, rest),
        })
    }

    fn where_any(mut any_of: BTreeSet<OpenPeer>, then: Value, otherwise: Value) -> Self {
        if then == otherwise {
            return then;
        }
        // "If a, X; else if b, X; else Y" is "if a or b, X; else Y".
        if let Self::If { any_of: more, then: same, otherwise: rest } = &otherwise {
            if **same == then {
                any_of.extend(more);
                return Self::If { any_of, then: same.clone(), otherwise: rest.clone() };
            }
        }
        Self::If { any_of, then: Rc::new(then), otherwise: Rc::new(otherwise) }
    }

    /// Both must pass. They ask about peers of different sides.
    pub(super) fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Dropped, _) | (_, Self::Dropped) => Self::Dropped,
            (Self::Passes, one) => one.clone(),
            (Self::If { any_of, then, otherwise }, _) => {
                Self::where_any(any_of.clone(), then.and(other), otherwise.and(other))
            }
        }
    }

    /// Undefined where open peers decide: both outcomes are possible then.
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Passes => Verdict::Allow,
            Self::Dropped => Verdict::Deny,
            Self::If { .. } => Verdict::Undefined,
        }
    }

    /// The rows of the open peers that decide.
    pub(super) fn rows(&self) -> Rows {
        match self {
            Self::Passes | Self::Dropped => Rows::NONE,
            Self::If { any_of, then, otherwise } => {
                let own: Rows = any_of.iter().map(|peer| peer.row).collect();
                own.union(then.rows()).union(otherwise.rows())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(at: usize) -> Match {
        let direction = if at < 10 { Direction::Egress } else { Direction::Ingress };
        Match::Perhaps([OpenPeer { row: Row::U6, direction, policy: 0, rule: at, peer: 0 }].into())
    }

    fn list(rules: &[(Match, Value)], otherwise: Value) -> Value {
        Value::first_match(rules.iter().cloned(), otherwise)
    }

    #[test]
    fn the_first_that_matches_acts() {
        use Value::{Dropped, Passes};
        assert_eq!(list(&[(Match::No, Passes), (Match::Yes, Dropped), (Match::Yes, Passes)], Passes), Dropped);
        assert_eq!(list(&[], Dropped), Dropped);
        let open = list(&[(peer(0), Passes)], Dropped);
        assert_eq!((open.verdict(), open.rows().to_string()), (Verdict::Undefined, "U6".to_owned()));
        assert_eq!(list(&[(peer(0), Passes), (Match::Yes, Passes)], Dropped), Passes);
        let denied_first = list(&[(peer(0), Dropped), (Match::Yes, Passes)], Dropped);
        assert_eq!(denied_first.verdict(), Verdict::Undefined);
        assert_ne!(denied_first, open);
    }

    #[test]
    fn a_rule_that_goes_on_says_what_the_next_tier_says() {
        let next = list(&[(peer(3), Value::Passes)], Value::Dropped);
        let skips = list(&[(peer(1), next.clone()), (peer(2), next.clone())], next.clone());
        assert_eq!(skips, next, "skipping what says nothing changes nothing");
        let skips = list(&[(peer(1), next.clone()), (peer(2), Value::Dropped)], next.clone());
        assert_ne!(skips, next);
    }

    #[test]
    fn equal_means_the_same_whatever_open_peers_do() {
        use Value::{Dropped, Passes};
        let joined = peer(0).or(peer(1));
        assert_eq!(list(&[(joined, Passes)], Dropped), list(&[(peer(0), Passes), (peer(1), Passes)], Dropped));
        let (egress, ingress) = (list(&[(peer(0), Passes)], Dropped), list(&[(peer(10), Passes)], Dropped));
        assert_eq!(egress.and(&Passes), egress);
        assert_eq!(egress.and(&ingress).verdict(), Verdict::Undefined);
        assert_eq!(egress.and(&Dropped), Dropped);
        assert_ne!(egress.and(&ingress), ingress.and(&egress.and(&list(&[(peer(11), Passes)], Dropped))));
    }
}
