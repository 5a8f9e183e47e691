#![doc = include_str!("_documentation/links.md")]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// docs.rs marks what needs a feature; the compiler it uses has that switch.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test that fails may panic"
    )
)]

#[cfg(doc)]
pub mod _documentation;
pub mod admission;
pub mod analysis;
pub mod diagnostic;
pub mod engine;
mod explain;
#[cfg(feature = "generate")]
pub mod generate;
pub mod labels;
mod located;
pub mod manifest;
pub mod model;
mod name;
pub mod net;
pub mod oracle;
mod partition;
pub mod profile;
mod random;
mod reference;
pub mod release;
mod text;
pub mod verdict;

/// So that the link of a rule's id is short in the source: `[K20](crate::semantics#k20)`.
#[cfg(doc)]
use crate::_documentation::semantics;

pub use crate::engine::{Engine, PodId, Snapshot};
pub use crate::explain::explain;
pub use crate::manifest::Loader;
pub use crate::model::{Change, Cluster, Destination, Endpoint, Flow, L4, NetworkPolicy, Object, Pod};
pub use crate::name::{Direction, ObjectName};
pub use crate::net::{Port, Protocol};
pub use crate::profile::{Profile, Row};
pub use crate::reference::Reference;
pub use crate::release::Release;
pub use crate::verdict::{Decide, Decision, FlowError, Verdict};
