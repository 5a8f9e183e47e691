//! The definition: SEMANTICS as code, naive and index-free.
//!
//! Every other engine is compared with this one. It scans; it is not fast and must not become so.

mod asking;
mod backends;
mod controllers;
mod endpoint;
mod face;
mod labels;
mod matching;
mod node;
mod notes;
mod peers;
mod question;
mod readings;
mod reason;
mod service;
mod side;
mod value;
mod view;
mod who;

use std::cell::Cell;
use std::collections::VecDeque;

use crate::model::cluster::Cluster;
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::Direction;
use crate::net::{Port, Protocol};
use crate::profile::profile::Profile;
use crate::profile::row::{Row, Rows};
use crate::reference::asking::Asking;
use crate::reference::endpoint::{Candidate, Resolved};
use crate::reference::question::{Question, Sent};
use crate::reference::readings::{Settled, Way, deciding, every_way, together};
use crate::reference::side::Course;
use crate::reference::view::View;
use crate::reference::who::{Party, Who};
use crate::verdict::{Backend, BackendDecision, Decide, Decision, FlowError, Judged, Sides, Verdict};

/// Judges flows by the definition ([K1](crate::semantics#k1) to [K28](crate::semantics#k28), [U1](crate::semantics#u1)
/// to [U9](crate::semantics#u9), [C1](crate::semantics#c1) to [C14](crate::semantics#c14)).
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
    Pair(Box<Question<'c>>),
    Backends(Vec<(Backend, Question<'c>)>),
}

impl<'c> Asked<'c> {
    fn questions(&self) -> impl Iterator<Item = &Question<'c>> {
        let (pair, backends) = match self {
            Self::Pair(question) => (Some(&**question), [].as_slice()),
            Self::Backends(all) => (None, all.as_slice()),
        };
        pair.into_iter().chain(backends.iter().map(|(_, question)| question))
    }
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

    /// Whether policies isolate a pod for a direction and the cluster enforces that, towards somebody outside: `None` where that
    /// hangs on what is open, and the rows that either answer hangs on. Of what is no pod nothing is isolated.
    pub(crate) fn isolation(&self, endpoint: &Endpoint, direction: Direction) -> (Option<bool>, Rows) {
        let Ok(Resolved::End(candidate)) = endpoint::resolve(self.cluster, endpoint) else {
            return (Some(false), Rows::NONE);
        };
        let (this, outside) = (candidate.party(None), Party::new(Who::External, None));
        let (source, destination) = match direction {
            Direction::Egress => (this, outside),
            Direction::Ingress => (outside, this),
        };
        let l4 = L4::Port(Protocol::Tcp, Port::MIN);
        let question = Question { source, destination, l4, sent: Sent::Straight };
        let ways = |profile: &Profile, seen: &Cell<Rows>| {
            every_way(
                |settled| question.are_possible(settled),
                |choices| {
                    let view = View { cluster: self.cluster, profile, choices, seen };
                    matches!(side::side(&view, &question, direction).course, Course::Isolated { .. })
                },
            )
        };
        let verdict = |ways: &[Way<bool>]| match (ways.iter().any(|way| way.said), ways.iter().all(|way| way.said)) {
            (true, true) => Verdict::Deny,
            (false, _) => Verdict::Allow,
            (true, false) => Verdict::Undefined,
        };
        let seen = Cell::new(Rows::NONE);
        let own = ways(self.profile, &seen);
        let rows = |said| self.deciding(said, &|profile, seen| verdict(&ways(profile, seen)));
        match verdict(&own) {
            Verdict::Undefined => (None, deciding(&own)),
            said => (Some(said == Verdict::Deny), rows(said)),
        }
    }

    /// What the flow asks. Which backends a Service has may hang on the profile (U7).
    fn ask<'q>(&self, flow: &'q Flow, profile: &Profile, seen: &Cell<Rows>) -> Result<Asked<'q>, FlowError>
    where
        'c: 'q,
    {
        let cluster: &'q Cluster = self.cluster;
        let asking = Asking { cluster, profile, seen };
        let source = match endpoint::resolve(cluster, &flow.source)? {
            Resolved::End(candidate) => candidate,
            Resolved::Service(service, _) => return Err(FlowError::ServiceAsSource(service.name.clone())),
        };
        let via = flow.via.as_ref();
        let destination = match &flow.destination {
            Destination::Service(name) => {
                let service = cluster.service(name).ok_or_else(|| FlowError::UnknownService(name.clone()))?;
                let backends = service::by_cluster_ip(&asking, service, None, &source, flow.l4, via)?;
                return Ok(Asked::Backends(backends));
            }
            Destination::Endpoint(endpoint) => endpoint::resolve(cluster, endpoint)?,
        };
        // K26: whoever has the address, but a pod, may be met as a Service there.
        match destination {
            Resolved::Service(service, address) => match face::at(cluster, Who::ClusterIp, address, flow.l4)? {
                Some(face) => {
                    let to = Candidate::new(Who::ClusterIp, vec![address], true, address.to_string());
                    let (sender, _) = endpoint::meet(&source, &to)?;
                    let sent_to = (&sender, Who::External, address);
                    Ok(Asked::Backends(service::by_face(&asking, &face, &source, sent_to, (flow.l4, via))?))
                }
                None => {
                    Ok(Asked::Backends(service::by_cluster_ip(&asking, service, Some(address), &source, flow.l4, via)?))
                }
            },
            Resolved::End(candidate) => {
                // Where the ends do not even meet there is no Service between them either.
                let met = endpoint::meet(&source, &candidate);
                let (sender, receiver) =
                    if via.is_some() { met.map_err(|_| FlowError::ViaWithoutService)? } else { met? };
                let is_pod = receiver.who.namespace().is_some() && !receiver.who.is_host_network();
                if let Some(address) = receiver.address.filter(|_| !is_pod) {
                    if let Some(face) = face::at(cluster, receiver.who, address, flow.l4)? {
                        let sent_to = (&sender, receiver.who, address);
                        return Ok(Asked::Backends(service::by_face(
                            &asking,
                            &face,
                            &source,
                            sent_to,
                            (flow.l4, via),
                        )?));
                    }
                }
                if via.is_some() {
                    return Err(FlowError::ViaWithoutService);
                }
                let question = Question { source: sender, destination: receiver, l4: flow.l4, sent: Sent::Straight };
                Ok(Asked::Pair(Box::new(question)))
            }
        }
    }

    /// The verdict over all of `questions`, and the rows that leave it undefined (K23).
    fn answer(&self, asked: &Asked<'_>, profile: &Profile, seen: &Cell<Rows>) -> Verdict {
        let outcomes: Vec<Outcome> = asked.questions().map(|q| self.outcome(q, profile, seen)).collect();
        aggregate(&outcomes).0
    }

    /// Each side in every way of reading what it asks, then both together.
    fn outcome<'q>(&self, question: &Question<'q>, profile: &Profile, seen: &Cell<Rows>) -> Outcome
    where
        'c: 'q,
    {
        let are_possible = |settled: &Settled| question.are_possible(settled);
        let ways_of = |direction| {
            every_way(are_possible, |choices| {
                let view = View { cluster: self.cluster, profile, choices, seen };
                side::side(&view, question, direction)
            })
        };
        let (egress, ingress) = (ways_of(Direction::Egress), ways_of(Direction::Ingress));
        let both = together(are_possible, &egress, &ingress, |egress, ingress| egress.value.and(&ingress.value));
        let (verdict, open) = reason::verdict(&both);
        Outcome { verdict, open, sides: Sides { egress: reason::side(&egress), ingress: reason::side(&ingress) } }
    }

    /// The rows of a definite verdict: of every minimal set whose Kubernetes form would change it.
    ///
    /// A row that an evaluation did not look at cannot change it, so sets grow only by rows looked at. `answer` is the verdict
    /// under a profile, and notes what it looks at.
    fn deciding(&self, verdict: Verdict, answer: &dyn Fn(&Profile, &Cell<Rows>) -> Verdict) -> Rows {
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
            if answer(&profile, &seen) != verdict {
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

    /// The rows of the whole flow.
    fn rows(&self, flow: &Flow, verdict: Verdict, open: Rows) -> Rows {
        if verdict == Verdict::Undefined {
            return open;
        }
        self.deciding(verdict, &|profile, seen| match self.ask(flow, profile, seen) {
            Ok(asked) => self.answer(&asked, profile, seen),
            // A profile under which there is nothing to judge says nothing else.
            Err(_) => verdict,
        })
    }

    /// The rows of one backend alone.
    fn rows_of_backend(&self, question: &Question<'_>, outcome: &Outcome) -> Rows {
        if outcome.verdict == Verdict::Undefined {
            return outcome.open;
        }
        self.deciding(outcome.verdict, &|profile, seen| self.outcome(question, profile, seen).verdict)
    }
}

impl Decide for Reference<'_> {
    fn decide(&self, flow: &Flow) -> Result<Decision, FlowError> {
        let seen = Cell::new(Rows::NONE);
        let asked = self.ask(flow, self.profile, &seen)?;
        let outcomes: Vec<Outcome> = asked.questions().map(|q| self.outcome(q, self.profile, &seen)).collect();
        let (verdict, open) = aggregate(&outcomes);
        let rows = self.rows(flow, verdict, open);
        let answered = asked.questions().zip(outcomes.iter().map(|outcome| &outcome.sides));
        let notes = notes::of(self.cluster, answered, rows);
        let judged = match asked {
            Asked::Pair(_) => {
                let mut sides = outcomes.into_iter().map(|outcome| outcome.sides);
                match sides.next() {
                    Some(sides) => Judged::Sides(sides),
                    None => Judged::Backends(Vec::new()),
                }
            }
            Asked::Backends(questions) => {
                let backends = questions.iter().zip(outcomes).map(|((backend, question), outcome)| BackendDecision {
                    backend: backend.clone(),
                    l4: question.l4,
                    verdict: outcome.verdict,
                    rows: self.rows_of_backend(question, &outcome),
                    sides: outcome.sides,
                });
                Judged::Backends(backends.collect())
            }
        };
        Ok(Decision { flow: flow.clone(), verdict, rows, judged, notes })
    }
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
