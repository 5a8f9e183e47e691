//! Connections by way of what leads elsewhere: Services, their other addresses, ports of nodes (K23, K26).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use foldhash::fast::FixedState;

use crate::analysis::search::ask::{Ask, Outcomes, Pair, Said};
use crate::analysis::search::backends::{BackendSaid, Together};
use crate::analysis::search::courses::{BothIx, Sights};
use crate::analysis::search::fronts::{At, Front, Sort, Way, family_of};
use crate::analysis::search::kinds::{Kind, SeenAs};
use crate::analysis::search::numbered::OutcomesIx;
use crate::analysis::search::plain::AllPlain;
use crate::analysis::search::run::Run;
use crate::analysis::search::sets::EndSet;
use crate::engine::Distinctions;
use crate::model::flow::{Endpoint, L4};
use crate::net::{AddressNumber, AddressRange, Family, PortInterval};
use crate::partition::{EndIx, Group, NearIx, SightIx, SubjectIx, View, Who};
use crate::profile::{Rows, Support};
use crate::verdict::Decide;

/// What tells sources apart that go by way of one front: as subjects, as those behind it see them, where they run, and whom among
/// those behind it they are.
type Key = (SubjectIx, Vec<SightIx>, Place, Option<Itself>);

/// Somebody behind a front who sends by way of it: he is one backend less for himself, or one that is reached otherwise (K19, U4).
/// His group, and how he is reached, in each snapshot.
type Itself = (usize, Vec<(usize, L4, Family)>);

/// Where a source is, as far as it matters: how it stands to the hosts behind a front, and where it runs.
type Place = (Vec<Option<NearIx>>, Option<u32>);

/// What is found out of one front.
#[derive(Default)]
struct Found {
    known: HashMap<Key, OutcomesIx, FixedState>,
    plain: AllPlain,
    ends: BTreeMap<OutcomesIx, EndSet>,
}

