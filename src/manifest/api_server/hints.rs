//! What was probably meant by a field that the types do not have, and what the rest means without it.

use std::net::IpAddr;

use super::level::{Level, is_filled};
use super::meaning;
use super::report::Path;
use super::schema::{Object, Shape};
use crate::manifest::tree::{Tree, Value};
use crate::text::choices;

/// How to mend an unknown field `name` of `level`, and what the policy means as long as nobody does.
pub(super) fn unknown(name: &str, value: &Tree, level: &Level<'_>) -> String {
    let object = level.object;
    let near = resembling(name, level).filter(|known| fits(value, object.field(known)));
    let place = spelled(name, object)
        .or_else(|| of_namespace(name, value, object))
        .or_else(|| other_direction(name, object))
        .or_else(|| apart(name, level))
        .or_else(|| within(name, level))
        .or_else(|| around(name, level))
        .or_else(|| near.map(|known| write(known, value, object)))
        .or_else(|| deeper(name, object))
        .or_else(|| of_labels(name, value, object));
    let meant = canonical(name, object).or(near).or_else(|| elsewhere(name, level)).unwrap_or(name);
    match (place, meaning::without(meant, level)) {
        (Some(place), Some(left)) => format!("{place}; as it stands {left}"),
        (Some(place), None) => place,
        (None, Some(left)) => format!("the field is dropped; as it stands {left}"),
        (None, None) => "the field is dropped as if it had not been written".to_owned(),
    }
}

/// Without case and dashes.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '_'], "")
}

/// The known field that is written in another case.
fn canonical(name: &str, object: &Object) -> Option<&'static str> {
    let wanted = plain(name);
    object.fields.iter().map(|(known, _)| *known).find(|known| plain(known) == wanted)
}

fn spelled(name: &str, object: &Object) -> Option<String> {
    canonical(name, object).map(|known| format!("write `{known}`"))
}

