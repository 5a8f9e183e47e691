//! Typed access to the fields of a located tree: every fault is noted with its path and line, and reading goes on.

use super::tree::{Entry, Tree, Value};
use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::text::{counted, listed, quoted};

/// How many faults of one object are listed.
const MAX_FAULTS: usize = 1_000;

/// A fault of one object, not yet placed in its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldFault {
    pub(crate) code: Code,
    pub(crate) path: FieldPath,
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl FieldFault {
    /// The fault where its object stands: at `location` itself where it has no line of its own.
    pub(crate) fn at(self, location: Option<&Location>) -> Diagnostic {
        let Self { code, path, line, message, help } = self;
        let location = location.map(|location| Location { line: line.or(location.line), ..location.clone() });
        Diagnostic { origin: Origin::Manifest, severity: Severity::Error, code, path, message, help, location }
    }
}

/// The faults of one object.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<FieldFault>,
    surplus: usize,
}

impl Faults {
    pub(crate) fn push(&mut self, fault: FieldFault) {
        if self.list.len() >= MAX_FAULTS {
            self.surplus += 1;
        } else {
            self.list.push(fault);
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.list.len() + self.surplus
    }

    pub(crate) fn note(&mut self, code: Code, at: &At<'_>, message: impl Into<String>, help: &str) {
        let (path, line) = (at.path(), at.tree.line);
        self.push(FieldFault { code, path, line, message: message.into(), help: help.to_owned() });
    }

    /// A field that must be there and is not; placed on the line of what should hold it.
    pub(crate) fn missing(&mut self, at: &At<'_>, field: &str) {
        self.missing_with_help(at, field, "");
    }

    pub(crate) fn missing_with_help(&mut self, at: &At<'_>, field: &str, help: &str) {
        let (path, line, message) = (at.path().child(field), at.tree.line, format!("the field `{field}` is missing"));
        self.push(FieldFault { code: Code::FieldMissing, path, line, message, help: help.to_owned() });
    }

    /// Every field of an object that is none of `known`.
    pub(crate) fn unknown_fields(&mut self, at: &At<'_>, known: &[&str]) {
        for entry in at.tree.entries().iter().filter(|entry| !known.contains(&&*entry.key)) {
            let (path, line) = (at.path().child(&entry.key), entry.line);
            let message = format!("`{}` is not a field here", quoted(&entry.key));
            let help = format!("the fields are {}", listed(known));
            self.push(FieldFault { code: Code::FieldValue, path, line, message, help });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn into_list(mut self) -> Vec<FieldFault> {
        if self.surplus > 0 {
            self.list.push(FieldFault {
                code: Code::Limit,
                path: FieldPath::root(),
                line: None,
                message: format!("{} not listed", counted(self.surplus, "more fault is", "more faults are")),
                help: String::new(),
            });
        }
        self.list
    }
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Item(usize),
}

/// A value and the way to it. The path is put into words only where a fault needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) tree: &'a Tree,
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

impl<'a> At<'a> {
    pub(crate) fn root(tree: &'a Tree) -> Self {
        Self { tree, parent: None, step: Step::Root }
    }

    pub(crate) fn path(&self) -> FieldPath {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(here) = at {
            steps.push(here.step);
            at = here.parent;
        }
        steps.into_iter().rev().fold(FieldPath::root(), |path, step| match step {
            Step::Root => path,
            Step::Field(name) => path.child(name),
            Step::Item(index) => path.index(index),
        })
    }

    /// A field of an object; nothing where it is absent or null, as the server has it.
    pub(crate) fn field(&'a self, name: &'a str) -> Option<At<'a>> {
        let tree = self.tree.get(name).filter(|tree| !tree.is_null())?;
        Some(At { tree, parent: Some(self), step: Step::Field(name) })
    }

    /// The value of one of the object's entries.
    pub(crate) fn entry(&'a self, entry: &'a Entry) -> At<'a> {
        At { tree: &entry.value, parent: Some(self), step: Step::Field(&entry.key) }
    }

    /// Another value in this one's place: a fault of it is told by this one's path.
    pub(crate) fn with_tree(&self, tree: &'a Tree) -> At<'a> {
        At { tree, ..*self }
    }

    pub(crate) fn wrong_type(&self, faults: &mut Faults, wanted: &str, help: &str) {
        let found = match self.tree.kind_name() {
            "array" => "a list",
            "object" => "an object",
            "bool" => "a bool",
            "number" => "a number",
            "string" => "a string",
            _ => "null",
        };
        faults.note(Code::FieldType, self, format!("this must be {wanted}, not {found}"), help);
    }

    pub(crate) fn wrong_value(&self, faults: &mut Faults, message: impl Into<String>) {
        faults.note(Code::FieldValue, self, message, "");
    }

    /// A field that holds an object.
    pub(crate) fn object(&'a self, faults: &mut Faults, name: &'a str) -> Option<At<'a>> {
        let at = self.field(name)?;
        if matches!(at.tree.value, Value::Mapping(_)) {
            return Some(at);
        }
        at.wrong_type(faults, "an object", "");
        None
    }

    /// The same, where it must be there.
    pub(crate) fn needed_object(&'a self, faults: &mut Faults, name: &'static str) -> Option<At<'a>> {
        if self.field(name).is_none() {
            faults.missing(self, name);
            return None;
        }
        self.object(faults, name)
    }

