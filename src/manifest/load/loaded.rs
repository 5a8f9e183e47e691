//! What was read.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Location};
use crate::manifest::lines::FieldLines;
use crate::model::cluster::Cluster;

/// What a [`Loader`](crate::Loader) has read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// Every object that loaded.
    pub cluster: Cluster,
    /// Every problem, in the order of the texts.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects of each kind decide no flow and were left out.
    pub skipped: BTreeMap<String, usize>,
    /// Every document and list item, those that were left out or could not be read too; in the order of the
    /// texts. Empty documents have no entry.
    pub objects: Vec<LoadedObject>,
}

/// One document or list item, loaded or not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadedObject {
    /// Where it is.
    pub location: Location,
    /// Its kind; empty where it could not be read.
    pub kind: String,
    /// Its namespace; empty where it has none or could not be read.
    pub namespace: String,
    /// Its name; empty where it could not be read.
    pub name: String,
    /// Whether nothing is wrong with it (the last of several of a name wins). Of a NetworkPolicy: whether
    /// the API server accepts it. Kinds that are left out are not looked into.
    pub accepted: bool,
    /// The same where unknown and repeated fields are refused, as `kubectl` asks by default.
    pub accepted_strict: bool,
    /// Where the fields of a NetworkPolicy stand; of other kinds nothing.
    pub lines: FieldLines,
}
