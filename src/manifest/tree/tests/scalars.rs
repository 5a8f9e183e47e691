//! Scalars, tags and keys of YAML.

use super::*;

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
