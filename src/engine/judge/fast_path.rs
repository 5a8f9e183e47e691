//! Verdicts, without allocating: two class look-ups and one run through each side's entries where the ends are pods or
//! outside, the exact judgement of `judge` anywhere else.

use std::net::IpAddr;

use crate::engine::ends::end::{AddressList, Candidate, EndIdentity, Membership, ResolvedEnd, Written};
use crate::engine::ends::meet::meet;
use crate::engine::ends::node_relation::OwnNode;
use crate::engine::ends::sent::Sent;
use crate::engine::ends::service_front::ServiceFront;
use crate::engine::ends::services::{BackendConnection, ResolvedFlow};
use crate::engine::ids::{ClassIx, Id as _, PodId, PortTableIx, SelectorId, SlotIx};
use crate::engine::judge::circumstances::{ProtocolStands, protocol};
use crate::engine::judge::logic::{Coarse, Logic, MustMay};
use crate::engine::judge::question::{Question, SideQuestion};
use crate::engine::judge::settings::Settings;
use crate::engine::judge::sight::reached_outside;
use crate::engine::judge::verdict::verdict;
use crate::engine::spaces::blocks::{Share, number};
use crate::engine::spaces::ports::{Covered, PortTable};
use crate::engine::tables::class::{Class, Isolation, Stack};
use crate::engine::tables::matches::bit;
use crate::engine::tables::policy::{EntryPeer, EntryPorts, PeerNamespaces};
use crate::engine::tables::{Claim, PackedClaim, SlotObject, Tables};
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::{Direction, ObjectName};
use crate::net::{Family, Port, Protocol, canonical};
use crate::profile::capability::{EndPort, UnaddressedPod};
use crate::profile::cce::is_internal_cloud;
use crate::verdict::{FlowError, Verdict};

/// The other end as a side sees it: a pod of a class, or an address outside.
pub(super) struct PeerView<'t, A> {
    pub(super) class: Option<(ClassIx, &'t Class)>,
    pub(super) address: A,
    pub(super) family: Family,
    /// Whether blocks reach it (C9).
    pub(super) in_scope: MustMay,
}

/// A pod or workload of a flow.
#[derive(Clone, Copy)]
struct PodEnd {
    slot: SlotIx,
    /// [`Slot::class_number`](crate::engine::tables::Slot::class_number).
    class_number: u32,
    /// The address that the flow gives it, if it gives one.
    address: Option<IpAddr>,
}

const YES: MustMay = Coarse::YES;
const NO: MustMay = Coarse::NO;
const OPEN: MustMay = MustMay { must: false, may: true };

pub(super) fn settled(value: bool) -> MustMay {
    Coarse::known(value)
}

/// What a Bloom filter alone says of a selector (K9).
#[inline]
fn by_bloom<K: Copy>(bloom: u64, id: SelectorId<K>) -> Option<bool> {
    if id.is_everything() {
        return Some(true);
    }
    if bloom & bit(id) == 0 { Some(id.is_negative()) } else { None }
}

impl Tables {
    pub(in crate::engine) fn verdict(&self, flow: &Flow) -> Result<Verdict, FlowError> {
        if let (Endpoint::Address(from), Destination::Endpoint(Endpoint::Address(to)), None) =
            (&flow.source, &flow.destination, &flow.via)
        {
            if let Some(verdict) = self.addresses(canonical(*from), canonical(*to), flow.l4) {
                return Ok(verdict);
            }
        }
        match self.resolve_flow(flow)? {
            ResolvedFlow::Connection(way) | ResolvedFlow::HostPort(_, way) => Ok(self.connection(&way)),
            ResolvedFlow::Service(front) => self.by_service(&front, flow.via.as_ref()),
        }
    }

    #[inline]
    pub(in crate::engine) fn verdict_of_addresses(
        &self,
        from: IpAddr,
        to: IpAddr,
        l4: L4,
    ) -> Result<Verdict, FlowError> {
        match self.addresses(from, to, l4) {
            Some(verdict) => Ok(verdict),
            None => self.verdict(&Flow::new(Endpoint::Address(from), Endpoint::Address(to).into(), l4)),
        }
    }

