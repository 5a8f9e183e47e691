//! The weakest labels that a selector selects.

use std::collections::{BTreeMap, BTreeSet};

use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};

/// What a selector says of one key.
#[derive(Default)]
struct OfKey<'s> {
    /// The values it may have; none: any.
    among: Option<BTreeSet<&'s LabelValue>>,
    not: BTreeSet<&'s LabelValue>,
    is_there: bool,
    is_missing: bool,
}

impl<'s> OfKey<'s> {
    fn narrow(&mut self, values: BTreeSet<&'s LabelValue>) {
        self.among = Some(match self.among.take() {
            Some(among) => among.intersection(&values).copied().collect(),
            None => values,
        });
    }

    /// Every way to fulfil it, with a value or (none) with whatever value; none where the key is best left out. No way: empty.
    fn ways(&self) -> Option<Vec<Option<&'s LabelValue>>> {
        match &self.among {
            Some(_) if self.is_missing => Some(Vec::new()),
            Some(among) => Some(among.difference(&self.not).map(|value| Some(*value)).collect()),
            None if self.is_there && self.is_missing => Some(Vec::new()),
            None if self.is_there => Some(vec![None]),
            None => None,
        }
    }
}

/// Each of the weakest selectors of labels alone, with or without values, whom this one selects too; they ask for nothing that
/// this one does not. None where it contradicts itself, an error with their number where there are more than `most`.
pub(super) fn weakest(selector: &Selector, most: usize) -> Result<Vec<Selector>, usize> {
    let mut keys: BTreeMap<&LabelKey, OfKey<'_>> = BTreeMap::new();
    for (key, value) in selector.match_labels().iter() {
        keys.entry(key).or_default().narrow(BTreeSet::from([value]));
    }
    for requirement in selector.expressions() {
        let of = keys.entry(requirement.key()).or_default();
        match requirement {
            Requirement::In { values, .. } => of.narrow(values.iter().collect()),
            Requirement::NotIn { values, .. } => of.not.extend(values),
            Requirement::Exists { .. } => of.is_there = true,
            Requirement::DoesNotExist { .. } => of.is_missing = true,
        }
    }
    let ways: Vec<(&LabelKey, Vec<Option<&LabelValue>>)> =
        keys.into_iter().filter_map(|(key, of)| Some((key, of.ways()?))).collect();
    let count = ways.iter().fold(1_usize, |count, (_, ways)| count.saturating_mul(ways.len()));
    if count > most {
        return Err(count);
    }
    let mut all = vec![(Labels::new(), Vec::new())];
    for (key, ways) in ways {
        let longer = |(labels, there): &(Labels, Vec<Requirement>), way: &Option<&LabelValue>| {
            let (mut labels, mut there) = (labels.clone(), there.clone());
            match way {
                Some(value) => drop(labels.insert(key.clone(), (*value).clone())),
                None => there.push(Requirement::Exists { key: key.clone() }),
            }
            (labels, there)
        };
        all = all.iter().flat_map(|one| ways.iter().map(move |way| longer(one, way))).collect();
    }
    Ok(all.into_iter().map(|(labels, there)| Selector::new(labels, there)).collect())
}

/// Whether one of them asks for nothing that the other does not.
pub(super) fn is_weaker(one: &Selector, other: &Selector) -> bool {
    let of_other = other.match_labels();
    let has_key = |key: &LabelKey| {
        of_other.get(key.as_str()).is_some() || other.expressions().iter().any(|each| each.key() == key)
    };
    one.match_labels().iter().all(|(key, value)| of_other.get(key.as_str()) == Some(value))
        && one.expressions().iter().all(|each| has_key(each.key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(labels: &[(&str, &str)], expressions: Vec<Requirement>) -> Selector {
        let label = |(key, value): &(&str, &str)| (LabelKey::new(key).unwrap(), LabelValue::new(value).unwrap());
        Selector::new(labels.iter().map(label).collect(), expressions)
    }

    fn key(text: &str) -> LabelKey {
        LabelKey::new(text).unwrap()
    }

    fn values(texts: &[&str]) -> Vec<LabelValue> {
        texts.iter().map(|text| LabelValue::new(text).unwrap()).collect()
    }

    #[test]
    fn what_must_be_there_is_asked_and_nothing_else() {
        let in_ = |name: &str, of: &[&str]| Requirement::in_(key(name), values(of)).unwrap();
        let not_in = |name: &str, of: &[&str]| Requirement::not_in(key(name), values(of)).unwrap();
        let exists = |name: &str| Requirement::Exists { key: key(name) };
        let missing = |name: &str| Requirement::DoesNotExist { key: key(name) };
        let texts = |selector: &Selector| -> Vec<String> {
            weakest(selector, 10).unwrap().iter().map(ToString::to_string).collect()
        };
        assert_eq!(texts(&Selector::everything()), ["everything"]);
        assert_eq!(texts(&selector(&[], vec![not_in("a", &["x"]), missing("b")])), ["everything"]);
        let two =
            selector(&[("app", "web")], vec![in_("tier", &["a", "b", "c"]), not_in("tier", &["b"]), exists("tier")]);
        assert_eq!(texts(&two), ["app=web,tier=a", "app=web,tier=c"]);
        assert_eq!(texts(&selector(&[], vec![exists("tier"), not_in("tier", &["b"])])), ["tier"]);
        for contradiction in [
            selector(&[("a", "x")], vec![missing("a")]),
            selector(&[("a", "x")], vec![in_("a", &["y"])]),
            selector(&[("a", "x")], vec![not_in("a", &["x"])]),
            selector(&[], vec![exists("a"), missing("a")]),
        ] {
            assert!(texts(&contradiction).is_empty(), "{contradiction}");
        }
        let many = selector(&[], vec![in_("a", &["1", "2", "3", "4"]), in_("b", &["1", "2", "3", "4"])]);
        assert_eq!(weakest(&many, 15), Err(16));
    }

    #[test]
    fn a_selector_is_weaker_that_asks_for_less() {
        let exists = |name: &str| Requirement::Exists { key: key(name) };
        let all = [
            Selector::everything(),
            selector(&[], vec![exists("a")]),
            selector(&[("a", "x")], vec![]),
            selector(&[("a", "x"), ("b", "y")], vec![]),
        ];
        for (at, one) in all.iter().enumerate() {
            for (place, other) in all.iter().enumerate() {
                assert_eq!(is_weaker(one, other), at <= place, "{one}, {other}");
            }
        }
        assert!(!is_weaker(&selector(&[("a", "z")], vec![]), &all[2]));
    }
}
