//! What an answer may hang on and was not given (K25, K28).

use std::collections::BTreeSet;

use crate::engine::ends::end::EndIdentity;
use crate::engine::judge::question::Question;
use crate::engine::tables::Tables;
use crate::engine::tables::policy::{CompiledPeer, CompiledPeers, CompiledRule, PeerNamespaces};
use crate::labels::{LabelKey, Labels, Requirement, Selector};
use crate::model::cluster::{Workload, WorkloadKind};
use crate::model::flow::Endpoint;
use crate::model::policy::{Namespaces, Peer, Peers, PodPeer, Rule};
use crate::name::Direction;
use crate::profile::row::{Row, Rows};
use crate::verdict::{Failed, Note, Reason, Sides};

impl Tables {
    /// The notes of an answer whose verdict hangs on `rows`: each once, by their codes, then by their objects.
    pub(super) fn notes<'a>(
        &self,
        judged: impl Iterator<Item = (&'a Question<'a>, &'a Sides)>,
        rows: Rows,
    ) -> Vec<Note> {
        let mut notes: BTreeSet<Note> = self.given().everywhere.iter().cloned().collect();
        for (question, sides) in judged {
            for direction in [Direction::Egress, Direction::Ingress] {
                let (subject, other) = question.ends(direction);
                if let Some(namespace) = namespace_of(subject.identity) {
                    self.note_namespace(namespace, &mut notes);
                    if rows.contains(Row::U6) && subject.address.is_none() {
                        notes.insert(Note::no_address(&text(subject.identity)));
                    }
                }
                let missed = self.nearly_matching(sides, direction);
                notes.extend(missed.iter().filter_map(|(peer, compiled)| self.note_asked(peer, *compiled)));
                let asked = missed.iter().map(|(peer, _)| &peer.pods);
                self.note_controller(other.identity, asked, &mut notes);
            }
        }
        notes.into_iter().collect()
    }

    fn note_namespace(&self, name: &str, notes: &mut BTreeSet<Note>) {
        if !self.cluster.is_given(name) {
            notes.insert(Note::namespace_not_loaded(name));
        }
        if let Some(count) = self.given().rejected.get(name) {
            notes.insert(Note::rejected_policies(name, *count));
        }
    }

    /// The peers of pods in those rules of a side whose ports alone match, as they were written and as they were compiled.
    fn nearly_matching(&self, sides: &Sides, direction: Direction) -> Vec<(&PodPeer, CompiledPeer)> {
        let near = match &sides.of(direction).reason {
            Reason::NoRule { near, .. } | Reason::Open { near, .. } => near.as_slice(),
            _ => &[],
        };
        let rules = near.iter().filter(|miss| miss.failed == Failed::Peer).filter_map(|miss| {
            let name = &miss.rule.policy;
            let policy = self.namespace_named(name.namespace())?.policy_named(name)?;
            let (direction, at) = (miss.rule.direction, miss.rule.rule);
            Some((policy.source.rules(direction).get(at)?, policy.rules(direction).get(at)?))
        });
        let peers = rules.flat_map(|rule| match rule {
            (Rule { peers: Peers::Of(peers), .. }, CompiledRule { peers: CompiledPeers::Of(compiled), .. }) => {
                peers.iter().zip(compiled.iter().copied()).collect()
            }
            _ => Vec::new(),
        });
        let pods = peers.filter_map(|(peer, compiled)| match peer {
            Peer::Pods(pods) => Some((pods, compiled)),
            Peer::IpBlock(_) => None,
        });
        pods.collect()
    }

    /// A namespace selector that nothing has which was loaded.
    fn note_asked(&self, peer: &PodPeer, compiled: CompiledPeer) -> Option<Note> {
        let Namespaces::Matching(selector) = &peer.namespaces else { return None };
        let CompiledPeer::Pods { namespaces: PeerNamespaces::Matching(id), .. } = compiled else { return None };
        (!selector.is_everything() && !self.is_any_given(id)).then(|| Note::no_namespace_matches(&selector.to_string()))
    }

    /// The keys that a workload of another API lacks and that are asked of it, by policies of its namespace or by those rules of
    /// the other side: nobody knows what its controller adds (K25).
    fn note_controller<'s>(
        &'s self,
        end: EndIdentity<'_>,
        by_rules: impl Iterator<Item = &'s Selector>,
        notes: &mut BTreeSet<Note>,
    ) {
        let EndIdentity::Workload(Workload { kind: WorkloadKind::Other(_), name, labels, .. }, place) = end else {
            return;
        };
        let namespace = self.namespace(place.detail.key.namespace);
        let by_policies = namespace.policies.iter().map(|policy| policy.source.subject());
        let lacking = by_policies.chain(by_rules).flat_map(keys).filter(|key| labels.get(key.as_str()).is_none());
        notes.extend(lacking.map(|key| Note::label_not_modelled(&name.to_string(), key.as_str())));
    }
}

fn keys(selector: &Selector) -> impl Iterator<Item = &LabelKey> {
    let exact = selector.match_labels().iter().map(|(key, _)| key);
    exact.chain(selector.expressions().iter().map(Requirement::key))
}

fn namespace_of<'t>(end: EndIdentity<'t>) -> Option<&'t str> {
    match end {
        EndIdentity::Labelled { namespace, .. } => Some(namespace),
        EndIdentity::Replica(workload, ..) => Some(workload.name.namespace()),
        other => other.object_name().map(|name| &**name.namespace()),
    }
}

fn text(end: EndIdentity<'_>) -> String {
    match (end, end.name()) {
        (_, Some(name)) => name.to_string(),
        (EndIdentity::Labelled { namespace, labels }, None) => {
            let (namespace, labels): (_, Labels) = (namespace.clone(), labels.clone());
            Endpoint::Labelled { namespace, labels }.to_string()
        }
        _ => String::new(),
    }
}
