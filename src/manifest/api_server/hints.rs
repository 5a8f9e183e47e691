//! What was probably meant by a field that the types do not have, and what the rest means without it.

use super::report::Path;
use super::schema::{Object, Shape};
use crate::manifest::tree::{Tree, Value};
use crate::text::choices;

/// An object of the document, with those around it.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    pub(super) object: &'a Object,
    pub(super) tree: &'a Tree,
    pub(super) path: Path<'a>,
    pub(super) around: Option<&'a Level<'a>>,
}

/// How to mend an unknown field `name` of `level`.
pub(super) fn unknown(name: &str, level: &Level<'_>) -> String {
    let place = spelled(name, level.object)
        .or_else(|| other_direction(name, level.object))
        .or_else(|| too_deep(name, level))
        .or_else(|| too_high(name, level));
    match (place, left(level)) {
        (Some(place), Some(left)) => format!("{place}; as it stands {left}"),
        (Some(place), None) => place,
        (None, Some(left)) => format!("the field is dropped; as it stands {left}"),
        (None, None) => "the field is dropped as if it had not been written".to_owned(),
    }
}

/// A known field in another spelling, or in the plural.
fn spelled(name: &str, object: &Object) -> Option<String> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_'], "");
    let (wanted, plural) = (plain(name), plain(name) + "s");
    let near = |known: &&(&str, Shape)| {
        let known = plain(known.0);
        known == wanted || known == plural || format!("{known}s") == wanted
    };
    object.fields.iter().find(near).map(|(known, _)| format!("write `{known}`"))
}

fn other_direction(name: &str, object: &Object) -> Option<String> {
    match (object.name, name) {
        ("an ingress rule", "to") => Some("an ingress rule has `from`".to_owned()),
        ("an egress rule", "from") => Some("an egress rule has `to`".to_owned()),
        _ => None,
    }
}

/// A field of an object around this one.
fn too_deep(name: &str, level: &Level<'_>) -> Option<String> {
    let mut inner = level;
    while let Some(outer) = inner.around {
        if outer.object.field(name).is_some() {
            let beside = match inner.path {
                Path::Field(_, beside) => beside,
                Path::Index(Path::Field(_, beside), _) => beside,
                _ => return None,
            };
            return Some(match outer.path {
                Path::Field(_, owner) => format!("`{name}` belongs to `{owner}`, beside `{beside}`"),
                _ => format!("`{name}` stands beside `{beside}`, not under it"),
            });
        }
        inner = outer;
    }
    None
}

/// A field of an object that this one holds: of one that is written and empty, where there is such.
fn too_high(name: &str, level: &Level<'_>) -> Option<String> {
    let holds = |shape: &Shape| matches!(shape, Shape::Object(inner) if inner.field(name).is_some());
    let lists = |shape: &Shape| matches!(shape, Shape::List(Shape::Object(inner)) if inner.field(name).is_some());
    let named = |fits: &dyn Fn(&Shape) -> bool| -> Vec<&str> {
        level.object.fields.iter().filter(|(_, shape)| fits(shape)).map(|(field, _)| *field).collect()
    };
    let (objects, entries) = (named(&holds), named(&lists));
    let empty: Vec<&str> =
        objects.iter().copied().filter(|field| level.tree.get(field).is_some_and(|tree| !is_filled(tree))).collect();
    match (empty.as_slice(), objects.as_slice(), entries.as_slice()) {
        ([], [], []) if level.object.name == "a label selector" => Some("labels stand under `matchLabels`".to_owned()),
        ([], [], []) => None,
        ([], [], entries) => Some(format!("`{name}` belongs to an entry of {}", choices(entries))),
        ([], objects, _) => Some(format!("`{name}` stands one level too high: it belongs under {}", choices(objects))),
        (empty, ..) => Some(format!("`{name}` stands one level too high: indent it under {}", choices(empty))),
    }
}

fn is_filled(tree: &Tree) -> bool {
    match &tree.value {
        Value::Null => false,
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(entries) => !entries.is_empty(),
        _ => true,
    }
}

/// What is surprising about an object without its unknown fields.
fn left(level: &Level<'_>) -> Option<String> {
    let lacks = |field| !level.tree.get(field).is_some_and(is_filled);
    match level.object.name {
        "an ingress rule" if lacks("from") => Some(format!("the rule admits every source on {}", ports(level.tree))),
        "an egress rule" if lacks("to") => Some(format!("the rule admits every destination on {}", ports(level.tree))),
        "a label selector" if lacks("matchLabels") && lacks("matchExpressions") => {
            Some("the selector takes everything".to_owned())
        }
        _ => None,
    }
}

/// `8000/TCP, 53-54/UDP` of a rule.
fn ports(rule: &Tree) -> String {
    let Some(Value::Sequence(entries)) = rule.get("ports").map(|ports| &ports.value) else {
        return "every port".to_owned();
    };
    let text = |entry: &Tree, field| match entry.get(field).map(|found| &found.value) {
        Some(Value::Number(text) | Value::String(text)) => Some(text.to_string()),
        _ => None,
    };
    let mut shown: Vec<String> = Vec::new();
    for entry in entries {
        let protocol = text(entry, "protocol").unwrap_or_else(|| "TCP".to_owned());
        shown.push(match (text(entry, "port"), text(entry, "endPort")) {
            (None, _) => format!("all {protocol}"),
            (Some(port), None) => format!("{port}/{protocol}"),
            (Some(port), Some(end)) => format!("{port}-{end}/{protocol}"),
        });
    }
    match shown.as_slice() {
        [] => "every port".to_owned(),
        [a, b, c, d, ..] => format!("{a}, {b}, {c}, {d} and so on"),
        shown => shown.join(", "),
    }
}
