//! `netpol review`.

use serde_json::{Value, json};

use crate::support::{Folder, SHOP, netpol};

/// A port that is none, on line 5.
const BAD: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: bad}\n\
                   spec: {podSelector: {}, ingress: [{ports: [\n  {port: 70000}]}]}\n";
/// A range of ports, which some clusters do not enforce.
const RANGE: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: range}\n\
                     spec: {podSelector: {matchLabels: {role: db}}, ingress: [{ports: [{port: 80, endPort: 90}]}]}\n";

#[test]
fn what_is_good_is_counted() {
    let folder = Folder::new();
    let shop = folder.write("shop.yaml", SHOP);
    let run = netpol(["review", "--manifests", &shop]).with_code(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("3 objects, 0 errors, 0 warnings\n", ""));
}

#[test]
fn what_is_bad_is_said_with_its_line() {
    let folder = Folder::new();
    let bad = folder.write("bad.yaml", BAD);
    let run = netpol(["review", "--manifests", &bad]).with_code(1);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.out);
    assert!(lines[0].starts_with(&format!("{bad}:5")), "{}", lines[0]);
    assert!(lines[0].contains("must be between 1 and 65535"), "{}", lines[0]);
    assert_eq!(lines[1], "1 object, 1 error, 0 warnings");
}

#[test]
fn json_has_every_object() {
    let folder = Folder::new();
    let (bad, shop) = (folder.write("a.yaml", BAD), folder.write("b.yaml", SHOP));
    let run = netpol(["review", "--manifests", &bad, &shop, "--output", "json"]).with_code(1);
    let objects: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<(&Value, &Value)> = objects.iter().map(|object| (&object["name"], &object["accepted"])).collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(names, [(&json!("bad"), &no), (&json!("web"), &yes), (&json!("db"), &yes), (&json!("db"), &yes)]);
    assert_eq!(objects[0]["diagnostics"][0]["line"], json!(5));
}

#[test]
fn a_profile_says_what_its_cluster_would_not_do() {
    let folder = Folder::new();
    let range = folder.write("range.yaml", RANGE);
    let shop = folder.write("shop.yaml", SHOP);
    let upstream = netpol(["review", "--manifests", &range, &shop]).with_code(0);
    assert!(!upstream.out.contains("NP2"), "{}", upstream.out);
    let vendor = netpol(["review", "--manifests", &range, &shop, "--profile", "tunnel:v1.31.6-r0"]);
    assert!(vendor.out.contains("[NP2") && vendor.out.contains("endPort"), "{}", vendor.out);
}

/// Without a profile too: the cluster is then any that runs Kubernetes, as the files have it.
#[test]
fn what_a_selector_does_not_meet_is_said() {
    let folder = Folder::new();
    let shop = folder.write("shop.yaml", SHOP);
    let lost = folder.write("lost.yaml", RANGE.replace("role: db", "role: cache"));
    let run = netpol(["review", "--manifests", &lost, &shop]).with_code(0);
    assert!(run.out.contains("warning[NP222]"), "{}", run.out);
    assert!(run.out.ends_with("4 objects, 0 errors, 1 warning\n"), "{}", run.out);
    let alone = netpol(["review", "--manifests", &lost, &shop, "--no-cluster-checks"]).with_code(0);
    assert_eq!(alone.out, "4 objects, 0 errors, 0 warnings\n");
    let newer = netpol(["review", "--manifests", &lost, &shop, "--kubernetes", "1.37"]).with_code(0);
    assert!(newer.out.contains("warning[NP222]"), "{}", newer.out);
    netpol(["review", "--manifests", &lost, "--no-cluster-checks", "--profile", "kubernetes"])
        .refused("cannot be used");
}

/// What can go is said at its line, and no error; what could go on this cluster alone, where somebody asks.
#[test]
fn what_is_said_in_vain() {
    let folder = Folder::new();
    let more = "\n  - {from: [{podSelector: {matchLabels: {tier: front}}}], ports: [{port: 6379}, {port: 6379}]}\n\
                \x20 - {from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 6379}]}\n";
    let shop = SHOP
        .replace(" [{ports: [{port: 6379}]}]", more)
        .replace("{name: web}", "{name: web, labels: {app: web, tier: front}}");
    let shop = folder.write("shop.yaml", shop);
    let run = netpol(["review", "--manifests", &shop]).with_code(0);
    let line = "warning[NP302]: spec.ingress[0].ports[1]: the ports of this entry are admitted by `spec.ingress[0].ports[0]` too \
                (help: remove the entry)";
    assert_eq!(run.out, format!("{shop}:20 (document 2): {line}\n3 objects, 0 errors, 1 warning\n"));
    let here = netpol(["review", "--manifests", &shop, "--lints", "cluster"]).with_code(0);
    assert!(here.out.contains(line) && here.out.ends_with("3 objects, 0 errors, 2 warnings\n"), "{}", here.out);
    let idle = "shop.yaml:21 (document 2): warning[NP313]: spec.ingress[1]: in this cluster, as it is, whatever the rule admits \
                is admitted by `spec.ingress[0].from[0]` too (help: remove the rule)";
    assert!(here.out.contains(idle), "{}", here.out);
    netpol(["review", "--manifests", &shop, "--lints", "cluster", "--no-cluster-checks"]).refused("cannot be used");
}

