//! `netpol vectors`.

use std::collections::BTreeSet;

use netpol_oracle::verdict::Judged;
use netpol_oracle::{Decide, Engine, Flow, Loader, Profile};
use serde_json::{Value, json};

use crate::support::{Folder, Run, SHOP, netpol};

fn vectors(run: Run) -> Vec<Value> {
    run.with_code(0).out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_has_the_packet_and_the_right_answer() {
    let folder = Folder::new();
    let shop = folder.write("shop.yaml", SHOP);
    let vectors = vectors(netpol(["vectors", "--manifests", &shop]));
    let profile = Profile::kubernetes();
    let cluster = Loader::new(profile.release()).text("shop.yaml", SHOP).finish().cluster;
    let engine = Engine::new(&cluster, &profile);
    let mut verdicts = BTreeSet::new();
    for vector in &vectors {
        let flow: Flow = vector["flow"].as_str().unwrap().parse().unwrap();
        let decision = engine.decide(&flow).unwrap();
        let Judged::Sides(sides) = &decision.judged else { panic!("no Service here") };
        assert_eq!(vector["verdict"], json!(decision.verdict), "{vector}");
        assert_eq!(vector["ingress"], json!(sides.ingress.verdict), "{vector}");
        verdicts.insert(vector["verdict"].as_str().unwrap());
        let of = |name: &str| match name {
            "default/web" => json!("10.0.0.7"),
            "default/db" => json!("10.0.1.3"),
            _ => panic!("no pod `{name}`"),
        };
        for end in [&vector["source"], &vector["destination"]] {
            if let Some(pod) = end["pod"].as_str() {
                assert_eq!(end["address"], of(pod));
            }
        }
    }
    assert!(verdicts.contains("allow") && verdicts.contains("deny"), "{verdicts:?}");
    let ports: BTreeSet<u64> = vectors.iter().filter_map(|vector| vector["port"].as_u64()).collect();
    assert!(ports.is_superset(&BTreeSet::from([6379, 6380])), "the port of the rule and the one beside it: {ports:?}");
}

/// What stands behind a load balancer's address and a nodePort: where it is sent to, and as whom it may come.
const FACES: &str = r#"
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.9
  selector: {role: db}
  ports: [{port: 80, targetPort: 6379, nodePort: 30080}]
status: {loadBalancer: {ingress: [{ip: 203.0.113.60}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: jobs}
spec: {selector: {matchLabels: {role: jobs}}, template: {metadata: {labels: {role: jobs}}}}
"#;

#[test]
fn faces_and_what_cannot_be_sent_are_said() {
    let folder = Folder::new();
    let text = format!("{SHOP}{FACES}");
    let shop = folder.write("shop.yaml", &text);
    let vectors = vectors(netpol(["vectors", "--manifests", &shop]));
    let by = |face: &str| -> Vec<&Value> { vectors.iter().filter(|vector| vector["face"] == json!(face)).collect() };
    for (face, sent_to, port) in
        [("cluster-ip", "10.96.0.9", 80), ("address", "203.0.113.60", 80), ("node-port", "10.9.0.1", 30080)]
    {
        let found = by(face);
        assert!(!found.is_empty(), "{face}");
        for vector in found {
            assert_eq!((&vector["sent_to"], &vector["port"]), (&json!(sent_to), &json!(6379)), "{vector}");
            let flow: Flow = vector["flow"].as_str().unwrap().parse().unwrap();
            let tcp = netpol_oracle::L4::Port(netpol_oracle::Protocol::Tcp, netpol_oracle::Port::new(port).unwrap());
            assert_eq!(flow.l4, tcp, "{vector}");
        }
    }
    assert!(by("address").iter().all(|vector| vector["comes_from"] == json!("source-or-any-node")));
    let n1 = json!({"source-or-node": {"node": "n1", "address": "10.9.0.1"}});
    assert!(by("node-port").iter().all(|vector| vector["comes_from"] == n1));
    for vector in &vectors {
        let is_workload = [&vector["source"], &vector["destination"]].iter().any(|end| end.get("workload").is_some());
        assert_eq!(vector.get("obstacle"), is_workload.then(|| &vector["obstacle"]), "{vector}");
        assert!(!is_workload || vector["obstacle"] == json!("workload"), "{vector}");
    }
    assert!(vectors.iter().any(|vector| vector["obstacle"] == json!("workload")));
}

#[test]
fn a_budget_bounds_them() {
    let all = vectors(netpol(["vectors", "--pods", "20", "--seed", "1"])).len();
    let some = vectors(netpol(["vectors", "--pods", "20", "--seed", "1", "--budget", "30"])).len();
    // A flow to a Service is a vector for each backend.
    assert!((30..all).contains(&some), "{some} of {all}");
}

#[test]
fn wrong_arguments() {
    let folder = Folder::new();
    netpol(["vectors"]).refused("--manifests");
    netpol(["vectors", "--pods", "3", "--manifests", "."]).refused("cannot be used with");
    let missing = folder.file("missing.yaml");
    netpol(["vectors", "--manifests", &missing]).refused(&format!("error: {missing}: "));
    netpol(["vectors", "--pods", "3", "--profile", "cn2"]).refused("error: --profile: model `cn2` needs a version");
}
