//! Each rule of reading, to the letter. What is expected was compared with sigs.k8s.io/yaml v1.6.0 and
//! sigs.k8s.io/json.

use super::*;

/// A tree as JSON; numbers as their text.
fn json(tree: &Tree) -> String {
    let list = |parts: Vec<String>| parts.join(",");
    match &tree.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => text.to_string(),
        Value::String(text) => serde_json::to_string(text).unwrap(),
        Value::Sequence(items) => format!("[{}]", list(items.iter().map(json).collect())),
        Value::Mapping(entries) => {
            let entry =
                |entry: &Entry| format!("{}:{}", serde_json::to_string(&entry.key).unwrap(), json(&entry.value));
            format!("{{{}}}", list(entries.iter().map(entry).collect()))
        }
    }
}

fn shown(document: &Document) -> String {
    match &document.root {
        Ok(tree) => json(tree),
        Err(fault) => format!("{:?} {}: {}", fault.kind, fault.line.map_or(0, |line| line), fault.message),
    }
}

/// Every document of a text, or its fault with its line.
fn all(text: impl AsRef<[u8]>, hint: Hint) -> Vec<String> {
    let documents = read(text.as_ref(), hint);
    for (index, document) in documents.iter().enumerate() {
        assert_eq!(document.index, index);
    }
    documents.iter().map(shown).collect()
}

/// The only document.
fn yaml(text: impl AsRef<[u8]>) -> String {
    let mut documents = all(text, Hint::Yaml);
    assert_eq!(documents.len(), 1, "{documents:?}");
    documents.remove(0)
}

fn json_text(text: impl AsRef<[u8]>) -> String {
    let mut documents = all(text, Hint::Json);
    assert_eq!(documents.len(), 1, "{documents:?}");
    documents.remove(0)
}

#[test]
fn plain_scalars_are_those_of_yaml_1_1() {
    let same: &[(&[&str], &str)] = &[
        (&["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"], "true"),
        (&["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"], "false"),
        (&["", "~", "null", "Null", "NULL", "# comment"], "null"),
        (
            &["8", "010", "0o10", "0O10", "0x8", "0X8", "0b1000", "0B1000", "+8", "0_8", "8_", "8.0", "8e0", "80e-1"],
            "8",
        ),
        (&["08", "08.0", "+08"], "8"),
        (&["-1", "-0b1", "-01", "-0x1", "0b-1", "-1.0"], "-1"),
        (&["0", "-0", "+0", "00", "0.0", "0x0"], "0"),
        (&["-0.0"], "-0"),
        (&["9223372036854775808"], "9223372036854775808"),
        (&["18446744073709551615"], "18446744073709551615"),
        (&["-9223372036854775808"], "-9223372036854775808"),
        (&["18446744073709551616", "1.8446744073709552e19"], "18446744073709552000"),
        (&["1e21", "1E+21", "1000000000000000000000.0"], "1e+21"),
        (&["1e20"], "100000000000000000000"),
        (&["1e-6"], "0.000001"),
        (&["1e-7", ".0000001"], "1e-7"),
        (&["80.5", "80.50", "805e-1"], "80.5"),
        (&[".5", "0.5", "5e-1", "+.5", ".5_0"], "0.5"),
        (&["5.", "5.e0"], "5"),
        (&["1e-999"], "0"),
    ];
    for (texts, expected) in same {
        for text in *texts {
            assert_eq!(yaml(format!("a: {text}")), format!("{{\"a\":{expected}}}"), "{text}");
        }
    }
    let strings = [
        "oN",
        "yES",
        "nULL",
        "tRUE",
        "none",
        "1:20",
        "1:20:30",
        "190:20:30.15",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        "1.2.3",
        "10.0.0.0/8",
        "0x",
        "0b",
        "0b2",
        "0o9",
        "1e",
        "e5",
        "_80",
        "+",
        "-a",
        "..",
        "1e999",
        "-1e999",
        "._5",
        ".5_",
        "infinity",
        "nan",
        "Inf",
        "=",
        "<<",
        "::1",
        "a:b",
        "a#b",
        "-_",
        "+-1",
        "-9223372036854775809x",
    ];
    for text in strings {
        assert_eq!(yaml(format!("a: {text}")), format!("{{\"a\":\"{text}\"}}"), "{text}");
    }
}

