//! ipBlocks as disjoint spans of addresses (K14, K15, U6).

use std::net::IpAddr;
use std::sync::Arc;

use crate::net::{Cidr, Family, IpBlock, canonical};

/// Addresses from the first to the last, both included, as numbers of 128 bits; IPv4 ones as what they are.
pub(in crate::engine) type Span = (u128, u128);

/// The family of an address and its number in it (K22: an IPv4-mapped one is IPv4).
#[inline]
pub(in crate::engine) fn number(address: IpAddr) -> (Family, u128) {
    match canonical(address) {
        IpAddr::V4(address) => (Family::V4, u128::from(u32::from(address))),
        IpAddr::V6(address) => (Family::V6, u128::from(address)),
    }
}

/// The address that a number of a family stands for.
pub(in crate::engine) fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
        Family::V6 => IpAddr::V6(number.into()),
    }
}

/// The last number of a family.
pub(in crate::engine) fn last(family: Family) -> u128 {
    match family {
        Family::V4 => u128::from(u32::MAX),
        Family::V6 => u128::MAX,
    }
}

/// The addresses of a range.
pub(in crate::engine) fn span(cidr: &Cidr) -> Span {
    let (family, first) = number(cidr.network());
    let bits = match family {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    let free = bits - u32::from(cidr.prefix_len()).min(bits);
    let hosts = if free == 128 { u128::MAX } else { (1 << free) - 1 };
    (first, first | hosts)
}

/// Disjoint, ordered spans that do not touch.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut all: Vec<Span> = Vec::new();
    for (from, to) in spans {
        match all.last_mut() {
            Some((_, end)) if from <= end.saturating_add(1) => *end = (*end).max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

/// An ipBlock, its exceptions taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Block {
    family: Family,
    /// The first span to the last, with or without holes.
    hull: Span,
    /// The spans, where there is more than one; empty: the hull is the block.
    spans: Arc<[Span]>,
}

impl Default for Block {
    /// Of no address.
    fn default() -> Self {
        Self { family: Family::V4, hull: (1, 0), spans: Arc::default() }
    }
}

impl Block {
    pub(in crate::engine) fn of(block: &IpBlock) -> Self {
        let (first, last) = span(&block.cidr());
        let holes = merged(block.except().iter().map(span).collect());
        let mut spans = Vec::new();
        let mut from = Some(first);
        for (hole, end) in holes {
            match from {
                Some(begin) if begin < hole => spans.push((begin, hole - 1)),
                _ => {}
            }
            from = end.checked_add(1).filter(|next| *next <= last);
        }
        spans.extend(from.map(|begin| (begin, last)));
        let hull = match (spans.first(), spans.last()) {
            (Some((first, _)), Some((_, last))) => (*first, *last),
            _ => (1, 0),
        };
        let spans = if spans.len() == 1 { Arc::default() } else { spans.into() };
        Self { family: block.cidr().family(), hull, spans }
    }

    pub(in crate::engine) fn family(&self) -> Family {
        self.family
    }

    /// Its spans, in order.
    pub(in crate::engine) fn spans(&self) -> &[Span] {
        match (&*self.spans, self.hull) {
            ([], (first, last)) if first > last => &[],
            ([], _) => std::slice::from_ref(&self.hull),
            (spans, _) => spans,
        }
    }

    /// Whether it holds the address.
    #[inline]
    pub(in crate::engine) fn holds(&self, (family, number): (Family, u128)) -> bool {
        let (first, last) = self.hull;
        if family != self.family || number < first || last < number {
            return false;
        }
        if self.spans.is_empty() {
            return true;
        }
        let at = self.spans.partition_point(|(_, to)| *to < number);
        self.spans.get(at).is_some_and(|(from, _)| *from <= number)
    }
}

/// The smallest range of addresses, of each family, that holds every address that was ever entered: it has grown at most
/// 162 times, however many they are.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Hull {
    v4: Option<Span>,
    v6: Option<Span>,
}

impl Hull {
    /// Enters an address; whether the hull has grown.
    pub(in crate::engine) fn enter(&mut self, address: IpAddr) -> bool {
        let (family, number) = number(address);
        let span = if family == Family::V4 { &mut self.v4 } else { &mut self.v6 };
        match span {
            Some((first, last)) if *first <= number && number <= *last => return false,
            Some((first, last)) => {
                // The bits below the first in which they differ.
                let free = u128::MAX >> ((*first ^ number) | (*first ^ *last)).leading_zeros();
                (*first, *last) = (number & !free, number | free);
            }
            None => *span = Some((number, number)),
        }
        true
    }

    /// Whether the block holds any address that it could hold of these.
    pub(in crate::engine) fn meets(&self, block: &Block) -> bool {
        let hull = if block.family == Family::V4 { self.v4 } else { self.v6 };
        hull.is_some_and(|(from, to)| {
            let spans = block.spans();
            spans.get(spans.partition_point(|(_, last)| *last < from)).is_some_and(|(first, _)| *first <= to)
        })
    }
}

/// How much of a set of addresses a block holds (U6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Share {
    None,
    Some,
    All,
}