    /// K23: what all backends agree on.
    fn by_service(&self, front: &ServiceFront<'_>, via: Option<&ObjectName>) -> Result<Verdict, FlowError> {
        let agreed = |a: Verdict, b: Verdict| if a == b { a } else { Verdict::Undefined };
        let verdict_of = |way: &BackendConnection<'_>| {
            let BackendConnection { source, destination, l4, sent, .. } = *way;
            // A pod behind a Service is judged as one without, but where the source reaches itself (U4) or labels do not limit
            // what is sent to a ClusterIP (C10). A backend outside is not (U5).
            let is_pod = matches!(destination.identity, EndIdentity::Pod(..)) && destination.address.is_some();
            let is_sent_to = !matches!(sent, Sent::Face { .. });
            let is_plain =
                is_sent_to && is_pod && self.digest.cluster_ip && !source.identity.is_same_pod(destination.identity);
            let fast = if is_plain { self.fast_pair(&source, &destination, l4) } else { None };
            fast.unwrap_or_else(|| self.question_verdict(&Question::by_way(way)))
        };
        if let Some(verdict) = front.agreed(via, verdict_of) {
            return Ok(verdict);
        }
        let ways = front.ways(via)?;
        let verdicts = ways.iter().map(|(_, way)| verdict_of(way));
        Ok(verdicts.reduce(agreed).unwrap_or(Verdict::Undefined))
    }

    /// A connection between two slots by name: what [`Self::verdict`] says of the two names.
    #[inline]
    pub(in crate::engine) fn between(&self, source: PodId, destination: PodId, l4: L4) -> Result<Verdict, FlowError> {
        let (from, to) = (self.slot_of_id(source), self.slot_of_id(destination));
        let there = (from.generation() == source.generation) & (to.generation() == destination.generation);
        if there {
            let source = PodEnd { slot: source.slot, class_number: from.class_number(), address: None };
            let destination = PodEnd { slot: destination.slot, class_number: to.class_number(), address: None };
            if let Some(verdict) = self.pods(source, destination, l4) {
                return Ok(verdict);
            }
        }
        self.between_exactly(source, destination, l4)
    }

    #[cold]
    fn between_exactly(&self, source: PodId, destination: PodId, l4: L4) -> Result<Verdict, FlowError> {
        let named = |id: PodId| match self.objects.find(id.slot).and_then(SlotObject::name) {
            Some(name) if self.slot_of_id(id).generation() == id.generation => Ok(Endpoint::Named(name.clone())),
            _ => Err(FlowError::GonePod),
        };
        self.verdict(&Flow::new(named(source)?, named(destination)?.into(), l4))
    }

    /// The address by which the one at a slot, given by name, meets a family (K22).
    #[inline]
    fn address_in(&self, slot: SlotIx, family: Family) -> Option<IpAddr> {
        match (family, *self.v4.get(slot)) {
            (Family::V4, address) if address != 0 => Some(IpAddr::V4(address.into())),
            _ => self.address_of_object(slot, family),
        }
    }

    fn address_of_object(&self, slot: SlotIx, family: Family) -> Option<IpAddr> {
        let identity = self.identity(slot)?;
        self.addresses_of(identity).iter().find(|address| Family::of(*address) == family)
    }

    /// A connection between two ends that meet.
    fn connection(&self, way: &BackendConnection<'_>) -> Verdict {
        let fast = match way.sent {
            Sent::Straight => self.fast_pair(&way.source, &way.destination, way.l4),
            Sent::ClusterIp { .. } | Sent::Face { .. } => None,
        };
        fast.unwrap_or_else(|| self.question_verdict(&Question::by_way(way)))
    }

    /// The same, where it takes no exact judgement.
    #[inline]
    fn fast_pair(&self, source: &ResolvedEnd<'_>, destination: &ResolvedEnd<'_>, l4: L4) -> Option<Verdict> {
        match (source.identity, source.address, destination.identity, destination.address) {
            (EndIdentity::Pod(_, a), Some(from), EndIdentity::Pod(_, b), Some(to)) => {
                let end = |place: Membership<'_>, address| PodEnd {
                    slot: place.slot,
                    class_number: place.class.index(),
                    address: Some(address),
                };
                self.pods(end(a, from), end(b, to), l4)
            }
            (EndIdentity::External, Some(from), EndIdentity::Pod(_, place), _) => {
                self.outside(place.class.index(), from, SideQuestion::ingress(l4))
            }
            (EndIdentity::Pod(_, place), _, EndIdentity::External, Some(to)) => {
                self.outside(place.class.index(), to, SideQuestion::egress(l4))
            }
            _ => None,
        }
    }

    /// A connection between two addresses, where they are those of two pods, or of a pod and nobody; none elsewhere.
    #[inline]
    fn addresses(&self, from: IpAddr, to: IpAddr, l4: L4) -> Option<Verdict> {
        if Family::of(from) != Family::of(to) {
            return None;
        }
        let end = |claim: PackedClaim, address| match claim.unpack() {
            Claim::Pod(slot) => {
                Some(PodEnd { slot, class_number: self.slot(slot).class_number(), address: Some(address) })
            }
            Claim::Shared(_) => None,
        };
        match (self.claim(from), self.claim(to)) {
            (Some(a), Some(b)) => self.pods(end(a, from)?, end(b, to)?, l4),
            (None, Some(b)) => self.outside(end(b, to)?.class_number, from, SideQuestion::ingress(l4)),
            (Some(a), None) => self.outside(end(a, from)?.class_number, to, SideQuestion::egress(l4)),
            (None, None) => None,
        }
    }

    /// Two pods, each with its slot, its class and, where the flow gives it, its address; none where that takes the exact
    /// judgement.
    #[inline]
    fn pods(&self, from: PodEnd, to: PodEnd, l4: L4) -> Option<Verdict> {
        let (from_class, a) = self.summaries.find_number(from.class_number)?;
        let (to_class, b) = self.summaries.find_number(to.class_number)?;
        if a.host_network | b.host_network {
            return self.with_host((from, from_class), (to, to_class), l4);
        }
        let family = match (from.address, Stack::meeting(a.stack, b.stack)) {
            (Some(address), _) => Family::of(address),
            (None, Some(family)) => family,
            (None, None) => return self.without_address((from, from_class), (to, to_class), l4),
        };
        if family == Family::V6 && !self.digest.ipv6 {
            return None;
        }
        if from.slot == to.slot {
            return Some(Verdict::Allow); // K19
        }
        match (b.ingress, a.egress, l4) {
            (Isolation::NotIsolated, Isolation::NotIsolated, _) => return Some(Verdict::Allow),
            (Isolation::Isolated, _, L4::Port(Protocol::Sctp, _)) if self.digest.sctp_open => {}
            (Isolation::Isolated, _, L4::Port(protocol, port)) if !b.may_admit(a, protocol, port) => {
                return Some(Verdict::Deny);
            }
            _ => {}
        }
        let in_scope = settled(self.digest.block_reach.inside());
        let named = Some(to_class);
        let (a, b) = (self.classes.get(from_class), self.classes.get(to_class));
        let address = || from.address.or_else(|| self.address_in(from.slot, family));
        let seen = PeerView { class: Some((from_class, a)), address, family, in_scope };
        let ingress = self.run(b, &seen, named, SideQuestion::ingress(l4))?;
        if !ingress.may {
            return Some(Verdict::Deny);
        }
        let address = || to.address.or_else(|| self.address_in(to.slot, family));
        let seen = PeerView { class: Some((to_class, b)), address, family, in_scope };
        let egress = self.run(a, &seen, named, SideQuestion::egress(l4))?;
        Some(Coarse::verdict(Coarse.and(ingress, egress)))
    }

    /// Two pods of which one or both are hostNetwork pods, where those are read as their nodes (K17).
    #[cold]
    fn with_host(&self, (from, from_id): (PodEnd, ClassIx), (to, to_id): (PodEnd, ClassIx), l4: L4) -> Option<Verdict> {
        if !self.digest.hosts_are_nodes {
            return None;
        }
        let (source, destination) = (self.candidate(from.slot, from.address)?, self.candidate(to.slot, to.address)?);
        let (source, destination) = meet(&source, &destination, |_| true).ok()?;
        let (from_class, to_class) = (self.classes.get(from_id), self.classes.get(to_id));
        if from_class.host_network && to_class.host_network {
            return Some(Verdict::Allow);
        }
        let address = if from_class.host_network { source.address? } else { destination.address? };
        let family = Family::of(address);
        if is_internal_cloud(address) || (family == Family::V6 && !self.digest.ipv6) {
            return None;
        }
        let (subject, direction, own_node) = if to_class.host_network {
            (from_class, Direction::Egress, self.own_node(&source, &destination))
        } else {
            (to_class, Direction::Ingress, self.own_node(&destination, &source))
        };
        match own_node {
            OwnNode::Known(false) => {}
            OwnNode::Known(true) => {
                return (direction == Direction::Ingress && self.digest.own_node_passes).then_some(Verdict::Allow);
            }
            OwnNode::IfSubjectIsAt(_) | OwnNode::IfPeerIsAt(_) | OwnNode::IfOnOne => return None,
        }
        let in_scope = settled(self.digest.block_reach.inside());
        let seen = PeerView { class: None, address: || Some(address), family, in_scope };
        let named = if direction == Direction::Ingress { Some(to_id) } else { None };
        Some(Coarse::verdict(self.run(subject, &seen, named, SideQuestion { direction, l4 })?))
    }

    /// Two pods of which one or both have no address.
    #[cold]
    fn without_address(
        &self,
        (from, from_id): (PodEnd, ClassIx),
        (to, to_id): (PodEnd, ClassIx),
        l4: L4,
    ) -> Option<Verdict> {
        let (a, b) = (self.classes.get(from_id), self.classes.get(to_id));
        let stacks = (self.summaries.get(from_id).stack, self.summaries.get(to_id).stack);
        if from.slot == to.slot {
            return Some(Verdict::Allow); // K19
        }
        let first = |slot| self.candidate(slot, None).map(|end| end.addresses.iter().next());
        let (source, destination) = match stacks {
            (Stack::None, _) | (_, Stack::None) => (first(from.slot)?, first(to.slot)?),
            _ => return None,
        };
        let family = source.or(destination).map_or(Family::V4, Family::of);
        if family == Family::V6 && !self.digest.ipv6 {
            return None;
        }
        let in_scope = settled(self.digest.block_reach.inside());
        let named = Some(to_id);
        let seen = PeerView { class: Some((from_id, a)), address: || source, family, in_scope };
        let ingress = self.run(b, &seen, named, SideQuestion::ingress(l4))?;
        let seen = PeerView { class: Some((to_id, b)), address: || destination, family, in_scope };
        let egress = self.run(a, &seen, named, SideQuestion::egress(l4))?;
        Some(Coarse::verdict(Coarse.and(ingress, egress)))
    }

    /// An end by its slot, with the address that the flow gives it or all of its own.
    fn candidate(&self, slot: SlotIx, address: Option<IpAddr>) -> Option<Candidate<'_>> {
        let identity = self.identity(slot)?;
        let addresses = address.map_or_else(|| self.addresses_of(identity), AddressList::One);
        Some(Candidate {
            identity,
            addresses,
            fixed: address.is_some(),
            written: Written::Object(identity.object_name()?),
        })
    }

    /// A pod and an address outside.
    fn outside(&self, class_number: u32, address: IpAddr, asked: SideQuestion) -> Option<Verdict> {
        let (id, class) = self.classes.find_number(class_number)?;
        let family = Family::of(address);
        if class.host_network || is_internal_cloud(address) || (family == Family::V6 && !self.digest.ipv6) {
            return None;
        }
        let named = if asked.direction == Direction::Ingress { Some(id) } else { None };
        let peer =
            PeerView { class: None, address: || Some(address), family, in_scope: self.scope_of_outside(address) };
        Some(Coarse::verdict(self.run(class, &peer, named, asked)?))
    }

    /// C9, of an address that nobody known has.
    pub(super) fn scope_of_outside(&self, address: IpAddr) -> MustMay {
        reached_outside(&Coarse, self.digest.block_reach.outside(&self.profile, address))
    }

    /// The run through one side's entries; `named` is the class whose names for ports count (K12).
    #[inline]
    pub(super) fn run<A: Fn() -> Option<IpAddr>>(
        &self,
        subject: &Class,
        peer: &PeerView<'_, A>,
        named: Option<ClassIx>,
        SideQuestion { direction, l4 }: SideQuestion,
    ) -> Option<MustMay> {
        let side = subject.side(direction);
        let open = match side.isolation {
            Isolation::NotIsolated => return Some(YES),
            Isolation::Isolated => false,
            Isolation::IsolatedOpen => true,
            Isolation::AskPolicies => return None,
        };
        let mut sum = MustMay { must: false, may: open };
        match protocol(&Coarse, l4, || self.digest.sctp_open, || self.digest.other_protocols) {
            ProtocolStands::Pass => return Some(YES),
            ProtocolStands::Filtered { anyway, rules } => {
                sum = Coarse.or(sum, anyway);
                if !rules.must {
                    // Rules are not asked, or under a reading under which not everything passes.
                    return Some(sum);
                }
            }
        }
        let number_of = match l4 {
            L4::Port(protocol, port) => Some((protocol, port)),
            L4::Icmp | L4::Other(_) => None,
        };
        for entry in self.entries.slice(side.first, side.len) {
            let by_span = match (entry.ports, number_of) {
                (EntryPorts::Any, _) => true,
                (_, None) => false,
                (EntryPorts::Span { protocol: of, first, last }, Some((protocol, port))) => {
                    (of == protocol) & (first <= port.get()) & (port.get() <= last)
                }
                // Names take the longest to look up: after the peer.
                (EntryPorts::Table(_), Some(_)) => true,
            };
            if !by_span {
                continue;
            }
            let peers = match entry.peer {
                EntryPeer::Any => YES,
                EntryPeer::Open => OPEN,
                EntryPeer::Pods { namespaces, pods } => settled(peer.class.is_some_and(|(id, class)| {
                    let there = match namespaces {
                        PeerNamespaces::Own(namespace) => namespace == class.namespace,
                        PeerNamespaces::Matching(selector) => match by_bloom(class.namespace_bloom, selector) {
                            Some(holds) => holds,
                            None => self.details.get(id).namespace_matches.holds(selector, &self.namespace_selectors),
                        },
                    };
                    there
                        && match by_bloom(class.pod_bloom, pods) {
                            Some(holds) => holds,
                            None => self.details.get(id).pod_matches.holds(pods, &self.pod_selectors),
                        }
                })),
                EntryPeer::Block(at) if peer.in_scope.may => {
                    let block = self.blocks.get(at);
                    let held = match (peer.address)() {
                        _ if block.family() != peer.family => NO,
                        Some(address) => settled(block.holds(number(address))),
                        None if self.digest.unaddressed == UnaddressedPod::Never => NO,
                        None => match self.possible.first()?.share(peer.family, block) {
                            Share::None => NO,
                            Share::Some => OPEN,
                            Share::All => YES,
                        },
                    };
                    Coarse.and(held, peer.in_scope)
                }
                EntryPeer::Block(_) => NO,
            };
            let both = match (entry.ports, number_of) {
                (EntryPorts::Table(at), Some(number)) if peers.may => {
                    Coarse.and(peers, self.by_table(at, number, named))
                }
                _ => peers,
            };
            sum = Coarse.or(sum, both);
            if sum.must {
                break;
            }
        }
        Some(sum)
    }

    fn by_table(&self, at: PortTableIx, (protocol, port): (Protocol, Port), named: Option<ClassIx>) -> MustMay {
        let table: &PortTable = self.ports.get(at);
        match (table.covered(protocol, port), self.digest.end_port) {
            (Covered::Yes, _) | (Covered::ByRange, EndPort::Supported) => YES,
            _ if named.is_some_and(|class| table.names(protocol, port, &self.details.get(class).key.named)) => YES,
            (Covered::ByRange, EndPort::Unknown) => OPEN,
            _ => NO,
        }
    }

    /// Any question at all.
    fn question_verdict(&self, question: &Question<'_>) -> Verdict {
        verdict(self, question, &Settings::new(self.profile.capabilities()))
    }
}
