//! The data plane and the definition agree on generated worlds.

use std::time::{Duration, Instant};

use netpol_oracle::oracle::Face;

use crate::comparison::Tally;
use crate::exam::{Exam, exams, face_exams};
use crate::{number, plane};

#[test]
fn agrees_with_the_definition_on_generated_worlds() {
    let Some(mut plane) = plane("generated worlds") else { return };
    let count = number("NETPOL_WORLDS", 40);
    let (mut total, mut time) = (Tally::default(), Duration::ZERO);
    let mut wrong = Vec::new();
    for (turn, exam) in (0..count).zip(exams(number("NETPOL_SEED", 1))) {
        let began = Instant::now();
        let tally = exam.sit(&mut plane);
        time += began.elapsed();
        if !tally.mismatches.is_empty() {
            wrong.push(told(turn, &exam, &tally));
        }
        total.add(tally);
    }
    say!("eBPF, {count} generated worlds: {total}\n    installed and probed in {time:?}");
    assert!(wrong.is_empty(), "{} worlds differ:\n{}", wrong.len(), wrong.first().map_or("", String::as_str));
}

/// `NETPOL_WORLDS` and `NETPOL_SEED` count here too.
#[test]
fn agrees_with_the_definition_at_every_face() {
    let Some(mut plane) = plane("faces") else { return };
    let count = number("NETPOL_WORLDS", 60);
    let mut total = Tally::default();
    for (turn, exam) in (0..count).zip(face_exams(number("NETPOL_SEED", 1))) {
        let tally = exam.sit(&mut plane);
        assert!(tally.mismatches.is_empty(), "{}", told(turn, &exam, &tally));
        total.add(tally);
    }
    say!("eBPF, {count} worlds with faces: {total}");
    for face in [Face::ClusterIp, Face::Address, Face::NodePort, Face::HostPort] {
        assert!(total.faces.get(&face).copied().unwrap_or_default() >= count, "{face:?}: {total}");
    }
}

fn told(turn: u64, exam: &Exam, tally: &Tally) -> String {
    let first: Vec<&str> = tally.mismatches.iter().take(5).map(String::as_str).collect();
    format!("world {turn}: {:?}\n{} mismatches:\n  {}", exam.world, tally.mismatches.len(), first.join("\n  "))
}
