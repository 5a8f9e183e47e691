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
pub(crate) fn entry(out: &mut String, indent: usize, name: &str, value: &Value) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(&scalar(name));
    out.push(':');
    below(out, indent, value);
}

/// `name:` and every item of a list on lines of its own.
pub(crate) fn list(out: &mut String, name: &str, items: &[Value]) {
    out.push_str(&scalar(name));
    out.push_str(":\n");
    for value in items {
        item(out, 0, value);
    }
}

/// A value after its key: on the same line where it is short.
fn below(out: &mut String, indent: usize, value: &Value) {
    if let Some(lines) = value.as_str().and_then(literal) {
        out.push_str(" |\n");
        for line in lines {
            out.extend(std::iter::repeat_n(' ', indent + 2));
            out.push_str(line);
            out.push('\n');
        }
        return;
    }
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

/// The lines of a text that reads back as it is when it is written line by line.
fn literal(text: &str) -> Option<impl Iterator<Item = &str>> {
    let inner = text.strip_suffix('\n')?;
    let is_plain =
        |c: char| c == '\n' || (!c.is_control() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'));
    let keeps =
        !inner.is_empty() && !inner.starts_with([' ', '\n']) && !inner.ends_with('\n') && inner.chars().all(is_plain);
    keeps.then(|| inner.split('\n'))
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

#[cfg(test)]
#[cfg(feature = "yaml")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::tree::{Hint, from_serialize, read};

    #[test]
    fn what_is_written_reads_back() {
        let long = "a text of some length, with a comma, ".repeat(4);
        let values = [
            json!("no"),
            json!("plain"),
            json!("two\nlines\n"),
            json!("two\nlines"),
            json!(" indented\n"),
            json!("blank\n\nline\n"),
            json!("ends in blank lines\n\n"),
            json!("a\ttab\n"),
            json!("---\nof documents\n"),
            json!("\n"),
            json!(""),
            json!({"y": ["010", 8, true, null], "kind": {"name": long, "list": [[1, [2, {"a": {"b": [3]}}]], []]}}),
            json!([{"flow": long, "nested": {"deep": {"deeper": "x\ny\n"}}}, {}, [long, "z\n"]]),
        ];
        for value in values {
            let mut text = String::new();
            entry(&mut text, 0, "key", &value);
            if let Value::Array(items) = &value {
                list(&mut text, "items", items);
            }
            let mut expected = json!({"key": value});
            if value.is_array() {
                expected["items"] = value.clone();
            }
            let read = read(text.as_bytes(), Hint::Yaml).remove(0).root.map(|tree| without_lines(&tree));
            assert_eq!(read, from_serialize(&expected).map(|tree| without_lines(&tree)), "{text}");
        }
    }

    /// A tree as JSON: lines and the order of fields aside.
    fn without_lines(tree: &crate::located::Tree) -> Value {
        use crate::located::Value as Located;
        match &tree.value {
            Located::Null => Value::Null,
            Located::Bool(value) => json!(value),
            Located::Number(text) => json!(text.parse::<i64>().unwrap()),
            Located::String(text) => json!(text),
            Located::Sequence(items) => items.iter().map(without_lines).collect(),
            Located::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key.to_string(), without_lines(&entry.value))).collect()
            }
        }
    }
}
