//! The second mind is held to the corpus too.

use std::iter::once;

use netpol_oracle::Verdict;
use netpol_oracle::oracle::{CaseFlow, Expected};
use netpol_test_support::corpus::{CorpusCase, corpus};

use super::agree::{error_code, second_mind};
use crate::support::worlds::World;

/// What the second mind says other than the corpus.
fn difference(world: &World, asked: &CaseFlow) -> Option<String> {
    let said = second_mind(world, &asked.flow);
    match (&said, &asked.expected) {
        (Err(code), Expected::Error(expected)) if *code == error_code(expected) => None,
        (Ok((verdict, rows)), Expected::Answer(expected)) => {
            let rows_differ = *verdict == Verdict::Undefined && expected.rows.is_some_and(|wanted| wanted != *rows);
            let differ = *verdict != expected.verdict || rows_differ;
            differ.then(|| format!("expected {expected}, got {verdict} [{rows}]"))
        }
        (_, expected) => Some(format!("expected {expected}, got {said:?}")),
    }
}

fn differences(case: &CorpusCase) -> Vec<String> {
    let profiles = once(&case.case.profile).chain(&case.also);
    let worlds = profiles.map(|profile| World::new(case.case.cluster.clone(), profile.clone(), Vec::new()));
    let differences = worlds.flat_map(|world| {
        let flows = case.case.flows.iter().enumerate();
        flows.filter_map(move |(at, asked)| Some((at, difference(&world, asked)?)))
    });
    differences.map(|(at, said)| format!("{}: {said}", case.at_flow(at))).collect()
}

#[test]
fn the_second_mind_says_what_the_corpus_says() {
    let found: Vec<String> = corpus().unwrap().iter().flat_map(differences).collect();
    assert!(found.is_empty(), "{} expectations:\n{}", found.len(), found.join("\n"));
}
