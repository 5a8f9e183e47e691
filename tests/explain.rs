//! What explanations say in words: the port that a Service's became, the number that a name came to, whom a hostNetwork
//! end is met as, and what is left open.

use netpol_oracle::{Decide, Engine, Loader, Profile, Reference, Release, explain};

/// The text for a flow, the same by both.
fn told(manifests: &str, flow: &str) -> String {
    told_on(Profile::kubernetes(), manifests, flow)
}

fn told_on(profile: Profile, manifests: &str, flow: &str) -> String {
    let cluster = Loader::new(Release::DEFAULT).text("t.yaml", manifests).finish().cluster;
    let flow = flow.parse().unwrap();
    let decision = Reference::new(&cluster, &profile).decide(&flow).unwrap();
    assert_eq!(Engine::new(&cluster, &profile).decide(&flow).unwrap(), decision);
    explain(&decision, &cluster)
}

const SHOP: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Pod, metadata: {name: backend-0, namespace: shop, labels: {app: backend}}, status: {podIP: 10.0.0.5}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db1-0, namespace: shop, labels: {app: db1}},
 spec: {containers: [{name: c, image: x, ports: [{containerPort: 8080, name: web}]}]}, status: {podIP: 10.0.0.6}}
---
{apiVersion: v1, kind: Service, metadata: {name: db1, namespace: shop},
 spec: {clusterIP: 10.96.4.4, selector: {app: db1}, ports: [{port: 80, targetPort: 8080}, {port: 8080, name: same}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: np, namespace: shop},
 spec: {podSelector: {matchLabels: {app: backend}}, policyTypes: [Egress],
  egress: [{to: [{podSelector: {matchLabels: {app: db1}}}], ports: [{port: PORT}]}]}}
";

#[test]
fn the_backends_port_is_named_where_it_is_another() {
    let shop = SHOP.replace("PORT", "80");
    assert_eq!(
        told(&shop, "shop/backend-0 -> svc/shop/db1:80/tcp"),
        "shop/backend-0 -> svc/shop/db1:80/tcp: deny\n\
         \x20 backend shop/db1-0 on 8080/TCP (80 became 8080): deny\n\
         \x20   egress: deny: isolated by `shop/np`; no rule admits the flow\n\
         \x20     shop/np egress[0]: the peer matches, the port does not: it admits 80/TCP\n\
         \x20   ingress: allow: no policy isolates the destination for ingress (K1)\n"
    );
    let same = told(&shop, "shop/backend-0 -> svc/shop/db1:8080/tcp");
    assert!(same.contains("\n  backend shop/db1-0: deny\n"), "{same}");

    let cluster = Loader::new(Release::DEFAULT).text("t.yaml", shop).finish().cluster;
    let decision = Engine::new(&cluster, &Profile::kubernetes())
        .decide(&"shop/backend-0 -> svc/shop/db1:80/tcp".parse().unwrap())
        .unwrap();
    let json = serde_json::to_value(&decision).unwrap();
    let backend = &json["backends"]["shop/db1-0"];
    assert_eq!((backend["protocol"].as_str(), backend["port"].as_u64()), (Some("tcp"), Some(8080)));
}

#[test]
fn a_port_name_is_told_with_its_number() {
    let shop = SHOP.replace("PORT", "web");
    for flow in ["shop/backend-0 -> shop/db1-0:8080/tcp", "shop/backend-0 -> svc/shop/db1:80/tcp"] {
        let text = told(&shop, flow);
        assert!(
            text.contains("egress[0]: to pods `app=db1` of namespace `shop` on `web`/TCP (8080 of the destination)"),
            "{text}"
        );
    }
    let text = told(&shop, "shop/backend-0 -> shop/db1-0:80/tcp");
    assert!(text.contains("the port does not: it admits `web`/TCP (8080 of the destination)\n"), "{text}");
    let text = told(&SHOP.replace("PORT", "other"), "shop/backend-0 -> shop/db1-0:80/tcp");
    assert!(text.contains("the port does not: it admits `other`/TCP (no port of the destination)\n"), "{text}");
}

#[test]
fn a_host_network_end_is_met_as_its_node() {
    let manifests = "
{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Namespace, metadata: {name: nginx}},
 {apiVersion: v1, kind: Namespace, metadata: {name: market}}]}
---
{apiVersion: v1, kind: Node, metadata: {name: w2}, status: {addresses: [{type: InternalIP, address: 172.22.1.153}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: controller-0, namespace: nginx, labels: {app: nginx}},
 spec: {hostNetwork: true, nodeName: w2}, status: {podIP: 172.22.1.153}}
---
{apiVersion: v1, kind: Pod, metadata: {name: shop-0, namespace: market}, spec: {nodeName: w1}, status: {podIP: 10.42.1.7}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: np, namespace: market},
 spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {}}]}],
  egress: [{to: [{namespaceSelector: {}}]}]}}
