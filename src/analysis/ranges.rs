//! Address ranges as numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::net::{Cidr, Family, IpBlock, canonical};

/// An address as a number, its family before it.
pub(crate) type Key = (Family, u128);

/// From the first address to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) first: Key,
    pub(crate) last: Key,
}

pub(crate) fn key(address: IpAddr) -> Key {
    match canonical(address) {
        IpAddr::V4(v4) => (Family::V4, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (Family::V6, u128::from(v6)),
    }
}

pub(crate) fn address((family, number): Key) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::V6 => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

impl Span {
    pub(crate) fn of(cidr: &Cidr) -> Self {
        let family = cidr.family();
        let last = match cidr.as_ipnet() {
            ipnet::IpNet::V4(net) => u128::from(u32::from(net.broadcast())),
            ipnet::IpNet::V6(net) => u128::from(net.broadcast()),
        };
        Self { first: key(cidr.network()), last: (family, last) }
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// What the `except`s leave of a block, in order (K14).
pub(crate) fn remaining(block: &IpBlock) -> Vec<Span> {
    let whole = Span::of(&block.cidr());
    let family = whole.first.0;
    let mut cuts: Vec<Span> = block.except().iter().map(Span::of).collect();
    cuts.sort_unstable();
    let mut rest = Vec::new();
    let mut next = Some(whole.first.1);
    for cut in cuts {
        let Some(from) = next else { break };
        if cut.first.1 > from {
            rest.push(Span { first: (family, from), last: (family, cut.first.1 - 1) });
        }
        if cut.last.1 >= from {
            next = cut.last.1.checked_add(1).filter(|next| *next <= whole.last.1);
        }
    }
    if let Some(from) = next {
        rest.push(Span { first: (family, from), last: whole.last });
    }
    rest
}

/// The union of spans, as few as can be, in order.
pub(crate) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut union: Vec<Span> = Vec::new();
    for span in spans {
        match union.last_mut() {
            Some(last) if last.last.0 == span.first.0 && last.last.1.saturating_add(1) >= span.first.1 => {
                last.last = last.last.max(span.last);
            }
            _ => union.push(span),
        }
    }
    union
}

/// Whether one of `union` (from [`merged`]) holds all of `span`.
pub(crate) fn covers(union: &[Span], span: &Span) -> bool {
    let at = union.partition_point(|known| known.last < span.first);
    union.get(at).is_some_and(|known| known.first <= span.first && span.last <= known.last)
}
