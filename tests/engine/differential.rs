//! Engine and definition over random worlds, all ends against all: every answer counted.
//!
//! `ENGINE_FLOWS` says how many comparisons to make at least; without it a bounded share is made:
//!
//! ```text
//! ENGINE_FLOWS=10000000 cargo test --release --test main -- engine::differential --nocapture
//! ```

use std::collections::BTreeMap;
use std::net::IpAddr;

use netpol_oracle::labels::{Labels, Selector};
use netpol_oracle::model::{Node, NodeAddress, NodeAddressKind, OtherProtocol, PolicyTypes};
use netpol_oracle::{
    Change, Cluster, Decide, Destination, Endpoint, Engine, Flow, L4, Loader, NetworkPolicy, ObjectName, Pod, Port,
    Profile, Protocol, Reference, Verdict,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::support::worlds::{World, every_row_open, worlds, worlds_on};

/// How many comparisons a run without `ENGINE_FLOWS` makes.
const QUICK: u64 = 60_000;

/// Counts by verdict; flows that cannot be judged are compared too, but counted apart.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(super) flows: u64,
    pub(super) errors: u64,
    pub(super) answers: BTreeMap<Verdict, u64>,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} comparisons:", self.flows)?;
        for (answer, count) in &self.answers {
            write!(f, " {answer} {:.1} %", *count as f64 * 100.0 / self.flows as f64)?;
        }
        write!(f, "; and {} errors", self.errors)
    }
}

/// Every end that the cluster's objects give, and some that they do not.
pub(crate) fn ends(cluster: &Cluster) -> Vec<Endpoint> {
    let mut ends: Vec<Endpoint> = Vec::new();
    for pod in cluster.pods().iter() {
        ends.push(Endpoint::Named(pod.name.clone()));
        for address in &pod.addresses {
            ends.push(Endpoint::Address(*address));
            ends.push(Endpoint::PodAddress { pod: pod.name.clone(), address: *address });
        }
        ends.extend(pod.host_addresses.iter().map(|address| Endpoint::Address(*address)));
    }
    for workload in cluster.workloads().iter() {
        ends.push(Endpoint::Named(workload.name.clone()));
        ends.push(Endpoint::Workload { kind: workload.kind.clone(), name: workload.name.clone() });
    }
    for node in cluster.nodes().iter() {
        ends.push(Endpoint::Node(node.name.clone()));
        for each in &node.addresses {
            ends.push(Endpoint::NodeAddress { node: node.name.clone(), address: each.address });
            ends.push(Endpoint::Address(each.address));
        }
    }
    for service in cluster.services().iter() {
        let faces = service.external_addresses.iter().chain(&service.load_balancer_addresses);
        let addresses = service.cluster_addresses.iter().chain(faces);
        ends.extend(addresses.map(|address| Endpoint::Address(*address)));
    }
    let outside = ["203.0.113.9", "100.125.3.3", "10.0.0.200", "10.96.0.200", "2001:db8::9", "fd00::200"];
    ends.extend(outside.iter().map(|text| Endpoint::Address(text.parse::<IpAddr>().unwrap())));
    ends.push(Endpoint::named("x", "nobody"));
    let labelled = cluster.pods().iter().next().map_or_else(Labels::new, |pod| pod.labels.clone());
    ends.push(Endpoint::Labelled { namespace: "x".into(), labels: labelled });
    ends.push(Endpoint::Node("n2".into()));
    ends.sort_by_key(ToString::to_string);
    ends.dedup();
    ends
}

