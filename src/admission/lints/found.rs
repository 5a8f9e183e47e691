//! What of one policy others say too, in one scope.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::admission::context::Review;
use crate::admission::lints::cells::{Cover, Covered, Fact, covered};
use crate::admission::lints::forms::Scope;
use crate::admission::lints::rivals::{Rival, rivals};
use crate::model::policy::NetworkPolicy;
use crate::name::{Direction, ObjectName};

pub(super) const DIRECTIONS: [Direction; 2] = [Direction::Ingress, Direction::Egress];

/// What was found of one policy.
#[derive(Debug)]
pub(super) struct Found<'p> {
    rivals: Vec<Rival<'p>>,
    /// Who isolates instead, for each direction.
    isolators: [(Direction, Option<&'p ObjectName>); 2],
    pub(super) rules: [(Direction, Vec<Covered<'p>>); 2],
}

impl<'p> Found<'p> {
    /// In any cluster.
    pub(super) fn anywhere(review: &Review<'p>, policy: &'p NetworkPolicy) -> Self {
        Self::of(review, policy, Scope::AnyCluster, &|_| false)
    }

    /// In this cluster, beside what goes in any: that cannot stay for anything here.
    pub(super) fn here(review: &Review<'p>, anywhere: &Self) -> Self {
        // Of a policy that comes new nothing is told of the others, so they stay.
        let is_new = review.policies.get(review.policy.name()) != Some(review.policy);
        let known: RefCell<BTreeMap<&ObjectName, Rc<Self>>> = RefCell::default();
        let of = |policy: &'p NetworkPolicy| {
            let found = known.borrow().get(policy.name()).cloned();
            found.unwrap_or_else(|| {
                let found = Rc::new(Self::anywhere(review, policy));
                known.borrow_mut().insert(policy.name(), found.clone());
                found
            })
        };
        let goes = |fact: &Fact<'p>| match fact.policy {
            None => anywhere.goes(fact),
            Some(_) if is_new => false,
            Some(policy) => of(policy).goes(fact),
        };
        Self::of(review, review.policy, Scope::ThisCluster, &goes)
    }

    fn of(review: &Review<'p>, policy: &'p NetworkPolicy, scope: Scope, goes: &dyn Fn(&Fact<'p>) -> bool) -> Self {
        let rivals = rivals(review, policy, scope);
        let isolators = DIRECTIONS.map(|direction| {
            let fact = |policy| Fact { policy, direction, cell: None };
            let isolates = |rival: &&Rival<'p>| {
                let stays = || !goes(&fact(Some(rival.policy))) && (rival.is_before || goes(&fact(None)));
                rival.policy.isolates(direction) && (!rival.is_same_subject || stays())
            };
            (direction, rivals.iter().find(isolates).map(|rival| rival.policy.name()))
        });
        let rules = DIRECTIONS.map(|direction| (direction, covered(review, policy, (scope, direction), &rivals, goes)));
        Self { rivals, isolators, rules }
    }

    /// Whether something else says what a fact of the policy says.
    fn goes(&self, fact: &Fact<'p>) -> bool {
        let Some(cell) = fact.cell else {
            return self.isolators.iter().any(|(direction, by)| *direction == fact.direction && by.is_some());
        };
        let rules = self.rules.iter().filter(|(direction, _)| *direction == fact.direction);
        rules.filter_map(|(_, rules)| rules.get(cell.rule)).any(|covered| covered.is_covered(cell))
    }

    /// A policy that says just what the policy says, and stays.
    pub(super) fn equal(&self, policy: &NetworkPolicy) -> Option<&'p NetworkPolicy> {
        let says_the_same = |other: &NetworkPolicy| {
            let rules = |direction| policy.rules(direction) == other.rules(direction);
            policy.subject() == other.subject() && policy.types() == other.types() && DIRECTIONS.into_iter().all(rules)
        };
        let mut before = self.rivals.iter().filter(|rival| rival.is_before).map(|rival| rival.policy);
        before.find(|other| says_the_same(other))
    }

    /// The policies that isolate the same pods and admit all that the policy does; none where it does something.
    pub(super) fn instead(&self, policy: &NetworkPolicy) -> Option<Vec<&'p NetworkPolicy>> {
        let mut names = BTreeSet::new();
        for (direction, isolator) in &self.isolators {
            if policy.isolates(*direction) {
                names.insert((*isolator)?);
            }
        }
        for rule in self.rules.iter().flat_map(|(_, rules)| rules) {
            names.extend(rule.whole()?.into_iter().filter_map(|cover: Cover<'p>| cover.policy));
        }
        Some(self.rivals.iter().map(|rival| rival.policy).filter(|policy| names.contains(policy.name())).collect())
    }
}
