//! Without a bug the plane and the definition agree wherever the definition is definite.

use netpol_backend_memory::Plane;
use netpol_oracle::oracle::{DataPlane, Face};
use netpol_oracle::{Cluster, Profile};

use super::probes::asked;
use super::sequences::{Sequence, real_worlds, sequences};
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

/// Every face, of worlds of what real clusters hold.
#[test]
fn a_plane_equals_the_definition_at_every_face() {
    let mut tally = Tally::default();
    for (at, (world, asked)) in real_worlds().take(wanted(200)).enumerate() {
        if let Err(difference) = compare(&mut installed(&world.cluster, &world.profile), &asked, &mut tally) {
            panic!("world {at}, after {tally:?}\n{difference}\n{}", shown(&world.cluster, &world.profile));
        }
    }
    println!("faces: {tally:?}");
    let seen = |face| tally.by_face.get(&face).copied().unwrap_or_default();
    for face in [Face::ClusterIp, Face::Address, Face::NodePort, Face::HostPort] {
        assert!(seen(face) > 100, "{face:?}: {tally:?}");
    }
    assert!(tally.denied * 20 > tally.compared && tally.undefined * 4 < tally.compared * 3, "{tally:?}");
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
