//! Groups as policies treat them in one direction: as subjects that the same policies isolate, and as others that such a
//! subject's rules see alike.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::engine::{Distinctions, PartitionClass};
use crate::name::Direction;
use crate::net::{AddressNumber, Family, Port, PortName, Protocol};
use crate::partition::ground::{Ground, Group};
use crate::partition::interned::Interned;
use crate::partition::nearness::NearIx;
use crate::partition::view::View;

/// Groups whose side says the same of whomever they meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SubjectIx(u32);

impl SubjectIx {
    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

/// A subject and whom it sees at the other end: its side says one thing of all that it sees so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SightIx(u32);

impl SightIx {
    const NONE: Self = Self(u32::MAX);

    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }
}

pub(super) type Named = Vec<(Protocol, PortName, Port)>;

/// What makes a subject, in each snapshot.
#[derive(PartialEq, Eq, Hash)]
enum SubjectKey {
    /// Nobody isolates it, and it meets others by these families: a node, a pod.
    Free(u32),
    /// By numbers: its families, what its class is besides, and the rows that isolate it with the ports of its own that names in
    /// their rules stand for.
    Isolated { meets: u32, traits: u32, rows: u32 },
    /// It is like no other: a group that hangs on what nobody knows (U2, U7), or on what others say (C6).
    Alone(usize),
}

/// What a subject's rules see of another end, in words of numbers: of which kind the rest is, and for whom it is.
type SightKey = [u64];

/// By which families it is met; nothing else matters.
const MET: u64 = 0;
/// A pod by its families and, in each snapshot, its class, what its ports are called, in which intervals its addresses lie and
/// which peers select it.
const POD: u64 = 1;
/// A node, or a hostNetwork pod that is one: by families, place and the intervals.
const NODE: u64 = 2;
/// By itself.
const ALONE: u64 = 3;

/// All subjects of one direction. What they see is found out when somebody asks.
pub(crate) struct Subjects<'g> {
    pub(super) ground: &'g Ground,
    pub(super) direction: Direction,
    /// Of each group.
    of_group: Vec<SubjectIx>,
    /// The first group of each.
    first: Vec<usize>,
    shapes: Rc<Shapes>,
    /// Of each subject: nobody isolates it.
    is_free: Vec<bool>,
    known: HashMap<Box<SightKey>, SightIx, FixedState>,
    named: Interned<Named>,
    /// The key that is looked up.
    key: Vec<u64>,
    /// Of pods: by subject, then group; [`SightIx::NONE`] where nobody has asked.
    of_pods: Vec<Vec<SightIx>>,
    of_hosts: HashMap<(SubjectIx, usize, Option<NearIx>), SightIx, FixedState>,
}

/// What groups are in either direction, by numbers: most are alike.
struct Shapes {
    /// By which families each is met, in each snapshot.
    meets: Vec<u32>,
    /// What each is besides its class, in each snapshot.
    traits: Vec<u32>,
    /// It is like no other.
    is_alone: Vec<bool>,
}

impl Shapes {
    fn of(ground: &Ground) -> Self {
        let (mut traits, mut all) = (Interned::default(), Interned::default());
        let mut together = Interned::default();
        let mut of_classes = |group: &Group| {
            let classes = standing(ground, group).map(|(view, place)| view.class(*place));
            let mut each: Vec<u32> = classes.map(|class| traits.place(class.map(|class| class.traits))).collect();
            // What stays counts once.
            each.dedup();
            // None before the first: what is two must not be numbered as what is one.
            each.into_iter().fold(None, |before, traits| Some(all.place((before, traits)))).unwrap_or_default()
        };
        // Of the same objects it is the same.
        let views = if ground.has_same_objects { 1 } else { ground.views.len() };
        let mut families = |group: &Group| {
            let addresses = group.addresses.iter().take(views);
            let families = addresses.map(|own| families_of(own.as_deref()));
            families.fold(None, |before, own| Some(together.place((before, own)))).unwrap_or_default()
        };
        let groups = || ground.groups.iter();
        Self {
            meets: groups().map(&mut families).collect(),
            traits: groups().map(&mut of_classes).collect(),
            is_alone: groups().map(|group| is_like_no_other(&ground.views, group.is_host, &group.places)).collect(),
        }
    }
}