";
    assert_eq!(
        told(manifests, "nginx/controller-0 -> market/shop-0:80/tcp"),
        "nginx/controller-0 -> market/shop-0:80/tcp: deny\n\
         \x20 egress: allow: the source is no pod that policies isolate (K17, K24)\n\
         \x20 ingress: deny: isolated by `market/np`; no rule admits the flow\n\
         \x20   market/np ingress[0]: the port matches, the peer does not: it admits from all pods of all namespaces\n\
         \x20   the source is met as its node w2, which no selector matches (K17)\n"
    );
    let back = told(manifests, "market/shop-0 -> nginx/controller-0:80/tcp");
    assert!(back.contains("\n    the destination is met as its node w2, which no selector matches (K17)\n"), "{back}");
    assert_eq!(told(manifests, "market/shop-0 -> market/shop-0:80/tcp").matches("is met as").count(), 0);
}

#[test]
fn what_is_left_open_is_said_in_words() {
    let manifests = "
{apiVersion: v1, kind: Pod, metadata: {name: new, namespace: a}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: a, labels: {app: db}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: np, namespace: a},
 spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}}
";
    let text = told(manifests, "a/new -> a/db:80/tcp");
    assert!(text.contains("isolated by `a/np`; left open: which address a pod without one will have (U6)"), "{text}");
}

const OPEN: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: x}}
---
{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x, labels: {app: a}}, spec: {nodeName: n1}, status: {podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: x, labels: {app: b}}, spec: {nodeName: n1}, status: {podIP: 10.0.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: new, namespace: x, labels: {app: new}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: host, namespace: x, labels: {app: host}}, spec: {nodeName: n1, hostNetwork: true}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: set, namespace: x},
 spec: {replicas: 3, selector: {matchLabels: {app: set}}, template: {metadata: {labels: {app: set}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: x},
 spec: {clusterIP: 10.96.0.1, externalIPs: [203.0.113.7], selector: {app: a}, ports: [{port: 80}]}}
---
";

/// Rules of `x/np` for pods with `app: SUBJECT`.
fn np(subject: &str, spec: &str) -> String {
    format!(
        "{OPEN}{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: np, namespace: x}}, \
         spec: {{podSelector: {{matchLabels: {{app: {subject}}}}}, {spec}}}}}"
    )
}

/// What is left open is a question, and said once.
#[track_caller]
fn leaves_open(row: &str, words: &str, profile: Profile, manifests: &str, flow: &str) {
    let text = told_on(profile, manifests, flow);
    let side = format!("isolated by `x/np`; left open: {words} ({row})\n");
    assert!(text.contains(&side) && text.contains(&format!("\n  {row}: {words}\n")), "{side}{text}");
    assert!(!text.contains("is left open"), "{text}");
}

#[test]
fn u1_in_words() {
    let words = "what an isolated side does with protocols other than TCP, UDP and SCTP";
    leaves_open("U1", words, Profile::kubernetes(), &np("a", "ingress: [{}]"), "x/b -> x/a icmp");
}

#[test]
fn u2_in_words() {
    let unknown = Profile::kubernetes().with_override(netpol_oracle::Row::U2, "unknown").unwrap();
    let words = "whether hostNetwork pods count as their node or as pods";
    leaves_open("U2", words, unknown, &np("host", "ingress: []"), "203.0.113.9 -> x/host:80/tcp");
}

#[test]
fn u3_in_words() {
    let words = "whether a pod may always reach its own node";
    leaves_open("U3", words, Profile::kubernetes(), &np("a", "policyTypes: [Egress]"), "x/a -> node:n1:80/tcp");
}

#[test]
fn u4_in_words() {
    let words = "whether a pod may always reach itself through a Service";
    leaves_open("U4", words, Profile::kubernetes(), &np("a", "policyTypes: [Egress]"), "x/a -> svc/x/a:80/tcp via x/a");
}

#[test]
fn u5_in_words() {
    let words = "whether egress sees the address and port that the source sent to, or the backend's";
    let spec = "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.113.7/32}}]}]";
    leaves_open("U5", words, Profile::kubernetes(), &np("b", spec), "x/b -> 203.0.113.7:80/tcp");
}

#[test]
fn u6_in_words() {
    let words = "which address a pod without one will have";
    let spec = "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]";
    leaves_open("U6", words, Profile::kubernetes(), &np("a", spec), "x/new -> x/a:80/tcp");
}

#[test]
fn u7_in_words() {
    let words = "which value its controller gives a label";
    let spec = "ingress: [{from: [{podSelector: {matchLabels: {apps.kubernetes.io/pod-index: '1'}}}]}]";
    leaves_open("U7", words, Profile::kubernetes(), &np("a", spec), "x/set -> x/a:80/tcp");
}

#[test]
fn u8_in_words() {
    let words = "whether an end that says no node is on the other end's node";
    leaves_open("U8", words, Profile::kubernetes(), &np("set", "ingress: []"), "node:n1 -> x/set:80/tcp");
}

#[test]
fn u9_in_words() {
    let words = "whether the backend sees the client, or a node that passed the connection on";
    let spec = "ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]";
    leaves_open("U9", words, Profile::kubernetes(), &np("a", spec), "192.0.2.9 -> 203.0.113.7:80/tcp");
}
