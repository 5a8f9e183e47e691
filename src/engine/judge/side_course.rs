//! One side under every reading, rule by rule: what it hangs on, and what its reason is made of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::engine::judge::circumstances::Passes;
use crate::engine::judge::diagrams::{Behaviour, Diagram, Diagrams};
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::reading::Readings;
use crate::engine::judge::rules::Matched;
use crate::engine::judge::side::{BeforeRules, JudgedSide};
use crate::name::{Direction, ObjectName};
use crate::verdict::{Failed, NearMiss, Reason, RuleRef, Side, Verdict};

/// A rule by its policy, which is of the subject's namespace, and its place there: in the order of policies.
type RulePlace<'t> = (&'t ObjectName, usize);

/// A side under all readings.
pub(super) struct SideCourse<'a, 't> {
    evaluation: Evaluation<'a, 't, Diagrams>,
    readings: &'t Readings<'t>,
    direction: Direction,
    /// The courses that differ, and which of them each reading takes.
    courses: Vec<Course<'t>>,
    taken: Vec<usize>,
    /// The rules that any reading asks.
    rules: Vec<RulePlace<'t>>,
}

/// A side under one reading.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Course<'t> {
    /// Each choice that has an order is read the first way.
    is_first: bool,
    /// The policies that isolate it; none where something lets everything pass.
    isolated_by: Vec<ObjectName>,
    before: BeforeRules<Diagram>,
    /// Of each rule that is asked.
    matched: BTreeMap<RulePlace<'t>, Matched<Diagram>>,
}

impl<'a, 't> SideCourse<'a, 't> {
    pub(super) fn of(
        evaluation: Evaluation<'a, 't, Diagrams>,
        readings: &'t Readings<'t>,
        direction: Direction,
    ) -> Self {
        let (mut courses, mut taken, mut rules) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut places: HashMap<Course<'_>, usize> = HashMap::new();
        // Nothing is put together yet: groups of open peers are known once all readings are.
        readings.put_together(evaluation.logic, |shared| {
            evaluation.of_side(direction, shared, |reading| {
                let side = JudgedSide::new(evaluation, direction, reading);
                let before = side.before_rules();
                let (mut matched, mut isolated_by) = (BTreeMap::new(), Vec::new());
                if let BeforeRules::Rules { asked, .. } = before {
                    isolated_by = side.isolating().map(|policy| policy.source.name().clone()).collect();
                    if asked != Diagrams::NO {
                        for policy in side.isolating() {
                            let rules = policy.rules(direction).iter().enumerate();
                            matched.extend(
                                rules.map(|(at, rule)| ((policy.source.name(), at), side.matcher().matched(rule))),
                            );
                        }
                    }
                }
                rules.extend(matched.keys().copied());
                let course = Course { is_first: reading.is_first, isolated_by, before, matched };
                taken.push(*places.entry(course).or_insert_with_key(|course| {
                    courses.push(course.clone());
                    courses.len() - 1
                }));
                Diagrams::NO
            })
        });
        Self { evaluation, readings, direction, courses, taken, rules: rules.into_iter().collect() }
    }

    /// What the side's passing hangs on.
    pub(super) fn truth(&self) -> Diagram {
        self.passes_by(&self.admits())
    }

    fn passes_by(&self, admits: &[Vec<Diagram>]) -> Diagram {
        let said: Vec<Diagram> =
            self.courses.iter().zip(admits).map(|(course, admits)| self.passes(course, admits)).collect();
        let mut all = self.taken.iter().map(|at| said.get(*at).copied());
        // The readings come in the same order again.
        self.readings.put_together(self.evaluation.logic, |shared| {
            self.evaluation.of_side(self.direction, shared, |_| all.next().flatten().unwrap_or(Diagrams::NO))
        })
    }

    /// What the side's passing hangs on, and the side as it is told.
    pub(super) fn finish(self) -> (Diagram, Side) {
        let admits = self.admits();
        let passes = self.passes_by(&admits);
        let verdict = Diagrams::verdict(passes);
        let tallies = self.tallies(&admits);
        let reason = match verdict {
            Verdict::Allow => self.why_it_passes(tallies),
            Verdict::Deny => Reason::NoRule { near: near(&tallies), isolated_by: self.isolated_by() },
            Verdict::Undefined => {
                let rows = self.evaluation.logic.rows(passes);
                Reason::Open { rows, near: near(&tallies), isolated_by: self.isolated_by() }
            }
        };
        (passes, Side { verdict, reason })
    }

