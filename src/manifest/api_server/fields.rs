//! A decoded document's fields with their lines: what the rules look at. Only for trees that
//! [`decode`](super::decode) found nothing wrong with; whatever has another type counts as absent here.

use crate::manifest::tree::{Entry, Tree, Value};

/// An object of the document, or the place where it would be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'t> {
    tree: Option<&'t Tree>,
    /// The line of its field's name, or of itself in a list; else that of the nearest object around it.
    pub(super) line: Option<usize>,
}

/// A string; the empty one where the document has none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    /// Its line, else that of the nearest object around it.
    pub(super) line: Option<usize>,
}

/// A key and a value of a map of strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'t> {
    pub(super) key: Text<'t>,
    pub(super) value: Text<'t>,
}

/// `port`.
#[derive(Debug, Clone, Copy)]
pub(super) enum IntOrText<'t> {
    Int(i32),
    Text(&'t str),
}

impl<'t> Node<'t> {
    pub(super) fn root(tree: &'t Tree) -> Self {
        Self { tree: Some(tree), line: tree.line }
    }

    /// Whether a field is written, if only as null.
    pub(super) fn has(self, name: &str) -> bool {
        self.tree.is_some_and(|tree| tree.get(name).is_some())
    }

    /// The names of the fields that are written, known to the types or not.
    pub(super) fn names(self) -> impl Iterator<Item = &'t str> {
        self.tree.map_or(&[][..], Tree::entries).iter().map(|entry| &*entry.key)
    }

    fn entry(self, name: &str) -> Option<&'t Entry> {
        self.tree.and_then(|tree| tree.entry(name)).filter(|entry| !entry.value.is_null())
    }

    /// The value of a field, known to the types or not; none where it is null.
    pub(super) fn get(self, name: &str) -> Option<&'t Tree> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The line of a field, where its name stands, else this object's.
    pub(super) fn line_at(self, name: &str) -> Option<usize> {
        self.entry(name).and_then(|entry| entry.line.or(entry.value.line)).or(self.line)
    }

    /// The object at a field; an empty one where there is none.
    pub(super) fn node(self, name: &str) -> Self {
        self.some_node(name).unwrap_or(Self { tree: None, line: self.line })
    }

    /// The object at a field, if the field is there and not null.
    pub(super) fn some_node(self, name: &str) -> Option<Self> {
        self.get(name).map(|tree| Self { tree: Some(tree), line: self.line_at(name) })
    }

    /// The string at a field.
    pub(super) fn text(self, name: &str) -> Text<'t> {
        self.some_text(name).unwrap_or(Text { text: "", line: self.line })
    }

    /// The string at a field, if the field is there and not null.
    pub(super) fn some_text(self, name: &str) -> Option<Text<'t>> {
        let tree = self.get(name)?;
        tree.as_str().map(|text| Text { text, line: self.line_at(name) })
    }

    /// The integer at a field with its line.
    pub(super) fn int(self, name: &str) -> Option<(i32, Option<usize>)> {
        match self.int_or_text(name)? {
            (IntOrText::Int(int), line) => Some((int, line)),
            (IntOrText::Text(_), _) => None,
        }
    }

    /// The integer or string at a field with its line.
    pub(super) fn int_or_text(self, name: &str) -> Option<(IntOrText<'t>, Option<usize>)> {
        let tree = self.get(name)?;
        let value = match &tree.value {
            Value::Number(literal) => IntOrText::Int(literal.parse().ok()?),
            Value::String(text) => IntOrText::Text(text),
            _ => return None,
        };
        Some((value, self.line_at(name)))
    }

    /// The bool at a field.
    pub(super) fn bool(self, name: &str) -> Option<bool> {
        match self.get(name)?.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn items(self, name: &str) -> &'t [Tree] {
        self.get(name).map_or(&[], Tree::items)
    }

    /// The objects of a list; a null entry is an empty object.
    pub(super) fn nodes(self, name: &str) -> impl ExactSizeIterator<Item = Node<'t>> {
        let around = self.line_at(name);
        self.items(name).iter().map(move |tree| Node { tree: Some(tree), line: tree.line.or(around) })
    }

    /// The strings of a list; a null entry is the empty string.
    pub(super) fn texts(self, name: &str) -> impl ExactSizeIterator<Item = Text<'t>> {
        let around = self.line_at(name);
        self.items(name)
            .iter()
            .map(move |tree| Text { text: tree.as_str().unwrap_or_default(), line: tree.line.or(around) })
    }

    /// The pairs of a map of strings; a null value is the empty string.
    pub(super) fn pairs(self, name: &str) -> impl ExactSizeIterator<Item = Pair<'t>> {
        let around = self.line_at(name);
        let entries: &'t [Entry] = self.get(name).map_or(&[], Tree::entries);
        entries.iter().map(move |entry| Pair {
            key: Text { text: &entry.key, line: entry.line.or(around) },
            value: Text { text: entry.value.as_str().unwrap_or_default(), line: entry.value.line.or(around) },
        })
    }
}
