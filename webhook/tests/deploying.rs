//! The manifests that deploy the webhook: those of the folder, and those that are printed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use netpol_oracle::{Loader, Profile, Release, admission};
use netpol_webhook::watch::kinds::KINDS;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// Every YAML file, by its path below the folder.
fn files() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for name in ["base", "cert-manager", "by-hand"] {
        for entry in std::fs::read_dir(folder().join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                let own = path.file_name().unwrap().to_str().unwrap();
                all.push((format!("{name}/{own}"), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_netpol-webhook")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn find<'v>(all: &'v [Value], kind: &str) -> &'v Value {
    all.iter().find(|document| document["kind"] == kind).unwrap_or_else(|| panic!("a {kind}"))
}

fn arguments(all: &[Value]) -> Vec<String> {
    let args = &find(all, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"];
    serde_json::from_value(args.clone()).unwrap()
}

#[test]
fn each_file_is_objects_and_each_is_named_by_a_kustomization() {
    let mut named = BTreeSet::new();
    for (name, text) in files() {
        let all = documents(&text);
        assert!(!all.is_empty(), "{name}");
        assert!(
            all.iter().all(|document| document["apiVersion"].is_string() && document["kind"].is_string()),
            "{name}"
        );
        let Some(own) = name.strip_suffix("/kustomization.yaml") else { continue };
        let kustomization = &all[0];
        let resources = kustomization["resources"].as_array().unwrap().iter();
        let patches = kustomization["patches"].as_array().into_iter().flatten().map(|patch| &patch["path"]);
        for path in resources.chain(patches).map(|path| path.as_str().unwrap()) {
            assert!(folder().join(own).join(path).exists(), "{name}: {path}");
            named.insert(format!("{own}/{path}"));
        }
    }
    let files: BTreeSet<String> =
        files().into_iter().map(|(name, _)| name).filter(|name| !name.ends_with("kustomization.yaml")).collect();
    named.retain(|name| !name.ends_with("../base"));
    assert_eq!(named, files);
}

#[test]
fn our_own_review_has_nothing_to_say_of_them() {
    let mut loader = Loader::new(Release::DEFAULT);
    for (name, text) in files() {
        loader = loader.text(&name, text);
    }
    let loaded = loader.finish();
    let said: Vec<String> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(said, Vec::<String>::new());
    assert_eq!((loaded.cluster.services().len(), loaded.cluster.workloads().len()), (1, 1));
    let policy = loaded.cluster.policies().first().unwrap();
    for name in ["kubernetes", "tunnel:v1.31.6-r0", "vpc:v1.31.6-r0", "cn2:v1.31.6-r0"] {
        let profile: Profile = name.parse().unwrap();
        let found = admission::review(policy, &profile, &loaded.cluster);
        // What such a cluster does with every policy: it knows no addresses that can be limited, and exempts nodes.
        let of_the_cluster = ["NP211", "NP213"];
        let found: Vec<&str> =
            found.iter().map(|found| found.code.as_str()).filter(|code| !of_the_cluster.contains(code)).collect();
        assert_eq!(found, [""; 0], "{name}");
    }
}

#[test]
fn the_role_allows_what_is_watched_and_nothing_else() {
    let text = std::fs::read_to_string(folder().join("base/rbac.yaml")).unwrap();
    let all = documents(&text);
    let strings = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    let mut allowed = BTreeSet::new();
    for rule in find(&all, "ClusterRole")["rules"].as_array().unwrap() {
        assert_eq!(strings(&rule["verbs"]), ["list", "watch"]);
        for group in strings(&rule["apiGroups"]) {
            allowed.extend(strings(&rule["resources"]).into_iter().map(|resource| (group.clone(), resource)));
        }
    }
    let watched = KINDS.iter().map(|kind| (kind.group.to_owned(), kind.plural.to_owned())).collect();
    assert_eq!(allowed, watched);
}

#[test]
fn they_are_printed_with_the_flags_given() {
    let text = printed(&["--print-manifests"]);
    let all = documents(&text);
    let usual = ["--listen=0.0.0.0:8443", "--cert=/tls/tls.crt", "--key=/tls/tls.key", "--watch"];
    assert_eq!(arguments(&all), usual);
    let registration = find(&all, "ValidatingWebhookConfiguration");
    assert_eq!(registration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"], "netpol-oracle/webhook");
    assert_eq!(all.iter().filter(|document| document["kind"] == "Certificate").count(), 2);
    assert!(Loader::new(Release::DEFAULT).text("printed.yaml", &text).finish().diagnostics.is_empty());

    let profile = std::env::temp_dir().join(format!("netpol-oracle-profile-{}.yaml", std::process::id()));
    std::fs::write(&profile, "model: cn2\nversion: v1.31.6-r0\n").unwrap();
    let name = profile.display().to_string();
    let text = printed(&[
        "--watch",
        "--kubeconfig",
        "/home/me/config",
        "--profile",
        &name,
        "--deny",
        "NP201",
        "NP214",
        "--print-manifests=by-hand",
        "--time-limit=9",
        "--deny-impact",
        "opens-outside",
        "--image",
        "mine:2",
        "--drain=20",
    ]);
    std::fs::remove_file(&profile).unwrap();
    let all = documents(&text);
    let given = [
        "--deny",
        "NP201",
        "NP214",
        "--time-limit=9",
        "--deny-impact",
        "opens-outside",
        "--drain=20",
        "--profile=/config/profile.yaml",
    ];
    assert_eq!(arguments(&all), [&usual[..], &given[..]].concat());
    let pod = &find(&all, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], "mine:2");
    assert_eq!(pod["terminationGracePeriodSeconds"], 45);
    assert_eq!(pod["volumes"][1]["configMap"]["name"], find(&all, "ConfigMap")["metadata"]["name"]);
    assert_eq!(pod["containers"][0]["volumeMounts"][1]["name"], pod["volumes"][1]["name"]);
    assert_eq!(find(&all, "ConfigMap")["data"]["profile.yaml"], "model: cn2\nversion: v1.31.6-r0\n");
    let registration = find(&all, "ValidatingWebhookConfiguration");
    assert_eq!(registration["webhooks"][0]["timeoutSeconds"], 10);
    assert!(all.iter().all(|document| document["kind"] != "Certificate"));
}
