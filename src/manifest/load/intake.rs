//! Documents to objects: which of them are there, and what each is.

use std::sync::Arc;

use super::findings::given_twice;
use super::kinds::Kind;
use super::open_list::OpenList;
use super::shared::Shared;
use super::taken::{Made, Taken, Takings, unreadable};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::located::{At, Faults, FieldFault, Tree, Value};
use crate::manifest::tree::{Document, Fault, Format, Repeated};
use crate::release::Release;

/// What texts are read for.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) release: Release,
    /// Where objects are that name no namespace.
    pub(super) namespace: Arc<str>,
}

/// Takes the objects of one text, in their order.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) setting: Setting,
    source: Arc<str>,
    pub(super) taken: Takings,
    /// The list that is being read item by item.
    pub(super) open: Option<OpenList>,
    is_faulty: bool,
    shared: Shared,
}

/// One object on its way in.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) location: &'a Location,
    pub(super) tree: &'a Tree,
    pub(super) repeated: &'a [Repeated],
    pub(super) format: Format,
}

impl Intake {
    pub(super) fn new(setting: &Setting, source: impl Into<Arc<str>>) -> Self {
        Self {
            setting: setting.clone(),
            source: source.into(),
            taken: Takings::default(),
            open: None,
            is_faulty: false,
            shared: Shared::default(),
        }
    }

    /// Whether a document could not be read.
    pub(super) fn is_faulty(&self) -> bool {
        self.is_faulty
    }

    pub(super) fn location(&self, document: usize, line: Option<usize>) -> Location {
        Location { source: self.source.clone(), document, item: None, line }
    }

    pub(super) fn finish(self) -> Takings {
        self.taken
    }

    pub(super) fn push(&mut self, mut taken: Taken) {
        if let Made::Object(object) | Made::Unnamed(Some(object)) = &mut taken.made {
            self.shared.object(object);
        }
        self.taken.push(taken);
    }

    pub(super) fn document(&mut self, document: Document) {
        match &document.root {
            Err(fault) => self.fault(fault, self.location(document.index, fault.line)),
            Ok(root) if root.is_null() => {}
            Ok(root) => {
                let location = self.location(document.index, root.line);
                let (repeated, format) = (document.repeated.as_slice(), document.format);
                self.whole(Source { location: &location, tree: root, repeated, format });
            }
        }
    }

    /// A document that cannot be read.
    pub(super) fn fault(&mut self, fault: &Fault, location: Location) {
        self.is_faulty = true;
        self.refuse(vec![fault.at(location.clone())], location);
    }

    /// An object that stands in a larger text as item `item` of its document.
    pub(super) fn item(&mut self, tree: &Tree, item: usize, format: Format) {
        let location = Location { item: Some(item), ..self.location(0, tree.line) };
        self.whole(Source { location: &location, tree, repeated: &[], format });
    }

    /// A document, or what stands for one.
    fn whole(&mut self, object: Source<'_>) {
        match self.identify(object.tree, object.location, None, None) {
            None => {}
            Some((Kind::List, kind, version)) => self.list(object, kind, version),
            Some((kind, word, version)) => self.one(object, kind, word, version),
        }
    }

    /// What an object is; reports one that does not say.
    /// The defaults are what the list around it says of its items.
    pub(super) fn identify<'a>(
        &mut self,
        tree: &'a Tree,
        location: &Location,
        default_kind: Option<&'a str>,
        default_version: Option<&'a str>,
    ) -> Option<(Kind, &'a str, Option<&'a str>)> {
        let at = At::root(tree);
        let mut faults = Faults::default();
        let mut found = None;
        if matches!(tree.value, Value::Mapping(_)) {
            let kind = at.text(&mut faults, "kind").or(default_kind);
            let version = at.text(&mut faults, "apiVersion").or(default_version);
            let is_silent = at.field("kind").is_none_or(|kind| kind.tree.as_str() == Some(""));
            match kind {
                Some(kind) => {
                    let has_items = tree.get("items").is_some();
                    found = Some((Kind::of(version, kind, has_items, self.setting.release), kind, version));
                }
                None if is_silent => faults.missing(&at, "kind"),
                None => {}
            }
        } else {
            let message = format!("a manifest must be an object, not a value of type `{}`", tree.kind_name());
            faults.note(Code::FieldType, &at, message, "");
        }
        let faults = faults.into_list();
        if faults.is_empty() {
            return found;
        }
        self.refuse(at_places(faults, location), location.clone());
        None
    }

    /// Takes note of what could not be read.
    pub(super) fn refuse(&mut self, diagnostics: Vec<Diagnostic>, location: Location) {
        self.push(Taken { record: Some(unreadable(location)), diagnostics, made: Made::Nothing });
    }

    /// Warns of keys that are given twice, outside of any object.
    pub(super) fn warn_repeated(&mut self, repeated: &[Repeated], location: &Location) {
        if !repeated.is_empty() {
            let diagnostics = given_twice(repeated, location);
            self.push(Taken { record: None, diagnostics, made: Made::Nothing });
        }
    }
}

/// Faults at their places.
pub(super) fn at_places(faults: Vec<FieldFault>, location: &Location) -> Vec<Diagnostic> {
    faults.into_iter().map(|fault| fault.at(Some(location))).collect()
}
