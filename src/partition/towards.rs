//! Groups as subjects who meet none but a few others: most are told apart by rules that match none of these.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::engine::{Distinctions, Met};
use crate::net::AddressNumber;
use crate::partition::interned::Interned;
use crate::partition::subjects::{SubjectIx, Subjects};
use crate::partition::view::View;

/// What makes a subject towards some others.
#[derive(PartialEq, Eq, Hash)]
enum TowardsKey {
    Itself(SubjectIx),
    /// It is isolated, and no rule of its matches any of the others: what else it is, in each snapshot, and by which families it
    /// is met.
    Unmatched {
        traits: u32,
        meets: u32,
    },
}

impl Subjects<'_> {
    /// What each of some groups is as a subject that meets none but these others, at these addresses too, by numbers: its side says
    /// the same of each of them as those of the same number say.
    pub(crate) fn towards(&self, groups: &[usize], others: &[usize], sent_to: &[AddressNumber]) -> Vec<u32> {
        let views = self.ground.views.iter().enumerate();
        let mut met: Vec<Met<'_>> = views.map(|(place, view)| self.met((place, view), others)).collect();
        if !sent_to.is_empty() {
            met.iter_mut().for_each(|met| met.add(None, sent_to));
        }
        let mut is_matched: HashMap<SubjectIx, bool, FixedState> = HashMap::default();
        let mut keys = Interned::default();
        let of_group = |group: &usize| {
            let subject = self.of(*group);
            let is_matched = *is_matched.entry(subject).or_insert_with(|| self.is_matched(*group, &met));
            keys.place(if is_matched {
                TowardsKey::Itself(subject)
            } else {
                TowardsKey::Unmatched { traits: self.traits(*group), meets: self.meets(*group) }
            })
        };
        groups.iter().map(of_group).collect()
    }

    /// The others as a view has them.
    fn met<'v>(&self, (place, view): (usize, &'v View), others: &[usize]) -> Met<'v> {
        let mut met = view.snapshot.nobody_met(self.direction);
        for (at, group) in others.iter().filter_map(|at| Some((*at, self.ground.groups.get(*at)?))) {
            let addresses = group.addresses.get(place).and_then(Option::as_deref).unwrap_or_default();
            if self.is_alone(at) {
                met.add_anybody();
            }
            met.add(view.class(group.places.get(place).copied().flatten()), addresses);
        }
        met
    }

    /// Whether some rule of a group may match, or nobody isolates it.
    fn is_matched(&self, group: usize, met: &[Met<'_>]) -> bool {
        let Some(of) = self.ground.groups.get(group) else { return true };
        if self.is_alone(group) || met.iter().any(Met::is_anybody) {
            return true;
        }
        // Of the same objects the same rules match the same.
        let mut before: Option<&Distinctions> = None;
        self.rows(of).into_iter().zip(met).any(|(row, met)| {
            let is_known = self.ground.has_same_objects && before.is_some_and(|before| std::ptr::eq(before, row));
            before = Some(row);
            !is_known && (!row.isolated || met.is_matched_by(row))
        })
    }
}
