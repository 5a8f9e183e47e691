//! The labels of an object.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pair::{LabelKey, LabelValue};

/// The labels of one object. A clone shares them: objects that are labelled alike need them once.
///
/// ```
/// use netpol_oracle::labels::{LabelKey, LabelValue, Labels};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_through_their_constructors() {
        let expected = [(LabelKey::new("a").unwrap(), LabelValue::new("b").unwrap())].into_iter().collect();
        assert_eq!(serde_json::from_str::<Labels>(r#"{"a":"b"}"#).unwrap(), expected);
        let error = serde_json::from_str::<LabelKey>(r#""a b""#).unwrap_err().to_string();
        assert!(error.starts_with("`a b` is no label key: the name is not letters"), "{error}");
    }
}
