//! What a pod that is not there yet could do.

mod newcomers;
mod weakest;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::{Serialize, Serializer};

use crate::analysis::connectivity::Judge;
use crate::analysis::exposure::newcomers::{arrivals, newcomers, rounds};
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
/// nothing is known, and such labels of a namespace or of a pod as some policy's peers ask for. Where a namespace is meant by its
/// labels it is one without policies; one that is there is meant by its name (in its own policies' peers, or by
/// `kubernetes.io/metadata.name`), and there the labels of those are tried too whom a policy lets out or in, and labels with which one
/// does not select, one at a time. What the weaker may do is said of the weaker alone.
///
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
/// assert_eq!(text[1], "shop/db -> any pod: all, icmp, other");
/// assert_eq!(text[2], "any pod in namespaces team=shop -> shop/db: 6379/tcp");
/// # Ok::<(), netpol_oracle::analysis::TooManyNewcomers>(())
/// ```
///
/// # Errors
/// Policies tell more newcomers apart than are looked through: 5,000.
pub fn exposure(engine: &Engine, detail: Detail) -> Result<Vec<Exposure>, TooManyNewcomers> {
    let all: Vec<Newcomers> = newcomers(engine.cluster())?.into_iter().collect();
    let rounds: Vec<Round> = rounds(&all).iter().map(|some| Round::new(engine, &all, some)).collect();
    let Some(first) = rounds.first() else { return Ok(Vec::new()) };
    let ground = &first.search.ground;
    let here = first.here();
    let folding = Folding::of(ground, |end| here.contains(end));
    let exposed = Exposed { detail, ground, folding, weaker: weaker(engine, &all), all: &all };
    let mut found = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let mut of_newcomers = Vec::new();
        for (at, round) in rounds.iter().enumerate() {
            // Who is outside is the same in each.
            for (other, line) in round.lines(direction, at == 0) {
                match other {
                    Other::Newcomers(some) => of_newcomers.push((some, line.within(&round.search.ground, ground))),
                    Other::Addresses(ranges) => {
                        let other = ExposureEnds::Ends(Ends::Addresses(ranges));
                        found.extend(exposed.named(direction, &other, line));
                    }
                }
            }
        }
        for (place, line) in exposed.beyond_weaker(of_newcomers) {
            if let Some(newcomers) = all.get(place) {
                found.extend(exposed.named(direction, &ExposureEnds::Newcomers(newcomers.clone()), line));
            }
        }
    }
    found.sort_by(|one, other| {
        let ends = (&one.source, &one.destination).cmp(&(&other.source, &other.destination));
        let key = |each: &Exposure| (each.verdict == Verdict::Undefined, each.rows);
        ends.then_with(|| key(one).cmp(&key(other))).then_with(|| one.ports.cmp(&other.ports))
    });
    Ok(found)
}

/// Of each newcomer the places of those who are weaker.
fn weaker(engine: &Engine, all: &[Newcomers]) -> Vec<Vec<usize>> {
    let of = |(at, newcomers): (usize, &Newcomers)| {
        let is_weaker =
            |(place, other): &(usize, &Newcomers)| *place != at && other.is_weaker(newcomers, engine.cluster());
        all.iter().enumerate().filter(is_weaker).map(|(place, _)| place).collect()
    };
    all.iter().enumerate().map(of).collect()
}

/// A search with some of the newcomers.
struct Round {
    search: Search<Judge>,
    /// By their places among all.
    arrived: BTreeMap<EndIx, usize>,
}

/// Who is at the other end.
enum Other {
    Newcomers(BTreeSet<usize>),
    Addresses(Vec<AddressRange>),
}

/// Whom it is about, on which ports, with what outcome.
struct Line {
    ends: EndSet,
    ports: Ports,
    outcome: (Verdict, Rows),
}

impl Line {
    /// The same, of a ground on the other: who is there without newcomers is there in both.
    fn within(self, own: &Ground, other: &Ground) -> Self {
        let whos = self.ends.iter().filter_map(|end| own.end(end));
        let ends = EndSet::of(other, whos.filter_map(|end| other.find(&end.who)));
        Self { ends, ..self }
    }
}

impl Round {
    fn new(engine: &Engine, all: &[Newcomers], some: &[usize]) -> Self {
        let some = some.iter().filter_map(|at| Some((*at, all.get(*at)?)));
        let (pods, changes) = arrivals(engine.cluster(), some);
        let mut with = engine.clone();
        // Nothing is removed, which alone can fail.
        let _ = with.apply(&changes);
        let search = Search::new(&[&with], Judge::new(&with));
        let arrived = pods.into_iter().filter_map(|(name, at)| Some((search.ground.find(&Who::Pod(name))?, at)));
        Self { arrived: arrived.collect(), search }
    }

