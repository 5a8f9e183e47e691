//! Each rule of reading, to the letter. What is expected was compared with sigs.k8s.io/yaml v1.6.0 and
//! sigs.k8s.io/json.

mod bounds;
mod json;
mod scalars;
mod structure;

use super::*;

/// A tree as JSON; numbers as their text.
fn json(tree: &Tree) -> String {
    let list = |parts: Vec<String>| parts.join(",");
    match &tree.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => text.to_string(),
        Value::String(text) => serde_json::to_string(text).unwrap(),
        Value::Sequence(items) => format!("[{}]", list(items.iter().map(json).collect())),
        Value::Mapping(entries) => {
            let entry =
                |entry: &Entry| format!("{}:{}", serde_json::to_string(&entry.key).unwrap(), json(&entry.value));
            format!("{{{}}}", list(entries.iter().map(entry).collect()))
        }
    }
}

fn shown(document: &Document) -> String {
    match &document.root {
        Ok(tree) => json(tree),
        Err(fault) => format!("{:?} {}: {}", fault.kind, fault.line.map_or(0, |line| line), fault.message),
    }
}

/// Every document of a text, or its fault with its line.
fn all(text: impl AsRef<[u8]>, hint: Hint) -> Vec<String> {
    let documents = read(text.as_ref(), hint);
    for (index, document) in documents.iter().enumerate() {
        assert_eq!(document.index, index);
    }
    documents.iter().map(shown).collect()
}

/// The only document.
fn yaml(text: impl AsRef<[u8]>) -> String {
    let mut documents = all(text, Hint::Yaml);
    assert_eq!(documents.len(), 1, "{documents:?}");
    documents.remove(0)
}

fn json_text(text: impl AsRef<[u8]>) -> String {
    let mut documents = all(text, Hint::Json);
    assert_eq!(documents.len(), 1, "{documents:?}");
    documents.remove(0)
}
