//! Manifests in and out: located YAML and JSON, the API server's rules, objects to a cluster.

mod api_server;
mod directions;
mod judge;
mod lines;
pub(crate) mod load;
mod stream;
pub(crate) mod tree;
pub mod write;

pub use self::judge::{Judgement, judge_object, judge_text};
pub use self::lines::FieldLines;
pub use self::load::{Loaded, LoadedObject, Loader};
