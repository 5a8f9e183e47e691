//! What is said of what is in vain, and what to do.

use std::collections::BTreeSet;

use crate::admission::finding::list_of;
use crate::admission::lints::cells::Cover;
use crate::admission::text::{names, quoted};
use crate::diagnostic::Code;
use crate::model::policy::NetworkPolicy;
use crate::name::Direction;

/// The codes for one scope, and the words that mark it.
pub(super) struct Told {
    peer: Code,
    port: Code,
    rule: Code,
    policy: Code,
    /// What stands before a message.
    scope: &'static str,
}

/// Code, message, help.
type Text = (Code, String, String);

impl Told {
    pub(super) const ANY_CLUSTER: Self = Self {
        peer: Code::ImpliedPeer,
        port: Code::ImpliedPort,
        rule: Code::ImpliedRule,
        policy: Code::ImpliedPolicy,
        scope: "",
    };

    pub(super) const THIS_CLUSTER: Self = Self {
        peer: Code::IdlePeer,
        port: Code::IdlePort,
        rule: Code::IdleRule,
        policy: Code::IdlePolicy,
        scope: "in this cluster, as it is, ",
    };

    /// Of the peer at that place of the rule.
    pub(super) fn peer(&self, direction: Direction, (rule, peer): (usize, usize), by: &BTreeSet<Cover<'_>>) -> Text {
        let whom = match direction {
            Direction::Ingress => "whoever this admits is",
            Direction::Egress => "whatever this admits is",
        };
        // What its own other ports admit somebody else admits too.
        let others = by.iter().filter(|cover| !(is_of(cover, rule) && cover.peer == Some(peer)));
        let by = others.map(|cover| path(direction, cover, cover.peer.map(|peer| (list_of(direction), peer))));
        self.entry(self.peer, whom, by)
    }

    /// Of the port entry at that place of the rule.
    pub(super) fn port(&self, direction: Direction, (rule, port): (usize, usize), by: &BTreeSet<Cover<'_>>) -> Text {
        let others = by.iter().filter(|cover| !(is_of(cover, rule) && cover.port == Some(port)));
        let by = others.map(|cover| path(direction, cover, cover.port.map(|port| ("ports", port))));
        self.entry(self.port, "the ports of this entry are", by)
    }

    fn entry(&self, code: Code, what: &str, by: impl Iterator<Item = String>) -> Text {
        let message = format!("{}{what} admitted by {} too", self.scope, places(by));
        (code, message, "remove the entry".to_owned())
    }

    /// `all`: every rule of the direction is told to go.
    pub(super) fn rule(&self, direction: Direction, by: &BTreeSet<Cover<'_>>, all: bool) -> Text {
        let by = by.iter().map(|cover| path(direction, cover, cover.peer.map(|peer| (list_of(direction), peer))));
        let message = format!("{}whatever the rule admits is admitted by {} too", self.scope, places(by));
        // K3: without egress rules the server takes the policy for one of ingress alone.
        let help = match direction {
            Direction::Egress if all => "remove the rule; `policyTypes` must name `Egress` then",
            _ => "remove the rule",
        };
        (self.rule, message, help.to_owned())
    }

    /// `equal`: a policy that says the same.
    pub(super) fn policy(&self, equal: Option<&NetworkPolicy>, instead: &[&NetworkPolicy]) -> Text {
        if let Some(other) = equal {
            let message = format!("policy {} says the same of the same pods", quoted(other.name().name()));
            return (Code::EqualPolicy, message, "one of the two is enough: remove this one".to_owned());
        }
        let by = names(instead.iter().map(|other| other.name().name()));
        let [noun, isolate, admit] = match instead {
            [_] => ["policy", "isolates", "admits"],
            _ => ["policies", "isolate", "admit"],
        };
        let message =
            format!("{}{noun} {by} {isolate} the pods that this one does, and {admit} all that it admits", self.scope);
        (self.policy, message, "remove the policy".to_owned())
    }
}

fn places(paths: impl Iterator<Item = String>) -> String {
    names(paths.collect::<BTreeSet<String>>())
}

/// Whether it stands in that rule of the policy itself.
fn is_of(cover: &Cover<'_>, rule: usize) -> bool {
    cover.policy.is_none() && cover.rule == rule
}

/// `spec.ingress[0].from[1]`, in another policy `NAME spec.ingress[0].from[1]`; without an entry the rule.
fn path(direction: Direction, cover: &Cover<'_>, entry: Option<(&str, usize)>) -> String {
    let rule = format!("spec.{direction}[{}]", cover.rule);
    let path = match entry {
        Some((list, place)) => format!("{rule}.{list}[{place}]"),
        None => rule,
    };
    match cover.policy {
        Some(policy) => format!("{} {path}", policy.name()),
        None => path,
    }
}
