//! Every planted bug shows: the comparison is one that can fail.

use netpol_backend_ovs::{Fault, Ovs};
use netpol_oracle::oracle::DataPlane;
use netpol_oracle::{Change, Cluster, Profile};

use netpol_test_support::faces::{self, Asked};

use crate::ask::questions;
use crate::harness::{Tally, real_world, say, setting, switch, world};
use crate::updates::moved;

/// A world, what it becomes, and what is to be answered then.
struct Known {
    number: usize,
    cluster: Cluster,
    profile: Profile,
    changes: Vec<Change>,
    after: Cluster,
    asked: Vec<Asked>,
    asked_after: Vec<Asked>,
}

impl Known {
    fn of(number: usize) -> Self {
        let (cluster, profile) = world(number);
        let definite = |cluster: &Cluster| {
            let mut asked = questions(cluster, &profile);
            asked.retain(Asked::is_definite);
            asked
        };
        let asked = definite(&cluster);
        let (changes, after) = moved(&cluster, number);
        let asked_after = definite(&after);
        Self { number, cluster, profile, changes, after, asked, asked_after }
    }

    /// What the plane with a fault in it gets wrong first here, if anything.
    fn mismatch(&self, plane: &mut Ovs, fault: Fault) -> Option<String> {
        let follows = matches!(fault, Fault::StaleLabels | Fault::NothingDeleted);
        let asked = if follows {
            plane.set_fault(None);
            plane.install(&self.cluster, &self.profile).unwrap_or_else(|error| panic!("{error}"));
            plane.set_fault(Some(fault));
            plane.apply(&self.changes, &self.after).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            &self.asked_after
        } else {
            // Where it changes no flow it changes no answer.
            let flows = |fault| Ovs::flows_of(&self.cluster, &self.profile, fault);
            if flows(Some(fault)) == flows(None) {
                return None;
            }
            plane.set_fault(Some(fault));
            plane.install(&self.cluster, &self.profile).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            &self.asked
        };
        let mut tally = Tally::default();
        for one in asked {
            tally.compare(plane, one);
            if let Some(mismatch) = tally.mismatches.pop() {
                return Some(mismatch);
            }
        }
        None
    }
}

/// Bugs of what stands before the switch: it compiles nothing else.
const OF_FACES: [Fault; 3] = [Fault::PassingNodeUnseen, Fault::FacePortUntranslated, Fault::FaceAddressUntranslated];

/// What the plane with a fault at its faces gets wrong first in a world of what real clusters hold.
fn mismatch_at_a_face(plane: &mut Ovs, fault: Fault, number: usize) -> Option<String> {
    let world = real_world(number);
    plane.set_fault(Some(fault));
    plane.install(&world.cluster, &world.profile).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
    let mut tally = Tally::default();
    let mut asked = faces::questions(&world.cluster, &world.profile, &world.flows);
    asked.retain(|one| one.is_definite() && one.probe.face.is_some());
    asked.iter().find_map(|one| {
        tally.compare(plane, one);
        tally.mismatches.pop()
    })
}

#[test]
fn every_planted_bug_is_found() {
    let Some(mut plane) = switch("faults") else { return };
    let most = setting("NETPOL_OVS_FAULT_WORLDS", 200);
    let mut known: Vec<Known> = Vec::new();
    let mut missed = Vec::new();
    for fault in Fault::ALL {
        let found = (0..most).find_map(|number| {
            if OF_FACES.contains(fault) {
                return mismatch_at_a_face(&mut plane, *fault, number).map(|mismatch| (number, mismatch));
            }
            if number == known.len() {
                known.push(Known::of(number));
            }
            let world = &known[number];
            world.mismatch(&mut plane, *fault).map(|mismatch| (world.number, mismatch))
        });
        match found {
            Some((number, mismatch)) => say(&format!("ovs: {fault:?}: found in world {number}: {mismatch}")),
            None => missed.push(fault),
        }
    }
    say(&format!("ovs: {} of {} planted bugs found", Fault::ALL.len() - missed.len(), Fault::ALL.len()));
    assert!(missed.is_empty(), "not noticed in {most} worlds: {missed:?}");
}
