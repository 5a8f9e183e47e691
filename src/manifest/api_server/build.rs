//! From an accepted document to the model: defaults filled in, absent and empty told apart for good.

use super::fields::{IntOrText, Node};
use super::metadata;
use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use crate::manifest::directions::fields_of;
use crate::model::policy::{
    Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
use crate::name::{Direction, ObjectName};
use crate::net::{Cidr, IpBlock, Port, PortName, PortRange, Protocol};

/// The policy; `None` only for a document that the rules find fault with.
pub(super) fn build(document: Node<'_>) -> Option<NetworkPolicy> {
    let (object, spec) = (document.node("metadata"), document.node("spec"));
    let name = ObjectName::new(metadata::namespace_of(object), metadata::name_of(object));
    let subject = selector(spec.node("podSelector"))?;
    let ingress = rules(spec, Direction::Ingress)?;
    let egress = rules(spec, Direction::Egress)?;
    let declares = |wanted: &str| spec.texts("policyTypes").any(|entry| entry.text == wanted);
    let types = match (declares("Ingress"), declares("Egress")) {
        (true, true) => PolicyTypes::Both,
        (true, false) => PolicyTypes::Ingress,
        (false, true) => PolicyTypes::Egress,
        (false, false) => PolicyTypes::default_for(egress.len()),
    };
    Some(NetworkPolicy::new(name, subject, types, ingress, egress))
}

fn selector(node: Node<'_>) -> Option<Selector> {
    let labels: Option<Labels> = node
        .pairs("matchLabels")
        .map(|pair| Some((LabelKey::new(pair.key.text).ok()?, LabelValue::new(pair.value.text).ok()?)))
        .collect();
    let expressions: Option<Vec<Requirement>> = node.nodes("matchExpressions").map(requirement).collect();
    Some(Selector::new(labels?, expressions?))
}

fn requirement(node: Node<'_>) -> Option<Requirement> {
    let key = LabelKey::new(node.text("key").text).ok()?;
    let values: Option<Vec<LabelValue>> = node.texts("values").map(|value| LabelValue::new(value.text).ok()).collect();
    match node.text("operator").text {
        "In" => Requirement::in_(key, values?).ok(),
        "NotIn" => Requirement::not_in(key, values?).ok(),
        "Exists" => Some(Requirement::Exists { key }),
        "DoesNotExist" => Some(Requirement::DoesNotExist { key }),
        _ => None,
    }
}

fn rules(spec: Node<'_>, direction: Direction) -> Option<Vec<Rule>> {
    let (rules, peers) = fields_of(direction);
    spec.nodes(rules).map(|node| rule(node, peers)).collect()
}

fn rule(node: Node<'_>, peers: &str) -> Option<Rule> {
    let peers: Option<Vec<Peer>> = node.nodes(peers).map(peer).collect();
    let ports: Option<Vec<PortMatch>> = node.nodes("ports").map(port).collect();
    let (peers, ports) = (peers?, ports?);
    Some(Rule {
        peers: if peers.is_empty() { Peers::Any } else { Peers::Of(peers) },
        ports: if ports.is_empty() { Ports::Any } else { Ports::Of(ports) },
    })
}

fn peer(node: Node<'_>) -> Option<Peer> {
    if let Some(block) = node.some_node("ipBlock") {
        return ip_block(block).map(Peer::IpBlock);
    }
    let namespaces = match node.some_node("namespaceSelector") {
        Some(node) => Namespaces::Matching(selector(node)?),
        None => Namespaces::Own,
    };
    Some(Peer::Pods(PodPeer { namespaces, pods: selector(node.node("podSelector"))? }))
}

/// The server lets an IPv4-mapped except pass that equals its cidr or is even larger, since it compares
/// masks of different lengths: either leaves nothing of the block, and is kept as equal.
fn ip_block(node: Node<'_>) -> Option<IpBlock> {
    let cidr: Cidr = node.text("cidr").text.parse().ok()?;
    let clipped = |text: &str| {
        let except: Cidr = text.parse().ok()?;
        Some(if except.contains_cidr(&cidr) { cidr } else { except })
    };
    let except: Option<Vec<Cidr>> = node.texts("except").map(|except| clipped(except.text)).collect();
    IpBlock::new(cidr, except?).ok()
}

fn port(node: Node<'_>) -> Option<PortMatch> {
    let protocol = match node.some_text("protocol") {
        Some(text) => text.text.parse().ok()?,
        None => Protocol::Tcp,
    };
    let number = |number: i32| u16::try_from(number).ok().and_then(Port::new);
    let port = match node.int_or_text("port") {
        None => PortSpec::Any,
        Some((IntOrText::Text(name), _)) => PortSpec::Name(PortName::new(name).ok()?),
        Some((IntOrText::Int(first), _)) => match node.int("endPort") {
            None => PortSpec::Number(number(first)?),
            Some((last, _)) => PortSpec::Range(PortRange::new(number(first)?, number(last)?)?),
        },
    };
    Some(PortMatch { protocol, port })
}
