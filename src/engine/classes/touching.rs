//! What policies tell apart that are not of both of two snapshots: whom their rules do not match they say nothing new of.

use std::sync::Arc;

use crate::engine::classes::partition::Distinctions;
use crate::engine::snapshot::Snapshot;
use crate::engine::tables::policy::CompiledPeer;
use crate::model::policy::NetworkPolicy;
use crate::name::Direction;
use crate::net::AddressNumber;

impl Snapshot {
    /// Of the policies of one row of this snapshot those that another does not have, as a row of their own. None where one of them is
    /// no policy of this snapshot.
    pub(crate) fn row_beside(
        &self,
        row: &Distinctions,
        other: &Distinctions,
        direction: Direction,
    ) -> Option<Distinctions> {
        let is_news = |policy: &&Arc<NetworkPolicy>| {
            !other.with_rules.iter().any(|other| Arc::ptr_eq(policy, other) || *policy == other)
        };
        let compiled = |policy: &Arc<NetworkPolicy>| {
            let all = &self.tables.namespace_named(policy.name().namespace())?.policies;
            all.iter().find(|compiled| Arc::ptr_eq(&compiled.source, policy))
        };
        let policies: Option<Vec<_>> = row.with_rules.iter().filter(is_news).map(compiled).collect();
        Some(self.distinctions(&policies?, direction))
    }

    /// Whether a block of the row holds the address.
    pub(crate) fn holds(&self, row: &Distinctions, number: AddressNumber) -> bool {
        row.peers.iter().any(|peer| match peer {
            CompiledPeer::Block(at) => self.tables.blocks.get(*at).holds((number.family, number.bits)),
            CompiledPeer::Pods { .. } => false,
        })
    }
}

impl Distinctions {
    /// Whether some rule admits everybody, on its ports.
    pub(crate) fn admits_all(&self) -> bool {
        self.admits_all
    }

    /// Whether some peer is a block.
    pub(crate) fn has_blocks(&self) -> bool {
        self.peers.iter().any(|peer| matches!(peer, CompiledPeer::Block(_)))
    }
}
