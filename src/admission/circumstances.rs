//! What the cluster or the subjects are like, whatever the rules say: C1 to C3, C6 to C8, C11 to C13, K4, K25.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::admission::context::Review;
use crate::admission::finding::{Findings, Place, list_of};
use crate::admission::text::{names, quoted};
use crate::diagnostic::Code;
use crate::model::policy::{NetworkPolicy, Peer, Peers, Ports};
use crate::name::Direction;
use crate::net::{Family, Protocol, remaining};
use crate::partition::index::Object;
use crate::profile::capability::{IpBlockScope, OwnNode, Support};
use crate::profile::cce::{self, Edition, NetworkModel, Setting};
use crate::profile::profile::{Base, Switch};
use crate::profile::row::Row;
use crate::profile::version::ClusterVersion;

pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    enforcement(review, findings);
    for direction in [Direction::Ingress, Direction::Egress] {
        if review.policy.isolates(direction) {
            version(review, findings, direction);
        }
        undeclared(review, findings, direction);
    }
    node_os(review, findings);
    subjects(review, findings);
    internal_cloud(review, findings);
    own_node(review, findings);
    other_policies(review, findings);
}

/// C1.
fn enforcement(review: &Review<'_>, findings: &mut Findings) {
    let off = review.facts.profile.switch() == Switch::Off;
    let message = match review.capabilities().enforcement {
        Support::Supported => return,
        Support::Unsupported if off => {
            "network policies are switched off on this cluster: nothing of this one is enforced"
        }
        Support::Unsupported => "this cluster does not enforce network policies: nothing of this one is enforced",
        Support::Unknown => "it is not known whether this cluster enforces network policies",
    };
    let help = match review.facts.profile.base() {
        _ if !off => "",
        Base::Kubernetes(_) => "install a network add-on that enforces network policies",
        Base::Cce(NetworkModel::Tunnel, _) => "turn the cluster's NetworkPolicy switch on",
        Base::Cce(NetworkModel::Vpc | NetworkModel::CloudNative2, _) => {
            "DataPlane V2 enforces them; it is chosen when a cluster is created"
        }
    };
    findings.warn(Code::NotEnforced, Place::Policy, message.to_owned(), help);
}

/// C2, C3.
fn version(review: &Review<'_>, findings: &mut Findings, direction: Direction) {
    let capabilities = review.capabilities();
    let (code, row, support) = match direction {
        Direction::Ingress => (Code::IngressVersion, Row::C2, capabilities.ingress),
        Direction::Egress => (Code::EgressVersion, Row::C3, capabilities.egress),
    };
    let overridden = review.facts.profile.overrides().contains_key(&row);
    let mut help = String::new();
    let message = match (support, review.facts.profile.base()) {
        (Support::Supported, _) => return,
        (Support::Unknown, _) => format!("it is not known whether this cluster enforces {direction} rules"),
        (Support::Unsupported, Base::Cce(model, version)) if !overridden => {
            if let Some(minima) = minima(row, model, review.facts.profile.edition()) {
                let list: Vec<String> = minima.iter().map(quoted).collect();
                help = format!("they are enforced from {} on, for each minor line", list.join(", "));
            }
            let v2 = model != NetworkModel::Tunnel && review.facts.profile.switch() == Switch::On;
            let without_effect = if v2 { "DataPlane V2 is on but has no effect: " } else { "" };
            format!(
                "{without_effect}cluster version `{version}` does not enforce {direction} rules, traffic passes freely"
            )
        }
        (Support::Unsupported, _) => format!("this cluster does not enforce {direction} rules, traffic passes freely"),
    };
    findings.warn(code, Place::Rules(direction), message, help);
}

/// The versions that the table asks for, as the edition has them.
fn minima(row: Row, model: NetworkModel, edition: Edition) -> Option<&'static [ClusterVersion]> {
    match (model, edition) {
        (NetworkModel::Vpc, Edition::SeedProse) => return Some(cce::CN2_MINIMA),
        (NetworkModel::CloudNative2, Edition::Y2026) => return Some(cce::CN2_MINIMA_2026),
        _ => {}
    }
    cce::CELLS.iter().find(|cell| cell.row == row && cell.model == model).and_then(|cell| match cell.setting {
        Setting::From(minima) => Some(minima),
        _ => None,
    })
}

