//! A decision rendered for people.

use std::fmt::Write as _;

use crate::model::cluster::{Cluster, ContainerPort};
use crate::model::flow::{Destination, Endpoint, L4};
use crate::model::policy::{Namespaces, Peer, Peers, PortMatch, PortSpec, Ports, Rule};
use crate::name::{Direction, ObjectName};
use crate::profile::row::Rows;
use crate::text::{counted, first_of};
use crate::verdict::{Backend, Decision, Failed, Judged, NearMiss, Reason, RuleRef, Side, Sides, Verdict};

/// How many rules or policies a line of text names before it counts the rest.
const NAMED: usize = 5;

/// The decision as a few lines of text: verdict, rows, and each side's reason with the rules that admitted
/// the flow, or the policies that isolate and what nearly matched.
///
/// `cluster` is the snapshot the decision was made on: rules are shown as they stand there.
///
/// ```
/// use netpol_oracle::{explain, Cluster, Decide, ObjectName, Pod, Profile, Reference};
///
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(ObjectName::new("default", "web-0")));
/// let (cluster, profile) = (builder.build(), Profile::kubernetes());
/// let decision = Reference::new(&cluster, &profile).decide(&"default/web-0 -> 192.0.2.1:443/tcp".parse()?)?;
/// assert_eq!(
///     explain(&decision, &cluster),
///     "default/web-0 -> 192.0.2.1:443/tcp: allow\n\
///      \x20 egress: allow: no policy isolates the source for egress (K1)\n\
///      \x20 ingress: allow: the destination is no pod that policies isolate (K17, K24)\n\
///      \x20 note: namespace `default` was not loaded: selectors know its name alone\n\
///      \x20 note: no NetworkPolicy was loaded\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn explain(decision: &Decision, cluster: &Cluster) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}{}", decision.flow, decision.verdict, cited(decision.rows));
    let source = Met::of(&decision.flow.source, cluster);
    match &decision.judged {
        Judged::Sides(sides) => {
            let destination = match &decision.flow.destination {
                Destination::Endpoint(endpoint) => Met::of(endpoint, cluster),
                Destination::Service(_) => None,
            };
            both(&mut text, "  ", sides, &Ends { cluster, source, destination });
        }
        Judged::Backends(backends) => {
            for backend in backends {
                let to = translated(decision.flow.l4, backend.l4);
                let _ = writeln!(text, "  backend {}{to}: {}{}", backend.backend, backend.verdict, cited(backend.rows));
                let destination = match &backend.backend {
                    Backend::Object(name) => Met::named(name, cluster),
                    Backend::Workload(name, kind) => {
                        Met::of(&Endpoint::Workload { kind: kind.clone(), name: name.clone() }, cluster)
                    }
                    Backend::Address(_) => None,
                };
                both(&mut text, "    ", &backend.sides, &Ends { cluster, source, destination });
            }
        }
    }
    for row in decision.rows.iter() {
        let _ = writeln!(text, "  {row}: {}", row.about());
    }
    for note in &decision.notes {
        let _ = writeln!(text, "  note: {}", note.message);
    }
    text
}

fn cited(rows: Rows) -> String {
    if rows.is_empty() { String::new() } else { format!(" ({rows})") }
}

/// The backend's own port, where it is another one than the flow's.
fn translated(sent: L4, came: L4) -> String {
    match (sent, came) {
        (L4::Port(_, sent), L4::Port(protocol, came)) if sent != came => {
            format!(" on {came}/{protocol} ({sent} became {came})")
        }
        _ => String::new(),
    }
}

/// The pod or workload that an end is, as far as a text tells of it.
#[derive(Clone, Copy)]
struct Met<'c> {
    /// A hostNetwork end, and the node that it is where it says one.
    host: Option<Option<&'c str>>,
    ports: &'c [ContainerPort],
}

