//! Labels and the selectors that match them.
//!
//! A value of these types is valid as the API server means it: constructors return every fault, in the
//! order and number in which the server would report them, so that one place can put them into words.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// Key of a label: `app`, `example.com/tier`.
///
/// ```
/// use netpol_oracle::labels::{LabelKey, LabelKeyFault};
/// assert_eq!(LabelKey::new("example.com/tier").unwrap().as_str(), "example.com/tier");
/// assert_eq!(LabelKey::new(""), Err(vec![LabelKeyFault::NameEmpty, LabelKeyFault::NameSyntax]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelKey(Arc<str>);

/// Value of a label; may be empty.
///
/// ```
/// use netpol_oracle::labels::{LabelValue, LabelValueFault};
/// assert_eq!(LabelValue::new("v1.2").unwrap().as_str(), "v1.2");
/// assert_eq!(LabelValue::new("-"), Err(vec![LabelValueFault::Syntax]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelValue(Arc<str>);

impl LabelKey {
    /// A key; the error lists every fault in the API server's order.
    ///
    /// # Errors
    /// The text is no label key.
    pub fn new(text: &str) -> Result<Self, Vec<LabelKeyFault>> {
        let faults = key_faults(text);
        if faults.is_empty() { Ok(Self(text.into())) } else { Err(faults) }
    }

    /// A key of the crate's own vocabulary, which its tests show to be valid.
    pub(crate) fn known(text: &'static str) -> Self {
        debug_assert!(key_faults(text).is_empty(), "`{text}`");
        Self(text.into())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LabelValue {
    /// A value; the error lists every fault in the API server's order.
    ///
    /// # Errors
    /// The text is no label value.
    pub fn new(text: &str) -> Result<Self, Vec<LabelValueFault>> {
        let faults = value_faults(text);
        if faults.is_empty() { Ok(Self(text.into())) } else { Err(faults) }
    }

    /// A value of the crate's own vocabulary, which its tests show to be valid.
    pub(crate) fn known(text: &'static str) -> Self {
        debug_assert!(value_faults(text).is_empty(), "`{text}`");
        Self(text.into())
    }

    /// The value as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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

macro_rules! text_type {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(|faults| {
                    D::Error::custom(format!(concat!("`{}` is no ", $what, ": {}"), text, joined(&faults)))
                })
            }
        }
    };
}

text_type!(LabelKey, "label key");
text_type!(LabelValue, "label value");

/// The labels of one object. A clone shares them: objects that are labelled alike need them once.
///
/// ```
/// use netpol_oracle::{LabelKey, LabelValue, Labels};
/// let labels: Labels = [(LabelKey::new("app").unwrap(), LabelValue::new("web").unwrap())].into_iter().collect();
/// assert_eq!(labels.get("app").map(LabelValue::as_str), Some("web"));
/// assert_eq!(labels.get("tier"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(Arc<BTreeMap<LabelKey, LabelValue>>);

impl Labels {
    /// No labels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of `key`, if the object has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&LabelValue> {
        self.0.get(key)
    }

    /// Sets a label; returns the value it replaced.
    pub fn insert(&mut self, key: LabelKey, value: LabelValue) -> Option<LabelValue> {
        Arc::make_mut(&mut self.0).insert(key, value)
    }

    /// Takes a label away; returns its value.
    pub fn remove(&mut self, key: &str) -> Option<LabelValue> {
        Arc::make_mut(&mut self.0).remove(key)
    }

    /// All labels, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&LabelKey, &LabelValue)> {
        self.0.iter()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(LabelKey, LabelValue)> for Labels {
    fn from_iter<I: IntoIterator<Item = (LabelKey, LabelValue)>>(labels: I) -> Self {
        Self(Arc::new(labels.into_iter().collect()))
    }
}

impl Extend<(LabelKey, LabelValue)> for Labels {
    fn extend<I: IntoIterator<Item = (LabelKey, LabelValue)>>(&mut self, labels: I) {
        Arc::make_mut(&mut self.0).extend(labels);
    }
}

impl fmt::Display for Labels {
    /// `app=web,tier=db`, by key; nothing when empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}

/// An `In` or `NotIn` without a value to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("a requirement on values names at least one value")]
pub struct NoValues;

/// One of a selector's `matchExpressions` ([K9](crate::semantics#k9)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requirement {
    /// The key is there with one of the values.
    #[non_exhaustive]
    In {
        /// The label's key.
        key: LabelKey,
        /// At least one value.
        values: BTreeSet<LabelValue>,
    },
    /// The key is missing, or there with another value.
    #[non_exhaustive]
    NotIn {
        /// The label's key.
        key: LabelKey,
        /// At least one value.
        values: BTreeSet<LabelValue>,
    },
    /// The key is there, with whatever value.
    Exists {
        /// The label's key.
        key: LabelKey,
    },
    /// The key is missing.
    DoesNotExist {
        /// The label's key.
        key: LabelKey,
    },
}

