//! Repairs are applied, and give what was wanted; where there are none, nothing that policies can say does.

use std::collections::BTreeMap;

use netpol_oracle::analysis::{Action, Detail, Diff, Irreparable, Repair, why_not};
use netpol_oracle::diagnostic::Severity;
use netpol_oracle::generate::strategies::WorldSpec;
use netpol_oracle::labels::Selector;
use netpol_oracle::model::{Peers, PolicyTypes, Ports, Rule};
use netpol_oracle::{
    Change, Cluster, Decide, Engine, Flow, Loader, NetworkPolicy, ObjectName, Profile, Reference, Verdict,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::support::worlds::World;

/// How many worlds; `REPAIR_WORLDS` asks for more.
fn wanted(quick: usize) -> usize {
    std::env::var("REPAIR_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(quick)
}

fn worlds() -> impl Iterator<Item = World> {
    let mut runner = TestRunner::deterministic();
    let strategy = WorldSpec::new().worlds();
    std::iter::repeat_with(move || strategy.new_tree(&mut runner).unwrap().current())
}

fn after(cluster: &Cluster, changes: &[Change]) -> Cluster {
    let mut after = cluster.clone();
    after.apply(changes).unwrap();
    after
}

/// The repair does what it says, by the engine, by the definition, and as manifests.
fn hold(before: &Engine, profile: &Profile, flow: &Flow, to: Verdict, repair: &Repair) -> Result<(), String> {
    let changes: Vec<Change> = repair.puts().collect();
    let cluster = after(before.cluster(), &changes);
    let engine = Engine::new(&cluster, profile);
    let verdicts = [engine.verdict(flow), Reference::new(&cluster, profile).decide(flow).map(|said| said.verdict)];
    if verdicts != [Ok(to), Ok(to)] {
        return Err(format!("{:?} gives {verdicts:?}", repair.edits));
    }
    if repair.changes != Diff::new(before, &engine).changes(Detail::Workloads) {
        return Err(format!("{:?} changes something else", repair.edits));
    }
    for left_out in repair.policies.iter().filter(|_| repair.policies.len() > 1).map(NetworkPolicy::name) {
        let others = repair.policies.iter().filter(|policy| policy.name() != left_out);
        let others: Vec<Change> = others.map(|policy| Change::Put(policy.clone().into())).collect();
        if Engine::new(&after(before.cluster(), &others), profile).verdict(flow) == Ok(to) {
            return Err(format!("{:?} without {left_out} does it too", repair.edits));
        }
    }
    let loaded = Loader::new(profile.release()).text("repair.yaml", repair.manifests()).finish();
    let faults: Vec<_> = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    let read: Vec<&NetworkPolicy> = loaded.cluster.policies().iter().collect();
    if !faults.is_empty() || read != repair.policies.iter().collect::<Vec<_>>() {
        return Err(format!("{faults:?} in\n{}", repair.manifests()));
    }
    let mut names: Vec<&ObjectName> = repair.policies.iter().map(NetworkPolicy::name).collect();
    names.dedup();
    let edited = repair.edits.iter().all(|edit| names.contains(&&edit.policy));
    if edited && names.len() == repair.policies.len() { Ok(()) } else { Err(format!("{:?}", repair.edits)) }
}

/// Policies that admit everything in every namespace; or, in place of all that there are, some that admit nothing.
fn extreme(cluster: &Cluster, to: Verdict) -> Cluster {
    let mut changes: Vec<Change> = Vec::new();
    if to == Verdict::Deny {
        changes.extend(cluster.policies().iter().map(|policy| {
            let (name, subject) = (policy.name().clone(), policy.subject().clone());
            Change::Put(NetworkPolicy::new(name, subject, policy.types(), vec![], vec![]).into())
        }));
    }
    let rules = match to {
        Verdict::Deny => vec![],
        _ => vec![Rule { peers: Peers::Any, ports: Ports::Any }],
    };
    let namespaces = cluster.namespaces().iter().map(|namespace| &namespace.name);
    changes.extend(namespaces.map(|namespace| {
        let name = ObjectName::new(namespace.clone(), "extreme");
        let policy = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Both, rules.clone(), rules.clone());
        Change::Put(policy.into())
    }));
    after(cluster, &changes)
}

#[test]
fn every_repair_gives_what_is_wanted() {
    let (mut actions, mut kinds) = (BTreeMap::<Action, usize>::new(), BTreeMap::<String, usize>::new());
    let (mut repairs, mut wrong, mut missed) = (0, Vec::new(), Vec::new());
    for (at, world) in worlds().take(wanted(60)).enumerate() {
        let engine = Engine::new(&world.cluster, &world.profile);
        for flow in &world.flows {
            for to in [Verdict::Allow, Verdict::Deny] {
                let name = || format!("world {at}: {flow} to {to}");
                match why_not(&engine, flow, to) {
                    Ok(found) => {
                        assert!(!found.is_empty(), "{}", name());
                        for repair in found {
                            repairs += 1;
                            repair.edits.iter().for_each(|edit| *actions.entry(edit.action).or_default() += 1);
                            if let Err(said) = hold(&engine, &world.profile, flow, to, &repair) {
                                wrong.push(format!("{}: {said}", name()));
                            }
                        }
                    }
                    Err(Irreparable::Already(verdict)) => assert_eq!(engine.verdict(flow), Ok(verdict), "{}", name()),
                    Err(Irreparable::Flow(error)) => assert_eq!(engine.verdict(flow), Err(error), "{}", name()),
                    Err(error) => {
                        let extreme = Engine::new(&extreme(&world.cluster, to), &world.profile);
                        let could = extreme.verdict(flow) == Ok(to);
                        let kind = format!("{error:?}").chars().take_while(|c| c.is_alphabetic()).collect::<String>();
                        assert!(!could || kind != "Unlimited", "{}: {error}\n{world:?}", name());
                        *kinds.entry(kind).or_default() += 1;
                        if could {
                            missed.push(format!("{}: {error}", name()));
                        }
                    }
                }
            }
        }
    }
    println!("{repairs} repairs, {actions:?}; {kinds:?}; missed {}: {missed:#?}", missed.len());
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    let all = [
        Action::AddPort,
        Action::AddPeer,
        Action::NarrowPorts,
        Action::NarrowPeers,
        Action::AddRule,
        Action::RemoveRule,
        Action::NewPolicy,
    ];
    assert!(all.iter().all(|action| actions.contains_key(action)), "{actions:?}");
    assert!(missed.len() * 100 < repairs, "{missed:#?}");
}

/// Of two egress rules one goes and nothing is denied; of the ingress rules one is enough.
#[test]
fn no_repair_has_what_it_does_not_need() {
    let manifests = r#"{"apiVersion": "v1", "kind": "List", "items": [
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {}, "status": {"podIP": "10.0.0.1"}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "labels": {"app": "db"}}, "spec": {}, "status": {"podIP": "10.0.0.2"}},
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "out"},
       "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"],
                "egress": [{"to": [{"podSelector": {}}]}, {"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}]}]}},
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "in"},
       "spec": {"podSelector": {"matchLabels": {"app": "db"}},
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 80}]}]}}
    ]}"#;
    let profile = Profile::kubernetes();
    let loaded = Loader::new(profile.release()).text("shop.json", manifests).finish();
    let engine = Engine::new(&loaded.cluster, &profile);
    let flow = "default/web -> default/db:80/tcp".parse().unwrap();
    let repairs = why_not(&engine, &flow, Verdict::Deny).unwrap();
    let all: Vec<Vec<String>> = repairs.iter().map(edits).collect();
    assert!(all.contains(&vec!["`spec.ingress[0]` of `default/in` removed".to_owned()]), "{all:?}");
    for repair in &repairs {
        hold(&engine, &profile, &flow, Verdict::Deny, repair).unwrap();
    }
}

