//! One side of one connection, under one reading.

use std::sync::Arc;

use crate::engine::judge::circumstances::{
    Circumstances, Hairpin, Passes, ProtocolStands, Side, circumstances, protocol,
};
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::reading::Reading;
use crate::engine::judge::rules::RuleMatcher;
use crate::engine::judge::sight::Sight;
use crate::engine::judge::variants::Guise;
use crate::engine::tables::class::ClassDetail;
use crate::engine::tables::policy::CompiledPolicy;
use crate::name::Direction;
use crate::net::Family;
use crate::profile::capability::{Capabilities, Support};
use crate::profile::cce::is_internal_cloud;
use crate::profile::row::Row;

/// A side as two ends show it.
pub(super) struct JudgedSide<'a, 't, L: Logic> {
    evaluation: Evaluation<'a, 't, L>,
    direction: Direction,
    /// None of what policies cannot isolate.
    subject: Option<Guise<'t>>,
    matcher: RuleMatcher<'a, 't, L>,
}

/// How far a side is decided without its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum BeforeRules<T> {
    Pass(Passes),
    /// What passes without a rule, and whether rules are asked.
    Rules {
        anyway: T,
        asked: T,
    },
}

impl<'a, 't, L: Logic> JudgedSide<'a, 't, L> {
    pub(super) fn new(evaluation: Evaluation<'a, 't, L>, direction: Direction, reading: Reading<'t>) -> Self {
        let matcher = RuleMatcher { evaluation, reading, sight: Sight::new(evaluation, direction, reading) };
        Self { evaluation, direction, subject: reading.subject(direction), matcher }
    }

    pub(super) fn before_rules(&self) -> BeforeRules<L::Truth> {
        let Evaluation { settings, logic, question, .. } = self.evaluation;
        let anyway = match circumstances(logic, settings, self) {
            Circumstances::Pass(why) => return BeforeRules::Pass(why),
            Circumstances::Isolated { anyway } => anyway,
        };
        let sctp_is_open = || settings.ask(Row::C12, |c| c.sctp) != Support::Supported;
        let other = || settings.ask(Row::U1, |c| c.other_protocols);
        match protocol(logic, question.l4, sctp_is_open, other) {
            ProtocolStands::Pass => BeforeRules::Pass(Passes::Unfiltered),
            ProtocolStands::Filtered { anyway: by_protocol, rules } => {
                BeforeRules::Rules { anyway: logic.or(anyway, by_protocol), asked: rules }
            }
        }
    }

    /// The policies that isolate the subject, by name (K1).
    pub(super) fn isolating(&self) -> impl Iterator<Item = &'t CompiledPolicy> + use<'a, 't, L> {
        let (direction, tables) = (self.direction, self.evaluation.tables);
        let namespace = self.subject.and_then(|guise| tables.namespaces.find(guise.class.key.namespace));
        let policies: &'t [Arc<CompiledPolicy>] = namespace.map_or(&[], |namespace| &namespace.policies);
        let isolates = move |policy: &CompiledPolicy, class: &ClassDetail| {
            policy.source.isolates(direction) && class.pod_matches.holds(policy.subject, &tables.pod_selectors)
        };
        let known: Option<&'t [usize]> = self.subject.and_then(|guise| {
            let [ingress, egress] = guise.isolating?;
            let known = if direction == Direction::Ingress { ingress } else { egress };
            let find = || {
                let all = policies.iter().enumerate().filter(|(_, policy)| isolates(policy, guise.class));
                all.map(|(at, _)| at).collect()
            };
            Some(&**known.get_or_init(find))
        });
        let subject = self.subject.filter(|_| known.is_none());
        let found = policies.iter().filter(move |policy| subject.is_some_and(|guise| isolates(policy, guise.class)));
        let known = known.unwrap_or(&[]).iter().filter_map(|at| policies.get(*at));
        known.chain(found).map(|policy| &**policy)
    }

    pub(super) fn matcher(&self) -> &RuleMatcher<'a, 't, L> {
        &self.matcher
    }
}

impl<L: Logic> Side for JudgedSide<'_, '_, L> {
    fn direction(&self) -> Direction {
        self.direction
    }

    fn is_subject(&self) -> bool {
        self.subject.is_some()
    }

    fn is_isolated(&self) -> bool {
        self.isolating().next().is_some()
    }

    fn is_secure(&self) -> bool {
        self.subject.is_some_and(|guise| guise.class.key.secure)
    }

    fn may_lack_enforcement(&self, capabilities: &Capabilities) -> bool {
        let node = self
            .matcher
            .reading
            .node
            .and_then(|name| self.evaluation.tables.node_entry(name))
            .and_then(|entry| entry.node.as_ref());
        let os_image = node.and_then(|node| node.os_image.as_deref());
        os_image.is_some_and(|os_image| !capabilities.node_os.supports(os_image, self.direction))
    }

    fn hairpin(&self) -> Hairpin {
        match (self.evaluation.question.is_to_itself(), self.evaluation.question.is_translated()) {
            (false, _) => Hairpin::No,
            (true, false) => Hairpin::Plain,
            (true, true) => Hairpin::ByService,
        }
    }

    fn is_ipv6(&self) -> bool {
        self.evaluation.question.family() == Some(Family::V6)
    }

    fn is_with_own_node(&self) -> bool {
        self.matcher.reading.is_own_node
    }

    fn is_with_internal_cloud(&self) -> bool {
        let is_pod = self.matcher.reading.peer(self.direction).is_some();
        !is_pod && self.matcher.sight.address().is_some_and(is_internal_cloud)
    }
}
