//! The other policies that isolate at least the pods that a policy does.

use crate::admission::context::Review;
use crate::admission::lints::chosen::Chosen;
use crate::admission::lints::forms::Scope;
use crate::admission::lints::wanted::Wanted;
use crate::model::policy::NetworkPolicy;

/// Another policy of the namespace that selects every pod which the policy selects.
#[derive(Debug)]
pub(super) struct Rival<'p> {
    pub(super) policy: &'p NetworkPolicy,
    /// Whether it selects no other pods.
    pub(super) is_same_subject: bool,
    /// Whether it stays where both say the same.
    pub(super) is_before: bool,
}

/// They by name. Of two policies that say the same the first by name stays, but before one that comes new every other does.
pub(super) fn rivals<'p>(review: &Review<'p>, own: &'p NetworkPolicy, scope: Scope) -> Vec<Rival<'p>> {
    let is_new = review.policies.get(own.name()) != Some(own);
    let (wanted, chosen) = (Wanted::of(own.subject()), Chosen::subjects(review, own));
    let compare = |other: &'p NetworkPolicy| -> Option<bool> {
        match scope {
            Scope::AnyCluster => {
                let other = Wanted::of(other.subject());
                wanted.is_within(&other).then(|| other.is_within(&wanted))
            }
            Scope::ThisCluster => {
                if review.may_be_controllers(other.subject()) {
                    return None;
                }
                let other = Chosen::subjects(review, other);
                chosen.is_within(&other).then(|| other.is_within(&chosen))
            }
        }
    };
    let others = review.policies.in_namespace(own.name().namespace());
    let others = others.filter(|other| other.name() != own.name());
    let rival = |policy: &'p NetworkPolicy| {
        let is_same_subject = compare(policy)?;
        Some(Rival { policy, is_same_subject, is_before: is_new || policy.name() < own.name() })
    };
    others.filter_map(rival).collect()
}
