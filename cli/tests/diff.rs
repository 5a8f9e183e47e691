//! `netpol diff`.

use serde_json::{Value, json};

use crate::support::{Folder, SHOP, netpol};

/// Shuts the shop's database but for monitoring.
const SHUT: &str = r#"
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-out, namespace: default}
spec: {podSelector: {matchLabels: {role: web}}, policyTypes: [Egress]}
"#;

const EXTRA: &str = r#"
---
apiVersion: v1
kind: Pod
metadata: {name: extra, namespace: default, labels: {role: web}}
spec: {containers: []}
"#;

#[test]
fn what_closes_is_listed_with_a_witness() {
    let folder = Folder::new();
    let before = folder.write("before.yaml", format!("{SHOP}{EXTRA}"));
    let after = folder.write("after.yaml", format!("{SHOP}{EXTRA}{SHUT}"));
    let run = netpol(["diff", "--before", &before, "--after", &after, "--output", "json", "--by", "pod"]).with_code(1);
    let lines: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let closed = lines.iter().find(|line| line["destination"] == json!({"pods": ["default/db"]})).unwrap();
    assert_eq!(closed["source"], json!({"pods": ["default/extra"]}), "{closed}");
    assert_eq!((&closed["before"], &closed["after"]), (&json!("allow"), &json!("deny")));
    assert_eq!(
        (&closed["ports"], &closed["witness"]),
        (&json!(["6379/tcp"]), &json!("default/extra -> default/db:6379/tcp"))
    );
    let text = netpol(["diff", "--before", &before, "--after", &after]).with_code(1).out;
    assert!(text.starts_with("SOURCE "), "{text}");
    // The same the other way round.
    let back = netpol(["diff", "--before", &after, "--after", &before, "--output", "json", "--by", "pod"]).with_code(1);
    assert_eq!(back.out.lines().count(), lines.len());
    assert!(back.out.contains("\"before\":\"deny\",\"after\":\"allow\""), "{}", back.out);
}

#[test]
fn nothing_differs_or_somebody_comes() {
    let folder = Folder::new();
    let before = folder.write("before.yaml", SHOP);
    let after = folder.write("after.yaml", format!("{SHOP}{EXTRA}"));
    let same = netpol(["diff", "--before", &before, "--after", &before]).with_code(0);
    assert_eq!(same.out, "");
    assert!(same.err.contains("note: namespace `default` was not loaded"), "{}", same.err);
    assert!(same.err.contains("no connection differs"), "{}", same.err);
    let come = netpol(["diff", "--before", &before, "--after", &after]).with_code(1);
    assert!(come.err.contains("after alone: default/extra"), "{}", come.err);
    let both = netpol(["diff", "--before", "-", "--after", "-"]).with_code(2);
    assert!(both.err.contains("standard input"), "{}", both.err);
}

#[test]
fn another_profile_afterwards() {
    let scenes = concat!(env!("CARGO_MANIFEST_DIR"), "/scenes");
    let run = netpol([
        "diff",
        "--before",
        scenes,
        "--after",
        scenes,
        "--after-profile",
        "tunnel:v1.31.6-r0",
        "--output",
        "csv",
    ]);
    assert!(run.with_code(1).out.starts_with("source,destination,ports,before,after,witness\n"));
}

/// A Job stands for its pods whatever loose pods there are: its labels are none of theirs.
#[test]
fn jobs_are_ends_beside_loose_pods() {
    let folder = Folder::new();
    let job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: default}\nspec: {template: {spec: {containers: [{name: \
               c}]}}}\n";
    let shut = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: j, namespace: default}\nspec: {podSelector: \
                {matchLabels: {job-name: j}}, policyTypes: [Ingress]}\n";
    let before = folder.write("before.yaml", format!("{SHOP}{job}"));
    let after = folder.write("after.yaml", format!("{SHOP}{job}{shut}"));
    let run = netpol(["diff", "--before", &before, "--after", &after, "--output", "json"]).with_code(1);
    assert!(run.out.contains(r#""destination":{"workload":"default/job/j"}"#), "{}", run.out);
    let review = netpol(["review", "--manifests", &after]).with_code(0);
    assert!(!review.out.contains("NP222"), "{}", review.out);
}
