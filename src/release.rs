//! The API server's release, as far as its answers depend on it.

use std::fmt;
use std::str::FromStr;

/// A minor release of Kubernetes: `1.34`.
///
/// Order and texts go by the minor number. Three releases were measured; any other answers in the words
/// of the nearest older measured one ([K25](crate::semantics#k25)).
///
/// ```
/// use netpol_oracle::Release;
/// let release: Release = "v1.34.4".parse()?;
/// assert_eq!(release, Release::DEFAULT);
/// assert!(!release.strict_cidrs());
/// # Ok::<(), netpol_oracle::release::ReleaseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    minor: u16,
}

/// The measured releases: whose words a [`Release`] answers in ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wording {
    V1_31,
    V1_34,
    V1_37,
}

impl Release {
    /// What `kubernetes` alone means: 1.34 ([K25](crate::semantics#k25)).
    pub const DEFAULT: Self = Self { minor: 34 };

    /// The release `1.minor`.
    #[must_use]
    pub const fn v1(minor: u16) -> Self {
        Self { minor }
    }

    /// The minor number: 34 of 1.34.
    #[must_use]
    pub const fn minor(self) -> u16 {
        self.minor
    }

    /// Whose words: the nearest older of 1.31, 1.34 and 1.37; below 1.31 as 1.31 ([K25](crate::semantics#k25)).
    #[must_use]
    pub(crate) const fn wording(self) -> Wording {
        match self.minor {
            0..=33 => Wording::V1_31,
            34..=36 => Wording::V1_34,
            _ => Wording::V1_37,
        }
    }

    /// Whether CIDRs in a non-standard form are rejected: from 1.36 on ([K25](crate::semantics#k25)).
    #[must_use]
    pub const fn strict_cidrs(self) -> bool {
        self.minor >= 36
    }
}

impl Default for Release {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

/// A text that is no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a kubernetes release; write `1.34` or `v1.34.4`")]
pub struct ReleaseError {
    text: String,
}

impl FromStr for Release {
    type Err = ReleaseError;

    /// `[v]X.Y[.Z]`, a suffix (`-rc.1`, `+k3s1`) ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ReleaseError { text: text.to_owned() };
        let bare = text.strip_prefix('v').unwrap_or(text);
        let bare = bare.split(['-', '+']).next().unwrap_or(bare);
        let numbers: Vec<&str> = bare.split('.').collect();
        let number = |part: &str| -> Option<u16> {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        match numbers.as_slice() {
            ["1", minor] => number(minor),
            ["1", minor, patch] if number(patch).is_some() => number(minor),
            _ => None,
        }
        .map(Self::v1)
        .ok_or_else(bad)
    }
}
