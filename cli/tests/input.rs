//! Manifests as people have them: standard input, links, mounts, charts, kustomizations.

use crate::support::{Folder, SHOP, netpol, netpol_reading};

const SHUT: &str = "default/web -> default/db:6380/tcp";
const DENIED: &str = "default/web -> default/db:6380/tcp: deny\n";

#[test]
fn standard_input() {
    let run = netpol_reading(["decide", "--manifests", "-", "--flow", SHUT], SHOP).with_code(0);
    assert!(run.out.starts_with(DENIED), "{}", run.out);
    let review = netpol_reading(["review", "--manifests", "-"], "kind: [").with_code(1);
    assert!(review.out.starts_with("standard input:1 "), "{}", review.out);
    netpol_reading(["decide", "--manifests", "-", "--flow", SHUT], "\n").refused("standard input: nothing came");
    netpol_reading(["decide", "--manifests", "-", "--flows", "-"], SHOP).refused("cannot both be standard input");
}

#[test]
fn endings_in_any_case() {
    let folder = Folder::new();
    for (name, document) in ["a.YAML", "b.Yml", "c.yaml"].iter().zip(SHOP.split("---")) {
        folder.write(&format!("k8s/{name}"), document);
    }
    folder.write("k8s/d.JSON", r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}"#);
    let run = netpol(["review", "--manifests", &folder.file("k8s")]).with_code(0);
    assert_eq!(run.out, "4 objects, 0 errors, 0 warnings\n");
}

/// An answer about nothing is worse than none.
#[test]
fn an_empty_folder_is_an_error() {
    let folder = Folder::new();
    folder.write("notes/readme.txt", "");
    let (notes, shop) = (folder.file("notes"), folder.write("shop.yaml", SHOP));
    let said = format!("error: {notes}: no .yaml, .yml or .json file is in it");
    netpol(["decide", "--manifests", &notes, "--flow", "192.0.2.1 -> 192.0.2.2:1/tcp"]).refused(&said);
    let run = netpol(["decide", "--manifests", &notes, &shop, "--flow", SHUT]).with_code(0);
    assert!(run.err.starts_with(&said) && run.out.starts_with(DENIED), "{run:?}");
    let run = netpol(["review", "--manifests", &notes]).with_code(1);
    assert!(run.err.starts_with(&said), "{}", run.err);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn are_followed_and_what_is_reached_twice_is_read_once() {
        let folder = Folder::new();
        folder.write("elsewhere/shop/all.yaml", SHOP);
        folder.write("k8s/none.txt", "");
        symlink(folder.file("elsewhere/shop"), folder.file("k8s/shop")).unwrap();
        symlink(folder.file("elsewhere/shop/all.yaml"), folder.file("k8s/current.yaml")).unwrap();
        let run = netpol(["review", "--manifests", &folder.file("k8s")]).with_code(0);
        assert_eq!((run.out.as_str(), run.err.as_str()), ("3 objects, 0 errors, 0 warnings\n", ""));
    }

    #[test]
    fn that_lead_back_or_nowhere_are_errors_with_their_paths() {
        let folder = Folder::new();
        folder.write("k8s/shop.yaml", SHOP);
        folder.write("k8s/deep/none.txt", "");
        symlink(folder.file("k8s"), folder.file("k8s/deep/up")).unwrap();
        symlink(folder.file("gone.yaml"), folder.file("k8s/lost.yaml")).unwrap();
        symlink(folder.file("k8s/self.yaml"), folder.file("k8s/self.yaml")).unwrap();
        let run = netpol(["review", "--manifests", &folder.file("k8s")]).with_code(1);
        assert_eq!(run.out, "3 objects, 0 errors, 0 warnings\n");
        let said: Vec<&str> = run.err.lines().collect();
        assert_eq!(said.len(), 3, "{}", run.err);
        for (line, (path, why)) in said.iter().zip([
            ("k8s/deep/up", "the link leads back to a folder that it is in"),
            ("k8s/lost.yaml", "the link leads nowhere"),
            ("k8s/self.yaml", "the link leads nowhere"),
        ]) {
            assert!(line.starts_with(&format!("error: {}: {why}", folder.file(path))), "{line}");
        }
    }

    #[test]
    fn of_a_mounted_config_map_are_read_once() {
        let folder = Folder::new();
        let shop = SHOP.replace("port: 6379", "port: 70000");
        folder.write("mount/..2024_11_28_10_00_00.1/shop.yaml", &shop);
        symlink("..2024_11_28_10_00_00.1", folder.file("mount/..data")).unwrap();
        symlink("..data/shop.yaml", folder.file("mount/shop.yaml")).unwrap();
        let run = netpol(["review", "--manifests", &folder.file("mount")]).with_code(1);
        assert!(run.out.starts_with(&folder.file("mount/shop.yaml")), "{}", run.out);
        assert!(run.out.ends_with("\n3 objects, 1 error, 0 warnings\n"), "{}", run.out);
    }
}