/// K4.
fn undeclared(review: &Review<'_>, findings: &mut Findings, direction: Direction) {
    let rules = review.policy.written_rules(direction).len();
    if rules == 0 || review.policy.isolates(direction) {
        return;
    }
    let word = match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    };
    let count = if rules == 1 { "the rule here is".to_owned() } else { format!("the {rules} rules here are") };
    let message = format!("`policyTypes` does not declare `{word}`: {count} ignored");
    findings.warn(
        Code::UndeclaredDirection,
        Place::Rules(direction),
        message,
        format!("add `{word}` to `spec.policyTypes`"),
    );
}

/// C6: nodes of subjects.
fn node_os(review: &Review<'_>, findings: &mut Findings) {
    let isolated = review.isolated();
    let nodes: BTreeSet<&str> = review.facts.index.of_set(&isolated).filter_map(Object::node).collect();
    let known: Vec<(&str, &str)> = nodes
        .into_iter()
        .filter_map(|name| Some((name, review.facts.cluster.node(name)?.os_image.as_deref()?)))
        .collect();
    let lacking = |direction| -> Vec<(&str, &str)> {
        let supports = |os_image: &str| review.capabilities().node_os.supports(os_image, direction);
        let asked = review.policy.isolates(direction);
        known.iter().copied().filter(|(_, os_image)| asked && !supports(os_image)).collect()
    };
    let (ingress, egress) = (lacking(Direction::Ingress), lacking(Direction::Egress));
    let groups = if ingress == egress {
        vec![("policies", ingress)]
    } else {
        vec![("ingress rules", ingress), ("egress rules", egress)]
    };
    for (what, lacking) in groups.into_iter().filter(|(_, lacking)| !lacking.is_empty()) {
        let systems: BTreeSet<&str> = lacking.iter().map(|(_, os_image)| *os_image).collect();
        let mixed = if lacking.len() < known.len() { "only some of" } else { "none of" };
        let message = format!(
            "{mixed} the nodes of the selected pods have an operating system that is known to enforce {what}: {} with {}",
            listed(lacking.len(), ["node", "nodes"], names(lacking.iter().map(|(name, _)| *name))),
            names(systems),
        );
        findings.warn(Code::NodeOs, Place::Subject, message, "move the pods to nodes with a supported system");
    }
}

fn listed(count: usize, [one, many]: [&str; 2], list: String) -> String {
    format!("{} {list}", if count == 1 { one } else { many })
}

/// C7, C8 and C12: what is special about subjects.
fn subjects(review: &Review<'_>, findings: &mut Findings) {
    let capabilities = review.capabilities();
    let isolated = review.isolated();
    let those = |chosen: &dyn Fn(&Object<'_>) -> bool| {
        let list: Vec<_> =
            review.facts.index.of_set(&isolated).filter(|object| chosen(object)).map(Object::name).collect();
        (!list.is_empty()).then(|| listed(list.len(), ["pod", "pods"], names(list)))
    };
    if capabilities.ipv6 != Support::Supported {
        let v6 = |address: &IpAddr| Family::of(*address) == Family::V6;
        if let Some(pods) = those(&|object| object.addresses().iter().any(v6)) {
            let message = match capabilities.ipv6 {
                Support::Unknown => {
                    format!("it is not known whether policies limit IPv6 traffic here, which {pods} can have")
                }
                _ => format!("IPv6 traffic is not limited by policies here, and {pods} can have it"),
            };
            findings.warn(Code::Ipv6Policy, Place::Subject, message, "");
        }
    }
    if capabilities.secure_containers != Support::Supported {
        if let Some(pods) =
            those(&|object| object.runtime_class().is_some_and(|class| review.facts.profile.is_secure_runtime(class)))
        {
            let message = format!("policies are not known to be enforced for secure containers: {pods}");
            findings.warn(
                Code::SecureContainers,
                Place::Subject,
                message,
                "run them with another runtime class, or do not rely on the policy",
            );
        }
    }
    if capabilities.sctp != Support::Supported {
        let sctp = |object: &Object<'_>| object.ports().iter().any(|port| port.protocol == Protocol::Sctp);
        if let Some(pods) = those(&sctp) {
            let message =
                format!("what happens to SCTP traffic of isolated pods is not known here, and {pods} offer it");
            let message = if pods.starts_with("pod ") { message.replace(" offer it", " offers it") } else { message };
            findings.warn(Code::Sctp, Place::Subject, message, "");
        }
    }
}

