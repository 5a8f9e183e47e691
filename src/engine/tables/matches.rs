//! The selectors that match one set of labels, as readers have them.

use std::sync::Arc;

use crate::engine::cow::{Arena, Chunked};
use crate::engine::ids::{Labelled, SelectorId};
use crate::labels::{Labels, Requirement, Selector};

/// The selectors that match one set of labels.
#[derive(Debug, Clone)]
pub(in crate::engine) enum Matches<K> {
    /// The ids of the positive ones that match and of the negative ones that do not, in order.
    Listed(Arc<[SelectorId<K>]>),
    /// Too many to list within the bound: the labels, to be held against a selector when one is asked for.
    Scan(Labels),
}

impl<K> Default for Matches<K> {
    fn default() -> Self {
        Self::Listed(Arc::default())
    }
}

/// The distinct selectors by id, as the readers need them.
pub(in crate::engine) type Selectors<K> = Arena<SelectorId<K>, Chunked<Arc<Selector>>>;

/// The one selector that there always is: [`SelectorId::EVERYTHING`].
pub(in crate::engine) fn selectors<K: Labelled>() -> Selectors<K> {
    let mut selectors = Arena::default();
    selectors.push(Arc::new(Selector::everything()));
    selectors
}

impl<K: Labelled> Matches<K> {
    /// Whether the selector matches.
    #[inline]
    pub(in crate::engine) fn holds(&self, id: SelectorId<K>, selectors: &Selectors<K>) -> bool {
        if id.is_everything() {
            return true;
        }
        match self {
            Self::Listed(list) => contains(list, id) != id.is_negative(),
            Self::Scan(labels) => fulfils(labels, selectors.get(id)),
        }
    }

    /// The list, where there is one.
    pub(in crate::engine) fn list(&self) -> Option<&[SelectorId<K>]> {
        match self {
            Self::Listed(list) => Some(list),
            Self::Scan(_) => None,
        }
    }

    /// A Bloom filter of the list: an id whose bit is not in it is not in the list.
    pub(in crate::engine) fn bloom(&self) -> u64 {
        match self {
            Self::Listed(list) => list.iter().fold(0, |bloom, id| bloom | bit(*id)),
            Self::Scan(_) => u64::MAX,
        }
    }
}

/// The bit of an id in Bloom filters.
#[inline]
pub(in crate::engine) fn bit<K: Copy>(id: SelectorId<K>) -> u64 {
    1 << (id.spread() >> 26)
}

/// Whether the ordered list has `id`: lists are short as a rule, and a scan of a short one has no branch to miss.
#[inline]
fn contains<K: Labelled>(list: &[SelectorId<K>], id: SelectorId<K>) -> bool {
    if list.len() <= 32 {
        list.iter().fold(false, |found, each| found | (*each == id))
    } else {
        list.binary_search(&id).is_ok()
    }
}

/// Whether the labels have all of those.
pub(in crate::engine) fn fulfils_all(labels: &Labels, asked: &Labels) -> bool {
    asked.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value))
}

/// K9 on the labels themselves.
pub(in crate::engine) fn fulfils(labels: &Labels, selector: &Selector) -> bool {
    let exact = selector.match_labels().iter().all(|(key, value)| labels.get(key.as_str()) == Some(value));
    exact
        && selector.expressions().iter().all(|requirement| {
            let found = labels.get(requirement.key().as_str());
            let listed =
                || found.is_some_and(|value| requirement.values().is_some_and(|values| values.contains(value)));
            match requirement {
                Requirement::In { .. } => listed(),
                Requirement::NotIn { .. } => !listed(),
                Requirement::Exists { .. } => found.is_some(),
                Requirement::DoesNotExist { .. } => found.is_none(),
            }
        })
}
