//! What each identity admits: every policy that selects it, every rule, every peer and port (K1 to K7, K12).

use netpol_oracle::model::{Namespaces, Peer, Peers, PodPeer, Rule};
use netpol_oracle::{Direction, NetworkPolicy};

use super::Input;
use super::classes::{Classes, Set, limits_no_internal_cloud};
use super::identities::{Identities, Identity};
use super::ports::{self, Admitted};
use super::selectors::selects;
use crate::encode::{PeerKey, PolicyKey, PortKey, Tables, subject_key};
use crate::fault::Fault;

/// Fills `subjects` and `policy`.
pub(super) fn fill(input: &Input<'_>, identities: &Identities, classes: &Classes, tables: &mut Tables) {
    for subject in &identities.all {
        for direction in [Direction::Ingress, Direction::Egress] {
            let policies: Vec<&NetworkPolicy> = input
                .cluster
                .policies()
                .in_namespace(&subject.namespace)
                .filter(|policy| {
                    isolates(input, policy, direction) && selects(input, policy.subject(), &subject.labels)
                })
                .collect();
            if policies.is_empty() {
                continue;
            }
            let compiler = Compiler { input, identities, classes, subject, direction };
            let mut lengths = 0;
            for (peer, port) in compiler.entries(&policies) {
                lengths |= 1 << port.bits;
                let key = PolicyKey { subject: subject.number, direction, peer, port };
                tables.policy.insert(key.bytes(), 1);
            }
            tables.subjects.insert(subject_key(subject.number, direction), lengths);
        }
    }
}

fn isolates(input: &Input<'_>, policy: &NetworkPolicy, direction: Direction) -> bool {
    let empty = policy.written_rules(direction).is_empty();
    match input.fault {
        Some(Fault::PolicyTypesIgnored) => true,
        Some(Fault::EmptyEgressIsolatesNothing) if direction == Direction::Egress && empty => false,
        _ => policy.isolates(direction),
    }
}

/// The entries of one identity and direction.
struct Compiler<'a, 'c> {
    input: &'a Input<'c>,
    identities: &'a Identities,
    classes: &'a Classes,
    subject: &'a Identity,
    direction: Direction,
}

impl Compiler<'_, '_> {
    fn entries(&self, policies: &[&NetworkPolicy]) -> Vec<(PeerKey, PortKey)> {
        let mut entries = Vec::new();
        for policy in policies {
            let rules = policy.written_rules(self.direction);
            if rules.is_empty() && self.direction == Direction::Ingress && self.input.has(Fault::EmptyIngressAllowsAll)
            {
                entries.push((PeerKey::ANYBODY, PortKey::EVERYTHING));
            }
            for rule in rules {
                self.rule(policy, rule, &mut entries);
            }
        }
        if self.direction == Direction::Egress && limits_no_internal_cloud(self.input) {
            let peers = self.classes.of_set(&Set::InternalCloud).map(|class| PeerKey { class, ..PeerKey::ANYBODY });
            entries.extend(peers.map(|peer| (peer, PortKey::EVERYTHING)));
        }
        entries
    }

    fn rule(&self, policy: &NetworkPolicy, rule: &Rule, entries: &mut Vec<(PeerKey, PortKey)>) {
        let peers = match &rule.peers {
            Peers::Any => vec![PeerKey::ANYBODY],
            Peers::Of(peers) => peers.iter().flat_map(|peer| self.peer(policy, peer)).collect(),
        };
        for admitted in ports::admitted(self.input, &rule.ports) {
            for peer in &peers {
                match &admitted {
                    Admitted::Plain(ports) => entries.extend(ports.iter().map(|port| (*peer, *port))),
                    Admitted::Named(protocol, name) => {
                        let on = |owner: &Identity| ports::numbers(self.input, &owner.ports, *protocol, name);
                        let of_subject =
                            (self.direction == Direction::Ingress) != self.input.has(Fault::NamedPortOfSource);
                        if of_subject {
                            entries.extend(on(self.subject).into_iter().map(|port| (*peer, port)));
                        } else {
                            entries.extend(
                                self.within(*peer)
                                    .flat_map(|(peer, owner)| on(owner).into_iter().map(move |port| (peer, port))),
                            );
                        }
                    }
                }
            }
        }
    }

    /// The peer identity by identity: what a name means depends on the pod at the other end.
    fn within(&self, peer: PeerKey) -> impl Iterator<Item = (PeerKey, &Identity)> {
        let within = self.identities.all.iter().filter(move |each| peer.identity == 0 || peer.identity == each.number);
        within.map(move |each| (PeerKey { identity: each.number, ..peer }, each))
    }

    fn peer(&self, policy: &NetworkPolicy, peer: &Peer) -> Vec<PeerKey> {
        match peer {
            Peer::Pods(pods) => {
                let selected = self.identities.all.iter().filter(|identity| self.is_peer(policy, pods, identity));
                selected.map(|identity| PeerKey { identity: identity.number, ..PeerKey::ANYBODY }).collect()
            }
            Peer::IpBlock(block) => {
                let classes = self.classes.of_set(&Set::Block(block.clone()));
                classes.map(|class| PeerKey { class, ..PeerKey::ANYBODY }).collect()
            }
        }
    }

    fn is_peer(&self, policy: &NetworkPolicy, peer: &PodPeer, identity: &Identity) -> bool {
        let pods = selects(self.input, &peer.pods, &identity.labels);
        match &peer.namespaces {
            Namespaces::Own => {
                let own = identity.namespace == *policy.name().namespace();
                pods && (own || self.input.has(Fault::PodSelectorCrossesNamespaces))
            }
            Namespaces::Matching(selector) => {
                let namespace = self.input.cluster.namespace(&identity.namespace);
                let namespace = namespace.is_some_and(|each| selects(self.input, selector, &each.labels));
                match self.input.has(Fault::SelectorsOred) && !peer.pods.is_everything() {
                    true => namespace || pods,
                    false => namespace && pods,
                }
            }
        }
    }
}
