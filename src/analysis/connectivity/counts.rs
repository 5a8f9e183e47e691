//! How many pairs of ends there are between two regions, by how much of their connections is allowed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use crate::analysis::connectivity::connection::Connection;
use crate::analysis::connectivity::cover::{enough, is_covered};
use crate::analysis::region::Region;
use crate::analysis::search::{Ends, Ports};
use crate::engine::Snapshot;
use crate::model::cluster::{ServiceKind, WorkloadKind};
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::ObjectName;
use crate::net::{AddressRange, Family, Protocol};
use crate::verdict::Verdict;

/// The pairs of ends, one in each of two regions, by what is allowed of TCP, UDP and SCTP between the two; but a pod and itself
/// are none ([K19](crate::semantics#k19)). Protocols without ports do not count: at every isolated pod they are open
/// ([U1](crate::semantics#u1)). Everything outside the cluster is one end, and so is a workload whose pods nobody loaded.
///
/// ```json
/// {"source": {"namespace": "web"}, "destination": {"namespace": "shop"}, "all": 4, "some": 2, "undefined": 0, "denied": 6}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PairCounts {
    /// Where the sources are.
    pub source: Region,
    /// Where the destinations are.
    pub destination: Region,
    /// Allowed on every port; to a Service on every port that it has, to and from the outside for every address.
    pub all: u64,
    /// Allowed on some.
    pub some: u64,
    /// Allowed on none for certain, Undefined on some.
    pub undefined: u64,
    /// Denied on all of them, or never to meet.
    pub denied: u64,
}

impl PairCounts {
    fn none(source: Region, destination: Region) -> Self {
        Self { source, destination, all: 0, some: 0, undefined: 0, denied: 0 }
    }

    /// How many pairs there are.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.all + self.some + self.undefined + self.denied
    }

    /// So many of those that count as denied are no such pairs.
    fn take(&mut self, share: Share, pairs: u64) {
        self.denied = self.denied.saturating_sub(pairs);
        match share {
            Share::All => self.all += pairs,
            Share::Some => self.some += pairs,
            Share::Undefined => self.undefined += pairs,
            Share::Denied => self.denied += pairs,
        }
    }
}

/// How much of what two ends may open is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    All,
    Some,
    Undefined,
    Denied,
}

/// The lines that speak of destinations, how the outside meets them where that is the source, and which Service it is.
type Alike = (Vec<usize>, Option<Families>, Option<usize>);

/// One end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum One {
    Pod(ObjectName),
    Workload(ObjectName, WorkloadKind),
    Node(Arc<str>),
    Service(ObjectName),
    Outside,
}

impl One {
    fn all_of(ends: &Ends) -> Vec<Self> {
        match ends {
            Ends::Pods(names) => names.iter().cloned().map(Self::Pod).collect(),
            Ends::Workload(name, kind) => vec![Self::Workload(name.clone(), kind.clone())],
            Ends::Node(name) => vec![Self::Node(name.clone())],
            Ends::Service(name) => vec![Self::Service(name.clone())],
            Ends::Addresses(_) => vec![Self::Outside],
            // Nobody is named so where pods are.
            Ends::Namespace(_) => Vec::new(),
        }
    }

    /// As flows name it; none of what is no single end of them.
    fn destination(&self) -> Option<Destination> {
        Some(match self {
            Self::Pod(name) => Endpoint::Named(name.clone()).into(),
            Self::Workload(name, kind) => Endpoint::Workload { kind: kind.clone(), name: name.clone() }.into(),
            Self::Node(name) => Endpoint::Node(name.clone()).into(),
            Self::Service(name) => Destination::Service(name.clone()),
            Self::Outside => return None,
        })
    }
}

/// Some ends and the regions they are in, by numbers.
#[derive(Debug, Default)]
pub(super) struct Members {
    regions: Vec<Region>,
    ones: Vec<One>,
    /// The place of the region of each.
    region_of: Vec<usize>,
    known: HashMap<One, usize>,
}

impl Members {
    pub(super) fn new<'r>(regions: impl IntoIterator<Item = (&'r Region, &'r Vec<Ends>)>) -> Self {
        let mut members = Self::default();
        for (region, ends) in regions {
            for one in ends.iter().flat_map(One::all_of) {
                members.known.insert(one.clone(), members.ones.len());
                members.ones.push(one);
                members.region_of.push(members.regions.len());
            }
            members.regions.push(region.clone());
        }
        members
    }

    fn places(&self, ends: &Ends) -> Vec<usize> {
        One::all_of(ends).iter().filter_map(|one| self.known.get(one)).copied().collect()
    }

    /// How many of some are in each region.
    fn by_region(&self, some: &[usize]) -> BTreeMap<usize, u64> {
        let mut counts = BTreeMap::new();
        for region in some.iter().filter_map(|at| self.region_of.get(*at)) {
            *counts.entry(*region).or_default() += 1;
        }
        counts
    }
}

