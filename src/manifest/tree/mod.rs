//! Located YAML and JSON, read the way the Kubernetes API server reads a body.
//!
//! The server turns YAML into JSON first and decodes JSON only. So a [`Tree`] holds what JSON can hold,
//! after YAML 1.1 had its say (`no` is a bool, `010` is 8), with the line every value came from.
//!
//! # Bounds
//!
//! Reading takes time and memory linear in the text and never recurses. A document is refused with a
//! [`FaultKind::Limit`] fault beyond [`MAX_DEPTH`] levels, [`MAX_NODES`] values (aliases expanded),
//! [`MAX_ALIASED_BYTES`] of text repeated through aliases, the share of aliased values that go-yaml
//! allows, or [`MAX_BYTES`] of text. Repeated keys beyond [`MAX_REPEATED`] in a document are not listed.

mod builder;
#[cfg(feature = "yaml")]
mod compose;
mod document;
#[cfg(feature = "yaml")]
mod go;
mod json;
mod read;
#[cfg(feature = "yaml")]
mod scan;
mod serialize;
#[cfg(feature = "yaml")]
mod split;
#[cfg(all(test, feature = "yaml"))]
mod tests;
#[cfg(feature = "yaml")]
mod yaml;

pub use crate::located::{Entry, Tree, Value};
pub use document::{
    Document, Fault, FaultKind, Format, Hint, MAX_ALIASED_BYTES, MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_PATH,
    MAX_REPEATED, Repeated,
};
pub use read::read;
pub use serialize::from_serialize;
