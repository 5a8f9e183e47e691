//! Who claims which address.

use std::sync::Arc;

use crate::engine::cow::{Arena, Chunked, Flat, Sharded};
use crate::engine::ids::{ClaimsIx, Id as _, SlotIx};
use crate::name::ObjectName;

/// Everything that claims an address, unless it is exactly one live pod (SEMANTICS section 1, K20).
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct SharedClaims {
    /// Slots of live pods that claim it.
    pub(in crate::engine) pods: Vec<SlotIx>,
    /// Nodes by name.
    pub(in crate::engine) nodes: Vec<Arc<str>>,
    /// Slots of pods that call it their host's, finished ones too.
    pub(in crate::engine) reporters: Vec<SlotIx>,
    /// The nodes of those among them that are live and name one, by name, each with how many there are (K20).
    pub(in crate::engine) reported: Vec<(Arc<str>, u32)>,
    /// Slots of pods with hostPorts that call it their host's.
    pub(in crate::engine) host_ports: Vec<SlotIx>,
    /// Services whose ClusterIP it is, by name.
    pub(in crate::engine) services: Vec<ObjectName>,
    /// Services that are reached at it otherwise (K26), by name.
    pub(in crate::engine) faces: Vec<ObjectName>,
}

impl SharedClaims {
    /// A live pod on the node reports the address, or does no longer.
    pub(in crate::engine) fn count_report(&mut self, node: &Arc<str>, comes: bool) {
        match (self.reported.binary_search_by(|(each, _)| each.cmp(node)), comes) {
            (Ok(at), true) => self.reported.iter_mut().skip(at).take(1).for_each(|(_, count)| *count += 1),
            (Err(at), true) => self.reported.insert(at, (node.clone(), 1)),
            (Ok(at), false) => {
                self.reported.iter_mut().skip(at).take(1).for_each(|(_, count)| *count -= 1);
                self.reported.retain(|(_, count)| *count > 0);
            }
            (Err(_), false) => {}
        }
    }

    /// Whether anybody but pods claims it.
    pub(in crate::engine) fn has_others(&self) -> bool {
        !self.nodes.is_empty() || !self.reporters.is_empty() || !self.services.is_empty() || !self.faces.is_empty()
    }
}

/// A value of an address table, a [`Claim`] in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct PackedClaim(u32);

/// Who claims an address.
pub(in crate::engine) enum Claim {
    /// One live pod and nothing else: its slot.
    Pod(SlotIx),
    /// Anything else: the place of its [`SharedClaims`].
    Shared(ClaimsIx),
}

impl PackedClaim {
    const SHARED: u32 = 1 << 31;

    pub(in crate::engine) fn pod(slot: SlotIx) -> Self {
        Self(slot.index())
    }

    pub(in crate::engine) fn shared(claims: ClaimsIx) -> Self {
        Self(claims.index() | Self::SHARED)
    }

    #[inline]
    pub(in crate::engine) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// As a number of a table; never the highest, since slots and places are fewer than 2^31 - 1.
    pub(in crate::engine) fn number(self) -> u32 {
        self.0
    }

    #[inline]
    pub(in crate::engine) fn unpack(self) -> Claim {
        if self.0 & Self::SHARED == 0 {
            Claim::Pod(SlotIx::from_index(self.0))
        } else {
            Claim::Shared(ClaimsIx::from_index(self.0 & !Self::SHARED))
        }
    }
}

/// Who claims which address.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct AddressTable {
    pub(in crate::engine) v4: Flat,
    pub(in crate::engine) v6: Sharded<(u128, PackedClaim)>,
    pub(in crate::engine) shared: Arena<ClaimsIx, Chunked<Option<Arc<SharedClaims>>, 4>>,
}