/// Every way to ask about them: all pairs, all Services, on ports at the edges of what the worlds' rules have.
pub(crate) fn flows(cluster: &Cluster) -> Vec<Flow> {
    let ends = ends(cluster);
    let port = |protocol, number| L4::Port(protocol, Port::new(number).unwrap());
    let l4s = [
        port(Protocol::Tcp, 80),
        port(Protocol::Tcp, 8080),
        port(Protocol::Tcp, 1),
        port(Protocol::Udp, 53),
        port(Protocol::Sctp, 8080),
        port(Protocol::Tcp, 65535),
        L4::Icmp,
        L4::Other(OtherProtocol::new(47).unwrap()),
    ];
    let mut flows = Vec::new();
    for source in &ends {
        for (at, destination) in ends.iter().enumerate() {
            // Each pair with a share of the protocols: all of them over all pairs.
            for l4 in l4s.iter().skip(at % 2).step_by(2) {
                flows.push(Flow::new(source.clone(), destination.clone().into(), *l4));
            }
        }
        for service in cluster.services().iter() {
            for l4 in [port(Protocol::Tcp, 80), port(Protocol::Udp, 53), port(Protocol::Sctp, 443), L4::Icmp] {
                let flow = Flow::new(source.clone(), Destination::Service(service.name.clone()), l4);
                let pod = cluster.pods().iter().nth(at_of(source) % cluster.pods().len().max(1));
                flows.extend(pod.map(|pod| flow.clone().via(pod.name.clone())));
                flows.push(flow);
            }
        }
    }
    flows
}

fn at_of(end: &Endpoint) -> usize {
    end.to_string().bytes().map(usize::from).sum()
}

/// Compares every answer; the first difference is the error.
pub(crate) fn compare(
    cluster: &Cluster,
    profile: &Profile,
    engine: &Engine,
    flows: &[Flow],
    tally: &mut Tally,
) -> Result<(), String> {
    let reference = Reference::new(cluster, profile);
    for flow in flows {
        let (expected, got) = (reference.decide(flow), engine.decide(flow));
        if expected != got {
            return Err(format!("{flow}:\n  definition {expected:?}\n  engine     {got:?}"));
        }
        let verdict = engine.verdict(flow);
        // Both halves of the answer are the definition's: the two ways to it share little.
        if verdict != expected.as_ref().map(|decision| decision.verdict).map_err(Clone::clone) {
            return Err(format!("{flow}: decide says {expected:?}, verdict {verdict:?}"));
        }
        match &expected {
            Ok(decision) => {
                tally.flows += 1;
                *tally.answers.entry(decision.verdict).or_default() += 1;
            }
            Err(_) => tally.errors += 1,
        }
    }
    // By id: what the names are answered with.
    let pods: Vec<_> = cluster.pods().iter().filter_map(|pod| Some((pod, engine.pod_id(&pod.name)?))).collect();
    for (from, from_id) in &pods {
        for (to, to_id) in &pods {
            for l4 in [
                L4::Port(Protocol::Tcp, Port::new(80).unwrap()),
                L4::Port(Protocol::Sctp, Port::new(8080).unwrap()),
                L4::Icmp,
            ] {
                let flow = Flow::new(Endpoint::Named(from.name.clone()), Endpoint::Named(to.name.clone()).into(), l4);
                let (by_name, by_id) = (engine.verdict(&flow), engine.verdict_between(*from_id, *to_id, l4));
                if by_name != by_id {
                    return Err(format!("{flow}: by name {by_name:?}, by id {by_id:?}"));
                }
            }
        }
    }
    Ok(())
}

fn wanted() -> u64 {
    std::env::var("ENGINE_FLOWS").ok().and_then(|text| text.parse().ok()).unwrap_or(QUICK)
}

/// Compares on worlds out of `strategy` until there were enough flows.
fn compare_on(strategy: impl Strategy<Value = World>, wanted: u64) -> Tally {
    let mut runner = TestRunner::deterministic();
    let mut tally = Tally::default();
    while tally.flows < wanted {
        let tree = strategy.new_tree(&mut runner).unwrap();
        let World { cluster, profile, flows: asked, .. } = tree.current();
        let engine = Engine::new(&cluster, &profile);
        let all: Vec<Flow> = asked.into_iter().chain(flows(&cluster)).collect();
        if let Err(difference) = compare(&cluster, &profile, &engine, &all, &mut tally) {
            panic!("after {tally}\n{difference}\n{:?}", tree.current());
        }
    }
    tally
}

fn share(tally: &Tally, verdict: Verdict) -> f64 {
    *tally.answers.get(&verdict).unwrap_or(&0) as f64 / tally.flows as f64
}

