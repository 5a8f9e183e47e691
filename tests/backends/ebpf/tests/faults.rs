//! Every planted bug shows.

use netpol_backend_ebpf::Fault;
use netpol_oracle::oracle::DataPlane;

use crate::exam::{Exam, exams, face_exams};
use crate::{number, plane};

/// How many worlds a bug may hide from.
const WORLDS: u64 = 600;

/// Bugs of what stands before the programs: only flows to faces show them.
const OF_FACES: [Fault; 3] = [Fault::PassingNodeUnseen, Fault::FacePortUntranslated, Fault::FaceAddressUntranslated];

#[test]
fn every_planted_bug_is_found() {
    let Some(mut plane) = plane("planted bugs") else { return };
    let mut open: Vec<Fault> = Fault::ALL.iter().copied().filter(|fault| *fault != Fault::StaleAfterRelabel).collect();
    let mut report = Vec::new();
    let seed = number("NETPOL_SEED", 1);
    for ((turn, exam), faces) in (0..WORLDS).zip(exams(seed)).zip(face_exams(seed)) {
        open.retain(|fault| {
            plane.plant(Some(*fault));
            let is_of_faces = OF_FACES.contains(fault);
            let exam = if is_of_faces { &faces } else { &exam };
            let first = Exam::sit(exam, &mut plane).mismatches.into_iter().next();
            if let Some(mismatch) = &first {
                report.push(format!("{fault:?}: world {turn}: {mismatch}"));
            }
            first.is_none()
        });
        if open.is_empty() {
            break;
        }
    }
    say!("planted bugs found:\n  {}", report.join("\n  "));
    plane.plant(None);
    assert!(open.is_empty(), "not found in {WORLDS} worlds: {open:?}");
    let clean = exams(number("NETPOL_SEED", 1)).next().unwrap();
    plane.install(&clean.world.cluster, &clean.world.profile).unwrap();
    assert!(clean.sit(&mut plane).mismatches.is_empty());
}
