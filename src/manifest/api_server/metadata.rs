//! The rules for an object's metadata on creation.

use std::collections::HashSet;

use super::fields::{Node, Text};
use super::report::{At, Path, Report};
use super::words;
use crate::diagnostic::Code;
use crate::labels::{key_faults, value_faults};
use crate::release::Wording;

/// Bytes that all keys and values of the annotations may have together.
const MAX_ANNOTATIONS: usize = 256 << 10;
/// Bytes of a generateName that are kept.
const MAX_PREFIX: usize = 58;
/// Stands for the five random characters that the server appends.
const SUFFIX: &str = "xxxxx";

/// The object's own name: as given, made from generateName, or empty.
pub(super) fn name_of(metadata: Node<'_>) -> String {
    let (name, prefix) = (metadata.text("name").text, metadata.text("generateName").text);
    if !name.is_empty() || prefix.is_empty() {
        return name.to_owned();
    }
    let kept = prefix.as_bytes().get(..MAX_PREFIX).unwrap_or(prefix.as_bytes());
    String::from_utf8_lossy(kept).into_owned() + SUFFIX
}

/// The object's namespace: a missing or empty one is `default` (K25).
pub(super) fn namespace_of(metadata: Node<'_>) -> &str {
    match metadata.text("namespace").text {
        "" => "default",
        namespace => namespace,
    }
}

/// Everything the server has to say about the metadata, in its order.
pub(super) fn check(metadata: Node<'_>, path: Path<'_>, report: &mut Report) {
    names(metadata, path, report);
    label_map(metadata, "labels", path, report);
    annotations(metadata, path, report);
    owners(metadata, path, report);
    finalizers(metadata, path, report);
}

fn names(metadata: Node<'_>, path: Path<'_>, report: &mut Report) {
    let prefix = metadata.text("generateName");
    let help = "write lower case letters, digits, `-` and `.`, with a letter or digit at both ends";
    let prefix_faults =
        if prefix.text.is_empty() { Vec::new() } else { words::subdomain_faults(&without_dash(prefix.text)) };
    // The server says the same again of the name it makes, with random letters: once is enough.
    let is_told = !prefix_faults.is_empty() && metadata.text("name").text.is_empty();
    for detail in prefix_faults {
        let at = At { path: path.field("generateName"), line: prefix.line };
        report.invalid(at, &words::quote(prefix.text), detail, help);
    }
    let name = name_of(metadata);
    let at = At { path: path.field("name"), line: metadata.line_at("name") };
    if name.is_empty() {
        report.required(at, "name or generateName is required", "");
    }
    for detail in words::subdomain_faults(&name).into_iter().filter(|_| !name.is_empty() && !is_told) {
        report.invalid(at, &words::quote(&name), detail, help);
    }
    let namespace = namespace_of(metadata);
    let at = At { path: path.field("namespace"), line: metadata.line_at("namespace") };
    for detail in words::namespace_faults(namespace) {
        let help = "write at most 63 lower case letters, digits and `-`, with a letter or digit at both ends";
        report.invalid(at, &words::quote(namespace), detail, help);
    }
}

/// A generateName as it is checked: the server cuts a final `-` **and the character before it** and puts an
/// `a` in their place.
fn without_dash(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let kept = rest.as_bytes().split_last().map_or(&[][..], |(_, kept)| kept);
            String::from_utf8_lossy(kept).into_owned() + "a"
        }
        _ => prefix.to_owned(),
    }
}

/// What the server looks at last, when nothing else was wrong: whether the generateName can stand in a URL.
/// Only the character before a final `-` can still be in the way, which the check of names never sees.
pub(super) fn check_prefix_as_path(metadata: Node<'_>, path: Path<'_>, report: &mut Report) {
    let prefix = metadata.text("generateName");
    for odd in ['/', '%'].into_iter().filter(|&odd| prefix.text.contains(odd)) {
        let at = At { path: path.field("generateName"), line: prefix.line };
        report.invalid(at, &words::quote(prefix.text), &format!("may not contain '{odd}'"), "");
    }
}

