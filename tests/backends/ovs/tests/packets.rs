//! Real packets fare as the trace says.

use std::time::{Duration, Instant};

use netpol_oracle::oracle::{DataPlane, Observed};

use crate::ask::questions;
use crate::harness::{say, setting, shown, switch, world};

#[test]
fn packets_fare_as_their_trace_says() {
    let Some(mut plane) = switch("packets") else { return };
    let (mut sent, mut spent) = (0, Duration::ZERO);
    let mut next = 0;
    for number in 0..setting("NETPOL_OVS_PACKET_WORLDS", 20) {
        let (cluster, profile) = world(number);
        plane.install(&cluster, &profile).unwrap_or_else(|error| panic!("{error}"));
        for asked in questions(&cluster, &profile) {
            let traced = plane.probe(&asked.probe).unwrap_or_else(|error| panic!("{error}"));
            // Every seventh, so that all kinds of flows get their turn.
            next += usize::from(matches!(traced, Observed::Sides { .. }));
            if next % 7 != 0 || asked.probe.sent_to.is_some() {
                continue;
            }
            let begun = Instant::now();
            let observed = plane.send(&asked.probe).unwrap_or_else(|error| panic!("{}: {error}", asked.probe.flow));
            spent += begun.elapsed();
            sent += 1;
            assert_eq!(observed, traced, "{:?} in {}", asked.probe, shown(&cluster, &profile));
        }
    }
    let rate = sent as f64 / spent.as_secs_f64();
    say(&format!("ovs: {sent} packets fared as their trace says, {rate:.0} a second"));
    assert!(sent >= 500, "so few packets: {sent}");
}
