//! Ranges of addresses, from the first to the last.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

use super::addresses::{AddressNumber, Family};
use super::cidr::Cidr;
use super::ip_block::IpBlock;

/// Addresses of one family from the first to the last, both included.
///
/// ```
/// use netpol_oracle::net::AddressRange;
/// let range = AddressRange::new("10.0.0.5".parse()?, "10.0.1.2".parse()?).unwrap();
/// assert!(range.contains("10.0.0.255".parse()?) && !range.contains("10.0.1.3".parse()?));
/// assert_eq!(range.to_string(), "10.0.0.5-10.0.1.2");
/// assert_eq!(serde_json::to_string(&range)?, r#""10.0.0.5-10.0.1.2""#);
/// assert_eq!(AddressRange::new("10.0.0.2".parse()?, "10.0.0.1".parse()?), None, "the last before the first");
/// assert_eq!(AddressRange::new("10.0.0.1".parse()?, "::1".parse()?), None, "two families");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    first: AddressNumber,
    last: AddressNumber,
}

impl AddressRange {
    /// The range; `None` if `last` is before `first` or of another family.
    #[must_use]
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        Self::between(AddressNumber::of(first), AddressNumber::of(last))
    }

    /// The first address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first.address()
    }

    /// The last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.last.address()
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        self.first.family
    }

    /// Whether it is every address of its family.
    #[must_use]
    pub fn is_whole_family(&self) -> bool {
        *self == Self::all(self.family())
    }

    /// Whether the address lies in the range; families never cross ([K14](crate::semantics#k14)).
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let number = AddressNumber::of(address);
        self.first <= number && number <= self.last
    }

    pub(crate) fn between(first: AddressNumber, last: AddressNumber) -> Option<Self> {
        (first.family == last.family && first <= last).then_some(Self { first, last })
    }

    pub(crate) fn one(address: AddressNumber) -> Self {
        Self { first: address, last: address }
    }

    pub(crate) fn all(family: Family) -> Self {
        Self { first: AddressNumber::first(family), last: AddressNumber::last(family) }
    }

    pub(crate) fn first_number(&self) -> AddressNumber {
        self.first
    }

    pub(crate) fn last_number(&self) -> AddressNumber {
        self.last
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl From<Cidr> for AddressRange {
    fn from(cidr: Cidr) -> Self {
        // The bits as they are: the last address of `::/80` is written as an IPv4-mapped one, and is of IPv6.
        let number = |bits| AddressNumber { family: cidr.family(), bits };
        let (first, last): (u128, u128) = match cidr.as_ipnet() {
            IpNet::V4(net) => (net.network().to_bits().into(), net.broadcast().to_bits().into()),
            IpNet::V6(net) => (net.network().to_bits(), net.broadcast().to_bits()),
        };
        Self { first: number(first), last: number(last) }
    }
}

impl fmt::Display for AddressRange {
    /// `10.0.0.5-10.0.1.2`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first(), self.last())
    }
}

impl Serialize for AddressRange {
    /// As its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the `except`s leave of a block, in order (K14).
pub(crate) fn remaining(block: &IpBlock) -> Vec<AddressRange> {
    let whole = AddressRange::from(block.cidr());
    let mut holes: Vec<AddressRange> = block.except().iter().copied().map(AddressRange::from).collect();
    holes.sort_unstable();
    let mut rest = Vec::new();
    let mut next = Some(whole.first);
    for hole in holes {
        let Some(from) = next else { break };
        rest.extend(hole.first.previous().and_then(|last| AddressRange::between(from, last)));
        if hole.last >= from {
            next = hole.last.next().filter(|next| *next <= whole.last);
        }
    }
    rest.extend(next.and_then(|from| AddressRange::between(from, whole.last)));
    rest
}

/// The union of ranges, as few as can be, in order.
pub(crate) fn merged(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
    ranges.sort_unstable();
    let mut union: Vec<AddressRange> = Vec::new();
    for range in ranges {
        match union.last_mut() {
            Some(known) if range.first <= known.last || known.last.next() == Some(range.first) => {
                known.last = known.last.max(range.last);
            }
            _ => union.push(range),
        }
    }
    union
}

/// Whether one of `union` (from [`merged`]) holds all of `range`.
pub(crate) fn covers(union: &[AddressRange], range: &AddressRange) -> bool {
    let at = union.partition_point(|known| known.last < range.first);
    union.get(at).is_some_and(|known| known.first <= range.first && range.last <= known.last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(cidr: &str) -> AddressRange {
        cidr.parse::<Cidr>().unwrap().into()
    }

    fn texts(ranges: &[AddressRange]) -> Vec<String> {
        ranges.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ranges_of_cidrs() {
        for (cidr, text) in [
            ("10.0.0.0/8", "10.0.0.0-10.255.255.255"),
            ("10.0.0.7/32", "10.0.0.7-10.0.0.7"),
            ("2001:db8::/127", "2001:db8::-2001:db8::1"),
            ("::/80", "::-::ffff:255.255.255.255"),
        ] {
            assert_eq!(range(cidr).to_string(), text);
        }
        assert!(range("::/0").is_whole_family() && range("0.0.0.0/0").is_whole_family());
        assert_eq!(range("::/80").family(), Family::V6);
        assert!(!range("::/0").contains("::ffff:10.0.0.1".parse().unwrap()), "mapped is IPv4 (K22)");
    }

    #[test]
    fn blocks_without_their_exceptions() {
        let left = |cidr: &str, except: &[&str]| {
            let except = except.iter().map(|text| text.parse().unwrap()).collect();
            texts(&remaining(&IpBlock::new(cidr.parse().unwrap(), except).unwrap()))
        };
        assert_eq!(left("10.0.0.0/30", &["10.0.0.1/32"]), ["10.0.0.0-10.0.0.0", "10.0.0.2-10.0.0.3"]);
        assert_eq!(left("10.0.0.0/30", &["10.0.0.0/31", "10.0.0.0/32"]), ["10.0.0.2-10.0.0.3"]);
        assert_eq!(left("10.0.0.0/30", &["10.0.0.2/31"]), ["10.0.0.0-10.0.0.1"]);
        assert!(left("10.0.0.0/30", &["10.0.0.0/31", "10.0.0.2/31"]).is_empty());
        assert!(left("0.0.0.0/0", &["0.0.0.0/0"]).is_empty());
        assert_eq!(left("0.0.0.0/0", &["128.0.0.0/1"]), ["0.0.0.0-127.255.255.255"]);
        assert_eq!(left("::/0", &["8000::/1"]), ["::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]);
    }

    #[test]
    fn unions() {
        let all = ["10.0.1.0/24", "10.0.0.0/24", "10.0.0.0/25", "255.0.0.0/8", "::/8", "10.9.0.0/16"].map(range);
        let union = merged(all.to_vec());
        let texts = texts(&union);
        assert_eq!(texts[..3], ["10.0.0.0-10.0.1.255", "10.9.0.0-10.9.255.255", "255.0.0.0-255.255.255.255"]);
        assert_eq!(union.len(), 4, "the last IPv4 address and the first IPv6 one are no neighbours");
        for (cidr, held) in
            [("10.0.0.128/25", true), ("10.0.0.0/23", true), ("10.0.0.0/22", false), ("11.0.0.0/8", false)]
        {
            assert_eq!(covers(&union, &range(cidr)), held, "{cidr}");
        }
    }
}
