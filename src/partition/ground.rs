//! The ends of one snapshot, or those that two have in common, in groups that no policy tells apart.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;

use crate::engine::{ClassId, Distinctions, PartitionClass, PodId, Snapshot};
use crate::model::flow::Endpoint;
use crate::name::Direction;
use crate::net::{AddressNumber, AddressRange, Family, PortCuts, PortInterval};
use crate::partition::ends::{End, EndIx, Found, Who};
use crate::partition::hosts::KnownHosts;
use crate::partition::interned::Interned;
use crate::partition::outside::Outside;
use crate::partition::same::{Common, has_same_objects, has_same_surroundings, is_same_row};
use crate::partition::view::View;

/// Pods or workloads that no policy tells apart, or one node or hostNetwork pod.
#[derive(Debug)]
pub(crate) struct Group {
    /// In order.
    pub(crate) members: Vec<EndIx>,
    /// Place of its class in each snapshot; none of a node.
    pub(super) places: Vec<Option<usize>>,
    /// The addresses of its first member by its name, in each snapshot: those of others lie beside these. None where flows
    /// cannot name it.
    pub(crate) addresses: Vec<Option<Arc<[AddressNumber]>>>,
    pub(crate) is_host: bool,
    /// Of workloads: each stands for several pods.
    pub(crate) is_workload: bool,
    pub(crate) change: Change,
}

impl Group {
    /// The families of its addresses, in order, each once, in each snapshot; none where flows cannot name it. Once where they are
    /// the same in each.
    pub(crate) fn families_in_order(&self) -> Vec<Option<Vec<Family>>> {
        let in_order = |own: &Arc<[AddressNumber]>| {
            let mut families: Vec<Family> = own.iter().map(|number| number.family).collect();
            families.dedup();
            families.truncate(2);
            families
        };
        let mut all: Vec<_> = self.addresses.iter().map(|own| own.as_ref().map(in_order)).collect();
        if all.windows(2).all(|two| matches!(two, [one, other] if one == other)) {
            all.truncate(1);
        }
        all
    }
}

/// A class of one snapshot, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClassPlace {
    view: usize,
    place: usize,
}

/// What of a group is not as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Change {
    pub(crate) itself: bool,
    /// The policies that isolate it as source.
    pub(crate) egress: bool,
    /// And as destination.
    pub(crate) ingress: bool,
}

impl Change {
    /// Of somebody whose class stands at these places.
    pub(super) fn between(
        (before, first): (&View, Option<usize>),
        (after, second): (&View, Option<usize>),
        itself: bool,
    ) -> Self {
        let is_open = |class: Option<&PartitionClass>| class.is_some_and(|class| class.traits.is_alone);
        let is_alone = is_open(before.class(first)) || is_open(after.class(second));
        Self {
            itself,
            egress: !is_same_row(before.egress(first), after.egress(second), is_alone),
            ingress: !is_same_row(before.ingress(first), after.ingress(second), is_alone),
        }
    }
}

/// What tells groups apart.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// In each snapshot a class, and of each address of its members, in order, where it lies.
    Alike { each: Vec<(ClassId, Vec<(Family, usize)>)>, is_workload: bool, is_changed: bool },
    /// A host, which is somebody's own node. (What is open of a workload, U7, is its own by its class.)
    Alone(EndIx),
}

/// All ends that the snapshots have in common.
#[derive(Debug)]
pub(crate) struct Ground {
    /// In order of time.
    pub(crate) views: Vec<Arc<View>>,
    pub(super) ends: Arc<Vec<End>>,
    pub(crate) groups: Vec<Group>,
    /// The group of each end.
    pub(super) group_of: Vec<usize>,
    pub(crate) outside: Arc<Outside>,
    /// In each snapshot, once where all share their objects; found out when somebody asks.
    pub(super) hosts: Arc<OnceLock<Vec<KnownHosts>>>,
    /// Whatever verdicts may hang on beside ends and policies is the same.
    pub(crate) has_same_surroundings: bool,
    /// And so is everything but policies.
    pub(crate) has_same_objects: bool,
    /// Ends that not all of the snapshots have: of each those that it alone has.
    pub(crate) alone: Vec<Vec<Who>>,
}

