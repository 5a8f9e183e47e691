//! The choices that enter in both senses (U2, U5, U7, U8, U9), read one way after the other.

use crate::engine::ends::end::ResolvedEnd;
use crate::engine::ends::node_relation::{OwnNode, Place, Spot, may_agree};
use crate::engine::ends::sent::{PassedOn, Sent};
use crate::engine::judge::choice::Choice;
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::passers::{Passer, passers};
use crate::engine::judge::variants::{Guise, Variants, pairs};
use crate::engine::tables::class::ClassDetail;
use crate::name::Direction;
use crate::profile::capability::{HostNetwork, Rewritten, SeenSource, UnsaidNode};
use crate::profile::row::Row;

/// What hostNetwork pods are (K17, U2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostPods {
    Nodes,
    Pods,
}

/// The readings that both sides of a connection share.
#[derive(Clone, Copy)]
pub(super) struct SharedReading<'t> {
    host_pods: HostPods,
    /// As what policies see the ends.
    source: Option<Guise<'t>>,
    destination: Option<Guise<'t>>,
    /// All that the destination may be.
    destinations: &'t Variants<'t>,
    /// On which node the ends are, of those that the flow meets, where they do not say.
    source_at: Option<Spot<'t>>,
    destination_at: Option<Spot<'t>>,
    /// Whether two of which neither says anything are on one that the flow does not meet.
    on_one: bool,
    /// Each choice but that of labels is read the first way.
    is_first: bool,
}

/// Whom a side sees at the other end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'t> {
    /// The other end itself; of a destination, after translation.
    End,
    /// What was sent to, before translation (U5).
    SentTo,
    /// A node that passed the connection on (U9).
    Passer(ResolvedEnd<'t>),
}

/// One way to read everything that one side asks for.
#[derive(Clone, Copy)]
pub(super) struct Reading<'t> {
    shared: SharedReading<'t>,
    pub(super) seen: Seen<'t>,
    /// Whom it sees is the subject's own node.
    pub(super) is_own_node: bool,
    /// The subject's node, where its name is known.
    pub(super) node: Option<&'t str>,
    /// Each choice is read the first way but those of labels and of whom ingress sees, which have no order.
    pub(super) is_first: bool,
}

impl<'t> SharedReading<'t> {
    /// The class by which policies can select and isolate an end: a pod's, a workload's (K16, K17, K24).
    fn pod(&self, guise: Option<Guise<'t>>) -> Option<Guise<'t>> {
        guise.filter(|guise| !guise.class.key.host_network || self.host_pods == HostPods::Pods)
    }

    fn destination(&self) -> Option<&'t ClassDetail> {
        self.pod(self.destination).map(|guise| guise.class)
    }

    fn at(&self, direction: Direction) -> Option<Spot<'t>> {
        if direction == Direction::Egress { self.source_at } else { self.destination_at }
    }
}

impl<'t> Reading<'t> {
    pub(super) fn destination(&self) -> Option<&'t ClassDetail> {
        self.shared.destination()
    }

    pub(super) fn subject(&self, direction: Direction) -> Option<Guise<'t>> {
        let guise = if direction == Direction::Egress { self.shared.source } else { self.shared.destination };
        self.shared.pod(guise)
    }

    /// Of the end that the side sees.
    pub(super) fn peer(&self, direction: Direction) -> Option<&'t ClassDetail> {
        match self.seen {
            Seen::End => self.subject(opposite(direction)).map(|guise| guise.class),
            Seen::SentTo | Seen::Passer(_) => None,
        }
    }
}

fn opposite(direction: Direction) -> Direction {
    if direction == Direction::Egress { Direction::Ingress } else { Direction::Egress }
}

/// Where an end may be that does not say: elsewhere, or on one of at most two nodes that the flow meets.
type Spots<'t> = [Option<Option<Spot<'t>>>; 3];

/// All readings of what a question asks for. A verdict is put together of those that both sides share, and under each of these
/// of those of either side.
pub(super) struct Readings<'t> {
    host_pods: &'static [HostPods],
    source: Variants<'t>,
    destination: Variants<'t>,
    source_at: Spots<'t>,
    destination_at: Spots<'t>,
    on_one: &'static [bool],
}