const SHOP: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.9.0.1"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
   "spec": {"nodeName": "n1"}, "status": {"podIP": "10.0.0.1", "hostIP": "10.9.0.1"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "job", "namespace": "shop", "labels": {"app": "job"}},
   "spec": {}, "status": {"podIP": "10.0.0.2"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "namespace": "shop", "labels": {"app": "db"}},
   "spec": {"nodeName": "n1"}, "status": {"podIP": "10.0.0.3", "hostIP": "10.9.0.1"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "agent", "namespace": "shop", "labels": {"app": "agent"}},
   "spec": {"nodeName": "n1", "hostNetwork": true}, "status": {"podIP": "10.9.0.1", "hostIP": "10.9.0.1"}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "db", "namespace": "shop"},
   "spec": {"podSelector": {"matchLabels": {"app": "db"}},
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 6379}]}]}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "job", "namespace": "shop"},
   "spec": {"podSelector": {"matchLabels": {"app": "job"}}, "policyTypes": ["Egress"]}}
]}"#;

fn shop(profile: &Profile) -> Engine {
    let loaded = Loader::new(profile.release()).text("shop.json", SHOP).finish();
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    Engine::new(&loaded.cluster, profile)
}

fn asked(profile: &str, flow: &str, to: Verdict) -> Result<Vec<Repair>, Irreparable> {
    why_not(&shop(&profile.parse().unwrap()), &flow.parse().unwrap(), to)
}

