//! The names of clusters that are shaped against engines.

use std::fmt;
use std::str::FromStr;

/// What a hostile cluster does to whoever evaluates it. Its pods are all live and run on nodes; hostile clusters have
/// no Services. Written as [`as_str`](Self::as_str) has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Hostile {
    /// `distinct-labels`: every pod has labels of its own and every policy a selector and a port of its own, so that
    /// no two pods and no two policies are alike.
    DistinctLabels,
    /// `not-in`: one namespace with all the pods, and policies that select and admit by `NotIn`, so that nearly every
    /// policy applies to nearly every pod.
    NotIn,
    /// `nested-blocks`: policies whose ipBlocks nest and overlap; the first has 1,000 nested, overlapping and repeated
    /// exceptions.
    NestedBlocks,
}

impl Hostile {
    /// Every shape.
    pub const ALL: [Self; 3] = [Self::DistinctLabels, Self::NotIn, Self::NestedBlocks];

    /// Its name: `not-in`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DistinctLabels => "distinct-labels",
            Self::NotIn => "not-in",
            Self::NestedBlocks => "nested-blocks",
        }
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no hostile cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not `distinct-labels`, `not-in` or `nested-blocks`")]
pub struct HostileError {
    text: String,
}

impl FromStr for Hostile {
    type Err = HostileError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|shape| shape.as_str() == text);
        known.ok_or_else(|| HostileError { text: text.to_owned() })
    }
}
