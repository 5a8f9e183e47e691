//! Choices among readings that enter in both senses: each is taken once for a flow, and every reading judged apart.

use crate::engine::judge::logic::Logic;
use crate::profile::row::Row;

/// A choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// What `judge` says under each of the readings, put together. Each has its number, the same wherever the choice is met; it
    /// may not be there beside others. None of no reading.
    pub(super) fn over<T, J: Into<Option<L::Truth>>, L: Logic>(
        self,
        logic: &L,
        readings: impl Iterator<Item = (usize, T)>,
        mut judge: impl FnMut(T) -> J,
    ) -> Option<L::Truth> {
        logic.under_each(self, readings, |reading| judge(reading).into())
    }
}
