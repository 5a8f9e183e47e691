//! An engine that has followed changes answers as one that was built anew.

use std::collections::BTreeSet;

use crate::support::with;
use netpol_oracle::engine::ClassId;
use netpol_oracle::labels::Selector;
use netpol_oracle::model::{Namespace, ObjectId, PolicyTypes};
use netpol_oracle::{
    Change, Cluster, Engine, Flow, FlowError, L4, NetworkPolicy, Object, ObjectName, Pod, Port, Profile, Protocol,
    Reference, Snapshot, Verdict,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;

use crate::changes::{Given, built, objects, planned, step};
use crate::engine::differential::{Tally, compare, flows};
use crate::support::worlds::{clusters, label, profiles, worlds};

/// The members of each class, as text.
fn partition(engine: &Snapshot) -> BTreeSet<BTreeSet<String>> {
    let members = |class: ClassId| engine.members(class).map(|member| member.to_string()).collect();
    engine.classes().map(members).collect()
}

type Answers = Vec<Result<Verdict, FlowError>>;

fn answers(engine: &Snapshot, flows: &[Flow]) -> Answers {
    flows.iter().map(|flow| engine.verdict(flow)).collect()
}

fn some(cluster: &Cluster, every: usize, from: usize) -> Vec<Flow> {
    flows(cluster).into_iter().skip(from % every).step_by(every).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Pods, namespaces (their labels too), nodes, workloads, Services, slices and policies come, change and go, in
    /// batches; earlier snapshots stay, and a batch that fails changes nothing. Of an engine and its clone each goes its own way.
    #[test]
    fn updates_equal_a_fresh_build(
        one in clusters(),
        other in clusters(),
        profile in profiles(),
        first in vec(any::<Index>(), 0..30),
        batches in vec(vec(step(), 1..6), 1..8),
    ) {
        let pool = [objects(&one), objects(&other)].concat();
        let mut given: Given = first.iter().map(|at| at.get(&pool)).map(|object| (object.id(), object.clone())).collect();
        let mut engine = Engine::new(&built(&given), &profile);
        let mut taken: Vec<(Snapshot, Vec<Flow>, Answers)> = Vec::new();
        let mut left: Vec<(Engine, Given)> = Vec::new();
        for (turn, steps) in batches.iter().enumerate() {
            let flows = some(engine.cluster(), 40, turn);
            taken.push((engine.snapshot(), flows.clone(), answers(&engine, &flows)));
            if turn % 2 == 0 {
                left.push((engine.clone(), given.clone()));
            } else {
                let clone = engine.clone();
                left.push((std::mem::replace(&mut engine, clone), given.clone()));
            }
            let mut then = given.clone();
            let (changes, unknown) = planned(steps, &pool, &mut then);
            if engine.apply(&changes).is_ok() {
                prop_assert!(unknown.is_empty());
                given = then;
            } else {
                prop_assert!(!unknown.is_empty());
            }
            if turn % 3 == 1 {
                engine.compact();
            }
            let now = built(&given);
            prop_assert_eq!(engine.cluster(), &now);
            let compared = compare(&now, &profile, &engine, &some(&now, 12, turn), &mut Tally::default());
            prop_assert_eq!(compared, Ok(()), "after {:?}", changes);
            // Selectors that nobody uses any more may still tell pods apart, never the other way round.
            let fresh = partition(&Engine::new(&now, &profile));
            for class in partition(&engine) {
                prop_assert!(fresh.iter().any(|whole| class.is_subset(whole)), "{:?} in {:?}", class, fresh);
            }
        }
        for (snapshot, flows, before) in taken {
            prop_assert_eq!(answers(&snapshot, &flows), before);
        }
        for (turn, (mut engine, mut given)) in left.into_iter().enumerate() {
            // What the last batch asks for, here too.
            let (changes, unknown) = planned(batches.last().map_or(&[], Vec::as_slice), &pool, &mut given);
            if unknown.is_empty() {
                prop_assert!(engine.apply(&changes).is_ok());
                let now = built(&given);
                let compared = compare(&now, &profile, &engine, &some(&now, 40, turn), &mut Tally::default());
                prop_assert_eq!(compared, Ok(()), "a clone, after {:?}", changes);
            }
        }
    }
}

/// Policies come and go until everything has been compiled anew several times over.
#[test]
fn what_lies_unused_is_cleared_away() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let [one, other] = [(); 2].map(|()| worlds().new_tree(&mut runner).unwrap().current());
    let profile = Profile::kubernetes();
    let pool: Vec<NetworkPolicy> =
        [&one, &other].iter().flat_map(|world| world.cluster.policies().iter().cloned()).collect();
    let mut engine = Engine::new(&one.cluster, &profile);
    let ids: Vec<_> = one.cluster.pods().iter().map(|pod| engine.pod_id(&pod.name).unwrap()).collect();
    for turn in 0..15_000_usize {
        let policy = &pool[turn * 7 % pool.len()];
        let subject = Selector::new([label("app", &format!("v{turn}"))].into_iter().collect(), Vec::new());
        let other = NetworkPolicy::new(policy.name().clone(), subject, policy.types(), Vec::new(), Vec::new());
        engine.apply(&[Change::Put(Object::Policy(other)), Change::Put(Object::Policy(policy.clone()))]).unwrap();
        if turn % 500 == 0 {
            let now = engine.cluster().clone();
            compare(&now, &profile, &engine, &some(&now, 50, turn), &mut Tally::default()).unwrap();
        }
    }
    let again: Vec<_> = one.cluster.pods().iter().map(|pod| engine.pod_id(&pod.name).unwrap()).collect();
    assert_eq!(ids, again, "ids outlive what happens to policies");
    let classes = (engine.classes().count(), Engine::new(engine.cluster(), &profile).classes().count());
    assert!(classes.0 < 3 * classes.1 + 10, "{classes:?}");
}

