//! Faces in a covering set: from each kind of source to each face, by way of each kind of backend (K26).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use crate::engine::{Connection, ConnectionFront, Distinctions, Nearness, PartitionClass, PassedOn};
use crate::labels::Labels;
use crate::model::flow::{Endpoint, Flow, L4};
use crate::name::ObjectName;
use crate::net::{AddressNumber, Family};
use crate::oracle::batches::Batch;
use crate::oracle::doors::{Door, DoorPort};
use crate::oracle::end_kinds::{EndKind, EndKinds};
use crate::oracle::outside::outside;
use crate::oracle::pairs::{Part, by_host};
use crate::verdict::Backend;

/// So many members of a kind that stand to a face in one way are tried.
const ALIKE: usize = 2;

/// The nodes of so many of those behind a face are tried as sources.
const DESTINATIONS: usize = 16;

/// Who sends to faces.
#[derive(Clone, Copy)]
pub(super) enum Senders {
    /// Members of a kind, by its place.
    Kind(usize),
    Outside(Family),
}

/// What can be told of a connection by a face.
#[derive(PartialEq, Eq, Hash)]
struct Question {
    port: DoorPort,
    /// After translation.
    l4: L4,
    family: Family,
    /// Who is reached, and where its address lies for the source's policies.
    destination: (Reached, usize),
    /// Where lie what was sent to, the source, and the nodes that may pass it on, for the policies of the other end.
    face: usize,
    source: usize,
    passing: Vec<usize>,
    is_to_itself: bool,
    /// The source is the node at the face.
    is_from_there: bool,
    /// Whether each end is the other's node, and the node at the face each end's.
    nearness: [Nearness; 4],
    /// Where the destination may run that says no node.
    unsaid: Option<Labels>,
}

#[derive(PartialEq, Eq, Hash)]
enum Reached {
    Kind(usize),
    /// A replica, or what a slice names at an address that is not its own: members of no kind.
    Named(ObjectName),
    Outside,
}

impl EndKinds {
    /// From some senders to all faces.
    pub(super) fn at_faces(&self, doors: &[Door], senders: Senders) -> Vec<Batch> {
        let (kind, family) = match senders {
            Senders::Kind(at) => (self.kind(at), self.kind(at).and_then(|kind| kind.family)),
            Senders::Outside(family) => (None, Some(family)),
        };
        let mut asked: HashSet<Question> = HashSet::new();
        let mut all = Vec::new();
        for door in doors.iter().filter(|door| family.is_none_or(|family| family == Family::of(door.address))) {
            let sources = match senders {
                Senders::Kind(at) => self.senders(at, door),
                Senders::Outside(_) => self.outside_senders(door),
            };
            for source in sources {
                let flow = Flow::new(source, door.endpoint.clone().into(), door.l4);
                let Ok(connections) = self.engine.connections(&flow) else { continue };
                let mut vias: BTreeSet<Option<ObjectName>> = BTreeSet::new();
                for connection in &connections {
                    let question = self.question(kind, &flow.source, door, connection);
                    if question.is_some_and(|question| asked.insert(question)) {
                        vias.insert(match &connection.backend {
                            Some(Backend::Object(name)) => Some(name.clone()),
                            Some(Backend::Workload(..) | Backend::Address(_)) | None => None,
                        });
                    }
                }
                let destination = || door.endpoint.clone().into();
                let batch =
                    |via| Batch { source: flow.source.clone(), destination: destination(), via, l4s: vec![door.l4] };
                all.extend(vias.into_iter().map(batch));
            }
        }
        all
    }

    /// Those behind a face that are members of kinds, as some of these sources find them, by the rows by which they tell sources
    /// apart.
    fn behind(&self, door: &Door, sources: Vec<Endpoint>) -> BTreeMap<Option<usize>, BTreeSet<(usize, usize)>> {
        let mut all: BTreeMap<Option<usize>, BTreeSet<(usize, usize)>> = BTreeMap::new();
        for source in sources {
            let flow = Flow::new(source, door.endpoint.clone().into(), door.l4);
            for connection in self.engine.connections(&flow).into_iter().flatten() {
                let place = self.find(&connection.destination);
                let class = place.and_then(|(kind, _)| self.class(self.kind(kind)?));
                all.entry(class.map(|class| class.ingress)).or_default().extend(place);
            }
        }
        all
    }

    fn row(&self, ingress: Option<usize>) -> &Distinctions {
        match ingress.and_then(|at| self.partition.distinctions.get(at)) {
            Some(row) => row,
            None => self.ingress(None),
        }
    }

    /// Of each interval of addresses that those behind the face tell apart some members, and one that is behind it itself (U4).
    fn senders(&self, own: usize, door: &Door) -> Vec<Endpoint> {
        let Some(kind) = self.kind(own) else { return Vec::new() };
        let mut places: BTreeSet<usize> = BTreeSet::new();
        self.standing(kind, 0..kind.members.len(), door, &mut places);
        let ends = |places: &BTreeSet<usize>| -> Vec<Endpoint> {
            places.iter().filter_map(|at| kind.members.get(*at)).map(|member| member.endpoint.clone()).collect()
        };
        for (ingress, behind) in self.behind(door, ends(&places)) {
            for part in kind.parts(self.row(ingress)) {
                self.standing(kind, part.clone(), door, &mut places);
                if kind.is_host {
                    // The nodes of those behind it, and others.
                    let members = behind.iter().take(DESTINATIONS).filter_map(|place| self.member(*place));
                    members.for_each(|member| places.extend(self.hosts_around(member, kind, &part)));
                }
            }
            places.extend(behind.into_iter().filter(|(kind, _)| *kind == own).map(|(_, at)| at).take(ALIKE));
        }
        ends(&places)
    }

