//! What the cluster underneath enforces: rows, what each can say, the vendor's table, and presets.

pub(crate) mod capability;
pub mod cce;
pub mod console;
mod file;
pub(crate) mod os;
#[expect(clippy::module_inception, reason = "the profile is what the room is named for")]
pub(crate) mod profile;
pub(crate) mod row;
pub(crate) mod version;

pub use self::capability::{
    Capabilities, ControllerLabel, EndPort, HostNetwork, IpBlockScope, NodeOs, OtherProtocols, OwnNode, OwnNodeEgress,
    Rewritten, SeenSource, ServiceHairpin, Support, UnaddressedPod, Unowned, UnsaidNode,
};
pub use self::os::Os;
pub use self::profile::{Base, Profile, ProfileError, Switch};
pub use self::row::{Row, RowIdError, Rows};
pub use self::version::{ClusterVersion, VersionError};
