//! Addresses as sorted spans of numbers, as packet filters hold them.

use std::net::IpAddr;

use netpol_oracle::net::canonical;
use netpol_oracle::net::{Cidr, Family};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    family: Family,
    first: u128,
    last: u128,
}

/// A set of addresses: spans that are sorted and do not overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ranges {
    spans: Vec<Span>,
}

impl Ranges {
    /// Every address that shares its first `prefix` bits with the network's.
    pub(crate) fn of_network(cidr: Cidr, prefix: u8) -> Self {
        let (family, number) = number(cidr.network());
        let bits = match family {
            Family::V4 => 32,
            Family::V6 => 128,
        };
        let free = bits - u32::from(prefix);
        let low = u128::MAX.checked_shr(128 - free).unwrap_or(0);
        Self { spans: vec![Span { family, first: number & !low, last: number | low }] }
    }

    pub(crate) fn of(cidr: Cidr) -> Self {
        Self::of_network(cidr, cidr.prefix_len())
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut all: Vec<Span> = self.spans.iter().chain(&other.spans).copied().collect();
        all.sort_unstable();
        let mut spans: Vec<Span> = Vec::with_capacity(all.len());
        for span in all {
            match spans.last_mut() {
                Some(last) if last.family == span.family && span.first <= last.last => {
                    last.last = last.last.max(span.last);
                }
                _ => spans.push(span),
            }
        }
        Self { spans }
    }

    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut spans = self.spans.clone();
        for cut in &other.spans {
            let mut rest = Vec::with_capacity(spans.len() + 1);
            for span in spans {
                if span.family != cut.family || cut.last < span.first || span.last < cut.first {
                    rest.push(span);
                    continue;
                }
                if span.first < cut.first {
                    rest.push(Span { last: cut.first - 1, ..span });
                }
                if cut.last < span.last {
                    rest.push(Span { first: cut.last + 1, ..span });
                }
            }
            spans = rest;
        }
        Self { spans }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let (family, number) = number(address);
        self.holds(family, number)
    }

    /// What a filter finds that keeps the low half of an address only.
    pub(crate) fn contains_low_bits(&self, address: IpAddr) -> bool {
        let (_, number) = number(address);
        self.holds(Family::V4, number & u128::from(u32::MAX))
    }

    fn holds(&self, family: Family, number: u128) -> bool {
        let after = self.spans.partition_point(|span| (span.family, span.first) <= (family, number));
        let span = after.checked_sub(1).and_then(|at| self.spans.get(at));
        span.is_some_and(|span| span.family == family && number <= span.last)
    }
}

fn number(address: IpAddr) -> (Family, u128) {
    match canonical(address) {
        IpAddr::V4(address) => (Family::V4, u128::from(address.to_bits())),
        IpAddr::V6(address) => (Family::V6, address.to_bits()),
    }
}
