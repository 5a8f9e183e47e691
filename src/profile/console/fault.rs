//! What can be wrong with the texts of a row, where, and how to mend it.

use std::fmt;
use std::net::IpAddr;

use super::columns::Column;
use crate::labels::{LabelKeyFault, LabelValueFault};
use crate::net::{Cidr, Port};
use crate::text::{joined, lines, quoted};

/// Texts that are no row: every fault, at least one and at most 1000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError(pub(super) Vec<RowFault>);

impl RowError {
    /// The faults, column by column in the form's order and from left to right.
    #[must_use]
    pub fn faults(&self) -> &[RowFault] {
        &self.0
    }
}

impl fmt::Display for RowError {
    /// One line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(f, &self.0)
    }
}

impl std::error::Error for RowError {}

/// One fault of a row: `Source Namespace, character 1: what is wrong; how to mend it`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowFault {
    /// The column.
    pub column: Column,
    /// Where in the column's text, as it was typed, the faulty part begins: characters from 1; an empty
    /// column has its fault at 1.
    pub position: usize,
    /// What is wrong there.
    pub kind: RowFaultKind,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, position, kind } = self;
        write!(f, "{column}, character {position}: {kind}; {}", kind.help())
    }
}

/// What can be wrong with a column's text; [`help`](Self::help) says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFaultKind {
    /// An inbound row, or a port, without a protocol.
    #[error("no protocol")]
    NoProtocol,
    /// A number where the protocol stands.
    #[error("`{0}` is a port without its protocol")]
    PortAlone(Port),
    /// A protocol that the form does not have.
    #[error("`{}` is not a protocol of the form", quoted(.0))]
    BadProtocol(String),
    /// `TCP:`.
    #[error("no port after `:`")]
    NoPort,
    /// A port that is no number from 1 to 65535: a name, a range.
    #[error("`{}` is not a port", quoted(.0))]
    BadPort(String),
    /// Nothing before the first `|` or `,`.
    #[error("no cidr block at the beginning")]
    NoBlock,
    /// A `,` before any `|`.
    #[error("`,` before any `|`")]
    SecondBlock,
    /// A second `|`.
    #[error("a second `|`")]
    SecondBar,
    /// Nothing after a `|` or `,`.
    #[error("no exception after `{0}`")]
    NoException(char),
    /// A block or exception that is no CIDR.
    #[error("`{}` is no cidr", quoted(.0))]
    BadCidr(String),
    /// An exception that is no part of its block.
    #[error("`{exception}` does not lie inside `{block}`")]
    Outside {
        /// The exception, without host bits.
        exception: Cidr,
        /// The row's block, without host bits.
        block: Cidr,
    },
    /// An exception as large as its block.
    #[error("`{0}` is the whole block")]
    WholeBlock(Cidr),
    /// A namespace where a CIDR block is given too.
    #[error("a namespace beside a cidr block")]
    NamespaceBesideBlock,
    /// A pod label where a CIDR block is given too.
    #[error("a pod label beside a cidr block")]
    LabelBesideBlock,
    /// A text that no namespace can be named.
    #[error("`{}` is not the name of a namespace", quoted(.0))]
    BadNamespace(String),
    /// A label without `=`.
    #[error("`{}` has no `=`", quoted(.0))]
    NoEquals(String),
    /// A `,` in the label: the form has one.
    #[error("`,` after the label")]
    SecondLabel,
    /// A key that is none.
    #[error("`{}` is not a label key: {}", quoted(.text), joined(.faults))]
    BadKey {
        /// The key.
        text: String,
        /// What is wrong with it.
        faults: Vec<LabelKeyFault>,
    },
    /// A value that is none.
    #[error("`{}` is not a label value: {}", quoted(.text), joined(.faults))]
    BadValue {
        /// The value.
        text: String,
        /// What is wrong with it.
        faults: Vec<LabelValueFault>,
    },
}

impl RowFaultKind {
    /// How to mend it.
    #[must_use]
    pub fn help(&self) -> String {
        let fixed = match self {
            Self::PortAlone(port) => return format!("write `TCP:{port}` or `UDP:{port}`"),
            Self::BadCidr(text) => match text.parse::<IpAddr>() {
                Ok(address) => return format!("for this address alone write `{}`", Cidr::host(address)),
                Err(_) => "write `172.17.0.0/16` or `2001:db8::/32`",
            },
            Self::NoProtocol => "write `TCP` or `UDP`, or with a port `TCP:6379`",
            Self::BadProtocol(_) => "write `TCP` or `UDP`",
            Self::NoPort => "write one number from 1 to 65535, or for every port take the `:` out",
            Self::BadPort(_) => "write one number from 1 to 65535",
            Self::NoBlock => "write the block first: `172.17.0.0/16|172.17.1.0/24`",
            Self::SecondBlock => "a row has one block, and its exceptions follow a `|`",
            Self::SecondBar => "put `,` between exceptions",
            Self::NoException(separator) => return format!("write a cidr there or take the `{separator}` out"),
            Self::Outside { .. } | Self::WholeBlock(_) => "an exception is a smaller part of its block",
            Self::NamespaceBesideBlock | Self::LabelBesideBlock => "empty one of the two columns",
            Self::BadNamespace(_) => "write at most 63 of `a` to `z`, `0` to `9` and `-`, with no `-` at either end",
            Self::NoEquals(_) => "write `KEY=VALUE`; the value may be empty",
            Self::SecondLabel => "a row has one label",
            Self::BadKey { .. } => "write it like `role` or `example.com/role`",
            Self::BadValue { .. } => "write it like `frontend` or `v1.2`, or leave it empty",
        };
        fixed.to_owned()
    }
}
