//! Pods and workloads that go alike wherever they go, or are reached alike whoever comes: many groups differ in what no policy
//! of those at the other end looks at.

/// Places of groups, at least one.
#[derive(Debug)]
pub(super) struct Kind(Vec<usize>);

impl Kind {
    pub(super) fn of(group: usize) -> Self {
        Self(vec![group])
    }

    pub(super) fn add(&mut self, group: usize) {
        self.0.push(group);
    }

    pub(super) fn first(&self) -> usize {
        self.0.first().copied().unwrap_or_default()
    }

    pub(super) fn groups(&self) -> &[usize] {
        &self.0
    }
}

/// Of each group another that everybody of some sources sees as it; itself where none is known.
#[derive(Debug, Default)]
pub(super) struct Representatives(Vec<Option<usize>>);

impl Representatives {
    pub(super) fn of_kinds(kinds: &[Kind], groups: usize) -> Self {
        let mut all = vec![None; groups];
        for kind in kinds {
            for at in kind.groups() {
                if let Some(place) = all.get_mut(*at) {
                    *place = Some(kind.first());
                }
            }
        }
        Self(all)
    }

    pub(super) fn of(&self, group: usize) -> usize {
        self.0.get(group).copied().flatten().unwrap_or(group)
    }
}

/// Destinations of whom there may be something to tell, as two sorts of sources see them.
#[derive(Debug, Default)]
pub(super) struct SeenAs {
    /// By those of whom there may be something to tell whoever receives.
    pub(super) by_telling: Representatives,
    pub(super) by_others: Representatives,
}

/// All sources by kind.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Of whom there may be something to tell whoever receives.
    pub(super) telling: Vec<Kind>,
    /// Of whom there may be only with receivers of whom there may be whoever sends.
    pub(super) others: Vec<Kind>,
}

/// Those who share a node's network, or are one, by kind.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    pub(super) as_sources: Vec<Kind>,
    pub(super) as_destinations: Vec<Kind>,
}
