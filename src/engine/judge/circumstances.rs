//! What lets everything pass before a rule is asked, in the order of SEMANTICS section 1.

use crate::engine::judge::logic::Logic;
use crate::engine::judge::settings::Settings;
use crate::model::flow::L4;
use crate::name::Direction;
use crate::net::Protocol;
use crate::profile::capability::{Capabilities, OtherProtocols, OwnNode, OwnNodeEgress, ServiceHairpin, Support};
use crate::profile::row::Row;

/// What is known of a side: of a class alone while policies are compiled, of a class and its peer while a connection is
/// judged. A relation that only two ends can have does not hold of one.
pub(in crate::engine) trait Side {
    fn direction(&self) -> Direction;
    /// A pod that policies can isolate (K17, K24).
    fn is_subject(&self) -> bool;
    /// Policies isolate the subject for the direction (K1).
    fn is_isolated(&self) -> bool;
    /// The subject is a secure container (C8).
    fn is_secure(&self) -> bool;
    /// The subject's node may not enforce the direction (C6).
    fn may_lack_enforcement(&self, capabilities: &Capabilities) -> bool;

    /// The subject reaches itself (K19), by way of a Service or without one.
    fn hairpin(&self) -> Hairpin {
        Hairpin::No
    }
    fn is_ipv6(&self) -> bool {
        false
    }
    /// The peer is the subject's own node (K18).
    fn is_with_own_node(&self) -> bool {
        false
    }
    /// The peer is in 100.125.0.0/16, and no pod (C11).
    fn is_with_internal_cloud(&self) -> bool {
        false
    }
}

/// Whether a pod reaches itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Hairpin {
    No,
    Plain,
    ByService,
}

/// Why a side passes, before it is put into a [`Reason`](crate::verdict::Reason): in the order of the judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::engine) enum Passes {
    Hairpin,
    NoSubject,
    NotEnforced(Row),
    NotIsolated,
    OwnNode,
    ExemptRange,
    Unfiltered,
}

/// How a side stands before its rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Circumstances<T> {
    /// Everything passes, whatever is open.
    Pass(Passes),
    /// It is isolated. `anyway` is what passes without a rule, where something open lets it.
    Isolated { anyway: T },
}

type Setting = fn(&Capabilities) -> Support;

/// The first that applies decides; what is open lets everything pass under one of its readings.
pub(in crate::engine) fn circumstances<L: Logic>(
    logic: &L,
    settings: &Settings<'_>,
    side: &impl Side,
) -> Circumstances<L::Truth> {
    use Circumstances::{Isolated, Pass};
    if side.hairpin() == Hairpin::Plain {
        return Pass(Passes::Hairpin);
    }
    if !side.is_subject() {
        return Pass(Passes::NoSubject);
    }

    let mut anyway = L::NO;
    let by_version: (Row, Setting) = match side.direction() {
        Direction::Ingress => (Row::C2, |c| c.ingress),
        Direction::Egress => (Row::C3, |c| c.egress),
    };
    let rows: [(Row, Setting); 3] = [(Row::C1, |c| c.enforcement), by_version, (Row::C7, |c| c.ipv6)];
    for (row, setting) in rows.into_iter().take(if side.is_ipv6() { 3 } else { 2 }) {
        match settings.ask(row, setting) {
            Support::Supported => {}
            Support::Unsupported => return Pass(Passes::NotEnforced(row)),
            Support::Unknown => anyway = logic.or(anyway, logic.open(row)),
        }
    }
    if !side.is_isolated() {
        return Pass(Passes::NotIsolated);
    }

    let exemptions: [(Passes, L::Truth); 4] = [
        (Passes::OwnNode, own_node_ingress(logic, settings, side)),
        (Passes::ExemptRange, internal_cloud(logic, settings, side)),
        (Passes::OwnNode, own_node_egress(logic, settings, side)),
        (Passes::Hairpin, service_hairpin(logic, settings, side)),
    ];
    for (why, exempt) in exemptions {
        if exempt == L::YES {
            return Pass(why);
        }
        anyway = logic.or(anyway, exempt);
    }
    if side.is_secure() && settings.ask(Row::C8, |c| c.secure_containers) != Support::Supported {
        anyway = logic.or(anyway, logic.open(Row::C8));
    }
    if settings.ask(Row::C6, |c| side.may_lack_enforcement(c)) {
        anyway = logic.or(anyway, logic.open(Row::C6));
    }
    Isolated { anyway }
}

