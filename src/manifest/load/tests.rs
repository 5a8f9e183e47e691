//! A text that is read item by item comes to what it does as a whole: the cluster, the diagnostics with their lines, the
//! records, in their order; however small the window is and in whatever pieces the text comes.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fastrand::Rng;
use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::manifest::write;

use super::intake::{Intake, Setting};
use super::{Loaded, Loader};
use crate::diagnostic::Code;
use crate::manifest::stream::{Window, read};
use crate::manifest::tree::{self, Hint};
use crate::release::Release;

fn setting() -> Setting {
    Setting { release: Release::DEFAULT, namespace: "default".into() }
}

fn load(intake: Intake) -> Loaded {
    let mut loader = Loader::new(Release::DEFAULT);
    loader.put(intake.finish());
    loader.finish()
}

fn whole(text: &[u8], hint: Hint) -> Loaded {
    let mut intake = Intake::new(&setting(), "text");
    tree::read(text, hint).into_iter().for_each(|document| intake.document(document));
    load(intake)
}

/// Gives a text in pieces of random sizes.
struct Pieces<'a> {
    text: &'a [u8],
    random: Rng,
    most: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.random.u8(..) < 20 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = self.random.usize(1..=self.most).min(into.len()).min(self.text.len());
        let (piece, rest) = self.text.split_at(len);
        into[..len].copy_from_slice(piece);
        self.text = rest;
        Ok(len)
    }
}

fn in_pieces(text: &[u8], hint: Hint, size: usize, most: usize) -> Loaded {
    let mut intake = Intake::new(&setting(), "text");
    let pieces = Pieces { text, random: Rng::with_seed(size as u64), most };
    read(Window::new(pieces, size), hint, &mut intake);
    load(intake)
}

/// Everything, line by line; clusters compare slowly as text.
fn shown(loaded: &Loaded) -> Vec<String> {
    let objects = loaded.objects.iter().map(|object| format!("{object:?}"));
    let skipped = loaded.skipped.iter().map(|skipped| format!("{skipped:?}"));
    loaded.diagnostics.iter().map(ToString::to_string).chain(objects).chain(skipped).collect()
}

/// What is refused only because it is too large to be read as a whole.
const TOO_LARGE: [&str; 3] = ["too large to be read", "before the list says what they are", "larger than 512 MiB"];

/// Whether it came to the same; false where the stream refuses it for its size alone.
fn agrees(text: &[u8], hint: Hint, size: usize, most: usize) -> bool {
    let streamed = in_pieces(text, hint, size, most);
    let is_refused = streamed
        .diagnostics
        .iter()
        .any(|found| found.code == Code::Limit && TOO_LARGE.iter().any(|words| found.message.contains(words)));
    if is_refused {
        return false;
    }
    let whole = whole(text, hint);
    let context = || format!("window {size}, {hint:?}:\n{}", String::from_utf8_lossy(text));
    assert_eq!(shown(&streamed), shown(&whole), "{}", context());
    assert!(streamed.cluster == whole.cluster, "{}", context());
    true
}

const WINDOWS: [usize; 7] = [1, 3, 16, 64, 200, 1024, 1 << 16];