/// The addresses that a pod without one may have, of each family (U6).
#[derive(Debug, Clone)]
pub(in crate::engine) struct Possible {
    v4: Vec<Span>,
    v6: Vec<Span>,
}

impl Possible {
    /// Those of the CIDRs; of a family without any, all addresses.
    pub(in crate::engine) fn of(cidrs: &[Cidr]) -> Self {
        let spans = |family: Family| {
            let of_family = cidrs.iter().filter(|cidr| cidr.family() == family).map(span).collect::<Vec<_>>();
            if of_family.is_empty() { vec![(0, last(family))] } else { merged(of_family) }
        };
        Self { v4: spans(Family::V4), v6: spans(Family::V6) }
    }

    pub(in crate::engine) fn share(&self, family: Family, block: &Block) -> Share {
        let possible = if family == Family::V4 { &self.v4 } else { &self.v6 };
        if block.family != family {
            return Share::None;
        }
        let (mut some, mut all) = (false, true);
        for (from, to) in possible {
            let at = block.spans().partition_point(|(_, end)| end < from);
            match block.spans().get(at) {
                Some((begin, end)) => {
                    some |= begin <= to;
                    all &= begin <= from && to <= end;
                }
                None => all = false,
            }
        }
        match (some, all) {
            (false, _) => Share::None,
            (true, true) => Share::All,
            (true, false) => Share::Some,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(cidr: &str, except: &[&str]) -> Block {
        let except = except.iter().map(|text| text.parse().unwrap()).collect();
        Block::of(&IpBlock::new(cidr.parse().unwrap(), except).unwrap())
    }

    fn holds(block: &Block, address: &str) -> bool {
        block.holds(number(address.parse().unwrap()))
    }

    #[test]
    fn exceptions_are_holes() {
        let nested =
            block("10.0.0.0/8", &["10.1.0.0/16", "10.1.2.0/24", "10.0.0.0/32", "10.255.255.255/32", "10.2.0.0/16"]);
        assert_eq!(nested.spans().len(), 2);
        for (address, held) in [
            ("10.0.0.0", false),
            ("10.0.0.1", true),
            ("10.0.255.255", true),
            ("10.1.0.0", false),
            ("10.2.255.255", false),
            ("10.3.0.0", true),
            ("10.255.255.254", true),
            ("10.255.255.255", false),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("::ffff:10.3.0.0", true),
            ("::a03:0", false),
        ] {
            assert_eq!(holds(&nested, address), held, "{address}");
        }
        let all = block("::/0", &["ffff::/16", "::/128"]);
        assert!(holds(&all, "::1") && !holds(&all, "::") && !holds(&all, "ffff::1") && !holds(&all, "10.0.0.1"));
        let none = block("10.0.0.0/8", &["10.0.0.0/8"]);
        assert!(none.spans().is_empty() && !holds(&none, "10.0.0.1"));
        assert_eq!(block("0.0.0.0/0", &[]).spans(), [(0, last(Family::V4))]);
    }

    #[test]
    fn hulls_grow_by_prefixes() {
        let mut hull = Hull::default();
        let enter = |hull: &mut Hull, text: &str| hull.enter(text.parse().unwrap());
        assert!(!hull.meets(&block("0.0.0.0/0", &[])));
        assert!(enter(&mut hull, "10.0.0.5") && !enter(&mut hull, "10.0.0.5") && enter(&mut hull, "10.0.0.6"));
        assert_eq!(hull.v4.map(|(first, last)| (first & 0xFF, last & 0xFF)), Some((4, 7)));
        assert!(enter(&mut hull, "10.0.0.1") && !enter(&mut hull, "10.0.0.2") && enter(&mut hull, "10.255.0.1"));
        let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
        assert!(!hull.meets(&block("0.0.0.0/0", &private)) && hull.meets(&block("0.0.0.0/0", &private[1..])));
        assert!(!hull.meets(&block("::/0", &[])));
        assert!(enter(&mut hull, "fd00::1") && enter(&mut hull, "2001:db8::1"));
        assert!(
            hull.meets(&block("::/0", &[])) && enter(&mut hull, "255.0.0.1") && hull.meets(&block("0.0.0.0/1", &[]))
        );
    }

    #[test]
    fn shares_of_what_is_possible() {
        let possible = Possible::of(&["10.0.0.0/16".parse().unwrap(), "10.1.0.0/16".parse().unwrap()]);
        let share = |cidr, except: &[&str]| possible.share(Family::V4, &block(cidr, except));
        assert_eq!(share("10.0.0.0/15", &[]), Share::All, "touching ranges are one");
        assert_eq!(share("10.0.0.0/15", &["10.1.0.0/32"]), Share::Some);
        assert_eq!(share("10.1.255.255/32", &[]), Share::Some);
        assert_eq!(share("10.0.0.0/8", &["10.0.0.0/15"]), Share::None);
        assert_eq!(share("10.2.0.0/16", &[]), Share::None);
        assert_eq!(possible.share(Family::V6, &block("::/0", &[])), Share::All);
        assert_eq!(possible.share(Family::V6, &block("::/1", &[])), Share::Some);
        assert_eq!(possible.share(Family::V6, &block("0.0.0.0/0", &[])), Share::None);
    }
}