/// Where a group stands in each snapshot: where its class is the one that it was, once.
fn standing<'g>(ground: &'g Ground, group: &'g Group) -> impl Iterator<Item = (&'g Arc<View>, &'g Option<usize>)> {
    let mut before: Option<&PartitionClass> = None;
    ground.views.iter().zip(&group.places).filter(move |(view, place)| {
        let class = view.class(**place);
        let is_known = before.zip(class).is_some_and(|(before, class)| std::ptr::eq(before, class));
        before = class;
        !is_known
    })
}

/// The families of addresses in order, each once; none where flows cannot name whose they are.
pub(super) fn families_of(own: Option<&[AddressNumber]>) -> Option<[Option<Family>; 2]> {
    let first = own?.first().map(|number| number.family);
    let other = own?.iter().map(|number| number.family).find(|family| Some(*family) != first);
    Some([first, other])
}

impl<'g> Subjects<'g> {
    /// As sources, and as destinations.
    pub(crate) fn of_both_directions(ground: &'g Ground) -> [Self; 2] {
        let shapes = Rc::new(Shapes::of(ground));
        [Direction::Egress, Direction::Ingress].map(|direction| Self::new(ground, direction, shapes.clone()))
    }

    fn new(ground: &'g Ground, direction: Direction, shapes: Rc<Shapes>) -> Self {
        let mut keys = Keys { ground, direction, rows: Interned::default(), named: Interned::default() };
        let mut subjects = Interned::default();
        let mut first = Vec::new();
        let mut of_group = Vec::new();
        for (at, group) in ground.groups.iter().enumerate() {
            let key = keys.of((at, group), &shapes);
            let subject = subjects.place(key);
            if subject as usize == first.len() {
                first.push(at);
            }
            of_group.push(SubjectIx(subject));
        }
        let of_pods = vec![Vec::new(); first.len()];
        let is_free = first.iter().map(|at| {
            let group = ground.groups.get(*at);
            shapes.is_alone.get(*at) == Some(&false) && group.is_some_and(|group| is_free(ground, direction, group))
        });
        Self {
            ground,
            direction,
            of_group,
            is_free: is_free.collect(),
            shapes,
            first,
            known: HashMap::default(),
            named: Interned::default(),
            key: Vec::new(),
            of_pods,
            of_hosts: HashMap::default(),
        }
    }

    /// What a group is as subject.
    pub(crate) fn of(&self, group: usize) -> SubjectIx {
        self.of_group.get(group).copied().unwrap_or(SubjectIx(0))
    }

    /// Whether nobody isolates it, so that it sees families alone.
    pub(crate) fn is_free(&self, subject: SubjectIx) -> bool {
        self.is_free.get(subject.place()) == Some(&true)
    }

    /// Whether a group is like no other.
    pub(super) fn is_alone(&self, group: usize) -> bool {
        self.shapes.is_alone.get(group) != Some(&false)
    }

    /// By which families a group is met.
    pub(super) fn meets(&self, group: usize) -> u32 {
        self.shapes.meets.get(group).copied().unwrap_or_default()
    }

    /// What a group is besides its class, in each snapshot.
    pub(super) fn traits(&self, group: usize) -> u32 {
        self.shapes.traits.get(group).copied().unwrap_or_default()
    }

    /// How a subject sees a group of pods.
    pub(crate) fn sight(&mut self, subject: SubjectIx, other: usize) -> SightIx {
        let known = self.of_pods.get(subject.place()).and_then(|own| own.get(other).copied());
        known.filter(|known| *known != SightIx::NONE).unwrap_or_else(|| {
            let sight = self.find(subject, other, None);
            if let Some(own) = self.of_pods.get_mut(subject.place()) {
                if own.is_empty() {
                    own.resize(self.of_group.len(), SightIx::NONE);
                }
                if let Some(place) = own.get_mut(other) {
                    *place = sight;
                }
            }
            sight
        })
    }

    /// How a subject sees a host, with how it stands to it.
    pub(crate) fn sight_of_host(&mut self, subject: SubjectIx, host: usize, near: Option<NearIx>) -> SightIx {
        if let Some(known) = self.of_hosts.get(&(subject, host, near)) {
            return *known;
        }
        let sight = self.find(subject, host, near);
        self.of_hosts.insert((subject, host, near), sight);
        sight
    }

