//! Why a side answers as it does, over all ways of reading what is open.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::ObjectName;
use crate::profile::row::{Row, Rows};
use crate::reference::readings::{Way, deciding};
use crate::reference::side::{Answer, Asked, Course};
use crate::reference::value::{Match, Value};
use crate::verdict::{Failed, NearMiss, Reason, RuleRef, Side, Verdict};

/// The verdict that all ways share, or Undefined, with the rows that decide.
pub(super) fn verdict(ways: &[Way<Value>]) -> (Verdict, Rows) {
    let mut verdicts = ways.iter().map(|way| way.said.verdict());
    let first = verdicts.next().unwrap_or(Verdict::Undefined);
    if first != Verdict::Undefined && verdicts.all(|verdict| verdict == first) {
        return (first, Rows::NONE);
    }
    let of_peers = ways.iter().fold(Rows::NONE, |rows, way| rows.union(way.said.rows()));
    (Verdict::Undefined, deciding(ways).union(of_peers))
}

/// A side, judged in every way.
pub(super) fn side(ways: &[Way<Answer>]) -> Side {
    let values: Vec<Way<Value>> =
        ways.iter().map(|way| Way { settled: way.settled.clone(), said: way.said.value.clone() }).collect();
    let (verdict, rows) = verdict(&values);
    let rules = Rules::over(ways);
    let isolated_by = || isolated_by(ways);
    let reason = match verdict {
        Verdict::Allow => passes(ways, &rules),
        Verdict::Deny => Reason::NoRule { isolated_by: isolated_by(), near: rules.near() },
        Verdict::Undefined => Reason::Open { rows, isolated_by: isolated_by(), near: rules.near() },
    };
    Side { verdict, reason }
}

/// The policies that isolate the subject under any reading, by name.
fn isolated_by(ways: &[Way<Answer>]) -> Vec<ObjectName> {
    let policies = ways.iter().filter_map(|way| match &way.said.course {
        Course::Isolated { by, .. } => Some(by),
        Course::Passed(_) => None,
    });
    let all: BTreeSet<&ObjectName> = policies.flatten().collect();
    all.into_iter().cloned().collect()
}

/// The first reading of each row lets less pass than the others: what passes there passes for that reason. But those of U7 and
/// U9 have no such order. Of several reasons the one that the judgement comes to last is told: rules, where they are asked.
fn passes(ways: &[Way<Answer>], rules: &Rules<'_>) -> Reason {
    let least = ways.iter().filter(|way| {
        let mut taken = way.settled.iter().filter(|(open, _)| !matches!(open.row(), Row::U7 | Row::U9));
        taken.all(|(_, reading)| *reading == 0)
    });
    let passed = least.map(|way| match &way.said.course {
        Course::Passed(reason) => Some(reason),
        Course::Isolated { .. } => None,
    });
    let last = passed.max_by_key(|reason| reason.map_or(u8::MAX, place)).flatten();
    last.map_or_else(|| Reason::Rule { admitted_by: rules.admitting() }, Clone::clone)
}

/// When the judgement comes to it (SEMANTICS section 1).
fn place(reason: &Reason) -> u8 {
    match reason {
        Reason::Hairpin => 0,
        Reason::NoSubject => 1,
        Reason::NotEnforced { .. } => 2,
        Reason::NotIsolated => 3,
        Reason::OwnNode => 4,
        Reason::ExemptRange => 5,
        Reason::Unfiltered => 6,
        Reason::Rule { .. } | Reason::NoRule { .. } | Reason::Open { .. } => 7,
    }
}

/// A rule over all ways that asked it.
#[derive(Default)]
struct Tally {
    asked: usize,
    admits: usize,
    may_admit: bool,
    ports_match: bool,
    half_matches: bool,
}

/// The rules that were asked, by their places.
struct Rules<'w>(BTreeMap<(usize, usize), (&'w RuleRef, Tally)>);

impl<'w> Rules<'w> {
    fn over(ways: &'w [Way<Answer>]) -> Self {
        let mut rules: BTreeMap<(usize, usize), (&RuleRef, Tally)> = BTreeMap::new();
        for asked in ways.iter().flat_map(|way| asked(&way.said)) {
            let (_, tally) = rules.entry((asked.policy, asked.rule.rule)).or_insert((&asked.rule, Tally::default()));
            tally.asked += 1;
            tally.admits += usize::from(asked.matches() == Match::Yes);
            tally.may_admit |= asked.matches() != Match::No;
            tally.ports_match |= asked.ports;
            tally.half_matches |= asked.ports || asked.peers != Match::No;
        }
        Self(rules)
    }

    /// The rules that admit the flow under every reading; where each reading has others, those that do under some.
    fn admitting(&self) -> Vec<RuleRef> {
        let those = |which: &dyn Fn(&Tally) -> bool| -> Vec<RuleRef> {
            self.0.values().filter(|(_, tally)| which(tally)).map(|(rule, _)| (*rule).clone()).collect()
        };
        let always = those(&|tally| tally.admits == tally.asked);
        if always.is_empty() { those(&|tally| tally.may_admit) } else { always }
    }

    /// The rules that admit the flow under no reading, though one of their halves matches under some.
    fn near(&self) -> Vec<NearMiss> {
        let near = self.0.values().filter(|(_, tally)| tally.half_matches && !tally.may_admit);
        near.map(|(rule, tally)| {
            let failed = if tally.ports_match { Failed::Peer } else { Failed::Port };
            NearMiss { rule: (*rule).clone(), failed }
        })
        .collect()
    }
}

fn asked(answer: &Answer) -> &[Asked] {
    match &answer.course {
        Course::Isolated { rules, .. } => rules,
        Course::Passed(_) => &[],
    }
}
