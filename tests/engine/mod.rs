//! The compiled engine against the definition, in verdict, rows, reasons and errors.

mod allocations;
mod bounds;
pub(crate) mod differential;
pub(crate) mod exhaustive;
mod real_worlds;
mod services;
mod table;
mod updates;
