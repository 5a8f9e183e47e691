//! What only the writer needs to know of the tables.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use hashbrown::HashTable;

use crate::engine::build::matcher::Matcher;
use crate::engine::cow::Arena;
use crate::engine::ids::{
    BlockIx, ClaimsIx, ClassIx, EntryIx, GroupIx, MaybeLabelSetIx, NamespaceIx, Namespaces, Pods, PortTableIx, SlotIx,
};
use crate::engine::spaces::blocks::Hull;
use crate::engine::spaces::ports::{NamedPort, PortTable};
use crate::engine::tables::workloads::WorkloadName;
use crate::net::IpBlock;

/// The state of the writer; each file of this room has the methods for its objects. What is large is shared with clones until it
/// changes: most changes of policies bring nothing new to it.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Writer {
    pub(super) pod_matcher: Arc<Matcher<Pods>>,
    pub(super) namespace_matcher: Arc<Matcher<Namespaces>>,
    /// Classes by their keys.
    pub(super) class_ids: HashTable<ClassIx>,
    /// The classes whose members' labels are of a group.
    pub(super) classes_of: Arc<HashMap<GroupIx<Pods>, Vec<ClassIx>>>,
    /// The label set of each slot's object; none where the slot is empty, or its pod has finished.
    pub(super) label_sets: Arena<SlotIx, Vec<MaybeLabelSetIx<Pods>>>,
    /// The label set of each namespace.
    pub(super) namespace_sets: Arena<NamespaceIx, Vec<MaybeLabelSetIx<Namespaces>>>,
    /// What pods call their ports: most do alike.
    pub(super) port_names: HashSet<Arc<[NamedPort]>>,
    pub(super) port_ids: HashMap<Arc<PortTable>, PortTableIx>,
    pub(super) block_ids: Arc<HashMap<IpBlock, BlockIx>>,
    pub(super) free_slots: Vec<SlotIx>,
    pub(super) free_claims: Vec<ClaimsIx>,
    /// Where each distinct list of entries stands among all entries: its first, and how many.
    pub(super) entry_lists: HashTable<(EntryIx, u16)>,
    /// Namespaces that have their first workloads, for which their pods are to be counted.
    pub(super) uncounted: BTreeSet<NamespaceIx>,
    /// Workloads whose selectors are new: of the pods without a controller theirs are to be counted.
    pub(super) uncounted_loose: BTreeSet<(NamespaceIx, WorkloadName)>,
    /// Where pods' addresses are.
    pub(super) hull: Hull,
    /// Selectors that came with changes ask for labels that controllers set, and none did before (U7).
    pub(super) asks_anew: bool,
    /// How many policies and Services were compiled.
    pub(super) compiled: usize,
    /// [`Self::size`] when everything was compiled.
    pub(super) compact_size: usize,
    /// Slots that have joined and left classes, whose members do not show it yet: one pass for each class, however many.
    pub(super) moved: BTreeMap<ClassIx, Moved>,
}

/// The slots that have joined a class and those that have left it.
#[derive(Debug, Clone, Default)]
pub(super) struct Moved {
    pub(super) joined: Vec<SlotIx>,
    pub(super) left: Vec<SlotIx>,
}
