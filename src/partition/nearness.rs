//! How ends stand to hosts (K18, U8).

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::engine::Nearness;
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
}