/// A pod as `kubectl` writes it: most of it decides nothing.
fn pod(name: &str, random: &mut Rng) -> serde_json::Value {
    let on = |random: &mut Rng| random.u8(..3) > 0;
    let mut pod = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "annotations": {"checksum/config": "a\"b\\c: [d", "note": "two\nlines - of\n\n# text\n"},
            "creationTimestamp": "2026-01-05T10:00:00Z",
            "labels": {"app": name, "pod-template-hash": "6d4cf56db6"},
            "managedFields": [{"fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}}}],
            "name": format!("{name}-{}", random.u32(..)),
            "namespace": "default",
            "ownerReferences": [{"apiVersion": "apps/v1", "controller": true, "kind": "ReplicaSet", "name": name}],
        },
        "spec": {
            "containers": [{
                "env": [{"name": "A", "value": "no"}, {"name": "B", "value": "1e3"}, {"name": "C", "value": "- x"}],
                "image": "registry.example/web:1",
                "name": "web",
                "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                "resources": {"limits": {"cpu": "1"}},
            }],
            "nodeName": "n1",
            "tolerations": [{"effect": "NoExecute", "tolerationSeconds": 300}],
            "volumes": [{"configMap": {"defaultMode": 420, "name": "c"}, "name": "v"}],
        },
        "status": {
            "conditions": [{"lastProbeTime": null, "status": "True", "type": "Ready"}],
            "containerStatuses": [{"name": "web", "ready": true, "state": {"running": {}}}],
            "phase": "Running",
            "podIP": format!("10.0.0.{}", random.u8(1..)),
        },
    });
    // Now and then something is wrong, or is not said.
    if !on(random) && !on(random) {
        pod["spec"]["containers"][0]["ports"][0]["containerPort"] = serde_json::json!("x");
    }
    if !on(random) && !on(random) {
        pod["metadata"].as_object_mut().unwrap().remove("name");
    }
    pod
}

/// Lists of every form: of one kind or several, what they are said before or behind, items that say themselves or not.
fn list(random: &mut Rng) -> serde_json::Value {
    let mut items: Vec<serde_json::Value> = (0..random.usize(..6)).map(|at| pod(&format!("web{at}"), random)).collect();
    let policy = serde_json::json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "p", "managedFields": [{"x": 1}]},
        "spec": {"podSelector": {}, "volumes": 1, "ingress": [{"ports": [{"port": 80}]}]},
    });
    let nested = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [policy, pod("inner", random), 7]});
    if random.bool() {
        items.push(policy);
    }
    if random.bool() {
        items.insert(0, nested);
    }
    if random.u8(..4) == 0 {
        items.push(
            serde_json::json!({"kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "b"}, "metadata": {"name": "c"}}),
        );
    }
    if random.bool() {
        for item in items.iter_mut().filter_map(|item| item.as_object_mut()) {
            item.remove("kind");
            item.remove(if random.bool() { "apiVersion" } else { "nothing" });
        }
    }
    let kind = ["List", "PodList", "PodList", "NetworkPolicyList", "Thing"][random.usize(..5)];
    serde_json::json!({"apiVersion": "v1", "items": items, "kind": kind, "metadata": {"resourceVersion": ""}})
}

/// A list as a text of its own, or with documents before and behind it.
fn written(list: &serde_json::Value, random: &mut Rng) -> (String, Hint) {
    let (text, hint) = list_written(list, random);
    let mut document = || match (random.u8(..3), hint) {
        (0, _) => String::new(),
        (_, Hint::Json) => serde_json::to_string(&pod("alone", random)).unwrap(),
        _ => format!("---\n{}", serde_yaml::to_string(&pod("alone", random)).unwrap()),
    };
    let (before, behind) = (document(), document());
    let marker = if hint == Hint::Yaml && !before.is_empty() { "---\n" } else { "" };
    (format!("{before}{marker}{text}{behind}"), hint)
}

/// As JSON with the fields in some order, or as YAML.
fn list_written(list: &serde_json::Value, random: &mut Rng) -> (String, Hint) {
    if random.bool() {
        let mut text = serde_yaml::to_string(list).unwrap();
        if random.bool() {
            // Items further in than their field.
            let (head, rest) = text.split_once("items:\n").unwrap_or((&text, ""));
            let is_item = |line: &&str| line.is_empty() || line.starts_with([' ', '-']);
            let items: String = rest.lines().take_while(is_item).map(|line| format!("  {line}\n")).collect();
            let behind: String = rest.lines().skip_while(is_item).map(|line| format!("{line}\n")).collect();
            if !rest.is_empty() {
                text = format!("{head}items:\n{items}{behind}");
            }
        }
        if random.bool() {
            // What the list is comes first.
            let (head, rest) = text.split_once("items:").unwrap();
            let (items, behind) = rest.split_at(rest.find("\nkind:").unwrap_or(rest.len()));
            text = format!("{head}{}items:{items}\n", behind.trim_start_matches('\n'));
        }
        return (text, Hint::Yaml);
    }
    let object = list.as_object().unwrap();
    let mut keys: Vec<&String> = object.keys().collect();
    random.shuffle(&mut keys);
    let value = |key: &String| match random.clone().bool() {
        true => serde_json::to_string_pretty(&object[key]).unwrap(),
        false => serde_json::to_string(&object[key]).unwrap(),
    };
    let fields: Vec<String> = keys.iter().map(|key| format!("{key:?}:\n {}", value(key))).collect();
    (format!("{{{}}}\n", fields.join(",\n")), Hint::Json)
}

/// Breaks a text at some places, with what means something in it.
fn broken(text: &str, random: &mut Rng) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let pieces: &[&[u8]] = &[
        b"\n",
        b"  ",
        b"- ",
        b"\n- ",
        b"\n---\n",
        b"\n...\n",
        b"'",
        b"\"",
        b"[",
        b"]",
        b"{",
        b"}",
        b": ",
        b",",
        b"#",
        b"\t",
        b"&a ",
        b"*a",
        b"!!int ",
        b"|\n",
        b"\xFF",
        b"\x07",
        b"\r",
        b"\xC2\x85",
        b"\n%x\n",
        b"\nkind: Pod\n",
        b"\nitems:\n- a: 1\n",
        b"\"kind\": \"Pod\",",
        b"\"kind\": \"NetworkPolicy\",",
        b"\"kind\": null,",
        b"\nkind: ''\n",
        b"\nx: y\n",
        b".nan",
        b"<<: ",
        b"\\",
        b"\"a\": 1, \"a\": 2,",
        b"null",
        b"\nitems: []\n",
    ];
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..=bytes.len());
        match random.u8(..3) {
            0 => drop(bytes.drain(at..(at + random.usize(..12)).min(bytes.len()))),
            _ => drop(bytes.splice(at..at, pieces[random.usize(..pieces.len())].iter().copied())),
        }
    }
    bytes
}