impl<'c> Met<'c> {
    /// None where the flow names no object of the cluster.
    fn of(endpoint: &Endpoint, cluster: &'c Cluster) -> Option<Self> {
        match endpoint {
            Endpoint::Named(name) | Endpoint::PodAddress { pod: name, .. } => Self::named(name, cluster),
            Endpoint::Workload { kind, name } => cluster
                .workload(kind, name)
                .map(|found| Self::new(found.host_network, found.node.as_deref(), &found.ports)),
            _ => None,
        }
    }

    fn named(name: &ObjectName, cluster: &'c Cluster) -> Option<Self> {
        let pod = cluster.pod(name).map(|found| Self::new(found.host_network, found.node.as_deref(), &found.ports));
        pod.or_else(|| {
            let found = cluster.workloads_named(name).next()?;
            Some(Self::new(found.host_network, found.node.as_deref(), &found.ports))
        })
    }

    fn new(host_network: bool, node: Option<&'c str>, ports: &'c [ContainerPort]) -> Self {
        Self { host: host_network.then_some(node), ports }
    }
}

/// What the lines about a side look at beside the side itself.
struct Ends<'c> {
    cluster: &'c Cluster,
    source: Option<Met<'c>>,
    destination: Option<Met<'c>>,
}

fn both(text: &mut String, indent: &str, sides: &Sides, ends: &Ends<'_>) {
    for direction in [Direction::Egress, Direction::Ingress] {
        side(text, indent, direction, sides.of(direction), ends);
        // Where its own side has no subject, a hostNetwork end counted as its node (U2).
        let (other, word, end) = match direction {
            Direction::Egress => (Direction::Ingress, "destination", ends.destination),
            Direction::Ingress => (Direction::Egress, "source", ends.source),
        };
        let judged = matches!(sides.of(direction).reason, Reason::NoRule { .. } | Reason::Open { .. });
        if let (true, Reason::NoSubject, Some(Some(node))) = (judged, &sides.of(other).reason, end.map(|end| end.host))
        {
            let node = node.map(|node| format!(" {node}")).unwrap_or_default();
            let _ = writeln!(text, "{indent}  the {word} is met as its node{node}, which no selector matches (K17)");
        }
    }
}

fn side(text: &mut String, indent: &str, direction: Direction, side: &Side, ends: &Ends<'_>) {
    let cluster = ends.cluster;
    let end = match direction {
        Direction::Egress => "source",
        Direction::Ingress => "destination",
    };
    let _ = write!(text, "{indent}{direction}: {}: ", side.verdict);
    let mut near: &[NearMiss] = &[];
    let because = match &side.reason {
        Reason::NoSubject => format!("the {end} is no pod that policies isolate (K17, K24)"),
        Reason::Hairpin => "the pod reaches itself (K19, U4)".to_owned(),
        Reason::NotEnforced { row } => format!("this cluster does not enforce it: {} ({row})", row.about()),
        Reason::NotIsolated => format!("no policy isolates the {end} for {direction} (K1)"),
        Reason::OwnNode => format!("the other end is the node that the {end} runs on (K18, U3)"),
        Reason::ExemptRange => "this cluster cannot limit 100.125.0.0/16 (C11)".to_owned(),
        Reason::Unfiltered => "this cluster does not filter the protocol (U1)".to_owned(),
        Reason::Rule { admitted_by } => format!("admitted by {}", first_of(admitted_by, NAMED)),
        Reason::NoRule { isolated_by, near: misses } => {
            near = misses;
            format!("isolated by {}; no rule admits the flow", first_of(isolated_by, NAMED))
        }
        Reason::Open { rows, isolated_by, near: misses } => {
            near = misses;
            let open: Vec<String> = rows.iter().map(|row| format!("{} ({row})", row.about())).collect();
            format!("isolated by {}; left open: {}", first_of(isolated_by, NAMED), open.join("; "))
        }
    };
    let _ = writeln!(text, "{because}");
    for miss in near.iter().take(NAMED) {
        let _ = writeln!(text, "{indent}  {}: {}", miss.rule, nearly(miss, ends));
    }
    if near.len() > NAMED {
        let more = counted(near.len() - NAMED, "more rule nearly matches", "more rules nearly match");
        let _ = writeln!(text, "{indent}  and {more}");
    }
    if let (Reason::Rule { admitted_by }, Verdict::Allow) = (&side.reason, side.verdict) {
        for name in admitted_by.iter().take(NAMED) {
            if let Some(rule) = find(name, cluster) {
                let _ = writeln!(
                    text,
                    "{indent}  {name}: {} on {}",
                    peers(&rule.peers, direction, &name.policy),
                    ports(&rule.ports, ends)
                );
            }
        }
    }
}