impl Requirement {
    /// `key in (values)`.
    ///
    /// # Errors
    /// There are no values.
    pub fn in_(key: LabelKey, values: impl IntoIterator<Item = LabelValue>) -> Result<Self, NoValues> {
        Ok(Self::In { key, values: some_values(values)? })
    }

    /// `key notin (values)`.
    ///
    /// # Errors
    /// There are no values.
    pub fn not_in(key: LabelKey, values: impl IntoIterator<Item = LabelValue>) -> Result<Self, NoValues> {
        Ok(Self::NotIn { key, values: some_values(values)? })
    }

    /// The label's key.
    #[must_use]
    pub fn key(&self) -> &LabelKey {
        match self {
            Self::In { key, .. } | Self::NotIn { key, .. } | Self::Exists { key } | Self::DoesNotExist { key } => key,
        }
    }

    /// The operator in the manifest's word: `In`, `NotIn`, `Exists`, `DoesNotExist`.
    #[must_use]
    pub fn operator(&self) -> &'static str {
        match self {
            Self::In { .. } => "In",
            Self::NotIn { .. } => "NotIn",
            Self::Exists { .. } => "Exists",
            Self::DoesNotExist { .. } => "DoesNotExist",
        }
    }

    /// The values of `In` and `NotIn`.
    #[must_use]
    pub fn values(&self) -> Option<&BTreeSet<LabelValue>> {
        match self {
            Self::In { values, .. } | Self::NotIn { values, .. } => Some(values),
            Self::Exists { .. } | Self::DoesNotExist { .. } => None,
        }
    }

    /// Whether labels fulfil it: `In` and `Exists` fail on a missing key, `NotIn` and `DoesNotExist` succeed
    /// on it; an empty string is a value ([K9](crate::semantics#k9)).
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::In { key, values } => labels.get(key.as_str()).is_some_and(|value| values.contains(value)),
            Self::NotIn { key, values } => labels.get(key.as_str()).is_none_or(|value| !values.contains(value)),
            Self::Exists { key } => labels.get(key.as_str()).is_some(),
            Self::DoesNotExist { key } => labels.get(key.as_str()).is_none(),
        }
    }
}

fn some_values(values: impl IntoIterator<Item = LabelValue>) -> Result<BTreeSet<LabelValue>, NoValues> {
    let values: BTreeSet<_> = values.into_iter().collect();
    if values.is_empty() { Err(NoValues) } else { Ok(values) }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &BTreeSet<LabelValue>| {
            let all: Vec<&str> = values.iter().map(LabelValue::as_str).collect();
            all.join(", ")
        };
        match self {
            Self::In { key, values } => write!(f, "{key} in ({})", list(values)),
            Self::NotIn { key, values } => write!(f, "{key} notin ({})", list(values)),
            Self::Exists { key } => write!(f, "{key}"),
            Self::DoesNotExist { key } => write!(f, "!{key}"),
        }
    }
}

impl Serialize for Requirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", self.key())?;
        map.serialize_entry("operator", self.operator())?;
        if let Some(values) = self.values() {
            map.serialize_entry("values", values)?;
        }
        map.end()
    }
}

/// A label selector: everything it says must hold ([K9](crate::semantics#k9)); one that says nothing selects
/// everything.
///
/// ```
/// use netpol_oracle::{LabelKey, LabelValue, Labels, Requirement, Selector};
/// let key = |text: &str| LabelKey::new(text).unwrap();
/// let value = |text: &str| LabelValue::new(text).unwrap();
/// let labels: Labels = [(key("app"), value("web"))].into_iter().collect();
/// let not_db = Requirement::not_in(key("tier"), [value("db")])?;
/// let selector = Selector::new(labels.clone(), vec![not_db]);
/// assert!(selector.matches(&labels), "NotIn succeeds on a missing key");
/// assert_eq!(selector.to_string(), "app=web,tier notin (db)");
/// # Ok::<(), netpol_oracle::labels::NoValues>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    match_labels: Labels,
    expressions: Vec<Requirement>,
}

