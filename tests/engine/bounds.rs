//! What is large in one way costs what it must, not more.

use std::time::{Duration, Instant};

use netpol_oracle::labels::{Labels, Selector};
use netpol_oracle::model::{
    ContainerPort, ExternalTrafficPolicy, Namespaces, Node, NodeAddress, Peer, Peers, PodPeer, PolicyTypes, Ports,
    Rule, Service, ServicePort, Workload, WorkloadKind,
};
use netpol_oracle::{
    Cluster, Decide, Destination, Endpoint, Engine, Flow, L4, NetworkPolicy, ObjectName, Pod, Profile, Protocol,
    Verdict,
};

use crate::support::worlds::{label, port};

/// So much at most, on a machine that does other things too.
const MOST: Duration = Duration::from_secs(120);

fn app(value: &str) -> Labels {
    [label("app", value)].into_iter().collect()
}

fn http(number: u16) -> L4 {
    L4::Port(Protocol::Tcp, port(number))
}

fn web(name: &str) -> Service {
    let mut service = Service::new(ObjectName::new("x", name));
    service.selector = app("web");
    service
}

/// 10,000 nodes and 1,000 Services on a port of each: what is asked of one is found at once, whoever passed it on.
#[test]
fn many_nodes_many_services() {
    let begun = Instant::now();
    let mut builder = Cluster::builder();
    for at in 0..10_000_u32 {
        let mut node = Node::new(format!("n{at}"));
        node.addresses = vec![NodeAddress::internal(std::net::Ipv4Addr::from(0x0A00_0000 + at).into())];
        builder.node(node);
    }
    for at in 0..1_000 {
        let mut service = web(&format!("s{at}"));
        let mut entry = ServicePort::new(Protocol::Tcp, port(80));
        entry.node_port = Some(port(30_000 + at));
        service.ports = vec![entry];
        service.load_balancer_addresses = vec![std::net::Ipv4Addr::from(0xCB00_7100 + u32::from(at)).into()];
        builder.service(service);
    }
    let mut pod = Pod::new(ObjectName::new("x", "web-0"));
    pod.labels = app("web");
    pod.addresses = vec!["10.9.0.1".parse().unwrap()];
    builder.pod(pod);
    let deny =
        NetworkPolicy::new(ObjectName::new("x", "p"), Selector::everything(), PolicyTypes::Ingress, vec![], vec![]);
    builder.policy(deny);
    let engine = Engine::new(&builder.build(), &Profile::kubernetes());
    for at in 0..1_000_u16 {
        for to in [format!("10.0.{}.7", at % 39), format!("203.0.{}.{}", 113 + at / 256, at % 256)] {
            let l4 = if to.starts_with("10") { http(30_000 + at) } else { http(80) };
            let flow = Flow::new(
                Endpoint::Address("198.51.100.1".parse().unwrap()),
                Endpoint::Address(to.parse().unwrap()).into(),
                l4,
            );
            assert!(engine.verdict(&flow).is_ok(), "{flow}: {:?}", engine.verdict(&flow));
        }
    }
    assert!(begun.elapsed() < MOST, "{:?}", begun.elapsed());
}

/// A Service of 10,000 backends, by each of its faces.
#[test]
fn many_backends() {
    let begun = Instant::now();
    let mut builder = Cluster::builder();
    for at in 0..10_000_u32 {
        let mut pod = Pod::new(ObjectName::new("x", format!("web-{at}")));
        pod.labels = app("web");
        pod.addresses = vec![std::net::Ipv4Addr::from(0x0A09_0000 + at).into()];
        builder.pod(pod);
    }
    let mut service = web("web");
    let mut entry = ServicePort::new(Protocol::Tcp, port(80));
    entry.node_port = Some(port(30_080));
    service.ports = vec![entry];
    service.external_addresses = vec!["203.0.113.1".parse().unwrap()];
    builder.service(service);
    let mut node = Node::new("n1");
    node.addresses = vec![NodeAddress::internal("10.0.0.1".parse().unwrap())];
    builder.node(node);
    let cluster = builder.build();
    let engine = Engine::new(&cluster, &Profile::kubernetes());
    for (to, l4) in [("203.0.113.1", http(80)), ("10.0.0.1", http(30_080))] {
        let to: Destination = Endpoint::Address(to.parse().unwrap()).into();
        let flow = Flow::new(Endpoint::Address("198.51.100.1".parse().unwrap()), to, l4);
        assert_eq!(engine.verdict(&flow), Ok(Verdict::Allow), "{flow}");
        assert_eq!(engine.decide(&flow).map(|decision| decision.verdict), Ok(Verdict::Allow), "{flow}");
    }
    assert!(begun.elapsed() < MOST, "{:?}", begun.elapsed());
}

/// A StatefulSet of so many replicas that nobody could look at each, with policies for some of them by name.
#[test]
fn many_replicas() {
    let begun = Instant::now();
    let mut builder = Cluster::builder();
    let mut set = Workload::new(WorkloadKind::StatefulSet, ObjectName::new("x", "db"), app("db"));
    set.replicas = Some(1 << 31);
    set.ports = vec![ContainerPort::new(Protocol::Tcp, port(80))];
    builder.workload(set);
    let named = |at: u32| [label("statefulset.kubernetes.io/pod-name", &format!("db-{at}"))].into_iter().collect();
    for at in 0..60_u32 {
        let peer = Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods: Selector::new(named(at + 1), vec![]) });
        let rules = vec![Rule { peers: Peers::Of(vec![peer]), ports: Ports::Any }];
        let name = ObjectName::new("x", format!("p{at}"));
        builder.policy(NetworkPolicy::new(name, Selector::new(named(at), vec![]), PolicyTypes::Ingress, rules, vec![]));
    }
    let mut service = web("db");
    service.selector = app("db");
    service.external_traffic_policy = ExternalTrafficPolicy::Local;
    service.ports = vec![ServicePort::new(Protocol::Tcp, port(80))];
    builder.service(service);
    let engine = Engine::new(&builder.build(), &Profile::kubernetes());
    for (from, to, expected) in [
        ("x/db", "x/db", Verdict::Undefined),
        ("x/db-7", "x/db-6", Verdict::Allow),
        ("x/db-8", "x/db-6", Verdict::Deny),
        ("x/db-8", "x/db-2147483647", Verdict::Allow),
        ("x/db", "x/db-6", Verdict::Undefined),
        ("x/db-60", "x/db", Verdict::Undefined),
        ("x/db", "svc/x/db", Verdict::Undefined),
    ] {
        let flow: Flow = format!("{from} -> {to}:80/tcp").parse().unwrap();
        assert_eq!(engine.verdict(&flow), Ok(expected), "{flow}");
        let decision = engine.decide(&flow).unwrap();
        let rows = if expected == Verdict::Undefined { "U7" } else { "" };
        assert_eq!((decision.verdict, decision.rows.to_string()), (expected, rows.to_owned()), "{flow}");
    }
    assert!(begun.elapsed() < MOST, "{:?}", begun.elapsed());
}
