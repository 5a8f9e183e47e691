//! The parts of a covering set: pairs of ends, each with everything to ask between them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::engine::Member;
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::ObjectName;
use crate::net::{Family, Port, Protocol};
use crate::oracle::end_kinds::{EndKind, EndKinds, Partner};
use crate::oracle::outside::outside;
use crate::verdict::Verdict;

/// So many kinds are looked at for a partner of a pod.
const PARTNERS: usize = 48;
/// An address that a finished pod had is held against so many kinds.
const KINDS_PER_FORMER_ADDRESS: usize = 256;

/// Two ends, and what to ask between them.
pub(super) struct Batch {
    pub(super) source: Endpoint,
    pub(super) destination: Destination,
    pub(super) via: Option<ObjectName>,
    pub(super) l4s: Vec<L4>,
}

impl Batch {
    fn new(source: Endpoint, destination: Endpoint, l4s: Vec<L4>) -> Self {
        Self { source, destination: destination.into(), via: None, l4s }
    }

    pub(super) fn flows(self) -> impl Iterator<Item = Flow> {
        let Self { source, destination, via, l4s } = self;
        l4s.into_iter().map(move |l4| Flow {
            source: source.clone(),
            destination: destination.clone(),
            l4,
            via: via.clone(),
        })
    }

    pub(super) fn flow(&self, at: usize) -> Option<Flow> {
        let (source, destination, via) = (self.source.clone(), self.destination.clone(), self.via.clone());
        self.l4s.get(at).map(|l4| Flow { source, destination, l4: *l4, via })
    }
}