impl<A: Ask> Run<'_, A> {
    pub(super) fn through_fronts(&mut self) {
        let moved = self.moved();
        for front in self.search.fronts.iter() {
            if self.is_over() {
                return;
            }
            if !self.to.has_front(&front.at) {
                continue;
            }
            let tells = self.tells_to(front);
            self.through(front, tells, &moved);
            if self.from.has_outside() && tells {
                for family in [Family::V4, Family::V6] {
                    self.through_from_outside(family, front);
                }
            }
        }
    }

    /// Whether there may be something to tell of those behind it, whoever sends.
    pub(super) fn tells_to(&self, front: &Front) -> bool {
        // What hangs on nobody's rules differs where more than policies does.
        let may_be_of_others = !(self.judge().tells_changes() && self.ground().has_same_objects);
        may_be_of_others && (front.has_others || front.behind.is_empty())
            || !front.others.is_empty()
            || self.behind(front).any(|group| self.judge().may_tell_to(self.ground(), group))
    }

    /// Where the connections of a sort of senders lead, in each snapshot.
    pub(super) fn ways<'f>(&self, front: &'f Front, sort: &Sort) -> Option<Vec<&'f [Way]>> {
        front.ways_of(sort, self.ground().views.len())
    }

    fn behind<'r>(&'r self, front: &'r Front) -> impl Iterator<Item = &'r Group> + use<'r, A> {
        front.behind.iter().filter_map(|at| self.group(*at))
    }

    /// From everybody in the cluster.
    fn through(&mut self, front: &Front, tells: bool, moved: &[FixedBitSet]) {
        let mut found = Found::default();
        let by_kind = std::mem::take(&mut self.by_kind);
        let others = if tells { by_kind.others.as_slice() } else { &[] };
        let seen_as = std::mem::take(&mut self.seen_as);
        let hosts: Vec<EndIx> =
            self.behind(front).filter(|group| group.is_host).flat_map(|group| &group.members).copied().collect();
        let is_plain = !Self::is_about_places(front);
        let stays = |moved: &FixedBitSet| !front.behind.iter().any(|at| moved.contains(*at));
        let may_stay = !tells && is_plain && self.is_plain(front) && self.may_stay();
        let telling = by_kind.telling.iter().zip(moved).filter(|(_, moved)| !may_stay || !stays(moved));
        let telling = telling.map(|(kind, _)| (kind, true));
        for (kind, tells_always) in telling.chain(others.iter().map(|kind| (kind, false))) {
            let is_alike =
                |group: &Group| !group.is_workload && (hosts.is_empty() || self.ground().is_free_source(group));
            let (together, apart): (Vec<usize>, Vec<usize>) = kind.groups().iter().partition(|at| {
                is_plain && front.behind.binary_search(at).is_err() && self.group(**at).is_some_and(is_alike)
            });
            apart.into_iter().for_each(|source| self.before((front, &hosts), source, &mut found));
            self.together_before(front, &together, (&seen_as, tells_always), &mut found);
        }
        self.by_kind = by_kind;
        self.seen_as = seen_as;
        let senders = std::mem::take(&mut self.hosts_by_kind.as_sources);
        for kind in &senders {
            self.hosts_before((front, &hosts, tells), kind, &mut found);
        }
        self.hosts_by_kind.as_sources = senders;
        let found = found.ends;
        for (outcomes, sources) in found {
            for line in self.courses.outcomes.lines(outcomes) {
                match &front.at {
                    At::Service(name) => self.lines.add_service(*line, &sources, name),
                    At::Host(host) => self.lines.add_host(*line, sources.clone(), *host),
                    At::Address(address) => {
                        let range = AddressRange::new(*address, *address);
                        self.lines.add_addresses(*line, &sources, range.into_iter().collect());
                    }
                }
            }
        }
    }

    /// Whether sides that say what they said tell that there is nothing to tell.
    fn may_stay(&self) -> bool {
        self.judge().tells_changes() && self.ground().has_same_surroundings
    }

    /// Of each kind of whom there may be something to tell whoever receives: to which groups its own side may say something else than
    /// before; nothing where no side stays. By way of a Service to itself it says what it says to others like it (U4: its rules).
    fn moved(&mut self) -> Vec<FixedBitSet> {
        if !self.may_stay() {
            return vec![FixedBitSet::new(); self.by_kind.telling.len()];
        }
        let telling = std::mem::take(&mut self.by_kind.telling);
        let mut behind = FixedBitSet::with_capacity(self.ground().groups.len());
        behind.extend(self.search.fronts.iter().flat_map(|front| &front.behind).copied());
        let mut all = Vec::with_capacity(telling.len());
        for kind in &telling {
            let moves_hosts = kind.groups().iter().any(|at| self.moved_by_hosts.contains(&self.egress.of(*at)));
            let mut moved = FixedBitSet::with_capacity(behind.len());
            for at in behind.ones() {
                let is_host = self.group(at).is_some_and(|group| group.is_host);
                let moves =
                    if is_host { moves_hosts } else { !self.stays(kind.first(), self.seen_as.by_telling.of(at)) };
                moved.set(at, moves);
            }
            all.push(moved);
        }
        self.by_kind.telling = telling;
        all
    }

    /// Whether it hangs on where a source runs who is behind the front, or what they say.
    fn is_about_places(front: &Front) -> bool {
        front.has_others || front.is_local || !matches!(front.at, At::Service(_))
    }

    /// Groups of one kind, of whom nobody is behind the front.
    fn together_before(&mut self, front: &Front, groups: &[usize], seen_as: (&SeenAs, bool), found: &mut Found) {
        let Some((first, group)) = groups.first().and_then(|at| Some((*at, self.group(*at)?))) else { return };
        let outcomes = self.agreed_by_plain(front, (first, group), seen_as, &mut found.plain).or_else(|| {
            let key = (self.egress.of(first), self.seen_behind(front, first), Place::default(), None);
            self.outcomes_before(front, (first, group), (Some(key), &group.members), found)
        });
        let groups = groups.iter().filter_map(|at| self.group(*at));
        let members = groups.flat_map(|group| &group.members).copied();
        if let Some(outcomes) = outcomes {
            self.add_before(outcomes, members, found);
        }
    }

    /// Hosts of one kind.
    fn hosts_before(&mut self, (front, hosts, tells): (&Front, &[EndIx], bool), kind: &Kind, found: &mut Found) {
        let may_tell = |run: &Self, at: usize| {
            tells || run.group(at).is_some_and(|group| run.judge().may_tell_from(run.ground(), group))
        };
        if !may_tell(self, kind.first()) {
            return;
        }
        let is_behind = |at: &usize| front.behind.binary_search(at).is_ok();
        let is_plain = self.is_plain(front) && !Self::is_about_places(front);
        let first = kind.first();
        match self.group(first).filter(|_| is_plain && !kind.groups().iter().any(is_behind)) {
            Some(group) => {
                if let Some(outcomes) = self.outcomes_before(front, (first, group), (None, &group.members), found) {
                    let groups = kind.groups().iter().filter_map(|at| self.group(*at));
                    self.add_before(outcomes, groups.flat_map(|group| &group.members).copied(), found);
                }
            }
            None => kind.groups().iter().for_each(|at| self.before((front, hosts), *at, found)),
        }
    }

    /// A group, part by part.
    fn before(&mut self, (front, hosts): (&Front, &[EndIx]), source: usize, found: &mut Found) {
        let Some(group) = self.group(source) else { return };
        for (key, members) in self.parts_before((front, hosts), (source, group)) {
            if let Some(outcomes) = self.outcomes_before(front, (source, group), (key, &members), found) {
                self.add_before(outcomes, members.into_iter(), found);
            }
        }
    }

    fn add_before(&self, outcomes: OutcomesIx, members: impl Iterator<Item = EndIx>, found: &mut Found) {
        if !self.courses.outcomes.lines(outcomes).is_empty() {
            let ends = found.ends.entry(outcomes).or_insert_with(|| EndSet::none(self.ground()));
            members.for_each(|end| ends.add(end));
        }
    }

    fn outcomes_before(
        &mut self,
        front: &Front,
        (source, group): (usize, &Group),
        (key, members): (Option<Key>, &[EndIx]),
        found: &mut Found,
    ) -> Option<OutcomesIx> {
        let known = key.as_ref().and_then(|key| found.known.get(key)).copied();
        let known = known.or_else(|| self.agreed((source, group), members, front));
        let outcomes = match known {
            Some(known) => known,
            None => {
                let endpoint = members.first().and_then(|at| self.endpoint(*at))?;
                let pair = Pair::new(endpoint, front.destination.clone());
                let outcomes = self.outcomes_at(&pair, front, Some(group));
                self.courses.outcomes.number(outcomes)
            }
        };
        found.known.extend(key.map(|key| (key, outcomes)));
        Some(outcomes)
    }

    /// How those behind a front see a group.
    fn seen_behind(&mut self, front: &Front, source: usize) -> Vec<SightIx> {
        let sight = |at: &usize| self.ingress.sight(self.ingress.of(*at), source);
        front.behind.iter().map(sight).collect()
    }

    /// The members of a group, by what tells them apart before a front. Without a key each is asked by itself.
    fn parts_before(
        &mut self,
        (front, hosts): (&Front, &[EndIx]),
        (source, group): (usize, &Group),
    ) -> Vec<(Option<Key>, Vec<EndIx>)> {
        let is_somewhere = group.is_host || Self::is_about_places(front);
        let hosts = if self.ground().is_free_source(group) { &[] } else { hosts };
        let mut parts: BTreeMap<(Place, Option<Itself>), Vec<EndIx>> = BTreeMap::new();
        for end in &group.members {
            let near = hosts.iter().map(|host| self.near.near(*end, *host)).collect();
            let standing = is_somewhere.then(|| self.ground().standing(*end));
            let itself =
                front.ends.binary_search(end).is_ok().then(|| (source, self.ways_to_itself(front, source, *end)));
            parts.entry(((near, standing), itself)).or_default().push(*end);
        }
        if group.is_host || group.is_workload || front.has_others {
            return parts.into_values().map(|members| (None, members)).collect();
        }
        let subject = self.egress.of(source);
        let seen = self.seen_behind(front, source);
        let key = |((place, itself), members)| (Some((subject, seen.clone(), place, itself)), members);
        parts.into_iter().map(key).collect()
    }

    /// How somebody behind a front is reached, in each snapshot.
    fn ways_to_itself(&self, front: &Front, source: usize, end: EndIx) -> Vec<(usize, L4, Family)> {
        let ways = self.search.sorts.of(source).and_then(|(_, sort)| self.ways(front, sort));
        let of_view = |(view, ways): (usize, &[Way])| -> Vec<(usize, L4, Family)> {
            ways.iter().filter(|way| way.backend == end).map(|way| (view, way.l4, way.family)).collect()
        };
        ways.into_iter().flat_map(|all| all.into_iter().enumerate().flat_map(of_view)).collect()
    }

    /// What all backends say together, by what is said of each alone (K23); none where that does not tell it.
    fn agreed(&mut self, (source, group): (usize, &Group), members: &[EndIx], front: &Front) -> Option<OutcomesIx> {
        if !self.is_plain(front) || group.is_workload {
            return None;
        }
        let (sort, of_sort) = self.search.sorts.of(source)?;
        let from = *members.first()?;
        let all = self.ways(front, of_sort)?;
        let only: Vec<Vec<bool>> = (0..all.len()).map(|at| (0..all.len()).map(|view| view == at).collect()).collect();
        let mut backends = Vec::new();
        let mut itself = vec![Together::default(); all.len()];
        for (view, ((ways, only), itself)) in all.iter().zip(&only).zip(&mut itself).enumerate() {
            let mut seen: BTreeSet<(usize, Option<NearIx>, L4)> = BTreeSet::new();
            for way in *ways {
                if way.backend == from {
                    itself.add(self.said_by_way_of_itself(view, from, front, front.port?.into())?);
                    continue;
                }
                let behind = self.ground().place_of_group(way.backend)?;
                let other = self.group(behind).filter(|other| !other.is_workload)?;
                let near = self.near_on_the_way((group, from), (other, way.backend));
                if !seen.insert((behind, near, way.l4)) {
                    continue;
                }
                let meeting = (view, sort, self.search.sorts.of(behind)?.0);
                if self.family_between(meeting, (from, way.backend)) != Some(way.family) {
                    return None;
                }
                let sights = self.sights_on_the_way((source, group), (behind, other), near);
                let both = match self.courses.known(sights) {
                    Some(both) => both,
                    None => {
                        let pair = self.pair(from, way.backend)?;
                        self.courses.both(&self.search.ground, sights, &pair, (group, other))
                    }
                };
                backends.push((both, way.l4, only.as_slice()));
            }
        }
        self.of_backends(front, &backends, itself)
    }

    /// What some backends say, each in the snapshots in which it is there, and whoever is there beside.
    pub(super) fn of_backends(
        &mut self,
        front: &Front,
        backends: &[(BothIx, L4, &[bool])],
        mut all: Vec<Together>,
    ) -> Option<OutcomesIx> {
        let Some(port) = front.port else {
            return self.courses.of_all_ports(self.judge(), backends);
        };
        for (both, l4, is_there) in backends {
            let said = self.courses.said(*both, *l4);
            for ((together, said), is_there) in all.iter_mut().zip(said).zip(*is_there) {
                if *is_there {
                    together.add((*said)?);
                }
            }
        }
        Some(self.on_one_port(all.into_iter().map(Together::said).collect(), port))
    }

    /// A Service whose backends are judged as each is alone: where nothing else is seen of what was sent to (U5, U9, C10), and
    /// nothing hangs on where it was sent from.
    pub(super) fn is_plain(&self, front: &Front) -> bool {
        let is_plain = matches!(front.at, At::Service(_)) && !front.is_local && !self.judge().must_ask();
        let by_ip = |view: &Arc<View>| view.snapshot.profile().capabilities().cluster_ip == Support::Supported;
        is_plain && self.ground().views.iter().all(by_ip)
    }

    fn on_one_port(&mut self, said: Vec<Said>, port: PortInterval) -> OutcomesIx {
        let key = (said, port);
        if let Some(known) = self.on_port.get(&key) {
            return *known;
        }
        let mut outcomes = Outcomes::new();
        if let Some(outcome) = self.judge().outcome_of(&key.0) {
            outcomes.entry(outcome).or_default().add(port);
        }
        let found = self.courses.outcomes.number(outcomes);
        self.on_port.insert(key, found);
        found
    }

    /// A backend that reaches itself (U4).
    fn said_by_way_of_itself(&self, view: usize, end: EndIx, front: &Front, l4: L4) -> Option<BackendSaid> {
        let Who::Pod(name) = &self.ground().end(end)?.who else { return None };
        let pair = Pair { via: Some(name.clone()), ..Pair::new(self.endpoint(end)?, front.destination.clone()) };
        let (snapshot, flow) = (&self.ground().views.get(view)?.snapshot, pair.flow(l4));
        if self.judge().tells_changes() {
            // Of a change nobody asks which rows it hangs on.
            return Some((snapshot.verdict(&flow).ok()?, Rows::NONE));
        }
        let decision = snapshot.decide(&flow).ok()?;
        Some((decision.verdict, decision.rows))
    }

    /// How the two stand to each other, where one is a host and it matters.
    fn near_on_the_way(&mut self, (group, from): (&Group, EndIx), (other, backend): (&Group, EndIx)) -> Option<NearIx> {
        match (group.is_host, other.is_host) {
            (false, true) if !self.ground().is_free_source(group) => self.near.near(from, backend),
            (true, false) if !self.ground().is_free_destination(other) => self.near.near(backend, from),
            _ => None,
        }
    }

    fn sights_on_the_way(
        &mut self,
        (source, group): (usize, &Group),
        (behind, other): (usize, &Group),
        near: Option<NearIx>,
    ) -> Sights {
        let (subject, own) = (self.egress.of(source), self.ingress.of(behind));
        let egress = if other.is_host {
            self.egress.sight_of_host(subject, behind, near)
        } else {
            self.egress.sight(subject, behind)
        };
        let ingress =
            if group.is_host { self.ingress.sight_of_host(own, source, near) } else { self.ingress.sight(own, source) };
        Sights { egress, ingress }
    }

    /// Of which family connections between two ends of such sorts are that name each other; none where there are none.
    pub(super) fn family_between(&mut self, key: (usize, u32, u32), ends: (EndIx, EndIx)) -> Option<Family> {
        if let Some(known) = self.families.get(&key) {
            return *known;
        }
        let flow = self.pair(ends.0, ends.1)?.flow(L4::Icmp);
        let connections = self.ground().views.get(key.0)?.snapshot.connections(&flow).ok();
        let family = connections.and_then(|all| all.first().map(family_of));
        self.families.insert(key, family);
        family
    }

    fn outcomes_at(&self, pair: &Pair, front: &Front, source: Option<&Group>) -> Outcomes<A::Outcome> {
        if let Some(port) = front.port {
            return self.judge().on_ports(pair, &[port]);
        }
        let mut cuts = self.ground().cuts(source, None);
        self.behind(front).for_each(|group| cuts.add(&self.ground().cuts(source, Some(group))));
        front.others.iter().for_each(|other| cuts.add(&self.ground().cuts_to_class(source, *other)));
        self.judge().outcomes(pair, &cuts.intervals())
    }

    fn through_from_outside(&mut self, family: Family, front: &Front) {
        let ground = self.ground();
        let rows = front.behind.iter().filter_map(|at| self.group(*at)).flat_map(|group| ground.ingress(group));
        let others = front.others.iter().filter_map(|other| ground.ingress_of_class(*other));
        let rows: Vec<&Distinctions> = rows.chain(others).collect();
        for interval in ground.intervals(&rows, family) {
            let free = ground.outside.free(interval);
            let Some(address) = free.first().map(AddressRange::first) else { continue };
            let outcomes = self.agreed_from_outside(address, front).unwrap_or_else(|| {
                let pair = Pair::new(Endpoint::Address(address), front.destination.clone());
                let outcomes = self.outcomes_at(&pair, front, None);
                self.courses.outcomes.number(outcomes)
            });
            for line in self.courses.outcomes.lines(outcomes) {
                match &front.at {
                    At::Service(name) => self.lines.add_service_from(*line, &free, name),
                    At::Host(host) => self.lines.add_host_from(*line, &free, *host),
                    At::Address(address) => {
                        let face = AddressRange::new(*address, *address);
                        face.into_iter().for_each(|face| self.lines.add_face_from(*line, &free, face));
                    }
                }
            }
        }
    }

    /// As from inside: what is said of each backend alone.
    fn agreed_from_outside(&mut self, address: IpAddr, front: &Front) -> Option<OutcomesIx> {
        let port = front.port.filter(|_| self.is_plain(front))?;
        let mut all: Vec<Said> = Vec::new();
        for (view, ways) in self.ways(front, &Sort::Outside(Family::of(address)))?.into_iter().enumerate() {
            let mut backends = Together::default();
            for way in ways {
                let behind = self.ground().place_of_group(way.backend)?;
                let other = self.group(behind).filter(|other| !other.is_workload)?;
                let both = self.both_from_outside(address, (behind, other))?;
                backends.add(self.courses.said(both, way.l4).get(view).copied().flatten()?);
            }
            all.push(backends.said());
        }
        Some(self.on_one_port(all, port))
    }

    /// What both sides say of connections from an address, the same of all that lie in one interval of the rules.
    fn both_from_outside(&mut self, address: IpAddr, (at, group): (usize, &Group)) -> Option<BothIx> {
        let number = AddressNumber::of(address);
        let cells: Vec<usize> = self.ground().ingress(group).into_iter().map(|row| row.interval_of(number)).collect();
        let key = (self.ingress.of(at), number.family, cells);
        if let Some(known) = self.from_outside.get(&key) {
            return Some(*known);
        }
        let pair = Pair::new(Endpoint::Address(address), self.endpoint(*group.members.first()?)?);
        let intervals = self.ground().cuts(None, Some(group)).intervals();
        let both = self.courses.of_pair(&self.search.ground, &pair, &intervals);
        self.from_outside.insert(key, both);
        Some(both)
    }
}
