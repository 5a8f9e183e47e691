//! Values that know where they stand, and what is wrong with them: whatever is read out of a text (manifests, cases,
//! profile files) is read through these, so that every fault has its line and its field.

mod fields;
mod tree;

pub(crate) use fields::{At, Faults, FieldFault};
pub(crate) use tree::{Entry, Tree, Value};
