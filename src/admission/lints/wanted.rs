//! What selectors ask, key by key, and whether one asks all that another does (K9).

use std::collections::{BTreeMap, BTreeSet};

use crate::labels::{LabelValue, Requirement, Selector};
use crate::model::cluster::NAMESPACE_NAME_LABEL;
use crate::model::policy::Namespaces;

/// What a selector takes of each key that it names; a key that it does not name may be there with any value, or not.
#[derive(Debug, Default)]
pub(super) struct Wanted<'s>(BTreeMap<&'s str, OfKey<'s>>);

/// What is taken of one key.
#[derive(Debug)]
struct OfKey<'s> {
    may_lack: bool,
    values: Values<'s>,
}

#[derive(Debug)]
enum Values<'s> {
    Of(BTreeSet<&'s str>),
    AllBut(BTreeSet<&'s str>),
}

impl<'s> Wanted<'s> {
    pub(super) fn of(selector: &'s Selector) -> Self {
        let mut wanted = Self::default();
        for (key, value) in selector.match_labels().iter() {
            wanted.narrow(key.as_str(), OfKey { may_lack: false, values: Values::Of([value.as_str()].into()) });
        }
        for requirement in selector.expressions() {
            let texts = |values: &'s BTreeSet<LabelValue>| values.iter().map(LabelValue::as_str).collect();
            let (may_lack, values) = match requirement {
                Requirement::In { values, .. } => (false, Values::Of(texts(values))),
                Requirement::NotIn { values, .. } => (true, Values::AllBut(texts(values))),
                Requirement::Exists { .. } => (false, Values::AllBut(BTreeSet::new())),
                Requirement::DoesNotExist { .. } => (true, Values::Of(BTreeSet::new())),
            };
            wanted.narrow(requirement.key().as_str(), OfKey { may_lack, values });
        }
        wanted
    }

    /// Of a peer of a policy in `own`: a namespace always has its name as a label (K10).
    pub(super) fn of_namespaces(own: &'s str, namespaces: &'s Namespaces) -> Self {
        match namespaces {
            Namespaces::Matching(selector) => Self::of(selector),
            Namespaces::Own => {
                let values = Values::Of([own].into());
                Self([(NAMESPACE_NAME_LABEL, OfKey { may_lack: false, values })].into())
            }
        }
    }

    /// Whether no labels fulfil it.
    pub(super) fn is_impossible(&self) -> bool {
        self.0
            .values()
            .any(|of_key| !of_key.may_lack && matches!(&of_key.values, Values::Of(values) if values.is_empty()))
    }

    /// Whether all labels that fulfil it fulfil `wide` too.
    pub(super) fn is_within(&self, wide: &Self) -> bool {
        wide.0.iter().all(|(key, wide)| match self.0.get(key) {
            Some(narrow) => narrow.is_within(wide),
            None => wide.is_anything(),
        })
    }

    /// The keys of which one value alone is taken, each with it.
    pub(super) fn single(&self) -> impl Iterator<Item = (&'s str, &'s str)> + '_ {
        self.0.iter().filter_map(|(key, of_key)| match &of_key.values {
            Values::Of(values) if !of_key.may_lack && values.len() == 1 => Some((*key, *values.first()?)),
            _ => None,
        })
    }

    fn narrow(&mut self, key: &'s str, more: OfKey<'s>) {
        match self.0.get_mut(key) {
            Some(known) => known.narrow(more),
            None => {
                self.0.insert(key, more);
            }
        }
    }
}

impl<'s> OfKey<'s> {
    fn narrow(&mut self, more: Self) {
        self.may_lack &= more.may_lack;
        match (&mut self.values, more.values) {
            (Values::Of(known), Values::Of(more)) => known.retain(|value| more.contains(value)),
            (Values::Of(known), Values::AllBut(not)) => known.retain(|value| !not.contains(value)),
            (Values::AllBut(known), Values::AllBut(more)) => known.extend(more),
            (Values::AllBut(not), Values::Of(mut more)) => {
                more.retain(|value| !not.contains(value));
                self.values = Values::Of(more);
            }
        }
    }

