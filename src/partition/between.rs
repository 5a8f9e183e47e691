//! Two snapshots that came of one by changes of policies: their ends in groups as coarse as what changes lets them be.
//!
//! Whom the changed policies isolate, and who is behind a Service together with such, stays in groups that no policy at all tells
//! apart. Of everybody else it matters how these few see them, and what their own rules say of these few: most of what tells
//! groups apart in a whole cluster says nothing of that.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::engine::{Distinctions, Snapshot};
use crate::name::Direction;
use crate::net::{AddressNumber, Family};
use crate::partition::ends::{EndIx, Who};
use crate::partition::ground::{Change, Ground, Group};
use crate::partition::index::Bits;
use crate::partition::interned::Interned;
use crate::partition::subjects::{Subjects, is_like_no_other};
use crate::partition::view::View;

/// What leads connections elsewhere.
pub(crate) struct Leads<'f> {
    /// Those behind it.
    pub(crate) ends: &'f [EndIx],
    /// The addresses of its own that rules may see too (U5).
    pub(crate) sent_to: &'f [AddressNumber],
}

/// Members of one group of the ground that both came of, whom nothing tells apart now.
struct Part<'g> {
    of: &'g Group,
    members: Cow<'g, [EndIx]>,
    /// Of the first, in both.
    addresses: Option<Arc<[AddressNumber]>>,
    /// Of their class, in each.
    places: [Option<usize>; 2],
    change: Change,
    /// Whether it is behind something with others who change as destinations, or is one of these.
    is_told: bool,
}

impl Part<'_> {
    /// Whether it changes, or is asked about together with those that do.
    fn matters(&self) -> bool {
        self.is_told || self.change.egress
    }

    fn group(&self) -> Group {
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

/// What tells others apart than those that matter: their class in each snapshot, and where they lie among the addresses that the
/// rules of those that matter tell apart.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    places: [Option<usize>; 2],
    is_workload: bool,
    cells: u32,
}

