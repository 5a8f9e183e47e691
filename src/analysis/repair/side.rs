//! One side of a flow that is to be changed.

use std::net::IpAddr;
use std::sync::Arc;

use crate::analysis::repair::edit::{Action, Edit};
use crate::analysis::repair::party::Party;
use crate::diagnostic::FieldPath;
use crate::model::cluster::Cluster;
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::model::policy::{NetworkPolicy, PolicyTypes, Rule};
use crate::name::{Direction, ObjectName};
use crate::verdict::{BackendDecision, Decision, Judged, Reason, Side, Sides, Verdict};

/// Most characters of a new policy's name that come of the pod's.
const LONGEST: usize = 200;

/// The side of a flow whose subject's policies are to be changed.
pub(super) struct Mend<'d> {
    pub(super) direction: Direction,
    pub(super) reason: &'d Reason,
    /// Whom the policies isolate.
    pub(super) subject: Party,
    /// The other end.
    pub(super) peer: Party,
    /// What comes to the destination.
    pub(super) l4: L4,
    /// What was sent, where a Service makes something else of it.
    pub(super) sent: Option<(Vec<IpAddr>, L4)>,
}

/// The sides of an answer that are `others` than wanted, of the first backend that has any.
pub(super) fn to_mend<'d>(cluster: &Cluster, flow: &Flow, decision: &'d Decision, wanted: Verdict) -> Vec<Mend<'d>> {
    let mend = |sides: &'d Sides, backend: Option<&'d BackendDecision>| -> Vec<Mend<'d>> {
        let source = Party::source(cluster, flow);
        let destination = Party::destination(cluster, flow, backend.map(|backend| &backend.backend));
        let is_off = |side: &Side| side.verdict != wanted;
        let of = |direction| {
            let (subject, peer) = match direction {
                Direction::Egress => (source.clone(), destination.clone()),
                Direction::Ingress => (destination.clone(), source.clone()),
            };
            Mend {
                direction,
                reason: &sides.of(direction).reason,
                subject,
                peer,
                l4: backend.map_or(flow.l4, |backend| backend.l4),
                sent: backend.map(|_| (sent_to(cluster, flow), flow.l4)),
            }
        };
        let directions = [Direction::Egress, Direction::Ingress];
        directions.into_iter().filter(|direction| is_off(sides.of(*direction))).map(of).collect()
    };
    match &decision.judged {
        Judged::Sides(sides) => mend(sides, None),
        Judged::Backends(backends) => {
            let off = backends.iter().find(|backend| backend.verdict != wanted);
            off.map_or_else(Vec::new, |backend| mend(&backend.sides, Some(backend)))
        }
    }
}

/// How far an answer is from what is wanted: sides that do not pass yet, or rules that admit yet or may.
pub(super) fn distance(cluster: &Cluster, decision: &Decision, wanted: Verdict) -> usize {
    let of = |sides: &Sides, verdict: Verdict| match wanted {
        _ if verdict == wanted => 0,
        Verdict::Allow => [&sides.egress, &sides.ingress].into_iter().filter(|side| side.verdict != wanted).count(),
        _ => {
            let of_policy =
                |name: &ObjectName, direction| cluster.policy(name).map_or(0, |policy| policy.rules(direction).len());
            let rules = |direction| match &sides.of(direction).reason {
                Reason::Rule { admitted_by } => admitted_by.len(),
                Reason::Open { isolated_by, .. } => isolated_by.iter().map(|name| of_policy(name, direction)).sum(),
                _ => 0,
            };
            1 + rules(Direction::Egress) + rules(Direction::Ingress)
        }
    };
    match &decision.judged {
        Judged::Sides(sides) => of(sides, decision.verdict),
        Judged::Backends(backends) => backends.iter().map(|backend| of(&backend.sides, backend.verdict)).sum(),
    }
}

/// The addresses that a flow to a Service is sent to.
fn sent_to(cluster: &Cluster, flow: &Flow) -> Vec<IpAddr> {
    match &flow.destination {
        Destination::Service(name) => {
            cluster.service(name).map_or_else(Vec::new, |service| service.cluster_addresses.clone())
        }
        Destination::Endpoint(Endpoint::Address(address) | Endpoint::NodeAddress { address, .. }) => vec![*address],
        Destination::Endpoint(_) => Vec::new(),
    }
}

impl Mend<'_> {
    /// A new policy for the subject alone, with these rules; none where it is no pod.
    pub(super) fn new_policy(&self, cluster: &Cluster, verb: &str, rules: Vec<Rule>) -> Option<(Edit, NetworkPolicy)> {
        let (namespace, name, _) = self.subject.pod.as_ref()?;
        let name = self.name(cluster, namespace, &format!("{verb}-{}-{}", self.direction, short(name)));
        let (types, ingress, egress) = match self.direction {
            Direction::Ingress => (PolicyTypes::Ingress, rules, Vec::new()),
            Direction::Egress => (PolicyTypes::Egress, Vec::new(), rules),
        };
        let edit = Edit { policy: name.clone(), action: Action::NewPolicy, path: FieldPath::root() };
        Some((edit, NetworkPolicy::new(name, self.subject.selector(), types, ingress, egress)))
    }

    /// A name that no policy of the namespace has.
    fn name(&self, cluster: &Cluster, namespace: &Arc<str>, wanted: &str) -> ObjectName {
        let numbered = (2_u32..).map(|number| format!("{wanted}-{number}"));
        let mut names =
            std::iter::once(wanted.to_owned()).chain(numbered).map(|name| ObjectName::new(namespace.clone(), name));
        let free = names.find(|name| cluster.policy(name).is_none());
        free.unwrap_or_else(|| ObjectName::new(namespace.clone(), wanted))
    }
}

fn short(name: &str) -> String {
    name.chars().take(LONGEST).collect::<String>().trim_end_matches(['-', '.']).to_owned()
}
