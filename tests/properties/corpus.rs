//! The second mind is held to the corpus too.

use netpol_oracle::{Flow, Loader, Verdict};

use super::agree::{error_code, second_mind};
use crate::support::case::{Case, Expectation, corpus};
use crate::support::worlds::World;

/// What the second mind says other than the corpus.
fn difference(world: &World, expectation: &Expectation) -> Option<String> {
    let flow: Flow = expectation.flow.parse().ok()?;
    let said = second_mind(world, &flow);
    match (&said, &expectation.error) {
        (Err(code), Some(expected)) if *code == error_code(expected) => None,
        (Ok((verdict, rows)), None) => {
            let expected = expectation.outcome.to_string();
            let rows_differ = *verdict == Verdict::Undefined && expectation.rows.is_some_and(|wanted| wanted != *rows);
            let differ = verdict.to_string() != expected || rows_differ;
            differ.then(|| format!("expected {expected} {:?}, got {verdict} [{rows}]", expectation.rows))
        }
        (_, Some(expected)) => Some(format!("expected the error {expected}, got {said:?}")),
        (_, None) => Some(format!("expected {}, got {said:?}", expectation.outcome)),
    }
}

fn differences(case: &Case) -> Vec<String> {
    let Ok(texts) = case.texts() else { return Vec::new() };
    let loader = Loader::new(case.profile.release());
    let loaded = texts.iter().fold(loader, |loader, (name, text)| loader.text(name, text)).finish();
    let world = World { cluster: loaded.cluster, profile: case.profile.clone(), flows: Vec::new() };
    let found = case.expectations.iter().filter_map(|each| Some((each, difference(&world, each)?)));
    found.map(|(each, said)| format!("{}: `{}`: {said}", case.at(each.line), each.flow)).collect()
}

#[test]
fn the_second_mind_says_what_the_corpus_says() {
    let found: Vec<String> = corpus().unwrap().iter().flat_map(differences).collect();
    assert!(found.is_empty(), "{} expectations:\n{}", found.len(), found.join("\n"));
}
