//! Exceptions of an `ipBlock` that the others cut out already (K14).

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::admission::context::Review;
use crate::admission::finding::{Findings, Place, RuleField, RulePlace};
use crate::admission::text::{names, quoted};
use crate::diagnostic::Code;
use crate::model::policy::{Peer, Peers};
use crate::name::Direction;
use crate::net::{AddressRange, Cidr, covers, merged};

pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    for direction in [Direction::Ingress, Direction::Egress] {
        for (rule, entry) in review.policy.rules(direction).iter().enumerate() {
            let Peers::Of(peers) = &entry.peers else { continue };
            for (at, peer) in peers.iter().enumerate() {
                let Peer::IpBlock(block) = peer else { continue };
                for (place, others) in needless(block.except()) {
                    let Some(cidr) = block.except().get(place) else { continue };
                    let verb = if others.len() == 1 { "cuts" } else { "cut" };
                    let message = format!("{} {verb} out {} already", names(&others), quoted(cidr));
                    let field = RuleField::Except(at, place);
                    let place = Place::In(RulePlace { direction, rule, field });
                    findings.lint(Code::ImpliedExcept, place, message, "remove the entry");
                }
            }
        }
    }
}

/// The exceptions that can go, the last ones first, each with those that stay and hold some of it.
fn needless(except: &[Cidr]) -> Vec<(usize, BTreeSet<Cidr>)> {
    let mut stay: Vec<usize> = (0..except.len()).collect();
    let mut found = Vec::new();
    // A smaller one goes before the larger one that holds it, and of equals the later.
    let mut order: Vec<(usize, &Cidr)> = except.iter().enumerate().collect();
    order.sort_by_key(|(place, cidr)| Reverse((cidr.prefix_len(), *place)));
    for (place, cidr) in order {
        let others: Vec<&Cidr> =
            stay.iter().filter(|other| **other != place).filter_map(|other| except.get(*other)).collect();
        let range = AddressRange::from(*cidr);
        let union = merged(others.iter().map(|other| AddressRange::from(**other)).collect());
        if covers(&union, &range) {
            stay.retain(|other| *other != place);
            let meets = |other: &&&Cidr| AddressRange::from(***other).overlaps(&range);
            found.push((place, others.iter().filter(meets).map(|other| **other).collect()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_cut_out_can_go_with_all_that_is_told() {
        let needless = |texts: &[&str]| {
            let except: Vec<Cidr> = texts.iter().map(|text| text.parse().unwrap()).collect();
            needless(&except).into_iter().map(|(place, _)| place).collect::<Vec<_>>()
        };
        assert_eq!(needless(&["10.1.0.0/16", "10.1.2.0/24", "10.2.0.0/16"]), [1]);
        assert_eq!(needless(&["10.1.2.0/24", "10.1.0.0/16", "10.1.0.0/16"]), [0, 2]);
        assert_eq!(needless(&["10.0.0.0/25", "10.0.0.128/25", "10.0.0.0/24"]), [1, 0]);
        assert_eq!(needless(&["10.0.0.0/25", "10.0.0.128/25", "10.0.0.64/26"]), [2]);
        assert_eq!(needless(&["10.0.0.0/25", "10.0.1.0/25", "fd00::/64"]), Vec::<usize>::new());
        assert_eq!(needless(&["10.0.0.0/25"]), Vec::<usize>::new());
    }
}
