//! What pods and load balancers use that no manifest names: node-local DNS, and the addresses that health checks of CCE come
//! from. Only what is certainly denied counts as cut off.

use std::net::{IpAddr, Ipv4Addr};

use crate::admission::context::Review;
use crate::admission::cut_off::Cut;
use crate::admission::dns::somewhere;
use crate::admission::finding::{Findings, Place};
use crate::diagnostic::Code;
use crate::labels::Labels;
use crate::model::policy::{NetworkPolicy, Peer, Peers};
use crate::name::Direction;
use crate::net::{AddressRange, Port, Protocol, remaining};
use crate::profile::capability::{OwnNode, OwnNodeEgress, Support};
use crate::profile::cce::INTERNAL_CLOUD;
use crate::profile::profile::Base;

/// The label of the cache's pods, and the one by which a namespace's pods are told to ask it.
const CACHE: (&str, &str) = ("k8s-app", "node-local-dns");
const INJECTION: (&str, &str) = ("node-local-dns-injection", "enabled");

/// Where the node-local DNS cache listens on every node.
const NODE_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 20, 10));

pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    let asked = |direction| review.policy.isolates(direction) && !review.is_unenforced(direction);
    if asked(Direction::Egress) && uses_node_dns(review) {
        node_dns(review, findings);
    }
    if !matches!(review.facts.profile.base(), Base::Cce(..)) {
        return;
    }
    // Where the range cannot be limited, it is not known that anything is cut off (C11).
    if asked(Direction::Ingress) && review.capabilities().internal_cloud == Support::Supported {
        health_checks(review, findings);
    }
}

/// Whether the cache is known to run or to be asked. It is an add-on: without it nothing is cut off.
///
/// Where pods always reach their own node nothing is cut off either: it listens on an address of that.
fn uses_node_dns(review: &Review<'_>) -> bool {
    let has =
        |labels: &Labels, (key, value): (&str, &str)| labels.get(key).is_some_and(|found| found.as_str() == value);
    let capabilities = review.capabilities();
    let is_exempt =
        capabilities.own_node != OwnNode::EgressJudged && capabilities.own_node_egress == OwnNodeEgress::Exempt;
    let runs = || review.facts.index.objects().iter().any(|object| has(object.labels(), CACHE));
    let injects = || review.facts.cluster.namespace(review.namespace()).is_some_and(|own| has(&own.labels, INJECTION));
    !is_exempt && (injects() || runs())
}

fn node_dns(review: &Review<'_>, findings: &mut Findings) {
    let Some(port) = Port::new(53) else { return };
    let by_block = review.capabilities().egress_ip_block;
    let admits = |policy: &NetworkPolicy| {
        policy.rules(Direction::Egress).iter().any(|rule| {
            somewhere(rule, Protocol::Udp, port)
                && match &rule.peers {
                    Peers::Any => true,
                    Peers::Of(peers) => peers.iter().any(|peer| match peer {
                        Peer::IpBlock(block) => by_block != Support::Supported || block.contains(NODE_DNS),
                        Peer::Pods(_) => false,
                    }),
                }
        })
    };
    let Some(cut) = Cut::of(review, Direction::Egress, admits) else { return };
    let message = format!(
        "node-local DNS is cut off: no egress rule lets {} reach `{NODE_DNS}` on port 53 over UDP",
        cut.whom(review)
    );
    let help = "admit port 53 by UDP and TCP to `169.254.20.10/32`: pods that do not reach the cache ask CoreDNS after a while, if they may";
    findings.warn(Code::NodeDnsCutOff, Place::Rules(Direction::Egress), message, help);
}

fn health_checks(review: &Review<'_>, findings: &mut Findings) {
    let range = AddressRange::from(INTERNAL_CLOUD);
    let by_block = review.capabilities().ingress_ip_block;
    let admits = |policy: &NetworkPolicy| {
        policy.rules(Direction::Ingress).iter().any(|rule| match &rule.peers {
            Peers::Any => true,
            Peers::Of(peers) => peers.iter().any(|peer| match peer {
                Peer::IpBlock(block) => remaining(block).iter().any(|left| left.overlaps(&range)),
                Peer::Pods(_) => false,
            }),
        })
    };
    let Some(cut) = Cut::of(review, Direction::Ingress, admits) else { return };
    let message = format!(
        "health checks of load balancers are cut off: no ingress rule lets `{INTERNAL_CLOUD}` reach {}",
        cut.whom(review)
    );
    let help = match by_block {
        Support::Supported => "where load balancers check these pods, admit `100.125.0.0/16` on the checked ports",
        _ => "where load balancers check these pods, add a rule without `from` for the checked ports",
    };
    findings.warn(Code::HealthChecksCutOff, Place::Rules(Direction::Ingress), message, help);
}
