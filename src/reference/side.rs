//! One side of a flow, in the order of SEMANTICS section 1.

use std::cell::Cell;
use std::net::IpAddr;

use crate::model::cluster::Cluster;
use crate::model::flow::L4;
use crate::model::policy::NetworkPolicy;
use crate::name::Direction;
use crate::net::{Family, Protocol};
use crate::profile::capability::{Capabilities, OtherProtocols, OwnNode, OwnNodeEgress, ServiceHairpin, Support};
use crate::profile::profile::Profile;
use crate::profile::row::{Row, Rows};
use crate::reference::endpoint::{Party, Who, is_own_node};
use crate::reference::formula::Formula;
use crate::reference::matching::{self, PeerMatch};
use crate::verdict::{Failed, NearMiss, Reason, RuleRef};

/// One connection: its two ends as they meet, and the Service it came by.
pub(super) struct Question<'c> {
    pub(super) source: Party<'c>,
    pub(super) destination: Party<'c>,
    pub(super) l4: L4,
    pub(super) service: Option<ByService>,
}

/// A flow that was sent to a ClusterIP.
pub(super) struct ByService {
    /// Unknown where its manifest has none yet.
    pub(super) cluster_address: Option<IpAddr>,
}

impl Question<'_> {
    /// The one family of the flow (K22): of an end's address, or of the ClusterIP it was sent to; none where
    /// nothing has an address.
    pub(super) fn family(&self) -> Option<Family> {
        let sent_to = self.service.as_ref().and_then(|service| service.cluster_address);
        self.source.address.or(self.destination.address).or(sent_to).map(Family::of)
    }
}

/// Which of the two permitted behaviours hostNetwork pods have (K17, U2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostReading {
    Node,
    Pod,
}

/// Cluster and profile under one reading; remembers which rows were looked at.
pub(super) struct View<'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) profile: &'c Profile,
    pub(super) host: HostReading,
    pub(super) seen: &'c Cell<Rows>,
}

impl View<'_> {
    /// A setting of `row`, which counts as looked at from now on.
    pub(super) fn see<T>(&self, row: Row, setting: impl Fn(&Capabilities) -> T) -> T {
        self.seen.set(self.seen.get().union(row.into()));
        setting(self.profile.capabilities())
    }

    /// A pod that policies can select and isolate (K16, K17, K24).
    pub(super) fn is_pod(&self, who: Who<'_>) -> bool {
        match who {
            Who::Pod(_) | Who::Workload(_) => !who.is_host_network() || self.host == HostReading::Pod,
            Who::Node(_) | Who::External => false,
        }
    }
}

/// What one side says.
pub(super) struct Answer {
    pub(super) formula: Formula,
    pub(super) reason: Reason,
}

impl Answer {
    fn allow(reason: Reason) -> Self {
        Self { formula: Formula::yes(), reason }
    }
}

/// The first that applies decides.
pub(super) fn side(view: &View<'_>, question: &Question<'_>, direction: Direction) -> Answer {
    let (subject, peer) = match direction {
        Direction::Egress => (&question.source, &question.destination),
        Direction::Ingress => (&question.destination, &question.source),
    };
    if !view.is_pod(subject.who) {
        return Answer::allow(Reason::NoSubject); // K17, K24
    }

    let mut open = Formula::no();
    let version = match direction {
        Direction::Ingress => (Row::C2, view.see(Row::C2, |c| c.ingress)),
        Direction::Egress => (Row::C3, view.see(Row::C3, |c| c.egress)),
    };
    let mut enforced = vec![(Row::C1, view.see(Row::C1, |c| c.enforcement)), version];
    if question.family() == Some(Family::V6) {
        enforced.push((Row::C7, view.see(Row::C7, |c| c.ipv6)));
    }
    for (row, support) in enforced {
        match support {
            Support::Supported => {}
            Support::Unsupported => return Answer::allow(Reason::NotEnforced { row }),
            Support::Unknown => open = open.or(&Formula::row(row)),
        }
    }

    let isolating = isolating(view.cluster, subject.who, direction);
    if isolating.is_empty() {
        return Answer::allow(Reason::NotIsolated); // K1
    }

    let own_node = is_own_node(view.cluster, subject, peer);
    if direction == Direction::Ingress && own_node {
        match view.see(Row::C13, |c| c.own_node) {
            OwnNode::Supported | OwnNode::EgressJudged => return Answer::allow(Reason::OwnNode), // K18
            OwnNode::Unsupported => {}
            OwnNode::Unknown => open = open.or(&Formula::row(Row::C13)),
        }
    }
    if is_internal_cloud(view, peer) {
        match (direction, view.see(Row::C11, |c| c.internal_cloud)) {
            (_, Support::Supported) => {}
            (Direction::Egress, Support::Unsupported) => return Answer::allow(Reason::ExemptRange),
            _ => open = open.or(&Formula::row(Row::C11)),
        }
    }
    if direction == Direction::Egress && own_node && view.see(Row::C13, |c| c.own_node) != OwnNode::EgressJudged {
        match view.see(Row::U3, |c| c.own_node_egress) {
            OwnNodeEgress::Exempt => return Answer::allow(Reason::OwnNode),
            OwnNodeEgress::Judged => {}
            OwnNodeEgress::Unknown => open = open.or(&Formula::row(Row::U3)),
        }
    }
    if question.service.is_some() && question.source.who.is_same_pod(question.destination.who) {
        match view.see(Row::U4, |c| c.service_hairpin) {
            ServiceHairpin::Allowed => return Answer::allow(Reason::Hairpin),
            ServiceHairpin::Judged => {}
            ServiceHairpin::Unknown => open = open.or(&Formula::row(Row::U4)),
        }
    }
    if is_secure(view, subject.who) && view.see(Row::C8, |c| c.secure_containers) != Support::Supported {
        open = open.or(&Formula::row(Row::C8));
    }
    // C6: the subject's own node; no node or no OS known counts as supported.
    let node = subject.who.node().and_then(|name| view.cluster.node(name));
    if let Some(os_image) = node.and_then(|node| node.os_image.as_deref()) {
        if !view.see(Row::C6, |c| c.node_os.supports(os_image, direction)) {
            open = open.or(&Formula::row(Row::C6));
        }
    }

    match question.l4 {
        L4::Port(Protocol::Sctp, _) => {
            if view.see(Row::C12, |c| c.sctp) != Support::Supported {
                open = open.or(&Formula::row(Row::C12));
                return judged(open, &isolating, Rules::default());
            }
        }
        L4::Port(_, _) => {}
        L4::Icmp | L4::Other(_) => match view.see(Row::U1, |c| c.other_protocols) {
            OtherProtocols::Unfiltered => return Answer::allow(Reason::Unfiltered),
            OtherProtocols::Portless => {}
            OtherProtocols::Denied => return judged(open, &isolating, Rules::default()),
            OtherProtocols::Unknown => {
                open = open.or(&Formula::row(Row::U1));
                return judged(open, &isolating, Rules::default());
            }
        },
    }
    let rules = Rules::of(view, question, direction, &isolating);
    judged(open.or(&rules.formula), &isolating, rules)
}

