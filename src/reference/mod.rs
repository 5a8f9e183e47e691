//! The definition: SEMANTICS as code, naive and index-free.
//!
//! Every other engine is compared with this one. It scans; it is not fast and must not become so.

mod endpoint;
mod matching;
mod question;
mod readings;
mod reason;
mod service;
mod side;
mod value;
mod view;

use std::cell::Cell;
use std::collections::VecDeque;

use crate::model::cluster::Cluster;
use crate::model::flow::{Destination, Flow};
use crate::name::Direction;
use crate::profile::profile::Profile;
use crate::profile::row::{Row, Rows};
use crate::reference::endpoint::{Candidate, Resolved};
use crate::reference::question::Question;
use crate::reference::readings::{every_way, together};
use crate::reference::view::View;
use crate::verdict::{Backend, BackendDecision, Decide, Decision, FlowError, Judged, Sides, Verdict};

/// Judges flows by the definition ([K1](crate::semantics#k1) to [K25](crate::semantics#k25), [U1](crate::semantics#u1)
/// to [U6](crate::semantics#u6), [C1](crate::semantics#c1) to [C14](crate::semantics#c14)).
///
/// ```
/// use netpol_oracle::{Cluster, Decide, Flow, ObjectName, Pod, Profile, Reference, Verdict};
///
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(ObjectName::new("default", "web-0")));
/// builder.pod(Pod::new(ObjectName::new("default", "db-0")));
/// let (cluster, profile) = (builder.build(), Profile::kubernetes());
/// let reference = Reference::new(&cluster, &profile);
///
/// let flow: Flow = "default/web-0 -> default/db-0:6379/tcp".parse()?;
/// assert_eq!(reference.decide(&flow)?.verdict, Verdict::Allow); // not isolated: K1
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Reference<'c> {
    cluster: &'c Cluster,
    profile: &'c Profile,
}

