//! What a side sees of the other end, under one reading: what selectors are held against, and what blocks are.

use std::cell::OnceCell;
use std::net::IpAddr;

use crate::engine::ends::end::{EndIdentity, ResolvedEnd};
use crate::engine::ends::sent::Sent;
use crate::engine::ids::BlockIx;
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::reading::{Reading, Seen};
use crate::engine::spaces::blocks::{Possible, Share, number};
use crate::engine::tables::class::ClassDetail;
use crate::engine::tables::profile_digest::{BlockReach, Reached};
use crate::model::flow::L4;
use crate::name::Direction;
use crate::net::Family;
use crate::profile::capability::{Support, UnaddressedPod};
use crate::profile::row::Row;

/// The other end of a side. What a rule of no kind asks for is never worked out.
pub(super) struct Sight<'a, 't, L: Logic> {
    evaluation: Evaluation<'a, 't, L>,
    direction: Direction,
    reading: Reading<'t>,
    end: ResolvedEnd<'t>,
    selected: OnceCell<Selected<'t>>,
    targets: OnceCell<Targets<'t, L::Truth>>,
}

/// Whom selector peers are held against.
#[derive(Clone, Copy)]
pub(super) enum Selected<'t> {
    Class(&'t ClassDetail),
    /// A node, an address outside, a hostNetwork pod that is its node (K16, K17).
    Nobody,
    /// A ClusterIP that workload labels do not limit (C10): nobody knows.
    Unlimited,
}

/// What an `ipBlock` peer is held against: it matches where it holds one of these, as far as that one counts.
pub(super) type Targets<'t, T> = [Option<Target<'t, T>>; 2];

#[derive(Clone, Copy)]
pub(super) struct Target<'t, T> {
    pub(super) held: Held<'t>,
    pub(super) counts: T,
}

#[derive(Clone, Copy)]
pub(super) enum Held<'t> {
    Address(IpAddr),
    /// Any of these, of the flow's family: the end has no address yet (U6).
    AnyOf(&'t Possible, Family),
    /// Every block: what it holds does not matter.
    Whatever,
    /// A ClusterIP that is not known (U5).
    UnknownClusterIp,
}

impl<'a, 't, L: Logic> Sight<'a, 't, L> {
    pub(super) fn new(evaluation: Evaluation<'a, 't, L>, direction: Direction, reading: Reading<'t>) -> Self {
        let end = match (reading.seen, evaluation.question.sent) {
            (Seen::Passer(passer), _) => passer,
            (Seen::SentTo, Sent::Face { end, .. }) => end,
            (Seen::SentTo, Sent::ClusterIp { address, .. }) => ResolvedEnd::new(EndIdentity::External, address),
            _ => *evaluation.question.ends(direction).1,
        };
        Self { evaluation, direction, reading, end, selected: OnceCell::new(), targets: OnceCell::new() }
    }

    /// What was sent to is seen, before translation (U5).
    pub(super) fn is_before(&self) -> bool {
        matches!(self.reading.seen, Seen::SentTo)
    }

    /// The ClusterIP that was sent to, where this is the side that sees it, its backend is in the cluster and labels do not limit
    /// it (C10).
    fn unlimited_service(&self) -> Option<Option<IpAddr>> {
        let Sent::ClusterIp { address, .. } = self.evaluation.question.sent else { return None };
        if self.direction == Direction::Ingress || self.evaluation.question.is_to_outside_backend() {
            return None;
        }
        (self.evaluation.settings.ask(Row::C10, |c| c.cluster_ip) != Support::Supported).then_some(address)
    }

    /// Protocol and port.
    pub(super) fn l4(&self) -> L4 {
        match self.evaluation.question.sent {
            Sent::ClusterIp { l4, .. } | Sent::Face { l4, .. } if self.is_before() => l4,
            _ => self.evaluation.question.l4,
        }
    }

