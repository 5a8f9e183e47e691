//! What hosts are known by, for those who ask whose own node one may be (K18, U8).

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::FixedState;

use crate::engine::Whereabouts;
use crate::partition::ends::{End, EndIx};
use crate::partition::view::View;

/// All hosts of one snapshot.
#[derive(Debug, Default)]
pub(super) struct KnownHosts {
    pub(super) by_name: HashMap<String, Vec<EndIx>, FixedState>,
    pub(super) by_address: HashMap<IpAddr, Vec<EndIx>, FixedState>,
    /// Nobody says which nodes they are.
    pub(super) anywhere: Vec<EndIx>,
}

impl KnownHosts {
    pub(super) fn new<'e>(view: &View, ends: impl Iterator<Item = (EndIx, &'e End)>) -> Self {
        let mut known = Self::default();
        for (at, host) in ends.filter(|(_, end)| end.is_host) {
            match view.snapshot.stands_at(&host.who.endpoint()) {
                Some(Whereabouts { node, addresses }) => {
                    known.by_name.entry(node).or_default().push(at);
                    addresses.into_iter().for_each(|address| known.by_address.entry(address).or_default().push(at));
                }
                None => known.anywhere.push(at),
            }
        }
        known
    }
}