#[test]
fn quoted_and_block_scalars_are_strings() {
    assert_eq!(yaml("[\"no\", 'no', \"8\", '~', \"\", '', 'it''s']"), r#"["no","no","8","~","","","it's"]"#);
    assert_eq!(yaml("a: |\n  8\n"), r#"{"a":"8\n"}"#);
    assert_eq!(yaml("a: |-\n  8\n\n"), r#"{"a":"8"}"#);
    assert_eq!(yaml("a: |+\n  8\n\n"), r#"{"a":"8\n\n"}"#);
    assert_eq!(yaml("a: >\n  b\n  c\n\n  d\n   e\n  f\n"), r#"{"a":"b c\nd\n e\nf\n"}"#);
    assert_eq!(yaml("a: |2-\n   b"), r#"{"a":" b"}"#);
    assert_eq!(yaml("a: |"), r#"{"a":""}"#);
    assert_eq!(yaml("a: b\n  c\n\n  d # e"), r#"{"a":"b c\nd"}"#);
    assert_eq!(yaml("a: 'b\n\n  c'"), r#"{"a":"b\nc"}"#);
    assert_eq!(yaml("a: \"b \\\n  c\\\n\n  d\""), r#"{"a":"b c\nd"}"#);
    let escapes = "\"\\0\\a\\b\\t\\n\\v\\f\\r\\e\\ \\\"\\\\\\'\\N\\_\\L\\P\\x41\\u00e9\\U0001F600\"";
    let expected = "\0\u{7}\u{8}\t\n\u{B}\u{C}\r\u{1B} \"\\'\u{85}\u{A0}\u{2028}\u{2029}Aé😀";
    assert_eq!(yaml(escapes), serde_json::to_string(expected).unwrap());
    assert_eq!(yaml("a: \"\\/\""), "Syntax 1: an unknown escape in a quoted scalar");
    assert_eq!(yaml("a: \"\\ud83d\\ude00\""), "Syntax 1: the escape names no character");
    assert_eq!(yaml("a:\n - 'b\n"), "Syntax 2: the quoted scalar has no end");
}

#[test]
fn numbers_without_json_form_are_faults() {
    for text in [".inf", "+.Inf", "-.INF"] {
        assert_eq!(yaml(format!("b: 1\na: {text}")), format!("Value 2: json has no number for `{text}`"));
    }
    assert_eq!(yaml("a: [.nan]"), "Value 1: json has no number for `.nan`");
}

#[test]
fn tags_decide_or_are_ignored() {
    let cases = [
        ("!!str 80", "\"80\""),
        ("!!str no", "\"no\""),
        ("!!str", "\"\""),
        ("!!int \"80\"", "80"),
        ("!!int 010", "8"),
        ("!!float 80", "80"),
        ("!!float '1.5'", "1.5"),
        ("!!bool \"yes\"", "true"),
        ("!!null ~", "null"),
        ("!!null ''", "null"),
        ("!!timestamp 2001-01-01", "\"2001-01-01\""),
        ("!!binary aGVsbG8=", "\"hello\""),
        ("!!binary /w==", "\"\u{FFFD}\""),
        ("!foo 80", "\"80\""),
        ("!foo", "\"\""),
        ("! 80", "\"80\""),
        ("!<tag:yaml.org,2002:int> '8'", "8"),
        ("!!foo 80", "\"80\""),
        ("!foo [80]", "[80]"),
        ("!!str [80]", "[80]"),
        ("!!int {b: 80}", "{\"b\":80}"),
        ("&x !!int '5'", "5"),
        ("!!int &x '5'", "5"),
        ("!!int 1.5", "Value 1: cannot read the float `1.5` as a `!!int`"),
        ("!!int x", "Value 1: cannot read the str `x` as a `!!int`"),
        ("!!bool maybe", "Value 1: cannot read the str `maybe` as a `!!bool`"),
        ("!!null x", "Value 1: cannot read the str `x` as a `!!null`"),
        ("!!float 18446744073709551615", "Value 1: cannot read the int `18446744073709551615` as a `!!float`"),
        ("!!timestamp 2001-13-01", "Value 1: cannot read the str `2001-13-01` as a `!!timestamp`"),
        ("!!binary a", "Value 1: the `!!binary` value is no base64"),
        ("!e!x 1", "Syntax 1: the handle of the tag was never declared"),
    ];
    for (text, expected) in cases {
        let found = yaml(format!("a: {text}"));
        let expected = if expected.contains(": ") { expected.to_owned() } else { format!("{{\"a\":{expected}}}") };
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(yaml("%TAG !e! tag:yaml.org,2002:\n---\na: !e!int '5'"), r#"{"a":5}"#);
    assert_eq!(yaml("%TAG !! tag:other:\n---\na: !!int '5'"), r#"{"a":"5"}"#);
}

#[test]
fn keys_become_text() {
    assert_eq!(
        yaml("{n: 1, 010: 2, 1.50: 3, 'no': 4, 1e6: 5, 1e40: 6, 2001-01-01: 7, .nan: 8}"),
        r#"{"false":1,"8":2,"1.5":3,"no":4,"1e+06":5,".inf":6,"2001-01-01":7,".nan":8}"#
    );
    assert_eq!(yaml("a: 1\n~: 2"), "Value 2: a key must be a string, a number or a bool; this is null");
    assert_eq!(yaml("? [a]\n: 1"), "Value 1: a key must be a string, a number or a bool; this is a sequence");
    assert_eq!(yaml("{a: 1}: 1"), "Value 1: a key must be a string, a number or a bool; this is a mapping");
    assert_eq!(yaml("9223372036854775807: 1"), r#"{"9223372036854775807":1}"#);
    assert_eq!(
        yaml("9223372036854775808: 1"),
        "Value 1: a key must be a string, a number or a bool; this is a number above 9223372036854775807"
    );
    assert_eq!(yaml("? a\n: 1\n? b\nc: 2"), r#"{"a":1,"b":null,"c":2}"#);
    assert_eq!(yaml("a: &k x\n*k : 1"), r#"{"a":"x","x":1}"#);
    let key = "x".repeat(1_024);
    assert_eq!(yaml(format!("{key}: 1")), format!("{{\"{key}\":1}}"));
    assert_eq!(yaml(format!("x{key}: 1")), "Syntax 1: a mapping value cannot stand here");
    assert_eq!(yaml(format!("{{a: 1,\n x{key}: 1}}")), "Syntax 2: could not find the expected `,` or `}`");
}

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
    assert_eq!(yaml("a: 1\nb: *nope"), "Syntax 2: the anchor `nope` does not exist");
    assert_eq!(yaml("a: &x [*x]"), "Value 1: an anchor's value contains an alias to itself");
    assert_eq!(yaml("a: &x {<<: *x}"), "Value 1: an anchor's value contains an alias to itself");
    // An anchor belongs to its document.
    assert_eq!(all("a: &x 1\n---\nb: *x", Hint::Yaml), [r#"{"a":1}"#, "Syntax 3: the anchor `x` does not exist"]);
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