/// The questions that make up one flow: itself, or one for each backend of its Service.
enum Asked<'c> {
    Pair(Question<'c>),
    Backends(Vec<(Backend, Question<'c>)>),
}

/// What one question was answered with.
struct Outcome {
    verdict: Verdict,
    /// The rows that leave it undefined; none of a definite verdict.
    open: Rows,
    sides: Sides,
}

impl<'c> Reference<'c> {
    /// Judges flows on `cluster` as `profile` says it enforces.
    #[must_use]
    pub fn new(cluster: &'c Cluster, profile: &'c Profile) -> Self {
        Self { cluster, profile }
    }

    /// The cluster it judges on.
    #[must_use]
    pub fn cluster(&self) -> &'c Cluster {
        self.cluster
    }

    /// The profile it judges by.
    #[must_use]
    pub fn profile(&self) -> &'c Profile {
        self.profile
    }

    /// Verdicts without the rows they hang on: end to end, egress, ingress. A side of a Service flow has
    /// the verdict that it has for every backend, else Undefined.
    pub(crate) fn verdicts(&self, flow: &Flow) -> Result<[Verdict; 3], FlowError> {
        let seen = Cell::new(Rows::NONE);
        let outcomes: Vec<Outcome> = match self.ask(flow)? {
            Asked::Pair(question) => vec![self.outcome(&question, self.profile, &seen)],
            Asked::Backends(all) => all.iter().map(|(_, q)| self.outcome(q, self.profile, &seen)).collect(),
        };
        let side = |direction| {
            let mut verdicts = outcomes.iter().map(|outcome| outcome.sides.of(direction).verdict);
            let first = verdicts.next().unwrap_or(Verdict::Undefined);
            if verdicts.all(|verdict| verdict == first) { first } else { Verdict::Undefined }
        };
        Ok([aggregate(&outcomes).0, side(Direction::Egress), side(Direction::Ingress)])
    }

    fn ask(&self, flow: &Flow) -> Result<Asked<'c>, FlowError> {
        let source = match endpoint::resolve(self.cluster, &flow.source)? {
            Resolved::End(candidate) => candidate,
            Resolved::Service(service, _) => return Err(FlowError::ServiceAsSource(service.name.clone())),
        };
        let (service, sent_to) = match &flow.destination {
            Destination::Service(name) => {
                let service = self.cluster.service(name).ok_or_else(|| FlowError::UnknownService(name.clone()))?;
                (service, None)
            }
            Destination::Endpoint(endpoint) => match endpoint::resolve(self.cluster, endpoint)? {
                Resolved::Service(service, address) => (service, Some(address)),
                Resolved::End(destination) if flow.via.is_none() => return pair(&source, &destination, flow),
                Resolved::End(_) => return Err(FlowError::ViaWithoutService),
            },
        };
        let questions = service::backends(self.cluster, service, sent_to, &source, flow.l4, flow.via.as_ref())?;
        Ok(Asked::Backends(questions))
    }

    /// The verdict over all of `questions`, and the rows that leave it undefined (K23).
    fn answer(&self, questions: &[&Question<'c>], profile: &Profile, seen: &Cell<Rows>) -> (Verdict, Rows) {
        let outcomes: Vec<Outcome> = questions.iter().map(|q| self.outcome(q, profile, seen)).collect();
        aggregate(&outcomes)
    }

    /// Each side in every way of reading what it asks, then both together.
    fn outcome(&self, question: &Question<'_>, profile: &Profile, seen: &Cell<Rows>) -> Outcome {
        let ways_of = |direction| {
            every_way(|choices| {
                let view = View { cluster: self.cluster, profile, choices, seen };
                side::side(&view, question, direction)
            })
        };
        let (egress, ingress) = (ways_of(Direction::Egress), ways_of(Direction::Ingress));
        let both = together(&egress, &ingress, |egress, ingress| egress.value.and(&ingress.value));
        let (verdict, open) = reason::verdict(&both);
        Outcome { verdict, open, sides: Sides { egress: reason::side(&egress), ingress: reason::side(&ingress) } }
    }

    /// The rows of a definite verdict: of every minimal set whose Kubernetes form would change it.
    ///
    /// A row that an evaluation did not look at cannot change it, so sets grow only by rows looked at.
    fn deciding(&self, questions: &[&Question<'c>], verdict: Verdict) -> Rows {
        let candidates: Rows = self.profile.capabilities().other_than_kubernetes().collect();
        let mut minimal: Vec<Rows> = Vec::new();
        let mut tried: Vec<Rows> = vec![Rows::NONE];
        let mut queue: VecDeque<Rows> = [Rows::NONE].into();
        while let Some(changed) = queue.pop_front() {
            if minimal.iter().any(|set| set.is_subset(changed)) {
                continue;
            }
            let profile = changed.iter().fold(self.profile.clone(), Profile::with_row_as_kubernetes);
            let seen = Cell::new(Rows::NONE);
            let (other, _) = self.answer(questions, &profile, &seen);
            if other != verdict {
                minimal.push(changed);
                continue;
            }
            for row in seen.get().iter().filter(|row| candidates.contains(*row) && !changed.contains(*row)) {
                let larger = changed.union(row.into());
                if !tried.contains(&larger) {
                    tried.push(larger);
                    queue.push_back(larger);
                }
            }
        }
        minimal.into_iter().fold(Rows::NONE, Rows::union)
    }

    fn rows(&self, questions: &[&Question<'c>], verdict: Verdict, open: Rows) -> Rows {
        if verdict == Verdict::Undefined { open } else { self.deciding(questions, verdict) }
    }
}

impl Decide for Reference<'_> {
    fn decide(&self, flow: &Flow) -> Result<Decision, FlowError> {
        let seen = Cell::new(Rows::NONE);
        let (verdict, rows, judged) = match self.ask(flow)? {
            Asked::Pair(question) => {
                let outcome = self.outcome(&question, self.profile, &seen);
                let rows = self.rows(&[&question], outcome.verdict, outcome.open);
                (outcome.verdict, rows, Judged::Sides(outcome.sides))
            }
            Asked::Backends(questions) => {
                let outcomes: Vec<Outcome> =
                    questions.iter().map(|(_, question)| self.outcome(question, self.profile, &seen)).collect();
                let (verdict, open) = aggregate(&outcomes);
                let all: Vec<&Question<'_>> = questions.iter().map(|(_, question)| question).collect();
                let rows = self.rows(&all, verdict, open);
                let backends = questions.iter().zip(outcomes).map(|((backend, question), outcome)| BackendDecision {
                    backend: backend.clone(),
                    verdict: outcome.verdict,
                    rows: self.rows(&[question], outcome.verdict, outcome.open),
                    sides: outcome.sides,
                });
                (verdict, rows, Judged::Backends(backends.collect()))
            }
        };
        Ok(Decision { flow: flow.clone(), verdict, rows, judged, notes: Vec::new() })
    }
}

fn pair<'c>(source: &Candidate<'c>, destination: &Candidate<'c>, flow: &Flow) -> Result<Asked<'c>, FlowError> {
    let (source, destination) = endpoint::meet(source, destination)?;
    Ok(Asked::Pair(Question { source, destination, l4: flow.l4, service: None }))
}

/// All backends agree: their verdict. Else Undefined: the rows of those that are, and K23 where one is
/// allowed and another denied.
fn aggregate(outcomes: &[Outcome]) -> (Verdict, Rows) {
    let some = |verdict| outcomes.iter().any(|outcome| outcome.verdict == verdict);
    let mut rows = outcomes.iter().fold(Rows::NONE, |rows, outcome| rows.union(outcome.open));
    match (some(Verdict::Allow), some(Verdict::Deny), some(Verdict::Undefined)) {
        (true, false, false) => (Verdict::Allow, rows),
        (false, true, false) => (Verdict::Deny, rows),
        (allow, deny, _) => {
            if allow && deny {
                rows.insert(Row::K23);
            }
            (Verdict::Undefined, rows)
        }
    }
}