/// K18, C13.
fn own_node_ingress<L: Logic>(logic: &L, settings: &Settings<'_>, side: &impl Side) -> L::Truth {
    if side.direction() == Direction::Egress || !side.is_with_own_node() {
        return L::NO;
    }
    match settings.ask(Row::C13, |c| c.own_node) {
        OwnNode::Supported | OwnNode::EgressJudged => L::YES,
        OwnNode::Unsupported => L::NO,
        OwnNode::Unknown => logic.open(Row::C13),
    }
}

/// U3, where C13 leaves it the question.
fn own_node_egress<L: Logic>(logic: &L, settings: &Settings<'_>, side: &impl Side) -> L::Truth {
    if side.direction() == Direction::Ingress
        || !side.is_with_own_node()
        || settings.ask(Row::C13, |c| c.own_node) == OwnNode::EgressJudged
    {
        return L::NO;
    }
    match settings.ask(Row::U3, |c| c.own_node_egress) {
        OwnNodeEgress::Exempt => L::YES,
        OwnNodeEgress::Judged => L::NO,
        OwnNodeEgress::Unknown => logic.open(Row::U3),
    }
}

/// C11.
fn internal_cloud<L: Logic>(logic: &L, settings: &Settings<'_>, side: &impl Side) -> L::Truth {
    if !side.is_with_internal_cloud() {
        return L::NO;
    }
    match (settings.ask(Row::C11, |c| c.internal_cloud), side.direction()) {
        (Support::Supported, _) => L::NO,
        (Support::Unsupported, Direction::Egress) => L::YES,
        (Support::Unsupported, Direction::Ingress) | (Support::Unknown, _) => logic.open(Row::C11),
    }
}

/// U4.
fn service_hairpin<L: Logic>(logic: &L, settings: &Settings<'_>, side: &impl Side) -> L::Truth {
    if side.hairpin() != Hairpin::ByService {
        return L::NO;
    }
    match settings.ask(Row::U4, |c| c.service_hairpin) {
        ServiceHairpin::Allowed => L::YES,
        ServiceHairpin::Judged => L::NO,
        ServiceHairpin::Unknown => logic.open(Row::U4),
    }
}

/// How the flow's protocol stands at an isolated side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum ProtocolStands<T> {
    /// It is not filtered.
    Pass,
    /// `anyway` is what passes without a rule, `rules` whether rules are asked.
    Filtered { anyway: T, rules: T },
}

/// U1 and C12, at an isolated side. `other` and `sctp_is_open` are asked for where the protocol needs them.
#[inline]
pub(in crate::engine) fn protocol<L: Logic>(
    logic: &L,
    l4: L4,
    sctp_is_open: impl FnOnce() -> bool,
    other: impl FnOnce() -> OtherProtocols,
) -> ProtocolStands<L::Truth> {
    use ProtocolStands::{Filtered, Pass};
    match l4 {
        L4::Port(Protocol::Sctp, _) if sctp_is_open() => Filtered { anyway: logic.open(Row::C12), rules: L::NO },
        L4::Port(..) => Filtered { anyway: L::NO, rules: L::YES },
        L4::Icmp | L4::Other(_) => match other() {
            OtherProtocols::Unfiltered => Pass,
            OtherProtocols::Portless => Filtered { anyway: L::NO, rules: L::YES },
            OtherProtocols::Denied => Filtered { anyway: L::NO, rules: L::NO },
            OtherProtocols::Unknown => Filtered { anyway: logic.open(Row::U1), rules: logic.portless() },
        },
    }
}
