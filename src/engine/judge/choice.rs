//! Choices among readings that enter in both senses: each is taken once for a flow, and every reading judged apart.

use crate::profile::row::Row;

/// A choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine) enum Choice {
    /// What hostNetwork pods are (U2).
    HostPods,
    /// What the egress side sees of a destination that is rewritten (U5).
    Destination,
    /// Which labels the source has (U7).
    SourceLabels,
    /// Which labels the destination has (U7).
    DestinationLabels,
    /// On which node the source is, of those that the flow meets (U8).
    SourceNode,
    /// On which node the destination is (U8).
    DestinationNode,
    /// Whether two ends that say nothing are on one node (U8).
    OneNode,
    /// Whom the ingress side sees (U9).
    Source,
}

impl Choice {
    pub(super) fn row(self) -> Row {
        match self {
            Self::HostPods => Row::U2,
            Self::Destination => Row::U5,
            Self::SourceLabels | Self::DestinationLabels => Row::U7,
            Self::SourceNode | Self::DestinationNode | Self::OneNode => Row::U8,
            Self::Source => Row::U9,
        }
    }
}
