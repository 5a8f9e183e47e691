//! One side under every reading, rule by rule: what it hangs on, and what its reason is made of.

use crate::engine::judge::circumstances::Passes;
use crate::engine::judge::diagrams::{Behaviour, Diagram, Diagrams};
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::reading::{Reading, Readings};
use crate::engine::judge::rules::Matched;
use crate::engine::judge::side::{BeforeRules, JudgedSide};
use crate::name::{Direction, ObjectName};
use crate::verdict::{Failed, NearMiss, Reason, RuleRef, Side, Verdict};

/// A side under all readings.
pub(super) struct SideCourse<'a> {
    diagrams: &'a Diagrams,
    direction: Direction,
    readings: Readings,
    courses: Vec<Course>,
    isolated_by: Vec<ObjectName>,
    /// The rules of the policies that isolate the subject, where any reading asks them.
    rules: Vec<RuleRef>,
}

/// A side under one reading.
struct Course {
    reading: Reading,
    before: BeforeRules<Diagram>,
    /// Of each rule; none where no rule is asked.
    matched: Vec<Matched<Diagram>>,
}

impl<'a> SideCourse<'a> {
    pub(super) fn of(evaluation: Evaluation<'a, '_, Diagrams>, direction: Direction) -> Self {
        let readings = Readings::of(evaluation.question, evaluation.settings);
        let mut all = Self {
            diagrams: evaluation.logic,
            direction,
            readings,
            courses: Vec::new(),
            isolated_by: Vec::new(),
            rules: Vec::new(),
        };
        for reading in readings.all() {
            let side = JudgedSide::new(evaluation, direction, reading);
            let before = side.before_rules();
            let mut matched = Vec::new();
            if let BeforeRules::Rules { asked, .. } = before {
                let name = |policy: &crate::engine::tables::policy::CompiledPolicy| policy.source.name().clone();
                if all.isolated_by.is_empty() {
                    all.isolated_by = side.isolating().map(name).collect();
                }
                if asked != Diagrams::NO {
                    let rules = || side.isolating().flat_map(|policy| policy.rules(direction));
                    matched = rules().map(|rule| side.matcher().matched(rule)).collect();
                }
                if all.rules.is_empty() && asked != Diagrams::NO {
                    all.rules = side
                        .isolating()
                        .flat_map(|policy| {
                            let places = 0..policy.rules(direction).len();
                            places.map(move |rule| RuleRef { policy: name(policy), direction, rule })
                        })
                        .collect();
                }
            }
            all.courses.push(Course { reading, before, matched });
        }
        all
    }

    /// What the side's passing hangs on, and the side as it is told.
    pub(super) fn finish(self) -> (Diagram, Side) {
        let admits = self.admits();
        let passes = self.readings.put_together(self.diagrams, |reading| {
            let course = self.courses.iter().zip(&admits).find(|(course, _)| course.reading == reading);
            course.map_or(Diagrams::NO, |(course, admits)| self.passes(course, admits))
        });
        let verdict = Diagrams::verdict(passes);
        let tallies = self.tallies(&admits);
        let reason = match verdict {
            Verdict::Allow => self.why_it_passes(tallies),
            Verdict::Deny => Reason::NoRule { near: near(&tallies), isolated_by: self.isolated_by },
            Verdict::Undefined => {
                Reason::Open { rows: self.diagrams.rows(passes), near: near(&tallies), isolated_by: self.isolated_by }
            }
        };
        (passes, Side { verdict, reason })
    }

    /// What each rule's admitting hangs on, under each reading.
    ///
    /// Peers that an unknown address leaves open are each a behaviour of its own (U6). Those that count under the same
    /// readings of everything else can only matter together, as "any of them": they are one.
    fn admits(&self) -> Vec<Vec<Diagram>> {
        let and = |one, other| self.diagrams.and(one, other);
        let mut admits: Vec<Vec<Diagram>> = self.courses.iter().map(|_| Vec::new()).collect();
        let mut groups: Vec<Vec<Diagram>> = Vec::new();
        for rule in 0..self.rules.len() {
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
                self.diagrams.behaviour(Behaviour::Peers { row, direction, group })
            });
            for ((admits, matched), counts) in admits.iter_mut().zip(matched).zip(counts) {
                let Some(matched) = matched else { continue };
                let certainly = and(matched.ports, matched.peers.certainly);
                admits.push(self.diagrams.or(certainly, and(counts, any_of_them)));
            }
        }
        admits
    }

    /// An ordered list: the first rule that matches acts, and rules of a NetworkPolicy allow (K2); what none matches is
    /// dropped.
    fn passes(&self, course: &Course, admits: &[Diagram]) -> Diagram {
        let (anyway, asked) = match course.before {
            BeforeRules::Pass(_) => return Diagrams::YES,
            BeforeRules::Rules { anyway, asked } => (anyway, asked),
        };
        let allow = Diagrams::YES;
        let by_rules =
            admits.iter().rev().fold(Diagrams::NO, |rest, matches| self.diagrams.choose(*matches, allow, rest));
        self.diagrams.or(anyway, self.diagrams.and(asked, by_rules))
    }

    fn tallies(&self, admits: &[Vec<Diagram>]) -> Vec<Tally> {
        let of = |(place, rule): (usize, &RuleRef)| {
            let mut tally = Tally { rule: rule.clone(), always: true, ever: false, ports: false, peers: false };
            for (course, admits) in self.courses.iter().zip(admits) {
                let (Some(matched), Some(admits)) = (course.matched.get(place), admits.get(place)) else { continue };
                tally.always &= *admits == Diagrams::YES;
                tally.ever |= *admits != Diagrams::NO;
                tally.ports |= matched.ports != Diagrams::NO;
                tally.peers |= (matched.peers.certainly, matched.peers.perhaps) != (Diagrams::NO, Diagrams::NO);
            }
            tally
        };
        self.rules.iter().enumerate().map(of).collect()
    }

    /// The first reading lets less pass than the others: what passes there passes for that reason.
    fn why_it_passes(&self, rules: Vec<Tally>) -> Reason {
        match self.courses.first().map(|course| &course.before) {
            Some(BeforeRules::Pass(why)) => match *why {
                Passes::NoSubject => Reason::NoSubject,
                Passes::Hairpin => Reason::Hairpin,
                Passes::NotEnforced(row) => Reason::NotEnforced { row },
                Passes::NotIsolated => Reason::NotIsolated,
                Passes::OwnNode => Reason::OwnNode,
                Passes::ExemptRange => Reason::ExemptRange,
                Passes::Unfiltered => Reason::Unfiltered,
            },
            _ => {
                // Where each reading has other rules, those that admit under some.
                let always = rules.iter().any(|tally| tally.always);
                let admitting = rules.into_iter().filter(|tally| if always { tally.always } else { tally.ever });
                Reason::Rule { admitted_by: admitting.map(|tally| tally.rule).collect() }
            }
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
