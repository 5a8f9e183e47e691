//! Values with the lines they stand on.

/// A value and the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    /// The line, from 1; `None` for trees made from serialised objects. What an alias stands for
    /// keeps the line where it was written.
    pub(crate) line: Option<usize>,
    /// The value.
    pub(crate) value: Value,
}

/// What JSON can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
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
pub(crate) struct Entry {
    /// The key; what was no string in YAML as its text (`n:` is the key `false`).
    pub(crate) key: Box<str>,
    /// The line of the key.
    pub(crate) line: Option<usize>,
    /// The value; of a repeated key the last one.
    pub(crate) value: Tree,
}

impl Tree {
    pub(crate) fn new(line: Option<usize>, value: Value) -> Self {
        Self { line, value }
    }

    /// The value of a key, where this is a mapping that has it. Null values are returned as they are.
    #[must_use]
    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, where this is a mapping that has it.
    #[must_use]
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key == key)
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub(crate) fn items(&self) -> &[Tree] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    #[must_use]
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value is null.
    #[must_use]
    pub(crate) fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// The value's type as the server's JSON decoder names it: `string`, `number`, `bool`, `array`,
    /// `object`, `null`.
    #[must_use]
    pub(crate) fn kind_name(&self) -> &'static str {
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
