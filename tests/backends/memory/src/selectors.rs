//! Label selectors, with the mistakes that implementations make about them.

use netpol_oracle::labels::{Labels, Requirement, Selector};

use crate::fault::{Fault, Faulty};

pub(crate) fn matches(faulty: Faulty, selector: &Selector, labels: &Labels) -> bool {
    let pairs = selector.match_labels();
    let mut of_pairs = pairs.iter().map(|(key, value)| match labels.get(key.as_str()) {
        _ if value.as_str().is_empty() && faulty.has(Fault::EmptyLabelValueIgnored) => true,
        Some(own) => own == value,
        None => false,
    });
    let pairs_match = if faulty.has(Fault::MatchLabelsOred) && !pairs.is_empty() {
        of_pairs.any(|matched| matched)
    } else {
        of_pairs.all(|matched| matched)
    };
    if faulty.has(Fault::MatchExpressionsIgnored) {
        return pairs_match;
    }
    pairs_match && selector.expressions().iter().all(|each| requirement(faulty, each, labels))
}

fn requirement(faulty: Faulty, requirement: &Requirement, labels: &Labels) -> bool {
    let own = labels.get(requirement.key().as_str());
    let mut values = requirement.values().into_iter().flatten();
    match requirement.operator() {
        "In" if faulty.has(Fault::InFirstValueOnly) => own.is_some() && own == values.next(),
        "In" => own.is_some_and(|own| values.any(|value| value == own)),
        "NotIn" => match own {
            Some(own) if faulty.has(Fault::NotInOred) => values.any(|value| value != own),
            Some(own) => values.all(|value| value != own),
            None => !faulty.has(Fault::NotInNeedsKey),
        },
        "Exists" => {
            own.is_some() && !(faulty.has(Fault::ExistsNeedsValue) && own.is_some_and(|own| own.as_str().is_empty()))
        }
        _ if faulty.has(Fault::DoesNotExistIgnored) => true,
        _ => own.is_none(),
    }
}
