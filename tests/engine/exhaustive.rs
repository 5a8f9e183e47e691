//! A small scope, whole: every set of at most two policies out of 68 over three pods, a node and an address outside, every
//! pair of ends on two ports, on upstream Kubernetes and on Cloud Native Network 2.0.
//!
//! The 68 policies are those of namespace `x` with subject {all pods, `app=a`} × type {Ingress, Egress} × {no rule, or one
//! rule of peers {any, `app=a`, all pods of `y`, an ipBlock with an except} × ports {any, 80, 80 to 81, `http`}}.

use netpol_oracle::labels::Selector;
use netpol_oracle::model::{
    ContainerPort, Namespaces, Node, NodeAddress, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
use netpol_oracle::net::{IpBlock, PortName, PortRange};
use netpol_oracle::{
    Cluster, Decide, Endpoint, Engine, Flow, L4, NetworkPolicy, ObjectName, Pod, Port, Profile, Protocol, Reference,
};

use crate::support::worlds::{cidr, label, port};

pub(crate) fn base() -> netpol_oracle::model::ClusterBuilder {
    let mut builder = Cluster::builder();
    let pods = [("x", "a", Some("a"), "10.0.0.1"), ("x", "b", None, "10.0.0.2"), ("y", "a", Some("a"), "10.0.0.3")];
    for (namespace, name, app, address) in pods {
        let mut pod = Pod::new(ObjectName::new(namespace, name));
        pod.labels = app.map(|app| label("app", app)).into_iter().collect();
        pod.addresses = vec![address.parse().unwrap()];
        pod.node = Some("n".into());
        let name = PortName::new("http").unwrap();
        pod.ports = vec![ContainerPort::new(Protocol::Tcp, port(81)).named(name)];
        builder.pod(pod);
    }
    let mut node = Node::new("n");
    node.addresses = vec![NodeAddress::internal("10.9.0.1".parse().unwrap())];
    builder.node(node);
    builder
}

pub(crate) fn policies() -> Vec<NetworkPolicy> {
    let app = || Selector::new([label("app", "a")].into_iter().collect(), Vec::new());
    let pods = |namespaces, pods| Peers::Of(vec![Peer::Pods(PodPeer { namespaces, pods })]);
    let y = Selector::new([label("kubernetes.io/metadata.name", "y")].into_iter().collect(), Vec::new());
    let block = IpBlock::new(cidr("0.0.0.0/0"), vec![cidr("10.0.0.2/31"), cidr("203.0.113.9/32")]).unwrap();
    let peers = [
        Peers::Any,
        pods(Namespaces::Own, app()),
        pods(Namespaces::Matching(y), Selector::everything()),
        Peers::Of(vec![Peer::IpBlock(block)]),
    ];
    let one = |port| Ports::Of(vec![PortMatch { protocol: Protocol::Tcp, port }]);
    let range = PortRange::new(port(80), port(81)).unwrap();
    let ports = [
        Ports::Any,
        one(PortSpec::Number(port(80))),
        one(PortSpec::Range(range)),
        one(PortSpec::Name(PortName::new("http").unwrap())),
    ];
    let rules =
        peers.iter().flat_map(|peers| ports.iter().map(|ports| Rule { peers: peers.clone(), ports: ports.clone() }));
    let rule_lists: Vec<Vec<Rule>> = std::iter::once(Vec::new()).chain(rules.map(|rule| vec![rule])).collect();
    let mut all = Vec::new();
    for subject in [Selector::everything(), app()] {
        for types in [PolicyTypes::Ingress, PolicyTypes::Egress] {
            for rules in &rule_lists {
                let name = ObjectName::new("x", format!("p{}", all.len()));
                all.push(NetworkPolicy::new(name, subject.clone(), types, rules.clone(), rules.clone()));
            }
        }
    }
    all
}

fn asked() -> Vec<Flow> {
    let pods = ["a", "b"].map(|name| Endpoint::named("x", name));
    let mut ends: Vec<Endpoint> =
        pods.into_iter().chain([Endpoint::named("y", "a"), Endpoint::Node("n".into())]).collect();
    ends.push(Endpoint::Address("203.0.113.9".parse().unwrap()));
    let mut flows = Vec::new();
    for source in &ends {
        for destination in &ends {
            for number in [80, 81] {
                let l4 = L4::Port(Protocol::Tcp, Port::new(number).unwrap());
                flows.push(Flow::new(source.clone(), destination.clone().into(), l4));
            }
        }
    }
    flows
}

#[test]
fn every_set_of_two_policies() {
    let (policies, flows) = (policies(), asked());
    assert_eq!(policies.len(), 68);
    let profiles = [Profile::kubernetes(), "cn2:v1.31.6-r0".parse().unwrap()];
    let mut sets: Vec<Vec<&NetworkPolicy>> = vec![Vec::new()];
    for (at, one) in policies.iter().enumerate() {
        sets.push(vec![one]);
        sets.extend(policies.iter().skip(at + 1).map(|other| vec![one, other]));
    }
    let mut compared = 0_u64;
    for set in &sets {
        let mut builder = base();
        for policy in set {
            builder.policy((*policy).clone());
        }
        let cluster = builder.build();
        for profile in &profiles {
            let (reference, engine) = (Reference::new(&cluster, profile), Engine::new(&cluster, profile));
            for flow in &flows {
                let expected = reference.decide(flow);
                // The whole decision for one set in eight, the verdict for all.
                let whole = compared % 8 != 0 || engine.decide(flow) == expected;
                let verdict = engine.verdict(flow);
                let same = verdict == expected.as_ref().map(|decision| decision.verdict).map_err(Clone::clone);
                assert!(whole && same, "{flow} under {set:?}: {expected:?}, engine {verdict:?}");
                compared += 1;
            }
        }
    }
    println!("exhaustive: {} sets of policies, {compared} comparisons", sets.len());
}
