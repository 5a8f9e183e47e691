//! The corpus of the oracle, as far as packets can show it.

use std::collections::BTreeMap;

use netpol_oracle::oracle::{DataPlane, Observed, Outcome as Fate};
use netpol_oracle::profile::Base;
use netpol_oracle::profile::cce::NetworkModel;
use netpol_oracle::{Engine, Flow, Profile, Reference, Verdict};
use netpol_test_support::corpus::{CorpusCase, corpus};
use netpol_test_support::faces;

use crate::plane;
use netpol_backend_ebpf::EbpfPlane;

/// How many expectations must have been seen at least: fewer means that something is no longer read.
const FEWEST_SEEN: usize = 10_000;

#[derive(Default)]
struct Count {
    cases: usize,
    seen: usize,
    undefined: usize,
    errors: usize,
    unobservable: BTreeMap<String, usize>,
    faults: Vec<String>,
}

#[test]
fn agrees_with_the_corpus() {
    let Some(mut plane) = plane("corpus") else { return };
    let mut count = Count::default();
    let cases = corpus().unwrap_or_else(|faults| panic!("{}", faults.join("\n")));
    for case in cases.iter().filter(|case| is_ours(&case.case.profile)) {
        run(&mut plane, case, &mut count);
    }
    let Count { cases: ours, seen, undefined, errors, unobservable, faults } = count;
    say!(
        "eBPF, corpus: {ours} of {} cases; expectations: {seen} seen and agreed, {undefined} undefined, {errors} errors, \
         {} not observable",
        cases.len(),
        unobservable.values().sum::<usize>()
    );
    unobservable.iter().for_each(|(reason, count)| say!("    {count}: {reason}"));
    assert!(faults.is_empty(), "{} expectations fail:\n{}", faults.len(), faults.join("\n"));
    assert!(seen >= FEWEST_SEEN, "only {seen} expectations seen");
}

/// Upstream Kubernetes and what runs on eBPF.
fn is_ours(profile: &Profile) -> bool {
    match profile.base() {
        Base::Kubernetes(_) => true,
        Base::Cce(model, _) => model != NetworkModel::Tunnel,
        _ => false,
    }
}

fn run(plane: &mut EbpfPlane, corpus_case: &CorpusCase, count: &mut Count) {
    let case = &corpus_case.case;
    plane.install(&case.cluster, &case.profile).unwrap();
    count.cases += 1;
    let (engine, reference) = (Engine::new(&case.cluster, &case.profile), Reference::new(&case.cluster, &case.profile));
    for (index, flow) in case.flows.iter().enumerate() {
        let expected = match flow.expected.answer().map(|answer| answer.verdict) {
            None => {
                count.errors += 1;
                continue;
            }
            Some(Verdict::Undefined) => {
                count.undefined += 1;
                continue;
            }
            Some(Verdict::Allow) => Fate::Delivered,
            Some(Verdict::Deny) => Fate::Dropped,
        };
        match fates(plane, &engine, &reference, &flow.flow) {
            Ok(fates) if fates.iter().all(|fate| *fate == expected) => count.seen += 1,
            Ok(fates) => {
                let at = corpus_case.at_flow(index);
                count.faults.push(format!("{at}: expected {expected:?}, seen {fates:?}"));
            }
            Err(reason) => *count.unobservable.entry(reason).or_default() += 1,
        }
    }
}

/// What becomes of the flow, by way of each backend where it has several.
fn fates(plane: &mut EbpfPlane, engine: &Engine, reference: &Reference<'_>, flow: &Flow) -> Result<Vec<Fate>, String> {
    let mut fates = Vec::new();
    for asked in faces::asked(engine, reference, flow) {
        match plane.probe(&asked.probe).unwrap() {
            Observed::Sides { egress: Fate::Delivered, ingress: Fate::Delivered } => fates.push(Fate::Delivered),
            Observed::Sides { .. } => fates.push(Fate::Dropped),
            Observed::NotObservable(reason) => return Err(reason),
            _ => panic!("this data plane sees sides"),
        }
    }
    Ok(fates)
}
