//! CIDRs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::addresses::{Family, canonical};

/// Bits before the IPv4 part of an IPv4-mapped IPv6 address.
const MAPPED_BITS: u8 = 96;

/// A text or a pair of numbers that is no CIDR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no cidr; write `10.9.8.0/24` or `2001:db8::/64`")]
pub struct CidrError {
    pub(super) text: String,
}

/// A range of addresses: a network and its prefix length, without host bits.
///
/// An IPv4-mapped one of 96 bits or more is the IPv4 one it stands for ([K22](crate::semantics#k22)). Parsing accepts
/// what the API server of 1.34 accepts, so host bits and leading zeros too.
///
/// ```
/// use netpol_oracle::net::Cidr;
/// let cidr: Cidr = "::ffff:10.1.2.3/104".parse()?;
/// assert_eq!(cidr.to_string(), "10.0.0.0/8");
/// assert!(cidr.contains("10.9.9.9".parse().unwrap()));
/// # Ok::<(), netpol_oracle::net::CidrError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

impl Cidr {
    /// The network of `prefix` bits that `address` lies in.
    ///
    /// # Errors
    /// `prefix` exceeds the address's bits (128 for an IPv4-mapped one).
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, CidrError> {
        let (address, prefix) = match address {
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) if (MAPPED_BITS..=128).contains(&prefix) => (IpAddr::V4(v4), prefix - MAPPED_BITS),
                _ => (address, prefix),
            },
            IpAddr::V4(_) => (address, prefix),
        };
        IpNet::new(address, prefix)
            .map(|net| Self(net.trunc()))
            .map_err(|_| CidrError { text: format!("{address}/{prefix}") })
    }

    /// An IPv4 network of the crate's own vocabulary, without host bits, which its tests show to be valid.
    pub(crate) const fn known_v4(network: [u8; 4], prefix: u8) -> Self {
        let [a, b, c, d] = network;
        Self(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)))
    }

    /// The one address alone: /32 or /128.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        Self(IpNet::from(canonical(address)))
    }

    /// Whether the address lies in the range; families never cross ([K14](crate::semantics#k14)).
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&canonical(address))
    }

    /// Whether every address of `other` lies in the range.
    #[must_use]
    pub fn contains_cidr(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        match self.0 {
            IpNet::V4(_) => Family::V4,
            IpNet::V6(_) => Family::V6,
        }
    }

    /// The first address.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        self.0.network()
    }

    /// The number of fixed bits.
    #[must_use]
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// As the type of the crate `ipnet`.
    #[must_use]
    pub fn as_ipnet(&self) -> IpNet {
        self.0
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl From<Ipv4Net> for Cidr {
    fn from(net: Ipv4Net) -> Self {
        Self(IpNet::V4(net.trunc()))
    }
}

impl From<Ipv6Net> for Cidr {
    /// A mapped net becomes the IPv4 one ([K22](crate::semantics#k22)).
    fn from(net: Ipv6Net) -> Self {
        let plain = Self(IpNet::V6(net.trunc()));
        Self::new(IpAddr::V6(net.network()), net.prefix_len()).unwrap_or(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn constructors_truncate_and_map() {
        let new = |address: &str, prefix| Cidr::new(address.parse().unwrap(), prefix);
        assert_eq!(new("10.1.2.3", 8).unwrap(), cidr("10.0.0.0/8"));
        assert_eq!(new("::ffff:10.1.2.3", 104).unwrap(), cidr("10.0.0.0/8"));
        assert_eq!(new("::ffff:10.1.2.3", 90).unwrap().family(), Family::V6);
        assert!(new("10.0.0.0", 33).is_err() && new("::", 129).is_err() && new("::ffff:1.2.3.4", 129).is_err());
        assert_eq!(Cidr::host("::ffff:10.0.0.1".parse().unwrap()), cidr("10.0.0.1/32"));
        assert_eq!(Cidr::from("::ffff:10.1.0.0/112".parse::<Ipv6Net>().unwrap()), cidr("10.1.0.0/16"));
        assert_eq!(serde_json::to_string(&cidr("10.1.0.0/8")).unwrap(), "\"10.0.0.0/8\"");
    }
}
