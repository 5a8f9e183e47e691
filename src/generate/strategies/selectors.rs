//! Labels and what selects by them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::vocabulary::{NAMESPACES, label, one_of};
use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use crate::model::cluster::NAMESPACE_NAME_LABEL;

fn keys() -> impl Strategy<Value = &'static str> {
    one_of(&[(4, "app"), (3, "tier")])
}

fn values() -> impl Strategy<Value = &'static str> {
    one_of(&[(4, "a"), (4, "b"), (1, "")])
}

/// Labels of pods and namespaces: `app` and `tier`, each `a`, `b`, empty or absent.
///
/// ```
/// use netpol_oracle::generate::strategies::{labels, selectors};
/// use proptest::prelude::*;
/// proptest!(|(selector in selectors(), labels in labels())| {
///     prop_assert!(!selector.is_everything() || selector.matches(&labels));
/// });
/// ```
pub fn labels() -> impl Strategy<Value = Labels> {
    let app = one_of(&[(5, Some("a")), (4, Some("b")), (1, Some("")), (1, None)]);
    let tier = one_of(&[(4, None), (2, Some("a")), (1, Some("b")), (1, Some(""))]);
    (app, tier).prop_map(|(app, tier)| {
        let pairs = [("app", app), ("tier", tier)];
        pairs.into_iter().filter_map(|(key, value)| value.map(|value| label(key, value))).collect()
    })
}

/// `In` or `NotIn` of `values`, which are some: a strategy's values cannot be none.
fn among(key: &'static str, values: Vec<&'static str>, not: bool) -> Requirement {
    let key = LabelKey::known(key);
    let values = values.into_iter().map(LabelValue::known);
    let made = if not { Requirement::not_in(key.clone(), values) } else { Requirement::in_(key.clone(), values) };
    made.unwrap_or(Requirement::Exists { key })
}

/// One entry of `matchExpressions`, of every operator; every third `In` and `NotIn` has several values.
///
/// ```
/// use netpol_oracle::generate::strategies::requirements;
/// proptest::proptest!(|(one in requirements())| {
///     assert_eq!(one.values().is_some(), ["In", "NotIn"].contains(&one.operator()));
/// });
/// ```
pub fn requirements() -> impl Strategy<Value = Requirement> {
    let several = select(vec![vec!["a", "b"], vec!["a", ""], vec!["b", ""], vec!["a", "b", ""]]);
    let some = || prop_oneof![3 => values().prop_map(|one| vec![one]), 2 => several.clone()];
    prop_oneof![
        3 => (keys(), some()).prop_map(|(key, values)| among(key, values, false)),
        3 => (keys(), some()).prop_map(|(key, values)| among(key, values, true)),
        2 => keys().prop_map(|key| Requirement::Exists { key: LabelKey::known(key) }),
        2 => keys().prop_map(|key| Requirement::DoesNotExist { key: LabelKey::known(key) }),
    ]
}

fn pairs() -> impl Strategy<Value = Labels> {
    let two =
        (values(), values()).prop_map(|(app, tier)| [label("app", app), label("tier", tier)].into_iter().collect());
    prop_oneof![3 => (keys(), values()).prop_map(|(key, value)| [label(key, value)].into_iter().collect()), 1 => two]
}

/// Selectors of pods: everything, one or two `matchLabels`, expressions, both.
///
/// ```
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::generate::strategies::selectors;
/// proptest::proptest!(|(selector in selectors())| {
///     let again = Selector::new(selector.match_labels().clone(), selector.expressions().to_vec());
///     assert_eq!(again, selector);
/// });
/// ```
pub fn selectors() -> impl Strategy<Value = Selector> {
    prop_oneof![
        4 => Just(Selector::everything()),
        6 => pairs().prop_map(|pairs| Selector::new(pairs, Vec::new())),
        3 => requirements().prop_map(|one| Selector::new(Labels::new(), vec![one])),
        1 => (pairs(), vec(requirements(), 0..3)).prop_map(|(pairs, of)| Selector::new(pairs, of)),
        1 => vec(requirements(), 0..3).prop_map(|requirements| Selector::new(Labels::new(), requirements)),
    ]
}

/// Of a policy's subjects: mostly of many.
pub(super) fn subjects() -> impl Strategy<Value = Selector> {
    prop_oneof![3 => Just(Selector::everything()), 2 => selectors()]
}

pub(super) fn namespace_selectors() -> impl Strategy<Value = Selector> {
    let by_name = select(NAMESPACES.as_slice())
        .prop_map(|name| Selector::new([label(NAMESPACE_NAME_LABEL, name)].into_iter().collect(), Vec::new()));
    prop_oneof![3 => selectors(), 1 => by_name]
}
