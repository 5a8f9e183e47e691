//! Rules that limit nothing, however they are spelt (K5, K6, K15).

use crate::admission::context::Review;
use crate::admission::finding::{Findings, Place, RuleField, RulePlace, list_of};
use crate::diagnostic::Code;
use crate::model::policy::{Namespaces, Peer, Peers, PortMatch, PortSpec, Ports, Rule};
use crate::name::Direction;
use crate::net::{AddressRange, Family, Port, Protocol, merged, remaining};
use crate::profile::capability::{IpBlockScope, Support, UnaddressedPod};

pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    for direction in [Direction::Ingress, Direction::Egress] {
        for (rule, entry) in review.policy.rules(direction).iter().enumerate() {
            let Some(whom) = whom(review, direction, entry).filter(|_| is_every_port(&entry.ports)) else { continue };
            let message = format!("the rule admits {} on every port{}", whom.text(direction), whom.rest(direction));
            let ports = match (&entry.ports, &entry.peers) {
                (Ports::Any, Peers::Any) => "`ports`",
                (Ports::Any, Peers::Of(_)) => "give it `ports`",
                (Ports::Of(_), Peers::Any) => "fewer ports",
                (Ports::Of(_), Peers::Of(_)) => "its ports",
            };
            let help = match &entry.peers {
                Peers::Any => format!("where that is not meant, give it `{}` or {ports}", list_of(direction)),
                Peers::Of(_) => format!("where that is not meant, narrow its peers or {ports}"),
            };
            let place = Place::In(RulePlace { direction, rule, field: RuleField::Whole });
            findings.warn(Code::AdmitsEveryone, place, message, help);
        }
    }
}

/// What a rule admits without any limit.
enum Whom {
    /// Pods, nodes, and whatever is outside the cluster.
    Everyone,
    /// Every pod and every address of these families.
    Some { pods: bool, families: Vec<Family>, scope: IpBlockScope },
}

fn whom(review: &Review<'_>, direction: Direction, rule: &Rule) -> Option<Whom> {
    let Peers::Of(peers) = &rule.peers else { return Some(Whom::Everyone) };
    let every_pod = |peer: &Peer| match peer {
        Peer::Pods(pods) => {
            let everywhere = matches!(&pods.namespaces, Namespaces::Matching(selector) if selector.is_everything());
            everywhere && pods.pods.is_everything()
        }
        Peer::IpBlock(_) => false,
    };
    let capabilities = review.capabilities();
    let support = match direction {
        Direction::Ingress => capabilities.ingress_ip_block,
        Direction::Egress => capabilities.egress_ip_block,
    };
    let blocks = peers.iter().filter_map(|peer| match peer {
        Peer::IpBlock(block) if support == Support::Supported => Some(remaining(block)),
        _ => None,
    });
    let families: Vec<Family> = merged(blocks.flatten().collect())
        .iter()
        .filter(|range| range.is_whole_family())
        .map(AddressRange::family)
        .collect();
    let pods = peers.iter().any(every_pod);
    let scope = capabilities.ip_block_scope;
    // K15: whoever has an address, and by U6 a pod that has none yet.
    let unaddressed = pods || capabilities.unaddressed_pod == UnaddressedPod::Unknown;
    if families.len() == 2 && scope == IpBlockScope::Any && unaddressed {
        return Some(Whom::Everyone);
    }
    (pods || !families.is_empty()).then_some(Whom::Some { pods, families, scope })
}

impl Whom {
    fn text(&self, direction: Direction) -> String {
        let (pods, families, scope) = match self {
            Self::Everyone => return format!("every {}", end(direction)),
            Self::Some { pods, families, scope } => (pods, families, scope),
        };
        let pods = pods.then(|| "every pod of every namespace".to_owned());
        let families: Vec<String> = families.iter().map(ToString::to_string).collect();
        let reach = match scope {
            IpBlockScope::Any => ", pods' and nodes' too",
            IpBlockScope::OutsideCluster => " outside the cluster",
            IpBlockScope::InsideCluster => " of the cluster",
        };
        let addresses = (!families.is_empty()).then(|| format!("every {} address{reach}", families.join(" and ")));
        pods.into_iter().chain(addresses).collect::<Vec<_>>().join(", and ")
    }

    /// What follows.
    fn rest(&self, direction: Direction) -> String {
        match self {
            Self::Everyone => format!(": the policy limits no {direction}"),
            Self::Some { .. } => String::new(),
        }
    }
}

fn end(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "source",
        Direction::Egress => "destination",
    }
}

/// Every port of TCP, UDP and SCTP; by entries too.
fn is_every_port(ports: &Ports) -> bool {
    let Ports::Of(entries) = ports else { return true };
    Protocol::ALL.into_iter().all(|protocol| {
        entries.iter().any(|entry: &PortMatch| {
            let all = match &entry.port {
                PortSpec::Any => true,
                PortSpec::Range(range) => (range.first(), range.last()) == (Port::MIN, Port::MAX),
                PortSpec::Number(_) | PortSpec::Name(_) => false,
            };
            entry.protocol == protocol && all
        })
    })
}
