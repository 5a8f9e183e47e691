//! What is told of connections, put together by who opens them and where they go.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use foldhash::fast::FixedState;

use crate::analysis::search::fold::{Detail, Folded, Folding};
use crate::analysis::search::numbered::{LineIx, Numbered};
use crate::analysis::search::ports::Ports;
use crate::analysis::search::selection::Selection;
use crate::analysis::search::sets::{EndSet, Sources, Targets};
use crate::name::ObjectName;
use crate::net::{AddressRange, merged};
use crate::partition::{EndIx, Ground};

/// What there is to tell of connections from every source to every target on every port of the two.
pub(in crate::analysis) struct Gathered<O> {
    /// Equal where outcome and ports are.
    pub(in crate::analysis) line: LineIx,
    pub(in crate::analysis) sources: Sources,
    pub(in crate::analysis) targets: Targets,
    pub(in crate::analysis) ports: Ports,
    pub(in crate::analysis) outcome: O,
}

/// The same, as ends are named.
pub(in crate::analysis) struct Told<O> {
    pub(in crate::analysis) source: Folded,
    pub(in crate::analysis) destination: Folded,
    pub(in crate::analysis) ports: Ports,
    pub(in crate::analysis) outcome: O,
}

type Map<K, V> = HashMap<K, V, FixedState>;

/// By outcome with its ports: who goes to whom. Each pair of ends stands once in all of them.
#[derive(Default)]
pub(super) struct Lines {
    between_ends: Map<(LineIx, EndSet), EndSet>,
    /// To hosts, which are met themselves at some ports and lead elsewhere at others.
    to_hosts: Map<EndIx, Vec<(LineIx, EndSet)>>,
    hosts_from: Map<(EndIx, LineIx), Vec<AddressRange>>,
    to_services: Map<(LineIx, ObjectName), EndSet>,
    to_addresses: Map<(LineIx, Vec<AddressRange>), EndSet>,
    from_addresses: Map<(LineIx, Vec<AddressRange>), EndSet>,
    /// From addresses to Services, and to other addresses that Services have.
    services_from: Map<(LineIx, ObjectName), Vec<AddressRange>>,
    faces_from: Map<(LineIx, AddressRange), Vec<AddressRange>>,
}

impl Lines {
    /// Ends to others.
    pub(super) fn add_ends(&mut self, line: LineIx, sources: &EndSet, targets: EndSet) {
        add(&mut self.between_ends, (line, targets), sources);
    }

    pub(super) fn add_host(&mut self, line: LineIx, sources: EndSet, host: EndIx) {
        self.to_hosts.entry(host).or_default().push((line, sources));
    }

    pub(super) fn add_host_from(&mut self, line: LineIx, ranges: &[AddressRange], host: EndIx) {
        self.hosts_from.entry((host, line)).or_default().extend(ranges);
    }

    pub(super) fn add_service(&mut self, line: LineIx, sources: &EndSet, service: &ObjectName) {
        add(&mut self.to_services, (line, service.clone()), sources);
    }

    pub(super) fn add_addresses(&mut self, line: LineIx, sources: &EndSet, ranges: Vec<AddressRange>) {
        add(&mut self.to_addresses, (line, ranges), sources);
    }

    pub(super) fn add_from_addresses(&mut self, line: LineIx, ranges: Vec<AddressRange>, targets: &EndSet) {
        add(&mut self.from_addresses, (line, ranges), targets);
    }

    pub(super) fn add_service_from(&mut self, line: LineIx, ranges: &[AddressRange], service: &ObjectName) {
        self.services_from.entry((line, service.clone())).or_default().extend(ranges);
    }

    pub(super) fn add_face_from(&mut self, line: LineIx, ranges: &[AddressRange], face: AddressRange) {
        self.faces_from.entry((line, face)).or_default().extend(ranges);
    }

    /// Of some sources and some targets.
    pub(super) fn gathered<O: Ord + Clone + Hash>(
        mut self,
        ground: &Ground,
        mut outcomes: Numbered<O>,
        (from, to): (&Selection, &Selection),
    ) -> Vec<Gathered<O>> {
        self.put_ports_together(ground, &mut outcomes);
        let mut all: Vec<(LineIx, Sources, Targets)> = Vec::new();
        // What the same ends open with the same outcome is one; of addresses, what goes to the same ends.
        let mut ends: Map<(LineIx, EndSet), EndSet> = Map::default();
        for ((line, targets), sources) in self.between_ends {
            add(&mut ends, (line, sources), &targets);
        }
        let services: Map<_, BTreeSet<ObjectName>> =
            gathered(self.to_services.into_iter().map(|((line, service), sources)| ((line, sources), service)));
        let outside: Map<_, Vec<AddressRange>> = gathered(turned(self.to_addresses));
        let from_outside: Map<_, Vec<AddressRange>> = gathered(turned(self.from_addresses));
        all.extend(ends.into_iter().map(|((line, from), to)| (line, Sources::Ends(from), Targets::Ends(to))));
        all.extend(services.into_iter().map(|((line, from), to)| (line, Sources::Ends(from), Targets::Services(to))));
        for ((line, from), ranges) in outside {
            all.push((line, Sources::Ends(from), Targets::Addresses(merged(ranges))));
        }
        for ((line, to), ranges) in from_outside {
            all.push((line, Sources::Addresses(merged(ranges)), Targets::Ends(to)));
        }
        for ((line, service), ranges) in self.services_from {
            all.push((line, Sources::Addresses(merged(ranges)), Targets::Services(BTreeSet::from([service]))));
        }
        for ((line, face), ranges) in self.faces_from {
            all.push((line, Sources::Addresses(merged(ranges)), Targets::Addresses(vec![face])));
        }

        let gathered = all.into_iter().filter_map(|(line, sources, targets)| {
            let (sources, targets) = (from.sources(sources)?, to.targets(targets)?);
            let (outcome, ports) = outcomes.line(line)?.clone();
            Some(Gathered { line, sources, targets, ports, outcome })
        });
        gathered.collect()
    }

