//! What overriding a row says of it.

use std::collections::BTreeMap;

use netpol_oracle::profile::Rows;
use netpol_oracle::{Cluster, Decide, Flow, Profile, Reference, Row, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::agree::both_sides;
use super::cases;
use crate::support::two_valued::{Open, Route, explore};
use crate::support::worlds::{with_few_rows, with_row_as_kubernetes, worlds, worlds_on};

/// Rows whose `unknown` is one behaviour, with the words that settle it and what each means: admit or not. (U6's
/// `never` is no answer to what its `unknown` asks: it also denies where every address is admitted.)
const SETTLED: &[(Row, &[(&str, bool)])] = &[
    (Row::C1, &[("unsupported", true), ("supported", false)]),
    (Row::C2, &[("unsupported", true), ("supported", false)]),
    (Row::C3, &[("unsupported", true), ("supported", false)]),
    (Row::C6, &[("supported", false)]),
    (Row::C7, &[("unsupported", true), ("supported", false)]),
    (Row::C8, &[("supported", false)]),
    (Row::C11, &[("supported", false)]),
    (Row::C13, &[("supported", true), ("unsupported", false)]),
    (Row::C14, &[("supported", true), ("single-port", false)]),
    (Row::U1, &[("denied", false), ("unfiltered", true)]),
    (Row::U2, &[("pod", true), ("node", false)]),
    (Row::U3, &[("exempt", true), ("judged", false)]),
    (Row::U4, &[("allowed", true), ("judged", false)]),
    (Row::U5, &[("before", true), ("after", false)]),
    (Row::U8, &[("elsewhere", false)]),
    (Row::U9, &[("client", false)]),
];

fn with_words(profile: &Profile, words: &[(Row, &str)]) -> Profile {
    words.iter().fold(profile.clone(), |profile, (row, word)| profile.with_override(*row, word).unwrap())
}

proptest! {
    #![proptest_config(cases(150))]

    /// A row overridden with a definite word is the formula of its `unknown` with that row fixed.
    #[test]
    fn a_definite_word_fixes_its_row(world in worlds(), picks in vec((any::<Index>(), any::<Index>()), 1..4)) {
        let mut fixed: BTreeMap<Row, (&str, bool)> = BTreeMap::new();
        for (row, word) in picks {
            let (row, words) = row.get(SETTLED);
            fixed.insert(*row, *word.get(words));
        }
        let settled: Vec<(Row, &str)> = fixed.iter().map(|(row, (word, _))| (*row, *word)).collect();
        let unknown: Vec<(Row, &str)> = fixed.keys().map(|row| (*row, "unknown")).collect();
        let settled = with_words(&world.profile, &settled);
        let unknown = with_words(&world.profile, &unknown);
        for flow in &world.flows {
            let decided = Reference::new(&world.cluster, &settled).decide(flow);
            let route = Route::of(&world.cluster, &unknown, flow);
            let (Ok(decision), Ok(route)) = (decided, route) else { continue };
            for (place, (backend, crossing)) in route.crossings.iter().enumerate() {
                let backend = backend.as_ref();
                let mine = explore(|resolve| {
                    let mut resolve = |open: Open, ways: usize| match fixed.get(&open.row) {
                        Some((_, answer)) => usize::from(*answer),
                        None => resolve(open, ways),
                    };
                    crossing.passes(&mut resolve)
                });
                let (verdict, _, _) = both_sides(&decision, (place, backend));
                prop_assert_eq!(verdict, mine.verdict, "{} {:?} under {:?}", flow, backend, fixed);
            }
        }
    }
}

/// The union of the minimal sets of rows that, taken back to Kubernetes' form, change the verdict.
pub(super) fn rows_that_carry(cluster: &Cluster, profile: &Profile, flow: &Flow) -> Rows {
    let rows: Vec<Row> = profile.capabilities().other_than_kubernetes().collect();
    let verdict = |set: u32| {
        let taken = rows.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
        let profile = taken.fold(profile.clone(), |profile, (_, row)| with_row_as_kubernetes(profile, *row));
        Reference::new(cluster, &profile).decide(flow).unwrap().verdict
    };
    let now = verdict(0);
    let mut minimal: Vec<u32> = Vec::new();
    let mut sets: Vec<u32> = (1..1 << rows.len()).collect();
    sets.sort_by_key(|set| set.count_ones());
    for set in sets {
        if !minimal.iter().any(|smaller| smaller & set == *smaller) && verdict(set) != now {
            minimal.push(set);
        }
    }
    let all = minimal.into_iter().fold(0, |all, set| all | set);
    rows.into_iter().enumerate().filter(|(at, _)| all & (1 << at) != 0).map(|(_, row)| row).collect()
}

proptest! {
    #![proptest_config(cases(120))]

    /// The rows of a definite verdict: every minimal set of rows whose Kubernetes form would change it.
    #[test]
    fn rows_of_a_definite_verdict_carry_it(world in worlds_on(with_few_rows(6), 3)) {
        for flow in &world.flows {
            match Reference::new(&world.cluster, &world.profile).decide(flow) {
                Ok(decision) if decision.verdict != Verdict::Undefined => {
                    let rows = rows_that_carry(&world.cluster, &world.profile, flow);
                    prop_assert_eq!(decision.rows, rows, "{} {}: named [{}], carrying [{}]", flow, decision.verdict, decision.rows, rows);
                }
                _ => {}
            }
        }
    }
}
