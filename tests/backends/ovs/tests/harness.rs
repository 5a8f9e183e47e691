//! A data plane held against answers, and what is common to all tests.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

use netpol_backend_ovs::{Ovs, missing};
use netpol_oracle::generate::strategies::{World, WorldSpec, overrides, with_ranges};
use netpol_oracle::oracle::{DataPlane, Face, Observed, Outcome};
use netpol_oracle::profile::Base;
use netpol_oracle::profile::cce::NetworkModel;
use netpol_oracle::{Cluster, Profile, Row, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use netpol_test_support::faces::Asked;
use netpol_test_support::real_worlds;

/// To the terminal, whatever the test runner captures.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A switch; `None` where it cannot run and need not.
pub(crate) fn switch(test: &str) -> Option<Ovs> {
    if let Some(missing) = missing() {
        let required = std::env::var("NETPOL_BACKENDS").is_ok_and(|word| word == "required");
        assert!(!required, "{missing}");
        say(&format!("SKIPPED {test}: {missing}"));
        return None;
    }
    Some(Ovs::start().unwrap_or_else(|error| panic!("{error}")))
}

/// A number from the environment.
pub(crate) fn setting(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}: `{text}` is no number")),
        Err(_) => default,
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) probes: usize,
    /// Both sides have a verdict, and the switch did so.
    pub(crate) agreed: usize,
    pub(crate) allowed: usize,
    pub(crate) denied: usize,
    /// No mismatch, and some side of it undefined.
    pub(crate) undefined: usize,
    pub(crate) not_observable: BTreeMap<String, usize>,
    /// What was seen of each face.
    pub(crate) faces: BTreeMap<Face, usize>,
    pub(crate) mismatches: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { probes, agreed, allowed, denied, undefined, not_observable, faces, mismatches } = self;
        write!(f, "{probes} probes: {agreed} agreed ({allowed} allowed and {denied} denied end to end), ")?;
        write!(f, "{undefined} with an undefined side, {} mismatches", mismatches.len())?;
        for (face, count) in faces {
            write!(f, "\n  {count} seen by {face:?}")?;
        }
        for (reason, count) in not_observable {
            write!(f, "\n  {count} not observable: {reason}")?;
        }
        Ok(())
    }
}

impl Tally {
    /// Probes once and compares each side.
    pub(crate) fn compare<P: DataPlane>(&mut self, plane: &mut P, asked: &Asked) {
        self.probes += 1;
        let observed = plane.probe(&asked.probe).unwrap_or_else(|error| panic!("{}: {error}", asked.probe.flow));
        let wrong = |verdict, outcome| {
            matches!((verdict, outcome), (Verdict::Allow, Outcome::Dropped) | (Verdict::Deny, Outcome::Delivered))
        };
        let (differs, defined) = match &observed {
            Observed::NotObservable(reason) => {
                *self.not_observable.entry(reason.clone()).or_default() += 1;
                return;
            }
            Observed::EndToEnd(outcome) => (wrong(asked.verdict, *outcome), asked.verdict != Verdict::Undefined),
            Observed::Sides { egress, ingress } => {
                let differs = wrong(asked.egress, *egress) || wrong(asked.ingress, *ingress);
                (differs, ![asked.egress, asked.ingress].contains(&Verdict::Undefined))
            }
            _ => unreachable!("what these tests do not know"),
        };
        asked.probe.face.into_iter().for_each(|face| *self.faces.entry(face).or_default() += 1);
        if differs {
            let Asked { probe, egress, ingress, .. } = asked;
            let (from, to) = (probe.source.address, probe.destination.address);
            self.mismatches
                .push(format!("{} ({from:?} -> {to:?}): egress {egress}, ingress {ingress}; {observed:?}", probe.flow));
        } else if defined {
            self.agreed += 1;
            self.allowed += usize::from(asked.verdict == Verdict::Allow);
            self.denied += usize::from(asked.verdict == Verdict::Deny);
        } else {
            self.undefined += 1;
        }
    }
}

/// What a strategy makes of a number: the same on every run.
fn generated<T: fmt::Debug>(strategy: impl Strategy<Value = T>, number: usize) -> T {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&(number as u64).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    strategy.new_tree(&mut runner).expect("strategies without filters").current()
}

/// A generated cluster and profile. Every other one is dense: more policies, and every pod has an address.
pub(crate) fn world(number: usize) -> (Cluster, Profile) {
    let World { cluster, profile, .. } =
        generated(WorldSpec::new().dense(number % 2 == 1).real(0).worlds_on(profile(number)), number);
    (cluster, profile)
}

/// Tunnel, and in every fourth world Kubernetes, with what makes open questions definite more often than not.
fn profile(number: usize) -> impl Strategy<Value = Profile> {
    let words = ["kubernetes", "tunnel:v1.31.6-r0", "tunnel:v1.23.0-r0", "tunnel:v1.31.6-r0"];
    let word = match number % 16 {
        5 => "tunnel:v1.22.9-r0",
        _ => words[number % 4],
    };
    let settled = [
        (Row::C4, "supported"),
        (Row::C6, "supported"),
        (Row::C7, "supported"),
        (Row::C8, "supported"),
        (Row::C12, "supported"),
        (Row::C14, "supported"),
        (Row::C10, "supported"),
        (Row::C11, "unsupported"),
        (Row::C9, "outside"),
        (Row::C9, "inside"),
        (Row::C13, "unsupported"),
        (Row::U1, "denied"),
        (Row::U1, "portless"),
        (Row::U1, "unfiltered"),
        (Row::U3, "judged"),
        (Row::U3, "exempt"),
        (Row::U4, "judged"),
        (Row::U4, "allowed"),
        (Row::U5, "before"),
        (Row::U5, "after"),
    ];
    let settle = proptest::collection::vec(prop::sample::select(settled.to_vec()), 0..8);
    let any_override = proptest::collection::vec(overrides(), 0..2);
    let profile: Profile = word.parse().expect("a profile's text");
    (settle, any_override, with_ranges(profile)).prop_map(move |(settled, others, profile)| {
        let overrides = others.into_iter().chain(settled);
        overrides.fold(profile, |profile, (row, word)| profile.with_override(row, word).expect("a row's word"))
    })
}

/// A world of what real clusters hold, with every face of a Service, on a profile that a switch serves.
pub(crate) fn real_world(number: usize) -> World {
    let mut world = real_worlds::world(900_000 + number as u64, 30);
    if !matches!(world.profile.base(), Base::Kubernetes(_) | Base::Cce(NetworkModel::Tunnel, _)) {
        world.profile = generated(profile(number), number);
    }
    world
}

/// The world as text, for reports.
pub(crate) fn shown(cluster: &Cluster, profile: &Profile) -> String {
    format!("{:?}", World::new(cluster.clone(), profile.clone(), Vec::new()))
}
