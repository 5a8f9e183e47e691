//! Groups of the ground that two snapshots came of, in as many parts as the two tell apart; and groups as they are found.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use foldhash::fast::FixedState;

use crate::net::AddressNumber;
use crate::partition::ends::EndIx;
use crate::partition::ground::{Change, Ground, Group};
use crate::partition::leading::{Leading, Leads};
use crate::partition::view::View;

/// Members of one group of the ground that both came of, whom no policy tells apart now.
pub(super) struct Part<'g> {
    pub(super) of: &'g Group,
    pub(super) members: Cow<'g, [EndIx]>,
    /// Of the first, in both.
    pub(super) addresses: Option<Arc<[AddressNumber]>>,
    /// Of their class, in each.
    pub(super) places: [Option<usize>; 2],
    pub(super) change: Change,
    /// Whether it is behind something with others who change as destinations, or is one of these.
    pub(super) is_told: bool,
}

impl Part<'_> {
    /// Whether it changes, or is asked about together with those that do.
    pub(super) fn matters(&self) -> bool {
        self.is_told || self.change.egress
    }

    pub(super) fn group(&self) -> Group {
        Group {
            members: Vec::new(),
            places: self.places.to_vec(),
            addresses: vec![self.addresses.clone(); 2],
            is_host: self.of.is_host,
            is_workload: self.of.is_workload,
            change: self.change,
        }
    }
}

/// Groups of the ground that both came of, in as many parts as the two snapshots tell apart.
pub(super) struct Parts<'g> {
    ground: &'g Ground,
    pub(super) base: &'g View,
    pub(super) views: &'g [Arc<View>; 2],
    /// Of each class its places; none where its members are no longer together.
    pub(super) places: [Vec<Option<usize>>; 2],
    /// Some of their rows tell addresses apart that none did.
    are_more_apart: bool,
    changes: HashMap<[Option<usize>; 2], Change, FixedState>,
    added: FixedBitSet,
    pub(super) all: Vec<Part<'g>>,
}

impl<'g> Parts<'g> {
    pub(super) fn new(ground: &'g Ground, base: &'g View, views: &'g [Arc<View>; 2]) -> Self {
        Self {
            ground,
            base,
            views,
            places: views.each_ref().map(|view| view.places_of(base)),
            are_more_apart: views.iter().any(|view| view.tells_more_addresses_apart_than(base)),
            changes: HashMap::default(),
            added: FixedBitSet::with_capacity(ground.groups.len()),
            all: Vec::new(),
        }
    }

    fn places(&self, class: usize) -> [Option<usize>; 2] {
        self.places.each_ref().map(|own| own.get(class).copied().flatten())
    }

    /// Whether a class is in both what it was.
    pub(super) fn stays(&self, class: usize) -> bool {
        let own = self.base.class(Some(class));
        let is_own = |(view, place): (&Arc<View>, Option<usize>)| {
            own.zip(view.class(place)).is_some_and(|(own, other)| std::ptr::eq(own, other))
        };
        self.views.iter().zip(self.places(class)).all(is_own)
    }

    fn change(&mut self, [first, second]: [Option<usize>; 2]) -> Change {
        let [before, after] = self.views;
        let is_same = match (before.class(first), after.class(second)) {
            (Some(first), Some(second)) => std::ptr::eq(first, second),
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return Change::default();
        }
        let change = || Change::between((before, first), (after, second), false);
        *self.changes.entry([first, second]).or_insert_with(change)
    }

