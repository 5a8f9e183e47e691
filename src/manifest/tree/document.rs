//! What a text is read to: documents, and faults; and the bounds of reading.

use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::located::Tree;

/// How deep sequences and mappings may nest, aliases expanded. Also bounds what recursion over a
/// [`Tree`] (its drop included) asks of the stack.
pub(crate) const MAX_DEPTH: usize = 1_000;
/// How many values (keys included) a document may hold, aliases expanded.
pub(crate) const MAX_NODES: usize = 10_000_000;
/// How many bytes of text the aliases of a document may repeat.
#[cfg(feature = "yaml")]
pub(crate) const MAX_ALIASED_BYTES: usize = 64 << 20;
/// How many bytes an object may have, or a document that is read as a whole.
pub(crate) const MAX_BYTES: usize = 512 << 20;
/// How many repeated keys of a document are listed.
pub(crate) const MAX_REPEATED: usize = 1_000;

/// One document of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// Which document of its text, from 0; empty ones count.
    pub(crate) index: usize,
    /// The value, `Null` for an empty document, or why there is none.
    pub(crate) root: Result<Tree, Fault>,
    /// The keys given more than once, in the order of their second occurrence.
    pub(crate) repeated: Vec<Repeated>,
    /// As what it was read.
    pub(crate) format: Format,
}

/// What a document was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Format {
    /// YAML 1.1 as go-yaml v2 has it.
    Yaml,
    /// JSON.
    Json,
}

/// What the caller knows about a text's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) enum Hint {
    /// Nothing: JSON where the text starts with `{` or `[` and is valid JSON, else YAML.
    #[default]
    Auto,
    /// JSON and nothing else: a body of that content type.
    Json,
    /// YAML and nothing else, where flow style may look like JSON.
    Yaml,
}

impl Hint {
    /// By the ending of a file's name: `.json`, `.yaml`, `.yml`, a `.gz` behind it left out; any other tells nothing.
    #[must_use]
    pub(crate) fn of_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        match name.strip_suffix(".gz").unwrap_or(&name).rsplit_once('.').map(|(_, ending)| ending) {
            Some("json") => Self::Json,
            Some("yaml" | "yml") => Self::Yaml,
            _ => Self::Auto,
        }
    }
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Fault {
    /// The line, from 1, where known.
    pub(crate) line: Option<usize>,
    /// What is wrong: lower case, one line.
    pub(crate) message: String,
    /// The sort of fault.
    pub(crate) kind: FaultKind,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, line: Option<usize>, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), kind }
    }

    /// The code that it is reported by.
    pub(crate) fn code(&self) -> Code {
        match self.kind {
            FaultKind::Limit => Code::Limit,
            FaultKind::Unread => Code::Unread,
            _ => Code::Syntax,
        }
    }

    /// The fault as it is reported of a document.
    pub(crate) fn at(&self, location: Location) -> Diagnostic {
        Diagnostic {
            origin: Origin::Manifest,
            severity: Severity::Error,
            code: self.code(),
            path: FieldPath::root(),
            message: self.message.clone(),
            help: String::new(),
            location: Some(location),
        }
    }
}

/// The sort of a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FaultKind {
    /// The text breaks the rules of its format.
    Syntax,
    /// The text is well-formed but has no JSON form: a list as a key, `.nan`, an alias inside itself.
    Value,
    /// A bound of the reader was passed.
    Limit,
    /// The text did not come to its end: what gives it failed.
    Unread,
    /// An alias without its anchor.
    #[cfg(feature = "yaml")]
    Anchor,
    /// The bytes are no text: JSON replaces such bytes.
    #[cfg(feature = "yaml")]
    Encoding,
    /// YAML, and the crate was built without the feature `yaml`.
    #[cfg(not(feature = "yaml"))]
    Unsupported,
}

/// A key given once more in its mapping; the last value wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeated {
    /// The line of the repeated key.
    pub(crate) line: Option<usize>,
    /// The line of its value, which is the one that go-yaml names.
    pub(crate) value_line: Option<usize>,
    /// The full path: `spec.ingress[0].ports[0].port`. Cut after [`MAX_PATH`] bytes.
    pub(crate) path: String,
    /// The key's text.
    pub(crate) key: Box<str>,
    /// Whether the key is a string; go-yaml prints a bool or number without quotes.
    pub(crate) is_string: bool,
}

/// The longest path of a [`Repeated`], in bytes.
pub(crate) const MAX_PATH: usize = 4_096;
