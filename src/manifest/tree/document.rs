//! What a text is read to: documents, their values with lines, and faults; and the bounds of reading.

/// How deep sequences and mappings may nest, aliases expanded. Also bounds what recursion over a
/// [`Tree`] (its drop included) asks of the stack.
pub const MAX_DEPTH: usize = 1_000;
/// How many values (keys included) a document may hold, aliases expanded.
pub const MAX_NODES: usize = 10_000_000;
/// How many bytes of text the aliases of a document may repeat.
pub const MAX_ALIASED_BYTES: usize = 64 << 20;
/// How many bytes a document may have.
pub const MAX_BYTES: usize = 512 << 20;
/// How many repeated keys of a document are listed.
pub const MAX_REPEATED: usize = 1_000;

/// A value and the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The line, from 1; `None` for trees made from serialised objects. What an alias stands for
    /// keeps the line where it was written.
    pub line: Option<usize>,
    /// The value.
    pub value: Value,
}

/// What JSON can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`, `~`, nothing at all.
    Null,
    /// `true`, and in YAML also `y`, `Yes`, `on`, ...
    Bool(bool),
    /// The number's text as JSON carries it after the server's conversion: `80`, `80.5`, `1e+21`.
    Number(Box<str>),
    /// A string.
    String(Box<str>),
    /// A list.
    Sequence(Vec<Tree>),
    /// An object. Every key occurs once.
    Mapping(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key; what was no string in YAML as its text (`n:` is the key `false`).
    pub key: Box<str>,
    /// The line of the key.
    pub line: Option<usize>,
    /// The value; of a repeated key the last one.
    pub value: Tree,
}

/// One document of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Which document of its text, from 0; empty ones count.
    pub index: usize,
    /// The value, `Null` for an empty document, or why there is none.
    pub root: Result<Tree, Fault>,
    /// The keys given more than once, in the order of their second occurrence.
    pub repeated: Vec<Repeated>,
    /// As what it was read.
    pub format: Format,
}

/// What a document was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// YAML 1.1 as go-yaml v2 has it.
    Yaml,
    /// JSON.
    Json,
}

/// What the caller knows about a text's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Hint {
    /// Nothing: JSON where the text starts with `{` or `[` and is valid JSON, else YAML.
    #[default]
    Auto,
    /// JSON and nothing else: a body of that content type.
    Json,
    /// YAML and nothing else, where flow style may look like JSON.
    Yaml,
}

impl Hint {
    /// By the ending of a file's name: `.json`, `.yaml`, `.yml`; any other tells nothing.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
            Some("json") => Self::Json,
            Some("yaml" | "yml") => Self::Yaml,
            _ => Self::Auto,
        }
    }
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The line, from 1, where known.
    pub line: Option<usize>,
    /// What is wrong: lower case, one line.
    pub message: String,
    /// The sort of fault.
    pub kind: FaultKind,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, line: Option<usize>, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), kind }
    }
}

/// The sort of a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The text breaks the rules of its format.
    Syntax,
    /// The text is well-formed but has no JSON form: a list as a key, `.nan`, an alias inside itself.
    Value,
    /// A bound of the reader was passed.
    Limit,
    /// The bytes are no text.
    Encoding,
    /// YAML, and the crate was built without the feature `yaml`.
    Unsupported,
}

/// A key given once more in its mapping; the last value wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// The line of the repeated key.
    pub line: Option<usize>,
    /// The line of its value, which is the one that go-yaml names.
    pub value_line: Option<usize>,
    /// The full path: `spec.ingress[0].ports[0].port`. Cut after [`MAX_PATH`] bytes.
    pub path: String,
    /// The key's text.
    pub key: Box<str>,
    /// Whether the key is a string; go-yaml prints a bool or number without quotes.
    pub is_string: bool,
}

/// The longest path of a [`Repeated`], in bytes.
pub const MAX_PATH: usize = 4_096;

impl Tree {
    pub(crate) fn new(line: Option<usize>, value: Value) -> Self {
        Self { line, value }
    }

    /// The value of a key, where this is a mapping that has it. Null values are returned as they are.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, where this is a mapping that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key == key)
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// The value's type as the server's JSON decoder names it: `string`, `number`, `bool`, `array`,
    /// `object`, `null`.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Sequence(_) => "array",
            Value::Mapping(_) => "object",
        }
    }
}