#[test]
fn strict_refuses_what_the_server_would_drop() {
    let folder = Folder::new();
    for (name, field) in [("unknown.yaml", "  podselector: {}\n"), ("twice.yaml", "  podSelector: {}\n")] {
        let file = folder.write(name, SHOP.replace("  podSelector:", &format!("{field}  podSelector:")));
        let lenient = netpol(["review", "--manifests", &file]).with_code(0);
        assert!(lenient.out.ends_with("3 objects, 0 errors, 1 warning\n"), "{}", lenient.out);
        let strict = netpol(["review", "--manifests", &file, "--strict"]).with_code(1);
        assert!(strict.out.ends_with("3 objects, 1 error, 0 warnings\n"), "{}", strict.out);
        let posted = netpol(["review", "--manifests", &file, "--strict", "--as", "networkpolicies"]).with_code(1);
        assert!(!posted.out.contains("warning["), "{}", posted.out);
    }
}

#[test]
fn documents_can_be_judged_as_posted() {
    let folder = Folder::new();
    let pod = folder.write("pod.yaml", SHOP.split("---").next().unwrap());
    netpol(["review", "--manifests", &pod]).with_code(0);
    let posted = netpol(["review", "--manifests", &pod, "--as", "networkpolicies"]).with_code(1);
    assert!(posted.out.contains("Pod"), "{}", posted.out);
    let two = folder.write("two.json", "{} {}");
    let posted = netpol(["review", "--manifests", &two, "--as", "networkpolicies"]).with_code(1);
    assert!(posted.out.contains("there is something after the JSON value"), "{}", posted.out);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_the_rest_is_reviewed() {
    let folder = Folder::new();
    let (shop, missing) = (folder.write("shop.yaml", SHOP), folder.file("missing.yaml"));
    let run = netpol(["review", "--manifests", &missing, &shop]).with_code(1);
    assert_eq!(run.out, "3 objects, 0 errors, 0 warnings\n");
    assert!(run.err.starts_with(&format!("error: {missing}: ")), "{}", run.err);
}

#[test]
fn wrong_arguments() {
    netpol(["review"]).refused("--manifests");
    netpol(["review", "--manifests", ".", "--kubernetes", "1.x"]).refused("--kubernetes");
    netpol(["review", "--manifests", ".", "--profile", "vpc"]).refused("error: --profile: model `vpc` needs a version");
}

/// What an entry says too whose neighbour lost a field may be all that is left once that is mended: nothing is told to go.
#[test]
fn nothing_is_superfluous_beside_an_unknown_field() {
    let policy = |name: &str, ports: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\nspec: {{podSelector: {{}}, ingress: \
             [{{from: [{{podSelector: {{}}}}], ports: {ports}}}]}}\n---\n"
        )
    };
    let said = |text: String| {
        let folder = Folder::new();
        netpol(["review", "--manifests", &folder.write("p.yaml", text)]).with_code(0).out
    };
    let mistyped = policy("a", "[{port: 5432}, {targetPort: 8080}]");
    let found = said(mistyped.clone());
    assert!(found.contains("[NP110]") && !found.contains("[NP3"), "{found}");
    // Nor beside another policy of the namespace that has one.
    let doubled = policy("b", "[{port: 5432}, {port: 5432}]");
    assert!(said(doubled.clone()).contains("[NP302]"));
    assert!(!said(doubled + &mistyped).contains("[NP3"));
}

/// What says as much is named, and no entry by itself.
#[test]
fn what_says_as_much_is_another_entry() {
    let folder = Folder::new();
    let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {}\n  ingress:\n  - \
                from: [{podSelector: {matchLabels: {app: a}}}, {podSelector: {matchLabels: {app: a}}}]\n    ports: [{port: 80}, \
                {port: 70, endPort: 90}]\n";
    let run = netpol(["review", "--manifests", &folder.write("p.yaml", text)]).with_code(0);
    for (code, expected) in [
        ("NP301", "spec.ingress[0].from[1]: whoever this admits is admitted by `spec.ingress[0].from[0]` too"),
        ("NP302", "spec.ingress[0].ports[0]: the ports of this entry are admitted by `spec.ingress[0].ports[1]` too"),
    ] {
        let found = run.out.lines().find(|line| line.contains(code)).unwrap_or_default();
        assert!(found.contains(expected), "{}", run.out);
    }
}

/// At the line of its name, wherever its value stands.
#[test]
fn findings_stand_at_the_line_of_the_field() {
    let folder = Folder::new();
    let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {}\n  policyTypes:\n  - \
                Ingress\n  - Ingress\n  - Ingress\n";
    let lists = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {}\n  ingress:\n    \
                 from: []\n";
    let cidr = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {}\n  ingress:\n  - \
                from:\n    - ipBlock:\n        cidr:\n          10.0.0.0\n";
    for (text, line) in [(text, 6), (lists, 6), (cidr, 9)] {
        let file = folder.write("p.yaml", text);
        let run = netpol(["review", "--manifests", &file]).with_code(1);
        assert!(run.out.starts_with(&format!("{file}:{line} ")), "{}", run.out);
    }
}
