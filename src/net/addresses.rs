//! Addresses: their families, and addresses as numbers.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// An IP family; families never cross ([K14](crate::semantics#k14)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    #[serde(rename = "IPv4")]
    V4,
    /// IPv6.
    #[serde(rename = "IPv6")]
    V6,
}

impl Family {
    /// The family of an address; that of an IPv4-mapped one is IPv4 ([K22](crate::semantics#k22)).
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match canonical(address) {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// The address that `address` stands for: an IPv4-mapped IPv6 one is the IPv4 one ([K22](crate::semantics#k22)).
///
/// ```
/// use netpol_oracle::net::canonical;
/// assert_eq!(canonical("::ffff:10.0.0.1".parse()?), "10.0.0.1".parse::<std::net::IpAddr>()?);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// An address as a number in its family, in the order of addresses: that of an IPv4-mapped one is the IPv4 one's (K22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AddressNumber {
    pub(crate) family: Family,
    pub(crate) bits: u128,
}

impl AddressNumber {
    pub(crate) fn of(address: IpAddr) -> Self {
        match canonical(address) {
            IpAddr::V4(v4) => Self { family: Family::V4, bits: v4.to_bits().into() },
            IpAddr::V6(v6) => Self { family: Family::V6, bits: v6.to_bits() },
        }
    }

    /// The first of a family: 0.
    pub(crate) fn first(family: Family) -> Self {
        Self { family, bits: 0 }
    }

    /// The last of a family: all bits set.
    pub(crate) fn last(family: Family) -> Self {
        let bits = match family {
            Family::V4 => u32::MAX.into(),
            Family::V6 => u128::MAX,
        };
        Self { family, bits }
    }

    /// The one after it; none after the last of its family.
    pub(crate) fn next(self) -> Option<Self> {
        (self != Self::last(self.family)).then(|| Self { bits: self.bits + 1, ..self })
    }

    /// The one before it; none before the first of its family.
    pub(crate) fn previous(self) -> Option<Self> {
        self.bits.checked_sub(1).map(|bits| Self { bits, ..self })
    }

    pub(crate) fn address(self) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::V4(u32::try_from(self.bits).unwrap_or(u32::MAX).into()),
            Family::V6 => IpAddr::V6(self.bits.into()),
        }
    }
}
