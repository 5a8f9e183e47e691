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

use crate::engine::chunked::Chunked;
use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};

/// A distinct selector; [`EVERYTHING`] is the one that says nothing.
pub(super) type SelectorId = u32;
/// A distinct set of labels.
pub(super) type SetId = u32;
/// Label sets that no selector tells apart.
pub(super) type GroupId = u32;
type FactId = u32;

/// The selector that selects everything: in no list, since it would be in every one.
pub(super) const EVERYTHING: SelectorId = 0;

/// The bit of ids of selectors that only forbid.
pub(super) const NEGATIVE: SelectorId = 1 << 31;

/// Lists hold at most so many entries for each label set on average; sets beyond are asked selector by selector.
const LISTED_A_SET: usize = 64;
/// And so many more, whatever the number of sets.
const LISTED_AT_LEAST: usize = 1 << 16;

/// The selectors that match one set of labels.
#[derive(Debug, Clone)]
pub(super) enum Matches {
    /// The ids of the positive ones that match and of the negative ones that do not, in order.
    Listed(Arc<[SelectorId]>),
    /// Too many to list within the bound: the labels, to be held against a selector when one is asked for.
    Scan(Labels),
}

impl Default for Matches {
    fn default() -> Self {
        Self::Listed(Arc::default())
    }
}

/// The distinct selectors by id, as the readers need them.
pub(super) type Selectors = Chunked<Arc<Selector>>;

impl Matches {
    /// Whether the selector matches.
    #[inline]
    pub(super) fn holds(&self, id: SelectorId, selectors: &Selectors) -> bool {
        if id == EVERYTHING {
            return true;
        }
        match self {
            Self::Listed(list) => contains(list, id) != (id & NEGATIVE != 0),
            Self::Scan(labels) => selectors.get(id & !NEGATIVE).is_some_and(|selector| fulfils(labels, selector)),
        }
    }

    /// The list, where there is one.
    pub(super) fn list(&self) -> Option<&[SelectorId]> {
        match self {
            Self::Listed(list) => Some(list),
            Self::Scan(_) => None,
        }
    }

    /// A Bloom filter of the list: an id whose bit is not in it is not in the list.
    pub(super) fn bloom(&self) -> u64 {
        match self {
            Self::Listed(list) => list.iter().fold(0, |bloom, id| bloom | bit(*id)),
            Self::Scan(_) => u64::MAX,
        }
    }
}

/// The bit of an id in Bloom filters.
#[inline]
pub(super) fn bit(id: SelectorId) -> u64 {
    1 << (id.wrapping_mul(0x9E37_79B9) >> 26)
}

/// Whether the ordered list has `id`: lists are short as a rule, and a scan of a short one has no branch to miss.
#[inline]
fn contains(list: &[u32], id: u32) -> bool {
    if list.len() <= 32 {
        list.iter().fold(false, |found, each| found | (*each == id))
    } else {
        list.binary_search(&id).is_ok()
    }
}

