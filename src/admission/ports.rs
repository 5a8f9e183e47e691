//! Ports of rules: SCTP (C12), `endPort` (C14), names (K12).

use crate::admission::context::Review;
use crate::admission::finding::{Findings, Place, RuleField, RulePlace, list_of};
use crate::admission::text::names;
use crate::diagnostic::Code;
use crate::model::policy::{Peer, Peers, PortMatch, PortSpec, Ports, Rule};
use crate::name::Direction;
use crate::net::{PortName, Protocol};
use crate::partition::index::Bits;
use crate::profile::capability::{EndPort, HostNetwork, Support};

pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    for direction in [Direction::Ingress, Direction::Egress] {
        for (rule, entry) in review.policy.rules(direction).iter().enumerate() {
            let Ports::Of(ports) = &entry.ports else { continue };
            let mut destinations = None;
            for (at, port) in ports.iter().enumerate() {
                let place = |field| Place::In(RulePlace { direction, rule, field: RuleField::Port(at, field) });
                support(review, findings, port, place);
                if let PortSpec::Name(name) = &port.port {
                    let destinations = destinations.get_or_insert_with(|| possible(review, direction, entry));
                    undeclared(review, findings, direction, port.protocol, name, destinations, place("port"));
                    if direction == Direction::Egress {
                        outside(findings, entry, name, place("port"));
                    }
                }
            }
        }
    }
}

/// C12, C14.
fn support(review: &Review<'_>, findings: &mut Findings, port: &PortMatch, place: impl Fn(&'static str) -> Place) {
    let capabilities = review.capabilities();
    if port.protocol == Protocol::Sctp {
        let texts = [
            "this cluster does not support SCTP: what the rule admits is not known",
            "it is not known whether this cluster supports SCTP",
        ];
        findings.asked(capabilities.sctp, Code::Sctp, place("protocol"), texts, "");
    }
    let PortSpec::Range(range) = &port.port else { return };
    // A range of one port is that port, whether `endPort` is looked at or not.
    let support = match capabilities.end_port {
        _ if range.first() == range.last() => return,
        EndPort::Supported => return,
        EndPort::SinglePort => Support::Unsupported,
        EndPort::Unknown => Support::Unknown,
    };
    let (first, last) = (range.first(), range.last());
    let texts = [
        format!("this cluster does not support `endPort`: only port `{first}` is admitted, not `{first}` to `{last}`"),
        format!("it is not known whether this cluster supports `endPort`: above port `{first}` nothing is certain"),
    ];
    let [unsupported, unknown] = &texts;
    findings.asked(support, Code::EndPort, place("endPort"), [unsupported, unknown], "list the ports one by one");
}

/// Who may be at the far end of a rule and has port names: subjects, or the pods that its peers select.
/// `None` where no pod may.
fn possible(review: &Review<'_>, direction: Direction, rule: &Rule) -> Option<Bits> {
    let mut found = match (direction, &rule.peers) {
        (Direction::Ingress, _) => review.subjects.clone(),
        (Direction::Egress, Peers::Any) => review.facts.index.all(),
        (Direction::Egress, Peers::Of(peers)) => {
            let mut found = Bits::new(review.facts.index.objects().len());
            for peer in peers {
                if let Peer::Pods(pods) = peer {
                    found.add(&review.peers(pods));
                }
            }
            found
        }
    };
    if review.capabilities().host_network == HostNetwork::Node {
        found = found.without(&review.facts.host_network);
    }
    (!found.is_empty()).then_some(found)
}

/// K12: the pods' own declarations give a name its number.
fn undeclared(
    review: &Review<'_>,
    findings: &mut Findings,
    direction: Direction,
    protocol: Protocol,
    name: &PortName,
    destinations: &Option<Bits>,
    place: Place,
) {
    // Where nothing is selected, that is said already.
    let Some(destinations) = destinations else { return };
    let declared = |protocol| {
        let objects = review.facts.declared.get(&(protocol, name.as_str()));
        objects.is_some_and(|objects| objects.iter().any(|at| destinations.contains(*at)))
    };
    if declared(protocol) {
        return;
    }
    let who = match direction {
        Direction::Ingress => "no selected pod declares",
        Direction::Egress => "no possible destination declares",
    };
    let message = format!("{who} a {protocol} port named `{name}`: the entry admits nothing");
    let others: Vec<Protocol> = Protocol::ALL.into_iter().filter(|other| declared(*other)).collect();
    let help = if others.is_empty() { String::new() } else { format!("the name is declared for {}", names(others)) };
    findings.warn(Code::UndeclaredPortName, place, message, help);
}

/// K12: outside the cluster no port has a name.
fn outside(findings: &mut Findings, rule: &Rule, name: &PortName, place: Place) {
    let Peers::Of(peers) = &rule.peers else { return };
    let blocks = peers.iter().enumerate().filter(|(_, peer)| matches!(peer, Peer::IpBlock(_)));
    let blocks: Vec<String> = blocks.map(|(at, _)| format!("{}[{at}]", list_of(Direction::Egress))).collect();
    if blocks.is_empty() {
        return;
    }
    let message =
        format!("only pods have port names: `{name}` admits no address outside the cluster by {}", names(blocks));
    findings.warn(Code::PortNameOutside, place, message, "write the port's number");
}
