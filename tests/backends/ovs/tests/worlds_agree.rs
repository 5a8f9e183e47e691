//! Generated worlds: the switch does what the definition says.

use std::time::{Duration, Instant};

use netpol_oracle::oracle::DataPlane;

use crate::ask::questions;
use crate::harness::{Tally, say, setting, shown, switch, world};

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
