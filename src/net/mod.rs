//! Addresses, CIDRs and ports.

mod cidr;
mod port;

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub(crate) use cidr::CidrText;
pub use cidr::{Cidr, CidrError, IpBlock};
pub use port::{Port, PortName, PortNameFault, PortRange, Protocol, ProtocolError};

/// An IP family; families never cross (K14).
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
    /// The family of an address; that of an IPv4-mapped one is IPv4 (K22).
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

/// The address that `address` stands for: an IPv4-mapped IPv6 one is the IPv4 one (K22).
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