    /// Who is there anyway, but for hosts.
    fn here(&self) -> EndSet {
        let ground = &self.search.ground;
        let groups = ground.groups.iter().filter(|group| !group.is_host);
        let members = groups.flat_map(|group| &group.members).copied();
        EndSet::of(ground, members.filter(|end| !self.arrived.contains_key(end)))
    }

    fn lines(&self, direction: Direction, has_outside: bool) -> Vec<(Other, Line)> {
        let ground = &self.search.ground;
        let free = |family| match direction {
            Direction::Ingress => ground.outside.free(AddressRange::all(family)),
            Direction::Egress => ground.outside.free_as_destination(AddressRange::all(family)),
        };
        let addresses = [Family::V4, Family::V6].into_iter().filter(|_| has_outside).flat_map(free).collect();
        let arrived = EndSet::of(ground, self.arrived.keys().copied());
        let elsewhere = Selection::Some { ends: arrived, service: None, addresses };
        let here = Selection::Some { ends: self.here(), service: None, addresses: Vec::new() };
        let (from, to) = match direction {
            Direction::Ingress => (&elsewhere, &here),
            Direction::Egress => (&here, &elsewhere),
        };
        let numbers = |newcomers: &EndSet| newcomers.iter().filter_map(|end| self.arrived.get(&end)).copied().collect();
        let line = |Gathered { sources, targets, ports, outcome, .. }| {
            let (other, ends) = match (direction, sources, targets) {
                (Direction::Ingress, Sources::Ends(newcomers), Targets::Ends(ends))
                | (Direction::Egress, Sources::Ends(ends), Targets::Ends(newcomers)) => {
                    (Other::Newcomers(numbers(&newcomers)), ends)
                }
                (Direction::Ingress, Sources::Addresses(ranges), Targets::Ends(ends))
                | (Direction::Egress, Sources::Ends(ends), Targets::Addresses(ranges)) => {
                    (Other::Addresses(ranges), ends)
                }
                _ => return None,
            };
            Some((other, Line { ends, ports, outcome }))
        };
        self.search.gathered(from, to).into_iter().filter_map(line).collect()
    }
}

struct Exposed<'s> {
    detail: Detail,
    ground: &'s Ground,
    folding: Folding,
    all: &'s [Newcomers],
    weaker: Vec<Vec<usize>>,
}

impl Exposed<'_> {
    fn named(&self, direction: Direction, other: &ExposureEnds, line: Line) -> Vec<Exposure> {
        let Line { ends, ports, outcome: (verdict, rows) } = line;
        let exposure = |ends: Ends| {
            let (own, other) = (ExposureEnds::Ends(ends), other.clone());
            let (source, destination) = match direction {
                Direction::Ingress => (other, own),
                Direction::Egress => (own, other),
            };
            Exposure { source, destination, ports: ports.clone(), verdict, rows }
        };
        self.folding.ends(self.ground, self.detail, &ends).into_iter().map(|folded| exposure(folded.ends)).collect()
    }

    /// What each of the newcomers may do that nobody weaker may, by its place.
    fn beyond_weaker(&self, lines: Vec<(BTreeSet<usize>, Line)>) -> Vec<(usize, Line)> {
        // Ends that are told of alike.
        let mut of_end: BTreeMap<EndIx, Vec<usize>> = BTreeMap::new();
        for (at, (_, line)) in lines.iter().enumerate() {
            line.ends.iter().for_each(|end| of_end.entry(end).or_default().push(at));
        }
        let mut alike: HashMap<Vec<usize>, EndSet> = HashMap::new();
        for (end, told) in of_end {
            alike.entry(told).or_insert_with(|| EndSet::none(self.ground)).add(end);
        }
        let mut found: BTreeMap<(usize, Ports, (Verdict, Rows)), EndSet> = BTreeMap::new();
        for (told, ends) in alike {
            let mut of_each: Vec<BTreeMap<(Verdict, Rows), Ports>> = vec![BTreeMap::new(); self.all.len()];
            for (newcomers, line) in told.iter().filter_map(|at| lines.get(*at)) {
                for place in newcomers {
                    if let Some(own) = of_each.get_mut(*place) {
                        own.entry(line.outcome).or_default().merge(line.ports.clone());
                    }
                }
            }
            for (place, (own, weaker)) in of_each.iter().zip(&self.weaker).enumerate() {
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
        found.into_iter().map(|((place, ports, outcome), ends)| (place, Line { ends, ports, outcome })).collect()
    }
}