impl<'t> Readings<'t> {
    pub(super) fn of<L: Logic>(evaluation: Evaluation<'_, 't, L>) -> Self {
        let Evaluation { settings, question, .. } = evaluation;
        let (source, destination) = (&question.source, &question.destination);
        let host_pods: &[HostPods] = if source.identity.is_host_network() || destination.identity.is_host_network() {
            match settings.ask(Row::U2, |c| c.host_network) {
                HostNetwork::Node => &[HostPods::Nodes],
                HostNetwork::Pod => &[HostPods::Pods],
                HostNetwork::Unknown => &[HostPods::Nodes, HostPods::Pods],
            }
        } else {
            &[HostPods::Nodes]
        };
        let on_one = evaluation.may_be_on_one() && evaluation.nodes_are_open();
        Self {
            host_pods,
            source: Variants::of(evaluation, source, destination, None),
            destination: Variants::of(evaluation, destination, source, question.asked),
            source_at: evaluation.spots(source, destination),
            destination_at: evaluation.spots(destination, source),
            on_one: if on_one { &[false, true] } else { &[false] },
        }
    }

    /// What `judge` says under each of the readings that both sides share, put together.
    pub(super) fn put_together<'s, L: Logic>(
        &'s self,
        logic: &L,
        mut judge: impl FnMut(SharedReading<'s>) -> L::Truth,
    ) -> L::Truth
    where
        't: 's,
    {
        let spots = |spots: &'s Spots<'t>| spots.iter().copied().flatten().enumerate();
        let truth = Choice::HostPods.over(logic, self.host_pods.iter().copied().enumerate(), |host_pods| {
            Choice::SourceLabels.over(logic, pairs(&self.source, &self.destination), |(source, destinations)| {
                Choice::DestinationLabels.over(logic, destinations, |destination| {
                    Choice::SourceNode.over(logic, spots(&self.source_at), |source_at| {
                        Choice::DestinationNode.over(logic, spots(&self.destination_at), |destination_at| {
                            Choice::OneNode.over(logic, self.on_one.iter().copied().enumerate(), |on_one| {
                                let is_first = self.host_pods.first() == Some(&host_pods)
                                    && source_at.is_none()
                                    && destination_at.is_none()
                                    && !on_one;
                                judge(SharedReading {
                                    host_pods,
                                    source,
                                    destination,
                                    destinations: &self.destination,
                                    source_at,
                                    destination_at,
                                    on_one,
                                    is_first,
                                })
                            })
                        })
                    })
                })
            })
        });
        truth.unwrap_or(L::NO)
    }
}

