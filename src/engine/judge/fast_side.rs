//! Verdicts of one side alone, by the same look-ups as those of both.

use crate::engine::ends::end::{EndIdentity, ResolvedEnd};
use crate::engine::ids::ClassIx;
use crate::engine::judge::fast_path::{PeerView, settled};
use crate::engine::judge::logic::{Coarse, Logic as _};
use crate::engine::judge::question::{Question, SideQuestion};
use crate::engine::judge::verdict::verdict_of_side;
use crate::engine::tables::Tables;
use crate::name::Direction;
use crate::net::Family;
use crate::profile::cce::is_internal_cloud;
use crate::verdict::Verdict;

impl Tables {
    /// One side of members of a class: a relation that only two pods can have (the own node, the same pod) is not asked.
    pub(in crate::engine) fn side_of_class(
        &self,
        id: ClassIx,
        peer: &ResolvedEnd<'_>,
        asked: SideQuestion,
    ) -> Option<Verdict> {
        let slot = *self.members.find(id)?.first()?;
        let subject = ResolvedEnd::new(self.identity(slot)?, None);
        peer.address?;
        if let Some(verdict) = self.fast_side(id, peer, asked) {
            return Some(verdict);
        }
        let question = match asked.direction {
            Direction::Ingress => Question::direct(*peer, subject, asked.l4),
            Direction::Egress => Question::direct(subject, *peer, asked.l4),
        };
        Some(verdict_of_side(self, &question, asked.direction))
    }

    /// One side of a question, where it takes no exact judgement.
    pub(super) fn fast_side_of(&self, question: &Question<'_>, direction: Direction) -> Option<Verdict> {
        let (subject, peer) = question.ends(direction);
        let (EndIdentity::Pod(_, place) | EndIdentity::Workload(_, place)) = subject.identity else { return None };
        if question.is_translated() || question.is_to_itself() {
            return None;
        }
        self.fast_side(place.class, peer, SideQuestion { direction, l4: question.l4 })
    }

    /// One side of members of a class with somebody else who has an address.
    fn fast_side(&self, id: ClassIx, peer: &ResolvedEnd<'_>, asked: SideQuestion) -> Option<Verdict> {
        let class = self.classes.get(id);
        let address = peer.address?;
        let family = Family::of(address);
        let (in_scope, other) = match peer.identity {
            EndIdentity::External => (self.scope_of_outside(address), None),
            EndIdentity::Pod(_, place) | EndIdentity::Workload(_, place) => {
                (settled(self.digest.block_reach.inside()), Some((place.class, self.classes.get(place.class))))
            }
            EndIdentity::Replica(..) | EndIdentity::Labelled { .. } | EndIdentity::Node(_) => return None,
        };
        let is_settled = |class: ClassIx| self.details.get(class).key.unsettled.is_none();
        if class.host_network
            || peer.identity.is_host_network()
            || !is_settled(id)
            || other.is_some_and(|(class, _)| !is_settled(class))
            || is_internal_cloud(address)
            || (family == Family::V6 && !self.digest.ipv6)
        {
            return None;
        }
        let named = if asked.direction == Direction::Ingress { Some(id) } else { other.map(|(id, _)| id) };
        let seen = PeerView { class: other, address: || Some(address), family, in_scope };
        Some(Coarse::verdict(self.run(class, &seen, named, asked)?))
    }
}
