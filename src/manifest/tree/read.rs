//! Texts to documents, by their format.

use super::document::{Document, Hint};
use super::json;
#[cfg(feature = "yaml")]
use super::yaml;

/// Reads every document of a text. Never fails as a whole: a document that cannot be read says so in its
/// `root`, and the documents after the next line that starts with `---` are still read.
///
/// An empty text is one empty document. JSON objects one after another are one document each; after a
/// fault in JSON nothing more is read.
#[must_use]
pub(crate) fn read(text: &[u8], hint: Hint) -> Vec<Document> {
    match hint {
        Hint::Json => json::read(text),
        Hint::Yaml => read_yaml(text),
        Hint::Auto => {
            let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
            if !matches!(first, Some(b'{' | b'[')) {
                return read_yaml(text);
            }
            let as_json = json::read(text);
            if as_json.iter().all(|document| document.root.is_ok()) {
                return as_json;
            }
            let as_yaml = read_yaml(text);
            if as_yaml.iter().all(|document| document.root.is_ok()) { as_yaml } else { as_json }
        }
    }
}

#[cfg(feature = "yaml")]
fn read_yaml(text: &[u8]) -> Vec<Document> {
    yaml::read(text)
}

#[cfg(not(feature = "yaml"))]
fn read_yaml(text: &[u8]) -> Vec<Document> {
    use super::document::{Fault, FaultKind, Format};

    let documents = json::read(text);
    let looks_like_json =
        text.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|first| matches!(first, b'{' | b'['));
    if looks_like_json {
        return documents;
    }
    let fault =
        Fault::new(FaultKind::Unsupported, Some(1), "this is no JSON, and YAML is not read without the feature `yaml`");
    vec![Document { index: 0, root: Err(fault), repeated: Vec::new(), format: Format::Yaml }]
}