fn nearly(miss: &NearMiss, ends: &Ends<'_>) -> String {
    let Some(rule) = find(&miss.rule, ends.cluster) else { return "the rule is gone".to_owned() };
    match miss.failed {
        Failed::Port => format!("the peer matches, the port does not: it admits {}", ports(&rule.ports, ends)),
        Failed::Peer => {
            let peers = peers(&rule.peers, miss.rule.direction, &miss.rule.policy);
            format!("the port matches, the peer does not: it admits {peers}")
        }
    }
}

fn find<'c>(name: &RuleRef, cluster: &'c Cluster) -> Option<&'c Rule> {
    cluster.policy(&name.policy)?.rules(name.direction).get(name.rule)
}

fn peers(peers: &Peers, direction: Direction, policy: &ObjectName) -> String {
    let word = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    match peers {
        Peers::Any => format!("{word} anywhere"),
        Peers::Of(list) => format!("{word} {}", joined(list.iter().map(|entry| peer(entry, policy)))),
    }
}

fn peer(peer: &Peer, policy: &ObjectName) -> String {
    match peer {
        Peer::IpBlock(block) if block.except().is_empty() => block.cidr().to_string(),
        Peer::IpBlock(block) => {
            let except = joined(block.except().iter().map(ToString::to_string));
            format!("{} except {except}", block.cidr())
        }
        Peer::Pods(pods) => {
            let which = if pods.pods.is_everything() { "all pods".to_owned() } else { format!("pods `{}`", pods.pods) };
            match &pods.namespaces {
                Namespaces::Own => format!("{which} of namespace `{}`", policy.namespace()),
                Namespaces::Matching(selector) if selector.is_everything() => format!("{which} of all namespaces"),
                Namespaces::Matching(selector) => format!("{which} of namespaces `{selector}`"),
            }
        }
    }
}

fn ports(ports: &Ports, ends: &Ends<'_>) -> String {
    match ports {
        Ports::Any => "every port".to_owned(),
        Ports::Of(list) => joined(list.iter().map(|entry| port(entry, ends))),
    }
}

fn port(entry: &PortMatch, ends: &Ends<'_>) -> String {
    let protocol = entry.protocol;
    match &entry.port {
        PortSpec::Any => format!("all {protocol}"),
        PortSpec::Number(number) => format!("{number}/{protocol}"),
        PortSpec::Range(range) => format!("{}-{}/{protocol}", range.first(), range.last()),
        PortSpec::Name(name) => {
            let Some(end) = ends.destination else { return format!("`{name}`/{protocol}") };
            // The node has no port names (K12).
            let own = end
                .ports
                .iter()
                .filter(|own| end.host.is_none() && own.protocol == protocol && own.name.as_ref() == Some(name));
            let numbers: Vec<String> = own.map(|own| own.port.to_string()).collect();
            match numbers.as_slice() {
                [] => format!("`{name}`/{protocol} (no port of the destination)"),
                numbers => format!("`{name}`/{protocol} ({} of the destination)", numbers.join(" and ")),
            }
        }
    }
}

fn joined(items: impl ExactSizeIterator<Item = String>) -> String {
    let count = items.len();
    let mut text = items.take(NAMED).collect::<Vec<_>>().join(", ");
    if count > NAMED {
        let _ = write!(text, " and {} more", count - NAMED);
    }
    text
}
