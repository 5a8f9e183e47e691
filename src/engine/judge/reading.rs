//! The rows that enter in both senses (U2, U5), read one way after the other.

use crate::engine::ends::end::EndIdentity;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::question::Question;
use crate::engine::judge::settings::Settings;
use crate::engine::tables::class::ClassDetail;
use crate::profile::capability::{HostNetwork, Rewritten};
use crate::profile::row::Row;

/// One way to read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) host_pods: HostPods,
    pub(super) seen: SeenOfService,
}

/// What hostNetwork pods are (K17, U2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostPods {
    Nodes,
    Pods,
}

/// Which address and port the egress side sees of a Service's backend outside the cluster (U5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeenOfService {
    /// After translation: the backend's.
    Backend,
    /// Before it: the ClusterIP, on the port that was sent to.
    ClusterIp,
}

/// The ways in which a row may be read: first the one without its yes.
#[derive(Debug, Clone, Copy)]
enum Ways<T> {
    One(T),
    Both(T, T),
}

impl<T: Copy> Ways<T> {
    fn all(self) -> impl Iterator<Item = T> {
        let (first, second) = match self {
            Self::One(only) => (only, None),
            Self::Both(no, yes) => (no, Some(yes)),
        };
        std::iter::once(first).chain(second)
    }

    /// What `judge` says under each, put together as the row's choice.
    fn put_together<L: Logic>(self, logic: &L, row: Row, mut judge: impl FnMut(T) -> L::Truth) -> L::Truth {
        match self {
            Self::One(only) => judge(only),
            Self::Both(no, yes) => {
                let (no, yes) = (judge(no), judge(yes));
                if no == yes { no } else { logic.choose(logic.open(row), yes, no) }
            }
        }
    }
}

/// All readings of the rows that a question asks for: at most four.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readings {
    host_pods: Ways<HostPods>,
    seen: Ways<SeenOfService>,
}

impl Readings {
    pub(super) fn of(question: &Question<'_>, settings: &Settings<'_>) -> Self {
        let has_host_pods =
            question.source.identity.is_host_network() || question.destination.identity.is_host_network();
        let host_pods = if has_host_pods {
            match settings.ask(Row::U2, |c| c.host_network) {
                HostNetwork::Node => Ways::One(HostPods::Nodes),
                HostNetwork::Pod => Ways::One(HostPods::Pods),
                HostNetwork::Unknown => Ways::Both(HostPods::Nodes, HostPods::Pods),
            }
        } else {
            Ways::One(HostPods::Nodes)
        };
        let seen = if question.is_to_outside_backend() {
            match settings.ask(Row::U5, |c| c.outside_backend) {
                Rewritten::After => Ways::One(SeenOfService::Backend),
                Rewritten::Before => Ways::One(SeenOfService::ClusterIp),
                Rewritten::Unknown => Ways::Both(SeenOfService::Backend, SeenOfService::ClusterIp),
            }
        } else {
            Ways::One(SeenOfService::Backend)
        };
        Self { host_pods, seen }
    }

    pub(super) fn all(self) -> impl Iterator<Item = Reading> {
        let seen = self.seen;
        self.host_pods.all().flat_map(move |host_pods| seen.all().map(move |seen| Reading { host_pods, seen }))
    }

    /// What `judge` says under every reading, put together.
    pub(super) fn put_together<L: Logic>(self, logic: &L, mut judge: impl FnMut(Reading) -> L::Truth) -> L::Truth {
        self.host_pods.put_together(logic, Row::U2, |host_pods| {
            self.seen.put_together(logic, Row::U5, |seen| judge(Reading { host_pods, seen }))
        })
    }
}

impl Reading {
    /// The class by which policies can select and isolate an end: a pod's, a workload's (K16, K17, K24).
    pub(super) fn pod<'t>(self, identity: EndIdentity<'t>) -> Option<&'t ClassDetail> {
        identity.class().filter(|class| !class.key.host_network || self.host_pods == HostPods::Pods)
    }
}