/// The sections that a covering set has, each by the place of what it is made for.
impl EndKinds {
    /// All that two kinds are asked, in whichever ways they can stand to each other.
    pub(super) fn between(&self, source: usize, destination: usize) -> Vec<Batch> {
        let (Some(from), Some(to)) = (self.kind(source), self.kind(destination)) else { return Vec::new() };
        let pairs = self.pairs(from, to, None);
        if pairs.is_empty() {
            return Vec::new();
        }
        let l4s = self.ports(self.class(from), self.class(to));
        let batch = |(a, b): (usize, usize)| {
            let (a, b) = (from.members.get(a)?, to.members.get(b)?);
            let batch = self.asked(to, Batch::new(a.endpoint.clone(), b.endpoint.clone(), l4s.clone()));
            // Two names may meet in another family, two addresses do not.
            let by_name = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Named(_));
            let ok = !(by_name(&a.endpoint) && by_name(&b.endpoint))
                || batch.flow(0).is_some_and(|flow| self.can_ask(&flow));
            ok.then_some(batch)
        };
        pairs.into_iter().filter_map(batch).collect()
    }

    /// Pods to themselves (K19): of each kind one for each interval of addresses that its policies tell apart.
    pub(super) fn hairpin(&self, kind: usize) -> Vec<Batch> {
        let Some(kind) = self.kind(kind) else { return Vec::new() };
        let class = self.class(kind);
        let parts = [self.egress(class), self.ingress(class)].into_iter().flat_map(|row| kind.parts(row));
        let is_pod = |at: &usize| kind.members.get(*at).is_some_and(|member| member.pod.is_some());
        let pods: BTreeSet<usize> = parts.filter_map(|part| part.into_iter().find(is_pod)).collect();
        let ports = self.ports(class, class);
        let pods = pods.into_iter().filter_map(|at| kind.members.get(at));
        let itself = |pod: &Member| Batch::new(pod.endpoint.clone(), pod.endpoint.clone(), ports.clone());
        pods.map(|pod| self.asked(kind, itself(pod))).collect()
    }

    /// What can be asked of it: on some ports of a node others are reached, or nobody.
    fn asked(&self, to: &EndKind, mut batch: Batch) -> Batch {
        if to.is_host && self.has_faces {
            let Batch { source, destination, .. } = &batch;
            let flow = |l4| Flow { source: source.clone(), destination: destination.clone(), l4, via: None };
            let l4s = batch.l4s.iter().copied().filter(|l4| self.can_ask(&flow(*l4))).collect();
            batch.l4s = l4s;
        }
        batch
    }

    /// From and to addresses outside: the ends of each interval that its own policies tell apart.
    pub(super) fn outside(&self, kind: usize) -> Vec<Batch> {
        let Some(kind) = self.kind(kind) else { return Vec::new() };
        let (Some(class), Some(member)) = (self.class(kind), kind.members.first()) else { return Vec::new() };
        let families =
            [Family::V4, Family::V6].into_iter().filter(|family| kind.family.is_none_or(|own| own == *family));
        let mut all = Vec::new();
        let ports = (self.ports(Some(class), None), self.ports(None, Some(class)));
        for family in families {
            let there = outside(&self.engine, self.egress(Some(class)), family).into_iter().map(Endpoint::Address);
            all.extend(there.map(|end| Batch::new(member.endpoint.clone(), end, ports.0.clone())));
            let there = outside(&self.engine, self.ingress(Some(class)), family).into_iter().map(Endpoint::Address);
            all.extend(there.map(|end| self.asked(kind, Batch::new(end, member.endpoint.clone(), ports.1.clone()))));
        }
        all
    }

    /// Every other pod once as source and once as destination: denied where it can be, and admitted where it is isolated,
    /// since data planes also fail pod by pod.
    pub(super) fn each_pod(&self, at: usize, number: usize) -> Vec<Batch> {
        let (Some(kind), Some([out, back])) = (self.kind(at), self.partners.get(at)) else { return Vec::new() };
        if kind.members.len() < 2 || kind.class.is_none() {
            return Vec::new();
        }
        let partners = [out.get_or_init(|| self.partners(at, true)), back.get_or_init(|| self.partners(at, false))];
        let mut all = Vec::new();
        if let Some(member) = kind.members.get(number) {
            for (is_source, partners) in [true, false].into_iter().zip(partners) {
                for (place, l4) in partners {
                    let pair = if is_source { [(at, number), *place] } else { [*place, (at, number)] };
                    if self.is_between(pair) {
                        continue;
                    }
                    let Some(partner) =
                        self.member(*place).filter(|partner| partner.pod.is_none() || partner.pod != member.pod)
                    else {
                        continue;
                    };
                    let (from, to) = if is_source { (member, partner) } else { (partner, member) };
                    let Some(kind_of_to) = (if is_source { self.kind(place.0) } else { Some(kind) }) else { continue };
                    all.push(self.asked(kind_of_to, Batch::new(from.endpoint.clone(), to.endpoint.clone(), vec![*l4])));
                }
            }
        }
        all
    }

    /// Whether [`Self::between`] has the pair already.
    fn is_between(&self, [(source, from), (destination, to)]: [(usize, usize); 2]) -> bool {
        let (Some(source), Some(destination)) = (self.kind(source), self.kind(destination)) else { return false };
        self.pairs(source, destination, None).contains(&(from, to))
    }

    /// Members of other kinds with whom a member of this kind is denied, and is admitted by a rule, if there are any.
    fn partners(&self, at: usize, is_source: bool) -> Vec<Partner> {
        let Some(kind) = self.kind(at) else { return Vec::new() };
        let Some(member) = kind.members.first() else { return Vec::new() };
        // Those near in the order of names, which are of its namespace, and some of everywhere.
        let count = self.all.len();
        let near = (1..=PARTNERS / 2).flat_map(|by| [(at + by) % count, (at + count - by % count) % count]);
        let step = (count / (PARTNERS / 2)).max(1);
        let candidates = near.chain((0..count).step_by(step)).chain([at]);
        let mut found: BTreeMap<Verdict, (bool, Partner)> = BTreeMap::new();
        for other in candidates {
            let Some(partner) = self.kind(other).filter(|partner| partner.meets(kind) && partner.class.is_some())
            else {
                continue;
            };
            let place = (other, if other == at { partner.members.len().saturating_sub(1) } else { 0 });
            let Some(end) = self.member(place) else { continue };
            let (from, to) = if is_source { (kind, partner) } else { (partner, kind) };
            let isolated = from.isolated[0] || to.isolated[1];
            let settled = |verdict| found.get(&verdict).is_some_and(|(isolated, _)| *isolated);
            if settled(Verdict::Deny) && settled(Verdict::Allow) {
                break;
            }
            let ends = if is_source { (&member.endpoint, &end.endpoint) } else { (&end.endpoint, &member.endpoint) };
            for l4 in self.ports(self.class(from), self.class(to)).into_iter().take(PARTNERS) {
                let flow = Flow::new(ends.0.clone(), ends.1.clone().into(), l4);
                let Ok(verdict @ (Verdict::Allow | Verdict::Deny)) = self.engine.verdict(&flow) else { continue };
                let known = found.entry(verdict).or_insert((isolated, (place, l4)));
                if isolated && !known.0 {
                    *known = (isolated, (place, l4));
                }
            }
        }
        found.into_values().map(|(_, partner)| partner).collect()
    }

    /// Addresses that finished pods have (K20), and others that pods had: outside ones, as far as nobody has them now.
    pub(super) fn former(&self, before: &[IpAddr]) -> Vec<Batch> {
        let finished = self.engine.cluster().pods().iter().filter(|pod| !pod.is_live() && !pod.host_network);
        let mut all = Vec::new();
        let addresses: BTreeSet<&IpAddr> = finished.flat_map(|pod| &pod.addresses).chain(before).collect();
        for address in addresses.into_iter().filter(|address| self.engine.is_outside(**address)) {
            let family = Family::of(*address);
            let isolated = self
                .all
                .iter()
                .filter(|kind| kind.isolated.contains(&true) && kind.family.is_none_or(|own| own == family));
            for kind in isolated.take(KINDS_PER_FORMER_ADDRESS) {
                let (class, Some(member)) = (self.class(kind), kind.members.first()) else { continue };
                let (here, there) = (member.endpoint.clone(), Endpoint::Address(*address));
                if kind.isolated[0] && !outside(&self.engine, self.egress(class), family).contains(address) {
                    all.push(Batch::new(here.clone(), there.clone(), self.ports(class, None)));
                }
                if kind.isolated[1] && !outside(&self.engine, self.ingress(class), family).contains(address) {
                    all.push(self.asked(kind, Batch::new(there, here, self.ports(None, class))));
                }
            }
        }
        all
    }

    /// No policy has a say where neither end is a pod (K24): one flow stands for all.
    pub(super) fn without_pods(&self) -> Vec<Batch> {
        let nodes = self.all.iter().filter(|kind| kind.class.is_none());
        let node = nodes.filter_map(|kind| kind.members.first()).next();
        let http = Port::new(80).map(|port| L4::Port(Protocol::Tcp, port));
        let away = |family| outside(&self.engine, self.egress(None), family).first().copied().map(Endpoint::Address);
        let source = node.map(|node| node.endpoint.clone()).or_else(|| away(Family::V4));
        let family = node.and_then(|node| node.address).map_or(Family::V4, Family::of);
        let batch = source.zip(away(family)).map(|(from, to)| Batch::new(from, to, http.into_iter().collect()));
        batch.into_iter().collect()
    }
}
