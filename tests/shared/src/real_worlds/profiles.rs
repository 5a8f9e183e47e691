//! What the worlds run on.

use netpol_oracle::profile::{Capabilities, ClusterVersion};
use netpol_oracle::{Profile, Release, Row};

use super::Dice;
use super::words::cidr;

pub(super) fn profile(dice: &mut Dice) -> Profile {
    let version = ClusterVersion::new(1, 31, 6, 0);
    let mut profile = match dice.below(10) {
        0 => Profile::tunnel(version),
        1 => Profile::vpc(version),
        2 => Profile::cloud_native_2(version),
        3 => Profile::kubernetes_at(Release::v1(dice.pick(&[26, 27]))),
        _ => Profile::kubernetes(),
    };
    if dice.chance(50) {
        profile = profile.with_pod_cidrs([cidr("10.0.0.0/16")]);
    }
    if dice.chance(50) {
        profile = profile.with_service_cidrs([cidr("10.96.0.0/16")]);
    }
    if dice.chance(45) {
        let late = [Row::U2, Row::U3, Row::U4, Row::U5, Row::U6, Row::U7, Row::U8, Row::U9, Row::C13, Row::C6];
        for _ in 0..=dice.below(3) {
            let row = if dice.chance(75) { dice.pick(&late) } else { dice.pick(Row::ALL) };
            if let Some(words) = Some(Capabilities::words(row)).filter(|words| !words.is_empty()) {
                profile = profile.with_override(row, dice.pick(words)).unwrap();
            }
        }
    }
    profile
}
