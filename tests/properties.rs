//! The reference against a second mind (`support::two_valued`) and against itself, over random worlds.
//!
//! The numbers of cases are small; `PROPTEST_CASES` raises them all.

use std::collections::{BTreeMap, BTreeSet};

use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use netpol_oracle::model::{Namespaces, Peer, Peers, PodPeer, PolicyTypes, Ports, Rule};
use netpol_oracle::profile::Rows;
use netpol_oracle::verdict::{Backend, Judged, Reason, Side};
use netpol_oracle::{
    Cluster, Decide, Decision, Direction, Flow, NetworkPolicy, ObjectName, Profile, Reference, Row, Verdict,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::Config;

use crate::support::two_valued::{Crossing, Open, Resolve, Route, evaluate};
use crate::support::worlds::{
    World, every_row_open, map_cluster, plain_kubernetes, rules, with_few_rows, with_policies, with_row_as_kubernetes,
    worlds, worlds_on,
};

/// How many open behaviours are resolved in every way; beyond, in some ways.
const EVERY_WAY: usize = 13;

fn cases(quick: u32) -> Config {
    let config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { Config { cases: quick, ..config } }
}

/// What a boolean formula says under the resolutions of its open behaviours.
struct Explored {
    verdict: Verdict,
    /// Rows of behaviours that decide under some resolution of the others.
    deciding: Rows,
    /// Every resolution was looked at.
    whole: bool,
}

/// Asks `formula` under every resolution of what it asks; where that is too much, under the two extremes and some
/// others.
fn explore(formula: impl Fn(&mut Resolve<'_>) -> bool) -> Explored {
    // Every behaviour that any path meets: a walk over the tree of answers.
    let mut met: BTreeSet<Open> = BTreeSet::new();
    let mut paths: Vec<BTreeMap<Open, bool>> = vec![BTreeMap::new()];
    let (mut walked, mut values) = (0, BTreeSet::new());
    while let Some(given) = paths.pop() {
        if walked >= 1 << EVERY_WAY {
            break;
        }
        walked += 1;
        let mut answers = given.clone();
        let mut fresh: Vec<BTreeMap<Open, bool>> = Vec::new();
        values.insert(formula(&mut |open| match answers.get(&open) {
            Some(answer) => *answer,
            None => {
                let mut other = answers.clone();
                other.insert(open.clone(), true);
                fresh.push(other);
                answers.insert(open, false);
                false
            }
        }));
        paths.append(&mut fresh);
        met.extend(answers.into_keys());
    }
    let open: Vec<Open> = met.into_iter().collect();
    let under = |bits: u64| {
        formula(&mut |each: Open| {
            // Of what no walk has met: as the first bit.
            let at = open.binary_search(&each).unwrap_or(0);
            bits & (1 << at) != 0
        })
    };
    let mut deciding = Rows::NONE;
    let whole = open.len() <= EVERY_WAY;
    if whole {
        let table: Vec<bool> = (0..1 << open.len()).map(under).collect();
        values.extend(&table);
        for (bits, value) in table.iter().enumerate() {
            let turned = open.iter().enumerate().filter(|(at, _)| table[bits ^ (1 << at)] != *value);
            deciding = turned.fold(deciding, |rows, (_, each)| rows.union(each.row.into()));
        }
    } else {
        for bits in [0, u64::MAX].into_iter().chain((1..64_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15))) {
            let value = under(bits);
            values.insert(value);
            let turned = open.iter().take(63).enumerate().filter(|(at, _)| under(bits ^ (1 << at)) != value);
            deciding = turned.fold(deciding, |rows, (_, each)| rows.union(each.row.into()));
        }
    }
    let verdict = match (values.contains(&true), values.contains(&false)) {
        (true, true) => Verdict::Undefined,
        (true, false) => Verdict::Allow,
        _ => Verdict::Deny,
    };
    Explored { verdict, deciding, whole }
}

/// The code of a flow's error; those about families are one.
fn error_code(code: &'static str) -> &'static str {
    match code {
        "no-common-family" | "wrong-family" | "node-without-address" => "family",
        other => other,
    }
}

fn both_sides<'d>(decision: &'d Decision, backend: Option<&Backend>) -> (Verdict, Rows, [(Direction, &'d Side); 2]) {
    let (verdict, rows, sides) = match (&decision.judged, backend) {
        (Judged::Sides(sides), _) => (decision.verdict, decision.rows, sides),
        (Judged::Backends(backends), Some(backend)) => {
            let found = backends.iter().find(|each| each.backend == *backend).unwrap();
            (found.verdict, found.rows, &found.sides)
        }
        (Judged::Backends(_), None) => panic!("backends where there is no Service"),
    };
    (verdict, rows, [(Direction::Egress, &sides.egress), (Direction::Ingress, &sides.ingress)])
}

/// What the two minds are compared in.
#[derive(Clone, Copy, PartialEq)]
enum Compared {
    Verdicts,
    Rows,
}

fn agree(world: &World, flow: &Flow, compared: Compared) -> Result<(), String> {
    let World { cluster, profile, .. } = world;
    let decision = Reference::new(cluster, profile).decide(flow);
    let route = Route::of(cluster, flow);
    let (decision, route) = match (decision, route) {
        (Ok(decision), Ok(route)) => (decision, route),
        (Err(error), Err(code)) if error_code(error.code()) == code => return Ok(()),
        (decision, route) => {
            let decision = decision.map(|decision| decision.verdict);
            return Err(format!("reference: {decision:?}, second mind: {:?}", route.err()));
        }
    };
    let names: Vec<Option<Backend>> = match route.backend_names() {
        names if names.is_empty() => vec![None],
        names => names.into_iter().map(Some).collect(),
    };
    if let Judged::Backends(backends) = &decision.judged {
        let got: Vec<Option<Backend>> = backends.iter().map(|each| Some(each.backend.clone())).collect();
        if got != names {
            return Err(format!("backends: reference {got:?}, second mind {names:?}"));
        }
    }
    let mut verdicts = BTreeSet::new();
    let mut rows = Rows::NONE;
    for name in &names {
        let backend = name.as_ref();
        let at = backend.map(|backend| format!(" via {backend}")).unwrap_or_default();
        let crossing = Crossing::of(cluster, profile, flow, backend).map_err(|code| format!("no crossing: {code}"))?;
        let mine = explore(|resolve| crossing.passes(resolve));
        let (verdict, named, sides) = both_sides(&decision, backend);
        if compared == Compared::Verdicts && verdict != mine.verdict {
            return Err(format!("{flow}{at}: reference {verdict} [{named}], second mind {}", mine.verdict));
        }
        verdicts.insert(verdict);
        if verdict == Verdict::Undefined {
            rows = rows.union(named);
        }
        let differ = if mine.whole { named != mine.deciding } else { !mine.deciding.is_subset(named) };
        if compared == Compared::Rows && verdict == Verdict::Undefined && differ {
            return Err(format!("{flow}{at}: rows: reference [{named}], second mind [{}]", mine.deciding));
        }
        for (direction, side) in sides {
            let mine = explore(|resolve| crossing.side(direction, resolve));
            if compared == Compared::Verdicts && side.verdict != mine.verdict {
                let said = format!("reference {} ({})", side.verdict, side.reason.code());
                return Err(format!("{flow}{at}, {direction}: {said}, second mind {}", mine.verdict));
            }
            if let (Compared::Rows, Reason::Open { rows, .. }, true) = (compared, &side.reason, mine.whole) {
                if *rows != mine.deciding {
                    let said = format!("reference [{rows}], second mind [{}]", mine.deciding);
                    return Err(format!("{flow}{at}, {direction}: rows: {said}"));
                }
            }
        }
    }
    // K23: backends that agree, or not.
    let whole = match verdicts.iter().copied().collect::<Vec<_>>()[..] {
        [one] => one,
        _ => Verdict::Undefined,
    };
    if verdicts.contains(&Verdict::Allow) && verdicts.contains(&Verdict::Deny) {
        rows.insert(Row::K23);
    }
    if decision.verdict != whole {
        return Err(format!("{flow}: reference {}, its backends together {whole}", decision.verdict));
    }
    if whole == Verdict::Undefined && decision.rows != rows {
        return Err(format!("{flow}: reference names [{}], its backends together [{rows}]", decision.rows));
    }
    Ok(())
}

fn all_agree(world: &World, compared: Compared) -> Result<(), TestCaseError> {
    for flow in &world.flows {
        agree(world, flow, compared).map_err(TestCaseError::fail)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(300))]

    /// Undefined exactly where two resolutions of what is open disagree; otherwise what they agree on. Each side,
    /// each backend.
    #[test]
    fn undefined_is_where_resolutions_disagree(world in worlds()) {
        all_agree(&world, Compared::Verdicts)?;
    }

    /// The rows of Undefined: those of the behaviours that decide under some resolution of the others.
    #[test]
    fn rows_of_undefined_decide(world in worlds()) {
        all_agree(&world, Compared::Rows)?;
    }

    /// The same where every row is open at once.
    #[test]
    fn every_row_open_at_once(world in worlds_on(every_row_open(), 4)) {
        all_agree(&world, Compared::Verdicts)?;
        all_agree(&world, Compared::Rows)?;
    }

    /// Upstream leaves nothing open for TCP, UDP and SCTP but U2 to U9, and K23 where backends differ.
    #[test]
    fn kubernetes_leaves_little_open(world in worlds_on(plain_kubernetes(), 6)) {
        let few: Rows = [Row::U2, Row::U3, Row::U4, Row::U5, Row::U6, Row::U7, Row::U8, Row::U9, Row::K23].into_iter().collect();
        let reference = Reference::new(&world.cluster, &world.profile);
        for flow in &world.flows {
            let Ok(decision) = reference.decide(flow) else { continue };
            if matches!(flow.l4, netpol_oracle::L4::Port(..)) {
                prop_assert!(decision.rows.is_subset(few), "{}: [{}]", flow, decision.rows);
                prop_assert_eq!(decision.verdict == Verdict::Undefined, !decision.rows.is_empty(), "{}", flow);
            }
        }
        all_agree(&world, Compared::Verdicts)?;
        all_agree(&world, Compared::Rows)?;
    }
}

/// Rows whose `unknown` is one behaviour, with the words that settle it and what each means: admit or not. (U6's
/// `never` is no answer to what its `unknown` asks: it also denies where every address is admitted.)
const SETTLED: &[(Row, &[(&str, bool)])] = &[
    (Row::C1, &[("unsupported", true), ("supported", false)]),
    (Row::C2, &[("unsupported", true), ("supported", false)]),
    (Row::C3, &[("unsupported", true), ("supported", false)]),
    (Row::C6, &[("supported", false)]),
    (Row::C7, &[("unsupported", true), ("supported", false)]),
    (Row::C8, &[("supported", false)]),
    (Row::C11, &[("supported", false)]),
    (Row::C13, &[("supported", true), ("unsupported", false)]),
    (Row::C14, &[("supported", true), ("single-port", false)]),
    (Row::U1, &[("denied", false), ("unfiltered", true)]),
    (Row::U2, &[("pod", true), ("node", false)]),
    (Row::U3, &[("exempt", true), ("judged", false)]),
    (Row::U4, &[("allowed", true), ("judged", false)]),
];

fn with_words(profile: &Profile, words: &[(Row, &str)]) -> Profile {
    words.iter().fold(profile.clone(), |profile, (row, word)| profile.with_override(*row, word).unwrap())
}

proptest! {
    #![proptest_config(cases(150))]

    /// A row overridden with a definite word is the formula of its `unknown` with that row fixed.
    #[test]
    fn a_definite_word_fixes_its_row(world in worlds(), picks in vec((any::<Index>(), any::<Index>()), 1..4)) {
        let mut fixed: BTreeMap<Row, (&str, bool)> = BTreeMap::new();
        for (row, word) in picks {
            let (row, words) = row.get(SETTLED);
            fixed.insert(*row, *word.get(words));
        }
        let settled: Vec<(Row, &str)> = fixed.iter().map(|(row, (word, _))| (*row, *word)).collect();
        let unknown: Vec<(Row, &str)> = fixed.keys().map(|row| (*row, "unknown")).collect();
        let settled = with_words(&world.profile, &settled);
        let unknown = with_words(&world.profile, &unknown);
        for flow in &world.flows {
            let (Ok(decision), Ok(route)) =
                (Reference::new(&world.cluster, &settled).decide(flow), Route::of(&world.cluster, flow)) else { continue };
            let names = route.backend_names();
            let backends: Vec<Option<&Backend>> =
                if names.is_empty() { vec![None] } else { names.iter().map(Some).collect() };
            for backend in backends {
                let mine = explore(|resolve| {
                    let mut resolve = |open: Open| fixed.get(&open.row).map_or_else(|| resolve(open), |(_, answer)| *answer);
                    evaluate(&world.cluster, &unknown, flow, backend, &mut resolve).unwrap()
                });
                let (verdict, _, _) = both_sides(&decision, backend);
                prop_assert_eq!(verdict, mine.verdict, "{} {:?} under {:?}", flow, backend, fixed);
            }
        }
    }
}

/// The union of the minimal sets of rows that, taken back to Kubernetes' form, change the verdict.
fn rows_that_carry(cluster: &Cluster, profile: &Profile, flow: &Flow) -> Rows {
    let rows: Vec<Row> = profile.capabilities().other_than_kubernetes().collect();
    let verdict = |set: u32| {
        let taken = rows.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
        let profile = taken.fold(profile.clone(), |profile, (_, row)| with_row_as_kubernetes(profile, *row));
        Reference::new(cluster, &profile).decide(flow).unwrap().verdict
    };
    let now = verdict(0);
    let mut minimal: Vec<u32> = Vec::new();
    let mut sets: Vec<u32> = (1..1 << rows.len()).collect();
    sets.sort_by_key(|set| set.count_ones());
    for set in sets {
        if !minimal.iter().any(|smaller| smaller & set == *smaller) && verdict(set) != now {
            minimal.push(set);
        }
    }
    let all = minimal.into_iter().fold(0, |all, set| all | set);
    rows.into_iter().enumerate().filter(|(at, _)| all & (1 << at) != 0).map(|(_, row)| row).collect()
}

proptest! {
    #![proptest_config(cases(120))]

    /// The rows of a definite verdict: every minimal set of rows whose Kubernetes form would change it.
    #[test]
    fn rows_of_a_definite_verdict_carry_it(world in worlds_on(with_few_rows(6), 3)) {
        for flow in &world.flows {
            match Reference::new(&world.cluster, &world.profile).decide(flow) {
                Ok(decision) if decision.verdict != Verdict::Undefined => {
                    let rows = rows_that_carry(&world.cluster, &world.profile, flow);
                    prop_assert_eq!(decision.rows, rows, "{} {}: named [{}], carrying [{}]", flow, decision.verdict, decision.rows, rows);
                }
                _ => {}
            }
        }
    }
}

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

    /// Labels have no meaning of their own.
    #[test]
    fn names_of_labels_are_nothing(world in worlds()) {
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
