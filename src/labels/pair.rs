//! Keys and values of labels.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::faults::{LabelKeyError, LabelValueError, key_faults, value_faults};

/// Key of a label: `app`, `example.com/tier`.
///
/// ```
/// use netpol_oracle::labels::{LabelKey, LabelKeyFault};
/// assert_eq!(LabelKey::new("example.com/tier")?.as_str(), "example.com/tier");
/// let error = LabelKey::new("").unwrap_err();
/// assert_eq!(error.faults(), [LabelKeyFault::NameEmpty, LabelKeyFault::NameSyntax]);
/// # Ok::<(), netpol_oracle::labels::LabelKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelKey(Arc<str>);

/// Value of a label; may be empty.
///
/// ```
/// use netpol_oracle::labels::{LabelValue, LabelValueFault};
/// assert_eq!(LabelValue::new("v1.2")?.as_str(), "v1.2");
/// assert_eq!(LabelValue::new("-").unwrap_err().faults(), [LabelValueFault::Syntax]);
/// # Ok::<(), netpol_oracle::labels::LabelValueError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelValue(Arc<str>);

impl LabelKey {
    /// A key; the error lists every fault in the API server's order.
    ///
    /// # Errors
    /// The text is no label key.
    pub fn new(text: &str) -> Result<Self, LabelKeyError> {
        let faults = key_faults(text);
        if faults.is_empty() { Ok(Self(text.into())) } else { Err(LabelKeyError(faults)) }
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
    pub fn new(text: &str) -> Result<Self, LabelValueError> {
        let faults = value_faults(text);
        if faults.is_empty() { Ok(Self(text.into())) } else { Err(LabelValueError(faults)) }
    }

    /// A value of the crate's own vocabulary, which its tests show to be valid.
    #[cfg(feature = "generate")]
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
                Self::new(&text)
                    .map_err(|error| D::Error::custom(format!(concat!("`{}` is no ", $what, ": {}"), text, error)))
            }
        }
    };
}

text_type!(LabelKey, "label key");
text_type!(LabelValue, "label value");
