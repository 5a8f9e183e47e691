//! The API server's words, and values the way Go prints them.

use crate::labels::{LabelKeyFault, LabelValueFault, MAX_SUBDOMAIN, is_dns_label, is_dns_subdomain};
use crate::net::PortNameFault;
use crate::release::Wording;

const NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

pub(super) const NOT_A_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
pub(super) const LEADING_ZEROS: &str = "must not have leading 0s in IP or prefix length";
pub(super) const MAPPED: &str = "must not have an IPv4-mapped IPv6 address";
pub(super) const HOST_BITS: &str = "must not have bits set beyond the prefix length";
pub(super) const NOT_A_SUBSET: &str = "must be a strict subset of `cidr`";
pub(super) const PORT_RANGE: &str = "must be between 1 and 65535, inclusive";

/// Bytes is what was always counted; the newest texts say so for labels.
fn at_most(length: usize, wording: Wording) -> String {
    let unit = if wording >= Wording::V1_37 { "bytes" } else { "characters" };
    format!("must be no more than {length} {unit}")
}

/// A fault of a label's, annotation's or finalizer's key.
pub(super) fn label_key(fault: LabelKeyFault, wording: Wording) -> String {
    match fault {
        LabelKeyFault::Slashes => {
            let what = if wording >= Wording::V1_37 { "valid label key" } else { "qualified name" };
            format!("a {what} {NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")
        }
        LabelKeyFault::PrefixEmpty => "prefix part must be non-empty".to_owned(),
        LabelKeyFault::PrefixLong => format!("prefix part {}", at_most(MAX_SUBDOMAIN, wording)),
        LabelKeyFault::PrefixSyntax => format!("prefix part {SUBDOMAIN}"),
        LabelKeyFault::NameEmpty => "name part must be non-empty".to_owned(),
        LabelKeyFault::NameLong => format!("name part {}", at_most(crate::labels::MAX_LABEL, wording)),
        LabelKeyFault::NameSyntax => format!("name part {NAME}"),
    }
}

/// A fault of a label's value.
pub(super) fn label_value(fault: LabelValueFault, wording: Wording) -> String {
    match fault {
        LabelValueFault::Long => at_most(crate::labels::MAX_LABEL, wording),
        LabelValueFault::Syntax => VALUE.to_owned(),
    }
}

/// A fault of a port's name.
pub(super) fn port_name(fault: PortNameFault) -> &'static str {
    match fault {
        PortNameFault::Long => "must be no more than 15 characters",
        PortNameFault::Charset => "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        PortNameFault::NoLetter => "must contain at least one letter (a-z)",
        PortNameFault::ConsecutiveHyphens => "must not contain consecutive hyphens",
        PortNameFault::EdgeHyphen => "must not begin or end with a hyphen",
    }
}

/// Every fault of an object's name (a DNS subdomain), in every release's words.
pub(super) fn subdomain_faults(name: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if name.len() > MAX_SUBDOMAIN {
        faults.push("must be no more than 253 characters");
    }
    if !is_dns_subdomain(name) {
        faults.push(SUBDOMAIN);
    }
    faults
}

/// Every fault of a namespace's name (a DNS label), in every release's words.
pub(super) fn namespace_faults(name: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if name.len() > crate::labels::MAX_LABEL {
        faults.push("must be no more than 63 characters");
    }
    if !is_dns_label(name) {
        faults.push(if is_dns_subdomain(name) { "must not contain dots" } else { LABEL });
    }
    faults
}

/// A string as Go's `%q` prints it.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            ' '..='~' => out.push(c),
            '\0'..='\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ if is_printable(c) => out.push(c),
            '\u{80}'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Go prints letters, marks, numbers, punctuation and symbols; the standard library's debug form draws
/// the same line, but for combining marks at the start of a text.
fn is_printable(c: char) -> bool {
    let mut text = String::from("a");
    text.push(c);
    !text.escape_debug().any(|c| c == '\\')
}

/// A string as Go's JSON encoder writes it, which escapes what is special in HTML.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value of a named string type (an operator, a protocol): JSON since the measured 1.34, before that as
/// a string.
pub(super) fn named(text: &str, wording: Wording) -> String {
    if wording >= Wording::V1_34 { json(text) } else { quote(text) }
}

/// A list of strings: JSON since the measured 1.34, before that as a Go value of type `go_type`.
pub(super) fn list<'t>(texts: impl Iterator<Item = &'t str>, go_type: &str, wording: Wording) -> String {
    if wording >= Wording::V1_34 {
        let all: Vec<String> = texts.map(json).collect();
        format!("[{}]", all.join(","))
    } else {
        let all: Vec<String> = texts.map(quote).collect();
        format!("[]{go_type}{{{}}}", all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go_does() {
        let cases = [
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\x01\x1b\x7f", r#""\x01\x1b\x7f""#),
            ("\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
            ("é日\u{301}€😀", "\"é日\u{301}€😀\""),
            ("\u{80}\u{a0}\u{200b}\u{2028}\u{fffd}", "\"\\u0080\\u00a0\\u200b\\u2028\u{fffd}\""),
            ("\u{e0001}\u{10ffff}", r#""\U000e0001\U0010ffff""#),
            ("\u{ad}\u{3000}\u{feff}", r#""\u00ad\u3000\ufeff""#),
            ("'`", "\"'`\""),
        ];
        for (text, quoted) in cases {
            assert_eq!(quote(text), quoted);
        }
    }

    #[test]
    fn writes_json_as_go_does() {
        assert_eq!(json("a<b>&\"\\\u{2028}\x01\x7f\x08é"), "\"a\\u003cb\\u003e\\u0026\\\"\\\\\\u2028\\u0001\x7f\\bé\"");
        assert_eq!(list(["a", "<"].into_iter(), "x.T", Wording::V1_34), r#"["a","\u003c"]"#);
        assert_eq!(list(["a", "<"].into_iter(), "x.T", Wording::V1_31), r#"[]x.T{"a", "<"}"#);
    }
}
