//! What a policy says in vain: rules, peers, entries and exceptions that can go, and nothing changes.
//!
//! A thing is told only where something that stays admits all that it admits, under every reading of what the profile leaves
//! open; so everything that is told of all policies of a cluster can be removed together, of any cluster and of this one.

mod cells;
mod chosen;
mod exceptions;
mod forms;
mod found;
mod rivals;
mod told;
mod wanted;

use crate::admission::context::Review;
use crate::admission::finding::{Findings, Place, RuleField, RulePlace, list_of};
use crate::admission::lints::cells::Covered;
use crate::admission::lints::forms::is_nobody;
use crate::admission::lints::found::{DIRECTIONS, Found};
use crate::admission::lints::told::Told;
use crate::admission::lints::wanted::Wanted;
use crate::admission::text::quoted;
use crate::diagnostic::Code;
use crate::labels::Selector;
use crate::model::policy::{Namespaces, Peer, Peers};
use crate::name::Direction;
use crate::profile::capability::Capabilities;

/// What is said in vain in any cluster.
pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    if is_impossible(review.policy.subject()) {
        let message = format!("no pod can have such labels: {}", quoted(review.policy.subject()));
        findings.lint(Code::Contradiction, Place::Subject, message, "the policy never does anything: remove it");
        return;
    }
    for direction in DIRECTIONS {
        contradictions(review, findings, direction);
    }
    exceptions::check(review, findings);
    tell(review, findings, &Told::ANY_CLUSTER, &Found::anywhere(review, review.policy), &[]);
}

/// What is said in vain in this cluster, and may not be in others.
pub(super) fn check_here(review: &Review<'_>, findings: &mut Findings) {
    // Who selects nothing is told so otherwise (NP222, NP307).
    if review.subjects.is_empty() || review.may_be_controllers(review.policy.subject()) {
        return;
    }
    let anywhere = Found::anywhere(review, review.policy);
    let mut elsewhere = Findings::default();
    let always = tell(review, &mut elsewhere, &Told::ANY_CLUSTER, &anywhere, &[]);
    tell(review, findings, &Told::THIS_CLUSTER, &Found::here(review, &anywhere), &always);
}

/// Whether no labels at all fulfil the selector.
pub(super) fn is_impossible(selector: &Selector) -> bool {
    Wanted::of(selector).is_impossible()
}

/// Whether the peer's selectors contradict themselves, and [`check`] says so.
pub(super) fn is_contradiction(capabilities: &Capabilities, direction: Direction, peer: &Peer) -> bool {
    is_nobody(capabilities, direction, peer)
}

/// Peers that nobody can be.
fn contradictions(review: &Review<'_>, findings: &mut Findings, direction: Direction) {
    for (rule, entry) in review.policy.rules(direction).iter().enumerate() {
        let Peers::Of(peers) = &entry.peers else { continue };
        let impossible: Vec<(usize, &Peer)> =
            peers.iter().enumerate().filter(|(_, peer)| is_nobody(review.capabilities(), direction, peer)).collect();
        let at = |field| Place::In(RulePlace { direction, rule, field });
        if !impossible.is_empty() && impossible.len() == peers.len() {
            let message = format!("nobody can be what `{}` asks for: the rule admits nothing", list_of(direction));
            let types = match direction {
                Direction::Ingress => "",
                Direction::Egress => "; where no other is left `policyTypes` must name `Egress`",
            };
            let help =
                format!("remove the rule: with an empty `{}` it would admit everyone{types}", list_of(direction));
            findings.lint(Code::Contradiction, at(RuleField::Whole), message, help);
            continue;
        }
        for (place, peer) in impossible {
            let message = match peer {
                Peer::Pods(peer) => match &peer.namespaces {
                    Namespaces::Matching(selector) if is_impossible(selector) => {
                        format!("no namespace can have such labels: {}", quoted(selector))
                    }
                    _ => format!("no pod can have such labels: {}", quoted(&peer.pods)),
                },
                Peer::IpBlock(_) => continue,
            };
            findings.lint(Code::Contradiction, at(RuleField::Peer(place, "")), message, "remove the entry");
        }
    }
}

/// Says what was found, but for what was `known`; the places of all of it are returned.
fn tell(review: &Review<'_>, findings: &mut Findings, told: &Told, found: &Found<'_>, known: &[Place]) -> Vec<Place> {
    let mut said = Vec::new();
    let mut say = |place: Place, (code, message, help): (Code, String, String)| {
        if !known.iter().any(|known| known.holds(place)) {
            findings.lint(code, place, message, help);
        }
        said.push(place);
    };
    if let Some(instead) = found.instead(review.policy) {
        say(Place::Policy, told.policy(found.equal(review.policy), &instead));
        return said;
    }
    for (direction, rules) in &found.rules {
        let all = rules.iter().all(Covered::is_told);
        for (rule, covered) in rules.iter().enumerate() {
            let at = |field| Place::In(RulePlace { direction: *direction, rule, field });
            if covered.is_told() {
                say(at(RuleField::Whole), told.rule(*direction, &covered.whole().unwrap_or_default(), all));
                continue;
            }
            for (row, peer) in covered.peers.iter().enumerate() {
                if let Some((place, covers)) = peer.zip(covered.row(row)) {
                    say(at(RuleField::Peer(place, "")), told.peer(*direction, (rule, place), &covers));
                }
            }
            for (column, port) in covered.ports.iter().enumerate() {
                if let Some((place, covers)) = port.zip(covered.column(column)) {
                    say(at(RuleField::Port(place, "")), told.port(*direction, (rule, place), &covers));
                }
            }
        }
    }
    said
}
