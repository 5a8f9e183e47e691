//! One side of a flow by the compiled policies, in the order of SEMANTICS section 1: exact, for any ends and any
//! setting of the profile's rows. `fast_path` answers the common questions faster.

use std::cell::Cell;
use std::net::IpAddr;

use crate::engine::blocks::{Share, number};
use crate::engine::ids::BlockIx;
use crate::engine::kleene::{Bounds, Open, Truth};
use crate::engine::ports::Covered;
use crate::engine::resolve::{EndIdentity, ResolvedEnd};
use crate::engine::rules::{CompiledPeer, CompiledPeers, CompiledPolicy, CompiledRule, PeerNamespaces};
use crate::engine::tables::Tables;
use crate::model::flow::L4;
use crate::name::Direction;
use crate::net::{Family, Protocol};
use crate::profile::capability::{
    Capabilities, EndPort, HostNetwork, IpBlockScope, OtherProtocols, OutsideBackend, OwnNode, OwnNodeEgress,
    ServiceHairpin, Support, UnaddressedPod, Unowned,
};
use crate::profile::row::{Row, Rows};
use crate::verdict::{Failed, Verdict};

/// One connection: its two ends as they meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'t> {
    pub(super) source: ResolvedEnd<'t>,
    pub(super) destination: ResolvedEnd<'t>,
    pub(super) l4: L4,
    pub(super) service: ByService,
}

/// Whether the flow was sent to a ClusterIP.
#[derive(Debug, Clone, Copy)]
pub(super) enum ByService {
    No,
    /// Yes; unknown to which where its manifest has none yet.
    Yes(Option<IpAddr>),
}

impl Question<'_> {
    /// The one family of the flow (K22); none where nothing has an address.
    fn family(&self) -> Option<Family> {
        let sent_to = match self.service {
            ByService::No => None,
            ByService::Yes(address) => address,
        };
        self.source.address.or(self.destination.address).or(sent_to).map(Family::of)
    }

    /// How hostNetwork pods are read; where neither end is one, nobody asks (U2).
    pub(super) fn hosts(&self, capabilities: &Capabilities, asked: &AskedRows) -> HostNetwork {
        if !self.source.identity.is_host_network() && !self.destination.identity.is_host_network() {
            return HostNetwork::Node;
        }
        asked.note(Row::U2);
        capabilities.host_network
    }

    fn ends(&self, direction: Direction) -> (&ResolvedEnd<'_>, &ResolvedEnd<'_>) {
        match direction {
            Direction::Egress => (&self.source, &self.destination),
            Direction::Ingress => (&self.destination, &self.source),
        }
    }
}

/// The rows that a judgement has asked for.
#[derive(Default)]
pub(super) struct AskedRows(Cell<Rows>);

impl AskedRows {
    fn note(&self, row: Row) {
        self.0.set(self.0.get().union(row.into()));
    }

    pub(super) fn rows(&self) -> Rows {
        self.0.get()
    }
}

/// Which of the two permitted behaviours hostNetwork pods have (K17, U2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostReading {
    Node,
    Pod,
}

/// The tables under one setting of the rows; remembers which rows were asked.
#[derive(Clone, Copy)]
pub(super) struct View<'t> {
    pub(super) tables: &'t Tables,
    pub(super) capabilities: &'t Capabilities,
    pub(super) host: HostReading,
    pub(super) asked: &'t AskedRows,
}

/// Why a side answers, before it is put into a [`Reason`](crate::verdict::Reason).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    NoSubject,
    Hairpin,
    NotEnforced(Row),
    NotIsolated,
    OwnNode,
    ExemptRange,
    Unfiltered,
    /// The rules, and what is open, decide.
    Judged,
}

