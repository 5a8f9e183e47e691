//! Label selectors of workloads.

use crate::diagnostic::Code;
use crate::labels::{LabelKey, LabelValue, Requirement, Selector};
use crate::located::{At, Faults};
use crate::text::quoted;

/// A label selector.
pub(super) fn selector(selector: &At<'_>, faults: &mut Faults) -> Selector {
    let labels = selector.labels(faults, "matchLabels");
    let mut expressions = Vec::new();
    if let Some(list) = selector.field("matchExpressions") {
        for item in list.objects(faults) {
            expressions.extend(requirement(&item, faults));
        }
    }
    Selector::new(labels, expressions)
}

fn requirement(item: &At<'_>, faults: &mut Faults) -> Option<Requirement> {
    let key = match item.field("key") {
        None => {
            faults.missing(item, "key");
            None
        }
        Some(at) => at.as_text(faults).and_then(|text| match LabelKey::new(text) {
            Ok(key) => Some(key),
            Err(_) => {
                at.wrong_value(faults, format!("`{}` is no label key", quoted(text)));
                None
            }
        }),
    };
    let mut values = Vec::new();
    if let Some(list) = item.field("values") {
        for value in list.items(faults) {
            let Some(text) = value.as_text(faults) else {
                continue;
            };
            match LabelValue::new(text) {
                Ok(found) => values.push(found),
                Err(_) => {
                    let message = format!("`{}` is no label value", quoted(text));
                    faults.note(Code::FieldValue, &value, message, "");
                }
            }
        }
    }
    let operator = item.text(faults, "operator");
    let made = match operator {
        Some("In") => Requirement::in_(key?, values),
        Some("NotIn") => Requirement::not_in(key?, values),
        Some("Exists") => Ok(Requirement::Exists { key: key? }),
        Some("DoesNotExist") => Ok(Requirement::DoesNotExist { key: key? }),
        None => {
            if item.field("operator").is_none() {
                faults.missing(item, "operator");
            }
            return None;
        }
        Some(other) => {
            if let Some(at) = item.field("operator") {
                let message = format!("`{}` is no selector operator", quoted(other));
                let help = "the operators are `In`, `NotIn`, `Exists` and `DoesNotExist`";
                faults.note(Code::FieldValue, &at, message, help);
            }
            return None;
        }
    };
    if made.is_err() {
        faults.note(Code::FieldValue, item, "`In` and `NotIn` need values", "");
    }
    made.ok()
}
