//! The bounds of reading, on a thread with a stack of 2 MiB and in a time far above what is needed.

use netpol_test_support::bounded;

use super::super::document::MAX_DEPTH;
use super::*;

#[test]
fn an_alias_inside_itself_is_a_fault() {
    for text in ["a: &x [*x]", "a: &x {b: [*x]}", "a: &x {<<: *x}", "&x a: {b: 1}\n*y : 2"] {
        let kind = bounded(20, move || {
            let documents = read(text.as_bytes(), Hint::Yaml);
            assert_eq!(documents.len(), 1);
            documents[0].root.as_ref().unwrap_err().kind
        });
        assert!(matches!(kind, FaultKind::Value | FaultKind::Anchor), "{text}: {kind:?}");
    }
}

/// What is read is never deeper than the bound, so no recursion over it is: not even its drop, its comparison
/// and its text.
#[test]
fn the_deepest_tree_fits_a_small_stack() {
    bounded(20, || {
        let text = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        let documents = read(text.as_bytes(), Hint::Json);
        let tree = documents[0].root.clone().unwrap();
        assert_eq!(documents[0].root.as_ref(), Ok(&tree));
        assert!(format!("{tree:?}").len() > MAX_DEPTH);
        let text = format!(" {text}");
        assert!(read(text.replace('[', "[ ").as_bytes(), Hint::Json)[0].root.is_ok());
        let deeper = format!("[{text}]");
        assert_eq!(read(deeper.as_bytes(), Hint::Json)[0].root.as_ref().unwrap_err().kind, FaultKind::Limit);
    });
}

/// While it is serialised: what a caller hands in takes no more of the stack than a text does.
#[test]
fn a_deep_object_is_refused() {
    bounded(20, || {
        let mut value = serde_json::json!(1);
        for _ in 0..1_500 {
            // Not by `json!`: it walks what it is given.
            value = serde_json::Value::Array(vec![value]);
        }
        let fault = from_serialize(&value).unwrap_err();
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (FaultKind::Limit, "the object nests deeper than 1000 levels")
        );
    });
}

#[test]
fn large_texts_of_every_shape_are_read() {
    let million = 1_000_000;
    let pairs: String = (0..million).map(|number| format!("k{number}: v\n")).collect();
    let documents = bounded(60, move || read(pairs.as_bytes(), Hint::Yaml));
    assert_eq!(documents[0].root.as_ref().unwrap().entries().len(), million);
    let pairs: String = (0..million).map(|number| format!("\"k{number}\": 1,")).collect();
    let json = format!("{{{}}}", pairs.trim_end_matches(','));
    let documents = bounded(60, move || read(json.as_bytes(), Hint::Json));
    assert_eq!(documents[0].root.as_ref().unwrap().entries().len(), million);
    let scalar = format!("a: {}", "x".repeat(20 << 20));
    let documents = bounded(60, move || read(scalar.as_bytes(), Hint::Yaml));
    assert_eq!(documents[0].root.as_ref().unwrap().get("a").unwrap().as_str().unwrap().len(), 20 << 20);
    let markers = "---\n".repeat(million);
    assert_eq!(bounded(60, move || read(markers.as_bytes(), Hint::Yaml)).len(), million);
    for text in ["\n", " ", "\t\n", "# c\n", "a\n", "'", "\"", "%a\n", "x: y z "] {
        let text = text.repeat(10 << 20 >> 2);
        bounded(60, move || read(text.as_bytes(), Hint::Yaml));
    }
    let repeated = "{\"a\": 1, ".to_owned() + &"\"a\": 1, ".repeat(million) + "\"b\": 2}";
    let documents = bounded(60, move || read(repeated.as_bytes(), Hint::Json));
    assert_eq!(documents[0].repeated.len(), 1_000);
    assert_eq!(documents[0].root.as_ref().unwrap().entries().len(), 2);
}

#[test]
fn large_flow_collections_are_read() {
    let text = format!("a: [{}]", "1, ".repeat(1_000_000));
    let documents = bounded(60, move || read(text.as_bytes(), Hint::Yaml));
    let root = documents[0].root.as_ref().unwrap();
    assert!(matches!(&root.get("a").unwrap().value, Value::Sequence(items) if items.len() == 1_000_000));
}
