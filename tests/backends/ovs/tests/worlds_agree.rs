//! Generated worlds: the switch does what the definition says.

use std::time::{Duration, Instant};

use netpol_oracle::oracle::{DataPlane, Face};
use netpol_test_support::faces;

use crate::ask::questions;
use crate::harness::{Tally, real_world, say, setting, shown, switch, world};

#[test]
fn the_switch_does_what_the_definition_says() {
    let Some(mut plane) = switch("worlds") else { return };
    let first = setting("NETPOL_OVS_FIRST", 0);
    let worlds = setting("NETPOL_OVS_WORLDS", 40);
    let (mut tally, mut faults) = (Tally::default(), Vec::new());
    let (mut probing, mut installing, mut flows) = (Duration::ZERO, Duration::ZERO, 0);
    for number in first..first + worlds {
        let (cluster, profile) = world(number);
        let asked = questions(&cluster, &profile);
        let begun = Instant::now();
        plane.install(&cluster, &profile).unwrap_or_else(|error| panic!("world {number}: {error}"));
        installing += begun.elapsed();
        flows += plane.flow_count();
        let (begun, before) = (Instant::now(), tally.mismatches.len());
        asked.iter().for_each(|one| tally.compare(&mut plane, one));
        probing += begun.elapsed();
        let new = &tally.mismatches[before..];
        if !new.is_empty() && faults.len() < 3 {
            let few: Vec<&String> = new.iter().take(12).collect();
            faults.push(format!("world {number}: {} mismatches{}\n{few:#?}", new.len(), shown(&cluster, &profile)));
        }
    }
    let rate = (tally.agreed + tally.undefined) as f64 / probing.as_secs_f64();
    say(&format!(
        "ovs: {worlds} worlds, {tally}\n  {flows} flows, {:.1} ms an installation, {rate:.0} observed probes a second",
        installing.as_secs_f64() * 1e3 / worlds.max(1) as f64,
    ));
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(worlds == 0 || tally.agreed > tally.undefined, "most probes have an answer: {tally}");
}

/// `NETPOL_OVS_FACE_WORLDS` asks for more, from `NETPOL_OVS_FIRST` on.
#[test]
fn the_switch_does_what_the_definition_says_at_every_face() {
    let Some(mut plane) = switch("faces") else { return };
    let first = setting("NETPOL_OVS_FIRST", 0);
    let worlds = setting("NETPOL_OVS_FACE_WORLDS", 60);
    let mut tally = Tally::default();
    for number in first..first + worlds {
        let world = real_world(number);
        plane.install(&world.cluster, &world.profile).unwrap_or_else(|error| panic!("world {number}: {error}"));
        for asked in faces::questions(&world.cluster, &world.profile, &world.flows) {
            tally.compare(&mut plane, &asked);
        }
        let few: Vec<&String> = tally.mismatches.iter().take(12).collect();
        assert!(few.is_empty(), "world {number}: {few:#?}\n{}", shown(&world.cluster, &world.profile));
    }
    say(&format!("ovs: {worlds} worlds with faces, {tally}"));
    for face in [Face::ClusterIp, Face::Address, Face::NodePort, Face::HostPort] {
        let seen = tally.faces.get(&face).copied().unwrap_or_default();
        assert!(seen >= worlds, "{face:?}: {tally}");
    }
    assert!(tally.denied * 20 > tally.agreed, "{tally}");
}