/// Keys and values of a map of labels, reported at the map.
pub(super) fn label_map(object: Node<'_>, name: &str, path: Path<'_>, report: &mut Report) {
    let wording = report.wording();
    for pair in object.pairs(name) {
        label_key(pair.key, path.field(name), report);
        for fault in value_faults(pair.value.text) {
            let at = At { path: path.field(name), line: pair.value.line };
            let detail = words::label_value(fault, wording);
            report.invalid(at, &words::quote(pair.value.text), &detail, VALUE_HELP);
        }
    }
}

/// What a label's value may be.
pub(super) const VALUE_HELP: &str =
    "write at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";

/// A label's key.
pub(super) fn label_key(key: Text<'_>, path: Path<'_>, report: &mut Report) {
    let wording = report.wording();
    for fault in key_faults(key.text) {
        let at = At { path, line: key.line };
        let help = "write `name` or `example.com/name`; the name has at most 63 bytes, the prefix is lower case";
        report.invalid(at, &words::quote(key.text), &words::label_key(fault, wording), help);
    }
}

/// Keys as for labels, but in any case; values are free, but not all of them together.
fn annotations(metadata: Node<'_>, path: Path<'_>, report: &mut Report) {
    let wording = report.wording();
    let mut size = 0;
    for pair in metadata.pairs("annotations") {
        size += pair.key.text.len() + pair.value.text.len();
        for fault in key_faults(&lower(pair.key.text)) {
            let at = At { path: path.field("annotations"), line: pair.key.line };
            let help = "write `name` or `example.com/name`; the name has at most 63 bytes";
            report.invalid(at, &words::quote(pair.key.text), &words::label_key(fault, wording), help);
        }
    }
    if size > MAX_ANNOTATIONS {
        let at = At { path: path.field("annotations"), line: metadata.line_at("annotations") };
        let limit = if wording >= Wording::V1_34 { "may not be more than" } else { "must have at most" };
        let help = "the keys and values of all annotations count together";
        report.too_long(at, &format!("{limit} {MAX_ANNOTATIONS} bytes"), help);
    }
}

/// Lower case as Go does it: one character for one, so that `İ` is `i`.
fn lower(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// One owner reference as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Owner<'t> {
    api_version: &'t str,
    kind: &'t str,
    name: &'t str,
    uid: &'t str,
    controller: Option<bool>,
    block: Option<bool>,
}

impl<'t> Owner<'t> {
    fn of(node: Node<'t>) -> Self {
        Self {
            api_version: node.text("apiVersion").text,
            kind: node.text("kind").text,
            name: node.text("name").text,
            uid: node.text("uid").text,
            controller: node.bool("controller"),
            block: node.bool("blockOwnerDeletion"),
        }
    }

    /// Group and version; `None` for a text with two slashes.
    fn group_version(&self) -> Option<(&'t str, &'t str)> {
        match self.api_version.split_once('/') {
            None => Some(("", self.api_version)),
            Some((_, rest)) if rest.contains('/') => None,
            Some(both) => Some(both),
        }
    }

    fn json(&self) -> String {
        let mut out = String::from("{");
        let texts = [("apiVersion", self.api_version), ("kind", self.kind), ("name", self.name), ("uid", self.uid)];
        for (key, value) in texts {
            let comma = if out.len() == 1 { "" } else { "," };
            out += &format!("{comma}\"{key}\":{}", words::json(value));
        }
        for (key, value) in [("controller", self.controller), ("blockOwnerDeletion", self.block)] {
            if let Some(value) = value {
                out += &format!(",\"{key}\":{value}");
            }
        }
        out + "}"
    }

    /// As Go prints a struct. It prints addresses for the two pointers, which mean nothing and
    /// differ every time: their values stand in for them.
    fn go_value(&self) -> String {
        let pointer = |value: Option<bool>| value.map_or("nil".to_owned(), |value| value.to_string());
        format!(
            "v1.OwnerReference{{APIVersion:{}, Kind:{}, Name:{}, UID:{}, Controller:(*bool)({}), BlockOwnerDeletion:(*bool)({})}}",
            words::quote(self.api_version),
            words::quote(self.kind),
            words::quote(self.name),
            words::quote(self.uid),
            pointer(self.controller),
            pointer(self.block)
        )
    }
}

