//! JSON values as YAML for people: block style, with whatever YAML 1.1 could misread in quotes.

use serde_json::{Map, Value};

/// How wide a mapping of plain values may be to stand on one line, in characters.
const WIDEST: usize = 90;

/// Keys that people read first.
const FIRST: [&str; 10] =
    ["apiVersion", "kind", "name", "namespace", "flow", "backend", "metadata", "podSelector", "policyTypes", "verdict"];

/// The fields in the order in which people write them, the others by name.
fn ordered(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
    fields
}

/// `name: value` as a line, or as lines.
pub(super) fn entry(out: &mut String, indent: usize, name: &str, value: &Value) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(&scalar(name));
    out.push(':');
    below(out, indent, value);
}

/// A value after its key: on the same line where it is short.
fn below(out: &mut String, indent: usize, value: &Value) {
    if let Some(line) = flow_style(value) {
        out.push(' ');
        out.push_str(&line);
        out.push('\n');
        return;
    }
    out.push('\n');
    match value {
        Value::Object(fields) => {
            for (name, value) in ordered(fields) {
                entry(out, indent + 2, name, value);
            }
        }
        Value::Array(items) => {
            for value in items {
                item(out, indent, value);
            }
        }
        _ => {}
    }
}

fn item(out: &mut String, indent: usize, value: &Value) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push('-');
    let mut inner = String::new();
    match (flow_style(value), value) {
        (Some(line), _) => inner = format!("{line}\n"),
        (None, Value::Object(fields)) => {
            for (name, value) in ordered(fields) {
                entry(&mut inner, indent + 2, name, value);
            }
        }
        (None, Value::Array(items)) => {
            for value in items {
                item(&mut inner, indent + 2, value);
            }
        }
        (None, _) => {}
    }
    out.push(' ');
    out.push_str(inner.trim_start_matches(' '));
}

/// The value on one line, if it is fit for that: what holds others that hold others is not.
fn flow_style(value: &Value) -> Option<String> {
    let text = inline(value, 2)?;
    (text.chars().count() <= WIDEST || !matches!(value, Value::Object(_) | Value::Array(_))).then_some(text)
}

fn inline(value: &Value, depth: usize) -> Option<String> {
    match value {
        Value::String(text) => Some(scalar(text)),
        Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
        Value::Object(fields) if fields.is_empty() => Some("{}".to_owned()),
        Value::Array(items) if depth > 0 => {
            let items: Option<Vec<String>> = items.iter().map(|item| inline(item, depth - 1)).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Object(fields) if depth > 0 => {
            let field =
                |(name, value): (&String, &Value)| Some(format!("{}: {}", scalar(name), inline(value, depth - 1)?));
            let fields: Option<Vec<String>> = ordered(fields).into_iter().map(field).collect();
            Some(format!("{{{}}}", fields?.join(", ")))
        }
        Value::Array(_) | Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

/// A text, bare only where it cannot be taken for anything else.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_');
    if begins && text.chars().all(plain) && !WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else {
        // JSON's quotes are YAML's.
        Value::String(text.to_owned()).to_string()
    }
}
