//! Selectors (K9).

use netpol_oracle::labels::{Labels, Requirement, Selector};

use super::Input;
use crate::fault::Fault;

/// Whether the selector picks an object with these labels.
pub(super) fn selects(input: &Input<'_>, selector: &Selector, labels: &Labels) -> bool {
    let value = |key: &str| {
        let value = labels.get(key).map(|value| value.as_str());
        value.filter(|value| !(value.is_empty() && input.has(Fault::EmptyValueIsMissing)))
    };
    let fulfils = |requirement: &Requirement| match (requirement, value(requirement.key().as_str())) {
        (Requirement::Exists { .. }, value) => value.is_some(),
        (Requirement::DoesNotExist { .. }, value) => value.is_none(),
        (Requirement::In { values, .. }, Some(value)) => values.contains(value),
        (Requirement::In { .. }, None) => false,
        (Requirement::NotIn { values, .. }, Some(value)) => !values.contains(value),
        (Requirement::NotIn { .. }, None) => !input.has(Fault::NotInNeedsKey),
    };
    let wanted = selector.match_labels().iter();
    wanted.map(|(key, wanted)| (value(key.as_str()), wanted.as_str())).all(|(value, wanted)| value == Some(wanted))
        && selector.expressions().iter().all(fulfils)
}
