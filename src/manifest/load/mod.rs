//! Texts and typed objects to a cluster.

mod endpoints;
mod fields;
mod intake;
mod kinds;
mod lists;
mod loaded;
mod loader;
mod metadata;
mod names;
mod objects;
mod pods;
mod selectors;
mod served;
mod services;
mod shared_addresses;
mod templates;
mod workloads;

pub use self::loaded::{Loaded, LoadedObject};
pub use self::loader::Loader;
