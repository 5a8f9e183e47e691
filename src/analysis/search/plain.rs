//! Those behind a front as most who send by way of it reach them: each as if it were sent to itself.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use foldhash::fast::FixedState;

use crate::analysis::search::ask::{Ask, Outcomes};
use crate::analysis::search::backends::Together;
use crate::analysis::search::courses::Sights;
use crate::analysis::search::fronts::{Front, Way};
use crate::analysis::search::kinds::{Representatives, SeenAs};
use crate::analysis::search::numbered::OutcomesIx;
use crate::analysis::search::run::Run;
use crate::model::flow::L4;
use crate::partition::{EndIx, Group};

/// What is found out of those behind one front.
#[derive(Default)]
pub(super) struct AllPlain {
    /// Who they are for senders of that sort who are not among them, and of whom there may be something to tell whoever receives, or
    /// not; none where what is said of each alone does not tell what all say.
    of_sort: HashMap<(u32, bool), Option<Rc<[Plain]>>, FixedState>,
    /// By the former, and by how these and a sender see each other.
    agreed: HashMap<(u32, bool, Vec<Sights>), Option<OutcomesIx>, FixedState>,
}

/// Pods behind a front that all who are neither hosts nor behind it see alike.
struct Plain {
    /// A group that is seen as theirs is.
    seen: usize,
    l4: L4,
    group: usize,
    /// One of them.
    backend: EndIx,
    /// In which snapshots they are there.
    is_there: Vec<bool>,
}

impl<A: Ask> Run<'_, A> {
    /// Who is behind a front for a group that is not, those that are seen alike once on each port; none where there are others than
    /// pods.
    fn plain(
        &mut self,
        front: &Front,
        (source, group): (usize, &Group),
        seen_as: &Representatives,
    ) -> Option<Rc<[Plain]>> {
        let (sort, of_sort) = self.search.sorts.of(source)?;
        let from = *group.members.first()?;
        let all = self.ways(front, of_sort)?;
        let mut found: BTreeMap<(usize, L4), Plain> = BTreeMap::new();
        for (view, ways) in all.iter().enumerate() {
            for Way { backend, l4, family } in ways.iter().copied() {
                let group = self.ground().place_of_group(backend)?;
                self.group(group).filter(|other| !other.is_workload && !other.is_host)?;
                let meeting = (view, sort, self.search.sorts.of(group)?.0);
                if self.family_between(meeting, (from, backend)) != Some(family) {
                    return None;
                }
                let seen = seen_as.of(group);
                let is_there = || vec![false; all.len()];
                let plain = || Plain { seen, l4, group, backend, is_there: is_there() };
                let plain = found.entry((seen, l4)).or_insert_with(plain);
                if let Some(is_there) = plain.is_there.get_mut(view) {
                    *is_there = true;
                }
            }
        }
        Some(found.into_values().collect())
    }

    /// What all backends say together, for a group that is neither a host nor behind the front, and sees others as these stand for.
    pub(super) fn agreed_by_plain(
        &mut self,
        front: &Front,
        (source, group): (usize, &Group),
        (seen_as, tells_always): (&SeenAs, bool),
        found: &mut AllPlain,
    ) -> Option<OutcomesIx> {
        if !self.is_plain(front) {
            return None;
        }
        let (sort, _) = self.search.sorts.of(source)?;
        let plain = found.of_sort.entry((sort, tells_always)).or_insert_with(|| {
            let seen_as = if tells_always { &seen_as.by_telling } else { &seen_as.by_others };
            self.plain(front, (source, group), seen_as)
        });
        let plain = plain.clone()?;
        let stays_there = |one: &Plain| one.is_there.iter().all(|is_there| *is_there);
        if !plain.is_empty() && plain.iter().all(|one| stays_there(one) && self.stays(source, one.seen)) {
            return Some(self.courses.outcomes.number(Outcomes::new()));
        }
        let subject = self.egress.of(source);
        let sights = |Plain { seen, .. }: &Plain| {
            let own = self.ingress.of(*seen);
            Sights { egress: self.egress.sight(subject, *seen), ingress: self.ingress.sight(own, source) }
        };
        let key = (sort, tells_always, plain.iter().map(sights).collect::<Vec<Sights>>());
        if let Some(known) = found.agreed.get(&key) {
            return *known;
        }
        let mut backends = Vec::new();
        for (Plain { l4, group: behind, backend, is_there, .. }, sights) in plain.iter().zip(&key.2) {
            let both = match self.courses.known(*sights) {
                Some(both) => both,
                None => {
                    let pair = self.pair(*group.members.first()?, *backend)?;
                    self.courses.both(&self.search.ground, *sights, &pair, (group, self.group(*behind)?))
                }
            };
            backends.push((both, *l4, is_there.as_slice()));
        }
        let nobody = vec![Together::default(); self.ground().views.len()];
        let outcomes = self.of_backends(front, &backends, nobody);
        found.agreed.insert(key, outcomes);
        outcomes
    }
}
