//! Texts and typed objects to a cluster.

mod by_kind;
mod endpoints;
mod fields;
mod findings;
mod incoming;
mod intake;
mod kinds;
mod lists;
mod loaded;
mod loader;
mod metadata;
mod names;
mod nulls;
mod objects;
mod open_list;
mod pods;
mod seen;
mod selectors;
mod served;
mod services;
mod shared;
mod shared_addresses;
mod taken;
mod templates;
#[cfg(all(test, feature = "yaml"))]
mod tests;
mod texts;
mod workloads;

pub use self::loaded::{Loaded, LoadedObject};
pub use self::loader::Loader;