fn pod(name: &str, address: &str) -> Pod {
    let mut pod = Pod::new(ObjectName::new("x", name));
    pod.addresses = vec![address.parse().unwrap()];
    pod
}

#[test]
fn ids_know_when_their_pod_is_gone() {
    let mut builder = Cluster::builder();
    builder.pod(pod("a", "10.0.0.1")).pod(pod("b", "10.0.0.2"));
    let mut engine = Engine::new(&builder.build(), &Profile::kubernetes());
    let name = |name: &str| ObjectName::new("x", name);
    let (a, b) = (engine.pod_id(&name("a")).unwrap(), engine.pod_id(&name("b")).unwrap());
    let http = L4::Port(Protocol::Tcp, Port::new(80).unwrap());
    let before = engine.snapshot();
    assert_eq!(engine.verdict_between(a, b, http), Ok(Verdict::Allow));

    let mut changed = pod("b", "10.0.0.9");
    changed.labels = [label("app", "b")].into_iter().collect();
    engine.apply(&[Change::Put(changed.into())]).unwrap();
    assert_eq!(engine.pod_id(&name("b")), Some(b), "a pod that changes keeps its id");
    assert_eq!(engine.verdict_between(a, b, http), Ok(Verdict::Allow));

    // Its seat is taken by another, which policies isolate.
    let deny = NetworkPolicy::new(name("deny"), Selector::everything(), PolicyTypes::Ingress, Vec::new(), Vec::new());
    let changes =
        [Change::Remove(ObjectId::Pod(name("b"))), Change::Put(pod("c", "10.0.0.2").into()), Change::Put(deny.into())];
    engine.apply(&changes).unwrap();
    assert_eq!(engine.verdict_between(a, b, http), Err(FlowError::GonePod));
    assert_eq!((engine.class_of(b), engine.pod_id(&name("b"))), (None, None));
    let c = engine.pod_id(&name("c")).unwrap();
    assert_eq!(engine.verdict_between(a, c, http), Ok(Verdict::Deny));
    assert_eq!(before.verdict_between(a, b, http), Ok(Verdict::Allow), "the snapshot has them both");

    let mut finished = pod("c", "10.0.0.2");
    finished.phase = netpol_oracle::model::Phase::Succeeded;
    engine.apply(&[Change::Put(finished.into())]).unwrap();
    assert_eq!(engine.verdict_between(a, c, http), Err(FlowError::FinishedPod(name("c"))));
}

#[test]
fn engine_and_snapshot_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Engine>();
    shared::<Snapshot>();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let world = worlds().new_tree(&mut runner).unwrap().current();
    let mut engine = Engine::new(&world.cluster, &world.profile);
    let flows = flows(&world.cluster);
    let expected = answers(&engine, &flows);
    let snapshot = engine.snapshot();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| (0..20).all(|_| answers(&snapshot, &flows) == expected));
        for object in objects(&world.cluster) {
            engine.apply(&[Change::Remove(object.id()), Change::Put(object)]).unwrap();
        }
        assert!(reader.join().unwrap(), "readers go on while the writer updates");
    });
    assert_eq!(engine.verdicts(&flows), expected);
    let reference = Reference::new(&world.cluster, &world.profile);
    compare(reference.cluster(), &world.profile, &engine, &flows, &mut Tally::default()).unwrap();
}