impl Ground {
    pub(crate) fn new(snapshots: &[&Snapshot]) -> Self {
        let views: Vec<Arc<View>> = snapshots.iter().map(|snapshot| Arc::new(View::new(snapshot))).collect();
        let all: Vec<Vec<Found<'_>>> = snapshots.iter().map(|snapshot| Found::all(snapshot)).collect();
        let Common { ends: common, alone } = Common::of(&all);
        let has_same_surroundings = has_same_surroundings(snapshots);
        let mut ends = Vec::with_capacity(common.len());
        let mut ground = Self {
            ends: Arc::default(),
            groups: Vec::new(),
            group_of: Vec::with_capacity(common.len()),
            outside: Arc::new(Outside::new(snapshots)),
            hosts: Arc::default(),
            has_same_surroundings,
            has_same_objects: has_same_surroundings && has_same_objects(snapshots),
            views,
            alone: alone.into_iter().map(|own| own.into_iter().map(Found::who).collect()).collect(),
        };
        let mut known: HashMap<Key, usize, FixedState> = HashMap::default();
        let mut standings = Interned::default();
        for (at, found) in (0..).map(EndIx).zip(&common) {
            let Some(who) = found.first().map(|found| found.who()) else { continue };
            let id = |(view, found): (&Arc<View>, &Found<'_>)| match found {
                Found::Pod(pod) => view.snapshot.pod_id(&pod.name),
                Found::Workload(_) | Found::Node(_) => None,
            };
            let ids = ground.views.iter().zip(found).map(id).collect();
            let is_host = found.iter().any(|found| found.is_host());
            let standing = standings.place(found.iter().map(|found| found.standing()).collect::<Vec<_>>());
            let end = End { who, ids, is_host, standing };
            ground.put(at, &end, found, &mut known);
            ends.push(end);
        }
        ground.ends = Arc::new(ends);
        ground
    }

    /// Whether a snapshot came of this ground's one by changes of policies.
    pub(crate) fn has_objects_of(&self, other: &Snapshot) -> bool {
        let snapshots: Vec<&Snapshot> = self.views.iter().map(|view| &view.snapshot).chain([other]).collect();
        has_same_surroundings(&snapshots) && has_same_objects(&snapshots)
    }

