//! Fields of policies that are written and left empty: the server takes them as not written, and the policy means more than it
//! seems to (K5 to K9).

use super::findings::finding;
use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Severity};
use crate::located::{Tree, Value};
use crate::manifest::directions::fields_of;
use crate::name::Direction;

/// A warning of each.
pub(super) fn silent_nulls(policy: &Tree, location: &Location) -> Vec<Diagnostic> {
    let Some(spec) = policy.get("spec") else { return Vec::new() };
    let mut found = Found { location, warnings: Vec::new() };
    let path = FieldPath::root().child("spec");
    found.null(spec, &path, "podSelector", "the policy selects every pod of its namespace");
    found.selector(spec, &path, "podSelector");
    for direction in [Direction::Ingress, Direction::Egress] {
        let (rules, peers) = fields_of(direction);
        for (at, rule) in items(spec, rules).iter().enumerate() {
            found.rule(rule, &path.child(rules).index(at), peers);
        }
    }
    found.warnings
}

fn items<'t>(tree: &'t Tree, field: &str) -> &'t [Tree] {
    tree.get(field).map_or(&[], Tree::items)
}

struct Found<'l> {
    location: &'l Location,
    warnings: Vec<Diagnostic>,
}

impl Found<'_> {
    fn rule(&mut self, rule: &Tree, path: &FieldPath, peers: &str) {
        self.null(rule, path, "ports", "the rule admits every port");
        for (at, entry) in items(rule, "ports").iter().enumerate() {
            let path = path.child("ports").index(at);
            self.null(entry, &path, "port", "the entry admits every port of its protocol");
        }
        for (at, peer) in items(rule, peers).iter().enumerate() {
            let path = path.child(peers).index(at);
            self.null(peer, &path, "namespaceSelector", "the peer is of the policy's own namespace");
            self.null(peer, &path, "podSelector", "the peer is every pod of these namespaces");
            self.selector(peer, &path, "namespaceSelector");
            self.selector(peer, &path, "podSelector");
            if let Some(block) = peer.get("ipBlock") {
                self.null(block, &path.child("ipBlock"), "except", "nothing of the block is excepted");
            }
        }
    }

    /// A selector that begins to say something, and says nothing.
    fn selector(&mut self, tree: &Tree, path: &FieldPath, field: &str) {
        let Some(selector) = tree.get(field) else { return };
        let says = |field| selector.get(field).is_some_and(|part| !matches!(&part.value, Value::Null));
        if !says("matchLabels") && !says("matchExpressions") {
            for part in ["matchLabels", "matchExpressions"] {
                self.null(selector, &path.child(field), part, "the selector takes everything");
            }
        }
    }

    fn null(&mut self, tree: &Tree, path: &FieldPath, field: &str, meaning: &str) {
        let Some(entry) = tree.entry(field).filter(|entry| entry.value.is_null()) else { return };
        let location = Location { line: entry.line.or(self.location.line), ..self.location.clone() };
        let message = format!("`{field}:` is written and left empty, which says nothing: {meaning}");
        let mut warning = finding(Severity::Warning, Code::EmptyField, message, location);
        warning.path = path.child(field);
        warning.help = "write what is meant, or remove the field".to_owned();
        self.warnings.push(warning);
    }
}