/// K9 on the labels themselves.
pub(super) fn fulfils(labels: &Labels, selector: &Selector) -> bool {
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

/// One requirement of a selector.
#[derive(Debug)]
enum Clause {
    AnyOf(Vec<FactId>),
    NoneOf(Vec<FactId>),
}

impl Clause {
    fn facts(&self) -> &[FactId] {
        match self {
            Self::AnyOf(facts) | Self::NoneOf(facts) => facts,
        }
    }

    fn holds(&self, facts: &[FactId]) -> bool {
        let known = |fact: &FactId| facts.binary_search(fact).is_ok();
        match self {
            Self::AnyOf(of) => of.iter().any(known),
            Self::NoneOf(of) => !of.iter().any(known),
        }
    }
}

#[derive(Debug, Default)]
struct Facts {
    has_key: Option<FactId>,
    has_value: HashMap<LabelValue, FactId>,
}

#[derive(Debug)]
struct Set {
    labels: Labels,
    /// The bits of its keys and pairs: what has another bit is not among them.
    bloom: u64,
    facts: Box<[FactId]>,
    group: GroupId,
}

#[derive(Debug)]
struct Group {
    matches: Matches,
    sets: Vec<SetId>,
}

/// What a new selector did to groups.
#[derive(Debug, Default)]
pub(super) struct Regrouped {
    /// Groups whose lists have grown: it is to be in the list of each of their sets.
    pub(super) grown: Vec<GroupId>,
    /// Label sets that left a group for a new one, with the group they left.
    pub(super) moved: Vec<(GroupId, SetId)>,
}

/// Whether a label set with these facts has the selector in its list.
fn is_listed(id: SelectorId, clauses: &[Clause], facts: &[FactId]) -> bool {
    clauses.iter().all(|clause| clause.holds(facts)) != (id & NEGATIVE != 0)
}

/// The state of the writer; readers have [`Selectors`] and the lists.
#[derive(Debug)]
pub(super) struct Matcher {
    ids: HashMap<Arc<Selector>, SelectorId>,
    selectors: Selectors,
    clauses: Vec<Vec<Clause>>,
    facts: HashMap<LabelKey, Facts>,
    /// For each fact the positive selectors that cannot match without it (or one of its alternatives), and the negative
    /// ones that do not match with it.
    anchored: Vec<Vec<SelectorId>>,
    /// For each fact the label sets that have it.
    sets_with: Vec<Vec<SetId>>,
    hasher: foldhash::fast::FixedState,
    /// Places in `sets`, by labels.
    set_ids: HashTable<SetId>,
    sets: Vec<Set>,
    group_ids: HashMap<Arc<[SelectorId]>, GroupId>,
    groups: Vec<Group>,
    listed: usize,
}

impl Default for Matcher {
    fn default() -> Self {
        let mut matcher = Self {
            ids: HashMap::new(),
            selectors: Chunked::default(),
            clauses: Vec::new(),
            facts: HashMap::new(),
            anchored: Vec::new(),
            sets_with: Vec::new(),
            hasher: foldhash::fast::FixedState::default(),
            set_ids: HashTable::new(),
            sets: Vec::new(),
            group_ids: HashMap::new(),
            groups: Vec::new(),
            listed: 0,
        };
        let everything = Arc::new(Selector::everything());
        matcher.ids.insert(everything.clone(), EVERYTHING);
        matcher.selectors.push(everything);
        matcher.clauses.push(Vec::new());
        matcher
    }
}

impl Matcher {
    pub(super) fn selectors(&self) -> &Selectors {
        &self.selectors
    }

    /// Label sets, those that nothing uses any more too.
    pub(super) fn sets(&self) -> usize {
        self.sets.len()
    }

    /// Entries of all lists together.
    pub(super) fn listed(&self) -> usize {
        self.listed
    }

    pub(super) fn group(&self, set: SetId) -> GroupId {
        self.sets.get(set as usize).map_or(0, |set| set.group)
    }

    pub(super) fn matches(&self, group: GroupId) -> Matches {
        self.groups.get(group as usize).map(|group| group.matches.clone()).unwrap_or_default()
    }

    /// The selector's id, and what it changed where it is new.
    pub(super) fn selector(&mut self, selector: &Selector) -> (SelectorId, Regrouped) {
        if let Some(id) = self.ids.get(selector) {
            return (*id, Regrouped::default());
        }
        let shared = Arc::new(selector.clone());
        let place = self.selectors.push(shared.clone());
        let clauses = self.compile(selector);
        let needed = clauses.iter().filter_map(|clause| match clause {
            Clause::AnyOf(facts) => Some(facts),
            Clause::NoneOf(_) => None,
        });
        let (id, anchors): (SelectorId, Vec<FactId>) = match needed.min_by_key(|facts| self.hanging_on(facts)) {
            Some(facts) => (place, facts.clone()),
            None => (place | NEGATIVE, clauses.iter().flat_map(Clause::facts).copied().collect()),
        };
        self.ids.insert(shared, id);
        for fact in &anchors {
            if let Some(list) = self.anchored.get_mut(*fact as usize) {
                list.push(id);
            }
        }
        let listed = self.sets_to_list(id, &anchors, &clauses);
        self.clauses.push(clauses);
        let regrouped = self.regroup(id, listed);
        (id, regrouped)
    }

    /// How many selectors would hang on these facts: the fewer, the fewer a label set is held against.
    fn hanging_on(&self, facts: &[FactId]) -> usize {
        let already = facts.iter().filter_map(|fact| self.anchored.get(*fact as usize)).map(Vec::len);
        already.map(|count| count + 1).sum()
    }

    fn compile(&mut self, selector: &Selector) -> Vec<Clause> {
        let mut clauses: Vec<Clause> = Vec::new();
        for (key, value) in selector.match_labels().iter() {
            clauses.push(Clause::AnyOf(vec![self.value_fact(key, value)]));
        }
        for requirement in selector.expressions() {
            let key = requirement.key();
            let values = requirement.values().into_iter().flatten();
            let mut facts: Vec<FactId> = values.map(|value| self.value_fact(key, value)).collect();
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

    fn key_fact(&mut self, key: &LabelKey) -> FactId {
        let known = self.facts.entry(key.clone()).or_default().has_key;
        known.unwrap_or_else(|| {
            let bit = self.bloom(key, None);
            let fact = self.new_fact(bit, |labels| labels.get(key.as_str()).is_some());
            self.facts.entry(key.clone()).or_default().has_key = Some(fact);
            fact
        })
    }

    fn value_fact(&mut self, key: &LabelKey, value: &LabelValue) -> FactId {
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
    fn new_fact(&mut self, bit: u64, holds: impl Fn(&Labels) -> bool) -> FactId {
        let fact = u32::try_from(self.anchored.len()).unwrap_or(u32::MAX);
        self.anchored.push(Vec::new());
        let mut with: Vec<SetId> = Vec::new();
        for (at, set) in (0..).zip(&mut self.sets) {
            if set.bloom & bit != 0 && holds(&set.labels) {
                set.facts = set.facts.iter().copied().chain([fact]).collect();
                with.push(at);
            }
        }
        self.sets_with.push(with);
        fact
    }

    /// The known label sets whose lists are to have a new selector: all of them have one of its anchors.
    fn sets_to_list(&self, id: SelectorId, anchors: &[FactId], clauses: &[Clause]) -> Vec<SetId> {
        let with_anchor = anchors.iter().filter_map(|fact| self.sets_with.get(*fact as usize)).flatten();
        let mut sets: Vec<SetId> = with_anchor.copied().collect();
        sets.sort_unstable();
        sets.dedup();
        sets.retain(|set| self.sets.get(*set as usize).is_some_and(|set| is_listed(id, clauses, &set.facts)));
        sets
    }

    /// Enters a new selector into the lists of these sets.
    fn regroup(&mut self, id: SelectorId, listed: Vec<SetId>) -> Regrouped {
        let mut regrouped = Regrouped::default();
        let mut by_group: BTreeMap<GroupId, Vec<SetId>> = BTreeMap::new();
        for set in listed {
            by_group.entry(self.group(set)).or_default().push(set);
        }
        for (at, sets) in by_group {
            let Some(group) = self.groups.get_mut(at as usize) else { continue };
            let Matches::Listed(old) = &group.matches else { continue };
            let old = old.clone();
            let at_least = old.partition_point(|each| *each < id);
            let (before, after) = old.split_at(at_least);
            let list: Arc<[SelectorId]> = before.iter().chain([&id]).chain(after).copied().collect();
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
                    if let Some(set) = self.sets.get_mut(*set as usize) {
                        set.group = fresh;
                    }
                }
                regrouped.moved.extend(sets.into_iter().map(|set| (at, set)));
            }
        }
        regrouped
    }

    fn new_group(&mut self, matches: Matches, sets: Vec<SetId>) -> GroupId {
        let at = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        if let Matches::Listed(list) = &matches {
            self.listed += list.len();
            self.group_ids.insert(list.clone(), at);
        }
        self.groups.push(Group { matches, sets });
        at
    }

    /// The id of a set of labels; known ones stay until everything is compiled anew.
    pub(super) fn set(&mut self, labels: &Labels) -> SetId {
        let hash = self.hasher.hash_one(labels);
        let is = |id: &SetId| self.sets.get(*id as usize).is_some_and(|set| set.labels == *labels);
        if let Some(id) = self.set_ids.find(hash, is).copied() {
            return id;
        }
        let id = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        let (hasher, sets) = (&self.hasher, &self.sets);
        let hash_of = |id: &SetId| sets.get(*id as usize).map_or(0, |set| hasher.hash_one(&set.labels));
        self.set_ids.insert_unique(hash, id, hash_of);
        let mut facts: Vec<FactId> = Vec::new();
        let mut bloom = 0;
        for (key, value) in labels.iter() {
            if let Some(known) = self.facts.get(key) {
                facts.extend(known.has_key);
                facts.extend(known.has_value.get(value));
            }
            bloom |= self.bloom(key, None) | self.bloom(key, Some(value));
        }
        facts.sort_unstable();
        for fact in &facts {
            if let Some(sets) = self.sets_with.get_mut(*fact as usize) {
                sets.push(id);
            }
        }
        let group = match self.list(&facts) {
            Some(list) => match self.group_ids.get(&*list).copied() {
                Some(known) => known,
                None => self.new_group(Matches::Listed(list.into()), Vec::new()),
            },
            None => self.new_group(Matches::Scan(labels.clone()), Vec::new()),
        };
        if let Some(group) = self.groups.get_mut(group as usize) {
            group.sets.push(id);
        }
        self.sets.push(Set { labels: labels.clone(), bloom, facts: facts.into(), group });
        id
    }

    /// The selectors that match a set with these facts; none where listing them would exceed the bound.
    fn list(&self, facts: &[FactId]) -> Option<Vec<SelectorId>> {
        let most = (LISTED_A_SET * self.sets.len() + LISTED_AT_LEAST).saturating_sub(self.listed);
        let mut list = Vec::new();
        for id in facts.iter().filter_map(|fact| self.anchored.get(*fact as usize)).flatten().copied() {
            let clauses = self.clauses.get((id & !NEGATIVE) as usize)?;
            if is_listed(id, clauses, facts) {
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
    pub(super) fn shrink(&mut self) {
        self.sets_with.iter_mut().for_each(Vec::shrink_to_fit);
        self.groups.iter_mut().for_each(|group| group.sets.shrink_to_fit());
        self.sets.shrink_to_fit();
        self.groups.shrink_to_fit();
    }
}
