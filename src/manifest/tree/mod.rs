//! Located YAML and JSON, read the way the Kubernetes API server reads a body.
//!
//! The server turns YAML into JSON first and decodes JSON only. So a [`Tree`] holds what JSON can hold,
//! after YAML 1.1 had its say (`no` is a bool, `010` is 8), with the line every value came from.
//!
//! # Bounds
//!
//! Reading takes time and memory linear in the text and never recurses. A document is refused with a
//! [`FaultKind::Limit`] fault beyond the bounds that stand in `document.rs`, or beyond the share of aliased values that
//! go-yaml allows.

#[cfg(feature = "yaml")]
pub(crate) mod admit;
mod builder;
#[cfg(feature = "yaml")]
mod compose;
mod document;
#[cfg(feature = "yaml")]
mod go;
mod interest;
pub(crate) mod json;
mod read;
#[cfg(feature = "yaml")]
mod scan;
mod serialize;
#[cfg(feature = "yaml")]
pub(crate) mod split;
#[cfg(all(test, feature = "yaml"))]
mod tests;
#[cfg(feature = "yaml")]
pub(crate) mod yaml;

pub(crate) use crate::located::{Entry, Tree, Value};
pub(crate) use builder::{Builder, Key};
pub(crate) use document::{Document, Fault, FaultKind, Format, Hint, MAX_BYTES, MAX_NODES, Repeated};
pub(crate) use interest::{Assumed, Interest};
pub(crate) use json::Read;
pub(crate) use read::read;
pub(crate) use serialize::from_serialize;
