//! Manifests in and out: located YAML and JSON, the API server's rules, objects to a cluster.

pub mod api_server;
pub(crate) mod load;
pub mod tree;
pub mod write;

pub use self::load::{Loaded, LoadedObject, Loader};
