//! How fast probes are: printed, not judged.

use std::time::Instant;

use netpol_oracle::oracle::DataPlane;

use crate::exam::exams;
use crate::plane;

#[test]
fn probes_a_second() {
    let Some(mut plane) = plane("speed") else { return };
    let exam = exams(7).next().unwrap();
    let mut installs = 0_u32;
    let began = Instant::now();
    while began.elapsed().as_millis() < 200 {
        plane.install(&exam.world.cluster, &exam.world.profile).unwrap();
        installs += 1;
    }
    let install = began.elapsed() / installs;
    let mut probes = 0_u32;
    let began = Instant::now();
    while began.elapsed().as_millis() < 500 {
        for question in &exam.questions {
            plane.probe(&question.probe).unwrap();
            probes += 1;
        }
    }
    let rate = f64::from(probes) / began.elapsed().as_secs_f64();
    say!("eBPF: {rate:.0} probes/s, two program runs each; a world of {} entries in {install:?}", plane.entries());
}
