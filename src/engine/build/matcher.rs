//! Which selectors match which sets of labels, kept up as either side grows.
//!
//! A selector is a conjunction over *facts*: "has `app=web`", "has the key `app`". Only facts that some selector asks
//! for are known, so labels nobody selects by cost nothing. Label sets that the same selectors match form a *group*.
//!
//! A selector that only forbids (`NotIn`, `DoesNotExist`) matches nearly everything; its id is *negative*, and lists have
//! it where it does **not** match. So lists are short, and a label set meets its selectors by way of its facts alone.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::engine::cow::Arena;
use crate::engine::ids::{GroupIx, Ix, LabelSetIx, Labelled, SelectorId};
use crate::engine::tables::matches::{Matches, Selectors};
use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};

type FactIx = Ix<OfFact>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
struct OfFact;

/// Lists hold at most so many entries for each label set on average; sets beyond are asked selector by selector.
const LISTED_A_SET: usize = 64;
/// And so many more, whatever the number of sets.
const LISTED_AT_LEAST: usize = 1 << 16;

/// One requirement of a selector.
#[derive(Debug, Clone)]
enum Clause {
    AnyOf(Vec<FactIx>),
    NoneOf(Vec<FactIx>),
}

impl Clause {
    fn facts(&self) -> &[FactIx] {
        match self {
            Self::AnyOf(facts) | Self::NoneOf(facts) => facts,
        }
    }

