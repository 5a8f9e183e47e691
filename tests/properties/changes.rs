//! What must change nothing, or in one direction only.

use netpol_oracle::generate::strategies::WorldSpec;
use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use netpol_oracle::model::{Namespaces, Peer, Peers, PodPeer, PolicyTypes, Ports, Rule};
use netpol_oracle::profile::Rows;
use netpol_oracle::verdict::{Backend, Judged};
use netpol_oracle::{Cluster, Decide, Direction, Flow, NetworkPolicy, ObjectName, Profile, Reference, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::cases;
use crate::support::worlds::{World, map_cluster, rules, with_policies, worlds};

/// What a change that must not matter may not change.
#[derive(Debug, PartialEq)]
struct Outcome {
    verdict: Verdict,
    rows: Rows,
    parts: Vec<(Option<Backend>, [Verdict; 2])>,
}

fn outcome(cluster: &Cluster, profile: &Profile, flow: &Flow) -> Result<Outcome, &'static str> {
    let decision = Reference::new(cluster, profile).decide(flow).map_err(|error| error.code())?;
    let parts = match &decision.judged {
        Judged::Sides(sides) => vec![(None, [sides.egress.verdict, sides.ingress.verdict])],
        Judged::Backends(backends) => backends
            .iter()
            .map(|each| (Some(each.backend.clone()), [each.sides.egress.verdict, each.sides.ingress.verdict]))
            .collect(),
    };
    Ok(Outcome { verdict: decision.verdict, rows: decision.rows, parts })
}

fn nothing_changes(world: &World, changed: &Cluster) -> Result<(), TestCaseError> {
    for flow in &world.flows {
        let before = outcome(&world.cluster, &world.profile, flow);
        let after = outcome(changed, &world.profile, flow);
        prop_assert_eq!(before, after, "{}", flow);
    }
    Ok(())
}

fn with_rules(policy: &NetworkPolicy, name: ObjectName, of: impl Fn(&[Rule]) -> Vec<Rule>) -> NetworkPolicy {
    let rules = |direction| of(policy.written_rules(direction));
    let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
    NetworkPolicy::new(name, policy.subject().clone(), policy.types(), ingress, egress)
}

fn reversed(rule: &Rule) -> Rule {
    let peers = match &rule.peers {
        Peers::Of(peers) => Peers::Of(peers.iter().rev().cloned().collect()),
        Peers::Any => Peers::Any,
    };
    let ports = match &rule.ports {
        Ports::Of(ports) => Ports::Of(ports.iter().rev().cloned().collect()),
        Ports::Any => Ports::Any,
    };
    Rule { peers, ports }
}

fn doubled(rule: &Rule) -> Rule {
    let peers = match &rule.peers {
        Peers::Of(peers) => Peers::Of(peers.iter().chain(peers).cloned().collect()),
        Peers::Any => Peers::Any,
    };
    let ports = match &rule.ports {
        Ports::Of(ports) => Ports::Of(ports.iter().chain(ports).cloned().collect()),
        Ports::Any => Ports::Any,
    };
    Rule { peers, ports }
}

fn renamed(policy: &NetworkPolicy, name: impl Into<std::sync::Arc<str>>) -> ObjectName {
    ObjectName::new(policy.name().namespace().clone(), name)
}

/// `app` becomes `z.example/app`, and the values change places; the name label of namespaces is no one's to change.
fn other_key(key: &LabelKey) -> LabelKey {
    if key.as_str() == netpol_oracle::model::NAMESPACE_NAME_LABEL {
        return key.clone();
    }
    LabelKey::new(&format!("z.example/{key}")).unwrap()
}

fn other_value(key: &LabelKey, value: &LabelValue) -> LabelValue {
    if key.as_str() == netpol_oracle::model::NAMESPACE_NAME_LABEL {
        return value.clone();
    }
    let text = match value.as_str() {
        "" => "b",
        "a" => "",
        "b" => "a",
        other => other,
    };
    LabelValue::new(text).unwrap()
}

fn other_labels(labels: &Labels) -> Labels {
    labels.iter().map(|(key, value)| (other_key(key), other_value(key, value))).collect()
}

fn other_selector(selector: &Selector) -> Selector {
    let requirement = |each: &Requirement| {
        let key = each.key();
        let values = || each.values().into_iter().flatten().map(|value| other_value(key, value));
        match each.operator() {
            "In" => Requirement::in_(other_key(key), values()).unwrap(),
            "NotIn" => Requirement::not_in(other_key(key), values()).unwrap(),
            "Exists" => Requirement::Exists { key: other_key(key) },
            _ => Requirement::DoesNotExist { key: other_key(key) },
        }
    };
    Selector::new(other_labels(selector.match_labels()), selector.expressions().iter().map(requirement).collect())
}