    /// A group, once.
    pub(super) fn add(&mut self, group: usize) {
        let ground = self.ground;
        let Some(of) = ground.groups.get(group).filter(|_| !self.added.put(group)) else { return };
        let together = match of.places.first().copied().flatten() {
            None => Some([None, None]),
            Some(place) => {
                let places = self.places(place);
                places.iter().all(Option::is_some).then_some(places)
            }
        };
        let addresses = of.addresses.first().cloned().flatten();
        let is_one = of.is_host || of.members.len() == 1 || !self.are_more_apart;
        if let Some(places) = together.filter(|_| is_one) {
            let change = self.change(places);
            self.all.push(Part { of, members: (&of.members).into(), addresses, places, change, is_told: false });
            return;
        }
        let mut own: HashMap<([Option<usize>; 2], Vec<_>), usize, FixedState> = HashMap::default();
        for at in &of.members {
            let Some(end) = ground.end(*at) else { continue };
            let places = together.unwrap_or_else(|| self.views.each_ref().map(|view| view.place_of_end(end)));
            let addresses = if of.members.len() == 1 { addresses.clone() } else { ground.addresses_of(self.base, *at) };
            let numbers = || addresses.as_deref().unwrap_or_default().iter();
            let cells = self.views.iter().flat_map(|view| numbers().map(|number| view.cell(*number))).collect();
            let part = *own.entry((places, cells)).or_insert_with(|| {
                let (members, change) = (Cow::Owned(Vec::new()), self.change(places));
                self.all.push(Part { of, members, addresses: addresses.clone(), places, change, is_told: false });
                self.all.len() - 1
            });
            self.all.get_mut(part).into_iter().for_each(|part| part.members.to_mut().push(*at));
        }
    }

    /// Marks the parts who change as destinations, and adds and marks who is behind something with them: what is said of a connection
    /// that leads there hangs on all of them.
    pub(super) fn tell(&mut self, leading: &Leading, leads: &[Leads<'_>]) -> Told {
        let changed = self.all.iter().filter(|part| part.change.ingress);
        let changed: Vec<EndIx> = changed.flat_map(|part| part.members.iter().copied()).collect();
        let mut fronts: Vec<usize> = changed.iter().flat_map(|at| leading.of(*at)).copied().collect();
        fronts.sort_unstable();
        fronts.dedup();
        let mut told = FixedBitSet::with_capacity(self.ground.len());
        told.extend(changed.iter().map(|at| at.place()));
        let (mut sent_to, mut groups) = (Vec::new(), BTreeSet::new());
        for Leads { ends, sent_to: own, .. } in fronts.iter().filter_map(|at| leads.get(*at)) {
            told.extend(ends.iter().map(|at| at.place()));
            groups.extend(ends.iter().filter_map(|at| self.ground.place_of_group(*at)));
            sent_to.extend_from_slice(own);
        }
        groups.into_iter().for_each(|group| self.add(group));
        for part in &mut self.all {
            part.is_told = part.members.iter().any(|at| told.contains(at.place()));
        }
        Told { fronts, sent_to }
    }
}

/// What leads to somebody who changes as destination.
pub(super) struct Told {
    /// By number, in order.
    pub(super) fronts: Vec<usize>,
    /// The addresses that senders name for it.
    pub(super) sent_to: Vec<AddressNumber>,
}

/// Groups as they are found.
pub(super) struct Grounding {
    groups: Vec<Group>,
    pub(super) group_of: Vec<usize>,
}

impl Grounding {
    /// Nobody is in a group.
    const NONE: usize = usize::MAX;

    pub(super) fn new(ends: usize) -> Self {
        Self { groups: Vec::new(), group_of: vec![Self::NONE; ends] }
    }

    /// Another group; its place.
    pub(super) fn add(&mut self, group: Group) -> usize {
        self.groups.push(group);
        self.groups.len() - 1
    }

    pub(super) fn put(&mut self, at: EndIx, group: usize) {
        self.group_of.get_mut(at.place()).into_iter().for_each(|of| *of = group);
    }

    /// Those who are in none so far.
    pub(super) fn left(&self) -> impl Iterator<Item = EndIx> + use<> {
        let left = self.group_of.iter().enumerate().filter(|(_, group)| **group == Self::NONE);
        left.filter_map(|(at, _)| EndIx::at(at)).collect::<Vec<EndIx>>().into_iter()
    }

    pub(super) fn has(&self, at: EndIx) -> bool {
        self.group_of.get(at.place()).is_some_and(|group| *group != Self::NONE)
    }

    /// With their members, in order.
    pub(super) fn groups(&mut self) -> Vec<Group> {
        let mut groups = std::mem::take(&mut self.groups);
        for (at, group) in self.group_of.iter().enumerate() {
            if let Some((group, at)) = groups.get_mut(*group).zip(EndIx::at(at)) {
                group.members.push(at);
            }
        }
        groups
    }
}
