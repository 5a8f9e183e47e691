//! What is surprising about a policy without a field that the types do not have.

use super::level::{Level, is_filled};
use super::schema::{Object, Shape};
use crate::manifest::directions::{fields_of, isolates};
use crate::manifest::tree::{Tree, Value};
use crate::name::Direction;

/// What is left without the unknown field `meant` of `level`, which was probably meant to be the field of that name: of the
/// object that it stands in, else of one around it to which it belongs.
pub(super) fn without(meant: &str, level: &Level<'_>) -> Option<String> {
    let mut next = Some(level);
    let mut is_inmost = true;
    while let Some(level) = next {
        let is_rule = ["an ingress rule", "an egress rule"].contains(&level.object.name);
        if is_inmost || owns(level.object, meant) || is_rule && PEERS.contains(&meant) {
            if let Some(left) = of(level, meant, is_inmost) {
                return Some(left);
            }
        }
        is_inmost = false;
        next = level.around;
    }
    None
}

/// Whether the field is the object's, or of what it holds.
fn owns(object: &Object, field: &str) -> bool {
    let holds = |shape: &Shape| shape.inner().is_some_and(|(inner, _)| inner.field(field).is_some());
    object.field(field).is_some() || object.fields.iter().any(|(_, shape)| holds(shape))
}

/// `is_here`: the field stands in the object itself.
fn of(level: &Level<'_>, meant: &str, is_here: bool) -> Option<String> {
    let tree = level.tree;
    let lacks = |field| !tree.get(field).is_some_and(is_filled);
    match level.object.name {
        "a port entry" if !PEERS.contains(&meant) => Some(format!("the entry admits {}", port(tree))),
        "an ip block" if meant == "except" && lacks("except") => Some("nothing of the block is excepted".to_owned()),
        "a peer" => peer(tree, meant),
        "an ingress rule" | "an egress rule" if is_ignored(level) => None,
        "an ingress rule" if lacks("from") => Some(format!("the rule admits every source on {}", ports(tree))),
        "an egress rule" if lacks("to") => Some(format!("the rule admits every destination on {}", ports(tree))),
        "an ingress rule" | "an egress rule"
            if lacks("ports") && ["ports", "port", "protocol", "endPort"].contains(&meant) =>
        {
            Some("the rule admits every port".to_owned())
        }
        "a label selector" if lacks("matchLabels") && lacks("matchExpressions") => {
            Some("the selector takes everything".to_owned())
        }
        "an object's metadata" if meant == "namespace" && lacks("namespace") => {
            Some("the policy goes to the namespace that it is applied in, without one to `default`".to_owned())
        }
        "a policy's spec" => spec(Some(tree), meant, is_here),
        "a NetworkPolicy" if is_here || lacks("spec") => spec(tree.get("spec"), meant, true),
        _ => None,
    }
}

/// What makes a peer: not a port.
const PEERS: [&str; 7] =
    ["podSelector", "namespaceSelector", "ipBlock", "cidr", "except", "matchLabels", "matchExpressions"];

/// A peer that admits more without what was dropped (K7, K14).
fn peer(tree: &Tree, meant: &str) -> Option<String> {
    let written = |field: &str| tree.get(field).is_some_and(|part| !part.is_null());
    let is_part = PEERS.contains(&meant);
    match (written("podSelector"), written("namespaceSelector")) {
        (false, true) if is_part && meant != "namespaceSelector" => {
            Some("the peer is every pod of these namespaces".to_owned())
        }
        (true, false) if meant == "namespaceSelector" => Some("the peer is of the policy's own namespace".to_owned()),
        _ => {
            let block = tree.get("ipBlock").filter(|_| meant == "except")?;
            (!block.get("except").is_some_and(is_filled)).then(|| "nothing of the block is excepted".to_owned())
        }
    }
}

/// A rule of a direction that `policyTypes` does not declare (K4).
fn is_ignored(rule: &Level<'_>) -> bool {
    let direction = if rule.object.name == "an ingress rule" { Direction::Ingress } else { Direction::Egress };
    rule.around.is_some_and(|spec| !isolates(spec.tree, direction))
}

/// What a spec means in ways that its author may not: of what is not written (K1, K3, K6). `all`: whatever field was meant.
fn spec(spec: Option<&Tree>, meant: &str, all: bool) -> Option<String> {
    let written = |field| spec.and_then(|spec| spec.get(field)).filter(|tree| !tree.is_null());
    let mut means = Vec::new();
    if written("podSelector").is_none() && (all || meant == "podSelector") {
        means.push("selects every pod of its namespace".to_owned());
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        let (field, peers) = fields_of(direction);
        let rules = items(written(field));
        let isolates = spec.map_or(direction == Direction::Ingress, |spec| isolates(spec, direction));
        let lack = |part| rules.iter().any(|rule| !rule.get(part).is_some_and(is_filled));
        if isolates && written(field).is_none() && (all || [field, peers, "ports"].contains(&meant)) {
            means.push(format!("admits no {direction}"));
        } else if !isolates && [field, "policyTypes"].contains(&meant) {
            means.push(format!("leaves {direction} open"));
        } else if isolates && meant == "ports" && lack("ports") {
            means.push(format!("admits every port by {direction} rules that have no `ports`"));
        } else if isolates && meant == peers && lack(peers) {
            means.push(format!("admits everybody by {direction} rules that have no `{peers}`"));
        }
    }
    let (last, others) = means.split_last()?;
    Some(match others {
        [] => format!("the policy {last}"),
        others => format!("the policy {} and {last}", others.join(", ")),
    })
}

fn items(list: Option<&Tree>) -> &[Tree] {
    list.map_or(&[], Tree::items)
}

/// `8000/TCP, 53-54/UDP` of a rule.
fn ports(rule: &Tree) -> String {
    let mut shown: Vec<String> = Vec::new();
    for text in items(rule.get("ports")).iter().map(port) {
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    match shown.as_slice() {
        [] => "every port".to_owned(),
        [a, b, c, d, _, ..] => format!("{a}, {b}, {c}, {d} and so on"),
        shown => shown.join(", "),
    }
}

/// `8000/TCP`, `every port of UDP` of an entry.
fn port(entry: &Tree) -> String {
    let text = |field| match entry.get(field).map(|found| &found.value) {
        Some(Value::Number(text) | Value::String(text)) => Some(text.to_string()),
        _ => None,
    };
    let protocol = text("protocol").unwrap_or_else(|| "TCP".to_owned());
    match (text("port"), text("endPort")) {
        (None, _) => format!("all {protocol}"),
        (Some(port), None) => format!("{port}/{protocol}"),
        (Some(port), Some(end)) => format!("{port}-{end}/{protocol}"),
    }
}
