//! Hostile input: nothing panics, hangs or grows without bound, and each fault is reported.
//!
//! Every test reads on a thread with a stack of 2 MiB and has a time limit far above what it needs.

use netpol_oracle::diagnostic::{Code, Severity};
use netpol_oracle::manifest::Loaded;
use netpol_oracle::model::{Peer, Peers};
use netpol_oracle::{Direction, Loader, Release};
use netpol_test_support::bounded;
use serde_json::json;

fn load(seconds: u64, name: &'static str, text: impl Into<Vec<u8>>) -> Loaded {
    let text = text.into();
    bounded(seconds, move || Loader::new(Release::DEFAULT).text(name, text).finish())
}

/// Code, document and line of every finding.
fn found(loaded: &Loaded) -> Vec<(Code, usize, Option<usize>)> {
    let place = |found: &netpol_oracle::diagnostic::Diagnostic| {
        let location = found.location.as_ref().unwrap();
        (found.code, location.document, location.line)
    };
    loaded.diagnostics.iter().map(place).collect()
}

/// The single fault of a single document.
fn fault(name: &'static str, text: impl Into<Vec<u8>>) -> (Code, String) {
    let loaded = load(20, name, text);
    assert_eq!((loaded.objects.len(), loaded.diagnostics.len()), (1, 1));
    (loaded.diagnostics[0].code, loaded.diagnostics[0].message.clone())
}

const GOOD: &str = "\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: good}\n";

#[test]
fn alias_bombs_are_cut_off() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let inner = level - 1;
        bomb += &format!(
            "a{level}: &a{level} [*a{inner}, *a{inner}, *a{inner}, *a{inner}, *a{inner}, *a{inner}, *a{inner}]\n"
        );
    }
    let loaded = load(20, "bomb.yaml", bomb + GOOD);
    assert_eq!(found(&loaded), [(Code::Limit, 0, Some(3))]);
    assert_eq!(loaded.diagnostics[0].message, "aliases repeat too much of the document");
    assert_eq!(loaded.cluster.pods().len(), 1);
}

#[test]
fn an_alias_bomb_of_long_texts_is_cut_off() {
    let bomb = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(1_000));
    let (code, message) = fault("a.yaml", bomb);
    assert_eq!((code, message.as_str()), (Code::Limit, "aliases repeat more than 64 MiB of text"));
}

#[test]
fn an_alias_bomb_of_merge_keys_is_cut_off() {
    let mut bomb = "a0: &a0 {k0: v, k1: v, k2: v, k3: v}\n".to_owned();
    for level in 1..40 {
        let inner = level - 1;
        bomb += &format!("a{level}: &a{level} {{<<: [*a{inner}, *a{inner}, *a{inner}]}}\n");
    }
    let (code, message) = fault("a.yaml", bomb);
    assert_eq!((code, message.as_str()), (Code::Limit, "aliases repeat too much of the document"));
}

#[test]
fn deep_nesting_is_cut_off() {
    let n = 100_000;
    let mut block = String::new();
    for depth in 0..3_000 {
        block += &format!("{}a:\n", " ".repeat(depth));
    }
    let texts = [
        "[".repeat(n),
        "{".repeat(n),
        "[".repeat(n) + &"]".repeat(n),
        "{a: ".repeat(n),
        "[{a: ".repeat(n),
        "- ".repeat(n),
        "? ".repeat(n),
        "[[a]: ".repeat(n),
        block,
    ];
    for text in texts {
        let (code, message) = fault("a.yaml", text);
        assert_eq!(code, Code::Limit, "{message}");
    }
    for text in ["[".repeat(n), "{\"a\":".repeat(n), "[".repeat(n) + &"]".repeat(n), "[{\"a\":".repeat(n)] {
        let (code, message) = fault("a.json", text);
        assert_eq!((code, message.as_str()), (Code::Limit, "nested deeper than 1000 levels"));
    }
    let loaded = load(20, "deep.yaml", "- ".repeat(n) + GOOD);
    assert_eq!(found(&loaded), [(Code::Limit, 0, Some(1))]);
    assert_eq!(loaded.cluster.pods().len(), 1);
}

#[test]
fn a_deep_object_is_refused() {
    bounded(20, || {
        let mut value = json!(1);
        for _ in 0..1_500 {
            // Not by `json!`: it walks what it is given.
            value = serde_json::Value::Array(vec![value]);
        }
        let loaded = Loader::new(Release::DEFAULT).object("deep", &value).finish();
        assert_eq!(found(&loaded), [(Code::Limit, 0, None)]);
        assert_eq!(loaded.diagnostics[0].message, "the object nests deeper than 1000 levels");
    });
}

#[test]
fn invalid_utf8_costs_one_document() {
    let mut text = b"a: b\nc: \xff\n".to_vec();
    text.extend(GOOD.as_bytes());
    let loaded = load(5, "bytes.yaml", text);
    assert_eq!(found(&loaded), [(Code::Syntax, 0, Some(2))]);
    assert_eq!(loaded.diagnostics[0].message, "the text is not valid UTF-8");
    assert_eq!(loaded.cluster.pods().len(), 1);
    // JSON replaces it, and the label value is refused.
    let text =
        b"{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"labels\": {\"a\": \"\xff\"}}}";
    let loaded = load(5, "bytes.json", text.to_vec());
    assert_eq!(found(&loaded), [(Code::FieldValue, 0, Some(1))]);
    assert!(loaded.diagnostics[0].message.starts_with("`\u{FFFD}` is no label value"));
}

