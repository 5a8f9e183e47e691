//! One side of a flow, in the order of section 1.

use std::net::IpAddr;

use netpol_oracle::profile::{NodeOs, OtherProtocols, OwnNode, OwnNodeEgress, ServiceHairpin, Support};
use netpol_oracle::{Direction, L4, NetworkPolicy, Protocol, Row};

use super::ends::{Party, Someone};
use super::nodes::Spot;
use super::resolution::{Open, Resolve, Tip, Which, ask, lacking};
use super::route::{Crossing, Sent};
use super::seen::Seen;

impl<'a> Crossing<'a> {
    /// Whether the source and the destination are one pod (K19, U4).
    pub(super) fn is_hairpin(&self) -> bool {
        match (self.someone(Tip::Source), self.someone(Tip::Destination)) {
            (Some(a), Some(b)) => a.one.is_some() && a.one == b.one,
            _ => false,
        }
    }

    pub(crate) fn side(&self, direction: Direction, resolve: &mut Resolve<'_>) -> bool {
        let can = self.profile.capabilities();
        if self.is_hairpin() && matches!(self.sent, Sent::Plain) {
            return true; // K19
        }
        let egress = direction == Direction::Egress;
        let tip = Tip::subject(direction);
        let Some(subject) = self.visible(self.party(tip), resolve) else { return true };
        let (row, support) = if egress { (Row::C3, can.egress) } else { (Row::C2, can.ingress) };
        if lacking(can.enforcement, Row::C1, resolve) || lacking(support, row, resolve) {
            return true;
        }
        if self.family == netpol_oracle::net::Family::V6 && lacking(can.ipv6, Row::C7, resolve) {
            return true;
        }
        let policies: Vec<&NetworkPolicy> = self
            .cluster
            .policies()
            .iter()
            .filter(|policy| **policy.name().namespace() == *subject.namespace && policy.isolates(direction))
            .filter(|policy| self.selects_end(policy.subject(), tip, subject, resolve))
            .collect();
        if policies.is_empty() {
            return true; // K1
        }
        let seen = self.seen(direction, resolve);
        let near = self.is_own_node(tip, subject, &seen, resolve);
        if !egress && near {
            match can.own_node {
                OwnNode::Supported | OwnNode::EgressJudged => return true, // K18
                OwnNode::Unknown if ask(resolve, Row::C13) => return true,
                OwnNode::Unknown | OwnNode::Unsupported => {}
                _ => unreachable!("a reading that this evaluation does not know"),
            }
        }
        if self.is_cloud_internal(&seen, resolve) {
            let passes = match (can.internal_cloud, egress) {
                (Support::Supported, _) => false,
                (Support::Unsupported, true) => true,
                _ => ask(resolve, Row::C11),
            };
            if passes {
                return true;
            }
        }
        let secure = |class: &str| self.profile.secure_runtimes().iter().any(|pattern| globbed(pattern, class));
        if can.secure_containers != Support::Supported && subject.runtime.is_some_and(secure) && ask(resolve, Row::C8) {
            return true;
        }
        if self.os_is_unsupported(subject, near, &seen, direction) && ask(resolve, Row::C6) {
            return true;
        }
        if egress && near && can.own_node != OwnNode::EgressJudged {
            let exempt = match can.own_node_egress {
                OwnNodeEgress::Unknown => ask(resolve, Row::U3),
                OwnNodeEgress::Exempt => true,
                OwnNodeEgress::Judged => false,
                _ => unreachable!("a reading that this evaluation does not know"),
            };
            if exempt {
                return true;
            }
        }
        if self.is_hairpin() {
            let allowed = match can.service_hairpin {
                ServiceHairpin::Unknown => ask(resolve, Row::U4),
                ServiceHairpin::Allowed => true,
                ServiceHairpin::Judged => false,
                _ => unreachable!("a reading that this evaluation does not know"),
            };
            if allowed {
                return true;
            }
        }
        match seen.l4 {
            L4::Icmp | L4::Other(_) => match can.other_protocols {
                OtherProtocols::Unknown if ask(resolve, Row::U1) => return true,
                OtherProtocols::Unknown if resolve(Open { row: Row::U1, which: Which::Portless }, 2) == 0 => {
                    return false;
                }
                OtherProtocols::Unknown => {}
                OtherProtocols::Denied => return false,
                OtherProtocols::Unfiltered => return true,
                OtherProtocols::Portless => {}
                _ => unreachable!("a reading that this evaluation does not know"),
            },
            L4::Port(Protocol::Sctp, _) if can.sctp != Support::Supported => return ask(resolve, Row::C12),
            L4::Port(..) => {}
        }
        policies.iter().any(|policy| {
            policy.rules(direction).iter().enumerate().any(|(index, rule)| {
                self.port_matches(&rule.ports, &seen, resolve)
                    && self.any_peer_matches(direction, policy, index, rule, &seen, resolve)
            })
        })
    }

    /// C6, by the subject's own node: the one that it says, or the one seen where that is its own (U8, U9).
    fn os_is_unsupported(&self, subject: &Someone<'a>, near: bool, seen: &Seen<'a>, direction: Direction) -> bool {
        let its = match &seen.party {
            Party::Machine(name, _) => name.map(Spot::Named),
            Party::Pod(other, _) => Spot::of(self.cluster, other),
            _ => None,
        };
        let spot = Spot::of(self.cluster, subject).or(its.filter(|_| near));
        let Some(Spot::Named(name)) = spot else { return false };
        let node = self.cluster.node(name);
        let Some(image) = node.and_then(|node| node.os_image.as_deref()) else { return false };
        match &self.profile.capabilities().node_os {
            NodeOs::Any => false,
            NodeOs::Unknown => true,
            NodeOs::Only { ingress, egress } => {
                let listed = if direction == Direction::Egress { egress } else { ingress };
                !listed.iter().any(|os| format!("{os:?}") == system(image))
            }
            _ => unreachable!("a reading that this evaluation does not know"),
        }
    }

    /// C11: 100.125.0.0/16, unless a pod owns the address.
    fn is_cloud_internal(&self, seen: &Seen<'a>, resolve: &mut Resolve<'_>) -> bool {
        if self.visible(&seen.party, resolve).is_some() {
            return false;
        }
        matches!(seen.party.address(), Some(IpAddr::V4(address)) if address.octets()[..2] == [100, 125])
    }
}

fn globbed(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail),
    }
}

/// The name of the `Os` behind an image, by SEMANTICS section 3.
fn system(image: &str) -> &'static str {
    let prefixes = [
        ("Huawei Cloud EulerOS 2.0", "HceOs2"),
        ("HCE OS 2.0", "HceOs2"),
        ("EulerOS", "EulerOs"),
        ("CentOS", "CentOs"),
        ("Ubuntu 22.04", "Ubuntu2204"),
    ];
    match prefixes.iter().find(|(prefix, _)| image.starts_with(prefix)) {
        Some((_, "CentOs")) if image.contains(" 7") => "CentOs7",
        Some((_, os)) => os,
        None => "none of the page's",
    }
}
