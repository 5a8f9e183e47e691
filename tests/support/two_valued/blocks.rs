//! Addresses and the blocks that hold them (K14, U6).

use std::net::IpAddr;

use netpol_oracle::net::{Cidr, Family, IpBlock};

/// How many of some addresses a block holds.
pub(super) enum Share {
    All,
    None,
    Some,
}

pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The address of that number; of one too great for IPv4, the last.
pub(super) fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
        Family::V6 => IpAddr::V6(number.into()),
    }
}

pub(super) fn last_of(family: Family) -> u128 {
    if family == Family::V4 { u128::from(u32::MAX) } else { u128::MAX }
}

/// First and last address.
pub(super) fn bounds(cidr: &Cidr) -> (u128, u128) {
    let bits = if cidr.family() == Family::V4 { 32 } else { 128 };
    let free = bits - u32::from(cidr.prefix_len());
    let first = number(cidr.network());
    let size_less_one = if free == 128 { u128::MAX } else { (1_u128 << free) - 1 };
    (first, first + size_less_one)
}

pub(super) fn in_range(cidr: &Cidr, address: IpAddr) -> bool {
    let (first, last) = bounds(cidr);
    cidr.network().is_ipv4() == address.is_ipv4() && (first..=last).contains(&number(address))
}

pub(super) fn held(block: &IpBlock, address: IpAddr) -> bool {
    in_range(&block.cidr(), address) && !block.except().iter().any(|except| in_range(except, address))
}

/// Where membership of the block may change: where some range begins or has just ended.
pub(super) fn edges(block: &IpBlock) -> Vec<u128> {
    std::iter::once(block.cidr())
        .chain(block.except().iter().copied())
        .flat_map(|cidr| [Some(bounds(&cidr).0), bounds(&cidr).1.checked_add(1)])
        .flatten()
        .collect()
}

/// How many of the addresses that a pod without one may get lie in the block (U6): those of `known` of the family, where
/// there are any, else any.
pub(super) fn share(block: &IpBlock, known: &[Cidr], family: Family) -> Share {
    let mut ranges: Vec<(u128, u128)> = known.iter().filter(|cidr| cidr.family() == family).map(bounds).collect();
    if ranges.is_empty() {
        ranges.push((0, last_of(family)));
    }
    let same_family = block.cidr().family() == family;
    let edges = edges(block);
    let (mut some_in, mut some_out) = (false, false);
    for (first, last) in ranges {
        for at in edges.iter().copied().chain([first]).filter(|at| (first..=last).contains(at)) {
            let inside = same_family && held(block, address(family, at));
            *(if inside { &mut some_in } else { &mut some_out }) = true;
        }
    }
    match (some_in, some_out) {
        (true, false) => Share::All,
        (true, true) => Share::Some,
        _ => Share::None,
    }
}