    /// The address that is seen.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.end.address
    }

    pub(super) fn selected(&self) -> Selected<'t> {
        *self.selected.get_or_init(|| {
            if self.unlimited_service().is_some() {
                return Selected::Unlimited;
            }
            self.reading.peer(self.direction).map_or(Selected::Nobody, Selected::Class)
        })
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = &Target<'t, L::Truth>> {
        self.targets.get_or_init(|| self.find_targets()).iter().flatten()
    }

    fn find_targets(&self) -> Targets<'t, L::Truth> {
        let one = |held, counts| [Some(Target { held, counts }), None];
        let (row, support) = match self.direction {
            Direction::Ingress => (Row::C4, self.evaluation.settings.ask(Row::C4, |c| c.ingress_ip_block)),
            Direction::Egress => (Row::C5, self.evaluation.settings.ask(Row::C5, |c| c.egress_ip_block)),
        };
        if support != Support::Supported {
            return one(Held::Whatever, self.evaluation.logic.open(row));
        }
        if let (true, Sent::ClusterIp { address, .. }) = (self.is_before(), self.evaluation.question.sent) {
            return match address {
                Some(address) => [Some(self.cluster_ip(address)), None],
                None => one(Held::UnknownClusterIp, L::YES),
            };
        }
        match self.unlimited_service() {
            None => [self.of_end(), None],
            Some(None) => one(Held::Whatever, self.evaluation.logic.open(Row::C10)),
            // Over the ClusterIP a block matches, over the backend only nobody knows.
            Some(Some(address)) => {
                let backend = self.of_end().map(|target| {
                    let counts = self.evaluation.logic.and(target.counts, self.evaluation.logic.open(Row::C10));
                    Target { counts, ..target }
                });
                [Some(self.cluster_ip(address)), backend]
            }
        }
    }

    fn block_reach(&self) -> BlockReach {
        self.evaluation.settings.ask(Row::C9, BlockReach::of)
    }

    /// A ClusterIP is in the cluster (C9).
    fn cluster_ip(&self, address: IpAddr) -> Target<'t, L::Truth> {
        Target { held: Held::Address(address), counts: L::known(self.block_reach().inside()) }
    }

    /// The end itself, with the address it has or may have.
    fn of_end(&self) -> Option<Target<'t, L::Truth>> {
        let held = match self.end.address {
            Some(address) => Held::Address(address),
            None if self.evaluation.settings.ask(Row::U6, |c| c.unaddressed_pod) == UnaddressedPod::Never => {
                return None;
            }
            None => {
                let [of_pods, of_hosts] = &*self.evaluation.tables.possible;
                let possible = if self.end.identity.is_host_network() { of_hosts } else { of_pods };
                Held::AnyOf(possible, self.evaluation.question.family().unwrap_or(Family::V4))
            }
        };
        Some(Target { held, counts: self.in_scope() })
    }

    /// C9: whether blocks reach the end at all.
    fn in_scope(&self) -> L::Truth {
        let reach = self.block_reach();
        match (self.end.identity, self.end.address) {
            (EndIdentity::External, Some(address)) => {
                reached_outside(self.evaluation.logic, reach.outside(&self.evaluation.tables.profile, address))
            }
            _ => L::known(reach.inside()),
        }
    }

    /// Whether a block of that place holds a target, and whether that hangs on an address that nobody knows.
    pub(super) fn holds(&self, block: BlockIx, held: Held<'t>) -> Holds {
        let block = self.evaluation.tables.blocks.get(block);
        match held {
            Held::Address(address) if block.holds(number(address)) => Holds::Yes,
            Held::Address(_) => Holds::No,
            Held::Whatever => Holds::Yes,
            Held::UnknownClusterIp => Holds::Perhaps(Row::U5),
            Held::AnyOf(possible, family) => match possible.share(family, block) {
                Share::None => Holds::No,
                Share::All => Holds::Yes,
                Share::Some => Holds::Perhaps(Row::U6),
            },
        }
    }
}

/// C9, as a truth.
pub(super) fn reached_outside<L: Logic>(logic: &L, reached: Reached) -> L::Truth {
    match reached {
        Reached::No => L::NO,
        Reached::Unknown => logic.open(Row::C9),
        Reached::Yes => L::YES,
    }
}

/// Whether a block holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    No,
    /// It hangs on an address that nobody knows, by this row.
    Perhaps(Row),
    Yes,
}
