//! What clients send: creates and updates of policies, and clusters whose pods these select.

use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::{Cluster, ObjectName};
use serde_json::{Value, json};

/// The mix of clusters that the library's figures are of.
pub(crate) fn cluster(pods: usize) -> Cluster {
    ClusterSpec::new(pods).build()
}

/// Policies that each select pods of a cluster, of one namespace after another: `nth` new ones beside those there are. Each
/// admits pods that some policy of its namespace selects, on a port of its own.
pub(crate) fn news(cluster: &Cluster, nth: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut seen: Option<&str> = None;
    for policy in cluster.policies() {
        if all.len() == nth {
            break;
        }
        let namespace: &str = policy.name().namespace();
        let subject = serde_json::to_value(policy.subject()).unwrap_or_default();
        let selects = cluster.pods().in_namespace(namespace).any(|pod| policy.subject().matches(&pod.labels));
        if seen == Some(namespace) || !selects {
            continue;
        }
        seen = Some(namespace);
        let port = 20_000 + all.len();
        let spec = json!({
            "podSelector": subject, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": subject}], "ports": [{"protocol": "TCP", "port": port}]}],
        });
        all.push(policy_object(&ObjectName::new(namespace, "new"), &spec));
    }
    all
}

/// A policy for every pod of a namespace, with so many egress rules, no two alike.
pub(crate) fn many_rules(namespace: &str, rules: usize) -> Value {
    let rule = |at: usize| {
        json!({
            "to": [{"ipBlock": {"cidr": format!("172.{}.{}.0/24", 16 + at / 250, at % 250)}}],
            "ports": [{"protocol": "TCP", "port": 1_000 + at}],
        })
    };
    let egress: Vec<Value> = (0..rules).map(rule).collect();
    let spec = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": egress});
    policy_object(&ObjectName::new(namespace, "new"), &spec)
}

fn policy_object(name: &ObjectName, spec: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name.name(), "namespace": name.namespace(), "uid": "c0ffee"},
        "spec": spec,
    })
}

/// A policy beside those there are.
pub(crate) fn create(object: &Value) -> Value {
    review("CREATE", object, &Value::Null)
}

/// Only labels change: there is no impact to work out.
pub(crate) fn update(old: &Value) -> Value {
    let mut object = old.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("labels".to_owned(), json!({"a": "b"}));
    }
    review("UPDATE", &object, old)
}

fn review(operation: &str, object: &Value, old: &Value) -> Value {
    let metadata = object.get("metadata");
    let of = |field| metadata.and_then(|metadata| metadata.get(field)).cloned().unwrap_or_default();
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5",
            "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "NetworkPolicy"},
            "resource": {"group": "networking.k8s.io", "version": "v1", "resource": "networkpolicies"},
            "name": of("name"), "namespace": of("namespace"), "operation": operation,
            "userInfo": {"username": "admin"}, "object": object, "oldObject": old, "dryRun": false, "options": null,
        },
    })
}
