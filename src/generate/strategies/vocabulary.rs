//! What the strategies' worlds are made of: few names, labels, addresses and ports, so that things meet.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::Union;

use crate::labels::{LabelKey, LabelValue};
use crate::net::Cidr;

pub(super) use crate::generate::vocabulary::port;

pub(super) const NAMESPACES: [&str; 3] = ["x", "y", "z"];
pub(super) const NODES: [&str; 2] = ["n1", "n2"];

pub(super) const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

/// `first:second::last`.
pub(super) const fn v6(first: u16, second: u16, last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, last))
}

/// Addresses that no object of a world bears: plain outside ones, of the cloud's internal range, and of the ranges that
/// profiles call pod and Service CIDRs.
pub(super) const OUTSIDE: [IpAddr; 9] = [
    v4(203, 0, 113, 9),
    v4(198, 51, 100, 20),
    v4(100, 125, 3, 3),
    v4(100, 126, 0, 1),
    v4(10, 0, 0, 255),
    v4(10, 96, 0, 200),
    v6(0x2001, 0xdb8, 9),
    v6(0xfd00, 0, 0x200),
    v4(10, 0, 255, 9),
];

/// A range as address and prefix, which every entry of this module's users fits.
pub(super) type Range = (IpAddr, u8);

pub(super) fn cidr((address, prefix): Range) -> Cidr {
    Cidr::new(address, prefix).unwrap_or_else(|_| Cidr::host(address))
}

pub(super) fn label(key: &'static str, value: &'static str) -> (LabelKey, LabelValue) {
    (LabelKey::known(key), LabelValue::known(value))
}

/// One of `choices`, each as often as its weight says.
pub(super) fn one_of<T: Clone + fmt::Debug + 'static>(choices: &[(u32, T)]) -> impl Strategy<Value = T> + use<T> {
    Union::new_weighted(choices.iter().map(|(weight, choice)| (*weight, Just(choice.clone()))).collect())
}

/// The entry that `index` points at; none of nothing.
pub(super) fn pick<'a, T>(index: &Index, of: &'a [T]) -> Option<&'a T> {
    if of.is_empty() { None } else { of.get(index.index(of.len())) }
}
