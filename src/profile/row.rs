//! The ids of what a verdict may hang on: capability rows, open questions, and K23.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::quoted;

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// One row: a capability of the cluster (C..), a question Kubernetes leaves open (U..), or the
        /// disagreement of a Service's backends ([K23](crate::semantics#k23)).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Row { $($(#[$doc])* $name,)+ }

        impl Row {
            /// Every row, in the order in which they are named.
            pub const ALL: &'static [Row] = &[$(Row::$name,)+];

            /// The id: `C2`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Row::$name => stringify!($name),)+ }
            }
        }
    };
}

rows! {
    /// [C1](crate::semantics#c1): policies are enforced at all.
    C1,
    /// [C2](crate::semantics#c2): ingress rules, by cluster version.
    C2,
    /// [C3](crate::semantics#c3): egress rules, by cluster version.
    C3,
    /// [C4](crate::semantics#c4): `ipBlock` in ingress rules.
    C4,
    /// [C5](crate::semantics#c5): `ipBlock` in egress rules.
    C5,
    /// [C6](crate::semantics#c6): the node's operating system.
    C6,
    /// [C7](crate::semantics#c7): IPv6 policies.
    C7,
    /// [C8](crate::semantics#c8): secure containers.
    C8,
    /// [C9](crate::semantics#c9): which addresses an `ipBlock` reaches.
    C9,
    /// [C10](crate::semantics#c10): limiting a ClusterIP by workload labels.
    C10,
    /// [C11](crate::semantics#c11): limiting 100.125.0.0/16.
    C11,
    /// [C12](crate::semantics#c12): SCTP.
    C12,
    /// [C13](crate::semantics#c13): the own node's access to its pods.
    C13,
    /// [C14](crate::semantics#c14): `endPort`.
    C14,
    /// [U1](crate::semantics#u1): protocols other than TCP, UDP and SCTP at an isolated side.
    U1,
    /// [U2](crate::semantics#u2): hostNetwork pods: the node, or like any pod.
    U2,
    /// [U3](crate::semantics#u3): a pod's egress to its own node.
    U3,
    /// [U4](crate::semantics#u4): a pod that reaches itself through a Service.
    U4,
    /// [U5](crate::semantics#u5): a destination that is rewritten on the way.
    U5,
    /// [U6](crate::semantics#u6): `ipBlock` against a pod without an address.
    U6,
    /// [U7](crate::semantics#u7): a controller's label whose value no manifest says.
    U7,
    /// [U8](crate::semantics#u8): the node of an end that says none.
    U8,
    /// [U9](crate::semantics#u9): whom the ingress side sees behind a face of a Service.
    U9,
    /// [K23](crate::semantics#k23): backends of a Service that get different verdicts.
    K23,
}

impl Row {
    /// What it is about, in a few words: what the cluster does not do, or the question that is open.
    ///
    /// ```
    /// use netpol_oracle::Row;
    /// assert_eq!(Row::U2.about(), "whether hostNetwork pods count as their node or as pods");
    /// ```
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::C1 => "network policies are not enforced",
            Self::C2 => "ingress rules need a newer cluster version",
            Self::C3 => "egress rules need a newer cluster version",
            Self::C4 => "ipBlock in ingress rules is not supported",
            Self::C5 => "ipBlock in egress rules is not supported",
            Self::C6 => "the node's operating system is not supported",
            Self::C7 => "IPv6 policies are not supported",
            Self::C8 => "secure containers are not supported",
            Self::C9 => "which addresses an ipBlock reaches is limited",
            Self::C10 => "a ClusterIP cannot be limited by workload labels",
            Self::C11 => "100.125.0.0/16 cannot be limited",
            Self::C12 => "SCTP is not supported",
            Self::C13 => "access between a node and its own pods has rules of its own",
            Self::C14 => "endPort is not supported",
            Self::U1 => "what an isolated side does with protocols other than TCP, UDP and SCTP",
            Self::U2 => "whether hostNetwork pods count as their node or as pods",
            Self::U3 => "whether a pod may always reach its own node",
            Self::U4 => "whether a pod may always reach itself through a Service",
            Self::U5 => "whether egress sees the address and port that the source sent to, or the backend's",
            Self::U6 => "which address a pod without one will have",
            Self::U7 => "which value its controller gives a label",
            Self::U8 => "whether an end that says no node is on the other end's node",
            Self::U9 => "whether the backend sees the client, or a node that passed the connection on",
            Self::K23 => "the backends of the Service get different verdicts",
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no row's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a row id such as `C14` or `U3`", quoted(text))]
pub struct RowIdError {
    text: String,
}

impl FromStr for Row {
    type Err = RowIdError;

    fn from_str(text: &str) -> Result<Self, RowIdError> {
        let row = Self::ALL.iter().copied().find(|row| row.as_str() == text);
        row.ok_or_else(|| RowIdError { text: text.to_owned() })
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of rows.
///
/// ```
/// use netpol_oracle::profile::Rows;
/// use netpol_oracle::Row;
/// let rows: Rows = [Row::U3, Row::C7].into_iter().collect();
/// assert_eq!(rows.to_string(), "C7, U3");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rows(u32);

impl Rows {
    /// No row.
    pub const NONE: Self = Self(0);

    /// Adds `row`.
    pub fn insert(&mut self, row: Row) {
        self.0 |= 1 << (row as u32);
    }

    /// Whether `row` is among them.
    #[must_use]
    pub fn contains(self, row: Row) -> bool {
        self.0 & (1 << (row as u32)) != 0
    }

    /// These and those.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without those.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of these are among `other`.
    #[must_use]
    pub fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The rows in order.
    pub fn iter(self) -> impl Iterator<Item = Row> {
        Row::ALL.iter().copied().filter(move |row| self.contains(*row))
    }
}

impl From<Row> for Rows {
    fn from(row: Row) -> Self {
        let mut rows = Self::NONE;
        rows.insert(row);
        rows
    }
}

impl FromIterator<Row> for Rows {
    fn from_iter<I: IntoIterator<Item = Row>>(iter: I) -> Self {
        iter.into_iter().fold(Self::NONE, |rows, row| rows.union(row.into()))
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, row) in self.iter().enumerate() {
            write!(f, "{}{row}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
