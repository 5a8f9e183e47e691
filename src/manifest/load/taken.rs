//! What reading a text gives, before any of it goes into a cluster: so a text whose end is bad can be dropped as a whole, and
//! several texts can be read side by side.

use super::loaded::LoadedObject;
use crate::diagnostic::{Diagnostic, Location};
use crate::manifest::lines::FieldLines;
use crate::model::change::Object;
use crate::model::cluster::OtherPolicy;
use crate::name::ObjectName;

/// One object, or something that was found about several.
#[derive(Debug)]
pub(super) struct Taken {
    /// Its record, where it is an object.
    pub(super) record: Option<LoadedObject>,
    /// What is wrong with it by itself.
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) made: Made,
}

/// What an object came to.
#[derive(Debug)]
pub(super) enum Made {
    /// Nothing that goes anywhere: it is faulty, or there was no object.
    Nothing,
    /// It decides no flow.
    LeftOut,
    /// A policy that is not judged.
    OtherPolicy(OtherPolicy),
    /// A policy that the API server would refuse.
    RejectedPolicy(ObjectName),
    /// An object of a cluster.
    Object(Object),
    /// An object whose name is only the beginning of one; none where it is faulty, and has its number all the same.
    Unnamed(Option<Object>),
}

/// How many of them are given back at once when they go into a cluster.
const CHUNK: usize = 1 << 10;

/// What was taken, in its order; in pieces, so that what went into a cluster need not be kept until the last has.
#[derive(Debug, Default)]
pub(super) struct Takings {
    chunks: Vec<Vec<Taken>>,
}

impl Takings {
    pub(super) fn push(&mut self, taken: Taken) {
        match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            Some(chunk) => chunk.push(taken),
            None => {
                let mut chunk = Vec::with_capacity(if self.chunks.is_empty() { 1 } else { CHUNK });
                chunk.push(taken);
                self.chunks.push(chunk);
            }
        }
    }

    /// Puts others behind.
    pub(super) fn append(&mut self, others: Self) {
        self.chunks.extend(others.chunks);
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Taken> {
        self.chunks.into_iter().flatten()
    }
}

/// The record of what could not be read.
pub(super) fn unreadable(location: Location) -> LoadedObject {
    LoadedObject {
        location,
        kind: String::new(),
        namespace: String::new(),
        name: String::new(),
        accepted: false,
        accepted_strict: false,
        lines: FieldLines::default(),
    }
}