    fn find(&mut self, subject: SubjectIx, other: usize, near: Option<NearIx>) -> SightIx {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        self.write_key(subject, other, near, &mut key);
        let sight = self.known.get(key.as_slice()).copied().unwrap_or_else(|| {
            let next = SightIx(u32::try_from(self.known.len()).unwrap_or(u32::MAX));
            self.known.insert(key.as_slice().into(), next);
            next
        });
        self.key = key;
        sight
    }

    fn write_key(&mut self, subject: SubjectIx, other: usize, near: Option<NearIx>, key: &mut Vec<u64>) {
        let start = |kind: u64| (kind << 32) | u64::from(subject.0);
        let near = near.map_or(u64::MAX, |near| u64::from(near.number()));
        let meets = u64::from(self.meets(other));
        if self.is_free(subject) {
            key.extend([start(MET), meets]);
            return;
        }
        let first = self.first.get(subject.place()).copied().unwrap_or_default();
        let is_alone = self.is_alone(first) || self.is_alone(other);
        let (Some(of), Some(group), false) = (self.ground.groups.get(first), self.ground.groups.get(other), is_alone)
        else {
            key.extend([start(ALONE), other as u64, near]);
            return;
        };
        let rows = self.rows(of);
        if group.is_host {
            key.extend([start(NODE), meets, near]);
            rows.iter().zip(&group.addresses).for_each(|(row, own)| cells(row, own, key));
            return;
        }
        key.extend([start(POD), meets]);
        if !self.write_pod(&rows, other, key) {
            key.clear();
            key.extend([start(ALONE), other as u64, near]);
        }
    }

    /// What rows see of a group of pods, one for each snapshot; false where it has no class in some.
    fn write_pod(&mut self, rows: &[&Distinctions], other: usize, key: &mut Vec<u64>) -> bool {
        let Some(group) = self.ground.groups.get(other) else { return false };
        let views = self.ground.views.iter().zip(&group.places).zip(&group.addresses);
        key.push(u64::from(self.traits(other)));
        for (row, ((view, place), own)) in rows.iter().zip(views) {
            let Some(class) = view.class(*place) else { return false };
            // Names in rules are what the destination calls its ports.
            let asked = if self.direction == Direction::Egress { named(row, &class.named) } else { Vec::new() };
            key.push(if asked.is_empty() { 0 } else { 1 + u64::from(self.named.place(asked)) });
            cells(row, own, key);
            view.snapshot.selected_by(row, class, key);
        }
        true
    }

    /// The rows of a subject, of which this is one, in each snapshot.
    pub(super) fn rows(&self, of: &Group) -> Vec<&'g Distinctions> {
        let row = |(view, place): (&'g Arc<View>, &Option<usize>)| match self.direction {
            Direction::Egress => view.egress(*place),
            Direction::Ingress => view.ingress(*place),
        };
        self.ground.views.iter().zip(&of.places).map(row).collect()
    }

    /// Parts of some groups: in one are those that each of the subjects sees alike, of pods that are one subject themselves (which
    /// has their families), or of nodes that stand to the subjects alike. The place of each group's part.
    pub(crate) fn seen_alike(&mut self, subjects: impl Iterator<Item = SubjectIx>, groups: &[usize]) -> Vec<u32> {
        let firsts = subjects.filter(|subject| !self.is_free(*subject));
        let firsts: Vec<usize> = firsts.filter_map(|subject| self.first.get(subject.place()).copied()).collect();
        let all_differ = firsts.iter().any(|first| self.is_alone(*first));
        let rows: Vec<Vec<&Distinctions>> =
            firsts.iter().filter_map(|first| self.ground.groups.get(*first)).map(|of| self.rows(of)).collect();
        // Of all of them together, in each snapshot.
        let together = (0..self.ground.views.len()).map(|view| {
            let rows: Vec<&Distinctions> = rows.iter().filter_map(|rows| rows.get(view).copied()).collect();
            Distinctions::of_any(&rows)
        });
        let together: Vec<Distinctions> = together.collect();
        let together: Vec<&Distinctions> = together.iter().collect();
        let mut known: HashMap<Box<SightKey>, u32, FixedState> = HashMap::default();
        let mut key = Vec::new();
        let mut places = Vec::with_capacity(groups.len());
        for group in groups {
            key.clear();
            // Without any of them nothing is told apart but families, and by these subjects are already.
            let tells = !firsts.is_empty();
            if tells && (all_differ || !self.write_seen(&together, *group, &mut key)) {
                key.clear();
                key.extend([ALONE, *group as u64]);
            }
            let place = known.get(key.as_slice()).copied().unwrap_or_else(|| {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                known.insert(key.as_slice().into(), next);
                next
            });
            places.push(place);
        }
        places
    }

    /// What rows see of a group, one for each snapshot, wherever it stands; false where that is like nothing else.
    fn write_seen(&mut self, rows: &[&Distinctions], group: usize, key: &mut Vec<u64>) -> bool {
        let Some(of) = self.ground.groups.get(group).filter(|_| !self.is_alone(group)) else { return false };
        let meets = u64::from(self.meets(group));
        if of.is_host {
            key.extend([NODE, meets]);
            rows.iter().zip(&of.addresses).for_each(|(row, own)| cells(row, own, key));
            return true;
        }
        key.extend([POD, meets]);
        self.write_pod(rows, group, key)
    }
}

