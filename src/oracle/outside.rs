//! Addresses outside the cluster, for intervals of them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

use crate::engine::{Distinctions, Snapshot};
use crate::net::{AddressNumber, AddressRange, Cidr, Family};

/// How many addresses that somebody has are stepped over.
const STEPS: u32 = 1 << 16;

/// Ranges that packets do not come from as a rule, in order: taken only where an interval has nothing else. This network,
/// loopback, link-local, multicast and reserved.
static UNUSUAL: LazyLock<Vec<AddressRange>> = LazyLock::new(|| {
    let texts = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8"];
    texts.iter().filter_map(|text| text.parse::<Cidr>().ok()).map(AddressRange::from).collect()
});

/// Of each interval that the row tells apart the first and the last address that nobody in the cluster has.
pub(super) fn outside(engine: &Snapshot, row: &Distinctions, family: Family) -> Vec<IpAddr> {
    let mut found: BTreeSet<IpAddr> = BTreeSet::new();
    for (first, last) in row.addresses(family) {
        let Some(interval) = AddressRange::new(first, last) else { continue };
        let usual = narrowed(interval, &UNUSUAL);
        let lowest = usual.and_then(|range| lowest_free(engine, range));
        let ends = match (usual, lowest) {
            (Some(range), Some(lowest)) => [Some(lowest), highest_free(engine, range)],
            _ => [lowest_free(engine, interval), highest_free(engine, interval)],
        };
        found.extend(ends.into_iter().flatten());
    }
    found.into_iter().collect()
}

/// The interval without unusual addresses at its ends.
fn narrowed(interval: AddressRange, unusual: &[AddressRange]) -> Option<AddressRange> {
    let (mut first, mut last) = (interval.first_number(), interval.last_number());
    for range in unusual {
        if range.first_number() <= first && first <= range.last_number() {
            first = range.last_number().next()?;
        }
    }
    for range in unusual.iter().rev() {
        if range.first_number() <= last && last <= range.last_number() {
            last = range.first_number().previous()?;
        }
    }
    AddressRange::between(first, last)
}

fn lowest_free(engine: &Snapshot, range: AddressRange) -> Option<IpAddr> {
    let upwards = std::iter::successors(Some(range.first_number()), |number| number.next());
    free(engine, upwards.take_while(|number| *number <= range.last_number()))
}

fn highest_free(engine: &Snapshot, range: AddressRange) -> Option<IpAddr> {
    let downwards = std::iter::successors(Some(range.last_number()), |number| number.previous());
    free(engine, downwards.take_while(|number| *number >= range.first_number()))
}

fn free(engine: &Snapshot, numbers: impl Iterator<Item = AddressNumber>) -> Option<IpAddr> {
    let mut addresses = numbers.take(STEPS as usize).map(AddressNumber::address);
    addresses.find(|address| engine.is_outside(*address))
}