impl Selector {
    /// Selects whatever has labels or has none.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// All of `match_labels` and all of `expressions`.
    #[must_use]
    pub fn new(match_labels: Labels, expressions: Vec<Requirement>) -> Self {
        Self { match_labels, expressions }
    }

    /// The labels an object must have, with these values.
    #[must_use]
    pub fn match_labels(&self) -> &Labels {
        &self.match_labels
    }

    /// The further requirements, as written.
    #[must_use]
    pub fn expressions(&self) -> &[Requirement] {
        &self.expressions
    }

    /// Whether it says nothing, so that it selects everything.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.match_labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether an object with these labels is selected ([K9](crate::semantics#k9)).
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value))
            && self.expressions.iter().all(|requirement| requirement.matches(labels))
    }
}

impl fmt::Display for Selector {
    /// `app=web,tier in (a, b)`; `everything` when it says nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return f.write_str("everything");
        }
        write!(f, "{}", self.match_labels)?;
        for (i, requirement) in self.expressions.iter().enumerate() {
            let comma = if i == 0 && self.match_labels.is_empty() { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl Serialize for Selector {
    /// The manifest's form: `matchLabels` and `matchExpressions`, each only where it says something.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.match_labels.is_empty() {
            map.serialize_entry("matchLabels", &self.match_labels)?;
        }
        if !self.expressions.is_empty() {
            map.serialize_entry("matchExpressions", &self.expressions)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> LabelKey {
        LabelKey::new(text).unwrap()
    }

    fn value(text: &str) -> LabelValue {
        LabelValue::new(text).unwrap()
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(k, v)| (key(k), value(v))).collect()
    }

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

    #[test]
    fn k9_operators() {
        let none = labels(&[]);
        let empty = labels(&[("k", "")]);
        let a = labels(&[("k", "a")]);
        let b = labels(&[("k", "b"), ("x", "y")]);
        let cases = [
            (Requirement::in_(key("k"), [value("a")]).unwrap(), [false, false, true, false]),
            (Requirement::in_(key("k"), [value("a"), value("")]).unwrap(), [false, true, true, false]),
            (Requirement::not_in(key("k"), [value("a")]).unwrap(), [true, true, false, true]),
            (Requirement::not_in(key("k"), [value("")]).unwrap(), [true, false, true, true]),
            (Requirement::Exists { key: key("k") }, [false, true, true, true]),
            (Requirement::DoesNotExist { key: key("k") }, [true, false, false, false]),
        ];
        for (requirement, expected) in cases {
            let selector = Selector::new(Labels::new(), vec![requirement.clone()]);
            let got = [&none, &empty, &a, &b].map(|labels| selector.matches(labels));
            assert_eq!(got, expected, "{requirement}");
        }
        let needs_key = Selector::new(labels(&[("k", "")]), vec![]);
        assert_eq!([&none, &empty, &a].map(|l| needs_key.matches(l)), [false, true, false]);
        assert!(Selector::everything().matches(&none) && Selector::everything().matches(&b));
        assert_eq!(Requirement::in_(key("k"), []), Err(NoValues));
        assert_eq!(Requirement::not_in(key("k"), []), Err(NoValues));
    }

    #[test]
    fn a_selector_reads_well() {
        let all = Selector::new(
            labels(&[("tier", "db"), ("app", "web")]),
            vec![
                Requirement::in_(key("z"), [value("b"), value("a"), value("b")]).unwrap(),
                Requirement::Exists { key: key("y") },
                Requirement::DoesNotExist { key: key("x") },
            ],
        );
        assert_eq!(all.to_string(), "app=web,tier=db,z in (a, b),y,!x");
        assert_eq!(Selector::everything().to_string(), "everything");
        let only = Selector::new(Labels::new(), vec![Requirement::Exists { key: key("y") }]);
        assert_eq!(only.to_string(), "y");
        assert_eq!(
            serde_json::to_string(&all).unwrap(),
            r#"{"matchLabels":{"app":"web","tier":"db"},"matchExpressions":[{"key":"z","operator":"In","values":["a","b"]},{"key":"y","operator":"Exists"},{"key":"x","operator":"DoesNotExist"}]}"#
        );
    }

    #[test]
    fn labels_are_read_through_their_constructors() {
        assert_eq!(serde_json::from_str::<Labels>(r#"{"a":"b"}"#).unwrap(), labels(&[("a", "b")]));
        let error = serde_json::from_str::<LabelKey>(r#""a b""#).unwrap_err().to_string();
        assert!(error.starts_with("`a b` is no label key: the name is not letters"), "{error}");
    }
}