fn edits(repair: &Repair) -> Vec<String> {
    repair.edits.iter().map(ToString::to_string).collect()
}

#[test]
fn what_changes_least_comes_first() {
    let port = asked("kubernetes", "shop/web -> shop/db:6380/tcp", Verdict::Allow).unwrap();
    assert_eq!(edits(&port[0]), ["port entries more at `spec.ingress[0].ports` of `shop/db`"]);
    assert_eq!(port[0].changes.len(), 1);
    let both = asked("kubernetes", "shop/job -> shop/db:6379/tcp", Verdict::Allow).unwrap();
    assert!(both.iter().all(|repair| repair.edits.len() == 2), "each side denies");
    let names = |repair: &Repair| repair.edits.iter().map(|edit| edit.policy.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&both[0]), ["shop/job", "shop/db"]);
    assert_eq!(both[0].changes.len(), 1, "{:#?}", both[0]);
    let news = |repair: &Repair| repair.edits.iter().all(|edit| edit.action == Action::NewPolicy);
    assert!(both.iter().any(news), "a new policy for each side");
    let deny = asked("kubernetes", "shop/web -> shop/db:6379/tcp", Verdict::Deny).unwrap();
    assert_eq!(deny[0].changes.len(), 1, "{:#?}", deny[0]);
    assert_eq!((deny[0].changes[0].before, deny[0].changes[0].after), (Verdict::Allow, Verdict::Deny));
}

#[test]
fn what_no_policy_can_do_is_said() {
    let said = |profile: &str, flow: &str, to| asked(profile, flow, to).unwrap_err().to_string();
    let deny = |flow| said("kubernetes", flow, Verdict::Deny);
    let by_nobody = "the end is no pod that policies isolate (K17, K24)";
    assert_eq!(
        deny("192.0.2.1 -> shop/agent:80/tcp"),
        format!("no policy can deny this: egress: {by_nobody}; ingress: {by_nobody}")
    );
    assert_eq!(
        deny("node:n1 -> shop/db:80/tcp"),
        format!("no policy can deny this: egress: {by_nobody}; ingress: the other end is the pod's own node (K18)")
    );
    // A pod that nobody isolates as well.
    assert_eq!(
        deny("node:n1 -> shop/web:80/tcp"),
        format!("no policy can deny this: egress: {by_nobody}; ingress: the other end is the pod's own node (K18)")
    );
    assert_eq!(
        deny("shop/db -> shop/db:80/tcp"),
        "no policy can deny this: egress: the pod reaches itself (K19); ingress: the pod reaches itself (K19)"
    );
    assert_eq!(
        said("vpc:v1.31.4-r0", "shop/web -> shop/db:80/tcp", Verdict::Deny),
        "no policy can deny this: egress: the cluster does not enforce it (C3); ingress: the cluster does not enforce it (C2)"
    );
    assert_eq!(
        said("kubernetes", "shop/web -> shop/db icmp", Verdict::Allow),
        "left open by U1, and none of the changes that were tried settles it"
    );
    assert_eq!(deny("shop/job -> shop/db:6379/tcp"), "the verdict is `deny` already");
    assert_eq!(deny("shop/nobody -> shop/db:6379/tcp"), "no pod or workload `shop/nobody`");
    let undefined = said("kubernetes", "shop/web -> shop/db:80/tcp", Verdict::Undefined);
    assert_eq!(undefined, "`undefined` is what the sources do not say: no policy makes it so");
}
