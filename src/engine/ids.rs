//! Ids: what the engine's arenas are indexed by. Each kind is a type of its own, so that a wrong one does not compile.

use std::fmt;
use std::marker::PhantomData;

/// An index into arenas of one kind.
pub(super) trait Id: Copy + fmt::Debug {
    fn from_index(index: u32) -> Self;
    fn index(self) -> u32;
}

/// The id of a `K`: its place among all of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Ix<K> {
    index: u32,
    kind: PhantomData<K>,
}

impl<K: Copy> Id for Ix<K> {
    #[inline]
    fn from_index(index: u32) -> Self {
        Self { index, kind: PhantomData }
    }

    #[inline]
    fn index(self) -> u32 {
        self.index
    }
}

impl<K> fmt::Debug for Ix<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.index.fmt(f)
    }
}

/// Perhaps an id, in the size of one: no arena gets so far as to the highest index, which stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MaybeIx<K>(Ix<K>);

impl<K> Default for MaybeIx<K> {
    /// None.
    fn default() -> Self {
        Self(Ix { index: u32::MAX, kind: PhantomData })
    }
}

impl<K: Copy> MaybeIx<K> {
    pub(super) fn get(self) -> Option<Ix<K>> {
        (self.0.index != u32::MAX).then_some(self.0)
    }
}

impl<K> From<Ix<K>> for MaybeIx<K> {
    fn from(ix: Ix<K>) -> Self {
        Self(ix)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $ix:ident;)*) => {$(
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub(super) struct $kind;
        $(#[$doc])*
        pub(super) type $ix = Ix<$kind>;
    )*};
}

kinds! {
    /// A class of pods and workloads.
    OfClass, ClassIx;
    /// What a pod or a workload has, from when it comes to when it goes.
    OfSlot, SlotIx;
    /// A namespace.
    OfNamespace, NamespaceIx;
    /// An ipBlock.
    OfBlock, BlockIx;
    /// The ports of a rule.
    OfPortTable, PortTableIx;
    /// One entry of a class's side.
    OfEntry, EntryIx;
    /// Those who claim one address.
    OfClaims, ClaimsIx;
    /// A policy among those of its namespace.
    OfPolicy, PolicyIx;
}

/// What selectors of pods select by: the labels of pods and workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Pods;

/// What selectors of namespaces select by: the labels of namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Namespaces;

/// A kind of labels: [`Pods`] or [`Namespaces`].
pub(super) trait Labelled: Copy + Eq + Ord + std::hash::Hash + Default + fmt::Debug {}

impl Labelled for Pods {}
impl Labelled for Namespaces {}

/// A distinct set of labels, of pods or of namespaces.
pub(super) type LabelSetIx<K> = Ix<(OfLabelSet, K)>;
pub(super) type MaybeLabelSetIx<K> = MaybeIx<(OfLabelSet, K)>;
/// Label sets that no selector tells apart.
pub(super) type GroupIx<K> = Ix<(OfGroup, K)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct OfLabelSet;
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct OfGroup;

/// A distinct selector of pods or of namespaces.
///
/// A selector that only forbids (`NotIn`, `DoesNotExist`) has a *negative* id: lists of matching selectors have it where it
/// does not match, since it matches nearly everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SelectorId<K> {
    number: u32,
    kind: PhantomData<K>,
}

pub(super) type PodSelectorId = SelectorId<Pods>;
pub(super) type NamespaceSelectorId = SelectorId<Namespaces>;

/// The bit of negative ids.
const NEGATIVE: u32 = 1 << 31;

impl<K: Copy> SelectorId<K> {
    /// The selector that says nothing, so selects everything: it is in no list, since it would be in every one.
    pub(super) const EVERYTHING: Self = Self { number: 0, kind: PhantomData };

    #[inline]
    pub(super) fn is_everything(self) -> bool {
        self.number == 0
    }

    #[inline]
    pub(super) fn is_negative(self) -> bool {
        self.number & NEGATIVE != 0
    }

    pub(super) fn negative(self) -> Self {
        Self { number: self.number | NEGATIVE, kind: PhantomData }
    }

    /// The id spread over all 32 bits, for Bloom filters.
    #[inline]
    pub(super) fn spread(self) -> u32 {
        self.number.wrapping_mul(0x9E37_79B9)
    }
}

impl<K: Copy> Id for SelectorId<K> {
    #[inline]
    fn from_index(index: u32) -> Self {
        Self { number: index, kind: PhantomData }
    }

    #[inline]
    fn index(self) -> u32 {
        self.number & !NEGATIVE
    }
}

impl<K> fmt::Debug for SelectorId<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

/// A pod of an engine, resolved once: [`Snapshot::pod_id`](crate::Snapshot::pod_id).
///
/// It stays good while the pod exists, through whatever changes; once the pod is gone it is recognised as gone, also
/// where another pod has come since. It means something to the engine it came from, and that engine's snapshots, alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PodId {
    pub(super) slot: SlotIx,
    pub(super) generation: u8,
}