impl<'t, L: Logic> Evaluation<'_, 't, L> {
    /// Whether what nobody says of an end's node is read both ways (U8).
    fn nodes_are_open(&self) -> bool {
        self.settings.ask(Row::U8, |c| c.unsaid_node) == UnsaidNode::Unknown
    }

    /// Whether it matters on which node the ends are.
    fn meets_nodes(&self) -> bool {
        let is_face = matches!(self.question.sent, Sent::Face { end, .. } if end.is_node());
        self.question.source.is_node() || self.question.destination.is_node() || is_face
    }

    fn may_be_on_one(&self) -> bool {
        let (source, destination) = (&self.question.source, &self.question.destination);
        if !source.is_node() && !destination.is_node() {
            return false;
        }
        match (self.tables.place(source), self.tables.place(destination)) {
            (Place::Unsaid(one), Place::Unsaid(other)) => may_agree(one, other),
            _ => false,
        }
    }

    /// Where an end may be: the other end's node, and the one that was sent to.
    fn spots(&self, end: &ResolvedEnd<'t>, other: &ResolvedEnd<'t>) -> Spots<'t> {
        let mut spots: Spots<'t> = [Some(None), None, None];
        let Place::Unsaid(selector) = self.tables.place(end) else { return spots };
        if !self.meets_nodes() || !end.identity.is_object() {
            return spots;
        }
        let face = match self.question.sent {
            Sent::Face { end, .. } if end.is_node() => Some(end),
            _ => None,
        };
        let mut found: [Option<Spot<'t>>; 2] = [None, None];
        for (place, at) in found.iter_mut().zip([Some(*other), face]) {
            *place = match at.map(|at| self.tables.place(&at)) {
                Some(Place::At(spot)) if self.tables.admits(selector, spot) => Some(spot),
                _ => None,
            };
        }
        let [first, second] = found;
        let second = second.filter(|_| second != first);
        if (first.is_some() || second.is_some()) && self.nodes_are_open() {
            let mut left = first.into_iter().chain(second);
            spots = [Some(None), left.next().map(Some), left.next().map(Some)];
        }
        spots
    }

    /// What `judge` says under each of the readings of one side, put together.
    pub(super) fn of_side(
        &self,
        direction: Direction,
        shared: SharedReading<'t>,
        judge: impl FnMut(Reading<'t>) -> L::Truth,
    ) -> L::Truth {
        match direction {
            Direction::Egress => self.of_egress(shared, judge),
            Direction::Ingress => self.of_ingress(shared, judge),
        }
    }

    fn of_egress(&self, shared: SharedReading<'t>, mut judge: impl FnMut(Reading<'t>) -> L::Truth) -> L::Truth {
        let rewritten = match self.question.sent {
            Sent::Face { .. } => self.settings.ask(Row::U5, |c| c.face),
            _ if self.question.is_to_outside_backend() => self.settings.ask(Row::U5, |c| c.outside_backend),
            _ => Rewritten::After,
        };
        let seen: &[Seen<'t>] = match rewritten {
            Rewritten::After => &[Seen::End],
            Rewritten::Before => &[Seen::SentTo],
            Rewritten::Unknown => &[Seen::End, Seen::SentTo],
        };
        let truth = Choice::Destination.over(self.logic, seen.iter().copied().enumerate().enumerate(), |(at, seen)| {
            let reading = self.reading(shared, Direction::Egress, seen, None);
            judge(Reading { is_first: shared.is_first && at == 0, ..reading })
        });
        truth.unwrap_or(L::NO)
    }

    fn of_ingress(&self, shared: SharedReading<'t>, mut judge: impl FnMut(Reading<'t>) -> L::Truth) -> L::Truth {
        let client = self.reading(shared, Direction::Ingress, Seen::End, None);
        let (face, passed_on) = match self.question.sent {
            Sent::Face { end, passed_on, .. } if passed_on != PassedOn::Never => (end, passed_on),
            _ => return judge(client),
        };
        let seen = self.settings.ask(Row::U9, |c| c.seen_source);
        if seen == SeenSource::Client {
            return judge(client);
        }
        let client = (seen == SeenSource::Unknown).then_some(None);
        let passers = passers(self, shared.destinations, face, passed_on);
        let sources = client.into_iter().chain(passers.iter().map(Some));
        let truth = Choice::Source.over(self.logic, sources.enumerate(), |source| {
            judge(match source {
                None => self.reading(shared, Direction::Ingress, Seen::End, None),
                Some(Passer { end, is_own }) => self.reading(shared, Direction::Ingress, Seen::Passer(*end), *is_own),
            })
        });
        truth.unwrap_or(L::NO)
    }

    /// `is_own` where U9's reading says whether a node is the subject's own.
    fn reading(
        &self,
        shared: SharedReading<'t>,
        direction: Direction,
        seen: Seen<'t>,
        is_own: Option<bool>,
    ) -> Reading<'t> {
        let (subject, other) = self.question.ends(direction);
        let peer = match (seen, self.question.sent) {
            (Seen::Passer(passer), _) => passer,
            (Seen::SentTo, Sent::Face { end, .. }) => end,
            (Seen::SentTo, _) => ResolvedEnd::OUTSIDE,
            (Seen::End, _) => *other,
        };
        let is_own_node = is_own.unwrap_or_else(|| match self.tables.own_node(subject, &peer) {
            OwnNode::Known(known) => known,
            OwnNode::IfSubjectIsAt(spot) => shared.at(direction) == Some(spot),
            OwnNode::IfPeerIsAt(spot) => shared.at(opposite(direction)) == Some(spot),
            OwnNode::IfOnOne => match (shared.source_at, shared.destination_at) {
                (None, None) => shared.on_one,
                (one, other) => one == other,
            },
        });
        let node = || match (self.tables.place(subject), self.tables.place(&peer)) {
            (Place::At(spot), _) => Some(spot),
            (_, Place::At(spot)) if is_own_node => Some(spot),
            _ => None,
        };
        let node = if subject.node().is_some() { subject.node() } else { node().and_then(Spot::name) };
        Reading { shared, seen, is_own_node, node, is_first: shared.is_first }
    }
}