/// A namespace that is gone while everything is compiled anew comes back as what it is then.
#[test]
fn a_namespace_comes_back_after_compiling() {
    let name_of =
        |name: &str| Selector::new([label("kubernetes.io/metadata.name", name)].into_iter().collect(), Vec::new());
    let from = |policy: &str, namespace: &str| {
        let peer = netpol_oracle::model::PodPeer {
            namespaces: netpol_oracle::model::Namespaces::Matching(name_of(namespace)),
            pods: Selector::everything(),
        };
        let rule = netpol_oracle::model::Rule {
            peers: netpol_oracle::model::Peers::Of(vec![netpol_oracle::model::Peer::Pods(peer)]),
            ports: netpol_oracle::model::Ports::Any,
        };
        let name = ObjectName::new("a", policy);
        NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![rule], Vec::new())
    };
    let mut builder = Cluster::builder();
    builder.pod(Pod::new(ObjectName::new("a", "p"))).pod(Pod::new(ObjectName::new("b", "q")));
    builder.policy(from("one", "b")).policy(from("two", "z"));
    let mut engine = Engine::new(&builder.build(), &Profile::kubernetes());
    let flow: Flow = "b/q -> a/p:80/tcp".parse().unwrap();
    assert_eq!(engine.verdict(&flow), Ok(Verdict::Allow));
    let gone = [
        Change::Remove(ObjectId::Policy(ObjectName::new("a", "one"))),
        Change::Remove(ObjectId::Pod(ObjectName::new("b", "q"))),
    ];
    engine.apply(&gone).unwrap();
    engine.compact();
    engine.apply(&[Change::Put(Pod::new(ObjectName::new("b", "q")).into())]).unwrap();
    assert_eq!(engine.verdict(&flow), Ok(Verdict::Deny));
}

/// K22: an IPv4-mapped address is the IPv4 one, in a flow and in an object, however either was made.
#[test]
fn mapped_addresses_are_what_they_stand_for() {
    use netpol_oracle::{Decide, Endpoint};
    let deny =
        NetworkPolicy::new(ObjectName::new("x", "deny"), Selector::everything(), PolicyTypes::Egress, vec![], vec![]);
    let mut builder = Cluster::builder();
    builder.pod(pod("a", "::ffff:10.0.0.1")).policy(deny);
    let (cluster, profile) = (builder.build(), Profile::kubernetes());
    let engine = Engine::new(&cluster, &profile);
    let http = L4::Port(Protocol::Tcp, Port::new(80).unwrap());
    let to = || Endpoint::Address("203.0.113.9".parse().unwrap()).into();
    for text in ["10.0.0.1", "::ffff:10.0.0.1"] {
        let address = text.parse().unwrap();
        let named = Endpoint::PodAddress { pod: ObjectName::new("x", "a"), address };
        for end in [Endpoint::Address(address), named] {
            let flow = Flow::new(end, to(), http);
            let expected = Reference::new(&cluster, &profile).decide(&flow).map(|decision| decision.verdict);
            assert_eq!((engine.verdict(&flow), expected), (Ok(Verdict::Deny), Ok(Verdict::Deny)), "{flow}");
        }
        assert_eq!(engine.verdict_of_addresses(address, "203.0.113.9".parse().unwrap(), http), Ok(Verdict::Deny));
    }
}

/// Ingress of all pods of `x` from one block.
fn from_block(cidr: &str) -> NetworkPolicy {
    let block = netpol_oracle::net::IpBlock::new(cidr.parse().unwrap(), Vec::new()).unwrap();
    let rule = netpol_oracle::model::Rule {
        peers: netpol_oracle::model::Peers::Of(vec![netpol_oracle::model::Peer::IpBlock(block)]),
        ports: netpol_oracle::model::Ports::Any,
    };
    NetworkPolicy::new(ObjectName::new("x", "p"), Selector::everything(), PolicyTypes::Ingress, vec![rule], vec![])
}

