//! Who loses something by a new isolation: every subject that no policy helps.

use crate::admission::context::Review;
use crate::admission::text::names;
use crate::model::policy::NetworkPolicy;
use crate::name::Direction;
use crate::partition::index::{Bits, Object};

/// Who cannot have it.
pub(super) enum Cut {
    Some(Bits),
    /// Nothing is selected yet.
    Whoever,
}

impl Cut {
    /// Those that no policy of `direction` serves as `admits` says; none where everybody is.
    pub(super) fn of(
        review: &Review<'_>,
        direction: Direction,
        admits: impl Fn(&NetworkPolicy) -> bool,
    ) -> Option<Self> {
        if admits(review.policy) {
            return None;
        }
        let others = review.others(direction);
        if review.subjects.is_empty() {
            // What will be selected is surely under a policy with the same selector or with none.
            let covers =
                |other: &NetworkPolicy| other.subject().is_everything() || other.subject() == review.policy.subject();
            let helped = others.into_iter().any(|other| covers(other) && admits(other));
            return (!helped).then_some(Self::Whoever);
        }
        let mut rest = review.isolated();
        for other in others {
            if rest.is_empty() {
                return None;
            }
            let helped = rest.and(&review.facts.index.subjects(other));
            if !helped.is_empty() && admits(other) {
                rest = rest.without(&helped);
            }
        }
        (!rest.is_empty()).then_some(Self::Some(rest))
    }

    /// They by name.
    pub(super) fn whom(&self, review: &Review<'_>) -> String {
        match self {
            Self::Some(objects) => names(review.facts.index.of_set(objects).map(Object::name)),
            Self::Whoever => "the pods it will select".to_owned(),
        }
    }
}