/// A known field that is not written yet and looks much alike: a plural, its beginning, a letter or two amiss.
fn resembling(name: &str, level: &Level<'_>) -> Option<&'static str> {
    let wanted = plain(name);
    let free = level.object.fields.iter().map(|(known, _)| *known).filter(|known| level.tree.get(known).is_none());
    let amiss = |known: &str| {
        let known = plain(known);
        if known == format!("{wanted}s") || wanted == format!("{known}s") {
            return Some(0);
        }
        if wanted.len() >= 3 && known.starts_with(&wanted) {
            return Some(1);
        }
        let most = if known.len() < 5 { 1 } else { 2 };
        Some(strsim::damerau_levenshtein(&wanted, &known)).filter(|amiss| *amiss <= most)
    };
    let found = free.filter_map(|known| Some((amiss(known)?, known))).min();
    found.map(|(_, known)| known)
}

/// Whether what is written may be that field's: an object or a list is no single value.
fn fits(value: &Tree, shape: Option<&Shape>) -> bool {
    let is_single = !matches!(value.value, Value::Mapping(_) | Value::Sequence(_) | Value::Null);
    let takes_single = !matches!(shape, Some(Shape::Object(_) | Shape::List(Shape::Object(_)) | Shape::TextMap));
    takes_single || !is_single
}

/// The name of a field of an object around this one, in another case.
fn elsewhere(name: &str, level: &Level<'_>) -> Option<&'static str> {
    std::iter::successors(level.around, |level| level.around).find_map(|level| canonical(name, level.object))
}

/// A block and a selector of one peer: neither stands beside the other (K8).
fn apart(name: &str, level: &Level<'_>) -> Option<String> {
    let levels = std::iter::successors(Some(level), |level| level.around);
    let peer = levels.take(2).find(|level| level.object.name == "a peer")?;
    let Path::Index(Path::Field(_, list), _) = peer.path else { return None };
    let has = |field| peer.tree.get(field).is_some_and(|tree| !tree.is_null());
    let has_selector = has("podSelector") || has("namespaceSelector");
    match name {
        "ipBlock" | "cidr" if has_selector && !has("ipBlock") => {
            Some(format!("write an entry of its own in `{list}`: `- ipBlock: {{cidr: ...}}`"))
        }
        "podSelector" | "namespaceSelector" if has("ipBlock") && !has_selector => {
            Some(format!("write an entry of its own in `{list}`: `- {name}: ...`"))
        }
        _ => None,
    }
}

/// A list for what takes one is as many entries.
fn write(known: &str, value: &Tree, object: &Object) -> String {
    let takes_one = !matches!(object.field(known), Some(Shape::List(_)));
    let is_list = matches!(value.value, Value::Sequence(_));
    if takes_one && is_list { format!("write `{known}`, an entry for each") } else { format!("write `{known}`") }
}

fn other_direction(name: &str, object: &Object) -> Option<String> {
    match (object.name, name) {
        ("an ingress rule", "to") => Some("an ingress rule has `from`".to_owned()),
        ("an egress rule", "from") => Some("an egress rule has `to`".to_owned()),
        _ => None,
    }
}

/// A field of an object around this one, or of what that holds.
fn around(name: &str, level: &Level<'_>) -> Option<String> {
    let mut inner = level;
    while let Some(outer) = inner.around {
        let known = canonical(name, outer.object);
        // What the whole document holds is far away.
        if known.is_none() && outer.around.is_some() {
            let place = other_direction(name, outer.object);
            let place = place.or_else(|| within(name, outer)).or_else(|| deeper(name, outer.object));
            if place.is_some() {
                return place;
            }
        }
        if let Some(name) = known {
            let beside = match inner.path {
                Path::Field(_, beside) => beside,
                Path::Index(Path::Field(_, beside), _) => beside,
                _ => return None,
            };
            if beside == name {
                return Some(format!("`{name}` is written around this already"));
            }
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
fn within(name: &str, level: &Level<'_>) -> Option<String> {
    let named = |in_lists: bool| -> Vec<&str> {
        let holding = level.object.fields.iter().filter(|(_, shape)| {
            shape.inner().is_some_and(|(inner, is_list)| is_list == in_lists && inner.field(name).is_some())
        });
        holding.map(|(field, _)| *field).collect()
    };
    let (objects, entries) = (named(false), named(true));
    let empty: Vec<&str> =
        objects.iter().copied().filter(|field| level.tree.get(field).is_some_and(|tree| !is_filled(tree))).collect();
    match (empty.as_slice(), objects.as_slice(), entries.as_slice()) {
        ([], [], []) => None,
        ([], [], entries) => Some(format!("`{name}` belongs to an entry of {}", choices(entries))),
        ([], objects, _) => Some(format!("`{name}` stands one level too high: it belongs under {}", choices(objects))),
        (empty, ..) => Some(format!("`{name}` stands one level too high: indent it under {}", choices(empty))),
    }
}

/// A field of an object that one of those holds.
fn deeper(name: &str, object: &Object) -> Option<String> {
    let place = |field: &str, is_list: bool| {
        if is_list { format!("an entry of `{field}`") } else { format!("`{field}`") }
    };
    let mut places = Vec::new();
    for (field, shape) in object.fields {
        let Some((child, is_list)) = shape.inner() else { continue };
        for (of_child, shape) in child.fields {
            if let Some((_, lists)) = shape.inner().filter(|(inner, _)| inner.field(name).is_some()) {
                places.push(format!("{} in {}", place(of_child, lists), place(field, is_list)));
            }
        }
    }
    (!places.is_empty()).then(|| format!("`{name}` belongs to {}", places.join(", or to ")))
}

/// An address, or a block of them.
pub(super) fn is_address(text: &str) -> bool {
    text.split_once('/').map_or(text, |(address, _)| address).parse::<IpAddr>().is_ok()
}

/// A namespace by its name.
fn of_namespace(name: &str, value: &Tree, object: &Object) -> Option<String> {
    let is_it =
        object.name == "a peer" && ["namespace", "namespaces", "ns"].contains(&name) && value.as_str().is_some();
    is_it
        .then(|| "a namespace is named by `namespaceSelector`, with the label `kubernetes.io/metadata.name`".to_owned())
}

/// Labels where an object is that holds a selector, or is one.
fn of_labels(name: &str, value: &Tree, object: &Object) -> Option<String> {
    let is_label = !matches!(value.value, Value::Mapping(_) | Value::Sequence(_) | Value::Null);
    match object.name {
        "a label selector" if is_label => Some("labels stand under `matchLabels`".to_owned()),
        "a peer" if value.as_str().is_some_and(is_address) => {
            Some("an address is written as `ipBlock: {cidr: ADDRESS/BITS}`".to_owned())
        }
        "a peer" if is_label => Some("labels stand under `podSelector`, in `matchLabels`".to_owned()),
        "a requirement" if name == "name" => Some("write `key`".to_owned()),
        _ => None,
    }
}
