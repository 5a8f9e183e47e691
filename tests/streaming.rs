//! Texts that come in pieces, and are larger than what is looked at at once.
//!
//! That every list comes to the same item by item is shown beside the code (`src/manifest/load/tests.rs`), where the window
//! can be small.

use std::io::{self, Read};

use netpol_oracle::diagnostic::Code;
use netpol_oracle::manifest::Loaded;
use netpol_oracle::{Loader, Release};
use serde_json::json;

fn text(name: &str, text: &str) -> Loaded {
    Loader::new(Release::DEFAULT).text(name, text).finish()
}

fn reader(name: &str, text: impl Read) -> Loaded {
    Loader::new(Release::DEFAULT).reader(name, text).finish()
}

fn shown(loaded: &Loaded) -> Vec<String> {
    let objects = loaded.objects.iter().map(|object| format!("{object:?}"));
    loaded.diagnostics.iter().map(ToString::to_string).chain(objects).collect()
}

/// A list of so many pods of about 2 KiB.
fn pods(count: usize, with_kind: bool) -> Vec<serde_json::Value> {
    let env: Vec<_> = (0..40).map(|at| json!({"name": format!("V{at}"), "value": "a value"})).collect();
    let pod = |at: usize| {
        let mut pod = json!({
            "metadata": {"name": format!("web-{at}"), "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "env": env}]},
            "status": {"phase": "Running", "podIP": format!("10.1.{}.{}", at / 250, at % 250 + 1)},
        });
        if with_kind {
            pod["apiVersion"] = json!("v1");
            pod["kind"] = json!("Pod");
        }
        pod
    };
    (0..count).map(pod).collect()
}

/// As `kubectl` writes it: what the list is comes last.
fn large_json() -> String {
    let items: Vec<String> = pods(1_500, true).iter().map(|pod| serde_json::to_string_pretty(pod).unwrap()).collect();
    let text =
        format!("{{\n\"apiVersion\": \"v1\",\n\"items\": [\n{}\n],\n\"kind\": \"List\"\n}}\n", items.join(",\n"));
    assert!(text.len() > 3 << 20);
    text
}

/// Fails after its text.
struct Failing<R>(R, bool);

impl<R: Read> Read for Failing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            // Once: whoever asks again would take the text for whole.
            0 if !self.1 => {
                self.1 = true;
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "the peer\nwent away"))
            }
            read => Ok(read),
        }
    }
}