#[test]
fn lists_come_to_the_same_item_by_item() {
    let mut agreed = 0;
    for seed in 0..150 {
        let mut random = Rng::with_seed(seed);
        let (text, hint) = written(&list(&mut random), &mut random);
        let size = WINDOWS[random.usize(..WINDOWS.len())];
        agreed += usize::from(agrees(text.as_bytes(), hint, size, 1 << random.usize(..12)));
    }
    assert!(agreed > 140, "{agreed}");
}

#[test]
fn broken_lists_come_to_the_same_item_by_item() {
    let mut agreed = 0;
    for seed in 0..1_500 {
        let mut random = Rng::with_seed(seed);
        let (text, hint) = written(&list(&mut random), &mut random);
        let text = broken(&text, &mut random);
        let size = WINDOWS[random.usize(..WINDOWS.len())];
        agreed += usize::from(agrees(&text, hint, size, 1 << random.usize(..12)));
    }
    assert!(agreed > 1_200, "{agreed}");
}

/// Bytes, characters, syntax, values: what is wrong first in the whole is told, wherever it stands.
#[test]
fn faults_in_several_items_come_to_the_first_of_the_whole() {
    let values: [&[u8]; 7] = [b"n1", b".nan", b"!!int x", b"*a", b"[", b"'\x07'", b"\xFF"];
    for first in values {
        for second in values {
            let mut text = b"apiVersion: v1\nkind: List\nitems:\n".to_vec();
            for value in [first, second, b"n2"] {
                text.extend_from_slice(
                    b"- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec:\n    nodeName: ",
                );
                text.extend_from_slice(value);
                text.push(b'\n');
            }
            for size in [1, 16, 200] {
                assert!(agrees(&text, Hint::Yaml, size, 64));
            }
        }
    }
}