const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// By which of them an end meets the outside.
type Families = [bool; 2];

/// Addresses that nobody in the cluster has.
#[derive(Clone, Copy)]
pub(super) struct Outside<'a> {
    pub(super) sources: &'a [AddressRange],
    pub(super) destinations: &'a [AddressRange],
}

/// Counts pairs by what is said of them.
pub(super) struct Counting<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) sources: Members,
    pub(super) destinations: &'a Members,
    pub(super) outside: Outside<'a>,
    /// Which name pods one by one.
    pub(super) connections: &'a [Connection],
}

impl Counting<'_> {
    pub(super) fn add_to(&self, found: &mut BTreeMap<(Region, Region), PairCounts>) {
        let everybody = |members: &Members| (0..members.ones.len()).collect::<Vec<usize>>();
        let mut add = |from: &[usize], to: &[usize], share: Option<Share>| {
            for ((from, to), pairs) in self.pairs(from, to) {
                let Some(regions) = self.sources.regions.get(from).zip(self.destinations.regions.get(to)) else {
                    continue;
                };
                let (source, destination) = (regions.0.clone(), regions.1.clone());
                let counts = found
                    .entry((source.clone(), destination.clone()))
                    .or_insert_with(|| PairCounts::none(source, destination));
                match share {
                    Some(share) => counts.take(share, pairs),
                    None => counts.denied += pairs,
                }
            }
        };
        add(&everybody(&self.sources), &everybody(self.destinations), None);
        for ((lines, sends_by), from) in self.alike_sources() {
            for ((lines, receives_by, service), to) in self.alike_destinations(&lines, &from) {
                let families = receives_by.unwrap_or(sends_by);
                let service = service.and_then(|at| self.destinations.ones.get(at));
                add(&from, &to, Some(self.share(&lines, service, families)));
            }
        }
    }

    /// How many pairs of some with some are between each two regions, but a pod and itself, and what is outside the cluster.
    fn pairs(&self, from: &[usize], to: &[usize]) -> BTreeMap<(usize, usize), u64> {
        let (by_source, by_destination) = (self.sources.by_region(from), self.destinations.by_region(to));
        let products = by_source.iter().flat_map(|(from, sources)| {
            by_destination.iter().map(move |(to, destinations)| ((*from, *to), sources * destinations))
        });
        let mut pairs: BTreeMap<(usize, usize), u64> = products.collect();
        for at in to {
            let Some(one @ (One::Pod(_) | One::Outside)) = self.destinations.ones.get(*at) else { continue };
            let same = self.sources.known.get(one).filter(|source| from.binary_search(source).is_ok());
            let region = same.and_then(|source| self.sources.region_of.get(*source));
            let both = region.copied().zip(self.destinations.region_of.get(*at).copied());
            if let Some(pairs) = both.and_then(|both| pairs.get_mut(&both)) {
                *pairs -= 1;
            }
        }
        pairs
    }

    /// Sources of which the same lines speak, and that meet the outside alike where these do.
    fn alike_sources(&self) -> BTreeMap<(Vec<usize>, Families), Vec<usize>> {
        let mut lines_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (line, connection) in self.connections.iter().enumerate() {
            for source in self.sources.places(&connection.source) {
                lines_of.entry(source).or_default().push(line);
            }
        }
        let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (source, lines) in lines_of {
            let mut own = lines.iter().filter_map(|line| self.connections.get(*line));
            let goes_outside = own.any(|line| matches!(line.destination, Ends::Addresses(_)));
            let one = self.sources.ones.get(source).filter(|_| goes_outside);
            let families = one.map_or([false; 2], |one| FAMILIES.map(|family| self.sends(one, family)));
            alike.entry((lines, families)).or_default().push(source);
        }
        alike
    }

    /// Destinations of which the same of some lines speak; each Service by itself, since it has ports of its own, and by the
    /// families that the outside meets them by, where that is the source.
    fn alike_destinations(&self, lines: &[usize], from: &[usize]) -> BTreeMap<Alike, Vec<usize>> {
        let mut lines_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (line, connection) in lines.iter().filter_map(|line| Some((*line, self.connections.get(*line)?))) {
            for destination in self.destinations.places(&connection.destination) {
                lines_of.entry(destination).or_default().push(line);
            }
        }
        let source = from.first().and_then(|first| self.sources.ones.get(*first));
        let mut alike: BTreeMap<Alike, Vec<usize>> = BTreeMap::new();
        for (destination, lines) in lines_of {
            let Some(one) = self.destinations.ones.get(destination) else { continue };
            let families = (source == Some(&One::Outside)).then(|| FAMILIES.map(|family| self.receives(one, family)));
            let service = matches!(one, One::Service(_)).then_some(destination);
            alike.entry((lines, families, service)).or_default().push(destination);
        }
        alike
    }

    /// Whether an end can send to the outside by a family at all.
    fn sends(&self, source: &One, family: Family) -> bool {
        let outside = self.outside.destinations.iter().find(|range| range.family() == family);
        let (Some(outside), Some(Destination::Endpoint(source))) = (outside, source.destination()) else {
            return false;
        };
        let flow = Flow::new(source, Endpoint::Address(outside.first()).into(), L4::Icmp);
        self.snapshot.verdict(&flow).is_ok()
    }

    /// Whether the outside can send to an end by a family at all.
    fn receives(&self, destination: &One, family: Family) -> bool {
        let outside = self.outside.sources.iter().find(|range| range.family() == family);
        let (Some(outside), Some(destination)) = (outside, destination.destination()) else { return false };
        let own = self.ports_of(&destination).and_then(|ports| ports.first().copied());
        let flow = Flow::new(Endpoint::Address(outside.first()), destination, own.unwrap_or(L4::Icmp));
        self.snapshot.verdict(&flow).is_ok()
    }

    /// The ports that a Service has; none of what may have any.
    fn ports_of(&self, destination: &Destination) -> Option<Vec<L4>> {
        let Destination::Service(name) = destination else { return None };
        let service = self.snapshot.cluster().service(name)?;
        let ports = service.ports.iter().map(|port| L4::Port(port.protocol, port.port));
        (service.kind == ServiceKind::ClusterIp).then(|| ports.collect())
    }

    /// What lines say of a pair together.
    fn share(&self, lines: &[usize], service: Option<&One>, families: Families) -> Share {
        let own = service.and_then(One::destination).and_then(|service| self.ports_of(&service));
        let is_all = |ports: &Ports| match &own {
            Some(own) => own.iter().all(|l4| ports.contains(*l4)),
            None => {
                let whole = ports.intervals().iter().filter(|interval| interval.is_whole_protocol());
                whole.count() == Protocol::ALL.len()
            }
        };
        let lines: Vec<&Connection> = lines.iter().filter_map(|line| self.connections.get(*line)).collect();
        let has =
            |verdict: Verdict| lines.iter().any(|line| line.verdict == verdict && !line.ports.intervals().is_empty());
        let allowed = || lines.iter().filter(|line| line.verdict == Verdict::Allow);
        let is_whole = match lines.first().and_then(|line| self.outside_of(line)) {
            Some((_, outside)) => {
                let spoken: Vec<(&[AddressRange], &Ports)> =
                    allowed().filter_map(|line| Some((self.outside_of(line)?.0, &line.ports))).collect();
                let [v4, v6] = families;
                let is_met = |range: &&AddressRange| if range.family() == Family::V4 { v4 } else { v6 };
                is_covered(outside.iter().filter(is_met), &enough(&spoken, is_all))
            }
            None => {
                let mut all = Ports::default();
                allowed().for_each(|line| all.merge(line.ports.clone()));
                is_all(&all)
            }
        };
        match (is_whole, has(Verdict::Allow), has(Verdict::Undefined)) {
            (true, true, _) => Share::All,
            (false, true, _) => Share::Some,
            (_, false, true) => Share::Undefined,
            (_, false, false) => Share::Denied,
        }
    }

    /// The addresses that a line speaks of, and all that there are.
    fn outside_of<'l>(&'l self, line: &'l Connection) -> Option<(&'l [AddressRange], &'l [AddressRange])> {
        match (&line.source, &line.destination) {
            (Ends::Addresses(ranges), _) => Some((ranges, self.outside.sources)),
            (_, Ends::Addresses(ranges)) => Some((ranges, self.outside.destinations)),
            _ => None,
        }
    }
}