#[test]
fn fifty_megabytes_of_noise_are_read_through() {
    let mut state = 1u64;
    let noise: Vec<u8> = (0..50 << 20)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    let printable: Vec<u8> = noise.iter().map(|byte| b' ' + byte % 94).collect();
    let lines: Vec<u8> =
        noise.iter().map(|byte| b"\n -:[]{},'\"#&*!|>%@`?abcxyz012"[usize::from(*byte) % 30]).collect();
    for text in [noise, printable, lines] {
        for name in ["noise.yaml", "noise.json", "noise"] {
            let loaded = load(60, name, text.clone());
            assert!(!loaded.diagnostics.is_empty());
            assert!(loaded.diagnostics.iter().all(|found| found.code == Code::Syntax));
            assert!(loaded.cluster.pods().is_empty());
        }
    }
}

#[test]
fn a_policy_of_ten_thousand_rules_loads() {
    let mut text =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  ingress:\n"
            .to_owned();
    for rule in 0..10_000 {
        text += &format!(
            "  - from: [{{ipBlock: {{cidr: 10.{}.{}.0/24}}}}]\n    ports: [{{port: {}}}]\n",
            rule / 256,
            rule % 256,
            rule + 1
        );
    }
    let loaded = load(20, "p.yaml", text);
    assert_eq!(found(&loaded), []);
    assert_eq!(loaded.cluster.policies().first().unwrap().rules(Direction::Ingress).len(), 10_000);
}

#[test]
fn a_policy_of_ten_thousand_faults_reports_them() {
    let mut text =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  ingress:\n"
            .to_owned();
    text += &"  - ports: [{port: 0}]\n".repeat(10_000);
    let loaded = load(20, "p.yaml", text);
    assert_eq!(loaded.diagnostics.len(), 10_000);
    assert!(loaded.diagnostics.iter().all(|found| found.code == Code::Invalid));
    assert!(loaded.cluster.policies().is_empty());
}

#[test]
fn faults_beyond_a_thousand_are_counted() {
    let ports = "{containerPort: 0}, ".repeat(5_000);
    let loaded = load(
        20,
        "p.yaml",
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{ports: [{ports}]}}]}}\n"),
    );
    assert_eq!(loaded.diagnostics.len(), 1_001);
    let last = loaded.diagnostics.last().unwrap();
    assert_eq!((last.code, last.message.as_str()), (Code::Limit, "4000 more faults are not listed"));
}

#[test]
fn huge_label_values_are_refused_shortly() {
    let huge = "x".repeat(10 << 20);
    let loaded =
        load(20, "p.yaml", format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{a: {huge}}}}}{GOOD}"));
    assert_eq!(found(&loaded), [(Code::FieldValue, 0, Some(3))]);
    assert!(loaded.diagnostics[0].message.len() < 400);
    assert_eq!(loaded.cluster.pods().len(), 1);
}

#[test]
fn edge_values_of_a_policy() {
    let policy = |rule: &str| {
        let text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\n\
             spec: {{podSelector: {{}}, ingress: [{rule}]}}\n"
        );
        Loader::new(Release::DEFAULT).text("p.yaml", text).finish()
    };
    let zero = policy("{ports: [{port: 0}]}");
    assert_eq!(found(&zero), [(Code::Invalid, 0, Some(4))]);
    for (cidr, shown) in [("0.0.0.0/0", "0.0.0.0/0"), ("::/0", "::/0"), ("::ffff:10.0.0.0/104", "10.0.0.0/8")] {
        let loaded = policy(&format!("{{from: [{{ipBlock: {{cidr: '{cidr}'}}}}]}}"));
        assert!(loaded.diagnostics.iter().all(|found| found.severity == Severity::Warning));
        let Peers::Of(peers) = &loaded.cluster.policies().first().unwrap().rules(Direction::Ingress)[0].peers else {
            panic!("{cidr}: no peers");
        };
        let Peer::IpBlock(block) = &peers[0] else { panic!("{cidr}: no block") };
        assert_eq!(block.cidr().to_string(), shown);
    }
}

#[test]
fn duplicate_objects_and_mapped_addresses() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nstatus: {podIP: '::ffff:10.0.0.1'}\n---\n";
    let loaded = load(20, "p.yaml", pod.repeat(1_000));
    assert_eq!(loaded.cluster.pods().len(), 1);
    assert_eq!(loaded.cluster.pods().first().unwrap().addresses[0].to_string(), "10.0.0.1");
    assert_eq!(loaded.diagnostics.len(), 999);
    assert!(loaded.diagnostics.iter().all(|found| found.code == Code::DuplicateObject));
}

#[test]
fn a_list_of_lists_is_bounded() {
    let mut list = "{\"kind\": \"Pod\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"a\"}}".to_owned();
    for _ in 0..400 {
        list = format!("{{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{list}]}}");
    }
    let loaded = load(20, "l.json", list);
    assert_eq!(found(&loaded), []);
    assert_eq!(loaded.cluster.pods().len(), 1);
}

#[test]
fn ten_million_values_are_the_bound() {
    let (code, message) = fault("a.json", format!("[{}1]", "1,".repeat(10_000_000)));
    assert_eq!((code, message.as_str()), (Code::Limit, "more than 10000000 values"));
}
