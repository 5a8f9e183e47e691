//! How many pairs of ends there are between two regions, by how much of their connections is allowed.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::analysis::connectivity::cover::{enough, is_covered};
use crate::analysis::region::{Placed, Region};
use crate::analysis::search::{EndSet, Gathered, LineIx, Ports, Selection, Sources, Targets};
use crate::engine::Snapshot;
use crate::model::cluster::ServiceKind;
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::ObjectName;
use crate::net::{AddressRange, Family, Protocol};
use crate::partition::{EndIx, Ground, Who};
use crate::profile::Rows;
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
    /// How many pairs there are.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.all + self.some + self.undefined + self.denied
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

/// Ends, Services and the outside, as far as they are asked about.
pub(super) struct Members<'a> {
    placed: &'a Placed,
    ends: EndSet,
    /// By their places among all.
    services: Vec<usize>,
    has_outside: bool,
}

impl<'a> Members<'a> {
    pub(super) fn destinations(ground: &Ground, placed: &'a Placed, selection: &Selection) -> Self {
        let (ends, service, has_outside) = match selection {
            Selection::Everybody => (EndSet::of(ground, ground.ends().map(|(at, _)| at)), None, true),
            Selection::Some { ends, service, addresses } => {
                (ends.clone(), Some(service.as_ref()), !addresses.is_empty())
            }
        };
        let services = placed.services.iter().enumerate();
        let services = services.filter(|(_, (name, _))| service.is_none_or(|wanted| wanted == Some(name)));
        Self { placed, ends, services: services.map(|(at, _)| at).collect(), has_outside }
    }

    /// Services open no connections.
    pub(super) fn sources(ground: &Ground, placed: &'a Placed, selection: &Selection) -> Self {
        Self { services: Vec::new(), ..Self::destinations(ground, placed, selection) }
    }

