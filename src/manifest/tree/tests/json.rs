//! JSON, serialised objects, and which format a text is.

use super::*;

#[test]
fn json_decodes_a_repeated_key_into_what_is_there() {
    for (text, expected) in [
        (r#"{"m": {"a": 1, "b": 2}, "m": {"b": 3, "c": 4}}"#, r#"{"m":{"a":1,"b":3,"c":4}}"#),
        (r#"{"l": [{"a": 1}, {"b": 2}, 3], "l": [{"c": 4}, 5]}"#, r#"{"l":[{"a":1,"c":4},5]}"#),
        (r#"{"l": [1], "l": [{"a": 1}, 2]}"#, r#"{"l":[{"a":1},2]}"#),
        (r#"{"v": {"a": 1}, "v": 2, "v": "x"}"#, r#"{"v":"x"}"#),
        (r#"{"v": [1], "v": {"a": 1}}"#, r#"{"v":{"a":1}}"#),
    ] {
        let documents = read(text.as_bytes(), Hint::Json);
        assert_eq!(shown(&documents[0]), expected, "{text}");
        assert!(!documents[0].repeated.is_empty());
    }
    let yaml = read(b"m: {a: 1}\nm: {b: 2}\n", Hint::Yaml);
    assert_eq!(shown(&yaml[0]), r#"{"m":{"b":2}}"#);
}

#[test]
fn a_mapping_of_many_keys_keeps_them_apart() {
    let text: String = (0..100).map(|number| format!("k{}: {number}\n", number % 50)).collect();
    let documents = read(text.as_bytes(), Hint::Yaml);
    let root = documents[0].root.as_ref().unwrap();
    assert_eq!(root.entries().len(), 50);
    assert_eq!(documents[0].repeated.len(), 50);
    assert_eq!(root.get("k49").unwrap().value, Value::Number("99".into()));
    assert_eq!(&*root.entries()[49].key, "k49");
}

#[test]
fn json_is_strict() {
    assert_eq!(
        json_text(" \r\n\t{\"a\": [1, -0.5e+10, true, false, null, \"x\"]} "),
        r#"{"a":[1,-0.5e+10,true,false,null,"x"]}"#
    );
    assert_eq!(json_text("{\"a\": 80.0, \"b\": 99999999999999999999999}"), r#"{"a":80.0,"b":99999999999999999999999}"#);
    assert_eq!(json_text(r#""\"\\\/\b\f\n\r\té😀""#), "\"\\\"\\\\/\\b\\f\\n\\r\\té😀\"");
    assert_eq!(json_text(r#""\ud800""#), "\"\u{FFFD}\"");
    assert_eq!(json_text(r#""\ud800A\udc00\ud83d\ud83d\ude00""#), "\"\u{FFFD}A\u{FFFD}\u{FFFD}😀\"");
    assert_eq!(json_text(r#""\udc00\udc00""#), "\"\u{FFFD}\u{FFFD}\"");
    assert_eq!(json_text(b"\"\xFF\xE2\x82\""), "\"\u{FFFD}\u{FFFD}\u{FFFD}\"");
    assert_eq!(json_text(""), "null");
    let faults = [
        ("{\"a\": 1,}", "Syntax 1: unexpected character `}` where an object key must start"),
        ("{\n// c\n}", "Syntax 2: unexpected character `/` where an object key must start"),
        ("[1,]", "Syntax 1: unexpected character `]` where a value must start"),
        ("[1 2]", "Syntax 1: unexpected character `2` in an array"),
        ("{\"a\" 1}", "Syntax 1: unexpected character `1` after an object key"),
        ("{\"a\": 1", "Syntax 1: unexpected end of the json text in an object"),
        ("{\"a\": 1]", "Syntax 1: unexpected character `]` in an object"),
        ("01", "Syntax 1: unexpected character `1` after the value"),
        ("1.", "Syntax 1: unexpected end of the json text in a number"),
        ("+1", "Syntax 1: unexpected character `+` where a value must start"),
        ("nul", "Syntax 1: unexpected end of the json text in the literal `null`"),
        ("\"a\nb\"", "Syntax 1: unexpected character `\\n` in a string"),
        ("\"\\x\"", "Syntax 1: unexpected character `x` in the escape of a string"),
        ("\"\\u00g0\"", "Syntax 1: unexpected character `g` in the escape of a string"),
        ("\"a", "Syntax 1: unexpected end of the json text in a string"),
        ("\u{FEFF}{}", "Syntax 1: unexpected byte order mark where a value must start"),
        ("é", "Syntax 1: unexpected character `é` where a value must start"),
        ("a: b", "Syntax 1: unexpected character `a` where a value must start"),
    ];
    for (text, expected) in faults {
        let documents = all(text, Hint::Json);
        assert_eq!(documents.last().unwrap(), expected, "{text:?}");
    }
}

#[test]
fn json_objects_follow_one_another() {
    assert_eq!(all("{\"a\": 1}\n{\"b\": 2}{}", Hint::Json), [r#"{"a":1}"#, r#"{"b":2}"#, "{}"]);
    assert_eq!(all("{} []", Hint::Json), ["{}", "Syntax 1: unexpected character `[` after the value"]);
    assert_eq!(all("[] {}", Hint::Json), ["[]", "Syntax 1: unexpected character `{` after the value"]);
    assert_eq!(all("{}\nx {}", Hint::Json), ["{}", "Syntax 2: unexpected character `x` after the value"]);
}

#[test]
fn the_format_is_guessed_where_nobody_says() {
    let format = |text: &str, hint| {
        let documents = read(text.as_bytes(), hint);
        (documents[0].format, documents[0].root.is_ok())
    };
    assert_eq!(format("{\"a\": 1}", Hint::Auto), (Format::Json, true));
    assert_eq!(format(" \n[]", Hint::Auto), (Format::Json, true));
    assert_eq!(format("{a: 1}", Hint::Auto), (Format::Yaml, true));
    assert_eq!(format("{\"a\": 010}", Hint::Auto), (Format::Yaml, true));
    assert_eq!(format("{\"a\": 1}\n---\nb: 2", Hint::Auto), (Format::Yaml, true));
    assert_eq!(format("{\"a\": 1, }}", Hint::Auto), (Format::Yaml, true));
    assert_eq!(format("{\"a\" 1}", Hint::Auto), (Format::Json, false));
    assert_eq!(format("a: 1", Hint::Auto), (Format::Yaml, true));
    assert_eq!(format("", Hint::Auto), (Format::Yaml, true));
    assert_eq!(format("{a: 1}", Hint::Json), (Format::Json, false));
    assert_eq!(format("{\"a\": 1}", Hint::Yaml), (Format::Yaml, true));
    assert_eq!(Hint::of_name("a.json"), Hint::Json);
    assert_eq!(Hint::of_name("dir.json/a.YAML"), Hint::Yaml);
    assert_eq!(Hint::of_name("a.yml"), Hint::Yaml);
    assert_eq!(Hint::of_name("stdin"), Hint::Auto);
    // The numbers differ: YAML turns them into what Go prints, JSON keeps them.
    assert_eq!(all("{\"a\": 80.0}", Hint::Yaml), [r#"{"a":80}"#]);
    assert_eq!(all("{\"a\": 80.0}", Hint::Json), [r#"{"a":80.0}"#]);
}

#[test]
fn objects_become_trees_without_lines() {
    let tree = from_serialize(&serde_json::json!({"a": [1, 1.5, "x", null, true]})).unwrap();
    assert_eq!(json(&tree), r#"{"a":[1,1.5,"x",null,true]}"#);
    assert_eq!((tree.line, tree.get("a").unwrap().line, tree.entries()[0].line), (None, None, None));
    let fault = from_serialize(&std::collections::BTreeMap::from([(vec![1], 1)])).unwrap_err();
    assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Value, "key must be a string"));
}

#[test]
fn accessors() {
    let tree = from_serialize(&serde_json::json!({"a": null, "b": "x", "c": [], "d": 1, "e": true, "f": {}})).unwrap();
    let kinds: Vec<&str> = tree.entries().iter().map(|entry| entry.value.kind_name()).collect();
    assert_eq!(kinds, ["null", "string", "array", "number", "bool", "object"]);
    assert!(tree.get("a").unwrap().is_null());
    assert_eq!(tree.get("b").unwrap().as_str(), Some("x"));
    assert_eq!(tree.get("z"), None);
    assert_eq!(tree.get("b").unwrap().get("x"), None);
}
