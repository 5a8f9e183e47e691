//! What explanations say in words: the port that a Service's became, the number that a name came to, whom a hostNetwork
//! end is met as, and what is left open.

use netpol_oracle::{Decide, Engine, Loader, Profile, Reference, Release, explain};

/// The text for a flow, the same by both; lines that begin with `|` are shown so.
fn told(manifests: &str, flow: &str) -> String {
    let cluster = Loader::new(Release::DEFAULT).text("t.yaml", manifests).finish().cluster;
    let (profile, flow) = (Profile::kubernetes(), flow.parse().unwrap());
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
    assert!(
        text.contains("isolated by `a/np`; left open: an ipBlock cannot be held against a pod without an address (U6)"),
        "{text}"
    );
}