impl Ground {
    /// Of two snapshots that came of this ground's one by changes of policies, with all that leads elsewhere. None where more has
    /// changed.
    pub(crate) fn between<'f>(
        &self,
        [before, after]: [&Snapshot; 2],
        leads: impl Iterator<Item = Leads<'f>>,
    ) -> Option<Self> {
        let [base] = self.views.as_slice() else { return None };
        if !self.has_objects_of(before) || !self.has_objects_of(after) {
            return None;
        }
        let views = [before, after].map(|snapshot| Arc::new(View::after(base, snapshot)));
        let mut parts = self.parts(base, &views);
        let sent_to = self.tell(&mut parts, leads);
        let mut ground = Self {
            views: views.to_vec(),
            ends: self.ends.clone(),
            groups: Vec::new(),
            group_of: vec![0; self.ends.len()],
            outside: self.outside.clone(),
            has_same_surroundings: true,
            has_same_objects: true,
            alone: vec![Vec::new(), Vec::new()],
        };
        let is_alone = |part: &Part<'_>| is_like_no_other(&views, part.of.is_host, &part.places);
        // Who is like no other sees nobody as another: then all rows count, for everybody.
        let all_differ = parts.iter().any(|part| part.matters() && is_alone(part));
        let rows = Rows::of(&views, &parts, all_differ);
        let mut cells = Cells::new(&rows);
        let mut known: HashMap<Key, usize, FixedState> = HashMap::default();
        let mut others = Vec::new();
        for part in &parts {
            let at = if part.of.is_host || part.matters() && !all_differ {
                ground.push(part)
            } else {
                let addresses = part.addresses.as_deref().unwrap_or_default();
                let (places, is_workload) = (part.places, part.of.is_workload);
                *known.entry(Key { places, is_workload, cells: cells.place(addresses) }).or_insert_with(|| {
                    if !all_differ && !is_alone(part) {
                        others.push(ground.groups.len());
                    }
                    ground.push(part)
                })
            };
            ground.put_members(at, &part.members);
        }
        if all_differ {
            return Some(ground.in_order());
        }
        let told = || parts.iter().filter(|part| part.is_told);
        let sending = || parts.iter().filter(|part| part.change.egress);
        let groups_of = |ground: &Self, part: &Part<'_>| part.members.first().and_then(|at| ground.place_of_group(*at));
        let told: Vec<usize> = told().filter_map(|part| groups_of(&ground, part)).collect();
        let sending: Vec<usize> = sending().filter_map(|part| groups_of(&ground, part)).collect();
        // Where nothing changes nobody asks.
        let is_asked = !told.is_empty() || !sending.is_empty();
        Some(if is_asked { ground.together(&others, &told, &sending, &sent_to) } else { ground.in_order() })
    }

    /// Every group, in as many parts as the two snapshots tell apart.
    fn parts(&self, base: &View, views: &[Arc<View>; 2]) -> Vec<Part<'_>> {
        let places = views.each_ref().map(|view| view.places_of(base));
        let are_more_apart = views.iter().any(|view| view.tells_more_addresses_apart_than(base));
        let mut changes: HashMap<[Option<usize>; 2], Change, FixedState> = HashMap::default();
        let [before, after] = views;
        let mut change = |[first, second]: [Option<usize>; 2]| {
            let is_same = match (before.class(first), after.class(second)) {
                (Some(first), Some(second)) => std::ptr::eq(first, second),
                (None, None) => true,
                _ => false,
            };
            if is_same {
                return Change::default();
            }
            *changes.entry([first, second]).or_insert_with(|| Change::between((before, first), (after, second), false))
        };
        let mut parts = Vec::with_capacity(self.groups.len());
        for of in &self.groups {
            let together = match of.places.first().copied().flatten() {
                None => Some([None, None]),
                Some(place) => {
                    let [first, second] = places.each_ref().map(|own| own.get(place).copied().flatten());
                    (first.is_some() && second.is_some()).then_some([first, second])
                }
            };
            let addresses = of.addresses.first().cloned().flatten();
            let is_one = of.is_host || of.members.len() == 1 || !are_more_apart;
            if let Some(places) = together.filter(|_| is_one) {
                let change = change(places);
                parts.push(Part { of, members: (&of.members).into(), addresses, places, change, is_told: false });
                continue;
            }
            let mut own: HashMap<([Option<usize>; 2], Vec<_>), usize, FixedState> = HashMap::default();
            for at in &of.members {
                let Some(end) = self.end(*at) else { continue };
                let places = together.unwrap_or_else(|| views.each_ref().map(|view| view.place_of_end(end)));
                let addresses = if of.members.len() == 1 { addresses.clone() } else { self.addresses_of(base, *at) };
                let numbers = || addresses.as_deref().unwrap_or_default().iter();
                let cells = views.iter().flat_map(|view| numbers().map(|number| view.cell(*number))).collect();
                let part = *own.entry((places, cells)).or_insert_with(|| {
                    let (members, change) = (Cow::Owned(Vec::new()), change(places));
                    parts.push(Part { of, members, addresses: addresses.clone(), places, change, is_told: false });
                    parts.len() - 1
                });
                parts.get_mut(part).into_iter().for_each(|part| part.members.to_mut().push(*at));
            }
        }
        parts
    }

    /// Of one of several pods or workloads, as their group has those of its first.
    fn addresses_of(&self, base: &View, at: EndIx) -> Option<Arc<[AddressNumber]>> {
        let addresses = match &self.end(at)?.who {
            Who::Pod(name) => base.snapshot.cluster().pod(name)?.addresses.as_slice(),
            Who::Workload(..) | Who::Node(_) => &[],
        };
        Some(addresses.iter().copied().map(AddressNumber::of).collect())
    }

    /// Marks the parts who change as destinations, and who is behind something with them: what is said of a connection that leads
    /// there hangs on all of them. The addresses that senders name for it.
    fn tell<'f>(&self, parts: &mut [Part<'_>], leads: impl Iterator<Item = Leads<'f>>) -> Vec<AddressNumber> {
        let [mut changed, mut told] = [(); 2].map(|()| Bits::new(self.len()));
        let ingress = parts.iter().filter(|part| part.change.ingress);
        ingress.flat_map(|part| part.members.iter()).for_each(|at| changed.set(at.place()));
        told.add(&changed);
        let mut sent_to = Vec::new();
        for Leads { ends, sent_to: own } in leads {
            if ends.iter().any(|at| changed.contains(at.place())) {
                ends.iter().for_each(|at| told.set(at.place()));
                sent_to.extend(own);
            }
        }
        for part in parts {
            part.is_told = part.members.iter().any(|at| told.contains(at.place()));
        }
        sent_to
    }

    fn push(&mut self, part: &Part<'_>) -> usize {
        self.groups.push(part.group());
        self.groups.len() - 1
    }

    fn put_members(&mut self, group: usize, members: &[EndIx]) {
        for at in members {
            if let Some(of) = self.group_of.get_mut(at.place()) {
                *of = group;
            }
        }
        self.groups.get_mut(group).into_iter().for_each(|group| group.members.extend(members));
    }

    /// With those of `others` as one group who are alike to the `told` as senders, and to the `sending` as whom they send to.
    fn together(self, others: &[usize], told: &[usize], sending: &[usize], sent_to: &[AddressNumber]) -> Self {
        let alike = {
            let [mut egress, mut ingress] = Subjects::of_both_directions(&self);
            let subjects =
                |of: &Subjects<'_>, groups: &[usize]| -> HashSet<_> { groups.iter().map(|at| of.of(*at)).collect() };
            let (by_told, by_sending) = (subjects(&ingress, told), subjects(&egress, sending));
            let own = [egress.towards(others, told, sent_to), ingress.towards(others, sending, &[])];
            let seen =
                [ingress.seen_alike(by_told.into_iter(), others), egress.seen_alike(by_sending.into_iter(), others)];
            let [[as_sender, as_receiver], [by_told, by_sending]] = [own, seen];
            let mut places = Interned::default();
            let numbers = as_sender.into_iter().zip(as_receiver).zip(by_told.into_iter().zip(by_sending));
            let alike = others.iter().zip(numbers).map(|(at, numbers)| {
                let is_workload = self.groups.get(*at).is_some_and(|group| group.is_workload);
                places.place((numbers, is_workload))
            });
            alike.collect::<Vec<u32>>()
        };
        let mut is_as: Vec<Option<u32>> = vec![None; self.groups.len()];
        for (at, alike) in others.iter().zip(alike) {
            is_as.get_mut(*at).into_iter().for_each(|place| *place = Some(alike));
        }
        let mut ground = Self { groups: Vec::new(), ..self };
        let mut first: HashMap<u32, usize, FixedState> = HashMap::default();
        for (mut group, is_as) in self.groups.into_iter().zip(is_as) {
            let members = std::mem::take(&mut group.members);
            let push = || {
                ground.groups.push(group);
                ground.groups.len() - 1
            };
            let at = match is_as {
                None => push(),
                Some(alike) => match first.get(&alike) {
                    Some(known) => *known,
                    None => {
                        let at = push();
                        first.insert(alike, at);
                        at
                    }
                },
            };
            ground.put_members(at, &members);
        }
        ground.in_order()
    }

    fn in_order(mut self) -> Self {
        self.groups.iter_mut().for_each(|group| group.members.sort_unstable());
        self
    }
}

