//! The data plane in memory against the definition: as installed, after changes, and with each of its bugs.

mod agreement;
mod faults;
pub(crate) mod probes;
pub(crate) mod sequences;

use std::collections::BTreeMap;

use netpol_backend_memory::Plane;
use netpol_oracle::Verdict;
use netpol_oracle::oracle::{DataPlane, Face, Observed, Outcome, Probe};

use crate::plane::probes::Asked;

/// What came of holding probes against the definition.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) worlds: u64,
    pub(super) compared: u64,
    pub(super) sides: u64,
    pub(super) denied: u64,
    pub(super) undefined: u64,
    pub(super) by_service: u64,
    pub(super) by_face: BTreeMap<Face, u64>,
    pub(super) not_observable: BTreeMap<String, u64>,
}

/// The plane against what the definition says, wherever that is definite; the error is the first difference.
fn compare(plane: &mut Plane, asked: &[Asked], tally: &mut Tally) -> Result<(), String> {
    for each in asked {
        let Ok(observed) = plane.probe(&each.probe);
        let (egress, ingress) = match observed {
            Observed::Sides { egress, ingress } => (egress, ingress),
            Observed::NotObservable(why) => {
                *tally.not_observable.entry(why).or_default() += 1;
                continue;
            }
            Observed::EndToEnd(outcome) => (outcome, outcome),
            _ => unreachable!("what these tests do not know"),
        };
        let both = if egress == Outcome::Delivered { ingress } else { Outcome::Dropped };
        let held =
            [("egress", egress, each.egress), ("ingress", ingress, each.ingress), ("end to end", both, each.verdict)];
        for (what, seen, verdict) in held {
            let expected = match verdict {
                Verdict::Allow => Outcome::Delivered,
                Verdict::Deny => Outcome::Dropped,
                Verdict::Undefined => continue,
            };
            tally.sides += u64::from(what != "end to end");
            if seen != expected {
                return Err(format!("{}: {what}: {seen:?}, the definition says {verdict}", text(&each.probe)));
            }
        }
        tally.compared += 1;
        tally.by_service += u64::from(each.probe.sent_to.is_some());
        each.probe.face.into_iter().for_each(|face| *tally.by_face.entry(face).or_default() += 1);
        tally.denied += u64::from(each.verdict == Verdict::Deny);
        tally.undefined += u64::from(each.verdict == Verdict::Undefined);
    }
    tally.worlds += 1;
    Ok(())
}

fn text(probe: &Probe) -> String {
    format!("{} ({:?} to {:?}, {:?})", probe.flow, probe.source.address, probe.destination.address, probe.l4)
}
