//! Whether the rules of policies can match any of some ends: most rules match none of a few.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use crate::engine::classes::partition::{Distinctions, PartitionClass};
use crate::engine::ids::{BlockIx, ClassIx, NamespaceIx, PodSelectorId};
use crate::engine::snapshot::Snapshot;
use crate::engine::tables::policy::{CompiledPeer, PeerNamespaces};
use crate::name::Direction;
use crate::net::AddressNumber;
use crate::profile::capability::Support;

/// Ends that rules are held against.
pub(crate) struct Met<'s> {
    snapshot: &'s Snapshot,
    classes: Vec<ClassIx>,
    namespaces: HashSet<NamespaceIx>,
    addresses: Vec<AddressNumber>,
    /// Any rule may match one of them.
    is_anybody: bool,
    /// One has addresses that are not known: any block may hold them (U6).
    is_anywhere: bool,
    selectors: RefCell<HashMap<(PeerNamespaces, PodSelectorId), bool, FixedState>>,
    blocks: RefCell<HashMap<BlockIx, bool, FixedState>>,
}

impl Snapshot {
    /// Nobody so far, at the other end of sides of that direction.
    pub(crate) fn nobody_met(&self, direction: Direction) -> Met<'_> {
        let capabilities = self.profile().capabilities();
        let sees_ends_alone = match direction {
            Direction::Ingress => capabilities.ingress_ip_block == Support::Supported,
            Direction::Egress => {
                capabilities.egress_ip_block == Support::Supported && capabilities.cluster_ip == Support::Supported
            }
        };
        Met {
            snapshot: self,
            classes: Vec::new(),
            namespaces: HashSet::new(),
            addresses: Vec::new(),
            // Rules may be held against something else than the end (C4, C5, C10).
            is_anybody: !sees_ends_alone,
            is_anywhere: false,
            selectors: RefCell::default(),
            blocks: RefCell::default(),
        }
    }
}

impl Met<'_> {
    /// Ends of a class, or nodes, which have none, at these addresses, or at others that lie in the same blocks.
    pub(crate) fn add(&mut self, class: Option<&PartitionClass>, addresses: &[AddressNumber]) {
        if let Some(class) = class {
            self.is_anybody |= class.traits.is_alone;
            self.classes.push(class.id);
            self.namespaces.insert(self.snapshot.tables.details.get(class.id).key.namespace);
        }
        self.addresses.extend(addresses);
        self.is_anywhere |= addresses.is_empty();
    }

    /// Any rule may match one of them: nobody knows.
    pub(crate) fn add_anybody(&mut self) {
        self.is_anybody = true;
    }

    /// Whether any rule may match one of them.
    pub(crate) fn is_anybody(&self) -> bool {
        self.is_anybody
    }

    /// Whether some rule of the row may match one of them, on some port.
    pub(crate) fn is_matched_by(&self, row: &Distinctions) -> bool {
        self.is_anybody || row.admits_all || row.peers.iter().any(|peer| self.is_matched_by_peer(*peer))
    }

    fn is_matched_by_peer(&self, peer: CompiledPeer) -> bool {
        match peer {
            CompiledPeer::Pods { namespaces: PeerNamespaces::Own(own), .. } if !self.namespaces.contains(&own) => false,
            CompiledPeer::Pods { namespaces, pods } => {
                *self.selectors.borrow_mut().entry((namespaces, pods)).or_insert_with(|| {
                    self.classes.iter().any(|class| self.snapshot.is_selected_by((namespaces, pods), *class))
                })
            }
            CompiledPeer::Block(at) => {
                self.is_anywhere
                    || *self.blocks.borrow_mut().entry(at).or_insert_with(|| {
                        let block = self.snapshot.tables.blocks.get(at);
                        let is_held = |number: &AddressNumber| block.holds((number.family, number.bits));
                        self.addresses.iter().any(is_held)
                    })
            }
        }
    }
}
