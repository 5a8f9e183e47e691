//! Every bug that can be planted is found.

use std::collections::BTreeMap;

use netpol_backend_memory::{Fault, Plane, Shows};
use netpol_oracle::oracle::DataPlane;

use super::probes::{Asked, asked};
use super::sequences::{Sequence, real_worlds, sequences};
use super::{Tally, compare};
use crate::support::worlds::World;

/// Within so many worlds, each with changes, every bug has shown.
const WORLDS: usize = 400;

/// What is asked of a sequence: at first and after each step.
struct Questions {
    at_first: Vec<Asked>,
    after: Vec<Vec<Asked>>,
    /// Another world, and what is asked of its faces.
    faces: (World, Vec<Asked>),
}

impl Questions {
    fn of(sequence: &Sequence, changes_too: bool, faces: (World, Vec<Asked>)) -> Self {
        let after = sequence.steps.iter().filter(|_| changes_too).map(|(_, cluster)| asked(cluster, &sequence.profile));
        Self { at_first: asked(&sequence.before, &sequence.profile), after: after.collect(), faces }
    }
}

fn is_found(fault: Fault, sequence: &Sequence, questions: &Questions) -> bool {
    let mut plane = Plane::with_fault(fault);
    if fault.shows() == Shows::AtFaces {
        let (world, asked) = &questions.faces;
        let Ok(()) = plane.install(&world.cluster, &world.profile);
        return compare(&mut plane, asked, &mut Tally::default()).is_err();
    }
    let Ok(()) = plane.install(&sequence.before, &sequence.profile);
    let installed = compare(&mut plane, &questions.at_first, &mut Tally::default());
    if fault.shows() == Shows::Installed {
        return installed.is_err();
    }
    assert_eq!(installed, Ok(()), "{} needs changes to show", fault.name());
    sequence.steps.iter().zip(&questions.after).any(|((changes, cluster), asked)| {
        let Ok(()) = plane.apply(changes, cluster);
        compare(&mut plane, asked, &mut Tally::default()).is_err()
    })
}

/// `PLANE_FAULTS=all` counts in how many of the worlds each shows.
#[test]
fn every_fault_is_found() {
    let count_all = std::env::var("PLANE_FAULTS").is_ok();
    let mut found: BTreeMap<Fault, (usize, usize)> = BTreeMap::new();
    for (at, (sequence, faces)) in sequences().zip(real_worlds()).take(WORLDS).enumerate() {
        let open: Vec<Fault> =
            Fault::ALL.iter().copied().filter(|fault| count_all || !found.contains_key(fault)).collect();
        if open.is_empty() {
            break;
        }
        let questions = Questions::of(&sequence, open.iter().any(|fault| fault.shows() == Shows::Changed), faces);
        for fault in open {
            if is_found(fault, &sequence, &questions) {
                found.entry(fault).or_insert((at + 1, 0)).1 += 1;
            }
        }
    }
    for (fault, (first, worlds)) in &found {
        println!("{:34} first in world {first:3}, in {worlds:3}", fault.name());
    }
    let missed: Vec<&str> =
        Fault::ALL.iter().filter(|fault| !found.contains_key(fault)).map(|fault| fault.name()).collect();
    assert!(missed.is_empty(), "not found in {WORLDS} worlds: {missed:?}");
}

#[test]
fn faults_are_told_apart_by_name() {
    let names: std::collections::BTreeSet<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    assert_eq!(names.len(), Fault::ALL.len());
    assert!(Fault::ALL.iter().all(|fault| !fault.description().is_empty() && !fault.description().contains('\n')));
}
