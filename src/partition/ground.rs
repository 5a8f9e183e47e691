//! The ends of a snapshot, in groups that no policy tells apart.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::engine::{ClassId, Distinctions, Nearness, Partition, PartitionClass, Snapshot};
use crate::model::flow::Endpoint;
use crate::net::{AddressNumber, AddressRange, Family, PortCuts};
use crate::partition::ends::{End, EndIx, Standing, Who};
use crate::partition::index::{Index, Object};
use crate::partition::outside::Outside;

/// Pods or workloads that no policy tells apart, or one node or hostNetwork pod.
#[derive(Debug)]
pub(crate) struct Group {
    /// In order.
    pub(crate) members: Vec<EndIx>,
    /// Place of its class; none of a node.
    class: Option<usize>,
    pub(crate) is_host: bool,
    /// Of workloads: each stands for several pods.
    pub(crate) is_workload: bool,
    /// The families of its addresses.
    pub(crate) families: BTreeSet<Family>,
}

/// What tells groups apart.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// A class, and of each address of its members, in order, where it lies.
    Alike { class: ClassId, is_workload: bool, cells: Vec<(Family, usize)> },
    /// One that is unlike all others: what a controller set is one value for one end (U7), and hosts are somebody's own node.
    Alone(EndIx),
}

/// All ends of a snapshot.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) snapshot: Snapshot,
    partition: Partition,
    ends: Vec<End>,
    pub(crate) groups: Vec<Group>,
    /// The group of each end.
    group_of: Vec<usize>,
    pub(crate) outside: Outside,
    free: Distinctions,
}

impl Ground {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let partition = snapshot.partition();
        let classes: HashMap<ClassId, usize> =
            partition.classes.iter().enumerate().map(|(place, class)| (class.class(), place)).collect();
        let starts = [Family::V4, Family::V6].map(|family| {
            let all: BTreeSet<u128> =
                partition.distinctions.iter().flat_map(|row| row.starts(family)).copied().collect();
            all.into_iter().collect::<Vec<u128>>()
        });
        let cell = |number: AddressNumber| {
            let [v4, v6] = &starts;
            let starts = if number.family == Family::V4 { v4 } else { v6 };
            (number.family, starts.partition_point(|start| *start <= number.bits))
        };
        let (ends, mut groups, mut group_of) = (ends(snapshot), Vec::<Group>::new(), Vec::new());
        let mut places: HashMap<Key, usize> = HashMap::new();
        for (at, (end, addresses)) in ends.iter().enumerate() {
            let at = EndIx(u32::try_from(at).unwrap_or(u32::MAX));
            let class = match &end.who {
                Who::Node(_) => None,
                Who::Pod(_) => end.id.and_then(|id| snapshot.class_of(id)),
                Who::Workload(..) => snapshot.class_of_endpoint(&end.who.endpoint()),
            };
            let place = class.and_then(|class| classes.get(&class)).copied();
            let is_unsettled = place.and_then(|place| partition.classes.get(place)).is_some_and(|own| own.unsettled);
            let is_workload = matches!(end.who, Who::Workload(..));
            let key = match class {
                Some(class) if !end.is_host && !is_unsettled => {
                    Key::Alike { class, is_workload, cells: addresses.iter().copied().map(cell).collect() }
                }
                _ => Key::Alone(at),
            };
            let group = *places.entry(key).or_insert_with(|| {
                groups.push(Group {
                    members: Vec::new(),
                    class: place,
                    is_host: end.is_host,
                    is_workload,
                    families: addresses.iter().map(|address| address.family).collect(),
                });
                groups.len() - 1
            });
            group_of.push(group);
            if let Some(group) = groups.get_mut(group) {
                group.members.push(at);
            }
        }
        Self {
            snapshot: snapshot.clone(),
            partition,
            ends: ends.into_iter().map(|(end, _)| end).collect(),
            groups,
            group_of,
            outside: Outside::new(snapshot),
            free: snapshot.no_distinctions(),
        }
    }

    pub(crate) fn ends(&self) -> impl Iterator<Item = (EndIx, &End)> {
        (0..).map(EndIx).zip(&self.ends)
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

    fn class(&self, group: &Group) -> Option<&PartitionClass> {
        self.partition.classes.get(group.class?)
    }

    /// What the policies that isolate a group as source tell apart.
    pub(crate) fn egress(&self, group: &Group) -> &Distinctions {
        self.class(group).and_then(|class| self.partition.distinctions.get(class.egress)).unwrap_or(&self.free)
    }

    /// And as destination.
    pub(crate) fn ingress(&self, group: &Group) -> &Distinctions {
        self.class(group).and_then(|class| self.partition.distinctions.get(class.ingress)).unwrap_or(&self.free)
    }

    /// No policy isolates the group as source, under any reading (K1, U2, U7).
    pub(crate) fn is_free_source(&self, group: &Group) -> bool {
        !self.egress(group).isolated
    }

    /// And as destination.
    pub(crate) fn is_free_destination(&self, group: &Group) -> bool {
        !self.ingress(group).isolated
    }

    /// The intervals of ports that the rows tell apart where the destination is of that group.
    pub(crate) fn cuts(&self, rows: [&Distinctions; 2], destination: Option<&Group>) -> PortCuts {
        let mut cuts = PortCuts::default();
        let named = destination.and_then(|group| self.class(group)).map_or(&[][..], |class| &class.named);
        for row in rows {
            cuts.add(&row.cuts);
            for (protocol, name, port) in named {
                if row.names.iter().any(|(of, asked)| of == protocol && asked == name) {
                    cuts.apart(crate::net::PortInterval::one(*protocol, *port));
                }
            }
        }
        cuts
    }

    /// The intervals of addresses that some of the rows tell apart.
    pub(crate) fn intervals(&self, rows: &[&Distinctions], family: Family) -> Vec<AddressRange> {
        let starts: BTreeSet<u128> = rows.iter().flat_map(|row| row.starts(family)).copied().chain([0]).collect();
        let number = |bits| AddressNumber { family, bits };
        let ends = starts.iter().skip(1).filter_map(|next| number(*next).previous());
        let ends = ends.chain([AddressNumber::last(family)]);
        starts.iter().zip(ends).filter_map(|(first, last)| AddressRange::between(number(*first), last)).collect()
    }

    /// The row of those whom nobody isolates.
    pub(crate) fn free_row(&self) -> &Distinctions {
        &self.free
    }

    /// Members of a group by where they stand to a host, each kind once with all who are of it.
    pub(crate) fn by_nearness(&self, group: &Group, host: &Endpoint) -> Vec<(Nearness, Vec<EndIx>)> {
        let mut found: Vec<(Nearness, Vec<EndIx>)> = Vec::new();
        for members in self.by_standing(group) {
            let Some(end) = members.first().and_then(|at| self.end(*at)) else { continue };
            let near = self.snapshot.nearness(&end.who.endpoint(), host);
            match found.iter_mut().find(|(known, _)| *known == near) {
                Some((_, all)) => all.extend(members),
                None => found.push((near, members)),
            }
        }
        found
    }

    /// Members of a group that run, or may run, on the same nodes.
    pub(crate) fn by_standing(&self, group: &Group) -> Vec<Vec<EndIx>> {
        let mut found: BTreeMap<&Standing, Vec<EndIx>> = BTreeMap::new();
        for at in &group.members {
            if let Some(end) = self.end(*at) {
                found.entry(&end.standing).or_default().push(*at);
            }
        }
        found.into_values().collect()
    }
}

