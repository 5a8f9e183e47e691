//! What accepted documents mean: defaults, absent and empty (K3 to K8, K11, K13, K14, K22, K25).

use netpol_oracle::manifest::{Judgement, judge_text};
use netpol_oracle::model::{Namespaces, Peer, Peers, PolicyTypes, PortSpec, Ports};
use netpol_oracle::net::PortRange;
use netpol_oracle::{Direction, NetworkPolicy, Port, Protocol, Release};

fn judged(text: &str) -> Judgement {
    judge_text(Release::DEFAULT, "p.json", text).remove(0)
}

/// The policy of a spec (JSON).
fn policy(spec: &str) -> NetworkPolicy {
    let judgement = judged(&format!(r#"{{"metadata": {{"name": "p"}}, "spec": {spec}}}"#));
    judgement.policy.unwrap_or_else(|| panic!("{spec}: {:#?}", judgement.diagnostics))
}

/// The only peer of the only ingress rule.
fn peer(text: &str) -> Peer {
    let policy = policy(&format!(r#"{{"ingress": [{{"from": [{text}]}}]}}"#));
    match &policy.written_rules(Direction::Ingress)[0].peers {
        Peers::Of(peers) => peers[0].clone(),
        Peers::Any => panic!("{text}: any peer"),
    }
}

#[test]
fn k3_policy_types_by_default() {
    for (spec, types) in [
        ("null", PolicyTypes::Ingress),
        ("{}", PolicyTypes::Ingress),
        (r#"{"policyTypes": null, "egress": []}"#, PolicyTypes::Ingress),
        (r#"{"policyTypes": [], "egress": [{}]}"#, PolicyTypes::Both),
        (r#"{"egress": [null]}"#, PolicyTypes::Both),
        (r#"{"policyTypes": ["Egress"]}"#, PolicyTypes::Egress),
        (r#"{"policyTypes": ["Ingress"], "egress": [{}]}"#, PolicyTypes::Ingress),
        (r#"{"policyTypes": ["Egress", "Ingress"]}"#, PolicyTypes::Both),
        (r#"{"policyTypes": ["Egress", "Egress"]}"#, PolicyTypes::Egress),
    ] {
        assert_eq!(policy(spec).types(), types, "{spec}");
    }
}

#[test]
fn k5_and_k6_absent_empty_and_null() {
    for spec in ["{}", r#"{"ingress": null}"#, r#"{"ingress": []}"#] {
        assert!(policy(spec).written_rules(Direction::Ingress).is_empty(), "{spec}");
        assert!(policy(spec).subject().is_everything());
    }
    for rule in ["{}", "null", r#"{"from": [], "ports": []}"#, r#"{"from": null, "ports": null}"#] {
        let policy = policy(&format!(r#"{{"ingress": [{rule}]}}"#));
        let rules = policy.written_rules(Direction::Ingress);
        assert_eq!((rules.len(), &rules[0].peers, &rules[0].ports), (1, &Peers::Any, &Ports::Any), "{rule}");
    }
}

#[test]
fn k4_rules_of_an_undeclared_direction_are_kept_as_written() {
    let policy = policy(r#"{"policyTypes": ["Ingress"], "egress": [{}]}"#);
    assert_eq!(policy.written_rules(Direction::Egress).len(), 1);
    assert!(policy.rules(Direction::Egress).is_empty());
}

#[test]
fn k7_peers() {
    let scope = |text| match peer(text) {
        Peer::Pods(pods) => {
            let namespaces = match pods.namespaces {
                Namespaces::Own => "own".to_owned(),
                Namespaces::Matching(selector) => selector.to_string(),
            };
            (namespaces, pods.pods.to_string())
        }
        Peer::IpBlock(block) => ("block".to_owned(), block.to_string()),
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(scope(r#"{"podSelector": {}}"#), pair("own", "everything"));
    assert_eq!(scope(r#"{"podSelector": {"matchLabels": {"a": null}}}"#), pair("own", "a="));
    assert_eq!(scope(r#"{"namespaceSelector": {}}"#), pair("everything", "everything"));
    assert_eq!(
        scope(
            r#"{"namespaceSelector": {"matchLabels": {"a": "b"}},
                "podSelector": {"matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["x", "x"]}]}}"#
        ),
        pair("a=b", "k notin (x)")
    );
    assert_eq!(scope(r#"{"podSelector": {}, "ipBlock": null}"#), pair("own", "everything"));
    assert_eq!(
        scope(r#"{"ipBlock": {"cidr": "010.0.0.1/8", "except": ["::ffff:10.1.0.0/112"]}}"#),
        pair("block", "10.0.0.0/8 except 10.1.0.0/16")
    );
    // Larger than its cidr, and the server lets it pass: nothing is left of the block.
    assert_eq!(
        scope(r#"{"ipBlock": {"cidr": "10.0.0.0/16", "except": ["::ffff:10.0.0.0/104"]}}"#),
        pair("block", "10.0.0.0/16 except 10.0.0.0/16")
    );
}

#[test]
fn k11_and_k13_ports() {
    let port = |text: &str| {
        let policy = policy(&format!(r#"{{"ingress": [{{"ports": [{text}]}}]}}"#));
        match &policy.written_rules(Direction::Ingress)[0].ports {
            Ports::Of(ports) => (ports[0].protocol, ports[0].port.clone()),
            Ports::Any => panic!("{text}: any port"),
        }
    };
    let number = |number| Port::new(number).unwrap();
    assert_eq!(port("{}"), (Protocol::Tcp, PortSpec::Any));
    assert_eq!(port("null"), (Protocol::Tcp, PortSpec::Any));
    assert_eq!(port(r#"{"protocol": null, "port": 80}"#), (Protocol::Tcp, PortSpec::Number(number(80))));
    assert_eq!(port(r#"{"protocol": "SCTP"}"#), (Protocol::Sctp, PortSpec::Any));
    let range = PortRange::new(number(80), number(80)).unwrap();
    assert_eq!(port(r#"{"protocol": "UDP", "port": 80, "endPort": 80}"#), (Protocol::Udp, PortSpec::Range(range)));
    assert!(matches!(port(r#"{"port": "http"}"#), (Protocol::Tcp, PortSpec::Name(name)) if name.as_str() == "http"));
}

#[test]
fn k25_names() {
    let name = |metadata: &str| judged(&format!(r#"{{"metadata": {metadata}}}"#)).policy.map(|p| p.name().to_string());
    assert_eq!(name(r#"{"name": "p"}"#).as_deref(), Some("default/p"));
    assert_eq!(name(r#"{"name": "p", "namespace": ""}"#).as_deref(), Some("default/p"));
    assert_eq!(name(r#"{"name": "p", "namespace": "n", "generateName": "g-"}"#).as_deref(), Some("n/p"));
    assert_eq!(name(r#"{"generateName": "g-"}"#).as_deref(), Some("default/g-xxxxx"));
    let long = format!(r#"{{"generateName": "{}"}}"#, "g".repeat(100));
    assert_eq!(name(&long), Some(format!("default/{}xxxxx", "g".repeat(58))));
    assert_eq!(name("{}"), None);
}
