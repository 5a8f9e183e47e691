//! The columns of a row and their texts.

use std::fmt;

/// The texts of one row, inbound or outbound, as a user typed them.
///
/// `None` and a blank text are an empty column; blanks around a text, and around the parts of one, do not
/// count.
///
/// ```
/// use netpol_oracle::profile::console::{Columns, OutboundRow};
/// let typed = Columns { namespace: Some(" shop "), pod_label: Some(""), ..Columns::default() };
/// let printed = OutboundRow::new(&typed)?.columns();
/// assert_eq!(printed, Columns { namespace: Some("shop".to_owned()), ..Columns::default() });
/// # Ok::<(), netpol_oracle::profile::console::RowError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Columns<T> {
    /// Protocol & Port.
    pub protocol_port: Option<T>,
    /// Source or Destination CIDR Block.
    pub cidr_block: Option<T>,
    /// Source or Destination Namespace.
    pub namespace: Option<T>,
    /// Source or Destination Pod Label.
    pub pod_label: Option<T>,
}

/// A column of the form under its title there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Protocol & Port, in both tables.
    ProtocolPort,
    /// Source CIDR Block.
    SourceCidrBlock,
    /// Source Namespace.
    SourceNamespace,
    /// Source Pod Label.
    SourcePodLabel,
    /// Destination CIDR Block.
    DestinationCidrBlock,
    /// Destination Namespace.
    DestinationNamespace,
    /// Destination Pod Label.
    DestinationPodLabel,
}

impl Column {
    /// The title: `Source CIDR Block`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProtocolPort => "Protocol & Port",
            Self::SourceCidrBlock => "Source CIDR Block",
            Self::SourceNamespace => "Source Namespace",
            Self::SourcePodLabel => "Source Pod Label",
            Self::DestinationCidrBlock => "Destination CIDR Block",
            Self::DestinationNamespace => "Destination Namespace",
            Self::DestinationPodLabel => "Destination Pod Label",
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