/// All ends in order, each with its addresses in theirs.
fn ends(snapshot: &Snapshot) -> Vec<(End, Vec<AddressNumber>)> {
    let cluster = snapshot.cluster();
    let mut all = Vec::new();
    for pod in cluster.pods().iter().filter(|pod| pod.is_live()) {
        let end = End {
            who: Who::Pod(pod.name.clone()),
            id: snapshot.pod_id(&pod.name),
            is_host: pod.host_network,
            standing: Standing::new(pod.node.as_ref(), &pod.host_addresses, &pod.node_selector),
        };
        all.push((end, pod.addresses.iter().copied().map(AddressNumber::of).collect()));
    }
    let index = Index::new(cluster);
    let workloads = index.objects().iter().filter_map(|object| match object {
        Object::Workload(workload) => Some(*workload),
        Object::Pod(_) => None,
    });
    for workload in workloads {
        let end = End {
            who: Who::Workload(workload.name.clone(), workload.kind.clone()),
            id: None,
            is_host: workload.host_network,
            standing: Standing::new(workload.node.as_ref(), &[], &workload.node_selector),
        };
        all.push((end, Vec::new()));
    }
    let named = cluster.pods().iter().filter(|pod| pod.is_live()).filter_map(|pod| pod.node.clone());
    let nodes: BTreeSet<_> = cluster.nodes().iter().map(|node| node.name.clone()).chain(named).collect();
    for name in nodes {
        let standing = Standing::new(Some(&name), &[], &crate::labels::Labels::new());
        all.push((End { who: Who::Node(name), id: None, is_host: true, standing }, Vec::new()));
    }
    all.sort_by(|(one, _), (other, _)| one.who.cmp(&other.who));
    all
}
