//! Reading the document as a NetworkPolicy: what the server's decoder refuses and what it warns about.
//!
//! Two passes, as on the server: first `kind` and `apiVersion` alone, by a decoder that does not look at the
//! case of names, then every field by its exact name.

use std::borrow::Cow;

use super::hints;
use super::level::Level;
use super::report::{At, Path, Report};
use super::schema::{NETWORK_POLICY, Shape};
use super::words;
use crate::diagnostic::Code;
use crate::manifest::tree::{Entry, Format, Repeated, Tree, Value};

const GROUP: &str = "networking.k8s.io";
const VERSION: &str = "v1";
const KIND: &str = "NetworkPolicy";

/// The server lists this many unknown and repeated fields of the types and no more.
const MAX_STRICT: usize = 100;

/// Reports what the decoder says. Strict decoding fails iff it returns true; a document that does not decode
/// at all has errors in the report.
pub(super) fn decode(tree: &Tree, repeated: &[Repeated], format: Format, report: &mut Report) -> bool {
    if !matches!(tree.value, Value::Mapping(_) | Value::Null) {
        let what = format!("cannot read {} as {}", named_kind(tree), NETWORK_POLICY.name);
        report.unreadable(At { path: Path::Root, line: tree.line }, &what, "");
        return false;
    }
    if !is_network_policy(tree, format, report) {
        return false;
    }
    let mut walk = Walk { format, unknown: Vec::new(), faults: Vec::new() };
    walk.object(Level { object: &NETWORK_POLICY, tree, path: Path::Root, around: None });
    if !walk.faults.is_empty() {
        for fault in walk.faults {
            fault.report(report);
        }
        return false;
    }
    strict(walk.unknown, repeated, format, report)
}

/// Whether `kind` and `apiVersion` name what the endpoint takes. Missing, null and empty ones are filled in.
fn is_network_policy(tree: &Tree, format: Format, report: &mut Report) -> bool {
    let kind = type_field(tree, "kind", format, report);
    let version = type_field(tree, "apiversion", format, report);
    let (Ok(kind), Ok(version)) = (kind, version) else { return false };
    let mut fits = true;
    if let Some(entry) = version {
        let text = entry.value.as_str().unwrap_or_default();
        // `networking.k8s.io/` leaves the version open; `/` says nothing at all.
        let open = text.strip_suffix('/').is_some_and(|group| group.is_empty() || group == GROUP);
        if !text.is_empty() && !open && text != format!("{GROUP}/{VERSION}") {
            let what = format!("`{text}` is not `{GROUP}/{VERSION}`, the version of this endpoint");
            let path = Path::Root;
            report.unreadable(At { path: path.field("apiVersion"), line: entry.value.line }, &what, "");
            fits = false;
        }
    }
    if let Some(entry) = kind {
        let text = entry.value.as_str().unwrap_or_default();
        if !text.is_empty() && text != KIND {
            let what = format!("`{text}` is not `{KIND}`, the kind of this endpoint");
            let path = Path::Root;
            report.unreadable(At { path: path.field("kind"), line: entry.value.line }, &what, "");
            fits = false;
        }
    }
    fits
}

/// The entry that the first, case-blind pass ends up with for a name: the last that is not null.
fn type_field<'t>(tree: &'t Tree, folded: &str, format: Format, report: &mut Report) -> Result<Option<&'t Entry>, ()> {
    let mut found = None;
    let mut result = Ok(());
    for entry in in_order(tree.entries(), format) {
        if entry.value.is_null() || fold(&entry.key) != folded {
            continue;
        }
        if entry.value.as_str().is_none() {
            let what = format!("cannot read {} as a string", named_kind(&entry.value));
            let path = Path::Root;
            report.unreadable(At { path: path.field(&entry.key), line: entry.value.line }, &what, "");
            result = Err(());
        }
        found = Some(entry);
    }
    result.map(|()| found)
}

