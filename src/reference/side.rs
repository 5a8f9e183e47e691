//! One side of a flow, in the order of SEMANTICS section 1.

use crate::model::flow::L4;
use crate::model::policy::NetworkPolicy;
use crate::name::{Direction, ObjectName};
use crate::net::{Family, Protocol};
use crate::profile::capability::{OtherProtocols, OwnNode, OwnNodeEgress, ServiceHairpin, Support};
use crate::profile::cce::INTERNAL_CLOUD;
use crate::profile::row::Row;
use crate::reference::labels::selects;
use crate::reference::matching::{self, PeerMatch};
use crate::reference::node::{self, Place};
use crate::reference::peers;
use crate::reference::question::Question;
use crate::reference::readings::{End, Open};
use crate::reference::value::{Match, Value};
use crate::reference::view::{Peer, View};
use crate::verdict::{Reason, RuleRef};

/// What one side says under one reading of every row, and how it came to that.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) value: Value,
    pub(super) course: Course,
}

/// How far a side was judged.
#[derive(Debug, Clone)]
pub(super) enum Course {
    /// Something lets everything pass.
    Passed(Reason),
    /// Policies isolate the subject; their rules were asked, or the protocol leaves nothing to ask.
    Isolated { by: Vec<ObjectName>, rules: Vec<Asked> },
}

/// A rule, and which of its halves match.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The place of its policy in the cluster.
    pub(super) policy: usize,
    pub(super) rule: RuleRef,
    pub(super) ports: bool,
    pub(super) peers: Match,
}

impl Asked {
    pub(super) fn matches(&self) -> Match {
        if self.ports { self.peers.clone() } else { Match::No }
    }
}

/// The first that applies decides.
pub(super) fn side<'c>(view: &View<'_, 'c>, question: &Question<'c>, direction: Direction) -> Answer {
    let passed = |reason| Answer { value: Value::Passes, course: Course::Passed(reason) };
    if question.is_plain_hairpin() {
        return passed(Reason::Hairpin); // K19
    }
    if !view.is_pod(question.subject(direction).who) {
        return passed(Reason::NoSubject); // K17, K24
    }
    if let Some(row) = not_enforced(view, question, direction) {
        return passed(Reason::NotEnforced { row });
    }
    let isolating = isolating(view, question, direction);
    if isolating.is_empty() {
        return passed(Reason::NotIsolated); // K1
    }
    let peer = peers::seen(view, question, direction);
    if let Some(reason) = exempt(view, question, direction, &peer) {
        return passed(reason);
    }

    let by = isolating.iter().map(|(_, policy)| policy.name().clone()).collect();
    let isolated = |value, rules| Answer { value, course: Course::Isolated { by, rules } };
    match question.l4 {
        // C12: whatever its rules.
        L4::Port(Protocol::Sctp, _) if view.see(Row::C12, |c| c.sctp) != Support::Supported => {
            return isolated(Value::is(view.perhaps(Row::C12)), Vec::new());
        }
        L4::Port(..) => {}
        L4::Icmp | L4::Other(_) => match other_protocols(view) {
            OtherProtocols::Unfiltered => return passed(Reason::Unfiltered),
            OtherProtocols::Denied => return isolated(Value::Dropped, Vec::new()),
            OtherProtocols::Portless | OtherProtocols::Unknown => {}
        },
    }
    let asked: Vec<Asked> =
        isolating.iter().flat_map(|(place, policy)| rules(view, question, direction, &peer, *place, policy)).collect();
    // K2: rules only allow, and what none of them allows is dropped.
    let list = asked.iter().map(|asked| (asked.matches(), Value::Passes));
    isolated(Value::first_match(list, Value::Dropped), asked)
}

/// C1, C2 or C3, C7: the side is not enforced.
fn not_enforced(view: &View<'_, '_>, question: &Question<'_>, direction: Direction) -> Option<Row> {
    if view.is_missing(Row::C1, |c| c.enforcement) {
        return Some(Row::C1);
    }
    let version_is_missing = match direction {
        Direction::Ingress => view.is_missing(Row::C2, |c| c.ingress).then_some(Row::C2),
        Direction::Egress => view.is_missing(Row::C3, |c| c.egress).then_some(Row::C3),
    };
    version_is_missing.or_else(|| {
        let v6 = question.family() == Some(Family::V6);
        (v6 && view.is_missing(Row::C7, |c| c.ipv6)).then_some(Row::C7)
    })
}