    /// How many there are in each region.
    fn by_region(&self) -> BTreeMap<usize, u64> {
        let mut counts = self.placed.by_region(&self.ends);
        for (_, region) in self.services.iter().filter_map(|at| self.placed.services.get(*at)) {
            *counts.entry(*region).or_default() += 1;
        }
        if self.has_outside {
            counts.insert(self.placed.outside, 1);
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

/// What is told, with its verdict.
type Line = Gathered<(Verdict, Rows)>;

/// What a share hangs on: what is told, to which Service, by which families the outside is met.
type Told = (Vec<LineIx>, Option<usize>, Families);

/// Counts pairs by what is told of them.
pub(super) struct Counting<'a> {
    snapshot: &'a Snapshot,
    ground: &'a Ground,
    sources: Members<'a>,
    destinations: Members<'a>,
    outside: Outside<'a>,
    lines: &'a [Line],
    /// The Services that each line leads to, by their places.
    services_of: Vec<Vec<usize>>,
    /// By the regions of source and destination, how many pairs of each [`Share`].
    found: HashMap<(usize, usize), [u64; 4]>,
    shares: HashMap<Told, Share>,
    /// Of groups that meet the outside.
    families: HashMap<(bool, usize), Families>,
}

impl<'a> Counting<'a> {
    pub(super) fn new(
        (snapshot, ground): (&'a Snapshot, &'a Ground),
        (sources, destinations): (Members<'a>, Members<'a>),
        outside: Outside<'a>,
        lines: &'a [Line],
    ) -> Self {
        let place = |name: &ObjectName| destinations.placed.place_of_service(name);
        let services_of = lines.iter().map(|line| match &line.targets {
            Targets::Services(names) => names.iter().filter_map(place).collect(),
            Targets::Ends(_) | Targets::Addresses(_) => Vec::new(),
        });
        let services_of = services_of.collect();
        let (found, shares, families) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { snapshot, ground, sources, destinations, outside, lines, services_of, found, shares, families }
    }

    /// The counts of every two regions, in order.
    pub(super) fn counts(mut self) -> Vec<PairCounts> {
        self.all_as_denied();
        let all = self.lines.iter().enumerate().filter_map(|(at, line)| match &line.sources {
            Sources::Ends(ends) => Some((at, ends)),
            Sources::Addresses(_) => None,
        });
        for (lines, from) in alike(self.ground, all) {
            self.count_to_ends(&from, &lines);
            self.count_to_services(&from, &lines);
            self.count_to_outside(&from, &lines);
        }
        self.count_from_outside();
        let regions = &self.sources.placed.regions;
        let named = self.found.iter().filter_map(|((from, to), [all, some, undefined, denied])| {
            let (source, destination) = (regions.get(*from)?.clone(), regions.get(*to)?.clone());
            Some(PairCounts { source, destination, all: *all, some: *some, undefined: *undefined, denied: *denied })
        });
        let mut counts: Vec<PairCounts> = named.filter(|counts| counts.pairs() > 0).collect();
        counts.sort_by(|one, other| (&one.source, &one.destination).cmp(&(&other.source, &other.destination)));
        counts
    }

    /// Every pair, but a pod and itself, and the outside and itself.
    fn all_as_denied(&mut self) {
        let outside = self.sources.placed.outside;
        let themselves = self.pods_in_both(&self.sources.ends, &self.destinations.ends);
        let (sources, destinations) = (self.sources.by_region(), self.destinations.by_region());
        for (from, sources) in &sources {
            for (to, destinations) in destinations.iter().filter(|(to, _)| (*from, **to) != (outside, outside)) {
                let itself = if from == to { themselves.get(from).copied().unwrap_or_default() } else { 0 };
                self.found.insert((*from, *to), [0, 0, 0, sources * destinations - itself]);
            }
        }
    }

    /// How many pods of each region are in both.
    fn pods_in_both(&self, one: &EndSet, other: &EndSet) -> BTreeMap<usize, u64> {
        let mut both = one.clone();
        both.keep(other);
        let is_pod = |at: &EndIx| self.ground.end(*at).is_some_and(|end| matches!(end.who, Who::Pod(_)));
        self.sources.placed.by_region(&EndSet::of(self.ground, both.iter().filter(is_pod)))
    }

    /// So many pairs of those that counted as denied are no such pairs.
    fn take(&mut self, regions: (usize, usize), share: Share, pairs: u64) {
        let [all, some, undefined, denied] = self.found.entry(regions).or_default();
        *denied = denied.saturating_sub(pairs);
        *match share {
            Share::All => all,
            Share::Some => some,
            Share::Undefined => undefined,
            Share::Denied => denied,
        } += pairs;
    }

    /// Of the lines those with such targets.
    fn with_targets<T>(&self, lines: &[usize], wanted: impl Fn(&'a Targets) -> Option<T>) -> Vec<(usize, T)> {
        let lines = lines.iter().filter_map(|at| Some((*at, self.lines.get(*at)?)));
        lines.filter_map(|(at, line)| Some((at, wanted(&line.targets)?))).collect()
    }

    fn count_to_ends(&mut self, from: &EndSet, lines: &[usize]) {
        let targets = self.with_targets(lines, |targets| match targets {
            Targets::Ends(ends) => Some(ends),
            Targets::Services(_) | Targets::Addresses(_) => None,
        });
        let sources = self.sources.placed.by_region(from);
        for (lines, to) in parted(&targets) {
            let share = self.share(&lines, None, [false; 2]);
            let themselves = self.pods_in_both(from, &to);
            for (destination, destinations) in self.destinations.placed.by_region(&to) {
                for (source, sources) in &sources {
                    let is_one = *source == destination;
                    let itself = themselves.get(source).copied().filter(|_| is_one).unwrap_or_default();
                    self.take((*source, destination), share, sources * destinations - itself);
                }
            }
        }
    }

    fn count_to_services(&mut self, from: &EndSet, lines: &[usize]) {
        let sources = self.sources.placed.by_region(from);
        for (service, lines) in self.lines_of_services(lines) {
            let Some((_, region)) = self.destinations.placed.services.get(service) else { continue };
            let region = *region;
            let share = self.share(&lines, Some(service), [false; 2]);
            sources.iter().for_each(|(source, sources)| self.take((*source, region), share, *sources));
        }
    }

    /// By Service, which of some lines lead there.
    fn lines_of_services(&self, lines: &[usize]) -> BTreeMap<usize, Vec<usize>> {
        let mut by_service: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in lines {
            for service in self.services_of.get(*at).into_iter().flatten() {
                by_service.entry(*service).or_default().push(*at);
            }
        }
        by_service
    }

    fn count_to_outside(&mut self, from: &EndSet, lines: &[usize]) {
        let lines = self.with_targets(lines, |targets| matches!(targets, Targets::Addresses(_)).then_some(()));
        if lines.is_empty() {
            return;
        }
        let lines: Vec<usize> = lines.into_iter().map(|(at, ())| at).collect();
        for (families, from) in self.by_families(from, true) {
            let share = self.share(&lines, None, families);
            for (source, sources) in self.sources.placed.by_region(&from) {
                self.take((source, self.destinations.placed.outside), share, sources);
            }
        }
    }

    fn count_from_outside(&mut self) {
        let outside = self.sources.placed.outside;
        let lines: Vec<usize> = self
            .lines
            .iter()
            .enumerate()
            .filter_map(|(at, line)| matches!(line.sources, Sources::Addresses(_)).then_some(at))
            .collect();
        let to_ends = self.with_targets(&lines, |targets| match targets {
            Targets::Ends(ends) => Some(ends),
            Targets::Services(_) | Targets::Addresses(_) => None,
        });
        for (lines, to) in alike(self.ground, to_ends.into_iter()) {
            for (families, to) in self.by_families(&to, false) {
                let share = self.share(&lines, None, families);
                for (destination, destinations) in self.destinations.placed.by_region(&to) {
                    self.take((outside, destination), share, destinations);
                }
            }
        }
        for (service, lines) in self.lines_of_services(&lines) {
            let Some((name, region)) = self.destinations.placed.services.get(service) else { continue };
            let families = FAMILIES.map(|family| self.is_met(&Destination::Service(name.clone()), family));
            let share = self.share(&lines, Some(service), families);
            self.take((outside, *region), share, 1);
        }
    }

    /// Ends by the families by which they can send to the outside, or be sent to from there.
    fn by_families(&mut self, ends: &EndSet, as_sources: bool) -> BTreeMap<Families, EndSet> {
        let mut parts: BTreeMap<Families, EndSet> = BTreeMap::new();
        for at in ends.iter() {
            let Some(group) = self.ground.place_of_group(at) else { continue };
            let families = self.families.get(&(as_sources, group)).copied().unwrap_or_else(|| {
                let end = self.ground.end(at).map(|end| end.who.endpoint());
                let meets = |family| {
                    end.as_ref().is_some_and(|end| match as_sources {
                        true => self.sends(end, family),
                        false => self.is_met(&Destination::Endpoint(end.clone()), family),
                    })
                };
                FAMILIES.map(meets)
            });
            self.families.insert((as_sources, group), families);
            parts.entry(families).or_insert_with(|| EndSet::none(self.ground)).add(at);
        }
        parts
    }

    /// Whether an end can send to the outside by a family at all.
    fn sends(&self, source: &Endpoint, family: Family) -> bool {
        let Some(outside) = self.outside.destinations.iter().find(|range| range.family() == family) else {
            return false;
        };
        let flow = Flow::new(source.clone(), Endpoint::Address(outside.first()).into(), L4::Icmp);
        self.snapshot.verdict(&flow).is_ok()
    }

    /// Whether the outside can send there by a family at all.
    fn is_met(&self, destination: &Destination, family: Family) -> bool {
        let Some(outside) = self.outside.sources.iter().find(|range| range.family() == family) else { return false };
        // Some port of a Service may lead nowhere.
        let own = match destination {
            Destination::Service(name) => self.ports_of(name),
            Destination::Endpoint(_) => None,
        };
        own.unwrap_or_else(|| vec![L4::Icmp]).into_iter().any(|l4| {
            let flow = Flow::new(Endpoint::Address(outside.first()), destination.clone(), l4);
            self.snapshot.verdict(&flow).is_ok()
        })
    }

    /// The ports that a Service has; none of one that may have any.
    fn ports_of(&self, service: &ObjectName) -> Option<Vec<L4>> {
        let service = self.snapshot.cluster().service(service)?;
        let ports = service.ports.iter().map(|port| L4::Port(port.protocol, port.port));
        (service.kind == ServiceKind::ClusterIp).then(|| ports.collect())
    }

    /// What lines say of a pair together; each with other addresses speaks for itself.
    fn share(&mut self, lines: &[usize], service: Option<usize>, families: Families) -> Share {
        let lines: Vec<&Line> = lines.iter().filter_map(|at| self.lines.get(*at)).collect();
        if lines.iter().any(|line| self.outside_of(line).is_some()) {
            return self.said(&lines, service, families);
        }
        let key = (lines.iter().map(|line| line.line).collect(), service, families);
        if let Some(known) = self.shares.get(&key) {
            return *known;
        }
        let share = self.said(&lines, service, families);
        self.shares.insert(key, share);
        share
    }

    fn said(&self, lines: &[&Line], service: Option<usize>, families: Families) -> Share {
        let service = service.and_then(|at| self.destinations.placed.services.get(at));
        let own = service.and_then(|(name, _)| self.ports_of(name));
        let is_all = |ports: &Ports| match &own {
            Some(own) => own.iter().all(|l4| ports.contains(*l4)),
            None => {
                let whole = ports.intervals().iter().filter(|interval| interval.is_whole_protocol());
                whole.count() == Protocol::ALL.len()
            }
        };
        let has = |verdict: Verdict| lines.iter().any(|line| line.outcome.0 == verdict);
        let allowed = || lines.iter().filter(|line| line.outcome.0 == Verdict::Allow);
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
    fn outside_of<'l>(&'l self, line: &'l Line) -> Option<(&'l [AddressRange], &'l [AddressRange])> {
        match (&line.sources, &line.targets) {
            (Sources::Addresses(ranges), _) => Some((ranges, self.outside.sources)),
            (_, Targets::Addresses(ranges)) => Some((ranges, self.outside.destinations)),
            _ => None,
        }
    }
}

/// Ends that are in the same sets, with the numbers of these.
fn alike<'s>(ground: &Ground, sets: impl Iterator<Item = (usize, &'s EndSet)>) -> Vec<(Vec<usize>, EndSet)> {
    let mut of_end: Vec<Vec<usize>> = vec![Vec::new(); ground.len()];
    for (number, ends) in sets {
        for end in ends.iter() {
            of_end.get_mut(end.place()).into_iter().for_each(|own| own.push(number));
        }
    }
    let mut alike: HashMap<Vec<usize>, EndSet> = HashMap::new();
    for ((end, _), own) in ground.ends().zip(of_end).filter(|(_, own)| !own.is_empty()) {
        alike.entry(own).or_insert_with(|| EndSet::none(ground)).add(end);
    }
    alike.into_iter().collect()
}

/// The same for a few large sets, of which most are equal.
fn parted(sets: &[(usize, &EndSet)]) -> Vec<(Vec<usize>, EndSet)> {
    let mut parts: Vec<(Vec<usize>, EndSet)> = Vec::new();
    for (number, ends) in sets {
        let mut rest = (*ends).clone();
        for at in 0..parts.len() {
            let Some((numbers, part)) = parts.get_mut(at) else { break };
            let mut both = rest.clone();
            both.keep(part);
            if both.is_empty() {
                continue;
            }
            rest.remove(&both);
            if both == *part {
                numbers.push(*number);
                continue;
            }
            part.remove(&both);
            let numbers = numbers.iter().copied().chain([*number]).collect();
            parts.push((numbers, both));
        }
        if !rest.is_empty() {
            parts.push((vec![*number], rest));
        }
    }
    parts
}