#[test]
fn engine_equals_definition() {
    let tally = compare_on(worlds(), wanted());
    println!("engine against definition: {tally}");
    for verdict in [Verdict::Allow, Verdict::Deny, Verdict::Undefined] {
        assert!(share(&tally, verdict) > 0.05, "few are {verdict}: {tally}");
    }
}

/// Where every row is open at once, every reading of every row is asked.
#[test]
fn engine_equals_definition_where_every_row_is_open() {
    let tally = compare_on(worlds_on(every_row_open(), 4), wanted() / 3);
    println!("engine against definition, every row open: {tally}");
    assert!(share(&tally, Verdict::Undefined) > 0.2, "few are undefined: {tally}");
}

/// Whose a hostIP is, nodes say, and they change; what counts is what such a node runs (C6).
#[test]
fn a_pod_on_a_node_that_only_its_host_address_names() {
    let mut pod = Pod::new(ObjectName::new("default", "web"));
    pod.addresses = vec!["10.0.0.1".parse().unwrap()];
    pod.host_addresses = vec!["192.168.0.1".parse().unwrap()];
    let node = |name: &str, os_image: &str| {
        let mut node = Node::new(name);
        node.addresses = vec![NodeAddress::new(NodeAddressKind::InternalIp, "192.168.0.1".parse().unwrap())];
        node.os_image = Some(os_image.into());
        node
    };
    let mut builder = Cluster::builder();
    builder.pod(pod);
    let name = ObjectName::new("default", "deny");
    builder.policy(NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Both, vec![], vec![]));
    builder.node(node("n1", "Ubuntu 22.04"));
    let profile = Profile::vpc("v1.31.6-r0".parse().unwrap());
    let mut engine = Engine::new(&builder.build(), &profile);
    let flow: Flow = "203.0.113.1 -> default/web:80/tcp".parse().unwrap();
    let said = |engine: &Engine| {
        let decision = engine.decide(&flow).unwrap();
        assert_eq!(engine.verdict(&flow), Ok(decision.verdict));
        assert_eq!(Reference::new(engine.cluster(), &profile).decide(&flow).unwrap(), decision);
        (decision.verdict, decision.rows.to_string())
    };
    assert_eq!(said(&engine), (Verdict::Undefined, "C6".to_owned()));
    engine.apply(&[Change::Put(node("n1", "HCE OS 2.0").into())]).unwrap();
    assert_eq!(said(&engine), (Verdict::Deny, String::new()));
    engine.apply(&[Change::Put(node("n1", "Ubuntu 22.04").into())]).unwrap();
    assert_eq!(said(&engine).0, Verdict::Undefined);
}

/// Blocks that may hold a pod without an address (U6) hang together only where the same readings ask them: of two rules for two
/// replicas (U7) each is open by itself, so that it matters too which replica it is.
#[test]
fn open_peers_of_two_replicas_are_two() {
    let block = |cidr: &str| format!("[{{from: [{{ipBlock: {{cidr: {cidr}}}}}]}}]");
    let policy = |name: &str, operator: &str, cidr: &str| {
        let index = format!("{{key: apps.kubernetes.io/pod-index, operator: {operator}, values: ['0']}}");
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\n\
             spec: {{podSelector: {{matchExpressions: [{index}]}}, ingress: {}}}\n---\n",
            block(cidr)
        )
    };
    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {replicas: 2, selector: {matchLabels: {app: db}}, \
               template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}}\n---\n";
    let client = "apiVersion: v1\nkind: Pod\nmetadata: {name: client}\nspec: {containers: [{name: c}]}\n---\n";
    let policies = policy("first", "In", "10.0.0.0/24") + &policy("others", "NotIn", "10.0.1.0/24");
    let profile = Profile::kubernetes();
    let loaded = Loader::new(profile.release()).text("db.yaml", set.to_owned() + client + &policies).finish();
    assert_eq!(loaded.diagnostics, []);
    let flow: Flow = "default/client -> default/db:80/tcp".parse().unwrap();
    let decision = Engine::new(&loaded.cluster, &profile).decide(&flow).unwrap();
    assert_eq!(Reference::new(&loaded.cluster, &profile).decide(&flow).unwrap(), decision);
    assert_eq!((decision.verdict, decision.rows.to_string()), (Verdict::Undefined, "U6, U7".to_owned()));
}
