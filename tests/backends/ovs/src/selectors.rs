//! Which labels a selector takes (K9).

use netpol_oracle::labels::{LabelValue, Labels, Requirement, Selector};

use crate::fault::Fault;

/// Whether everything that `selector` says holds of `labels`.
pub(crate) fn selects(selector: &Selector, labels: &Labels, fault: Option<Fault>) -> bool {
    let value_of = |key: &str| match labels.get(key) {
        Some(value) => Some(value.as_str()),
        None => (fault == Some(Fault::MissingKeyIsEmptyValue)).then_some(""),
    };
    for (key, wanted) in selector.match_labels().iter() {
        if value_of(key.as_str()) != Some(wanted.as_str()) {
            return false;
        }
    }
    selector.expressions().iter().all(|requirement| {
        let value = value_of(requirement.key().as_str());
        let listed = |value: &str| {
            requirement.values().is_some_and(|all| all.iter().map(LabelValue::as_str).any(|v| v == value))
        };
        match requirement {
            Requirement::In { .. } => value.is_some_and(listed),
            Requirement::NotIn { .. } => match value {
                Some(value) => !listed(value),
                None => fault != Some(Fault::NotInFailsOnMissingKey),
            },
            Requirement::Exists { .. } => value.is_some(),
            Requirement::DoesNotExist { .. } => value.is_none(),
        }
    })
}
