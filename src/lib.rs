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
mod diagnostic;
mod engine;
mod explain;
pub mod generate;
pub mod labels;
mod located;
pub mod manifest;
mod model;
mod name;
pub mod net;
pub mod oracle;
mod profile;
mod random;
mod reference;
mod release;
mod text;
mod verdict;

/// So that the link of a rule's id is short in the source: `[K20](crate::semantics#k20)`.
#[cfg(doc)]
use crate::_documentation::semantics;

pub use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
pub use crate::engine::{AddressInterval, Cell, CellPeer, ClassId, Engine, PodId, PortInterval, Snapshot};
pub use crate::explain::explain;
pub use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
pub use crate::manifest::load::{Loaded, LoadedObject, Loader};
pub use crate::model::builder::ClusterBuilder;
pub use crate::model::change::{Change, ChangeError, Object, ObjectId};
pub use crate::model::cluster::*;
pub use crate::model::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
pub use crate::model::flow_text::{FlowTextError, FlowTextFault};
pub use crate::model::objects::{Identified, Namespaced, Objects, ObjectsIter};
pub use crate::model::policy::*;
pub use crate::name::{Direction, ObjectName};
pub use crate::net::{Cidr, Family, IpBlock, Port, PortName, PortRange, Protocol};
pub use crate::profile::capability::{
    Capabilities, EndPort, HostNetwork, IpBlockScope, NodeOs, OtherProtocols, OutsideBackend, OwnNode, OwnNodeEgress,
    ServiceHairpin, Support, UnaddressedPod, Unowned,
};
pub use crate::profile::cce;
pub use crate::profile::console;
pub use crate::profile::os::Os;
pub use crate::profile::profile::{Base, Profile, ProfileError, Switch};
pub use crate::profile::row::{Row, Rows};
pub use crate::profile::version::{ClusterVersion, VersionError};
pub use crate::reference::Reference;
pub use crate::release::{Release, ReleaseError, Wording};
pub use crate::verdict::{
    Backend, BackendDecision, Decide, Decision, Failed, FlowError, Judged, NearMiss, Reason, RuleRef, Side, Sides,
    Verdict,
};