    /// A host's own ports and those at which it leads elsewhere, where the same is told of both.
    fn put_ports_together<O: Ord + Clone + Hash>(&mut self, ground: &Ground, outcomes: &mut Numbered<O>) {
        for (host, lines) in std::mem::take(&mut self.to_hosts) {
            let mut by_outcome: BTreeMap<O, Vec<(Ports, EndSet)>> = BTreeMap::new();
            for (line, sources) in lines {
                if let Some((outcome, ports)) = outcomes.line(line).cloned() {
                    by_outcome.entry(outcome).or_default().push((ports, sources));
                }
            }
            let targets = EndSet::of(ground, [host]);
            for (outcome, parts) in by_outcome {
                for (ports, sources) in together(ground, parts) {
                    let line = outcomes.number_line(outcome.clone(), ports);
                    add(&mut self.between_ends, (line, targets.clone()), &sources);
                }
            }
        }
        let mut of_ranges: BTreeMap<(EndIx, Vec<AddressRange>, O), Ports> = BTreeMap::new();
        for ((host, line), ranges) in std::mem::take(&mut self.hosts_from) {
            if let Some((outcome, ports)) = outcomes.line(line).cloned() {
                of_ranges.entry((host, merged(ranges), outcome)).or_default().merge(ports);
            }
        }
        for ((host, ranges, outcome), ports) in of_ranges {
            let line = outcomes.number_line(outcome, ports);
            add(&mut self.from_addresses, (line, ranges), &EndSet::of(ground, [host]));
        }
    }
}

impl<O: Clone> Gathered<O> {
    /// As ends are named.
    pub(super) fn named<'g>(
        self,
        ground: &'g Ground,
        folding: &Folding,
        detail: Detail,
    ) -> impl Iterator<Item = Told<O>> + use<'g, O> {
        let destinations = folding.targets(ground, detail, &self.targets);
        let sources = folding.sources(ground, detail, &self.sources);
        let (ports, outcome) = (self.ports, self.outcome);
        sources.into_iter().flat_map(move |source| {
            let meant = destinations.iter().filter(|to| source.is_meant(ground, to));
            let told = meant.map(|destination| Told {
                source: source.beside(destination),
                destination: destination.beside(&source),
                ports: ports.clone(),
                outcome: outcome.clone(),
            });
            told.collect::<Vec<Told<O>>>()
        })
    }
}

/// Sources by all the ports that they have.
fn together(ground: &Ground, parts: Vec<(Ports, EndSet)>) -> Vec<(Ports, EndSet)> {
    if parts.len() < 2 {
        return parts;
    }
    let mut of_source: BTreeMap<EndIx, Vec<usize>> = BTreeMap::new();
    for (at, (_, sources)) in parts.iter().enumerate() {
        sources.iter().for_each(|end| of_source.entry(end).or_default().push(at));
    }
    let mut alike: BTreeMap<Vec<usize>, EndSet> = BTreeMap::new();
    for (end, own) in of_source {
        alike.entry(own).or_insert_with(|| EndSet::none(ground)).add(end);
    }
    let ports = |own: &[usize]| {
        let mut ports = Ports::default();
        own.iter().filter_map(|at| parts.get(*at)).for_each(|(more, _)| ports.merge(more.clone()));
        ports
    };
    alike.into_iter().map(|(own, sources)| (ports(&own), sources)).collect()
}

fn add<K: Eq + Hash>(all: &mut Map<K, EndSet>, key: K, ends: &EndSet) {
    match all.entry(key) {
        Entry::Occupied(mut known) => known.get_mut().add_all(ends),
        Entry::Vacant(place) => drop(place.insert(ends.clone())),
    }
}

/// Everything that has a key, under it.
fn gathered<K: Eq + Hash, V, C: Default + Extend<V>>(all: impl Iterator<Item = (K, V)>) -> Map<K, C> {
    let mut gathered: Map<K, C> = Map::default();
    all.for_each(|(key, value)| gathered.entry(key).or_default().extend([value]));
    gathered
}

/// Ranges one by one under the ends that they are told of.
fn turned(all: Map<(LineIx, Vec<AddressRange>), EndSet>) -> impl Iterator<Item = ((LineIx, EndSet), AddressRange)> {
    all.into_iter()
        .flat_map(|((line, ranges), ends)| ranges.into_iter().map(move |range| ((line, ends.clone()), range)))
}
