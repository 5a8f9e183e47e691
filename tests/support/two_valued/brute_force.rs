//! Every resolution of what is open.

use std::collections::BTreeMap;

use netpol_oracle::Verdict;
use netpol_oracle::profile::Rows;

use super::resolution::{Open, Resolve};

/// How many ways through the questions are walked; beyond, the rest is left out.
const MANY: usize = 6000;

/// What a boolean formula says under the resolutions of its open behaviours.
#[derive(Debug)]
pub(crate) struct Explored {
    pub(crate) verdict: Verdict,
    /// Rows of behaviours that decide under some resolution of the others.
    pub(crate) deciding: Rows,
    /// Every resolution was looked at.
    pub(crate) whole: bool,
}

/// How a resolution settled what it was asked, and what came of it.
struct Walk {
    settled: Vec<(Open, usize)>,
    passes: bool,
}

/// Asks `formula` under every resolution of what it asks.
pub(crate) fn explore(formula: impl Fn(&mut Resolve<'_>) -> bool) -> Explored {
    let mut walks: Vec<Walk> = Vec::new();
    let mut ahead: Vec<Vec<(Open, usize)>> = vec![Vec::new()];
    while let Some(given) = ahead.pop() {
        if walks.len() >= MANY {
            break;
        }
        let mut answers: BTreeMap<Open, usize> = given.iter().cloned().collect();
        let mut settled = given;
        let passes = formula(&mut |open, ways| {
            if let Some(answer) = answers.get(&open) {
                return *answer;
            }
            for other in 1..ways {
                let mut way = settled.clone();
                way.push((open.clone(), other));
                ahead.push(way);
            }
            settled.push((open.clone(), 0));
            answers.insert(open, 0);
            0
        });
        settled.sort();
        walks.push(Walk { settled, passes });
    }
    let any = |passes: bool| walks.iter().any(|walk| walk.passes == passes);
    let verdict = match (any(true), any(false)) {
        (true, true) => Verdict::Undefined,
        (true, false) => Verdict::Allow,
        _ => Verdict::Deny,
    };
    let mut deciding = Rows::NONE;
    if verdict == Verdict::Undefined {
        let (passing, failing): (Vec<&Walk>, Vec<&Walk>) = walks.iter().partition(|walk| walk.passes);
        for one in &passing {
            for other in &failing {
                if let Some(row) = turned(&one.settled, &other.settled) {
                    deciding = deciding.union(row);
                }
            }
        }
    }
    Explored { verdict, deciding, whole: ahead.is_empty() && walks.len() < MANY }
}

/// The one row in which alone two resolutions differ that each walk leaves room for: a walk says nothing of what it was
/// not asked, so that may be as the other has it.
fn turned(one: &[(Open, usize)], other: &[(Open, usize)]) -> Option<Rows> {
    let mut rows = Rows::NONE;
    let (mut a, mut b) = (one.iter().peekable(), other.iter().peekable());
    while let (Some((left, x)), Some((right, y))) = (a.peek(), b.peek()) {
        match left.cmp(right) {
            std::cmp::Ordering::Less => drop(a.next()),
            std::cmp::Ordering::Greater => drop(b.next()),
            std::cmp::Ordering::Equal => {
                if x != y {
                    rows.insert(left.row);
                    if rows.iter().count() > 1 {
                        return None;
                    }
                }
                a.next();
                b.next();
            }
        }
    }
    Some(rows)
}
