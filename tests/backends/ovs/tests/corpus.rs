//! The corpus: what its cases say of Tunnel and of Kubernetes holds on the switch.

use std::collections::BTreeMap;

use netpol_oracle::Verdict;
use netpol_oracle::oracle::{DataPlane, Observed, Outcome};
use netpol_oracle::profile::Base;
use netpol_oracle::profile::cce::NetworkModel;
use netpol_oracle::{Engine, Reference};
use netpol_test_support::corpus::corpus;
use netpol_test_support::faces;

use crate::harness::{Tally, say, switch};

#[test]
fn the_cases_of_the_corpus_hold() {
    let Some(mut plane) = switch("corpus") else { return };
    let cases = corpus().unwrap_or_else(|faults| panic!("{}", faults.join("\n")));
    let (mut tally, mut faults, mut run) = (Tally::default(), Vec::new(), BTreeMap::<String, usize>::new());
    let (mut not_served, mut flows, mut without_packet) = (0, 0, 0);
    for corpus_case in &cases {
        let (at, case) = (corpus_case.at(), &corpus_case.case);
        let model = match case.profile.base() {
            Base::Kubernetes(_) => "kubernetes".to_owned(),
            Base::Cce(NetworkModel::Tunnel, _) => "tunnel".to_owned(),
            _ => {
                not_served += 1;
                continue;
            }
        };
        plane.install(&case.cluster, &case.profile).unwrap_or_else(|error| panic!("{at}: {error}"));
        let engine = Engine::new(&case.cluster, &case.profile);
        let reference = Reference::new(&case.cluster, &case.profile);
        let before = tally.agreed + tally.undefined;
        for (index, flow) in case.flows.iter().enumerate() {
            let Some(answer) = flow.expected.answer() else { continue };
            flows += 1;
            let asked = faces::asked(&engine, &reference, &flow.flow);
            without_packet += usize::from(asked.iter().all(|one| one.probe.obstacle().is_some()));
            for one in &asked {
                tally.compare(&mut plane, one);
                // The file's own word, where one packet answers the whole flow.
                let observed = plane.probe(&one.probe).unwrap_or_else(|error| panic!("{error}"));
                let Observed::Sides { egress, ingress } = observed else { continue };
                let delivered = [egress, ingress] == [Outcome::Delivered; 2];
                let wrong = match answer.verdict {
                    Verdict::Allow => !delivered,
                    Verdict::Deny => delivered,
                    Verdict::Undefined => false,
                };
                if wrong {
                    faults.push(format!("{}: {observed:?}", corpus_case.at_flow(index)));
                }
            }
        }
        faults.extend(tally.mismatches.drain(..).map(|mismatch| format!("{at}: {mismatch}")));
        if tally.agreed + tally.undefined > before {
            *run.entry(model).or_default() += 1;
        }
    }
    say(&format!(
        "ovs: corpus: {} cases, run {run:?}, {not_served} of other models; {flows} flows, {without_packet} of them without a \
         packet; {tally}",
        cases.len(),
    ));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(run.values().sum::<usize>() >= 50, "so few cases: is the corpus read?");
}