/// What lets everything pass at an isolated side: first what is settled, then what is open (K18, C11; C8, C6, C11, U3, U4, U8).
fn exempt<'c>(view: &View<'_, 'c>, question: &Question<'c>, direction: Direction, peer: &Peer<'c>) -> Option<Reason> {
    let end = End::of_subject(direction);
    let subject = question.end(end);
    let own_node = node::is_own(view, question, end, peer);
    if direction == Direction::Ingress && own_node {
        let passes = match view.see(Row::C13, |c| c.own_node) {
            OwnNode::Supported | OwnNode::EgressJudged => true, // K18
            OwnNode::Unsupported => false,
            OwnNode::Unknown => view.perhaps(Row::C13),
        };
        if passes {
            return Some(Reason::OwnNode);
        }
    }
    if is_internal_cloud(view, peer) {
        let passes = match (direction, view.see(Row::C11, |c| c.internal_cloud)) {
            (_, Support::Supported) => false,
            (Direction::Egress, Support::Unsupported) => true,
            _ => view.perhaps(Row::C11),
        };
        if passes {
            return Some(Reason::ExemptRange);
        }
    }
    if direction == Direction::Egress && own_node && view.see(Row::C13, |c| c.own_node) != OwnNode::EgressJudged {
        let passes = match view.see(Row::U3, |c| c.own_node_egress) {
            OwnNodeEgress::Exempt => true,
            OwnNodeEgress::Judged => false,
            OwnNodeEgress::Unknown => view.perhaps(Row::U3),
        };
        if passes {
            return Some(Reason::OwnNode);
        }
    }
    if question.is_rewritten() && question.is_hairpin() {
        let passes = match view.see(Row::U4, |c| c.service_hairpin) {
            ServiceHairpin::Allowed => true,
            ServiceHairpin::Judged => false,
            ServiceHairpin::Unknown => view.perhaps(Row::U4),
        };
        if passes {
            return Some(Reason::Hairpin);
        }
    }
    if subject.who.runtime_class().is_some_and(|class| view.profile.is_secure_runtime(class))
        && view.see(Row::C8, |c| c.secure_containers) != Support::Supported
        && view.perhaps(Row::C8)
    {
        return Some(Reason::NotEnforced { row: Row::C8 });
    }
    // C6: the subject's own node, by U8 the peer's; no node or no OS known counts as supported.
    let name = match (node::place(view.cluster, subject), node::place(view.cluster, &peer.party)) {
        (Place::Said(spot), _) => spot.name(),
        (_, Place::Said(spot)) if own_node => spot.name(),
        _ => None,
    };
    let node = name.and_then(|name| view.cluster.node(name));
    let os_image = node.and_then(|node| node.os_image.as_deref())?;
    let enforces = view.see(Row::C6, |c| c.node_os.supports(os_image, direction)) || !view.perhaps(Row::C6);
    (!enforces).then_some(Reason::NotEnforced { row: Row::C6 })
}

fn other_protocols(view: &View<'_, '_>) -> OtherProtocols {
    match view.see(Row::U1, |c| c.other_protocols) {
        OtherProtocols::Unknown => {
            let readings = [OtherProtocols::Denied, OtherProtocols::Portless, OtherProtocols::Unfiltered];
            let taken = view.choices.choose(Open::Row(Row::U1), readings.len());
            readings.get(taken).copied().unwrap_or(OtherProtocols::Denied)
        }
        known => known,
    }
}

/// The policies of the subject's namespace that select it and declare the direction (K1), each with its place in the
/// cluster.
pub(super) fn isolating<'c>(
    view: &View<'_, 'c>,
    question: &Question<'c>,
    direction: Direction,
) -> Vec<(usize, &'c NetworkPolicy)> {
    let end = End::of_subject(direction);
    let namespace = question.end(end).who.namespace();
    let isolates = |policy: &NetworkPolicy| {
        Some(&**policy.name().namespace()) == namespace
            && policy.isolates(direction)
            && selects(view, question, end, policy.subject())
    };
    view.cluster.policies().iter().enumerate().filter(|(_, policy)| isolates(policy)).collect()
}

/// 100.125.0.0/16, where no pod owns the address; a hostNetwork pod's is its node's (C11).
fn is_internal_cloud(view: &View<'_, '_>, peer: &Peer<'_>) -> bool {
    peer.party.address.is_some_and(|address| INTERNAL_CLOUD.contains(address)) && !view.is_pod(peer.party.who)
}

/// One policy's rules, in their order.
fn rules<'a, 'c>(
    view: &'a View<'a, 'c>,
    question: &'a Question<'c>,
    direction: Direction,
    peer: &'a Peer<'c>,
    place: usize,
    policy: &'a NetworkPolicy,
) -> impl Iterator<Item = Asked> + use<'a, 'c> {
    policy.rules(direction).iter().enumerate().map(move |(index, rule)| {
        let policy_namespace = policy.name().namespace();
        let peers = PeerMatch { view, question, direction, peer, policy_namespace, policy: place, rule: index };
        Asked {
            policy: place,
            rule: RuleRef { policy: policy.name().clone(), direction, rule: index },
            ports: matching::ports(view, question, peer, &rule.ports),
            peers: peers.any_of(&rule.peers),
        }
    })
}
