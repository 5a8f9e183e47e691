//! Without a bug the plane and the definition agree wherever the definition is definite.

use netpol_backend_memory::Plane;
use netpol_oracle::oracle::DataPlane;
use netpol_oracle::{Cluster, Profile};

use super::probes::asked;
use super::sequences::{Sequence, sequences};
use super::{Tally, compare};
use crate::support::worlds::World;

/// How many worlds a run makes; `PLANE_WORLDS` asks for more.
fn wanted(quick: usize) -> usize {
    std::env::var("PLANE_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(quick)
}

fn installed(cluster: &Cluster, profile: &Profile) -> Plane {
    let mut plane = Plane::new();
    let Ok(()) = plane.install(cluster, profile);
    plane
}

fn shown(cluster: &Cluster, profile: &Profile) -> String {
    format!("{:?}", World::new(cluster.clone(), profile.clone(), Vec::new()))
}

#[test]
fn an_installed_plane_equals_the_definition() {
    let mut tally = Tally::default();
    for Sequence { before, profile, .. } in sequences().take(wanted(300)) {
        let asked = asked(&before, &profile);
        if let Err(difference) = compare(&mut installed(&before, &profile), &asked, &mut tally) {
            panic!("after {tally:?}\n{difference}\n{}", shown(&before, &profile));
        }
    }
    println!("installed: {tally:?}");
    assert!(tally.denied * 8 > tally.compared && tally.undefined * 2 < tally.compared, "{tally:?}");
}

#[test]
fn a_plane_that_followed_changes_equals_one_installed_afresh() {
    let mut tally = Tally::default();
    for Sequence { before, steps, profile } in sequences().take(wanted(60)) {
        let mut plane = installed(&before, &profile);
        for (changes, cluster) in steps {
            let Ok(()) = plane.apply(&changes, &cluster);
            let fresh = installed(&cluster, &profile);
            assert!(plane.has_rules_of(&fresh), "{changes:?}\n{plane:#?}\n{fresh:#?}\n{}", shown(&before, &profile));
            if let Err(difference) = compare(&mut plane, &asked(&cluster, &profile), &mut tally) {
                panic!("after {tally:?}\n{difference}\n{}", shown(&cluster, &profile));
            }
        }
    }
    println!("followed: {tally:?}");
}
