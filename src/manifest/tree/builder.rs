//! Trees built from the leaves up, without recursion, with repeated keys seen.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::document::{MAX_NODES, MAX_PATH, MAX_REPEATED, Repeated};
use crate::located::{Entry, Tree, Value};

/// Below this many entries a mapping is searched key by key.
const SMALL: usize = 16;

/// A key that waits for its value.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) text: Box<str>,
    pub(crate) line: Option<usize>,
    pub(crate) is_string: bool,
}

/// What the value of a repeated key does to the earlier one.
#[derive(Debug, Default)]
pub(super) enum Repeats {
    /// YAML: the last one wins, since go-yaml builds a map first.
    #[default]
    Replace,
    /// JSON: it is decoded into the value that is already there, so objects merge and arrays do item by item.
    Merge {
        /// How many entries may still be gone through; then the last one wins, to keep the time linear.
        budget: usize,
    },
}

fn merge(old: &mut Tree, new: Tree, budget: &mut usize) {
    let cost = match (&old.value, &new.value) {
        (Value::Mapping(a), Value::Mapping(b)) => a.len() + b.len(),
        (Value::Sequence(a), Value::Sequence(b)) => a.len().min(b.len()),
        _ => usize::MAX,
    };
    let (Some(left), line) = (budget.checked_sub(cost), new.line) else {
        *old = new;
        return;
    };
    *budget = left;
    match (&mut old.value, new.value) {
        (Value::Mapping(entries), Value::Mapping(added)) => {
            let mut places: HashMap<Box<str>, usize> =
                entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
            for entry in added {
                match places.get(&entry.key).and_then(|at| entries.get_mut(*at)) {
                    Some(known) => merge(&mut known.value, entry.value, budget),
                    None => {
                        places.insert(entry.key.clone(), entries.len());
                        entries.push(entry);
                    }
                }
            }
        }
        (Value::Sequence(items), Value::Sequence(added)) => {
            items.truncate(added.len());
            for (at, item) in added.into_iter().enumerate() {
                match items.get_mut(at) {
                    Some(known) => merge(known, item, budget),
                    None => items.push(item),
                }
            }
        }
        (value, other) => *value = other,
    }
    old.line = line;
}

#[derive(Debug)]
pub(super) struct MappingBuilder {
    line: Option<usize>,
    entries: Vec<Entry>,
    places: HashMap<Box<str>, usize>,
}

impl MappingBuilder {
    fn place(&mut self, key: &str) -> Option<usize> {
        if self.entries.len() < SMALL {
            return self.entries.iter().position(|entry| &*entry.key == key);
        }
        if self.places.is_empty() {
            self.places = self.entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
        }
        self.places.get(key).copied()
    }

    fn insert(&mut self, place: Option<usize>, entry: Entry, repeats: &mut Repeats) {
        if let Some(old) = place.and_then(|place| self.entries.get_mut(place)) {
            match repeats {
                Repeats::Replace => *old = entry,
                Repeats::Merge { budget } => {
                    old.line = entry.line;
                    merge(&mut old.value, entry.value, budget);
                }
            }
            return;
        }
        if !self.places.is_empty() {
            self.places.insert(entry.key.clone(), self.entries.len());
        }
        self.entries.push(entry);
    }
}

#[derive(Debug)]
enum Open {
    Sequence(Option<usize>, Vec<Tree>),
    /// With the key that waits for its value.
    Mapping(MappingBuilder, Option<Key>),
}

/// The collections that are open, outermost first.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    open: Vec<Open>,
    repeats: Repeats,
    pub(crate) repeated: Vec<Repeated>,
}

impl Builder {
    /// A builder that takes repeated keys as JSON does.
    pub(crate) fn for_json() -> Self {
        Self { repeats: Repeats::Merge { budget: MAX_NODES }, ..Self::default() }
    }

    #[cfg(feature = "yaml")]
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn open_sequence(&mut self, line: Option<usize>) {
        self.open.push(Open::Sequence(line, Vec::new()));
    }

    pub(crate) fn open_mapping(&mut self, line: Option<usize>) {
        let builder = MappingBuilder { line, entries: Vec::new(), places: HashMap::new() };
        self.open.push(Open::Mapping(builder, None));
    }

    /// The key whose value comes next. Outside a mapping it does nothing.
    pub(crate) fn key(&mut self, key: Key) {
        if let Some(Open::Mapping(_, waiting)) = self.open.last_mut() {
            *waiting = Some(key);
        }
    }

    /// Closes the innermost collection and hands it back; it is not put anywhere yet.
    pub(crate) fn close(&mut self) -> Option<Tree> {
        Some(match self.open.pop()? {
            Open::Sequence(line, items) => Tree::new(line, Value::Sequence(items)),
            Open::Mapping(builder, _) => Tree::new(builder.line, Value::Mapping(builder.entries)),
        })
    }

    /// Puts a value where it belongs. Hands it back where nothing is open: it is the root.
    pub(crate) fn put(&mut self, tree: Tree) -> Option<Tree> {
        match self.open.last_mut() {
            None => return Some(tree),
            Some(Open::Sequence(_, items)) => items.push(tree),
            Some(Open::Mapping(builder, waiting)) => {
                let Key { text, line, is_string } = waiting.take()?;
                let place = builder.place(&text);
                let value_line = tree.line;
                let repeated = (place.is_some() && self.repeated.len() < MAX_REPEATED).then(|| text.clone());
                builder.insert(place, Entry { key: text, line, value: tree }, &mut self.repeats);
                if let Some(key) = repeated {
                    let path = path(&self.open, &key);
                    self.repeated.push(Repeated { line, value_line, path, key, is_string });
                }
            }
        }
        None
    }
}

/// The path of `key` in the innermost collection.
fn path(open: &[Open], key: &str) -> String {
    let mut path = String::new();
    let name = |path: &mut String, text: &str| {
        if !path.is_empty() {
            path.push('.');
        }
        path.extend(text.chars().take(MAX_PATH));
    };
    let outer = open.len().saturating_sub(1);
    for collection in open.iter().take(outer) {
        match collection {
            Open::Sequence(_, items) => {
                // Writing to a string cannot fail.
                let _ = write!(path, "[{}]", items.len());
            }
            Open::Mapping(_, waiting) => {
                if let Some(key) = waiting {
                    name(&mut path, &key.text);
                }
            }
        }
        if path.len() > MAX_PATH {
            break;
        }
    }
    name(&mut path, key);
    if path.len() > MAX_PATH {
        let cut = (0..=MAX_PATH).rev().find(|at| path.is_char_boundary(*at)).unwrap_or(0);
        path.truncate(cut);
    }
    path
}