    /// Adds the places of members that stand to the face in each way that there is.
    fn standing(&self, kind: &EndKind, part: Part, door: &Door, places: &mut BTreeSet<usize>) {
        let mut found: Vec<(bool, Nearness, usize)> = Vec::new();
        for (at, member) in by_host(kind, part) {
            let is_node = kind.class.is_none();
            let is_it = door.is_at(member.node.as_deref().filter(|_| is_node), member.address);
            let near = self.engine.nearness(&member.endpoint, &door.endpoint);
            match found.iter_mut().find(|(known, other, _)| *known == is_it && *other == near) {
                Some((_, _, count)) if *count >= ALIKE => continue,
                Some((_, _, count)) => *count += 1,
                None => found.push((is_it, near, 1)),
            }
            places.insert(at);
        }
    }

    /// Addresses outside of each interval that those behind the face tell apart.
    fn outside_senders(&self, door: &Door) -> Vec<Endpoint> {
        let family = Family::of(door.address);
        let addresses = |row: &Distinctions| outside(&self.engine, row, family);
        let first: Vec<Endpoint> = addresses(self.egress(None)).into_iter().take(1).map(Endpoint::Address).collect();
        let rows = self.behind(door, first).into_keys();
        let all: BTreeSet<IpAddr> = rows.flat_map(|ingress| addresses(self.row(ingress))).collect();
        all.into_iter().map(Endpoint::Address).collect()
    }

    /// What is asked by a connection; nothing where no end is a pod (K24), or where it is by no face.
    fn question(
        &self,
        kind: Option<&EndKind>,
        source: &Endpoint,
        door: &Door,
        connection: &Connection<'_>,
    ) -> Option<Question> {
        let Some(ConnectionFront::Face { at, passed_on, .. }) = &connection.front else { return None };
        let found = self.find(&connection.destination);
        let member = found.and_then(|place| self.member(place));
        let source_class = kind.and_then(|kind| self.class(kind));
        let class: Option<&PartitionClass> = found.and_then(|(kind, _)| self.class(self.kind(kind)?));
        let named = match &connection.backend {
            Some(Backend::Object(name)) if found.is_none() => Some(name.clone()),
            _ => None,
        };
        if source_class.is_none() && class.is_none() && named.is_none() {
            return None;
        }
        let (egress, ingress) = (self.egress(source_class), self.ingress(class));
        let destination = match (&named, member) {
            (Some(name), _) => Some(Endpoint::Named(name.clone())),
            (None, Some(member)) => Some(member.endpoint.clone()),
            (None, None) => None,
        };
        let passing: Vec<IpAddr> = match (passed_on, at.name_of_node()) {
            (PassedOn::Never, _) => Vec::new(),
            (PassedOn::Named, Some(name)) => self.engine.node_addresses(name, Family::of(door.address)),
            (PassedOn::Named, None) => vec![door.address],
            (PassedOn::Some, _) => {
                let own = member.and_then(|member| member.node.as_deref());
                let hosts = || member.map_or_else(Vec::new, |member| member.hosts.clone());
                own.map_or_else(hosts, |name| self.engine.node_addresses(name, Family::of(door.address)))
            }
        };
        let passing: BTreeSet<usize> = passing
            .into_iter()
            .filter(|address| Family::of(*address) == Family::of(door.address))
            .map(|address| place(ingress, address))
            .collect();
        let near = |subject: Option<&Endpoint>, peer: Option<&Endpoint>| match (subject, peer) {
            (Some(subject), Some(peer)) => self.engine.nearness(subject, peer),
            _ => Nearness::Apart,
        };
        let (from, to, face) = (Some(source), destination.as_ref(), Some(&door.endpoint));
        Some(Question {
            port: door.port,
            l4: connection.l4,
            family: Family::of(door.address),
            destination: (
                match (named, found) {
                    (Some(name), _) => Reached::Named(name),
                    (None, Some((kind, _))) => Reached::Kind(kind),
                    (None, None) => Reached::Outside,
                },
                connection.destination.address.map_or(0, |address| place(egress, address)),
            ),
            face: place(egress, door.address),
            source: connection.source.address.map_or(0, |address| place(ingress, address)),
            passing: passing.into_iter().collect(),
            is_to_itself: from == to,
            is_from_there: door.is_at(connection.source.name_of_node(), connection.source.address),
            nearness: [near(from, to), near(to, from), near(from, face), near(to, face)],
            unsaid: member.filter(|member| member.node.is_none()).map(|member| member.node_selector.clone()),
        })
    }
}

/// In which interval of those that a row tells apart an address lies.
fn place(row: &Distinctions, address: IpAddr) -> usize {
    let bits = AddressNumber::of(address).bits;
    row.starts(Family::of(address)).partition_point(|start| *start <= bits)
}