    /// The items of a list of objects; null items are left out.
    pub(crate) fn objects(&'a self, faults: &mut Faults) -> Vec<At<'a>> {
        let items = self.items(faults);
        items
            .into_iter()
            .filter(|item| match item.tree.value {
                Value::Mapping(_) => true,
                Value::Null => false,
                _ => {
                    item.wrong_type(faults, "an object", "");
                    false
                }
            })
            .collect()
    }

    /// The items of a list.
    pub(crate) fn items(&'a self, faults: &mut Faults) -> Vec<At<'a>> {
        let Value::Sequence(items) = &self.tree.value else {
            self.wrong_type(faults, "a list", "");
            return Vec::new();
        };
        let item = |(index, tree)| At { tree, parent: Some(self), step: Step::Item(index) };
        items.iter().enumerate().map(item).collect()
    }

    /// This value as a string.
    pub(crate) fn as_text(&self, faults: &mut Faults) -> Option<&'a str> {
        let text = self.tree.as_str();
        if text.is_none() {
            self.wrong_type(faults, "a string", self.quote_help());
        }
        text
    }

    pub(crate) fn quote_help(&self) -> &'static str {
        match self.tree.value {
            Value::Bool(_) | Value::Number(_) => "write it in quotes",
            _ => "",
        }
    }

    /// A string field; an empty one counts as absent, as with the server's `omitempty`.
    pub(crate) fn text(&self, faults: &mut Faults, name: &str) -> Option<&'a str> {
        let tree: &'a Tree = self.tree.get(name).filter(|tree| !tree.is_null())?;
        if let Some(text) = tree.as_str() {
            return Some(text).filter(|text| !text.is_empty());
        }
        let at = At { tree, parent: Some(self), step: Step::Field(name) };
        at.wrong_type(faults, "a string", at.quote_help());
        None
    }

    /// A bool field; absent is false.
    pub(crate) fn flag(&self, faults: &mut Faults, name: &str) -> bool {
        self.optional_flag(faults, name).unwrap_or(false)
    }

    /// A bool field.
    pub(crate) fn optional_flag(&self, faults: &mut Faults, name: &str) -> Option<bool> {
        let at = self.field(name)?;
        match at.tree.value {
            Value::Bool(value) => Some(value),
            _ => {
                at.wrong_type(faults, "a bool", "");
                None
            }
        }
    }

    /// This value as a whole number.
    pub(crate) fn as_number(&self, faults: &mut Faults) -> Option<i64> {
        let Value::Number(text) = &self.tree.value else {
            self.wrong_type(faults, "a number", "");
            return None;
        };
        let number = text.parse().ok();
        if number.is_none() {
            self.wrong_value(faults, format!("`{}` is no whole number", quoted(text)));
        }
        number
    }
}