    fn holds(&self, facts: &[FactIx]) -> bool {
        let known = |fact: &FactIx| facts.binary_search(fact).is_ok();
        match self {
            Self::AnyOf(of) => of.iter().any(known),
            Self::NoneOf(of) => !of.iter().any(known),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Facts {
    has_key: Option<FactIx>,
    has_value: HashMap<LabelValue, FactIx>,
}

#[derive(Debug, Clone, Default)]
struct Set<K> {
    labels: Labels,
    /// The bits of its keys and pairs: what has another bit is not among them.
    bloom: u64,
    facts: Box<[FactIx]>,
    group: GroupIx<K>,
}

#[derive(Debug, Clone, Default)]
struct Group<K> {
    matches: Matches<K>,
    sets: Vec<LabelSetIx<K>>,
}

/// What a new selector did to groups.
#[derive(Debug, Default)]
pub(in crate::engine) struct Regrouped<K> {
    /// Groups whose lists have grown: it is to be in the list of each of their sets.
    pub(in crate::engine) grown: Vec<GroupIx<K>>,
    /// Label sets that left a group for a new one, with the group they left.
    pub(in crate::engine) moved: Vec<(GroupIx<K>, LabelSetIx<K>)>,
}

/// Whether a label set with these facts has the selector in its list.
fn is_listed<K: Copy>(id: SelectorId<K>, clauses: &[Clause], facts: &[FactIx]) -> bool {
    clauses.iter().all(|clause| clause.holds(facts)) != id.is_negative()
}

/// The state of the writer; readers have [`Selectors`] and the lists.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Matcher<K: Labelled> {
    ids: HashMap<Arc<Selector>, SelectorId<K>>,
    clauses: Arena<SelectorId<K>, Vec<Vec<Clause>>>,
    facts: HashMap<LabelKey, Facts>,
    /// For each fact the positive selectors that cannot match without it (or one of its alternatives), and the negative
    /// ones that do not match with it.
    anchored: Arena<FactIx, Vec<Vec<SelectorId<K>>>>,
    /// For each fact the label sets that have it.
    sets_with: Arena<FactIx, Vec<Vec<LabelSetIx<K>>>>,
    hasher: foldhash::fast::FixedState,
    /// Places in `sets`, by labels.
    set_ids: HashTable<LabelSetIx<K>>,
    sets: Arena<LabelSetIx<K>, Vec<Set<K>>>,
    group_ids: HashMap<Arc<[SelectorId<K>]>, GroupIx<K>>,
    groups: Arena<GroupIx<K>, Vec<Group<K>>>,
    listed: usize,
}

impl<K: Labelled> Default for Matcher<K> {
    fn default() -> Self {
        let mut matcher = Self {
            ids: HashMap::new(),
            clauses: Arena::default(),
            facts: HashMap::new(),
            anchored: Arena::default(),
            sets_with: Arena::default(),
            hasher: foldhash::fast::FixedState::default(),
            set_ids: HashTable::new(),
            sets: Arena::default(),
            group_ids: HashMap::new(),
            groups: Arena::default(),
            listed: 0,
        };
        matcher.ids.insert(Arc::new(Selector::everything()), SelectorId::EVERYTHING);
        matcher.clauses.push(Vec::new());
        matcher
    }
}

impl<K: Labelled> Matcher<K> {
    /// Label sets, those that nothing uses any more too.
    pub(in crate::engine) fn sets(&self) -> usize {
        self.sets.len()
    }

    /// Entries of all lists together.
    pub(in crate::engine) fn listed(&self) -> usize {
        self.listed
    }

    /// Whether some selector asks for the key.
    pub(in crate::engine) fn asks(&self, key: &LabelKey) -> bool {
        self.facts.contains_key(key)
    }

    pub(in crate::engine) fn group(&self, set: LabelSetIx<K>) -> GroupIx<K> {
        self.sets.get(set).group
    }

    pub(in crate::engine) fn matches(&self, group: GroupIx<K>) -> Matches<K> {
        self.groups.get(group).matches.clone()
    }

    /// The selector's id, and what it changed where it is new.
    pub(in crate::engine) fn selector(
        matcher: &mut Arc<Self>,
        known: &mut Selectors<K>,
        selector: &Selector,
    ) -> (SelectorId<K>, Regrouped<K>) {
        match matcher.ids.get(selector) {
            Some(id) => (*id, Regrouped::default()),
            None => Arc::make_mut(matcher).new_selector(known, selector),
        }
    }

    fn new_selector(&mut self, known: &mut Selectors<K>, selector: &Selector) -> (SelectorId<K>, Regrouped<K>) {
        let shared = Arc::new(selector.clone());
        let positive = known.push(shared.clone());
        let clauses = self.compile(selector);
        let needed = clauses.iter().filter_map(|clause| match clause {
            Clause::AnyOf(facts) => Some(facts),
            Clause::NoneOf(_) => None,
        });
        let (id, anchors): (SelectorId<K>, Vec<FactIx>) = match needed.min_by_key(|facts| self.hanging_on(facts)) {
            Some(facts) => (positive, facts.clone()),
            None => (positive.negative(), clauses.iter().flat_map(Clause::facts).copied().collect()),
        };
        self.ids.insert(shared, id);
        for fact in &anchors {
            self.anchored.get_mut(*fact).push(id);
        }
        let listed = self.sets_to_list(id, &anchors, &clauses);
        self.clauses.push(clauses);
        let regrouped = self.regroup(id, listed);
        (id, regrouped)
    }

    /// How many selectors would hang on these facts: the fewer, the fewer a label set is held against.
    fn hanging_on(&self, facts: &[FactIx]) -> usize {
        facts.iter().map(|fact| self.anchored.get(*fact).len() + 1).sum()
    }

    fn compile(&mut self, selector: &Selector) -> Vec<Clause> {
        let mut clauses: Vec<Clause> = Vec::new();
        for (key, value) in selector.match_labels().iter() {
            clauses.push(Clause::AnyOf(vec![self.value_fact(key, value)]));
        }
        for requirement in selector.expressions() {
            let key = requirement.key();
            let values = requirement.values().into_iter().flatten();
            let mut facts: Vec<FactIx> = values.map(|value| self.value_fact(key, value)).collect();
            if requirement.values().is_none() {
                facts.push(self.key_fact(key));
            }
            clauses.push(match requirement {
                Requirement::In { .. } | Requirement::Exists { .. } => Clause::AnyOf(facts),
                Requirement::NotIn { .. } | Requirement::DoesNotExist { .. } => Clause::NoneOf(facts),
            });
        }
        clauses
    }

    fn key_fact(&mut self, key: &LabelKey) -> FactIx {
        let known = self.facts.entry(key.clone()).or_default().has_key;
        known.unwrap_or_else(|| {
            let bit = self.bloom(key, None);
            let fact = self.new_fact(bit, |labels| labels.get(key.as_str()).is_some());
            self.facts.entry(key.clone()).or_default().has_key = Some(fact);
            fact
        })
    }

    fn value_fact(&mut self, key: &LabelKey, value: &LabelValue) -> FactIx {
        let known = self.facts.entry(key.clone()).or_default().has_value.get(value).copied();
        known.unwrap_or_else(|| {
            let bit = self.bloom(key, Some(value));
            let fact = self.new_fact(bit, |labels| labels.get(key.as_str()) == Some(value));
            self.facts.entry(key.clone()).or_default().has_value.insert(value.clone(), fact);
            fact
        })
    }

    fn bloom(&self, key: &LabelKey, value: Option<&LabelValue>) -> u64 {
        1 << (self.hasher.hash_one((key, value)) >> 58)
    }

    /// A new fact, entered where it holds; ids grow, so lists of facts stay in order.
    fn new_fact(&mut self, bit: u64, holds: impl Fn(&Labels) -> bool) -> FactIx {
        let fact = self.anchored.push(Vec::new());
        let mut with: Vec<LabelSetIx<K>> = Vec::new();
        for (id, set) in self.sets.ids().zip(self.sets.items_mut()) {
            if set.bloom & bit != 0 && holds(&set.labels) {
                set.facts = set.facts.iter().copied().chain([fact]).collect();
                with.push(id);
            }
        }
        self.sets_with.push(with);
        fact
    }

    /// The known label sets whose lists are to have a new selector: all of them have one of its anchors.
    fn sets_to_list(&self, id: SelectorId<K>, anchors: &[FactIx], clauses: &[Clause]) -> Vec<LabelSetIx<K>> {
        let with_anchor = anchors.iter().flat_map(|fact| self.sets_with.get(*fact));
        let mut sets: Vec<LabelSetIx<K>> = with_anchor.copied().collect();
        sets.sort_unstable();
        sets.dedup();
        sets.retain(|set| is_listed(id, clauses, &self.sets.get(*set).facts));
        sets
    }

    /// Enters a new selector into the lists of these sets.
    fn regroup(&mut self, id: SelectorId<K>, listed: Vec<LabelSetIx<K>>) -> Regrouped<K> {
        let mut regrouped = Regrouped::default();
        let mut by_group: BTreeMap<GroupIx<K>, Vec<LabelSetIx<K>>> = BTreeMap::new();
        for set in listed {
            by_group.entry(self.group(set)).or_default().push(set);
        }
        for (at, sets) in by_group {
            let group = self.groups.get_mut(at);
            let Matches::Listed(old) = &group.matches else { continue };
            let old = old.clone();
            let at_least = old.partition_point(|each| *each < id);
            let (before, after) = old.split_at(at_least);
            let list: Arc<[SelectorId<K>]> = before.iter().chain([&id]).chain(after).copied().collect();
            if sets.len() == group.sets.len() {
                self.listed += 1;
                group.matches = Matches::Listed(list.clone());
                self.group_ids.remove(&old);
                self.group_ids.insert(list, at);
                regrouped.grown.push(at);
            } else {
                group.sets.retain(|set| sets.binary_search(set).is_err());
                let fresh = self.new_group(Matches::Listed(list), sets.clone());
                for set in &sets {
                    self.sets.get_mut(*set).group = fresh;
                }
                regrouped.moved.extend(sets.into_iter().map(|set| (at, set)));
            }
        }
        regrouped
    }

    fn new_group(&mut self, matches: Matches<K>, sets: Vec<LabelSetIx<K>>) -> GroupIx<K> {
        let group = self.groups.push(Group { matches: matches.clone(), sets });
        if let Matches::Listed(list) = matches {
            self.listed += list.len();
            self.group_ids.insert(list, group);
        }
        group
    }

    /// The id of a set of labels; known ones stay until everything is compiled anew.
    pub(in crate::engine) fn set(matcher: &mut Arc<Self>, labels: &Labels) -> LabelSetIx<K> {
        let hash = matcher.hasher.hash_one(labels);
        let has_labels = |id: &LabelSetIx<K>| matcher.sets.get(*id).labels == *labels;
        match matcher.set_ids.find(hash, has_labels) {
            Some(id) => *id,
            None => Arc::make_mut(matcher).new_set(hash, labels),
        }
    }

    fn new_set(&mut self, hash: u64, labels: &Labels) -> LabelSetIx<K> {
        let mut facts: Vec<FactIx> = Vec::new();
        let mut bloom = 0;
        for (key, value) in labels.iter() {
            if let Some(known) = self.facts.get(key) {
                facts.extend(known.has_key);
                facts.extend(known.has_value.get(value));
            }
            bloom |= self.bloom(key, None) | self.bloom(key, Some(value));
        }
        facts.sort_unstable();
        let group = match self.list(&facts) {
            Some(list) => match self.group_ids.get(&*list).copied() {
                Some(known) => known,
                None => self.new_group(Matches::Listed(list.into()), Vec::new()),
            },
            None => self.new_group(Matches::Scan(labels.clone()), Vec::new()),
        };
        let id = self.sets.push(Set { labels: labels.clone(), bloom, facts: facts.as_slice().into(), group });
        self.groups.get_mut(group).sets.push(id);
        for fact in &facts {
            self.sets_with.get_mut(*fact).push(id);
        }
        let (hasher, sets) = (&self.hasher, &self.sets);
        self.set_ids.insert_unique(hash, id, |id| hasher.hash_one(&sets.get(*id).labels));
        id
    }

    /// The selectors that match a set with these facts; none where listing them would exceed the bound.
    fn list(&self, facts: &[FactIx]) -> Option<Vec<SelectorId<K>>> {
        let most = (LISTED_A_SET * self.sets.len() + LISTED_AT_LEAST).saturating_sub(self.listed);
        let mut list = Vec::new();
        for id in facts.iter().flat_map(|fact| self.anchored.get(*fact)).copied() {
            if is_listed(id, self.clauses.get(id), facts) {
                if list.len() >= most {
                    return None;
                }
                list.push(id);
            }
        }
        list.sort_unstable();
        list.dedup();
        Some(list)
    }

    /// Gives back what lists have grown by in advance.
    pub(in crate::engine) fn shrink(&mut self) {
        self.sets_with.items_mut().for_each(Vec::shrink_to_fit);
        self.groups.items_mut().for_each(|group| group.sets.shrink_to_fit());
        self.sets.shrink();
        self.groups.shrink();
    }
}
