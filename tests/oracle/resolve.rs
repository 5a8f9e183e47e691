//! Probes are what a resolver of its own makes of the same flows.

use netpol_oracle::oracle::probes;
use netpol_oracle::verdict::Judged;
use netpol_oracle::{Decide, Endpoint, Engine, Profile};

use crate::engine::differential::flows;
use crate::plane::probes::asked;
use crate::plane::sequences::sequences;

#[test]
fn probes_equal_those_of_another_resolver() {
    let mut compared = 0;
    for sequence in sequences().take(40) {
        let engine = Engine::new(&sequence.before, &sequence.profile);
        for each in asked(&sequence.before, &sequence.profile) {
            let mut flow = each.probe.flow.clone();
            flow.via = None;
            let found = probes(&engine, &flow).unwrap();
            assert!(found.contains(&each.probe), "{}: {:?} is not in {found:?}", each.probe.flow, each.probe);
            compared += 1;
        }
    }
    assert!(compared > 10_000, "{compared}");
}

/// As many probes as there are backends, and an error where a decision is one.
#[test]
fn probes_go_where_decisions_go() {
    for sequence in sequences().take(20) {
        let engine = Engine::new(&sequence.before, &sequence.profile);
        for flow in flows(&sequence.before) {
            let (decision, probes) = (engine.decide(&flow), probes(&engine, &flow));
            let (decision, probes) = match (decision, probes) {
                (Ok(decision), Ok(probes)) => (decision, probes),
                (decision, probes) => {
                    assert_eq!(decision.err(), probes.err(), "{flow}");
                    continue;
                }
            };
            let Judged::Backends(backends) = &decision.judged else {
                assert_eq!((probes.len(), &probes[0].flow), (1, &flow));
                continue;
            };
            assert_eq!(backends.len(), probes.len(), "{flow}");
            for (backend, probe) in backends.iter().zip(&probes) {
                // By way of it the flow is decided as its part of the whole is.
                if probe.flow.via.is_some() {
                    let Judged::Backends(alone) = engine.decide(&probe.flow).unwrap().judged else { panic!("{flow}") };
                    assert_eq!(alone.as_slice(), std::slice::from_ref(backend), "{}", probe.flow);
                } else {
                    let address = probe.destination.address.unwrap().to_string();
                    assert_eq!(address, backend.backend.to_string(), "{}", probe.flow);
                }
            }
        }
    }
}

/// A packet has the plain IPv4 address, whatever form a manifest gave.
#[test]
fn mapped_addresses_are_ipv4() {
    let engine = Engine::new(&netpol_oracle::Cluster::default(), &Profile::kubernetes());
    let mapped = Endpoint::Address("::ffff:192.0.2.1".parse().unwrap());
    let mut flow: netpol_oracle::Flow = "192.0.2.2 -> 192.0.2.3:80/tcp".parse().unwrap();
    flow.destination = mapped.into();
    assert_eq!(probes(&engine, &flow).unwrap()[0].destination.address, Some("192.0.2.1".parse().unwrap()));
}
