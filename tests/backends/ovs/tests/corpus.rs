//! The corpus: what its cases say of Tunnel and of Kubernetes holds on the switch.

use std::collections::BTreeMap;

use netpol_oracle::oracle::{DataPlane, Observed, Outcome};
use netpol_oracle::profile::Base;
use netpol_oracle::profile::cce::NetworkModel;
use netpol_oracle::{Flow, Loader};

use crate::ask::ask;
use crate::case::{self, corpus};
use crate::harness::{Tally, say, switch};

#[test]
fn the_cases_of_the_corpus_hold() {
    let Some(mut plane) = switch("corpus") else { return };
    let cases = corpus().unwrap_or_else(|faults| panic!("{}", faults.join("\n")));
    let (mut tally, mut faults, mut run) = (Tally::default(), Vec::new(), BTreeMap::<String, usize>::new());
    let (mut not_served, mut flows, mut without_packet) = (0, 0, 0);
    for case in &cases {
        let model = match case.profile.base() {
            Base::Kubernetes(_) => "kubernetes".to_owned(),
            Base::Cce(NetworkModel::Tunnel, _) => "tunnel".to_owned(),
            _ => {
                not_served += 1;
                continue;
            }
        };
        let texts = case.texts().unwrap_or_else(|fault| panic!("{fault}"));
        let loader = Loader::new(case.profile.release());
        let cluster = texts.iter().fold(loader, |loader, (name, text)| loader.text(name, text)).finish().cluster;
        plane.install(&cluster, &case.profile).unwrap_or_else(|error| panic!("{}: {error}", case.at(None)));
        let before = tally.agreed + tally.undefined;
        for expectation in &case.expectations {
            if expectation.outcome == case::Outcome::Error {
                continue;
            }
            let flow: Flow = expectation.flow.parse().unwrap_or_else(|error| panic!("{error}"));
            flows += 1;
            let asked = ask(&cluster, &case.profile, &flow).unwrap_or_default();
            without_packet += usize::from(asked.is_empty());
            for one in &asked {
                tally.compare(&mut plane, one);
                // The file's own word, where one packet answers the whole flow.
                let observed = plane.probe(&one.probe).unwrap_or_else(|error| panic!("{error}"));
                let Observed::Sides { egress, ingress } = observed else { continue };
                let delivered = [egress, ingress] == [Outcome::Delivered; 2];
                let wrong = match expectation.outcome {
                    case::Outcome::Allow => !delivered,
                    case::Outcome::Deny => delivered,
                    case::Outcome::Undefined | case::Outcome::Error => false,
                };
                if wrong {
                    faults.push(format!("{}: {}: {observed:?}", case.at(expectation.line), expectation.flow));
                }
            }
        }
        faults.extend(tally.mismatches.drain(..).map(|mismatch| format!("{}: {mismatch}", case.at(None))));
        if tally.agreed + tally.undefined > before {
            *run.entry(model).or_default() += 1;
        }
    }
    say(&format!(
        "ovs: corpus: {} cases, run {run:?}, {not_served} of other models; {flows} flows, {without_packet} of them \
         without a packet; {tally}",
        cases.len(),
    ));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(run.values().sum::<usize>() >= 50, "so few cases: is the corpus read?");
}