    /// The policies that isolate the subject, whatever it may be.
    fn isolated_by(&self) -> Vec<ObjectName> {
        let mut all: Vec<ObjectName> = self.courses.iter().flat_map(|course| &course.isolated_by).cloned().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What each rule's admitting hangs on, under each reading.
    ///
    /// Peers that an unknown address leaves open are each a behaviour of its own (U6). Those that count under the same
    /// readings of everything else can only matter together, as "any of them": they are one.
    fn admits(&self) -> Vec<Vec<Diagram>> {
        let diagrams = self.evaluation.logic;
        let and = |one, other| diagrams.and(one, other);
        let mut admits: Vec<Vec<Diagram>> = self.courses.iter().map(|_| Vec::new()).collect();
        let mut groups: Vec<Vec<Diagram>> = Vec::new();
        for rule in &self.rules {
            let matched: Vec<Option<&Matched<Diagram>>> =
                self.courses.iter().map(|course| course.matched.get(rule)).collect();
            let counts: Vec<Diagram> = matched
                .iter()
                .map(|each| each.map_or(Diagrams::NO, |each| and(each.ports, each.peers.perhaps)))
                .collect();
            let open = matched.iter().zip(&counts).find(|(_, counts)| **counts != Diagrams::NO);
            let any_of_them = open.and_then(|(matched, _)| *matched).map_or(Diagrams::NO, |matched| {
                let group = groups.iter().position(|known| *known == counts).unwrap_or_else(|| {
                    groups.push(counts.clone());
                    groups.len() - 1
                });
                let (row, direction) = (matched.peers.open, self.direction);
                diagrams.behaviour(Behaviour::Peers { row, direction, group })
            });
            for ((admits, matched), counts) in admits.iter_mut().zip(matched).zip(counts) {
                admits.push(matched.map_or(Diagrams::NO, |matched| {
                    let certainly = and(matched.ports, matched.peers.certainly);
                    diagrams.or(certainly, and(counts, any_of_them))
                }));
            }
        }
        admits
    }

    /// An ordered list: the first rule that matches acts, and rules of a NetworkPolicy allow (K2); what none matches is
    /// dropped.
    fn passes(&self, course: &Course<'_>, admits: &[Diagram]) -> Diagram {
        let diagrams = self.evaluation.logic;
        let (anyway, asked) = match course.before {
            BeforeRules::Pass(_) => return Diagrams::YES,
            BeforeRules::Rules { anyway, asked } => (anyway, asked),
        };
        let allow = Diagrams::YES;
        let by_rules = admits.iter().rev().fold(Diagrams::NO, |rest, matches| diagrams.choose(*matches, allow, rest));
        diagrams.or(anyway, diagrams.and(asked, by_rules))
    }

    fn tallies(&self, admits: &[Vec<Diagram>]) -> Vec<Tally> {
        let of = |(at, place): (usize, &RulePlace<'_>)| {
            let rule = RuleRef { policy: place.0.clone(), direction: self.direction, rule: place.1 };
            let mut tally = Tally { rule, always: true, ever: false, ports: false, peers: false };
            for (course, admits) in self.courses.iter().zip(admits) {
                let (Some(matched), Some(admits)) = (course.matched.get(place), admits.get(at)) else { continue };
                tally.always &= *admits == Diagrams::YES;
                tally.ever |= *admits != Diagrams::NO;
                tally.ports |= matched.ports != Diagrams::NO;
                tally.peers |= (matched.peers.certainly, matched.peers.perhaps) != (Diagrams::NO, Diagrams::NO);
            }
            tally
        };
        self.rules.iter().enumerate().map(of).collect()
    }

    /// The first reading of each choice lets less pass than the others: what passes there passes for that reason. But labels and
    /// senders have no such order: of what they give the last is told, rules above all.
    fn why_it_passes(&self, rules: Vec<Tally>) -> Reason {
        let mut last = None;
        for course in self.courses.iter().filter(|course| course.is_first) {
            let BeforeRules::Pass(passes) = course.before else {
                // Where each reading has other rules, those that admit under some.
                let always = rules.iter().any(|tally| tally.always);
                let admitting = rules.into_iter().filter(|tally| if always { tally.always } else { tally.ever });
                return Reason::Rule { admitted_by: admitting.map(|tally| tally.rule).collect() };
            };
            last = last.max(Some(passes));
        }
        match last {
            Some(Passes::Hairpin) => Reason::Hairpin,
            Some(Passes::NotEnforced(row)) => Reason::NotEnforced { row },
            Some(Passes::NotIsolated) => Reason::NotIsolated,
            Some(Passes::OwnNode) => Reason::OwnNode,
            Some(Passes::ExemptRange) => Reason::ExemptRange,
            Some(Passes::Unfiltered) => Reason::Unfiltered,
            Some(Passes::NoSubject) | None => Reason::NoSubject,
        }
    }
}

/// A rule over all readings that ask it.
struct Tally {
    rule: RuleRef,
    /// It admits the flow, whatever is open.
    always: bool,
    /// It may admit it.
    ever: bool,
    /// Its ports may match.
    ports: bool,
    /// Its peers may match.
    peers: bool,
}

/// The rules that admit the flow under no reading, though one of their halves matches under some.
fn near(rules: &[Tally]) -> Vec<NearMiss> {
    let near = rules.iter().filter(|tally| !tally.ever && (tally.ports || tally.peers));
    near.map(|tally| {
        let failed = if tally.ports { Failed::Peer } else { Failed::Port };
        NearMiss { rule: tally.rule.clone(), failed }
    })
    .collect()
}
