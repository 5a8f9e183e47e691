//! The full answer: verdict, rows and reasons, equal to the definition's.

use crate::engine::judge::{AskedRows, ByService, HostReading, Listener, Question, View, Why, verdict_under};
use crate::engine::kleene::{Minimal, Truth};
use crate::engine::rules::CompiledPolicy;
use crate::engine::services::ResolvedFlow;
use crate::engine::tables::Tables;
use crate::model::flow::Flow;
use crate::name::{Direction, ObjectName};
use crate::profile::capability::{Capabilities, HostNetwork};
use crate::profile::row::{Row, Rows};
use crate::verdict::{
    BackendDecision, Decision, Failed, FlowError, Judged, NearMiss, Reason, RuleRef, Side, Sides, Verdict,
};

/// Notes what reasons are made of.
#[derive(Default)]
struct Notes {
    direction: Option<Direction>,
    isolated_by: Vec<ObjectName>,
    admitted_by: Vec<RuleRef>,
    near: Vec<NearMiss>,
}

impl Notes {
    fn rule(&self, policy: &CompiledPolicy, rule: usize) -> RuleRef {
        let direction = self.direction.unwrap_or(Direction::Ingress);
        RuleRef { policy: policy.source.name().clone(), direction, rule }
    }
}

impl<'t> Listener<'t> for Notes {
    fn isolated_by(&mut self, policies: &[&'t CompiledPolicy]) {
        self.isolated_by = policies.iter().map(|policy| policy.source.name().clone()).collect();
    }

    fn admitted(&mut self, policy: &'t CompiledPolicy, rule: usize) {
        let rule = self.rule(policy, rule);
        self.admitted_by.push(rule);
    }

    fn near(&mut self, policy: &'t CompiledPolicy, rule: usize, failed: Failed) {
        let rule = self.rule(policy, rule);
        self.near.push(NearMiss { rule, failed });
    }

    const FIRST_IS_ENOUGH: bool = false;
}

/// One side under one reading.
struct Answer {
    value: Minimal,
    reason: Reason,
}

/// What one question is answered with.
struct Outcome {
    verdict: Verdict,
    /// The rows that leave it undefined.
    open: Rows,
    sides: Sides,
}

impl Tables {
    pub(super) fn decide(&self, flow: &Flow) -> Result<Decision, FlowError> {
        let front = match self.resolve_flow(flow)? {
            ResolvedFlow::Pair(source, destination) => {
                let question = Question { source, destination, l4: flow.l4, service: ByService::No };
                let outcome = self.outcome(&question);
                let rows = self.rows(&[question], outcome.verdict, outcome.open);
                let judged = Judged::Sides(outcome.sides);
                return Ok(Decision { flow: flow.clone(), verdict: outcome.verdict, rows, judged });
            }
            ResolvedFlow::Service(front) => front,
        };
        let service = ByService::Yes(front.cluster_address);
        let (mut questions, mut backends, mut all_open) = (Vec::new(), Vec::new(), Rows::NONE);
        for (backend, way) in front.ways(flow.via.as_ref())? {
            let question = Question { source: way.source, destination: way.destination, l4: way.l4, service };
            let outcome = self.outcome(&question);
            all_open = all_open.union(outcome.open);
            let rows = self.rows(&[question], outcome.verdict, outcome.open);
            backends.push(BackendDecision { backend, verdict: outcome.verdict, rows, sides: outcome.sides });
            questions.push(question);
        }
        let (verdict, disagree) = together(backends.iter().map(|backend| backend.verdict));
        if disagree {
            all_open.insert(Row::K23);
        }
        let rows = self.rows(&questions, verdict, all_open);
        Ok(Decision { flow: flow.clone(), verdict, rows, judged: Judged::Backends(backends) })
    }

