//! Building the tables, and keeping them up as the cluster changes: one file for each kind of object.
//!
//! *Updating* brings one changed object into the tables ([`changes`] calls for each). *Compiling* makes selectors, policies and
//! classes from nothing ([`compile`]): at first, and when changes have left too much unused. Slots, addresses and nodes are only
//! ever updated; ids of pods outlive compiling.

mod addresses;
mod changes;
mod classes;
mod compile;
mod entries;
mod matcher;
mod namespaces;
mod nodes;
mod policies;
mod selectors;
mod services;
mod slots;
mod workloads;
mod writer;

pub(super) use compile::build;
pub(super) use writer::Writer;
