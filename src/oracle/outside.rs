//! Addresses outside the cluster, for intervals of them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::engine::{Distinctions, Snapshot};
use crate::net::Family;

/// How many addresses that somebody has are stepped over.
const STEPS: u32 = 1 << 16;

/// Ranges that packets do not come from as a rule: taken only where an interval has nothing else.
const UNUSUAL_V4: [(u32, u32); 4] = [
    (0, 0x00FF_FFFF),
    (0x7F00_0000, 0x7FFF_FFFF), // loopback
    (0xA9FE_0000, 0xA9FE_FFFF), // link-local
    (0xE000_0000, 0xFFFF_FFFF), // multicast and reserved
];
const UNUSUAL_V6: [(u128, u128); 3] = [
    (0, 1),
    (0xFE80 << 112, (0xFEC0 << 112) - 1), // link-local
    (0xFF00 << 112, u128::MAX),           // multicast
];

/// Of each interval that the row tells apart the first and the last address that nobody in the cluster has.
pub(super) fn outside(engine: &Snapshot, row: &Distinctions, family: Family) -> Vec<IpAddr> {
    let mut found: BTreeSet<IpAddr> = BTreeSet::new();
    for (first, last) in row.addresses(family) {
        let (first, last) = (number(first), number(last));
        let usual = narrowed(first, last, family);
        let up = usual.and_then(|(first, last)| free(engine, family, first, last, true));
        let ends = match (usual, up) {
            (Some((first, last)), Some(up)) => [Some(up), free(engine, family, first, last, false)],
            _ => [free(engine, family, first, last, true), free(engine, family, first, last, false)],
        };
        found.extend(ends.into_iter().flatten());
    }
    found.into_iter().collect()
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
        Family::V6 => IpAddr::V6(number.into()),
    }
}

/// The interval without unusual addresses at its ends.
fn narrowed(mut first: u128, mut last: u128, family: Family) -> Option<(u128, u128)> {
    let v4 = UNUSUAL_V4.iter().map(|(from, to)| (u128::from(*from), u128::from(*to)));
    let unusual: Vec<(u128, u128)> = if family == Family::V4 { v4.collect() } else { UNUSUAL_V6.to_vec() };
    for (from, to) in &unusual {
        if *from <= first && first <= *to {
            first = to.checked_add(1)?;
        }
    }
    for (from, to) in unusual.iter().rev() {
        if *from <= last && last <= *to {
            last = from.checked_sub(1)?;
        }
    }
    (first <= last).then_some((first, last))
}

fn free(engine: &Snapshot, family: Family, first: u128, last: u128, up: bool) -> Option<IpAddr> {
    let (mut at, end) = if up { (first, last) } else { (last, first) };
    for _ in 0..STEPS {
        let here = address(family, at);
        if engine.is_outside(here) {
            return Some(here);
        }
        if at == end {
            return None;
        }
        at = if up { at + 1 } else { at - 1 };
    }
    None
}
