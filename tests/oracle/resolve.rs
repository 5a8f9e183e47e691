//! Probes are what a resolver of its own makes of the same flows.

use netpol_oracle::oracle::{ComesFrom, Face, Obstacle, probes};
use netpol_oracle::verdict::Judged;
use netpol_oracle::{Decide, Endpoint, Engine, Loader, Profile};

use crate::engine::differential::flows;
use crate::plane::probes::asked;
use crate::plane::sequences::sequences;

#[test]
fn probes_equal_those_of_another_resolver() {
    let mut compared = 0;
    for sequence in sequences().take(40) {
        let engine = Engine::new(&sequence.before, &sequence.profile);
        for each in asked(&sequence.before, &sequence.profile) {
            let mut flow = each.probe.flow.clone();
            flow.via = None;
            let found = probes(&engine, &flow).unwrap();
            assert!(found.contains(&each.probe), "{}: {:?} is not in {found:?}", each.probe.flow, each.probe);
            compared += 1;
        }
    }
    assert!(compared > 10_000, "{compared}");
}

/// As many probes as there are backends, and an error where a decision is one.
#[test]
fn probes_go_where_decisions_go() {
    for sequence in sequences().take(20) {
        let engine = Engine::new(&sequence.before, &sequence.profile);
        for flow in flows(&sequence.before) {
            let (decision, probes) = (engine.decide(&flow), probes(&engine, &flow));
            let (decision, probes) = match (decision, probes) {
                (Ok(decision), Ok(probes)) => (decision, probes),
                (decision, probes) => {
                    assert_eq!(decision.err(), probes.err(), "{flow}");
                    continue;
                }
            };
            let Judged::Backends(backends) = &decision.judged else {
                assert_eq!((probes.len(), &probes[0].flow), (1, &flow));
                continue;
            };
            assert_eq!(backends.len(), probes.len(), "{flow}");
            for (backend, probe) in backends.iter().zip(&probes) {
                // By way of it the flow is decided as its part of the whole is.
                if probe.flow.via.is_some() {
                    let Judged::Backends(alone) = engine.decide(&probe.flow).unwrap().judged else { panic!("{flow}") };
                    assert_eq!(alone.as_slice(), std::slice::from_ref(backend), "{}", probe.flow);
                } else {
                    let address = probe.destination.address.unwrap().to_string();
                    assert_eq!(address, backend.backend.to_string(), "{}", probe.flow);
                }
            }
        }
    }
}

/// A packet has the plain IPv4 address, whatever form a manifest gave.
#[test]
fn mapped_addresses_are_ipv4() {
    let engine = Engine::new(&netpol_oracle::Cluster::default(), &Profile::kubernetes());
    let mapped = Endpoint::Address("::ffff:192.0.2.1".parse().unwrap());
    let mut flow: netpol_oracle::Flow = "192.0.2.2 -> 192.0.2.3:80/tcp".parse().unwrap();
    flow.destination = mapped.into();
    assert_eq!(probes(&engine, &flow).unwrap()[0].destination.address, Some("192.0.2.1".parse().unwrap()));
}

const SHOP: &str = r#"
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {nodeName: n1, containers: [{name: c, ports: [{containerPort: 6379, hostPort: 9379}]}]}
status: {podIP: 10.0.0.3}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.9
  selector: {app: db}
  ports: [{port: 80, targetPort: 6379, nodePort: 30080}]
status: {loadBalancer: {ingress: [{ip: 203.0.113.60}]}}
---
apiVersion: v1
kind: Service
metadata: {name: local, namespace: shop}
spec:
  type: NodePort
  clusterIP: 10.96.0.10
  externalTrafficPolicy: Local
  selector: {app: db}
  ports: [{port: 80, targetPort: 6379, nodePort: 30090}]
---
apiVersion: v1
kind: Service
metadata: {name: headless, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: new, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: s, namespace: shop}
spec: {replicas: 2, selector: {matchLabels: {app: s}}, template: {metadata: {labels: {app: s}}}}
"#;

fn shop(u9: Option<&str>) -> Engine {
    let kubernetes = Profile::kubernetes();
    let profile = u9.map_or(kubernetes.clone(), |word| kubernetes.with_override(netpol_oracle::Row::U9, word).unwrap());
    let loaded = Loader::new(profile.release()).text("shop.yaml", SHOP).finish();
    Engine::new(&loaded.cluster, &profile)
}

