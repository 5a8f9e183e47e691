//! What the selectors select: nothing, hostNetwork pods, backends behind a ClusterIP (C10, K16, K17, U2).

use crate::admission::context::Review;
use crate::admission::finding::{Findings, Place, RuleField, RulePlace};
use crate::admission::lints;
use crate::admission::text::{names, quoted};
use crate::diagnostic::Code;
use crate::labels::{LabelKey, LabelValue, Selector};
use crate::model::cluster::{NAMESPACE_NAME_LABEL, ServiceKind};
use crate::model::policy::{Namespaces, Peer, Peers, PodPeer};
use crate::name::{Direction, ObjectName};
use crate::partition::index::{Bits, Object};
use crate::profile::capability::{HostNetwork, Support};

pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    subject(review, findings);
    let services = if review.capabilities().cluster_ip == Support::Supported {
        None
    } else {
        Some(services_with_backends(review))
    };
    for direction in [Direction::Ingress, Direction::Egress] {
        for (rule, entry) in review.policy.rules(direction).iter().enumerate() {
            let Peers::Of(peers) = &entry.peers else { continue };
            for (at, peer) in peers.iter().enumerate() {
                let Peer::Pods(pods) = peer else { continue };
                let place = Place::In(RulePlace { direction, rule, field: RuleField::Peer(at, "") });
                let selected = review.peers(pods);
                if !lints::is_contradiction(review.capabilities(), direction, peer) {
                    nothing(review, findings, place, pods, &selected);
                }
                host_network(review, findings, place, &selected);
                if let (Direction::Egress, Some(services)) = (direction, &services) {
                    cluster_ips(review, findings, place, &selected, services);
                }
            }
        }
    }
}

fn subject(review: &Review<'_>, findings: &mut Findings) {
    if review.subjects.is_empty() && !review.is_bare() && !lints::is_impossible(review.policy.subject()) {
        let message = match review.policy.subject() {
            all if all.is_everything() => format!("namespace {} has no pods to isolate", quoted(review.namespace())),
            selector => format!("{} selects no pod of namespace {}", quoted(selector), quoted(review.namespace())),
        };
        findings.warn(
            Code::SubjectSelectsNothing,
            Place::Subject,
            message,
            "the policy does nothing until there is one",
        );
    }
    let host = review.subjects.and(&review.facts.host_network);
    let message = match review.capabilities().host_network {
        _ if host.is_empty() => return,
        HostNetwork::Pod => return,
        HostNetwork::Node => "policies do not isolate pods with hostNetwork",
        HostNetwork::Unknown => "it is not known whether policies isolate pods with hostNetwork",
    };
    let message = format!("{message}, and the selector selects some: {}", listed(review, &host));
    findings.warn(Code::HostNetworkPods, Place::Subject, message, "limit them on their nodes");
}

fn listed(review: &Review<'_>, objects: &Bits) -> String {
    names(review.facts.index.of_set(objects).map(Object::name))
}

fn nothing(review: &Review<'_>, findings: &mut Findings, place: Place, peer: &PodPeer, selected: &Bits) {
    if !selected.is_empty() || review.is_bare() {
        return;
    }
    let message = match &peer.namespaces {
        Namespaces::Matching(selector) if !review.facts.index.has_namespace(review.namespace(), &peer.namespaces) => {
            format!("no namespace has the labels {}", quoted(selector))
        }
        Namespaces::Matching(selector) if selector.is_everything() => format!("{} selects no pod", quoted(&peer.pods)),
        Namespaces::Matching(selector) if peer.pods.is_everything() => {
            format!("the namespaces with {} have no pods", quoted(selector))
        }
        Namespaces::Matching(selector) => {
            format!("{} selects no pod of the namespaces with {}", quoted(&peer.pods), quoted(selector))
        }
        Namespaces::Own => format!("{} selects no pod of namespace {}", quoted(&peer.pods), quoted(review.namespace())),
    };
    let help = match &peer.namespaces {
        Namespaces::Own => "without `namespaceSelector` only the policy's own namespace is looked at".to_owned(),
        Namespaces::Matching(selector) => by_name(review, selector).unwrap_or_default(),
    };
    findings.warn(Code::PeerSelectsNothing, place, message, help);
}

/// Where a label that no namespace has is the name of one.
fn by_name(review: &Review<'_>, selector: &Selector) -> Option<String> {
    let is_meant = |(key, value): &(&LabelKey, &LabelValue)| {
        let there = review.facts.cluster.namespace(value.as_str());
        there.is_some_and(|namespace| namespace.labels.get(key.as_str()).is_none())
    };
    let (_, name) = selector.match_labels().iter().find(is_meant)?;
    let name = name.as_str();
    Some(format!(
        "every namespace has its name as the label `{NAMESPACE_NAME_LABEL}`: write `{NAMESPACE_NAME_LABEL}: {name}`"
    ))
}

fn host_network(review: &Review<'_>, findings: &mut Findings, place: Place, selected: &Bits) {
    let host = selected.and(&review.facts.host_network);
    let message = match review.capabilities().host_network {
        _ if host.is_empty() => return,
        HostNetwork::Pod => return,
        HostNetwork::Node => "selectors do not match pods with hostNetwork",
        HostNetwork::Unknown => "it is not known whether selectors match pods with hostNetwork",
    };
    let message = format!("{message}, and this one would select some: {}", listed(review, &host));
    findings.warn(Code::HostNetworkPods, place, message, "such a pod is met as its node, by address");
}

/// The Services with a ClusterIP, each with its backends.
fn services_with_backends<'c>(review: &Review<'c>) -> Vec<(&'c ObjectName, Bits)> {
    let services = review.facts.cluster.services().iter().filter(|service| service.kind == ServiceKind::ClusterIp);
    services.map(|service| (&service.name, review.facts.index.backends(review.facts.cluster, service))).collect()
}

/// C10.
fn cluster_ips(
    review: &Review<'_>,
    findings: &mut Findings,
    place: Place,
    selected: &Bits,
    services: &[(&ObjectName, Bits)],
) {
    let selected = selected.without(&review.facts.host_network);
    let behind = services.iter().filter(|(_, backends)| backends.meets(&selected));
    let behind: Vec<String> = behind.map(|(name, _)| format!("svc/{name}")).collect();
    if behind.is_empty() {
        return;
    }
    let message = format!(
        "a ClusterIP cannot be limited by labels here: whether connections to {} are limited is not known",
        names(behind)
    );
    let help = "connect to the pods by a headless Service, or admit the ClusterIP by an `ipBlock`";
    findings.warn(Code::ClusterIpPeers, place, message, help);
}
