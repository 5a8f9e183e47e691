//! `ipBlock`: C4, C5, C7, C9, C11, `except` on eBPF, blocks that hold nothing.

use crate::admission::context::Review;
use crate::admission::finding::{Findings, Place, RuleField, RulePlace};
use crate::admission::text::names;
use crate::diagnostic::Code;
use crate::model::policy::{Peer, Peers};
use crate::name::Direction;
use crate::net::{AddressRange, Cidr, Family, IpBlock, covers, merged, remaining};
use crate::profile::capability::{IpBlockScope, Support, Unowned};
use crate::profile::cce::{INTERNAL_CLOUD, NetworkModel};
use crate::profile::profile::Base;

/// One block and its place.
struct Block<'a> {
    block: &'a IpBlock,
    remaining: Vec<AddressRange>,
    direction: Direction,
    rule: usize,
    peer: usize,
}

impl Block<'_> {
    fn at(&self, field: &'static str) -> Place {
        let field = RuleField::Peer(self.peer, field);
        Place::In(RulePlace { direction: self.direction, rule: self.rule, field })
    }
}

pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    let inside = match review.capabilities().ip_block_scope {
        IpBlockScope::InsideCluster => cluster_ranges(review),
        IpBlockScope::Any | IpBlockScope::OutsideCluster => Vec::new(),
    };
    for direction in [Direction::Ingress, Direction::Egress] {
        for (rule, entry) in review.policy.rules(direction).iter().enumerate() {
            let Peers::Of(peers) = &entry.peers else { continue };
            for (peer, entry) in peers.iter().enumerate() {
                let Peer::IpBlock(block) = entry else { continue };
                let block = Block { block, remaining: remaining(block), direction, rule, peer };
                support(review, findings, &block);
                scope(review, findings, &block, &inside);
                internal_cloud(review, findings, &block);
                except(review, findings, &block);
            }
        }
    }
}

/// C4, C5, C7.
fn support(review: &Review<'_>, findings: &mut Findings, block: &Block<'_>) {
    let capabilities = review.capabilities();
    let (code, support, texts) = match block.direction {
        Direction::Ingress => (
            Code::IngressIpBlock,
            capabilities.ingress_ip_block,
            [
                "this cluster does not support `ipBlock` in ingress rules: what the block admits is not known",
                "it is not known whether this cluster supports `ipBlock` in ingress rules",
            ],
        ),
        Direction::Egress => (
            Code::EgressIpBlock,
            capabilities.egress_ip_block,
            [
                "this cluster does not support `ipBlock` in egress rules: what the block admits is not known",
                "it is not known whether this cluster supports `ipBlock` in egress rules",
            ],
        ),
    };
    findings.asked(support, code, block.at("ipBlock"), texts, "select pods by labels instead");
    if block.block.cidr().family() == Family::V6 {
        let texts = [
            "this cluster does not support IPv6 policies: IPv6 traffic passes whatever the block says",
            "it is not known whether this cluster supports IPv6 policies",
        ];
        findings.asked(capabilities.ipv6, Code::Ipv6Policy, block.at("ipBlock.cidr"), texts, "");
    }
}

/// C9.
fn scope(review: &Review<'_>, findings: &mut Findings, block: &Block<'_>, inside: &[AddressRange]) {
    let (capabilities, profile) = (review.capabilities(), review.facts.profile);
    let cidr = block.block.cidr();
    let ranges = &block.remaining;
    match capabilities.ip_block_scope {
        IpBlockScope::Any => {}
        IpBlockScope::InsideCluster => {
            if ranges.iter().any(|range| !covers(inside, range)) {
                let message =
                    format!("`{cidr}` holds addresses outside the cluster, which an `ipBlock` never matches here");
                findings.warn(Code::IpBlockScope, block.at("ipBlock.cidr"), message, "");
            }
        }
        IpBlockScope::OutsideCluster => {
            let overlapping = |cidrs: &[Cidr]| -> Vec<Cidr> {
                let overlaps = |cidr: &&Cidr| ranges.iter().any(|range| range.overlaps(&AddressRange::from(**cidr)));
                cidrs.iter().filter(overlaps).copied().collect()
            };
            let (pod_cidrs, service_cidrs) = (overlapping(profile.pod_cidrs()), overlapping(profile.service_cidrs()));
            let owned = &review.facts.owned;
            let parts = [
                (names(&pod_cidrs), "pod cidr "),
                (names(&service_cidrs), "Service cidr "),
                (names(owned.pods.within(ranges)), "pods "),
                (names(owned.nodes.within(ranges)), "nodes "),
                (names(owned.services.within(ranges)), "Services "),
            ];
            let list: Vec<String> =
                parts.iter().filter(|(list, _)| !list.is_empty()).map(|(list, what)| format!("{what}{list}")).collect();
            if list.is_empty() {
                return;
            }
            let message = format!(
                "an `ipBlock` never matches addresses of the cluster here, and `{cidr}` holds some: {}",
                list.join("; ")
            );
            let mut help = match block.direction {
                Direction::Ingress => "select pods by labels".to_owned(),
                Direction::Egress => "select pods by labels; nodes need a rule without `to`".to_owned(),
            };
            if !pod_cidrs.is_empty() && capabilities.unowned_pod_address == Unowned::Unknown {
                help.push_str("; for addresses of a pod cidr that no known pod has it is not known");
            }
            findings.warn(Code::IpBlockScope, block.at("ipBlock.cidr"), message, help);
        }
    }
}

/// What belongs to the cluster: pod and Service CIDRs, and every address that somebody has.
fn cluster_ranges(review: &Review<'_>) -> Vec<AddressRange> {
    let cidrs = review
        .facts
        .profile
        .pod_cidrs()
        .iter()
        .chain(review.facts.profile.service_cidrs())
        .copied()
        .map(AddressRange::from);
    let owned = &review.facts.owned;
    merged(cidrs.chain(owned.pods.ranges()).chain(owned.nodes.ranges()).chain(owned.services.ranges()).collect())
}

/// C11, for ingress: enforcement against the range is not known.
fn internal_cloud(review: &Review<'_>, findings: &mut Findings, block: &Block<'_>) {
    let named = AddressRange::from(block.block.cidr()).overlaps(&INTERNAL_CLOUD.into());
    if block.direction == Direction::Ingress && named && review.capabilities().internal_cloud != Support::Supported {
        let message = "this cluster cannot limit `100.125.0.0/16`: what comes from there may pass, or not, whatever the block says";
        findings.warn(Code::InternalCloud, block.at("ipBlock.cidr"), message.to_owned(), "");
    }
}

/// `except` leaves nothing (K14); `except` on eBPF, which DP advises against and no row can override.
fn except(review: &Review<'_>, findings: &mut Findings, block: &Block<'_>) {
    if block.block.except().is_empty() {
        return;
    }
    if block.remaining.is_empty() {
        let message = format!("`except` leaves nothing of `{}`: the block admits no address", block.block.cidr());
        findings.warn(Code::EmptyIpBlock, block.at("ipBlock.except"), message, "");
    }
    if matches!(review.facts.profile.base(), Base::Cce(NetworkModel::Vpc | NetworkModel::CloudNative2, _)) {
        let message = "the vendor advises against `except` on this data plane".to_owned();
        findings.warn(Code::DiscouragedExcept, block.at("ipBlock.except"), message, "list the blocks that are meant");
    }
}