/// By each face the address that is sent to, the backend's port, and as whom it comes.
#[test]
fn probes_say_by_which_face_they_go() {
    let who = |engine: &Engine, flow: &str| {
        let probe = probes(engine, &flow.parse().unwrap()).unwrap().remove(0);
        let comes_from = serde_json::to_string(&probe.comes_from).unwrap();
        let sent_to = probe.sent_to.map(|address| address.to_string()).unwrap_or_default();
        (probe.face, sent_to, comes_from)
    };
    let seen = |u9, flow| who(&shop(u9), flow);
    let n1 = r#"{"node":"n1","address":"10.9.0.1"}"#;
    let load_balancer = |comes_from: &str| (Some(Face::Address), "203.0.113.60".to_owned(), comes_from.to_owned());
    assert_eq!(seen(None, "192.0.2.7 -> 203.0.113.60:80/tcp"), load_balancer(r#""source-or-any-node""#));
    assert_eq!(seen(Some("node"), "192.0.2.7 -> 203.0.113.60:80/tcp"), load_balancer(r#""any-node""#));
    assert_eq!(seen(Some("client"), "192.0.2.7 -> 203.0.113.60:80/tcp"), load_balancer(r#""source""#));
    let node_port = |comes_from: &str| (Some(Face::NodePort), "10.9.0.1".to_owned(), comes_from.to_owned());
    assert_eq!(seen(None, "192.0.2.7 -> node:n1:30080/tcp"), node_port(&format!(r#"{{"source-or-node":{n1}}}"#)));
    assert_eq!(seen(Some("node"), "192.0.2.7 -> node:n1:30080/tcp"), node_port(&format!(r#"{{"node":{n1}}}"#)));
    assert_eq!(seen(None, "192.0.2.7 -> node:n1:30090/tcp"), node_port(r#""source""#), "Local keeps the client");
    let host_port = (Some(Face::HostPort), "10.9.0.1".to_owned(), r#""source""#.to_owned());
    assert_eq!(seen(None, "192.0.2.7 -> 10.9.0.1:9379/tcp"), host_port);
    let cluster_ip = (Some(Face::ClusterIp), "10.96.0.9".to_owned(), r#""source""#.to_owned());
    assert_eq!(seen(None, "192.0.2.7 -> svc/shop/db:80/tcp"), cluster_ip);
    assert_eq!(seen(None, "192.0.2.7 -> svc/shop/headless:6379/tcp").0, None, "nothing is rewritten");
    assert_eq!(seen(None, "192.0.2.7 -> node:n1:22/tcp").0, None, "no face there");

    let engine = shop(None);
    let probe = probes(&engine, &"192.0.2.7 -> node:n1:30080/tcp".parse().unwrap()).unwrap().remove(0);
    assert_eq!(
        probe.l4,
        netpol_oracle::L4::Port(netpol_oracle::Protocol::Tcp, netpol_oracle::Port::new(6379).unwrap())
    );
    assert_eq!(probe.flow.to_string(), "192.0.2.7 -> node:n1:30080/tcp via shop/db");
    assert!(matches!(probe.comes_from, ComesFrom::SourceOrNode(_)));
}

#[test]
fn probes_say_what_cannot_be_sent() {
    let engine = shop(None);
    let obstacle = |flow: &str| probes(&engine, &flow.parse().unwrap()).unwrap().remove(0).obstacle();
    assert_eq!(obstacle("192.0.2.7 -> shop/{app=db}:80/tcp"), Some(Obstacle::Labelled));
    assert_eq!(obstacle("shop/s-1 -> 192.0.2.7:80/tcp"), Some(Obstacle::Replica));
    assert_eq!(obstacle("shop/s -> shop/{}:80/tcp"), Some(Obstacle::Labelled), "the first of both ends");
    assert_eq!(obstacle("shop/s -> shop/db:80/tcp"), Some(Obstacle::Workload));
    assert_eq!(obstacle("shop/db -> svc/shop/new:80/tcp"), Some(Obstacle::NoClusterIp));
    assert_eq!(obstacle("shop/db -> svc/shop/db:80/tcp"), None);
    let reasons =
        [Obstacle::Labelled, Obstacle::Replica, Obstacle::Workload, Obstacle::NoAddress, Obstacle::NoClusterIp];
    let told: std::collections::BTreeSet<String> = reasons.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), reasons.len());
}
