//! Selectors and the requirements they are made of (K9).

use std::collections::BTreeSet;
use std::fmt;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::pair::{LabelKey, LabelValue};
use super::set::Labels;

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
/// use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
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
}
