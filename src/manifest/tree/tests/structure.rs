//! Collections, aliases, documents and lines of YAML.

use super::*;

#[test]
fn merge_keys_merge() {
    assert_eq!(yaml("<<: {a: 1, b: 2}\na: 3"), r#"{"a":3,"b":2}"#);
    // Go-yaml v2 goes from top to bottom: what is merged later replaces what stands above.
    assert_eq!(yaml("a: 3\n<<: {a: 1, b: 2}"), r#"{"a":1,"b":2}"#);
    assert_eq!(yaml("x: &x {a: 1}\nz: {<<: *x, b: 2}"), r#"{"x":{"a":1},"z":{"a":1,"b":2}}"#);
    assert_eq!(yaml("<<: [{a: 1}, {a: 2, b: 2}]"), r#"{"a":1,"b":2}"#);
    assert_eq!(yaml("x: &x {<<: {q: 1}, a: 2}\nz: {<<: [*x], q: 5}"), r#"{"x":{"q":1,"a":2},"z":{"q":5,"a":2}}"#);
    assert_eq!(yaml("'<<': {a: 1}"), r#"{"<<":{"a":1}}"#);
    assert_eq!(yaml("! '<<': {a: 1}"), r#"{"a":1}"#);
    for text in ["<<: 1", "<<: ~", "<<: [1]", "<<: [[{a: 1}]]", "<<: \"x\""] {
        assert_eq!(yaml(text), "Value 1: a merge key needs a mapping or a list of mappings", "{text}");
    }
    assert_eq!(yaml("l: &l [{a: 1}]\n<<: *l"), "Value 2: a merge key needs a mapping or a list of mappings");
    // The strict reading sees a key that is merged over another one as repeated.
    let documents = read(b"a: 3\n<<: {a: 1}\n", Hint::Yaml);
    assert_eq!(documents[0].repeated.len(), 1);
}

#[test]
fn anchors_and_aliases() {
    assert_eq!(yaml("a: &x [1, &y 2]\nb: *x\nc: *y"), r#"{"a":[1,2],"b":[1,2],"c":2}"#);
    assert_eq!(yaml("a: &x 1\nb: &x 2\nc: *x"), r#"{"a":1,"b":2,"c":2}"#);
    assert_eq!(yaml("a: &x\nb: *x"), r#"{"a":null,"b":null}"#);
    assert_eq!(yaml("a: 1\nb: *nope"), "Anchor 2: the anchor `nope` does not exist");
    assert_eq!(yaml("a: &x [*x]"), "Value 1: an anchor's value contains an alias to itself");
    assert_eq!(yaml("a: &x {<<: *x}"), "Value 1: an anchor's value contains an alias to itself");
    // An anchor belongs to its document.
    assert_eq!(all("a: &x 1\n---\nb: *x", Hint::Yaml), [r#"{"a":1}"#, "Anchor 3: the anchor `x` does not exist"]);
}

/// The share of values that may come out of aliases falls with the size of the document.
#[test]
fn the_ratio_of_aliases_is_go_yamls() {
    let list = |length: usize, aliases: usize| {
        let items = "1,".repeat(length);
        format!("a: &a [{items}]\nb: [{}]", "*a,".repeat(aliases))
    };
    for (length, most) in [(1_000, 110), (10_000, 43), (90_000, 7)] {
        assert!(read(list(length, most).as_bytes(), Hint::Yaml)[0].root.is_ok());
        let documents = read(list(length, most + 1).as_bytes(), Hint::Yaml);
        let fault = documents[0].root.as_ref().unwrap_err();
        assert_eq!(fault.message, "aliases repeat too much of the document");
    }
}

#[test]
fn repeated_keys_are_listed_and_the_last_wins() {
    let text = "a: 1\nb:\n  - c: {d: 1, d: 2}\n    c:\n      e: 3\na: 4\nn: 1\nno: 2\n";
    let documents = read(text.as_bytes(), Hint::Yaml);
    assert_eq!(shown(&documents[0]), r#"{"a":4,"b":[{"c":{"e":3}}],"false":2}"#);
    let repeated: Vec<_> = documents[0]
        .repeated
        .iter()
        .map(|one| (one.line.unwrap(), one.value_line.unwrap(), one.path.as_str(), &*one.key, one.is_string))
        .collect();
    assert_eq!(
        repeated,
        [
            (3, 3, "b[0].c.d", "d", true),
            (4, 5, "b[0].c", "c", true),
            (6, 6, "a", "a", true),
            (8, 8, "false", "false", false),
        ]
    );
    let root = documents[0].root.as_ref().unwrap();
    assert_eq!(root.entry("a").unwrap().line, Some(6));
    let text = "{\"spec\": {\"l\": [0, {\"a\": 1,\n\"a\": 2,\n\"a\": 3}]}}";
    let documents = read(text.as_bytes(), Hint::Json);
    assert_eq!(shown(&documents[0]), r#"{"spec":{"l":[0,{"a":3}]}}"#);
    let repeated: Vec<_> = documents[0].repeated.iter().map(|one| (one.line.unwrap(), one.path.as_str())).collect();
    assert_eq!(repeated, [(2, "spec.l[1].a"), (3, "spec.l[1].a")]);
}

#[test]
fn lines_are_those_of_the_text() {
    let text = "# one\n---\na:\n  - b\n  -\n    c: |\n      d\n\n    e: [f,\n      g]\n";
    let documents = read(text.as_bytes(), Hint::Yaml);
    let root = documents[0].root.as_ref().unwrap();
    let line = |tree: &Tree| tree.line.unwrap();
    assert_eq!((line(root), root.entry("a").unwrap().line), (3, Some(3)));
    let Value::Sequence(items) = &root.get("a").unwrap().value else { panic!("no list") };
    assert_eq!((line(&items[0]), line(&items[1])), (4, 6));
    let e = items[1].entry("e").unwrap();
    assert_eq!(e.line, Some(9));
    let Value::Sequence(items) = &e.value.value else { panic!("no list") };
    assert_eq!((line(&items[0]), line(&items[1])), (9, 10));
    for text in ["a:\r\n  b: 1\r\n  c: !!int x", "a:\r  b: 1\r  c: !!int x", "a:\n  b: 1\n  c: !!int x"] {
        assert_eq!(yaml(text), "Value 3: cannot read the str `x` as a `!!int`");
    }
    let documents = read(b"{\n\"a\":\n [1,\n\n2]}", Hint::Json);
    let a = documents[0].root.as_ref().unwrap().entry("a").unwrap();
    let Value::Sequence(items) = &a.value.value else { panic!("no list") };
    assert_eq!((a.line, a.value.line, items[1].line), (Some(2), Some(3), Some(5)));
}

#[test]
fn documents_are_split_like_yaml_does() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["null"]),
        ("# only\n", &["null"]),
        ("\n\n", &["null"]),
        ("---", &["null"]),
        ("---\n---\n", &["null", "null"]),
        ("a\n---\n---\nb", &["\"a\"", "null", "\"b\""]),
        ("a\n---\n", &["\"a\"", "null"]),
        ("a\n...\n", &["\"a\""]),
        ("a\n...\n---\nb\n...\n", &["\"a\"", "\"b\""]),
        ("# c\n---\na", &["\"a\""]),
        ("--- a", &["\"a\""]),
        ("--- # c\na", &["\"a\""]),
        ("---a: b", &["{\"---a\":\"b\"}"]),
        ("a: |\n  x\n---\nb", &["{\"a\":\"x\\n\"}", "\"b\""]),
        ("a: |\n  ---\n  x", &["{\"a\":\"---\\nx\"}"]),
        ("%YAML 1.1\n---\na\n...\n%YAML 1.1\n---\nb", &["\"a\"", "\"b\""]),
        ("a: 'b\n---\nc: d", &["Syntax 1: the quoted scalar has no end", "{\"c\":\"d\"}"]),
        ("a: [b\n---\nc: d", &["Syntax 1: the flow collection has no end", "{\"c\":\"d\"}"]),
        (
            "a:\n\tb: c\n---\nc: d\n---\n\te: f",
            &[
                "Syntax 2: the character `\\t` cannot begin a value",
                "{\"c\":\"d\"}",
                "Syntax 6: the character `\\t` cannot begin a value",
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(all(text, Hint::Yaml), *expected, "{text:?}");
    }
    assert_eq!(all("...\na", Hint::Yaml).len(), 2);
}

#[test]
fn directives_are_checked() {
    assert_eq!(yaml("%YAML 1.2\n---\na"), "Syntax 1: the `%YAML` directive asks for another version than 1.1");
    assert_eq!(yaml("# c\n%YAML 1.1\n%YAML 1.1\n---\na"), "Syntax 3: a second `%YAML` directive");
    assert_eq!(yaml("%FOO\n---\na"), "Syntax 1: an unknown directive");
    assert_eq!(yaml("%YAML 1.1\na: b"), "Syntax 2: a `---` must follow the directives");
    assert_eq!(yaml("%TAG !e! x:\n"), "Syntax 2: a `---` must follow the directives");
}

#[test]
fn tabs_separate_but_do_not_indent() {
    assert_eq!(yaml("a:\tb\t# c"), r#"{"a":"b"}"#);
    assert_eq!(yaml("a: {\n\tb: c}"), r#"{"a":{"b":"c"}}"#);
    assert_eq!(yaml("a: [b\t,c]"), r#"{"a":["b","c"]}"#);
    assert_eq!(yaml("a:\n\tb: c"), "Syntax 2: the character `\\t` cannot begin a value");
    assert_eq!(yaml("\ta: b"), "Syntax 1: the character `\\t` cannot begin a value");
    assert_eq!(yaml("a: b\n\tc: d"), "Syntax 2: a tab cannot indent");
    assert_eq!(yaml("a: |\n\tx"), "Syntax 2: a tab cannot indent a block scalar");
}

#[test]
fn flow_style_as_go_yaml_has_it() {
    let cases = [
        ("a: [\nb\n]", r#"{"a":["b"]}"#),
        ("a: {\nb: c\n}", r#"{"a":{"b":"c"}}"#),
        ("[a, b,]", r#"["a","b"]"#),
        ("{a, b: , c}", r#"{"a":null,"b":null,"c":null}"#),
        ("[a: b, ? c : d]", r#"[{"a":"b"},{"c":"d"}]"#),
        ("{a:b}", r#"{"a:b":null}"#),
        ("{\"a\":b}", r#"{"a":"b"}"#),
        ("[http://x, -]", r#"["http://x","-"]"#),
        ("[fe80::]", r#"["fe80::"]"#),
        ("[::1]", "Syntax 1: could not find the expected value"),
        ("[a b: c]", r#"[{"a b":"c"}]"#),
        ("[a,,b]", "Syntax 1: could not find the expected value"),
        ("[a\n", "Syntax 1: the flow collection has no end"),
        ("a:\n  - [{b: c,\n", "Syntax 2: the flow collection has no end"),
        ("[a\nb: c", "Syntax 2: could not find the expected `,` or `]`"),
        ("{a: b]", "Syntax 1: could not find the expected `,` or `}`"),
        ("[]", "[]"),
        // Handed out before its `:` is seen; what follows a finished document is not looked at.
        ("[]: b", "[]"),
        ("[a]: b", "Value 1: a key must be a string, a number or a bool; this is a sequence"),
        ("{}", "{}"),
    ];
    for (text, expected) in cases {
        assert_eq!(yaml(text), expected, "{text:?}");
    }
}

#[test]
fn block_style_as_go_yaml_has_it() {
    let cases = [
        ("a:\n- b\n- c\nd: e", r#"{"a":["b","c"],"d":"e"}"#),
        ("- - a\n  - b\n-\n  c: d", r#"[["a","b"],{"c":"d"}]"#),
        ("- a: b\n  c: d", r#"[{"a":"b","c":"d"}]"#),
        ("a:\n\n  # c\n  b", r#"{"a":"b"}"#),
        ("-", "[null]"),
        ("a:", r#"{"a":null}"#),
        (": a", "Syntax 1: a block mapping goes on with something else than a key"),
        ("a: b: c", "Syntax 1: a mapping value cannot stand here"),
        ("a: - b", "Syntax 1: a block sequence entry cannot stand here"),
        ("a: b\n c: d", "Syntax 2: a mapping value cannot stand here"),
        ("a:\n  b: c\n d: e", "Syntax 3: a block mapping goes on with something else than a key"),
        ("a: b\n- c", "Syntax 2: a block mapping goes on with something else than a key"),
        ("- a\nb: c", "Syntax 2: a block sequence goes on with something else than `-`"),
        ("a: @b", "Syntax 1: the character `@` cannot begin a value"),
        ("a\nb: c", "Syntax 2: a mapping value cannot stand here"),
        // What follows a finished document is not looked at.
        ("  a: b\n c: d", r#"{"a":"b"}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(yaml(text), expected, "{text:?}");
    }
}

#[test]
fn encodings() {
    assert_eq!(yaml("\u{FEFF}a: b"), r#"{"a":"b"}"#);
    let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    assert_eq!(yaml(utf16("\u{FEFF}a: é😀", u16::to_le_bytes)), r#"{"a":"é😀"}"#);
    assert_eq!(yaml(utf16("\u{FEFF}a: é😀", u16::to_be_bytes)), r#"{"a":"é😀"}"#);
    assert_eq!(yaml(b"\xFF\xFEa\0\n\0\x00\xD8"), "Encoding 2: the text is not valid UTF-16");
    assert_eq!(yaml(b"\xFF\xFEa\0b"), "Encoding 1: the text is not valid UTF-16");
    assert_eq!(yaml(b"a: b\r\nc: \xFF"), "Encoding 2: the text is not valid UTF-8");
    assert_eq!(yaml(b"a: \xED\xA0\x80"), "Encoding 1: the text is not valid UTF-8");
    assert_eq!(yaml("a: b\nc: \u{7}"), "Syntax 2: the character U+0007 is not allowed");
    assert_eq!(yaml("a: \0"), "Syntax 1: the character U+0000 is not allowed");
    assert_eq!(yaml("a: \u{FFFE}"), "Syntax 1: the character U+FFFE is not allowed");
    assert_eq!(yaml("é: 😀"), r#"{"é":"😀"}"#);
    // The line breaks of YAML 1.1.
    assert_eq!(yaml("a: 'b\u{85}c\u{2028}d'"), "{\"a\":\"b c\u{2028}d\"}");
    assert_eq!(yaml("a: b\u{85}c: d\u{2028}e: f"), r#"{"a":"b","c":"d","e":"f"}"#);
}