#[test]
fn a_reader_is_read_as_the_text_it_gives() {
    for (name, given) in [
        ("a.json", r#"{"kind": "Pod", "metadata": {"name": "a"}}{"kind": "Pod", "metadata": {"name": 7}}"#),
        ("a.yaml", "kind: Pod\nmetadata: {name: a}\n---\n\tx"),
        ("any", "{kind: Pod, metadata: {name: a}}"),
        ("any", r#"{"kind": "Pod", "metadata": {"name": "a"}}"#),
        ("any", "{\"kind\": \"Pod\"\n---\n"),
        ("any", ""),
        ("a.yaml", "\u{FEFF}kind: Pod\nmetadata: {name: a}"),
    ] {
        let (whole, streamed) = (text(name, given), reader(name, given.as_bytes()));
        assert_eq!(shown(&whole), shown(&streamed), "{given}");
        assert_eq!(whole.cluster, streamed.cluster);
    }
    let utf_16: Vec<u8> = "\u{FEFF}kind: Pod\nmetadata: {name: a}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(reader("a.yaml", &utf_16[..]).cluster.pods().len(), 1);
}

#[test]
fn a_large_list_loads_whole_or_not_at_all() {
    let good = large_json();
    let loaded = reader("pods.json", good.as_bytes());
    assert_eq!((loaded.cluster.pods().len(), loaded.objects.len(), loaded.diagnostics.len()), (1_500, 1_500, 0));
    let last = loaded.objects.last().unwrap();
    let line = good.lines().position(|line| line.contains("web-1499")).unwrap() + 1;
    assert_eq!((last.location.item, &*last.name), (Some(1_499), "web-1499"));
    // The item begins above its name: with `{`, the version, the kind, `metadata` and the labels.
    assert!((1..12).contains(&(line - last.location.line.unwrap())), "{line} {last:?}");

    let bad = format!("{}]", good.trim_end().trim_end_matches('}'));
    let loaded = reader("pods.json", bad.as_bytes());
    assert_eq!((loaded.cluster.pods().len(), loaded.objects.len(), loaded.diagnostics.len()), (0, 1, 1));
    let lines = good.lines().count();
    let expected = format!("pods.json:{lines} (document 0): error[NP001]: unexpected character `]` in an object");
    assert_eq!(loaded.diagnostics[0].to_string(), expected);
}

#[test]
fn what_the_list_says_of_its_items_may_come_behind_them() {
    let items = serde_json::to_string(&pods(1_500, false)).unwrap();
    let yaml = serde_yaml::to_string(&pods(1_500, false)).unwrap();
    for (name, given) in [
        ("a.json", format!(r#"{{"apiVersion": "v1", "items": {items}, "kind": "PodList"}}"#)),
        ("a.json", format!(r#"{{"kind": "PodList", "apiVersion": "v1", "items": {items}}}"#)),
        ("a.json", format!(r#"{{"kind": "PodList", "items": {items}, "apiVersion": "v1"}}"#)),
        ("a.yaml", format!("items:\n{yaml}kind: PodList\napiVersion: v1\n")),
        ("a.yaml", format!("kind: PodList\napiVersion: v1\nitems:\n{yaml}")),
    ] {
        assert!(given.len() > 2 << 20);
        let loaded = reader(name, given.as_bytes());
        assert_eq!((loaded.cluster.pods().len(), loaded.diagnostics.len()), (1_500, 0), "{name}");
    }
    let twice = format!(r#"{{"kind": "PodList", "apiVersion": "v1", "items": {items}, "kind": "ServiceList"}}"#);
    let loaded = reader("a.json", twice.as_bytes());
    assert_eq!(
        (loaded.cluster.pods().len(), loaded.diagnostics.len(), loaded.diagnostics[0].code),
        (0, 1, Code::Limit)
    );
}

#[test]
fn a_reader_that_fails_is_told() {
    let large = large_json();
    let yaml = format!(
        "kind: Pod\nmetadata: {{name: a}}\n---\nitems:\n{}",
        serde_yaml::to_string(&pods(1_500, true)).unwrap()
    );
    for (name, given, loads) in [
        ("a.json", &large[..large.len() / 2], 0),
        ("a.json", "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}\n{", 1),
        // Nobody knows that it was whole.
        ("a.json", "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}", 0),
        ("any", &large[..100], 0),
        ("any", "", 0),
        ("a.yaml", &yaml[..], 1),
        ("a.yaml", &yaml[..2_000_000], 1),
        ("a.yaml", "kind: Pod\nmetadata: {name: a}\n---\nkind: Pod\nmetad", 1),
    ] {
        let loaded = reader(name, Failing(given.as_bytes(), false));
        let words: Vec<String> = loaded.diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), 1, "{words:?}");
        assert!(words[0].starts_with(&format!("{name}:")) || words[0].starts_with(&format!("{name} ")), "{words:?}");
        let expected = "error[NP013]: the text cannot be read to its end: the peer\\nwent away";
        assert!(words[0].ends_with(expected), "{words:?}");
        assert_eq!((loaded.cluster.pods().len(), loaded.diagnostics[0].code), (loads, Code::Unread), "{name}");
    }
}

/// Says that it gave more than there was room for, so many times.
struct Boasting(usize);

impl Read for Boasting {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        into.fill(b' ');
        let Some(left) = self.0.checked_sub(1) else { return Ok(0) };
        self.0 = left;
        Ok(into.len() + 1_000)
    }
}

#[test]
fn a_reader_that_lies_harms_nobody() {
    for name in ["a.json", "a.yaml", "any"] {
        assert!(reader(name, Boasting(9)).diagnostics.is_empty(), "{name}");
    }
}

#[test]
fn several_texts_keep_their_order() {
    let pod =
        |name: &str| format!("kind: Pod\nmetadata: {{name: {name}}}\n---\nkind: Pod\nmetadata: {{generateName: g-}}\n");
    let texts: Vec<(String, String)> =
        (0..40).map(|at| (format!("{at}.yaml"), pod(&format!("a{}", at % 20)))).collect();
    let one_by_one =
        texts.iter().fold(Loader::new(Release::DEFAULT), |loader, (name, text)| loader.text(name, text)).finish();
    let readers = texts.iter().map(|(name, text)| (name, text.as_bytes()));
    let side_by_side = Loader::new(Release::DEFAULT).readers(readers).finish();
    assert_eq!(shown(&one_by_one), shown(&side_by_side));
    assert_eq!(one_by_one.cluster, side_by_side.cluster);
    assert_eq!(side_by_side.cluster.pods().len(), 60);
    assert_eq!(side_by_side.diagnostics.len(), 20, "{:?}", side_by_side.diagnostics);
}

#[test]
fn a_bound_names_the_item_that_is_beyond_it() {
    let mut items = pods(1_500, true);
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(1_001), close.repeat(1_001));
    items[1_200]["metadata"]["annotations"] = json!({"deep": "DEEP"});
    let text = |items: String, deep: &str| items.replace("\"DEEP\"", deep).replace("DEEP", deep);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let json = text(serde_json::to_string_pretty(&list).unwrap(), &deep("[", "]"));
    let yaml = text(serde_yaml::to_string(&list).unwrap(), &deep("[", "]"));
    for (name, given) in [("a.json", json), ("a.yaml", yaml)] {
        let loaded = reader(name, given.as_bytes());
        let line = given.lines().position(|line| line.contains("[[[[")).unwrap() + 1;
        let expected = format!("{name}:{line} (document 0, item 1200): error[NP002]: nested deeper than 1000 levels");
        assert_eq!(loaded.diagnostics[0].to_string(), expected);
        assert_eq!((loaded.diagnostics.len(), loaded.cluster.pods().len()), (1, 0));
    }
}

/// Gives blanks, then a text.
struct Blanks<'a>(usize, &'a [u8]);

impl Read for Blanks<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return self.1.read(into);
        }
        let len = into.len().min(self.0);
        into[..len].fill(b'\n');
        self.0 -= len;
        Ok(len)
    }
}

#[test]
fn blanks_between_objects_take_no_memory() {
    let pod = r#"{"kind": "Pod", "metadata": {"name": "a"}}"#.as_bytes();
    let mut loaded = None;
    let text = pod.chain(Blanks(64 << 20, br#"{"kind": "Pod", "metadata": {"name": 7}}"#)).chain(Blanks(64 << 20, b""));
    let memory = allocation_counter::measure(|| loaded = Some(reader("a.json", text)));
    let loaded = loaded.unwrap();
    assert_eq!(loaded.cluster.pods().len(), 1);
    assert!(loaded.diagnostics[0].to_string().starts_with("a.json:67108865 (document 1)"), "{:?}", loaded.diagnostics);
    assert!(memory.bytes_max < 4 << 20, "{}", memory.bytes_max);
}

/// Half a gigabyte of pods would take what four megabytes take.
#[test]
fn little_is_kept_beside_the_cluster() {
    let text = large_json();
    let mut loaded = None;
    let memory = allocation_counter::measure(|| loaded = Some(reader("pods.json", text.as_bytes())));
    assert_eq!(loaded.map(|loaded| loaded.cluster.pods().len()), Some(1_500));
    let beside = memory.bytes_max - memory.bytes_current.unsigned_abs();
    assert!(beside < 4 << 20, "{beside}");
}
