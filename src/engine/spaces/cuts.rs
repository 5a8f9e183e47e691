//! Where addresses stop being alike: cuts, and the intervals between them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::engine::spaces::blocks::{Block, Span, address, last, span};
use crate::net::Family;
use crate::profile::cce::INTERNAL_CLOUD;
use crate::profile::profile::Profile;

/// IPv4-mapped addresses are IPv4 (K22): these numbers are none of IPv6.
const MAPPED: Span = (0xFFFF << 32, 0xFFFF_FFFF_FFFF);

/// Where an interval begins, in each family.
pub(in crate::engine) struct AddressCuts {
    v4: BTreeSet<u128>,
    v6: BTreeSet<u128>,
}

impl AddressCuts {
    /// Nothing is told apart yet.
    pub(in crate::engine) fn new() -> Self {
        let mut cuts = Self { v4: BTreeSet::from([0]), v6: BTreeSet::from([0]) };
        cuts.cut(Family::V6, MAPPED);
        cuts
    }

    fn cut(&mut self, family: Family, (from, to): Span) {
        let starts = if family == Family::V4 { &mut self.v4 } else { &mut self.v6 };
        starts.insert(from);
        if to < last(family) {
            starts.insert(to + 1);
        }
    }

    /// Tells the block's addresses from others.
    pub(in crate::engine) fn cut_block(&mut self, block: &Block) {
        block.spans().iter().for_each(|span| self.cut(block.family(), *span));
    }

    /// Tells 100.125.0.0/16 from others (C11).
    pub(in crate::engine) fn cut_internal_cloud(&mut self) {
        self.cut(INTERNAL_CLOUD.family(), span(&INTERNAL_CLOUD));
    }

    /// Tells apart what the profile does (C9, C11).
    pub(in crate::engine) fn cut_ranges_of(&mut self, profile: &Profile) {
        for cidr in profile.pod_cidrs().iter().chain(profile.service_cidrs()).chain(&[INTERNAL_CLOUD]) {
            self.cut(cidr.family(), span(cidr));
        }
    }

    /// Where the intervals of a family begin, in order.
    pub(in crate::engine) fn starts(&self, family: Family) -> Vec<u128> {
        let starts = if family == Family::V4 { &self.v4 } else { &self.v6 };
        starts.iter().copied().collect()
    }
}

/// The intervals that begin there, from the first to the last address of each.
pub(in crate::engine) fn intervals(family: Family, starts: &[u128]) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([last(family)]);
    let is_mapped = move |from: u128| family == Family::V6 && from >> 32 == MAPPED.0 >> 32;
    let own = starts.iter().copied().zip(ends).filter(move |(from, _)| !is_mapped(*from));
    own.map(move |(from, to)| (address(family, from), address(family, to)))
}