    fn put(&mut self, at: EndIx, end: &End, found: &[Found<'_>], known: &mut HashMap<Key, usize, FixedState>) {
        let class = |(view, (found, id)): (&Arc<View>, (&Found<'_>, &Option<PodId>))| match found {
            Found::Pod(_) => view.snapshot.class_of((*id)?),
            Found::Workload(_) => view.snapshot.class_of_endpoint(&end.who.endpoint()),
            Found::Node(_) => None,
        };
        let classes: Vec<Option<ClassId>> = self.views.iter().zip(found.iter().zip(&end.ids)).map(class).collect();
        let numbers = |found: &Found<'_>| found.addresses().iter().copied().map(AddressNumber::of).collect();
        let is_changed =
            !found.split_first().is_none_or(|(one, others)| others.iter().all(|other| one.is_same(*other)));
        let is_workload = matches!(end.who, Who::Workload(..));
        let cells = |(view, found): (&Arc<View>, &Found<'_>)| {
            found.addresses().iter().map(|address| view.cell(AddressNumber::of(*address))).collect()
        };
        let cells = self.views.iter().zip(found).map(cells);
        let each: Option<Vec<_>> = classes.iter().zip(cells).map(|(class, cells)| Some(((*class)?, cells))).collect();
        let key = match each {
            Some(each) if !end.is_host => Key::Alike { each, is_workload, is_changed },
            _ => Key::Alone(at),
        };
        let by_name = |(view, found): (&Arc<View>, &Found<'_>)| {
            if !end.is_host {
                return Some(numbers(found));
            }
            let own = view.snapshot.addresses_by_name(&end.who.endpoint())?;
            Some(own.into_iter().map(AddressNumber::of).collect())
        };
        let group = *known.entry(key).or_insert_with(|| {
            let of = |(view, class): (&Arc<View>, &Option<ClassId>)| class.and_then(|class| view.place(class));
            let places: Vec<Option<usize>> = self.views.iter().zip(&classes).map(of).collect();
            let own: Vec<(&View, Option<usize>)> = self.views.iter().map(|view| &**view).zip(places.clone()).collect();
            let change = match *own {
                [before, after] => Change::between(before, after, is_changed),
                _ => Change { itself: is_changed, egress: false, ingress: false },
            };
            self.groups.push(Group {
                members: Vec::new(),
                places,
                addresses: self.views.iter().zip(found).map(by_name).collect(),
                is_host: end.is_host,
                is_workload,
                change,
            });
            self.groups.len() - 1
        });
        self.group_of.push(group);
        if let Some(group) = self.groups.get_mut(group) {
            group.members.push(at);
        }
    }

    /// What hosts are known by, in each snapshot, once where all share their objects.
    pub(super) fn known_hosts(&self) -> &[KnownHosts] {
        let views = if self.has_same_objects { 1 } else { self.views.len() };
        self.hosts
            .get_or_init(|| self.views.iter().take(views).map(|view| KnownHosts::new(view, self.ends())).collect())
    }

    /// How many ends there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn ends(&self) -> impl Iterator<Item = (EndIx, &End)> {
        (0..).map(EndIx).zip(self.ends.iter())
    }

    pub(crate) fn end(&self, at: EndIx) -> Option<&End> {
        self.ends.get(at.0 as usize)
    }

    /// The end of that name.
    pub(crate) fn find(&self, who: &Who) -> Option<EndIx> {
        let at = self.ends.binary_search_by(|end| end.who.cmp(who)).ok()?;
        u32::try_from(at).ok().map(EndIx)
    }

    /// The place of the group that an end is of.
    pub(crate) fn place_of_group(&self, at: EndIx) -> Option<usize> {
        self.group_of.get(at.0 as usize).copied()
    }

    /// What the policies that isolate a group as source tell apart, in each snapshot.
    pub(crate) fn egress(&self, group: &Group) -> Vec<&Distinctions> {
        self.views.iter().zip(&group.places).map(|(view, place)| view.egress(*place)).collect()
    }

    /// And as destination.
    pub(crate) fn ingress(&self, group: &Group) -> Vec<&Distinctions> {
        self.views.iter().zip(&group.places).map(|(view, place)| view.ingress(*place)).collect()
    }

    /// Of one of several pods or workloads, as their group has those of its first.
    pub(super) fn addresses_of(&self, base: &View, at: EndIx) -> Option<Arc<[AddressNumber]>> {
        let addresses = match &self.end(at)?.who {
            Who::Pod(name) => base.snapshot.cluster().pod(name)?.addresses.as_slice(),
            Who::Workload(..) | Who::Node(_) => &[],
        };
        Some(addresses.iter().copied().map(AddressNumber::of).collect())
    }

    /// No policy isolates the group as source, under any reading (K1, U2, U7).
    pub(crate) fn is_free_source(&self, group: &Group) -> bool {
        self.egress(group).iter().all(|row| !row.isolated)
    }

    /// And as destination.
    pub(crate) fn is_free_destination(&self, group: &Group) -> bool {
        self.ingress(group).iter().all(|row| !row.isolated)
    }

    /// Where intervals of ports begin that policies of the two tell apart.
    pub(crate) fn cuts(&self, source: Option<&Group>, destination: Option<&Group>) -> PortCuts {
        let egress = source.map_or(Vec::new(), |group| self.egress(group));
        let ingress = destination.map_or(Vec::new(), |group| self.ingress(group));
        let places = destination.map_or(&[][..], |group| &group.places);
        let classes = self.views.iter().zip(places).filter_map(|(view, place)| view.class(*place));
        cuts_of(&[egress, ingress].concat(), classes)
    }

    /// And those of the one side alone.
    pub(crate) fn cuts_of_side(&self, direction: Direction, source: &Group, destination: &Group) -> PortCuts {
        let rows = match direction {
            Direction::Egress => self.egress(source),
            Direction::Ingress => self.ingress(destination),
        };
        let classes = self.views.iter().zip(&destination.places).filter_map(|(view, place)| view.class(*place));
        cuts_of(&rows, classes)
    }

    /// Whether one side of connections between members of the two groups says the same in each snapshot: nothing that it hangs on
    /// has changed.
    pub(crate) fn is_same_side(&self, direction: Direction, source: &Group, destination: &Group) -> bool {
        let of_policies = match direction {
            Direction::Egress => source.change.egress,
            Direction::Ingress => destination.change.ingress,
        };
        self.has_same_surroundings && !of_policies && !source.change.itself && !destination.change.itself
    }

    /// The class of somebody whom not all snapshots have.
    pub(crate) fn place_of_class(&self, view: usize, end: &Endpoint) -> Option<ClassPlace> {
        let own = self.views.get(view)?;
        let place = own.place(own.snapshot.class_of_endpoint(end)?)?;
        Some(ClassPlace { view, place })
    }

    /// What the policies tell apart that isolate its members as destinations.
    pub(crate) fn ingress_of_class(&self, ClassPlace { view, place }: ClassPlace) -> Option<&Distinctions> {
        self.views.get(view).map(|view| view.ingress(Some(place)))
    }

    /// Where intervals of ports begin that policies of a source and of a class as destination tell apart.
    pub(crate) fn cuts_to_class(&self, source: Option<&Group>, of: ClassPlace) -> PortCuts {
        let egress = source.map_or(Vec::new(), |group| self.egress(group));
        let rows: Vec<&Distinctions> = egress.into_iter().chain(self.ingress_of_class(of)).collect();
        cuts_of(&rows, self.views.get(of.view).and_then(|view| view.class(Some(of.place))))
    }

    /// The intervals of addresses that some of the rows tell apart.
    pub(crate) fn intervals(&self, rows: &[&Distinctions], family: Family) -> Vec<AddressRange> {
        let starts: BTreeSet<u128> = rows.iter().flat_map(|row| row.starts(family)).copied().chain([0]).collect();
        let number = |bits| AddressNumber { family, bits };
        let ends = starts.iter().skip(1).filter_map(|next| number(*next).previous());
        let ends = ends.chain([AddressNumber::last(family)]);
        starts.iter().zip(ends).filter_map(|(first, last)| AddressRange::between(number(*first), last)).collect()
    }

    /// Where an end runs, or may: equal for those of whom every host is equally the own node.
    pub(crate) fn standing(&self, at: EndIx) -> u32 {
        self.end(at).map_or(u32::MAX, |end| end.standing)
    }
}

/// Where rules of the rows begin to match or stop, those with names where these classes of destinations have them.
fn cuts_of<'v>(rows: &[&Distinctions], classes: impl IntoIterator<Item = &'v PartitionClass>) -> PortCuts {
    let mut cuts = PortCuts::default();
    rows.iter().for_each(|row| cuts.add(&row.cuts));
    for (protocol, name, port) in classes.into_iter().flat_map(|class| &class.named) {
        if rows.iter().any(|row| row.asks(*protocol, name)) {
            cuts.apart(PortInterval::one(*protocol, *port));
        }
    }
    cuts
}
