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