/// In which intervals addresses lie that a row tells apart.
fn cells(row: &Distinctions, own: &Option<Arc<[AddressNumber]>>, key: &mut Vec<u64>) {
    let own = own.as_deref().unwrap_or_default();
    key.push(own.len() as u64);
    key.extend(own.iter().map(|number| row.interval_of(*number) as u64));
}

/// No policy isolates it in that direction, under any reading.
fn is_free(ground: &Ground, direction: Direction, group: &Group) -> bool {
    let is_isolated = |(view, place): (&Arc<View>, &Option<usize>)| match direction {
        Direction::Egress => view.egress(*place).isolated,
        Direction::Ingress => view.ingress(*place).isolated,
    };
    is_node(&ground.views, group.is_host, &group.places) || !standing(ground, group).any(is_isolated)
}

/// A node, or a hostNetwork pod that is its node and nothing else, in each snapshot.
fn is_node(views: &[Arc<View>], is_host: bool, places: &[Option<usize>]) -> bool {
    let is_one = |(view, place): (&Arc<View>, &Option<usize>)| {
        view.class(*place).is_none_or(|class| class.host_network && view.snapshot.hosts_are_nodes())
    };
    is_host && views.iter().zip(places).all(is_one)
}

/// Somebody whose class stands at these places: what it hangs on is asked anew each time.
pub(super) fn is_like_no_other(views: &[Arc<View>], is_host: bool, places: &[Option<usize>]) -> bool {
    let mut classes = views.iter().zip(places).map(|(view, place)| view.class(*place));
    classes.any(|class| class.is_some_and(|class| class.traits.is_alone))
        || (is_host && !is_node(views, is_host, places))
}

/// Finds what makes groups subjects of one direction.
struct Keys<'g> {
    ground: &'g Ground,
    direction: Direction,
    /// Those before, the place of a row, and the ports that names stand for.
    rows: Interned<(Option<u32>, usize, Option<u32>)>,
    named: Interned<Named>,
}

impl Keys<'_> {
    fn of(&mut self, (at, group): (usize, &Group), shapes: &Shapes) -> SubjectKey {
        let (Some(false), Some(meets), Some(traits)) =
            (shapes.is_alone.get(at), shapes.meets.get(at), shapes.traits.get(at))
        else {
            return SubjectKey::Alone(at);
        };
        let (meets, traits) = (*meets, *traits);
        if is_free(self.ground, self.direction, group) {
            return SubjectKey::Free(meets);
        }
        let mut rows = None;
        for (view, place) in standing(self.ground, group) {
            let Some(class) = view.class(*place) else { return SubjectKey::Alone(at) };
            let (row, named) = match self.direction {
                Direction::Egress => (class.egress, Vec::new()),
                Direction::Ingress => (class.ingress, named(view.ingress(*place), &class.named)),
            };
            let named = (!named.is_empty()).then(|| self.named.place(named));
            rows = Some(self.rows.place((rows, row, named)));
        }
        rows.map_or(SubjectKey::Alone(at), |rows| SubjectKey::Isolated { meets, traits, rows })
    }
}

/// The ports of somebody that names in a row's rules stand for.
pub(super) fn named(row: &Distinctions, named: &[(Protocol, PortName, Port)]) -> Named {
    named.iter().filter(|(protocol, name, _)| row.asks(*protocol, name)).cloned().collect()
}
