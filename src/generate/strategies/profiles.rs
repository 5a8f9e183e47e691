//! Profiles: every model, versions at the edges of the vendor's table, editions, overrides.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::vocabulary::{Range, cidr, one_of, pick, v4, v6};
use crate::net::Cidr;
use crate::profile::capability::Capabilities;
use crate::profile::cce::{Edition, NetworkModel};
use crate::profile::profile::{Base, Profile, Switch};
use crate::profile::row::Row;
use crate::profile::version::ClusterVersion;
use crate::release::Release;

/// A row that can be overridden and one of its words.
///
/// ```
/// use netpol_oracle::Profile;
/// use netpol_oracle::generate::strategies::overrides;
/// proptest::proptest!(|((row, word) in overrides())| {
///     assert!(Profile::kubernetes().with_override(row, word).is_ok());
/// });
/// ```
pub fn overrides() -> impl Strategy<Value = (Row, &'static str)> {
    // Rows that few flows touch weigh more than those that touch every flow.
    let weight = |row: Row| match row {
        Row::C1 | Row::C2 | Row::C3 | Row::C6 | Row::C8 | Row::C12 => 1,
        Row::C7 | Row::C13 | Row::U2 | Row::U5 | Row::U6 => 6,
        Row::U7 | Row::U8 | Row::U9 => 1,
        Row::C10 | Row::U4 => 12,
        Row::C14 => 9,
        _ => 3,
    };
    let rows = Row::ALL.iter().filter(|row| !Capabilities::words(**row).is_empty());
    let rows: Vec<(u32, Row)> = rows.map(|row| (weight(*row), *row)).collect();
    (one_of(&rows), any::<Index>()).prop_filter_map("rows that have words", |(row, at)| {
        pick(&at, Capabilities::words(row)).map(|word| (row, *word))
    })
}

/// On and next to the versions that rows C2 and C3 name, and some recent ones.
const EDGES: [ClusterVersion; 16] = [
    ClusterVersion::new(1, 22, 9, 0),
    ClusterVersion::new(1, 23, 0, 0),
    ClusterVersion::new(1, 27, 16, 9),
    ClusterVersion::new(1, 27, 16, 10),
    ClusterVersion::new(1, 27, 16, 30),
    ClusterVersion::new(1, 28, 15, 0),
    ClusterVersion::new(1, 28, 15, 20),
    ClusterVersion::new(1, 29, 9, 30),
    ClusterVersion::new(1, 29, 10, 0),
    ClusterVersion::new(1, 29, 13, 0),
    ClusterVersion::new(1, 30, 6, 0),
    ClusterVersion::new(1, 30, 10, 0),
    ClusterVersion::new(1, 31, 4, 0),
    ClusterVersion::new(1, 31, 6, 0),
    ClusterVersion::new(1, 34, 3, 10),
    ClusterVersion::new(1, 36, 0, 0),
];

fn bases() -> impl Strategy<Value = Base> {
    let recent = select(vec![ClusterVersion::new(1, 31, 6, 0), ClusterVersion::new(1, 33, 1, 0)]);
    let versions = prop_oneof![4 => recent, 1 => select(EDGES.as_slice())];
    let models = one_of(&[(3, NetworkModel::Tunnel), (2, NetworkModel::Vpc), (3, NetworkModel::CloudNative2)]);
    prop_oneof![
        4 => Just(Base::Kubernetes(Release::DEFAULT)),
        7 => (models, versions).prop_map(|(model, version)| Base::Cce(model, version)),
    ]
}

/// The profile with the ranges that the worlds' pods and Services are in, with some that hold only part of them, or
/// without any.
///
/// ```
/// use netpol_oracle::Profile;
/// use netpol_oracle::generate::strategies::with_ranges;
/// proptest::proptest!(|(profile in with_ranges(Profile::kubernetes()))| {
///     assert_eq!(profile.base(), Profile::kubernetes().base());
/// });
/// ```
pub fn with_ranges(profile: Profile) -> impl Strategy<Value = Profile> {
    const PODS: [(u32, &[Range]); 5] = [
        (2, &[]),
        (1, &[(v4(10, 0, 0, 0), 16)]),
        (1, &[(v4(10, 0, 0, 0), 25), (v4(10, 0, 0, 128), 25), (v6(0xfd00, 0, 0), 64)]),
        (1, &[(v4(10, 0, 0, 0), 16), (v4(172, 20, 0, 0), 16), (v6(0xfd00, 0, 0), 48)]),
        (1, &[(v4(10, 0, 0, 0), 30), (v6(0xfd00, 0, 0), 64)]),
    ];
    const SERVICES: [(u32, &[Range]); 2] = [(1, &[]), (1, &[(v4(10, 96, 0, 0), 16), (v6(0xfd96, 0, 0), 112)])];
    (one_of(&PODS), one_of(&SERVICES)).prop_map(move |(pods, services)| {
        let cidrs = |ranges: &[Range]| ranges.iter().map(|range| cidr(*range)).collect::<Vec<Cidr>>();
        profile.clone().with_pod_cidrs(cidrs(pods)).with_service_cidrs(cidrs(services))
    })
}

/// The profile with the overrides that its rows know.
pub(super) fn with_overrides(profile: Profile, overrides: impl IntoIterator<Item = (Row, &'static str)>) -> Profile {
    overrides
        .into_iter()
        .fold(profile, |profile, (row, word)| profile.clone().with_override(row, word).unwrap_or(profile))
}

/// Profiles of every network model and of Kubernetes: mostly recent and switched on, some at the edges of the table,
/// of other editions or switched off; 70 % have one to four overrides.
///
/// ```
/// use netpol_oracle::generate::strategies::profiles;
/// proptest::proptest!(|(profile in profiles())| {
///     assert!(profile.overrides().len() <= 4);
/// });
/// ```
pub fn profiles() -> impl Strategy<Value = Profile> {
    let editions = one_of(&[(6, Edition::Seed), (1, Edition::SeedProse), (1, Edition::Y2026), (1, Edition::Otc)]);
    let switches = one_of(&[(30, Switch::On), (1, Switch::Off)]);
    let some = prop_oneof![3 => Just(Vec::new()), 7 => vec(overrides(), 1..5)];
    let ranged = with_ranges(Profile::kubernetes());
    (bases(), editions, switches, ranged, some).prop_map(|(base, edition, switch, ranged, overrides)| {
        let profile = Profile::new(base).with_edition(edition).with_switch(switch);
        let profile = profile
            .with_pod_cidrs(ranged.pod_cidrs().iter().copied())
            .with_service_cidrs(ranged.service_cidrs().iter().copied());
        with_overrides(profile, overrides)
    })
}
