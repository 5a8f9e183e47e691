//! The full answer: verdict, rows and reasons, equal to the definition's.

use crate::engine::ends::service_front::ServiceFront;
use crate::engine::ends::services::ResolvedFlow;
use crate::engine::judge::diagrams::{Diagram, Diagrams};
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::question::Question;
use crate::engine::judge::reading::Readings;
use crate::engine::judge::settings::Settings;
use crate::engine::judge::side_course::SideCourse;
use crate::engine::judge::verdict::verdict;
use crate::engine::tables::Tables;
use crate::model::flow::Flow;
use crate::name::{Direction, ObjectName};
use crate::profile::row::{Row, Rows};
use crate::verdict::{BackendDecision, Decision, FlowError, Judged, Sides, Verdict};

/// What one question is answered with.
struct Outcome {
    verdict: Verdict,
    /// The rows that leave it undefined.
    open: Rows,
    sides: Sides,
}

impl Tables {
    pub(in crate::engine) fn decide(&self, flow: &Flow) -> Result<Decision, FlowError> {
        let resolved = self.resolve_flow(flow)?;
        let ways = match &resolved {
            ResolvedFlow::Connection(way) => {
                let question = Question::by_way(way);
                let outcome = self.outcome(&question);
                let rows = self.rows(&[question], outcome.verdict, outcome.open);
                let notes = self.notes([(&question, &outcome.sides)].into_iter(), rows);
                let judged = Judged::Sides(outcome.sides);
                return Ok(Decision { flow: flow.clone(), verdict: outcome.verdict, rows, judged, notes });
            }
            ResolvedFlow::HostPort(backend, way) => vec![(backend.clone(), *way)],
            ResolvedFlow::Service(front) => front.ways(flow.via.as_ref())?,
        };
        let (mut questions, mut backends, mut all_open) = (Vec::new(), Vec::new(), Rows::NONE);
        for (backend, way) in ways {
            let question = Question::by_way(&way);
            let outcome = self.outcome(&question);
            all_open = all_open.union(outcome.open);
            let rows = self.rows(&[question], outcome.verdict, outcome.open);
            backends.push(BackendDecision::new(backend, way.l4, outcome.verdict, rows, outcome.sides));
            questions.push(question);
        }
        let (verdict, disagree) = together(backends.iter().map(|backend| backend.verdict));
        if disagree {
            all_open.insert(Row::K23);
        }
        let rows = match &resolved {
            // Whose labels count decides who is a backend.
            ResolvedFlow::Service(front) if front.asks_controllers() && verdict != Verdict::Undefined => self
                .carrying(verdict, |settings| self.of_backends(front, flow.via.as_ref(), settings).unwrap_or(verdict)),
            _ => self.rows(&questions, verdict, all_open),
        };
        let notes = self.notes(questions.iter().zip(backends.iter().map(|backend| &backend.sides)), rows);
        Ok(Decision { flow: flow.clone(), verdict, rows, judged: Judged::Backends(backends), notes })
    }

    /// What the backends say that the Service has under these settings; none where nobody is one.
    fn of_backends(
        &self,
        front: &ServiceFront<'_>,
        via: Option<&ObjectName>,
        settings: &Settings<'_>,
    ) -> Option<Verdict> {
        let labels = settings.ask(Row::U7, |c| c.controller_label);
        let ways = front.with_labels(labels).ways(via).ok()?;
        let verdicts: Vec<Verdict> =
            ways.iter().map(|(_, way)| verdict(self, &Question::by_way(way), settings)).collect();
        Some(together(verdicts.into_iter()).0)
    }

    fn outcome(&self, question: &Question<'_>) -> Outcome {
        let diagrams = Diagrams::default();
        let settings = Settings::new(self.profile.capabilities());
        let evaluation = Evaluation { tables: self, settings: &settings, logic: &diagrams, question };
        let readings = Readings::of(evaluation);
        let [egress, ingress]: [(Diagram, _); 2] = [Direction::Egress, Direction::Ingress]
            .map(|direction| SideCourse::of(evaluation, &readings, direction).finish());
        let both = diagrams.and(egress.0, ingress.0);
        let sides = Sides { egress: egress.1, ingress: ingress.1 };
        Outcome { verdict: Diagrams::verdict(both), open: diagrams.rows(both), sides }
    }

    fn rows(&self, questions: &[Question<'_>], verdict_now: Verdict, open: Rows) -> Rows {
        if verdict_now == Verdict::Undefined {
            return open;
        }
        self.carrying(verdict_now, |settings| {
            // Every question is asked, whatever the others say: what was asked for must be whole.
            let verdicts: Vec<Verdict> = questions.iter().map(|question| verdict(self, question, settings)).collect();
            together(verdicts.into_iter()).0
        })
    }

    /// The rows of a definite verdict: of every minimal set whose Kubernetes form would change it.
    ///
    /// Sets are tried by their size, and a set grows only by rows that its own judgement asked for: no other can matter.
    fn carrying(&self, verdict_now: Verdict, judge: impl Fn(&Settings<'_>) -> Verdict) -> Rows {
        let own = self.profile.capabilities();
        let candidates: Rows = own.other_than_kubernetes().collect();
        let (mut minimal, mut layer): (Vec<Rows>, Vec<Rows>) = (Vec::new(), vec![Rows::NONE]);
        while !layer.is_empty() {
            let mut next: Vec<Rows> = Vec::new();
            for changed in layer {
                if minimal.iter().any(|set| set.is_subset(changed)) {
                    continue;
                }
                let mut capabilities = own.clone();
                changed.iter().for_each(|row| capabilities.set_as_kubernetes(row));
                let settings = Settings::new(&capabilities);
                if judge(&settings) != verdict_now {
                    minimal.push(changed);
                    continue;
                }
                let grown = settings.asked().iter().filter(|row| candidates.contains(*row) && !changed.contains(*row));
                next.extend(grown.map(|row| changed.union(row.into())));
            }
            next.sort_unstable();
            next.dedup();
            layer = next;
        }
        minimal.into_iter().fold(Rows::NONE, Rows::union)
    }
}

/// All agree: their verdict, else Undefined; and whether one is allowed and another denied (K23).
fn together(verdicts: impl Iterator<Item = Verdict>) -> (Verdict, bool) {
    let (mut allow, mut deny, mut undefined) = (false, false, false);
    for verdict in verdicts {
        match verdict {
            Verdict::Allow => allow = true,
            Verdict::Deny => deny = true,
            Verdict::Undefined => undefined = true,
        }
    }
    match (allow, deny, undefined) {
        (true, false, false) => (Verdict::Allow, false),
        (false, true, false) => (Verdict::Deny, false),
        _ => (Verdict::Undefined, allow && deny),
    }
}
