//! Slots: what a pod or a workload has, from when it comes to when it goes.

use std::sync::Arc;

use crate::engine::ids::{ClassIx, Id as _};
use crate::labels::Labels;
use crate::model::cluster::{ContainerPort, Pod, Workload};
use crate::name::ObjectName;

/// The number of no class: higher than that of any.
const NO_CLASS: u32 = (1 << 26) - 1;

/// A pod as verdicts see it, or a workload that stands for its pods: 26 bits say of which class it is, 6 bits count the objects
/// that had this slot before, so that an id of an earlier one is recognised. Every verdict reads two of these in no order: half
/// as many bytes, half as many misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Slot(u32);

const _: () = assert!(size_of::<Slot>() == 4);

impl Default for Slot {
    fn default() -> Self {
        Self(NO_CLASS)
    }
}

impl Slot {
    /// The last generation: a slot that has reached it is not used again.
    pub(in crate::engine) const LAST: u8 = 63;

    /// Its class; none where it is empty, or its pod has finished.
    pub(in crate::engine) fn class(self) -> Option<ClassIx> {
        (self.class_number() != NO_CLASS).then(|| ClassIx::from_index(self.class_number()))
    }

    /// The number of its class, or a higher one than any class has: [`Arena::find_number`] tells them apart.
    #[inline]
    pub(in crate::engine) fn class_number(self) -> u32 {
        self.0 & NO_CLASS
    }

    #[inline]
    pub(in crate::engine) fn generation(self) -> u8 {
        (self.0 >> 26) as u8
    }

    /// More classes than 26 bits can tell apart do not fit into memory: those beyond would count as none.
    pub(in crate::engine) fn with_class(self, class: Option<ClassIx>) -> Self {
        Self(self.0 & !NO_CLASS | class.map_or(NO_CLASS, |class| class.index().min(NO_CLASS)))
    }

    /// Empty, for the next object.
    pub(in crate::engine) fn vacated(self) -> Self {
        Self(u32::from((self.generation() + 1) & Self::LAST) << 26 | NO_CLASS)
    }
}

/// What has a slot.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) enum SlotObject {
    #[default]
    Empty,
    Pod(Arc<Pod>),
    Workload(Arc<Workload>),
}

impl SlotObject {
    pub(in crate::engine) fn name(&self) -> Option<&ObjectName> {
        match self {
            Self::Empty => None,
            Self::Pod(pod) => Some(&pod.name),
            Self::Workload(workload) => Some(&workload.name),
        }
    }

    pub(in crate::engine) fn labels(&self) -> Option<&Labels> {
        match self {
            Self::Empty => None,
            Self::Pod(pod) => Some(&pod.labels),
            Self::Workload(workload) => Some(&workload.labels),
        }
    }

    pub(in crate::engine) fn ports(&self) -> &[ContainerPort] {
        match self {
            Self::Empty => &[],
            Self::Pod(pod) => &pod.ports,
            Self::Workload(workload) => &workload.ports,
        }
    }

    pub(in crate::engine) fn runtime_class(&self) -> Option<&str> {
        match self {
            Self::Empty => None,
            Self::Pod(pod) => pod.runtime_class.as_deref(),
            Self::Workload(workload) => workload.runtime_class.as_deref(),
        }
    }

    pub(in crate::engine) fn node(&self) -> Option<&str> {
        match self {
            Self::Empty => None,
            Self::Pod(pod) => pod.node.as_deref(),
            Self::Workload(workload) => workload.node.as_deref(),
        }
    }

    pub(in crate::engine) fn is_host_network(&self) -> bool {
        match self {
            Self::Empty => false,
            Self::Pod(pod) => pod.host_network,
            Self::Workload(workload) => workload.host_network,
        }
    }
}