#[test]
fn an_alias_of_another_item_is_refused_for_the_size_of_the_list() {
    let item = |value: &str| format!("- apiVersion: v1\n  kind: Pod\n  metadata: {{name: {value}}}\n");
    let text = format!("apiVersion: v1\nkind: List\nitems:\n{}{}", item("&a web"), item("*a"));
    assert!(agrees(text.as_bytes(), Hint::Yaml, 1 << 16, 64));
    assert!(!agrees(text.as_bytes(), Hint::Yaml, 64, 64));
}

/// Of a policy all is asked for, and what makes one may come last.
#[test]
fn a_kind_that_is_given_again_brings_back_what_was_left_out() {
    for (list, first, second) in [
        ("List", r#""kind": "ConfigMap""#, r#""NetworkPolicy""#),
        ("NetworkPolicyList", r#""kind": "ConfigMap""#, r#""""#),
        ("NetworkPolicyList", r#""kind": "ConfigMap""#, "null"),
        ("PodList", r#""spec": {"podSelector": {}}"#, r#""NetworkPolicy""#),
    ] {
        let json = format!(
            r#"{{"apiVersion": "networking.k8s.io/v1", "kind": "{list}", "items": [{{"apiVersion": "networking.k8s.io/v1",
            {first}, "metadata": {{"name": "a", "annotations": {{"a": 7, "b": 1, "b": 2}}}}, "kind": {second}}}]}}"#
        );
        let yaml = format!(
            "apiVersion: networking.k8s.io/v1\nkind: {list}\nitems:\n- apiVersion: networking.k8s.io/v1\n  {first}\n  \
             metadata: {{name: a, annotations: {{a: 7}}}}\n  kind: {second}\n"
        );
        for size in [1, 100, 1 << 16] {
            assert!(agrees(json.as_bytes(), Hint::Json, size, 64));
            assert!(agrees(yaml.as_bytes(), Hint::Yaml, size, 64));
        }
    }
}

#[test]
fn what_is_left_out_is_read_as_strictly_as_the_rest() {
    for value in ["a: .nan", "a: !!int x", "a: 1, a: 2", "? [a] : b", "1: x, '1': y", "<<: 7", "a: *b"] {
        let text = format!(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    annotations: \
             {{{value}}}\n"
        );
        for size in [1, 64] {
            assert!(agrees(text.as_bytes(), Hint::Yaml, size, 64));
        }
    }
    for value in [r#""a": 1, "a": 2"#, r#""a": 1, "\u0061": 2"#, r#""a": 01"#, r#""a": "\x""#, r#""a": tru"#] {
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "List", "items": [{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "a",
            "annotations": {{{value}}}}}}}]}}"#
        );
        for size in [1, 64] {
            assert!(agrees(text.as_bytes(), Hint::Json, size, 64));
        }
    }
}

#[test]
fn random_clusters_come_to_the_same_item_by_item() {
    for seed in 0..4 {
        let cluster = ClusterSpec::new(60).seed(seed).build();
        let json = serde_json::to_vec_pretty(&write::list(&cluster)).unwrap();
        let yaml = serde_yaml::to_string(&write::list(&cluster)).unwrap();
        let documents: String = write::documents(&cluster)
            .map(|object| format!("---\n{}", serde_yaml::to_string(&object).unwrap()))
            .collect();
        for size in [64, 1024] {
            assert!(agrees(&json, Hint::Json, size, 1000));
            assert!(agrees(yaml.as_bytes(), Hint::Yaml, size, 1000));
            assert!(agrees(documents.as_bytes(), Hint::Yaml, size, 1000));
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn every_file_comes_to_the_same_in_pieces() {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"), &mut found);
    assert!(found.len() > 100);
    let mut agreed = 0;
    for path in &found {
        let text = fs::read(path).unwrap();
        for hint in [Hint::Json, Hint::Yaml] {
            for size in [1, 300] {
                agreed += usize::from(agrees(&text, hint, size, 64));
            }
        }
    }
    assert!(agreed * 100 > found.len() * 4 * 99, "{agreed} of {}", found.len() * 4);
}