/// C11, for egress: the range stays open whatever the rules say.
fn internal_cloud(review: &Review<'_>, findings: &mut Findings) {
    let support = review.capabilities().internal_cloud;
    let open =
        review.policy.rules(Direction::Egress).iter().any(|rule| rule.peers == Peers::Any && rule.ports == Ports::Any);
    if !review.policy.isolates(Direction::Egress) || open || review.is_unenforced(Direction::Egress) {
        return;
    }
    let message = match support {
        Support::Supported => return,
        Support::Unsupported => {
            "this cluster cannot limit `100.125.0.0/16`: the selected pods reach it whatever the rules say"
        }
        Support::Unknown => "it is not known whether this cluster can limit `100.125.0.0/16`",
    };
    findings.warn(Code::InternalCloud, Place::Rules(Direction::Egress), message.to_owned(), "");
}

/// C13 (with C9): an egress policy cuts the own node off; ingress from it may not be exempt.
fn own_node(review: &Review<'_>, findings: &mut Findings) {
    let capabilities = review.capabilities();
    let open_to_all = |direction| {
        let without_peers =
            |policy: &NetworkPolicy| policy.rules(direction).iter().any(|rule| rule.peers == Peers::Any);
        if without_peers(review.policy) {
            return true;
        }
        // Another policy may leave the nodes open to every subject of this one.
        let mut rest = review.isolated();
        let had = !rest.is_empty();
        for other in review.others(direction).filter(|other| without_peers(other)) {
            rest = rest.without(&review.facts.index.subjects(other));
        }
        had && rest.is_empty()
    };
    let concerned =
        |direction| review.policy.isolates(direction) && !review.is_unenforced(direction) && !open_to_all(direction);

    if capabilities.own_node == OwnNode::EgressJudged && concerned(Direction::Egress) && !nodes_by_block(review) {
        let message = "the selected pods lose the addresses of nodes, their own too, and of hostNetwork pods: \
                       only a rule without `to` leaves those open"
            .to_owned();
        let help = "add a rule without `to` for the ports they need there";
        findings.warn(Code::OwnNode, Place::Rules(Direction::Egress), message, help);
    }
    let message = match capabilities.own_node {
        OwnNode::Supported | OwnNode::EgressJudged => return,
        OwnNode::Unsupported => {
            "nodes have no access of their own to their pods here: probes need a rule that admits them"
        }
        OwnNode::Unknown => "it is not known whether nodes keep access to their own pods here",
    };
    if concerned(Direction::Ingress) {
        let help = format!("add a rule without `{}` for the probed ports", list_of(Direction::Ingress));
        findings.warn(Code::OwnNode, Place::Rules(Direction::Ingress), message.to_owned(), help);
    }
}

/// Whether some egress block admits a node's address; on clusters whose blocks never do, no.
fn nodes_by_block(review: &Review<'_>) -> bool {
    let capabilities = review.capabilities();
    if capabilities.ip_block_scope == IpBlockScope::OutsideCluster || capabilities.egress_ip_block != Support::Supported
    {
        return false;
    }
    let mut peers = review.policy.rules(Direction::Egress).iter().flat_map(|rule| match &rule.peers {
        Peers::Any => &[],
        Peers::Of(peers) => peers.as_slice(),
    });
    peers.any(|peer| match peer {
        Peer::IpBlock(block) => review.facts.owned.nodes.within(&remaining(block)).next().is_some(),
        Peer::Pods(_) => false,
    })
}

/// K25.
fn other_policies(review: &Review<'_>, findings: &mut Findings) {
    let others = review.facts.cluster.other_policies();
    if others.is_empty() {
        return;
    }
    let kinds: BTreeSet<&str> = others.iter().map(|other| other.kind.as_str()).collect();
    let message =
        format!("policies of other kinds exist, which may decide otherwise and are not judged: {}", names(kinds));
    findings.warn(Code::OtherPolicies, Place::Policy, message, "");
}
