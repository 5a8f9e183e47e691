//! How ends stand to hosts (K18, U8).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::engine::{Nearness, Whereabouts};
use crate::partition::ends::EndIx;
use crate::partition::ground::Ground;
use crate::partition::interned::Interned;
use crate::partition::view::View;

/// How somebody stands to a host, among all the ways in which anybody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NearIx(u32);

impl NearIx {
    pub(super) fn number(self) -> u32 {
        self.0
    }
}

/// Found out when somebody asks, once for all who run in the same place.
pub(crate) struct Nearnesses<'g> {
    ground: &'g Ground,
    of: HashMap<(u32, EndIx), NearIx, FixedState>,
    /// In each snapshot.
    known: Interned<Vec<Nearness>>,
}

impl<'g> Nearnesses<'g> {
    pub(crate) fn new(ground: &'g Ground) -> Self {
        Self { ground, of: HashMap::default(), known: Interned::default() }
    }

    /// How a pod or workload stands to a host.
    pub(crate) fn near(&mut self, end: EndIx, host: EndIx) -> Option<NearIx> {
        let key = (self.ground.standing(end), host);
        if let Some(known) = self.of.get(&key) {
            return Some(*known);
        }
        let (subject, peer) = (self.ground.end(end)?.who.endpoint(), self.ground.end(host)?.who.endpoint());
        // It hangs on no policy.
        let views = if self.ground.has_same_objects { 1 } else { self.ground.views.len() };
        let of_view = |view: &Arc<View>| view.snapshot.nearness(&subject, &peer);
        let near = NearIx(self.known.place(self.ground.views.iter().take(views).map(of_view).collect()));
        self.of.insert(key, near);
        Some(near)
    }

    /// The hosts that may be the own node of some of these ends; none where any may be.
    pub(crate) fn hosts_near(&self, ends: &[EndIx]) -> Option<HashSet<EndIx, FixedState>> {
        let mut near = HashSet::default();
        for (view, known) in self.ground.views.iter().zip(self.ground.known_hosts()) {
            near.extend(&known.anywhere);
            let mut seen: HashSet<u32, FixedState> = HashSet::default();
            for end in ends.iter().filter(|end| seen.insert(self.ground.standing(**end))) {
                let Whereabouts { node, addresses } = view.snapshot.runs_at(&self.ground.end(*end)?.who.endpoint())?;
                near.extend(known.by_name.get(&node).into_iter().flatten());
                near.extend(addresses.iter().filter_map(|address| known.by_address.get(address)).flatten());
            }
        }
        Some(near)
    }
}
