//! An object of the document among those around it.

use super::report::Path;
use super::schema::Object;
use crate::manifest::tree::{Tree, Value};

/// An object of the document, with those around it.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    pub(super) object: &'a Object,
    pub(super) tree: &'a Tree,
    pub(super) path: Path<'a>,
    pub(super) around: Option<&'a Level<'a>>,
}

/// Whether anything is written there.
pub(super) fn is_filled(tree: &Tree) -> bool {
    match &tree.value {
        Value::Null => false,
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(entries) => !entries.is_empty(),
        _ => true,
    }
}