fn relabelled(policy: &NetworkPolicy) -> NetworkPolicy {
    let peer = |peer: &Peer| match peer {
        Peer::Pods(pods) => Peer::Pods(PodPeer {
            namespaces: match &pods.namespaces {
                Namespaces::Own => Namespaces::Own,
                Namespaces::Matching(selector) => Namespaces::Matching(other_selector(selector)),
            },
            pods: other_selector(&pods.pods),
        }),
        Peer::IpBlock(block) => Peer::IpBlock(block.clone()),
    };
    let rule = |rule: &Rule| Rule {
        peers: match &rule.peers {
            Peers::Any => Peers::Any,
            Peers::Of(peers) => Peers::Of(peers.iter().map(peer).collect()),
        },
        ports: rule.ports.clone(),
    };
    let rules = |direction| policy.written_rules(direction).iter().map(rule).collect();
    let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
    NetworkPolicy::new(policy.name().clone(), other_selector(policy.subject()), policy.types(), ingress, egress)
}

/// Deny, then Undefined, then Allow.
fn height(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deny => 0,
        Verdict::Undefined => 1,
        Verdict::Allow => 2,
    }
}

/// Whether `after` admits no less than `before`, in the whole, at each side and at each backend.
fn no_lower(before: &Outcome, after: &Outcome) -> bool {
    let sides = before.parts.iter().zip(&after.parts);
    height(before.verdict) <= height(after.verdict)
        && sides.flat_map(|((_, a), (_, b))| a.iter().zip(b)).all(|(a, b)| height(*a) <= height(*b))
}

proptest! {
    #![proptest_config(cases(60))]

    /// K2: the order of policies, rules, peers and ports is nothing.
    #[test]
    fn order_is_nothing(world in worlds()) {
        let policies = world.cluster.policies();
        let back = policies.iter().enumerate().map(|(i, policy)| {
            let name = renamed(policy, format!("r{}", policies.len() - i));
            with_rules(policy, name, |rules| rules.iter().rev().map(reversed).collect())
        });
        nothing_changes(&world, &with_policies(&world.cluster, back))?;
    }

    /// K2: saying it twice is nothing.
    #[test]
    fn repetition_is_nothing(world in worlds(), which in 0..3_u8) {
        let policies = world.cluster.policies().iter();
        let again: Vec<NetworkPolicy> = match which {
            0 => policies.map(|policy| with_rules(policy, policy.name().clone(), |rules| rules.iter().chain(rules).cloned().collect())).collect(),
            1 => policies.map(|policy| with_rules(policy, policy.name().clone(), |rules| rules.iter().map(doubled).collect())).collect(),
            _ => policies.flat_map(|policy| {
                let name = renamed(policy, format!("{}-again", policy.name().name()));
                [policy.clone(), with_rules(policy, name, <[Rule]>::to_vec)]
            }).collect(),
        };
        nothing_changes(&world, &with_policies(&world.cluster, again))?;
    }

    /// Labels have no meaning of their own, but those that controllers set (K27): of worlds without these.
    #[test]
    fn names_of_labels_are_nothing(world in WorldSpec::new().real(0).worlds()) {
        let policies: Vec<NetworkPolicy> = world.cluster.policies().iter().map(relabelled).collect();
        nothing_changes(&world, &map_cluster(&world.cluster, other_labels, other_selector, policies))?;
    }

    /// K2: one more rule, or one more policy over pods that are isolated already, takes nothing away.
    #[test]
    fn more_rules_admit_more(world in worlds(), at in any::<Index>(), more in vec(rules(), 1..3), own in any::<bool>()) {
        let mut policies = world.cluster.policies().iter().cloned().collect::<Vec<_>>();
        prop_assume!(!policies.is_empty());
        let old = at.get(&policies).clone();
        let name = if own { old.name().clone() } else { renamed(&old, "more") };
        let rules = |rules: &[Rule]| if own { rules.iter().chain(&more).cloned().collect() } else { more.clone() };
        let new = with_rules(&old, name, rules);
        policies.retain(|policy| policy.name() != new.name());
        policies.push(new);
        let changed = with_policies(&world.cluster, policies);
        for flow in &world.flows {
            let (Ok(before), Ok(after)) = (outcome(&world.cluster, &world.profile, flow), outcome(&changed, &world.profile, flow)) else { continue };
            prop_assert!(no_lower(&before, &after), "{}: {:?}, then {:?}", flow, before, after);
        }
    }

    /// K1: more isolation admits nothing.
    #[test]
    fn more_isolation_admits_less(world in worlds(), namespace in 0..2_usize, types in 0..3_usize) {
        let types = [PolicyTypes::Ingress, PolicyTypes::Egress, PolicyTypes::Both][types];
        let name = ObjectName::new(["x", "y"][namespace], "shut");
        let shut = NetworkPolicy::new(name, Selector::everything(), types, Vec::new(), Vec::new());
        let changed = with_policies(&world.cluster, world.cluster.policies().iter().cloned().chain([shut]));
        for flow in &world.flows {
            let (Ok(before), Ok(after)) = (outcome(&world.cluster, &world.profile, flow), outcome(&changed, &world.profile, flow)) else { continue };
            prop_assert!(no_lower(&after, &before), "{}: {:?}, then {:?}", flow, before, after);
        }
    }
}
