//! Every planted bug shows: the comparison is one that can fail.

use netpol_backend_ovs::{Fault, Ovs};
use netpol_oracle::oracle::DataPlane;
use netpol_oracle::{Change, Cluster, Profile};

use crate::ask::{Asked, questions};
use crate::harness::{Tally, say, setting, switch, world};
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

#[test]
fn every_planted_bug_is_found() {
    let Some(mut plane) = switch("faults") else { return };
    let most = setting("NETPOL_OVS_FAULT_WORLDS", 200);
    let mut known: Vec<Known> = Vec::new();
    let mut missed = Vec::new();
    for fault in Fault::ALL {
        let found = (0..most).find_map(|number| {
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