fn judged(formula: Formula, isolating: &[&NetworkPolicy], rules: Rules) -> Answer {
    let isolated_by = isolating.iter().map(|policy| policy.name().clone()).collect();
    let reason = if formula.is_yes() {
        Reason::Rule { admitted_by: rules.admitting }
    } else if formula.is_no() {
        Reason::NoRule { isolated_by, near: rules.near }
    } else {
        Reason::Open { rows: formula.rows(), isolated_by, near: rules.near }
    };
    Answer { formula, reason }
}

/// The policies of the subject's namespace that select it and declare the direction (K1).
fn isolating<'c>(cluster: &'c Cluster, subject: Who<'_>, direction: Direction) -> Vec<&'c NetworkPolicy> {
    let (Some(name), Some(labels)) = (subject.object(), subject.labels()) else { return Vec::new() };
    let isolates = |policy: &&NetworkPolicy| {
        policy.name().namespace() == name.namespace() && policy.isolates(direction) && policy.subject().matches(labels)
    };
    cluster.policies().iter().filter(isolates).collect()
}

/// 100.125.0.0/16, where no pod owns the address; a hostNetwork pod's is its node's (C11).
fn is_internal_cloud(view: &View<'_>, peer: &Party<'_>) -> bool {
    let in_range = matches!(peer.address, Some(IpAddr::V4(address)) if address.octets().starts_with(&[100, 125]));
    in_range && !view.is_pod(peer.who)
}

/// A secure container: its runtime class is one of the profile's, `kata-*` standing for every class that
/// begins so (C8).
fn is_secure(view: &View<'_>, who: Who<'_>) -> bool {
    let Some(class) = who.runtime_class() else { return false };
    view.profile.secure_runtimes().iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => class.starts_with(prefix),
        None => class == pattern,
    })
}

/// What the rules of the isolating policies say together (K2).
struct Rules {
    formula: Formula,
    admitting: Vec<RuleRef>,
    near: Vec<NearMiss>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { formula: Formula::no(), admitting: Vec::new(), near: Vec::new() }
    }
}

impl Rules {
    fn of(view: &View<'_>, question: &Question<'_>, direction: Direction, policies: &[&NetworkPolicy]) -> Self {
        let mut all = Self::default();
        for policy in policies {
            for (index, rule) in policy.rules(direction).iter().enumerate() {
                let ports = matching::ports(view, question, &rule.ports);
                let peers = PeerMatch {
                    view,
                    question,
                    direction,
                    policy_namespace: policy.name().namespace(),
                    ports: ports.rows(),
                }
                .peers(&rule.peers);
                let name = RuleRef { policy: policy.name().clone(), direction, rule: index };
                match (ports.is_no(), peers.is_no()) {
                    (true, true) => {}
                    (true, false) => all.near.push(NearMiss { rule: name, failed: Failed::Port }),
                    (false, true) => all.near.push(NearMiss { rule: name, failed: Failed::Peer }),
                    (false, false) => {
                        let both = ports.and(&peers);
                        if both.is_yes() {
                            all.admitting.push(name);
                        }
                        all.formula = all.formula.or(&both);
                    }
                }
            }
        }
        all
    }
}
