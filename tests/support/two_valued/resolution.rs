//! What is open, and who settles it.

use netpol_oracle::profile::Support;
use netpol_oracle::{Direction, ObjectName, Row};

/// One behaviour that the sources leave open. Asking it twice must give one answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Open {
    pub(crate) row: Row,
    /// Which question about it.
    pub(crate) which: Which,
}

/// What about a row is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Which {
    /// It is one behaviour for the whole flow; of U1: everything passes.
    Whole,
    /// U1, where not everything passes: rules without `ports` match.
    Portless,
    /// U6 is open peer by peer.
    Peer(Place),
    /// U7: a value that an end's controller gave its labels.
    Value(Tip, Carries),
    /// U7: which two replicas of one StatefulSet the ends are.
    Replicas,
    /// U8: where an end runs.
    Spot(Tip),
}

/// Where a peer stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) direction: Direction,
    pub(crate) policy: ObjectName,
    pub(crate) rule: usize,
    pub(crate) peer: usize,
}

/// An end of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tip {
    Source,
    Destination,
}

impl Tip {
    /// The end whose side is judged.
    pub(crate) fn subject(direction: Direction) -> Self {
        if direction == Direction::Egress { Self::Source } else { Self::Destination }
    }

    pub(crate) fn other(self) -> Self {
        if self == Self::Source { Self::Destination } else { Self::Source }
    }
}

/// What labels of one controller carry (K27).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Carries {
    Ordinal,
    Index,
    JobName,
    Uid,
    Hash,
    Generation,
}

/// Who settles what is open: picks one of so many ways, counted from 0. Of two ways, 1 is the one that admits (the side
/// is not enforced, the peer or the port matches; of U2: the pod is like any pod; of U5: what was sent to).
pub(crate) type Resolve<'r> = dyn FnMut(Open, usize) -> usize + 'r;

/// A behaviour for the whole flow that is so or not.
pub(crate) fn ask(resolve: &mut Resolve<'_>, row: Row) -> bool {
    resolve(Open { row, which: Which::Whole }, 2) == 1
}

/// The capability of `row` is missing: the flow passes.
pub(crate) fn lacking(support: Support, row: Row, resolve: &mut Resolve<'_>) -> bool {
    match support {
        Support::Supported => false,
        Support::Unsupported => true,
        Support::Unknown => ask(resolve, row),
        _ => unreachable!("a reading that this evaluation does not know"),
    }
}
