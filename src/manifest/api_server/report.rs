//! Where a judgement's findings are gathered, in the form in which the server prints them.

use std::collections::HashSet;
use std::fmt;

use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::release::{Release, Wording};

/// A field's path as a chain of steps: it costs nothing until something is wrong with the field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Field(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    pub(super) fn field(&'p self, name: &'p str) -> Self {
        Self::Field(self, name)
    }

    pub(super) fn index(&'p self, index: usize) -> Self {
        Self::Index(self, index)
    }

    pub(super) fn to_field_path(self) -> FieldPath {
        match self {
            Self::Root => FieldPath::root(),
            Self::Field(parent, name) => parent.to_field_path().child(name),
            Self::Index(parent, index) => parent.to_field_path().index(index),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// The findings so far.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) release: Release,
    diagnostics: Vec<Diagnostic>,
    location: Location,
    errors: usize,
}

/// One field: where it is, and the line to point at.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'p> {
    pub(super) path: Path<'p>,
    pub(super) line: Option<usize>,
}

impl Report {
    pub(super) fn new(release: Release, location: &Location) -> Self {
        Self { release, diagnostics: Vec::new(), location: location.clone(), errors: 0 }
    }

    pub(super) fn wording(&self) -> Wording {
        self.release.wording()
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The findings. The measured 1.37 reports errors of equal text once, older releases each of them.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        if self.wording() >= Wording::V1_37 {
            let mut seen = HashSet::new();
            self.diagnostics.retain(|found| {
                found.severity != Severity::Error || found.code == Code::Decode || seen.insert(found.message.clone())
            });
        }
        self.diagnostics
    }

    /// `path: Required value: detail`, or without the detail where it is empty.
    pub(super) fn required(&mut self, at: At<'_>, detail: &str, help: &str) {
        self.fault(Code::Required, at, "Required value", None, detail, help);
    }

    /// `path: Invalid value: value: detail`; the value comes as it is to be printed.
    pub(super) fn invalid(&mut self, at: At<'_>, value: &str, detail: &str, help: &str) {
        self.fault(Code::Invalid, at, "Invalid value", Some(value), detail, help);
    }

    /// `path: Unsupported value: value: supported values: ...`.
    pub(super) fn unsupported(&mut self, at: At<'_>, value: &str, supported: &str, help: &str) {
        let detail = format!("supported values: {supported}");
        self.fault(Code::Unsupported, at, "Unsupported value", Some(value), &detail, help);
    }

    /// `path: Forbidden: detail`.
    pub(super) fn forbidden(&mut self, at: At<'_>, detail: &str, help: &str) {
        self.fault(Code::Forbidden, at, "Forbidden", None, detail, help);
    }

    /// `path: Too long: detail`.
    pub(super) fn too_long(&mut self, at: At<'_>, detail: &str, help: &str) {
        self.fault(Code::TooLong, at, "Too long", None, detail, help);
    }

    fn fault(&mut self, code: Code, at: At<'_>, kind: &str, value: Option<&str>, detail: &str, help: &str) {
        let mut message = format!("{}: {kind}", at.path);
        for part in [value, Some(detail).filter(|detail| !detail.is_empty())].into_iter().flatten() {
            message.push_str(": ");
            message.push_str(part);
        }
        self.push(Origin::ApiServer, Severity::Error, code, at, message, help);
    }

    /// What keeps the document from being read as a policy; the text is ours.
    pub(super) fn unreadable(&mut self, at: At<'_>, what: &str, help: &str) {
        let message = match at.path {
            Path::Root => what.to_owned(),
            path => format!("{path}: {what}"),
        };
        self.push(Origin::ApiServer, Severity::Error, Code::Decode, at, message, help);
    }

    /// A warning that the server sends along.
    pub(super) fn warning(&mut self, code: Code, at: At<'_>, message: String, help: &str) {
        self.push(Origin::ApiServer, Severity::Warning, code, at, message, help);
    }

    /// Anything else.
    pub(super) fn push(
        &mut self,
        origin: Origin,
        severity: Severity,
        code: Code,
        at: At<'_>,
        message: String,
        help: &str,
    ) {
        if severity == Severity::Error {
            self.errors += 1;
        }
        let location = Location { line: at.line.or(self.location.line), ..self.location.clone() };
        self.diagnostics.push(Diagnostic {
            origin,
            severity,
            code,
            path: at.path.to_field_path(),
            message,
            help: help.to_owned(),
            location: Some(location),
        });
    }
}
