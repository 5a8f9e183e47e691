//! Changes of one policy.

use std::fmt;

use serde::Serialize;

use crate::diagnostic::FieldPath;
use crate::model::policy::{NetworkPolicy, Rule};
use crate::name::{Direction, ObjectName};

/// One change of one policy. Its text says where: ``port entries more at `spec.ingress[0].ports` of `default/db` ``.
///
/// ```json
/// {"policy": "default/db", "action": "add-port", "path": "spec.ingress[0].ports"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Edit {
    /// Which policy.
    pub policy: ObjectName,
    /// What is done.
    pub action: Action,
    /// Where; empty for the whole policy.
    pub path: FieldPath,
}

/// What is done to a policy, the smaller first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// A rule gets port entries more.
    AddPort,
    /// A rule gets peers more.
    AddPeer,
    /// A rule loses a port.
    NarrowPorts,
    /// A rule's peers leave somebody out whom they admit.
    NarrowPeers,
    /// The policy gets a rule more.
    AddRule,
    /// The policy loses a rule.
    RemoveRule,
    /// The policy is new.
    NewPolicy,
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, action, path } = self;
        match action {
            Action::AddPort => write!(f, "port entries more at `{path}` of `{policy}`"),
            Action::AddPeer => write!(f, "peers more at `{path}` of `{policy}`"),
            Action::NarrowPorts => write!(f, "the port less at `{path}` of `{policy}`"),
            Action::NarrowPeers => write!(f, "the peer left out at `{path}` of `{policy}`"),
            Action::AddRule => write!(f, "a rule more at `{path}` of `{policy}`"),
            Action::RemoveRule => write!(f, "`{path}` of `{policy}` removed"),
            Action::NewPolicy => write!(f, "a new policy `{policy}`"),
        }
    }
}

/// A change and the policy after it.
pub(super) type Edited = (Edit, NetworkPolicy);

/// `field`: of the rule, which is named itself where there is none.
pub(super) fn at_rule(policy: &NetworkPolicy, direction: Direction, rule: usize, field: &str, action: Action) -> Edit {
    let rule = FieldPath::root().child("spec").child(&direction.to_string()).index(rule);
    let path = if field.is_empty() { rule } else { rule.child(field) };
    Edit { policy: policy.name().clone(), action, path }
}

/// The policy with other rules for one direction.
pub(super) fn with_rules(policy: &NetworkPolicy, direction: Direction, rules: Vec<Rule>) -> NetworkPolicy {
    let other = |direction| policy.written_rules(direction).to_vec();
    let (ingress, egress) = match direction {
        Direction::Ingress => (rules, other(Direction::Egress)),
        Direction::Egress => (other(Direction::Ingress), rules),
    };
    NetworkPolicy::new(policy.name().clone(), policy.subject().clone(), policy.types(), ingress, egress)
}

/// The policy with one rule replaced, or without it.
pub(super) fn with_rule(policy: &NetworkPolicy, direction: Direction, at: usize, rule: Option<Rule>) -> NetworkPolicy {
    let mut rules = policy.written_rules(direction).to_vec();
    if at < rules.len() {
        rules.splice(at..=at, rule);
    }
    with_rules(policy, direction, rules)
}

/// `from` or `to`.
pub(super) fn peers_field(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}
