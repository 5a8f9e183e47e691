//! What a pod that is not there yet could do.

mod newcomers;
mod weakest;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Serialize, Serializer};

use crate::analysis::connectivity::Judge;
use crate::analysis::exposure::newcomers::{arrivals, newcomers};
use crate::analysis::search::{Detail, EndSet, Ends, Folding, Gathered, Ports, Search, Selection, Sources, Targets};
use crate::engine::Engine;
use crate::name::Direction;
use crate::net::{AddressRange, Family};
use crate::partition::{EndIx, Ground, Who};
use crate::profile::Rows;
use crate::verdict::Verdict;

pub use newcomers::{NewcomerPlace, Newcomers, TooManyNewcomers};

/// Somebody from elsewhere may open connections to pods, or these to him: pods that are not there yet, or addresses outside.
///
/// ```json
/// {"source": {"newcomers": {"namespaces": "team=shop", "pods": "app=web"}}, "destination": {"workload": "default/deployment/db"},
///  "ports": ["6379/tcp"], "verdict": "allow", "rows": []}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exposure {
    /// Who opens them.
    pub source: ExposureEnds,
    /// Where to.
    pub destination: ExposureEnds,
    /// On which ports.
    pub ports: Ports,
    /// Allow or Undefined.
    pub verdict: Verdict,
    /// The rows that it hangs on.
    pub rows: Rows,
}

/// Pods and workloads of the cluster, addresses outside, or pods that are not there yet. As JSON [`Ends`] as they are, the others
/// `{"newcomers": ...}` with [`Newcomers`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ExposureEnds {
    /// Who is there, or nobody's addresses.
    Ends(Ends),
    /// Who is not.
    Newcomers(Newcomers),
}

impl fmt::Display for ExposureEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ends(ends) => ends.fmt(f),
            Self::Newcomers(newcomers) => newcomers.fmt(f),
        }
    }
}

impl Serialize for ExposureEnds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ends(ends) => ends.serialize(serializer),
            Self::Newcomers(newcomers) => BTreeMap::from([("newcomers", newcomers)]).serialize(serializer),
        }
    }
}

/// What each pod and workload of the cluster is exposed to: from and to which pods that are not there yet there may be
/// connections, and which addresses outside, on every port, with rows.
///
/// Pods that are not there yet are told apart by the weakest labels that let them: a pod without labels in a namespace of which
/// nothing is known, such labels of a namespace or of a pod as some policy's peers ask for, in namespaces that are there the
/// labels of those too whom its policies select. What the weaker may do the stronger may, and is said of the weaker alone.
/// Newcomers have no address yet ([U6](crate::semantics#u6)), no node ([U8](crate::semantics#u8)) and no ports with names; with a label
/// more than these they may be denied again, where a policy asks for its absence. hostNetwork pods and nodes are left out.
///
/// ```
/// use netpol_oracle::analysis::{Detail, exposure};
/// use netpol_oracle::{Engine, Loader, Profile};
/// let manifests = r#"{"apiVersion": "v1", "kind": "List", "items": [
///   {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "namespace": "shop"}},
///   {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "db", "namespace": "shop"},
///    "spec": {"podSelector": {}, "policyTypes": ["Ingress"],
///             "ingress": [{"ports": [{"port": 6379}], "from": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}]}]}}]}"#;
/// let profile = Profile::kubernetes();
/// let engine = Engine::new(&Loader::new(profile.release()).text("shop.json", manifests).finish().cluster, &profile);
/// let all = exposure(&engine, Detail::Workloads)?;
/// let allowed = all.iter().filter(|each| each.verdict == netpol_oracle::Verdict::Allow);
/// let text: Vec<String> = allowed.map(|each| format!("{} -> {}: {}", each.source, each.destination, each.ports)).collect();
/// assert_eq!(text[0], "shop/db -> any pod: all, icmp, other");
/// assert_eq!(text[2], "any pod in namespaces team=shop -> shop/db: 6379/tcp");
/// # Ok::<(), netpol_oracle::analysis::TooManyNewcomers>(())
/// ```
///
/// # Errors
/// Selectors with many values each make more newcomers than are looked through.
pub fn exposure(engine: &Engine, detail: Detail) -> Result<Vec<Exposure>, TooManyNewcomers> {
    let all = newcomers(engine.cluster())?;
    let (pods, changes) = arrivals(engine.cluster(), all);
    let mut with = engine.clone();
    // Nothing is removed, which alone can fail.
    let _ = with.apply(&changes);
    let search = Search::new(&[&with], Judge::new(&with));
    let arrived: BTreeMap<EndIx, &Newcomers> = pods
        .iter()
        .filter_map(|(name, newcomers)| Some((search.ground.find(&Who::Pod(name.clone()))?, newcomers)))
        .collect();
    let exposed = Exposed { detail, ground: &search.ground, arrived: Arrived::new(engine, arrived) };
    let mut found = exposed.of(&search, Direction::Ingress);
    found.extend(exposed.of(&search, Direction::Egress));
    found.sort_by(|one, other| {
        let ends = (&one.source, &one.destination).cmp(&(&other.source, &other.destination));
        let key = |each: &Exposure| (each.verdict == Verdict::Undefined, each.rows);
        ends.then_with(|| key(one).cmp(&key(other))).then_with(|| one.ports.cmp(&other.ports))
    });
    Ok(found)
}

