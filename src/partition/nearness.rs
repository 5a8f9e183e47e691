//! How ends stand to hosts (K18, U8).

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::engine::Nearness;
use crate::partition::ends::{EndIx, Who};
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

/// In one snapshot: whether the host is the own node, and where it may be, what that node runs (C6).
type Near = (Nearness, Option<Arc<str>>);

/// Found out when somebody asks, once for all who run in the same place.
pub(crate) struct Nearnesses<'g> {
    ground: &'g Ground,
    of: HashMap<(u32, EndIx), NearIx, FixedState>,
    known: Interned<Vec<Near>>,
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
        let (subject, peer) = (self.ground.end(end)?.who.endpoint(), &self.ground.end(host)?.who);
        let endpoint = peer.endpoint();
        let of_view = |view: &View| {
            let nearness = view.snapshot.nearness(&subject, &endpoint);
            let os_image = if nearness == Nearness::Apart { None } else { os_image(view, peer) };
            (nearness, os_image)
        };
        let near = NearIx(self.known.place(self.ground.views.iter().map(of_view).collect()));
        self.of.insert(key, near);
        Some(near)
    }
}

fn os_image(view: &View, host: &Who) -> Option<Arc<str>> {
    let cluster = view.snapshot.cluster();
    let node = match host {
        Who::Node(name) => Some(name),
        Who::Pod(name) => cluster.pod(name)?.node.as_ref(),
        Who::Workload(name, kind) => cluster.workload(kind, name)?.node.as_ref(),
    };
    cluster.node(node?)?.os_image.clone()
}