/// A block that no pod could meet when its policy was compiled admits the pod that comes later.
#[test]
fn a_block_meets_pods_that_come_later() {
    let policy = from_block("192.0.2.0/24");
    let mut builder = Cluster::builder();
    builder.pod(pod("a", "10.0.0.1")).pod(pod("b", "10.0.0.2")).policy(policy);
    let mut engine = Engine::new(&builder.build(), &Profile::kubernetes());
    let from = |name: &str| format!("{name} -> x/a:80/tcp").parse::<Flow>().unwrap();
    assert_eq!(engine.verdict(&from("x/b")), Ok(Verdict::Deny));
    let mut late = pod("c", "192.0.2.7");
    // Of the own namespace every peer is looked at closely anyway.
    late.name = ObjectName::new("y", "c");
    engine.apply(&[Change::Put(late.into())]).unwrap();
    assert_eq!((engine.verdict(&from("y/c")), engine.verdict(&from("x/b"))), (Ok(Verdict::Allow), Ok(Verdict::Deny)));
}

/// The policies that select a pod are those of its labels now.
#[test]
fn a_relabelled_pod_meets_other_policies() {
    let labelled = |value: &str| {
        let mut pod = pod("a", "10.0.0.1");
        pod.labels = [label("app", value)].into_iter().collect();
        pod
    };
    let subject = Selector::new([label("app", "b")].into_iter().collect(), Vec::new());
    let deny = NetworkPolicy::new(ObjectName::new("x", "deny"), subject, PolicyTypes::Ingress, vec![], vec![]);
    let mut builder = Cluster::builder();
    builder.pod(labelled("a")).pod(pod("c", "10.0.0.3")).policy(deny);
    let mut engine = Engine::new(&builder.build(), &Profile::kubernetes());
    let flow: Flow = "x/c -> x/a:80/tcp".parse().unwrap();
    for (value, expected) in [("b", Verdict::Deny), ("a", Verdict::Allow), ("b", Verdict::Deny)] {
        engine.apply(&[Change::Put(labelled(value).into())]).unwrap();
        assert_eq!(engine.verdict(&flow), Ok(expected), "{value}");
    }
}

/// U6 by id: a pod without an address may be in the block, or may not.
#[test]
fn a_block_against_a_pod_without_an_address_is_open_by_id() {
    let policy = from_block("10.0.0.0/8");
    let mut builder = Cluster::builder();
    builder.pod(pod("a", "10.0.0.1")).pod(Pod::new(ObjectName::new("x", "c"))).policy(policy);
    let engine = Engine::new(&builder.build(), &Profile::kubernetes());
    let id = |name: &str| engine.pod_id(&ObjectName::new("x", name)).unwrap();
    let http = L4::Port(Protocol::Tcp, Port::new(80).unwrap());
    assert_eq!(engine.verdict_between(id("c"), id("a"), http), Ok(Verdict::Undefined));
}

/// A namespace that is labelled, and loses the label again, meets the namespace selectors that match it then.
#[test]
fn a_relabelled_namespace_meets_other_peers() {
    let team = Selector::new([label("team", "web")].into_iter().collect(), Vec::new());
    let peer = netpol_oracle::model::PodPeer {
        namespaces: netpol_oracle::model::Namespaces::Matching(team),
        pods: Selector::everything(),
    };
    let rule = netpol_oracle::model::Rule {
        peers: netpol_oracle::model::Peers::Of(vec![netpol_oracle::model::Peer::Pods(peer)]),
        ports: netpol_oracle::model::Ports::Any,
    };
    let name = ObjectName::new("x", "from-web");
    let policy = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![rule], vec![]);
    let mut far = pod("b", "10.0.0.2");
    far.name = ObjectName::new("y", "b");
    let mut builder = Cluster::builder();
    builder.pod(pod("a", "10.0.0.1")).pod(far).policy(policy);
    let mut engine = Engine::new(&builder.build(), &Profile::kubernetes());
    let id = |engine: &Engine, namespace: &str, name: &str| engine.pod_id(&ObjectName::new(namespace, name)).unwrap();
    let http = L4::Port(Protocol::Tcp, Port::new(80).unwrap());
    for (value, expected) in [("ops", Verdict::Deny), ("web", Verdict::Allow), ("ops", Verdict::Deny)] {
        let labels = [label("team", value)].into_iter().collect();
        let namespace = with(Namespace::new("y"), |namespace| namespace.labels = labels);
        engine.apply(&[Change::Put(namespace.into())]).unwrap();
        let by_id = engine.verdict_between(id(&engine, "y", "b"), id(&engine, "x", "a"), http);
        assert_eq!(by_id, Ok(expected), "team={value}");
    }
}
