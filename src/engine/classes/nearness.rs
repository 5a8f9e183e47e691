//! Who runs on which host, for those who ask it of many (K18, U8).

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ends::end::{EndIdentity, ResolvedEnd};
use crate::engine::ends::node_relation::{OwnNode, Spot};
use crate::engine::ends::resolve::Resolution;
use crate::engine::snapshot::Snapshot;
use crate::model::flow::Endpoint;
use crate::net::canonical;

/// Whether an end is the node that another runs on, as far as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Nearness {
    Own,
    Apart,
    /// Nobody says (U8); then it may count what that node runs (C6).
    Perhaps {
        os_image: Option<Arc<str>>,
    },
}

/// What a node is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) node: String,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Snapshot {
    /// Whether `peer` is the node that `subject` runs on (K18, U8), each at the first of its addresses.
    pub(crate) fn nearness(&self, subject: &Endpoint, peer: &Endpoint) -> Nearness {
        let (Some(subject), Some(peer)) = (self.at_first_address(subject), self.at_first_address(peer)) else {
            return Nearness::Apart;
        };
        let os_image = |spot: Spot<'_>| self.cluster().node(spot.name()?).and_then(|node| node.os_image.clone());
        match self.tables.own_node(&subject, &peer) {
            OwnNode::Known(true) => Nearness::Own,
            OwnNode::Known(false) => Nearness::Apart,
            OwnNode::IfSubjectIsAt(spot) | OwnNode::IfPeerIsAt(spot) => Nearness::Perhaps { os_image: os_image(spot) },
            OwnNode::IfOnOne => Nearness::Perhaps { os_image: None },
        }
    }

    /// Where an end runs, with every address by which a host may be its node: a host that [has neither](Self::stands_at) is not, for
    /// certain. None where nobody names the node.
    pub(crate) fn runs_at(&self, end: &Endpoint) -> Option<Whereabouts> {
        let end = self.at_first_address(end)?;
        let node = end.node()?;
        let reported = match end.identity {
            EndIdentity::Pod(pod, _) => pod.host_addresses.as_slice(),
            _ => &[],
        };
        let own = self.cluster().node(node).map_or(&[][..], |node| &node.addresses);
        let addresses = reported.iter().copied().chain(own.iter().map(|each| each.address));
        let addresses = addresses.flat_map(|address| [address, canonical(address)]).collect();
        Some(Whereabouts { node: node.to_owned(), addresses })
    }

    /// What a host is known by where somebody asks whether it is his node. None where it has no name, so that anybody may run there.
    pub(crate) fn stands_at(&self, host: &Endpoint) -> Option<Whereabouts> {
        let end = self.at_first_address(host)?;
        let node = end.identity.node()?.to_owned();
        Some(Whereabouts { node, addresses: end.address.into_iter().collect() })
    }

    fn at_first_address<'s>(&'s self, end: &'s Endpoint) -> Option<ResolvedEnd<'s>> {
        match self.tables.resolve(end) {
            Ok(Resolution::End(end)) => Some(ResolvedEnd::new(end.identity, end.addresses.iter().next())),
            _ => None,
        }
    }
}