/// Pods and policies go there, and what has a namespace or needs none stays.
#[test]
fn objects_without_a_namespace_go_where_one_says() {
    let folder = Folder::new();
    let other = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: v1\nkind: Pod\n\
                 metadata: {name: far, namespace: other}\nspec: {}\nstatus: {phase: Running, podIP: 10.0.2.1}\n";
    let shop = folder.write("shop.yaml", format!("{SHOP}{other}"));
    let flows = ["shop/web -> shop/db:6379/tcp", "shop/web -> shop/db:6380/tcp", "other/far -> shop/db:6379/tcp"];
    let [open, shut, far] = flows;
    let run = netpol(["decide", "--manifests", &shop, "-n", "shop", "--flow", open, shut, far, "--output", "table"]);
    let run = run.with_code(0);
    let verdicts: Vec<&str> = run.out.lines().filter_map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(verdicts[..3], ["allow", "deny", "allow"], "{}", run.out);
    assert!(!run.out.contains("namespace `shop`"), "{}", run.out);
    let review = netpol(["review", "--manifests", &shop, "--namespace", "shop", "--output", "json"]).with_code(0);
    let count = |text: &str| review.out.matches(text).count();
    assert_eq!((count(r#""namespace":"shop""#), count(r#""namespace":"other""#)), (3, 1), "{}", review.out);
    netpol(["review", "--manifests", &shop, "-n", "shop", "--as", "networkpolicies"]).refused("cannot be used with");
}

const TEMPLATE: &str = "{{- if .Values.on }}\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  \
                        name: {{ include \"app.name\" . }}\nspec: {podSelector: {}}\n{{- end }}\n";

#[test]
fn helm_templates_are_to_be_rendered() {
    let folder = Folder::new();
    let template = folder.write("np.yaml", TEMPLATE);
    let said = format!("error: {template}: a Helm template: render it (`helm template`) and load the result\n");
    let review = netpol(["review", "--manifests", &template]).with_code(1);
    assert_eq!((review.out.as_str(), review.err.as_str()), ("0 objects, 0 errors, 0 warnings\n", said.as_str()));
    netpol(["decide", "--manifests", &template, "--flow", SHUT]).refused(&said);

    // A chart is one line, whatever its templates look like; what needs no rendering is read.
    folder.write("chart/Chart.yaml", "apiVersion: v2\nname: shop\n");
    folder.write("chart/values.yaml", "on: true\n");
    folder.write("chart/templates/a.yaml", TEMPLATE);
    folder.write("chart/templates/b.yaml", "kind: NetworkPolicy\nmetadata: {name: \"{{ .Release.Name }}\"}\n");
    folder.write("chart/charts/db/Chart.yaml", "apiVersion: v2\nname: db\n");
    folder.write("chart/crds/shop.yaml", SHOP);
    let run = netpol(["review", "--manifests", &folder.file("chart")]).with_code(1);
    let chart = folder.file("chart");
    assert_eq!(run.out, "3 objects, 0 errors, 0 warnings\n");
    assert_eq!(run.err, format!("error: {chart}: a Helm chart: render it (`helm template`) and load the result\n"));

    // Nor are names in quotes.
    let quoted = folder.write("quoted.yaml", "kind: NetworkPolicy\nmetadata: {name: \"{{ .Release.Name }}\"}\n");
    let run = netpol(["review", "--manifests", &quoted]).with_code(1);
    assert_eq!(run.err, format!("error: {quoted}: a Helm template: render it (`helm template`) and load the result\n"));

    // Braces in a text that is YAML are nobody's template; nor is what is wrong without them.
    let alert = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {text: '{{ $labels.pod }}'}\n";
    let alert = folder.write("alert.yaml", alert);
    netpol(["review", "--manifests", &alert]).with_code(0);
    let run = netpol(["review", "--manifests", &folder.write("bad.yaml", "a: {{}\n")]).with_code(1);
    assert!(run.out.contains("error[NP001]") && run.err.is_empty(), "{run:?}");
}

#[test]
fn kustomizations_are_to_be_built() {
    let folder = Folder::new();
    folder.write("base/policy.yaml", SHOP);
    folder
        .write("base/kustomization.yaml", "namespace: shop\nresources: [policy.yaml]\npatches: [{path: patch.yaml}]\n");
    folder.write("base/patch.yaml", "- {op: add, path: /spec/policyTypes, value: [Ingress]}\n");
    let said = |rest: &str| {
        let path = folder.file("base/kustomization.yaml");
        format!(
            "note: skipped {rest} ({path}): build it (`kustomize build` or `kubectl kustomize`) and load the result\n"
        )
    };
    let (base, one) = (folder.file("base"), said("1 kustomization and 1 patch"));
    let review = netpol(["review", "--manifests", &base]).with_code(0);
    assert_eq!((review.out.as_str(), review.err.as_str()), ("3 objects, 0 errors, 0 warnings\n", one.as_str()));
    let flow = "shop/web -> shop/db:6380/tcp";
    let decide = netpol(["decide", "--manifests", &base, "-n", "shop", "--flow", flow]).with_code(0);
    assert!(decide.out.starts_with(&format!("{flow}: deny\n")), "{}", decide.out);
    assert_eq!(decide.err, one);

    // Patches that look like objects, in a kustomization without an ending.
    folder.write("over/Kustomization", "resources: [../base]\npatchesStrategicMerge: [fix.yaml]\n");
    folder.write("over/fix.yaml", SHOP.replace("port: 6379", "port: 6380"));
    let review = netpol(["review", "--manifests", &base, &folder.file("over")]).with_code(0);
    assert_eq!(review.out, "3 objects, 0 errors, 0 warnings\n");
    assert!(review.err.starts_with("note: skipped 2 kustomizations and 2 patches ("), "{}", review.err);
}

/// As Windows writes them.
#[test]
fn json_may_begin_with_a_byte_order_mark() {
    let folder = Folder::new();
    let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {}}"#;
    let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(pod.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [("a.json", format!("\u{feff}{pod}").into_bytes()), ("b.json", utf16)] {
        let file = folder.write(name, bytes);
        let run = netpol(["review", "--manifests", &file]).with_code(0);
        assert_eq!(run.out, "1 object, 0 errors, 0 warnings\n", "{name}");
    }
}
