//! What a label's key or value can be wrong in, as the API server finds it.

use std::fmt;

use crate::text::joined;

/// Most bytes of a key's name part and of a value.
pub(crate) const MAX_LABEL: usize = 63;
/// Most bytes of a DNS subdomain: a key's prefix, an object's name.
pub(crate) const MAX_SUBDOMAIN: usize = 253;

/// What a label key can be wrong in; one key can have several faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LabelKeyFault {
    /// More than one `/`; nothing else is looked at then.
    #[error("a label key has at most one `/`")]
    Slashes,
    /// Nothing before the `/`.
    #[error("the prefix before `/` is empty")]
    PrefixEmpty,
    /// The prefix has more than 253 bytes.
    #[error("the prefix has more than 253 bytes")]
    PrefixLong,
    /// The prefix is no lower case DNS subdomain.
    #[error("the prefix is not a lower case DNS subdomain")]
    PrefixSyntax,
    /// No name: the key is empty or ends with its `/`.
    #[error("the name is empty")]
    NameEmpty,
    /// The name has more than 63 bytes.
    #[error("the name has more than 63 bytes")]
    NameLong,
    /// The name has other characters than letters, digits, `-`, `_` and `.`, or begins or ends with one of
    /// those three; an empty name has this fault too.
    #[error("the name is not letters, digits, `-`, `_`, `.` with a letter or digit at both ends")]
    NameSyntax,
}

/// What a label value can be wrong in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LabelValueFault {
    /// More than 63 bytes.
    #[error("the value has more than 63 bytes")]
    Long,
    /// Other characters than letters, digits, `-`, `_` and `.`, or one of those three at an end.
    #[error("the value is not letters, digits, `-`, `_`, `.` with a letter or digit at both ends")]
    Syntax,
}

/// A text that is no label key: every fault, in the API server's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelKeyError(pub(super) Vec<LabelKeyFault>);

impl LabelKeyError {
    /// The faults, at least one.
    #[must_use]
    pub fn faults(&self) -> &[LabelKeyFault] {
        &self.0
    }

    /// The faults by themselves.
    pub(crate) fn into_faults(self) -> Vec<LabelKeyFault> {
        self.0
    }
}

impl fmt::Display for LabelKeyError {
    /// The faults, one after another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(&self.0))
    }
}

impl std::error::Error for LabelKeyError {}

/// A text that is no label value: every fault, in the API server's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelValueError(pub(super) Vec<LabelValueFault>);

impl LabelValueError {
    /// The faults, at least one.
    #[must_use]
    pub fn faults(&self) -> &[LabelValueFault] {
        &self.0
    }

    /// The faults by themselves.
    pub(crate) fn into_faults(self) -> Vec<LabelValueFault> {
        self.0
    }
}

impl fmt::Display for LabelValueError {
    /// The faults, one after another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(&self.0))
    }
}

impl std::error::Error for LabelValueError {}

/// Every fault of a label key (also of a finalizer's and, in lower case, an annotation's name).
pub(crate) fn key_faults(text: &str) -> Vec<LabelKeyFault> {
    let mut faults = Vec::new();
    let name = match text.split_once('/') {
        None => text,
        Some((_, rest)) if rest.contains('/') => return vec![LabelKeyFault::Slashes],
        Some((prefix, name)) => {
            if prefix.is_empty() {
                faults.push(LabelKeyFault::PrefixEmpty);
            } else {
                if prefix.len() > MAX_SUBDOMAIN {
                    faults.push(LabelKeyFault::PrefixLong);
                }
                if !is_dns_subdomain(prefix) {
                    faults.push(LabelKeyFault::PrefixSyntax);
                }
            }
            name
        }
    };
    if name.is_empty() {
        faults.push(LabelKeyFault::NameEmpty);
    } else if name.len() > MAX_LABEL {
        faults.push(LabelKeyFault::NameLong);
    }
    if !is_name(name) {
        faults.push(LabelKeyFault::NameSyntax);
    }
    faults
}

/// Every fault of a label value.
pub(crate) fn value_faults(text: &str) -> Vec<LabelValueFault> {
    let mut faults = Vec::new();
    if text.len() > MAX_LABEL {
        faults.push(LabelValueFault::Long);
    }
    if !text.is_empty() && !is_name(text) {
        faults.push(LabelValueFault::Syntax);
    }
    faults
}

/// Letters, digits, `-`, `_`, `.`; a letter or digit at both ends; not empty; of any length.
fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    framed(text, |b| b.is_ascii_alphanumeric(), inner)
}

/// Syntax of a lower case DNS label, of any length.
pub(crate) fn is_dns_label(text: &str) -> bool {
    let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    framed(text, edge, |b| edge(b) || b == b'-')
}

/// Syntax of a lower case DNS subdomain (labels with dots between), of any length.
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    text.split('.').all(is_dns_label)
}

fn framed(text: &str, edge: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    match (text.as_bytes().first(), text.as_bytes().last()) {
        (Some(&first), Some(&last)) => edge(first) && edge(last) && text.bytes().all(inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_faults_come_as_the_server_reports_them() {
        use LabelKeyFault::*;
        let long_prefix = format!("{}a", "a.".repeat(127));
        let bad_long_prefix = "A".repeat(254);
        let cases: &[(&str, &[LabelKeyFault])] = &[
            ("a", &[]),
            ("A_b-c.9", &[]),
            ("example.com/Tier", &[]),
            (&"a".repeat(63), &[]),
            (&format!("{}/a", "a".repeat(253)), &[]),
            ("", &[NameEmpty, NameSyntax]),
            ("/", &[PrefixEmpty, NameEmpty, NameSyntax]),
            ("/a", &[PrefixEmpty]),
            ("a/", &[NameEmpty, NameSyntax]),
            ("a/b/c", &[Slashes]),
            ("//", &[Slashes]),
            ("A/b", &[PrefixSyntax]),
            (&format!("{long_prefix}/a"), &[PrefixLong]),
            (&format!("{bad_long_prefix}/-"), &[PrefixLong, PrefixSyntax, NameSyntax]),
            (&"a".repeat(64), &[NameLong]),
            (&"-".repeat(64), &[NameLong, NameSyntax]),
            (&"é".repeat(32), &[NameLong, NameSyntax]),
            ("-a", &[NameSyntax]),
            ("a.", &[NameSyntax]),
            ("a b", &[NameSyntax]),
            ("a\n", &[NameSyntax]),
        ];
        for (text, faults) in cases {
            assert_eq!(key_faults(text), *faults, "{text:?}");
        }
    }

    #[test]
    fn value_faults_come_as_the_server_reports_them() {
        use LabelValueFault::*;
        for text in ["", "a", "9", "a.b_c-D", &"x".repeat(63)] {
            assert_eq!(value_faults(text), [], "{text:?}");
        }
        assert_eq!(value_faults(&"x".repeat(64)), [Long]);
        assert_eq!(value_faults(&"é".repeat(40)), [Long, Syntax]);
        assert_eq!(value_faults("a/b"), [Syntax]);
        assert_eq!(value_faults("."), [Syntax]);
        assert_eq!(value_faults(" "), [Syntax]);
    }
}