/// Lower case as Go's JSON decoder folds names: ASCII, and the two other letters that fold to ASCII.
fn fold(key: &str) -> String {
    key.chars()
        .map(|c| match c {
            '\u{212a}' => 'k',
            '\u{17f}' => 's',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// YAML reaches the decoder as JSON with sorted keys, JSON as it was written.
fn in_order(entries: &[Entry], format: Format) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    if format == Format::Yaml {
        entries.sort_by(|a, b| a.key.cmp(&b.key));
    }
    entries
}

/// A value's type with its article, and a number's text.
fn named_kind(tree: &Tree) -> String {
    match &tree.value {
        Value::Number(literal) => format!("the number `{literal}`"),
        Value::Bool(value) => format!("the bool `{value}`"),
        Value::String(text) if text.chars().count() <= 40 => format!("the string {}", words::quote(text)),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) => "an object".to_owned(),
        _ => format!("a {}", tree.kind_name()),
    }
}

struct Found {
    path: crate::diagnostic::FieldPath,
    line: Option<usize>,
    what: String,
    help: &'static str,
}

impl Found {
    fn report(&self, report: &mut Report) {
        let path = Path::Root;
        let path = if self.path.as_str().is_empty() { path } else { path.field(self.path.as_str()) };
        report.unreadable(At { path, line: self.line }, &self.what, self.help);
    }
}

/// Goes once over everything that the types know.
struct Walk {
    format: Format,
    unknown: Vec<(crate::diagnostic::FieldPath, Option<usize>, Cow<'static, str>)>,
    faults: Vec<Found>,
}

impl Walk {
    /// `line`: of the field's name, or of the entry.
    fn value(&mut self, (tree, line): (&Tree, Option<usize>), shape: &Shape, path: Path<'_>, around: &Level<'_>) {
        if !shape.fits(tree) {
            let what = format!("cannot read {} as {}", named_kind(tree), shape.wanted());
            let help = help_for(tree, shape, path);
            self.faults.push(Found { path: path.to_field_path(), line: line.or(tree.line), what, help });
            return;
        }
        match (shape, &tree.value) {
            (Shape::Object(object), Value::Mapping(_)) => {
                self.object(Level { object, tree, path, around: Some(around) })
            }
            (Shape::List(item), Value::Sequence(items)) => {
                for (i, tree) in items.iter().enumerate() {
                    self.value((tree, tree.line), item, path.index(i), around);
                }
            }
            (Shape::TextMap, Value::Mapping(entries)) => {
                for entry in entries {
                    self.value((&entry.value, entry.line), &Shape::Text, path.field(&entry.key), around);
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, level: Level<'_>) {
        for entry in in_order(level.tree.entries(), self.format) {
            let inner = level.path.field(&entry.key);
            match level.object.field(&entry.key) {
                Some(shape) => self.value((&entry.value, entry.line), shape, inner, &level),
                None => {
                    let help = hints::unknown(&entry.key, &entry.value, &level);
                    self.unknown.push((inner.to_field_path(), entry.line, help.into()));
                }
            }
        }
    }
}

fn help_for(tree: &Tree, shape: &Shape, path: Path<'_>) -> &'static str {
    if let (Path::Field(_, "protocol"), Value::Number(number)) = (path, &tree.value) {
        return match &**number {
            "6" => "write `TCP`",
            "17" => "write `UDP`",
            "132" => "write `SCTP`",
            _ => "policies know TCP, UDP and SCTP, by these names; what becomes of other protocols is left open (U1)",
        };
    }
    match (shape, &tree.value) {
        (Shape::IntOrText, Value::Sequence(_)) => "write an entry for each port",
        (Shape::TextMap, Value::Sequence(_)) => "write `key: value`, without `- `",
        (Shape::Object(_), Value::Sequence(_)) => "write one object, without `- `",
        (Shape::Text, Value::Bool(_) | Value::Number(_)) => "put it in quotes",
        (Shape::IntOrText | Shape::Int32 | Shape::Int64, Value::Number(_)) => "write a whole number in its range",
        (Shape::Int32 | Shape::Int64, Value::String(text)) if text.parse::<i64>().is_ok() => "write it without quotes",
        (Shape::Int32 | Shape::Int64, Value::String(_)) => "write a whole number",
        (Shape::Object(object), Value::String(_)) if object.name == "a port entry" => "write `port: ` before it",
        (Shape::Object(object), Value::String(_)) if object.name == "an ip block" => "write `cidr: ` before it",
        (Shape::Object(object), Value::String(text)) if object.name == "a peer" && hints::is_address(text) => {
            "write `ipBlock: {cidr: ADDRESS/BITS}`"
        }
        (Shape::Text, Value::Sequence(_)) if is_label(path) => {
            "a label has one value: `matchExpressions` with `operator: In` takes several"
        }
        (Shape::Text, Value::Mapping(_)) if is_label(path) => {
            "a label's value is a string: what stands here belongs elsewhere"
        }
        (Shape::Text, Value::Sequence(_)) => "write one; for several an entry each",
        (Shape::List(_), Value::Mapping(_) | Value::String(_)) => "write a list: begin each entry with `- `",
        (Shape::Object(object), Value::Number(_)) if object.name == "a port entry" => {
            "write `port: ` before the number"
        }
        (Shape::Object(_) | Shape::TextMap, Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
            "write `key: value`"
        }
        _ => "",
    }
}

/// Of a selector.
fn is_label(path: Path<'_>) -> bool {
    matches!(path, Path::Field(Path::Field(_, "matchLabels"), _))
}

/// The warnings of strict decoding: unknown fields, then repeated ones. Whether there are any.
fn strict(
    unknown: Vec<(crate::diagnostic::FieldPath, Option<usize>, Cow<'static, str>)>,
    repeated: &[Repeated],
    format: Format,
    report: &mut Report,
) -> bool {
    let root = Path::Root;
    let mut found = false;
    if format == Format::Yaml {
        // Before the conversion to JSON; every one of them, and in words without a path.
        for again in repeated {
            let key = if again.is_string { words::quote(&again.key) } else { again.key.to_string() };
            let line = again.value_line.or(again.line);
            let message = match line {
                Some(line) => format!("line {line}: key {key} already set in map"),
                None => format!("key {key} already set in map"),
            };
            let at = At { path: root.field(&again.path), line: again.line };
            report.warning(Code::RepeatedField, at, message, "the last one counts");
            found = true;
        }
    }
    let mut listed: Vec<(Option<usize>, Code, String, Cow<'static, str>)> = unknown
        .into_iter()
        .map(|(path, line, help)| (line, Code::UnknownField, path.as_str().to_owned(), help))
        .collect();
    if format == Format::Json {
        let types = Shape::Object(&NETWORK_POLICY);
        let typed = repeated.iter().filter(|again| types.knows(&again.path));
        listed.extend(typed.map(|again| {
            let help = Cow::Borrowed("the last one counts");
            (again.line, Code::RepeatedField, again.path.clone(), help)
        }));
        // Both kinds come in the order of the text; within a line the order above has to do.
        listed.sort_by_key(|(line, ..)| *line);
    }
    let mut seen = std::collections::HashSet::new();
    listed.retain(|(_, code, path, _)| seen.insert((*code, path.clone())));
    listed.truncate(MAX_STRICT);
    for (line, code, path, help) in listed {
        let what = if code == Code::UnknownField { "unknown" } else { "duplicate" };
        let message = format!("{what} field {}", words::quote(&path));
        report.warning(code, At { path: root.field(&path), line }, message, &help);
        found = true;
    }
    found
}