/// Who listens to the rules while a side is judged.
pub(super) trait Listener<'t> {
    /// Policies that isolate the subject.
    fn isolated_by(&mut self, policies: &[&'t CompiledPolicy]);
    /// A rule that admits the flow whatever is open.
    fn admitted(&mut self, policy: &'t CompiledPolicy, rule: usize);
    /// A rule of which one half failed.
    fn near(&mut self, policy: &'t CompiledPolicy, rule: usize, failed: Failed);
    /// Whether the first rule that admits is enough.
    const FIRST_IS_ENOUGH: bool;
}

/// Nobody listens.
pub(super) struct Nobody;

impl<'t> Listener<'t> for Nobody {
    fn isolated_by(&mut self, _: &[&'t CompiledPolicy]) {}
    fn admitted(&mut self, _: &'t CompiledPolicy, _: usize) {}
    fn near(&mut self, _: &'t CompiledPolicy, _: usize, _: Failed) {}
    const FIRST_IS_ENOUGH: bool = true;
}

impl<'t> View<'t> {
    /// A setting of `row`, which counts as asked from now on.
    fn ask<T>(&self, row: Row, setting: impl Fn(&Capabilities) -> T) -> T {
        self.asked.note(row);
        setting(self.capabilities)
    }

    /// A pod that policies can select and isolate (K16, K17, K24).
    fn is_pod(&self, identity: EndIdentity<'_>) -> bool {
        identity.class().is_some_and(|class| !class.key.host_network || self.host == HostReading::Pod)
    }

    /// One side; a plain hairpin passes before anything is asked (K19).
    pub(super) fn side<T: Truth>(
        &self,
        question: &Question<'t>,
        direction: Direction,
        listener: &mut impl Listener<'t>,
    ) -> (T, Why) {
        let passes = |why| (T::yes(), why);
        let by_service = matches!(question.service, ByService::Yes(_));
        let same_pod = question.source.identity.is_same_pod(question.destination.identity);
        if same_pod && !by_service {
            return passes(Why::Hairpin);
        }
        let (subject, peer) = question.ends(direction);
        let Some(class) = subject.identity.class().filter(|_| self.is_pod(subject.identity)) else {
            return passes(Why::NoSubject); // K17, K24
        };

        let mut open = T::no();
        let mut enforced = |row, support| match support {
            Support::Supported => false,
            Support::Unsupported => true,
            Support::Unknown => {
                open = open.clone().or(T::row(row));
                false
            }
        };
        if enforced(Row::C1, self.ask(Row::C1, |c| c.enforcement)) {
            return passes(Why::NotEnforced(Row::C1));
        }
        let (row, support) = match direction {
            Direction::Ingress => (Row::C2, self.ask(Row::C2, |c| c.ingress)),
            Direction::Egress => (Row::C3, self.ask(Row::C3, |c| c.egress)),
        };
        if enforced(row, support) {
            return passes(Why::NotEnforced(row));
        }
        if question.family() == Some(Family::V6) && enforced(Row::C7, self.ask(Row::C7, |c| c.ipv6)) {
            return passes(Why::NotEnforced(Row::C7));
        }

        let namespace = self.tables.namespace(class.key.namespace);
        let isolating = |policy: &&'t CompiledPolicy| {
            policy.source.isolates(direction) && class.pod_matches.holds(policy.subject, &self.tables.pod_selectors)
        };
        let policies = namespace.policies.iter().map(|policy| &**policy).filter(isolating);
        if policies.clone().next().is_none() {
            return passes(Why::NotIsolated); // K1
        }

        let own_node = self.tables.is_own_node(subject, peer);
        if direction == Direction::Ingress && own_node {
            match self.ask(Row::C13, |c| c.own_node) {
                OwnNode::Supported | OwnNode::EgressJudged => return passes(Why::OwnNode), // K18
                OwnNode::Unsupported => {}
                OwnNode::Unknown => open = open.or(T::row(Row::C13)),
            }
        }
        if self.is_internal_cloud(peer) {
            match (direction, self.ask(Row::C11, |c| c.internal_cloud)) {
                (_, Support::Supported) => {}
                (Direction::Egress, Support::Unsupported) => return passes(Why::ExemptRange),
                _ => open = open.or(T::row(Row::C11)),
            }
        }
        if direction == Direction::Egress && own_node && self.ask(Row::C13, |c| c.own_node) != OwnNode::EgressJudged {
            match self.ask(Row::U3, |c| c.own_node_egress) {
                OwnNodeEgress::Exempt => return passes(Why::OwnNode),
                OwnNodeEgress::Judged => {}
                OwnNodeEgress::Unknown => open = open.or(T::row(Row::U3)),
            }
        }
        if by_service && same_pod {
            match self.ask(Row::U4, |c| c.service_hairpin) {
                ServiceHairpin::Allowed => return passes(Why::Hairpin),
                ServiceHairpin::Judged => {}
                ServiceHairpin::Unknown => open = open.or(T::row(Row::U4)),
            }
        }
        if class.key.secure && self.ask(Row::C8, |c| c.secure_containers) != Support::Supported {
            open = open.or(T::row(Row::C8));
        }
        // C6: the subject's own node; no node or no system known counts as supported.
        let node =
            subject.identity.node().and_then(|name| self.tables.node_entry(name)).and_then(|entry| entry.node.as_ref());
        if let Some(image) = node.and_then(|node| node.os_image.as_deref()) {
            if !self.ask(Row::C6, |c| c.node_os.supports(image, direction)) {
                open = open.or(T::row(Row::C6));
            }
        }

        let ruled = match question.l4 {
            L4::Port(Protocol::Sctp, _) if self.ask(Row::C12, |c| c.sctp) != Support::Supported => {
                open = open.or(T::row(Row::C12));
                false
            }
            L4::Port(_, _) => true,
            L4::Icmp | L4::Other(_) => match self.ask(Row::U1, |c| c.other_protocols) {
                OtherProtocols::Unfiltered => return passes(Why::Unfiltered),
                OtherProtocols::Portless => true,
                OtherProtocols::Denied => false,
                OtherProtocols::Unknown => {
                    open = open.or(T::row(Row::U1));
                    false
                }
            },
        };
        let mut value = open;
        for policy in policies.filter(|_| ruled) {
            for (at, rule) in policy.rules(direction).iter().enumerate() {
                let (ports, peers) = self.rule::<T>(question, direction, rule);
                match (ports.is_no(), peers.is_no()) {
                    (true, true) => {}
                    (true, false) => listener.near(policy, at, Failed::Port),
                    (false, true) => listener.near(policy, at, Failed::Peer),
                    (false, false) => {
                        let both = ports.and(peers);
                        if both.is_yes() {
                            listener.admitted(policy, at);
                        }
                        value = value.or(both);
                    }
                }
                if Self::is_enough(listener, &value) {
                    return (value, Why::Judged);
                }
            }
        }
        if !value.is_yes() {
            self.tell_isolating(class, namespace, direction, listener);
        }
        (value, Why::Judged)
    }

    fn is_enough<L: Listener<'t>>(_: &L, value: &impl Truth) -> bool {
        L::FIRST_IS_ENOUGH && value.is_yes()
    }

    fn tell_isolating<L: Listener<'t>>(
        &self,
        class: &crate::engine::class::ClassDetail,
        namespace: &'t crate::engine::tables::NamespaceEntry,
        direction: Direction,
        listener: &mut L,
    ) {
        if !L::FIRST_IS_ENOUGH {
            let all =
                namespace.selecting(&class.pod_matches, &self.tables.pod_selectors).into_iter().map(|policy| &**policy);
            let policies: Vec<&CompiledPolicy> = all.filter(|policy| policy.source.isolates(direction)).collect();
            listener.isolated_by(&policies);
        }
    }

    /// 100.125.0.0/16, where no pod owns the address; a hostNetwork pod's is its node's (C11).
    fn is_internal_cloud(&self, peer: &ResolvedEnd<'_>) -> bool {
        matches!(peer.address, Some(IpAddr::V4(address)) if address.octets().starts_with(&[100, 125]))
            && !self.is_pod(peer.identity)
    }

    /// What the ports of a rule say, and what its peers say.
    fn rule<T: Truth>(&self, question: &Question<'t>, direction: Direction, rule: &CompiledRule) -> (T, T) {
        let ports: T = self.ports(question, rule);
        let peers = match &rule.peers {
            CompiledPeers::Any => T::yes(), // K6
            CompiledPeers::Of(entries) => {
                let mut sum = T::no();
                for peer in entries {
                    sum = sum.or(self.peer(question, direction, *peer, ports.rows()));
                    if sum.is_yes() {
                        break;
                    }
                }
                sum
            }
        };
        (ports, peers)
    }

    fn ports<T: Truth>(&self, question: &Question<'t>, rule: &CompiledRule) -> T {
        let table = self.tables.ports.get(rule.ports);
        let L4::Port(protocol, port) = question.l4 else {
            // U1 `portless`: a rule without `ports` matches other protocols, any other rule does not.
            return T::is(matches!(**table, crate::engine::ports::PortTable::Any));
        };
        let by_number = table.covered(protocol, port);
        if by_number == Covered::Yes {
            return T::yes();
        }
        // K12: on the destination pod, by name and protocol; never on a hostNetwork pod.
        let destination = question.destination.identity;
        let named = destination.class().filter(|_| self.is_pod(destination)).map_or(&[][..], |class| &class.key.named);
        if table.names(protocol, port, named) {
            return T::yes();
        }
        match by_number {
            Covered::ByRange => match self.ask(Row::C14, |c| c.end_port) {
                EndPort::Supported => T::yes(),
                EndPort::SinglePort => T::no(),
                EndPort::Unknown => T::row(Row::C14),
            },
            Covered::No | Covered::Yes => T::no(),
        }
    }

    fn peer<T: Truth>(&self, question: &Question<'t>, direction: Direction, peer: CompiledPeer, ports: Rows) -> T {
        let (_, end) = question.ends(direction);
        let sent_to = match (direction, question.service) {
            (Direction::Egress, ByService::Yes(address)) => Some(address),
            _ => None,
        };
        match peer {
            CompiledPeer::Pods { namespaces, pods } => {
                let behind_service = sent_to.is_some() && !matches!(end.identity, EndIdentity::External);
                if behind_service && self.ask(Row::C10, |c| c.cluster_ip) != Support::Supported {
                    return T::row(Row::C10);
                }
                let Some(class) = end.identity.class().filter(|_| self.is_pod(end.identity)) else { return T::no() };
                let there = match namespaces {
                    PeerNamespaces::Own(namespace) => namespace == class.key.namespace,
                    PeerNamespaces::Matching(id) => class.namespace_matches.holds(id, &self.tables.namespace_selectors),
                };
                T::is(there && class.pod_matches.holds(pods, &self.tables.pod_selectors))
            }
            CompiledPeer::Block(block) => {
                let (row, support) = match direction {
                    Direction::Ingress => (Row::C4, self.ask(Row::C4, |c| c.ingress_ip_block)),
                    Direction::Egress => (Row::C5, self.ask(Row::C5, |c| c.egress_ip_block)),
                };
                if support != Support::Supported {
                    return T::row(row);
                }
                let block_match = BlockMatch { view: self, question, direction, block, ports };
                match sent_to {
                    None => block_match.end(end),
                    Some(address) => block_match.behind_service(address, end),
                }
            }
        }
    }
}

/// Both sides of one question by the coarse grain, with the rows set so; `asked` grows by the rows that were asked.
pub(super) fn verdict_under<'t>(
    tables: &'t Tables,
    question: &Question<'t>,
    capabilities: &'t Capabilities,
    asked: &'t AskedRows,
) -> Verdict {
    let under = |host| {
        let view = View { tables, capabilities, host, asked };
        let (egress, _) = view.side::<Bounds>(question, Direction::Egress, &mut Nobody);
        let (ingress, _) = view.side::<Bounds>(question, Direction::Ingress, &mut Nobody);
        egress.and(ingress).verdict()
    };
    match question.hosts(capabilities, asked) {
        HostNetwork::Node => under(HostReading::Node),
        HostNetwork::Pod => under(HostReading::Pod),
        HostNetwork::Unknown => {
            let (node, pod) = (under(HostReading::Node), under(HostReading::Pod));
            if node == pod { node } else { Verdict::Undefined }
        }
    }
}

/// One side of one question by the coarse grain, hostNetwork pods read as the profile reads them.
pub(super) fn side_under(tables: &Tables, question: &Question<'_>, direction: Direction) -> Verdict {
    let asked = AskedRows::default();
    let capabilities = tables.profile.capabilities();
    let under = |host| {
        let view = View { tables, capabilities, host, asked: &asked };
        view.side::<Bounds>(question, direction, &mut Nobody).0.verdict()
    };
    match question.hosts(capabilities, &asked) {
        HostNetwork::Node => under(HostReading::Node),
        HostNetwork::Pod => under(HostReading::Pod),
        HostNetwork::Unknown => {
            let (node, pod) = (under(HostReading::Node), under(HostReading::Pod));
            if node == pod { node } else { Verdict::Undefined }
        }
    }
}

/// One block block_match against one end (K14, K15, C9, C10, U5, U6).
struct BlockMatch<'a, 't> {
    view: &'a View<'t>,
    question: &'a Question<'t>,
    direction: Direction,
    block: BlockIx,
    ports: Rows,
}

impl BlockMatch<'_, '_> {
    fn open<T: Truth>(&self, row: Row) -> T {
        T::open(Open::peer(row, self.direction, self.ports))
    }

    fn holds(&self, address: IpAddr) -> bool {
        self.view.tables.blocks.get(self.block).holds(number(address))
    }

    fn scope(&self) -> IpBlockScope {
        self.view.ask(Row::C9, |c| c.ip_block_scope)
    }

    fn behind_service<T: Truth>(&self, cluster_address: Option<IpAddr>, end: &ResolvedEnd<'_>) -> T {
        // A ClusterIP is in the cluster (C9).
        let before = |address| T::is(self.holds(address) && self.scope() != IpBlockScope::OutsideCluster);
        if matches!(end.identity, EndIdentity::External) {
            return match self.view.ask(Row::U5, |c| c.outside_backend) {
                OutsideBackend::After => self.end(end),
                OutsideBackend::Before => cluster_address.map_or_else(|| self.open(Row::U5), before),
                OutsideBackend::Unknown => {
                    let after: T = self.end(end);
                    match cluster_address.map(before) {
                        Some(before) if before == after => after,
                        _ => self.open(Row::U5),
                    }
                }
            };
        }
        if self.view.ask(Row::C10, |c| c.cluster_ip) == Support::Supported {
            return self.end(end);
        }
        // C10: over the ClusterIP it matches, over the backend only nobody knows.
        match cluster_address {
            Some(address) if before(address).is_yes() => T::yes(),
            Some(_) => self.end::<T>(end).and(T::row(Row::C10)),
            None => T::row(Row::C10),
        }
    }

    /// Against the address that an end has, or may have.
    fn end<T: Truth>(&self, end: &ResolvedEnd<'_>) -> T {
        let admitted: T = match end.address {
            Some(address) => T::is(self.holds(address)),
            None => self.unaddressed(end.identity),
        };
        if admitted.is_no() { admitted } else { admitted.and(self.in_scope(end)) }
    }

    /// C9: whether blocks reach this end at all.
    fn in_scope<T: Truth>(&self, end: &ResolvedEnd<'_>) -> T {
        let scope = self.scope();
        if scope == IpBlockScope::Any {
            return T::yes();
        }
        let profile = &self.view.tables.profile;
        let in_cluster = match (end.identity, end.address) {
            (EndIdentity::External, Some(address))
                if !profile.service_cidrs().iter().any(|cidr| cidr.contains(address)) =>
            {
                let in_pod_cidrs = profile.pod_cidrs().iter().any(|cidr| cidr.contains(address));
                if in_pod_cidrs && self.view.capabilities.unowned_pod_address == Unowned::Unknown {
                    return T::row(Row::C9);
                }
                in_pod_cidrs
            }
            _ => true,
        };
        T::is(in_cluster == (scope == IpBlockScope::InsideCluster))
    }

    /// U6: a pod without an address may have any of the pod CIDRs', or any at all; a hostNetwork pod's is its node's.
    fn unaddressed<T: Truth>(&self, identity: EndIdentity<'_>) -> T {
        if self.view.ask(Row::U6, |c| c.unaddressed_pod) == UnaddressedPod::Never {
            return T::no();
        }
        let [of_pods, of_hosts] = &*self.view.tables.possible;
        let possible = if identity.is_host_network() { of_hosts } else { of_pods };
        let family = self.question.family().unwrap_or(Family::V4);
        match possible.share(family, self.view.tables.blocks.get(self.block)) {
            Share::None => T::no(),
            Share::All => T::yes(),
            Share::Some => self.open(Row::U6),
        }
    }
}