fn owners(metadata: Node<'_>, path: Path<'_>, report: &mut Report) {
    let list = path.field("ownerReferences");
    let wording = report.wording();
    let line = metadata.line_at("ownerReferences");
    let mut kept: Vec<(Owner<'_>, Node<'_>)> = Vec::new();
    let mut seen = HashSet::new();
    let mut repeated = Vec::new();
    for node in metadata.nodes("ownerReferences") {
        let owner = Owner::of(node);
        if seen.insert(owner) {
            kept.push((owner, node));
        } else {
            repeated.push(owner.uid);
        }
    }
    if !repeated.is_empty() {
        let message = format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            repeated.join(", ")
        );
        report.warning(Code::DuplicateOwner, At { path: list, line }, message, "each owner is kept once");
    }
    let mut controller: Option<String> = None;
    for (i, (owner, node)) in kept.iter().enumerate() {
        if wording >= Wording::V1_37 {
            one_owner(owner, *node, list.index(i), report);
        } else {
            one_owner(owner, *node, list, report);
        }
        if owner.controller != Some(true) {
            continue;
        }
        let name = format!("{}/{}", owner.kind, owner.name);
        let Some(first) = &controller else {
            controller = Some(name);
            continue;
        };
        let value = if wording >= Wording::V1_34 {
            let all: Vec<String> = kept.iter().map(|(owner, _)| owner.json()).collect();
            format!("[{}]", all.join(","))
        } else {
            let all: Vec<String> = kept.iter().map(|(owner, _)| owner.go_value()).collect();
            format!("[]v1.OwnerReference{{{}}}", all.join(", "))
        };
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"
        );
        report.invalid(At { path: list, line: node.line }, &value, &detail, "");
    }
}

fn one_owner(owner: &Owner<'_>, node: Node<'_>, path: Path<'_>, report: &mut Report) {
    let wording = report.wording();
    let group_version = owner.group_version();
    let has_version = group_version.is_some_and(|(_, version)| !version.is_empty());
    let newest = wording >= Wording::V1_37;
    let at = |field: &'static str| At { path: path.field(field), line: node.line_at(field) };
    if newest && owner.api_version.is_empty() {
        report.required(at("apiVersion"), "must not be empty", "");
    } else if !has_version {
        let detail = if newest { "must be <group>/<version> or <version>" } else { "version must not be empty" };
        report.invalid(at("apiVersion"), &words::quote(owner.api_version), detail, "");
    }
    for (field, value) in [("kind", owner.kind), ("name", owner.name), ("uid", owner.uid)] {
        if !value.is_empty() {
            continue;
        }
        match wording {
            Wording::V1_31 => report.invalid(at(field), "\"\"", &format!("{field} must not be empty"), ""),
            Wording::V1_34 => report.invalid(at(field), "\"\"", "must not be empty", ""),
            Wording::V1_37 => report.required(at(field), "must not be empty", ""),
        }
    }
    if group_version == Some(("", "v1")) && owner.kind == "Event" {
        let value = if wording >= Wording::V1_34 { owner.json() } else { owner.go_value() };
        let at = At { path, line: node.line };
        report.invalid(at, &value, "/v1, Kind=Event is disallowed from being an owner", "");
    }
}

fn finalizers(metadata: Node<'_>, path: Path<'_>, report: &mut Report) {
    let list = path.field("finalizers");
    let wording = report.wording();
    let has = |wanted: &str| metadata.texts("finalizers").any(|finalizer| finalizer.text == wanted);
    for finalizer in metadata.texts("finalizers") {
        label_key(finalizer, list, report);
    }
    if has("orphan") && has("foregroundDeletion") {
        let value = words::list(metadata.texts("finalizers").map(|text| text.text), "string", wording);
        let at = At { path: list, line: metadata.line_at("finalizers") };
        report.invalid(at, &value, "finalizer orphan and foregroundDeletion cannot be both set", "");
    }
    for (i, finalizer) in metadata.texts("finalizers").enumerate() {
        if finalizer.text.contains('/') || ["kubernetes", "orphan", "foregroundDeletion"].contains(&finalizer.text) {
            continue;
        }
        let at = At { path: list.index(i), line: finalizer.line };
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        report.invalid(at, &words::quote(finalizer.text), detail, "write `example.com/name`");
    }
}
