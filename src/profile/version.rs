//! Versions of CCE clusters, and "or later" as the vendor means it.

use std::fmt;
use std::str::FromStr;

use crate::release::Release;

/// A cluster version as the vendor writes it: `v1.27.16-r30`, compared number by number.
///
/// ```
/// use netpol_oracle::profile::ClusterVersion;
/// let version: ClusterVersion = "v1.31.6-r0-31.0.22.4".parse()?; // what servers report: the rest is ignored
/// assert_eq!(version.to_string(), "v1.31.6-r0");
/// assert!(version > "v1.30.10-r0".parse()?);
/// # Ok::<(), netpol_oracle::profile::VersionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterVersion {
    major: u16,
    minor: u16,
    patch: u16,
    revision: u16,
}

impl ClusterVersion {
    /// `vMAJOR.MINOR.PATCH-rREVISION`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16, revision: u16) -> Self {
        Self { major, minor, patch, revision }
    }

    /// The API server's release of this line ([K25](crate::semantics#k25)).
    #[must_use]
    pub fn release(self) -> Release {
        Release::v1(self.minor)
    }

    fn line(self) -> (u16, u16) {
        (self.major, self.minor)
    }

    /// Whether this is "one of `minima` or later": a minimum for each minor line. A line newer than every listed one
    /// passes, a line older than every listed one fails, a listed line needs its own patch and revision
    /// ([SEMANTICS section 3](crate::semantics#section-3), "Versions"); a line between two listed ones goes by the
    /// older.
    #[must_use]
    pub fn reaches(self, minima: &[Self]) -> bool {
        minima.iter().filter(|minimum| minimum.line() <= self.line()).max().is_some_and(|minimum| *minimum <= self)
    }
}

impl fmt::Display for ClusterVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}-r{}", self.major, self.minor, self.patch, self.revision)
    }
}

/// A text that is no version of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a cluster version; write `v1.31.6-r0`, with its `-rN`: rows C2 and C3 hang on it, and C6 in edition `2026`"
)]
pub struct VersionError {
    text: String,
}

impl FromStr for ClusterVersion {
    type Err = VersionError;

    /// `vX.Y.Z-rN`, the `v` may be missing; a further `-suffix` is ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| VersionError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<ClusterVersion> {
    let (numbers, revision) = text.strip_prefix('v').unwrap_or(text).split_once("-r")?;
    let revision = revision.split_once('-').map_or(revision, |(revision, _)| revision);
    let mut parts = numbers.split('.');
    let (major, minor, patch) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    (parts.next().is_none() && major == 1).then_some(ClusterVersion {
        major,
        minor,
        patch,
        revision: number(revision)?,
    })
}

/// Plain digits only: `+1` is no number here.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