    fn is_anything(&self) -> bool {
        self.may_lack && matches!(&self.values, Values::AllBut(not) if not.is_empty())
    }

    fn is_within(&self, wide: &Self) -> bool {
        let values = match (&self.values, &wide.values) {
            (Values::Of(narrow), Values::Of(wide)) => narrow.is_subset(wide),
            (Values::Of(narrow), Values::AllBut(not)) => narrow.is_disjoint(not),
            // There are more values than anybody can list.
            (Values::AllBut(_), Values::Of(_)) => false,
            (Values::AllBut(narrow), Values::AllBut(wide)) => wide.is_subset(narrow),
        };
        values && (wide.may_lack || !self.may_lack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{LabelKey, Labels};

    fn selectors() -> Vec<Selector> {
        let key = || LabelKey::new("k").unwrap();
        let values = |texts: &[&str]| texts.iter().map(|text| LabelValue::new(text).unwrap()).collect::<Vec<_>>();
        let mut each = vec![Requirement::Exists { key: key() }, Requirement::DoesNotExist { key: key() }];
        for texts in [&["a"][..], &["b"], &["a", "b"], &["a", "c"]] {
            each.push(Requirement::in_(key(), values(texts)).unwrap());
            each.push(Requirement::not_in(key(), values(texts)).unwrap());
        }
        let pairs = each.iter().flat_map(|one| each.iter().map(|other| vec![one.clone(), other.clone()]));
        let mut lists: Vec<Vec<Requirement>> = pairs.collect();
        lists.push(Vec::new());
        lists.into_iter().map(|list| Selector::new(Labels::new(), list)).collect()
    }

    /// One key with each of the values that any selector names, with another, and not at all: all there is to tell.
    #[test]
    fn what_is_within_is_what_no_labels_contradict() {
        let selectors = selectors();
        let labels: Vec<Labels> = [None, Some("a"), Some("b"), Some("c"), Some("d")]
            .into_iter()
            .map(|value| {
                value.map(|value| (LabelKey::new("k").unwrap(), LabelValue::new(value).unwrap())).into_iter().collect()
            })
            .collect();
        let (mut within, mut impossible) = (0, 0);
        for narrow in &selectors {
            let fulfil: Vec<&Labels> = labels.iter().filter(|labels| narrow.matches(labels)).collect();
            let wanted = Wanted::of(narrow);
            assert_eq!(wanted.is_impossible(), fulfil.is_empty(), "{narrow}");
            impossible += usize::from(fulfil.is_empty());
            for wide in selectors.iter().filter(|_| !fulfil.is_empty()) {
                let expected = fulfil.iter().all(|labels| wide.matches(labels));
                assert_eq!(wanted.is_within(&Wanted::of(wide)), expected, "{narrow} within {wide}");
                within += usize::from(expected);
            }
        }
        assert!(within > 100 && impossible > 10, "{within}, {impossible}");
    }

    #[test]
    fn keys_count_each() {
        let pair = |key: &str, value: &str| (LabelKey::new(key).unwrap(), LabelValue::new(value).unwrap());
        let one = Selector::new([pair("a", "x")].into_iter().collect(), Vec::new());
        let both = Selector::new([pair("a", "x"), pair("b", "y")].into_iter().collect(), Vec::new());
        assert!(Wanted::of(&both).is_within(&Wanted::of(&one)) && !Wanted::of(&one).is_within(&Wanted::of(&both)));
        assert!(Wanted::of(&one).is_within(&Wanted::of(&Selector::everything())));
        assert_eq!(Wanted::of(&both).single().collect::<Vec<_>>(), [("a", "x"), ("b", "y")]);
        let named =
            Namespaces::Matching(Selector::new([pair(NAMESPACE_NAME_LABEL, "shop")].into_iter().collect(), Vec::new()));
        let (named, own) = (Wanted::of_namespaces("bank", &named), Wanted::of_namespaces("shop", &Namespaces::Own));
        assert!(named.is_within(&own) && own.is_within(&named));
        assert!(!named.is_within(&Wanted::of_namespaces("bank", &Namespaces::Own)));
    }
}