    fn view<'t>(&'t self, capabilities: &'t Capabilities, host: HostReading, asked: &'t AskedRows) -> View<'t> {
        View { tables: self, capabilities, host, asked }
    }

    fn outcome<'t>(&'t self, question: &Question<'t>) -> Outcome {
        let asked = AskedRows::default();
        let capabilities = self.profile.capabilities();
        let sides = |host| {
            let view = self.view(capabilities, host, &asked);
            [Direction::Egress, Direction::Ingress].map(|direction| answer(&view, question, direction))
        };
        match question.hosts(capabilities, &asked) {
            HostNetwork::Node => plain(sides(HostReading::Node)),
            HostNetwork::Pod => plain(sides(HostReading::Pod)),
            HostNetwork::Unknown => either(sides(HostReading::Node), sides(HostReading::Pod)),
        }
    }

    fn rows(&self, questions: &[Question<'_>], verdict: Verdict, open: Rows) -> Rows {
        if verdict == Verdict::Undefined { open } else { self.carrying(questions, verdict) }
    }

    /// The rows of a definite verdict: of every minimal set whose Kubernetes form would change it.
    ///
    /// Sets are tried by their size, and a set grows only by rows that its own judgement asked for: no other can matter.
    fn carrying(&self, questions: &[Question<'_>], verdict: Verdict) -> Rows {
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
                let asked = AskedRows::default();
                let verdicts = questions.iter().map(|question| verdict_under(self, question, &capabilities, &asked));
                // Every question is asked, whatever the others say: `asked` must be whole.
                let verdicts: Vec<Verdict> = verdicts.collect();
                if together(verdicts.into_iter()).0 != verdict {
                    minimal.push(changed);
                    continue;
                }
                let grown = asked.rows().iter().filter(|row| candidates.contains(*row) && !changed.contains(*row));
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

fn answer<'t>(view: &View<'t>, question: &Question<'t>, direction: Direction) -> Answer {
    let mut notes = Notes { direction: Some(direction), ..Notes::default() };
    let (value, why) = view.side::<Minimal>(question, direction, &mut notes);
    let reason = match why {
        Why::NoSubject => Reason::NoSubject,
        Why::Hairpin => Reason::Hairpin,
        Why::NotEnforced(row) => Reason::NotEnforced { row },
        Why::NotIsolated => Reason::NotIsolated,
        Why::OwnNode => Reason::OwnNode,
        Why::ExemptRange => Reason::ExemptRange,
        Why::Unfiltered => Reason::Unfiltered,
        Why::Judged => match value.verdict() {
            Verdict::Allow => Reason::Rule { admitted_by: notes.admitted_by },
            Verdict::Deny => Reason::NoRule { isolated_by: notes.isolated_by, near: notes.near },
            Verdict::Undefined => Reason::Open { rows: value.rows(), isolated_by: notes.isolated_by, near: notes.near },
        },
    };
    Answer { value, reason }
}

fn plain([egress, ingress]: [Answer; 2]) -> Outcome {
    let both = egress.value.clone().and(ingress.value.clone());
    let verdict = both.verdict();
    let open = if verdict == Verdict::Undefined { both.rows() } else { Rows::NONE };
    let side = |answer: Answer| Side { verdict: answer.value.verdict(), reason: answer.reason };
    Outcome { verdict, open, sides: Sides { egress: side(egress), ingress: side(ingress) } }
}

/// `U2: unknown`: both readings are judged and compared.
fn either(node: [Answer; 2], pod: [Answer; 2]) -> Outcome {
    let both = |[egress, ingress]: &[Answer; 2]| egress.value.clone().and(ingress.value.clone());
    let (as_node, as_pod) = (both(&node), both(&pod));
    let differ = as_node != as_pod;
    let verdict = if differ { Verdict::Undefined } else { as_node.verdict() };
    let mut open = Rows::NONE;
    if verdict == Verdict::Undefined {
        open = as_node.rows().union(as_pod.rows());
        if differ {
            open.insert(Row::U2);
        }
    }
    let ([node_egress, node_ingress], [pod_egress, pod_ingress]) = (node, pod);
    let sides = Sides { egress: either_side(node_egress, pod_egress), ingress: either_side(node_ingress, pod_ingress) };
    Outcome { verdict, open, sides }
}

fn either_side(node: Answer, pod: Answer) -> Side {
    if node.value == pod.value {
        return Side { verdict: node.value.verdict(), reason: node.reason };
    }
    let rows = node.value.rows().union(pod.value.rows()).union(Row::U2.into());
    let (isolated_by, near) = match pod.reason {
        Reason::NoRule { isolated_by, near } | Reason::Open { isolated_by, near, .. } => (isolated_by, near),
        _ => (Vec::new(), Vec::new()),
    };
    Side { verdict: Verdict::Undefined, reason: Reason::Open { rows, isolated_by, near } }
}