/// All that the rules tell apart of those that matter, or of everybody, in each snapshot: as destinations, then as sources.
struct Rows(Vec<Distinctions>);

impl Rows {
    fn of(views: &[Arc<View>; 2], parts: &[Part<'_>], are_all: bool) -> Self {
        let mut all = Vec::new();
        for (view, at) in views.iter().zip(0..) {
            for direction in [Direction::Ingress, Direction::Egress] {
                let matters = |part: &&Part<'_>| match direction {
                    Direction::Ingress => part.is_told || are_all,
                    Direction::Egress => part.change.egress || are_all,
                };
                let mut seen: HashSet<*const Distinctions> = HashSet::new();
                let place = |part: &Part<'_>| -> Option<usize> { part.places.get::<usize>(at).copied().flatten() };
                let rows = parts.iter().filter(matters).map(|part| match direction {
                    Direction::Ingress => view.ingress(place(part)),
                    Direction::Egress => view.egress(place(part)),
                });
                let rows: Vec<&Distinctions> = rows.filter(|row| seen.insert(std::ptr::from_ref(*row))).collect();
                all.push(Distinctions::of_any(&rows));
            }
        }
        Self(all)
    }
}

/// Where addresses lie among what some rows tell apart, by numbers.
struct Cells<'r> {
    rows: Vec<&'r Distinctions>,
    known: HashMap<Vec<(Family, usize)>, u32, FixedState>,
    /// What is looked up.
    key: Vec<(Family, usize)>,
}

impl<'r> Cells<'r> {
    fn new(rows: &'r Rows) -> Self {
        Self { rows: rows.0.iter().collect(), known: HashMap::default(), key: Vec::new() }
    }

    /// Of the addresses of an end, in order.
    fn place(&mut self, addresses: &[AddressNumber]) -> u32 {
        self.key.clear();
        for number in addresses {
            self.key.extend(self.rows.iter().map(|row| (number.family, row.interval_of(*number))));
        }
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        self.known.get(&self.key).copied().unwrap_or_else(|| {
            self.known.insert(self.key.clone(), next);
            next
        })
    }
}