/// The newcomers, each after those who are weaker.
struct Arrived<'n> {
    all: Vec<(EndIx, &'n Newcomers)>,
    /// Of each the places of those who are weaker.
    weaker: Vec<Vec<usize>>,
}

impl<'n> Arrived<'n> {
    fn new(engine: &Engine, all: BTreeMap<EndIx, &'n Newcomers>) -> Self {
        let all: Vec<(EndIx, &Newcomers)> = all.into_iter().collect();
        let cluster = engine.cluster();
        let of = |(at, (_, newcomers)): (usize, &(EndIx, &Newcomers))| {
            let is_weaker = |(place, (_, other)): &(usize, &(EndIx, &Newcomers))| {
                *place != at && other.is_weaker(newcomers, cluster)
            };
            all.iter().enumerate().filter(is_weaker).map(|(place, _)| place).collect()
        };
        let weaker = all.iter().enumerate().map(of).collect();
        Self { all, weaker }
    }
}

struct Exposed<'s> {
    detail: Detail,
    ground: &'s Ground,
    arrived: Arrived<'s>,
}

/// Whom it is about, on which ports, with what outcome.
type Line = (EndSet, Ports, (Verdict, Rows));

impl Exposed<'_> {
    fn of(&self, search: &Search<Judge>, direction: Direction) -> Vec<Exposure> {
        let ground = self.ground;
        let arrived = EndSet::of(ground, self.arrived.all.iter().map(|(end, _)| *end));
        let mut here = EndSet::none(ground);
        for group in ground.groups.iter().filter(|group| !group.is_host) {
            group.members.iter().filter(|end| !arrived.contains(**end)).for_each(|end| here.add(*end));
        }
        let families = [Family::V4, Family::V6].into_iter();
        let addresses: Vec<AddressRange> = families
            .flat_map(|family| match direction {
                Direction::Ingress => ground.outside.free(AddressRange::all(family)),
                Direction::Egress => ground.outside.free_as_destination(AddressRange::all(family)),
            })
            .collect();
        let elsewhere = Selection::Some { ends: arrived, service: None, addresses };
        let here = Selection::Some { ends: here, service: None, addresses: Vec::new() };
        let (from, to) = match direction {
            Direction::Ingress => (&elsewhere, &here),
            Direction::Egress => (&here, &elsewhere),
        };
        let folding = Folding::of(ground, |end| !self.is_newcomer(end));
        let mut all = Vec::new();
        let mut of_newcomers: Vec<(EndSet, Line)> = Vec::new();
        for Gathered { sources, targets, ports, outcome, .. } in search.gathered(from, to) {
            match (direction, sources, targets) {
                (Direction::Ingress, Sources::Ends(newcomers), Targets::Ends(ends))
                | (Direction::Egress, Sources::Ends(ends), Targets::Ends(newcomers)) => {
                    of_newcomers.push((newcomers, (ends, ports, outcome)));
                }
                (Direction::Ingress, Sources::Addresses(ranges), Targets::Ends(ends))
                | (Direction::Egress, Sources::Ends(ends), Targets::Addresses(ranges)) => {
                    let other = ExposureEnds::Ends(Ends::Addresses(ranges));
                    all.extend(self.named(&folding, direction, &other, (ends, ports, outcome)));
                }
                _ => {}
            }
        }
        for (place, line) in self.beyond_weaker(of_newcomers) {
            if let Some((_, newcomers)) = self.arrived.all.get(place) {
                let other = ExposureEnds::Newcomers((*newcomers).clone());
                all.extend(self.named(&folding, direction, &other, line));
            }
        }
        all
    }

    fn is_newcomer(&self, end: EndIx) -> bool {
        self.arrived.all.binary_search_by_key(&end, |(arrived, _)| *arrived).is_ok()
    }

    fn named(
        &self,
        folding: &Folding,
        direction: Direction,
        other: &ExposureEnds,
        (ends, ports, (verdict, rows)): Line,
    ) -> Vec<Exposure> {
        let exposure = |ends: Ends| {
            let (own, other) = (ExposureEnds::Ends(ends), other.clone());
            let (source, destination) = match direction {
                Direction::Ingress => (other, own),
                Direction::Egress => (own, other),
            };
            Exposure { source, destination, ports: ports.clone(), verdict, rows }
        };
        folding.ends(self.ground, self.detail, &ends).into_iter().map(|folded| exposure(folded.ends)).collect()
    }

    /// What each of the newcomers may do that nobody weaker may, by its place.
    fn beyond_weaker(&self, lines: Vec<(EndSet, Line)>) -> Vec<(usize, Line)> {
        // Ends that are told of alike.
        let mut of_end: BTreeMap<EndIx, Vec<usize>> = BTreeMap::new();
        for (at, (_, (ends, ..))) in lines.iter().enumerate() {
            ends.iter().for_each(|end| of_end.entry(end).or_default().push(at));
        }
        let mut alike: HashMap<Vec<usize>, EndSet> = HashMap::new();
        for (end, told) in of_end {
            alike.entry(told).or_insert_with(|| EndSet::none(self.ground)).add(end);
        }
        let mut found: BTreeMap<(usize, Ports, (Verdict, Rows)), EndSet> = BTreeMap::new();
        for (told, ends) in alike {
            let own = |(end, _): &(EndIx, &Newcomers)| -> BTreeMap<(Verdict, Rows), Ports> {
                let mut own: BTreeMap<(Verdict, Rows), Ports> = BTreeMap::new();
                for (newcomers, (_, ports, outcome)) in told.iter().filter_map(|at| lines.get(*at)) {
                    if newcomers.contains(*end) {
                        own.entry(*outcome).or_default().merge(ports.clone());
                    }
                }
                own
            };
            let of_each: Vec<BTreeMap<(Verdict, Rows), Ports>> = self.arrived.all.iter().map(own).collect();
            for (place, (own, weaker)) in of_each.iter().zip(&self.arrived.weaker).enumerate() {
                for (outcome, ports) in own {
                    let mut left = ports.clone();
                    let weaker = weaker.iter().filter_map(|place| of_each.get(*place)).flatten();
                    // What is allowed for certain is more than what may be.
                    let as_much =
                        weaker.filter(|((verdict, _), _)| *verdict == Verdict::Allow || *verdict == outcome.0);
                    as_much.for_each(|(_, ports)| left = left.minus(ports));
                    if !left.is_empty() {
                        let ends_of = found.entry((place, left, *outcome)).or_insert_with(|| EndSet::none(self.ground));
                        ends_of.add_all(&ends);
                    }
                }
            }
        }
        found.into_iter().map(|((place, ports, outcome), ends)| (place, (ends, ports, outcome))).collect()
    }
}
