//! Worlds of what real clusters hold: every answer of the definition is what every resolution together says, verdict, rows
//! and errors.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use netpol_oracle::{Decide, Decision, Engine, Flow, FlowError, Reference, Verdict};

use super::agree::{Compared, agrees};
use super::rows::rows_that_carry;
use crate::support::worlds::World;
use netpol_test_support::real_worlds::{shrunk, world};

/// How many flows a run without `PROPERTY_FLOWS` asks.
const QUICK: u64 = 6_000;
/// How many are asked of one world.
const A_WORLD: usize = 20;
/// After how many differences a thread stops.
const ENOUGH: usize = 3;

/// Answers by kind, how many hang on which rows, and what went wrong.
#[derive(Debug, Default)]
struct Tally {
    answers: BTreeMap<String, u64>,
    rows: BTreeMap<String, u64>,
    differences: Vec<String>,
}

impl Tally {
    fn count(&mut self, decided: &Result<Decision, FlowError>) {
        let answer = match decided {
            Ok(decision) => {
                for row in decision.rows.iter() {
                    *self.rows.entry(format!("{} {row}", decision.verdict)).or_default() += 1;
                }
                decision.verdict.to_string()
            }
            Err(error) => format!("error {}", error.code()),
        };
        *self.answers.entry(answer).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        for (row, count) in other.rows {
            *self.rows.entry(row).or_default() += count;
        }
        self.differences.extend(other.differences);
    }
}

/// What is wrong with an answer of the definition, if something is.
type Differs = fn(&World, &Flow, &Result<Decision, FlowError>) -> Option<String>;

fn by_every_resolution(world: &World, flow: &Flow, decided: &Result<Decision, FlowError>) -> Option<String> {
    agrees(world, flow, decided, Compared::Both).err()
}

/// Of definite answers where few rows could carry them: the rows named are those that do.
fn by_their_rows(world: &World, flow: &Flow, decided: &Result<Decision, FlowError>) -> Option<String> {
    let decision = decided.as_ref().ok().filter(|decision| decision.verdict != Verdict::Undefined)?;
    let few = (1..=4).contains(&world.profile.capabilities().other_than_kubernetes().count());
    let carrying = few.then(|| rows_that_carry(&world.cluster, &world.profile, flow))?;
    (carrying != decision.rows).then(|| format!("named [{}], carrying [{carrying}]", decision.rows))
}

/// The engine says the same, reasons, notes and errors too, and its short answer is the verdict of the long one.
fn by_the_engine(world: &World, flow: &Flow, decided: &Result<Decision, FlowError>) -> Option<String> {
    let engine = Engine::new(&world.cluster, &world.profile);
    let (said, verdict) = (engine.decide(flow), engine.verdict(flow));
    let expected = decided.as_ref().map(|decision| decision.verdict).map_err(Clone::clone);
    (said != *decided || verdict != expected)
        .then(|| format!("the definition {decided:?}\nthe engine {said:?}, in short {verdict:?}\n"))
}

/// Asks every question of the worlds that `next` numbers.
fn ask(next: &AtomicU64, last: u64, differs: Differs) -> Tally {
    let mut tally = Tally::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= last || tally.differences.len() >= ENOUGH {
            return tally;
        }
        let world = world(seed, A_WORLD);
        let reference = Reference::new(&world.cluster, &world.profile);
        for flow in &world.flows {
            let decided = reference.decide(flow);
            tally.count(&decided);
            if differs(&world, flow, &decided).is_none() {
                continue;
            }
            let again = |world: &World, flow: &Flow| {
                differs(world, flow, &Reference::new(&world.cluster, &world.profile).decide(flow))
            };
            let small = shrunk(&world, flow, |world, flow| again(world, flow).is_some());
            let said = again(&small, flow).unwrap_or_default();
            tally.differences.push(format!("seed {seed}: {flow}: {said}{small:?}"));
            break;
        }
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Asks at least `PROPERTY_FLOWS` questions, of the worlds from `PROPERTY_SEED` on.
fn none_differs(differs: Differs) -> Tally {
    let wanted = number("PROPERTY_FLOWS", QUICK);
    let first = number("PROPERTY_SEED", 0);
    let next = AtomicU64::new(first);
    let last = first + wanted.div_ceil(A_WORLD as u64);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let started = std::time::Instant::now();
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| ask(&next, last, differs))).collect();
        all.into_iter().for_each(|each| tally.add(each.join().unwrap()));
    });
    println!("{wanted} flows in {:?}: {:?}; rows {:?}", started.elapsed(), tally.answers, tally.rows);
    assert!(tally.differences.is_empty(), "{}", tally.differences.join("\n\n"));
    tally
}

#[test]
fn the_definition_says_what_every_resolution_says() {
    let tally = none_differs(by_every_resolution);
    // What the worlds are for comes up.
    for open in ["U3", "U4", "U5", "U6", "U7", "U8", "U9", "K23"] {
        let kind = format!("undefined {open}");
        assert!(tally.rows.contains_key(&kind), "no {kind} among {:?}", tally.rows);
    }
}

#[test]
fn the_engine_says_what_the_definition_says() {
    none_differs(by_the_engine);
}

#[test]
fn rows_of_a_definite_answer_carry_it() {
    none_differs(by_their_rows);
}
