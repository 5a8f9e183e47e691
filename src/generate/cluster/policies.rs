//! The usual cluster's policies.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::addresses::Layout;
use super::plan::{AppPlan, ClusterPlan, NamespacePlan};
use crate::generate::spec::ClusterSpec;
use crate::generate::stream;
use crate::generate::vocabulary::{ENVIRONMENTS, SYSTEM, TEAMS, TIERS, VERSIONS, dns_value, labelled, port, values};
use crate::labels::{LabelValue, Labels, Requirement, Selector};
use crate::model::builder::ClusterBuilder;
use crate::model::policy::{
    Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
use crate::name::{Direction, ObjectName};
use crate::net::{Cidr, IpBlock, Port, PortName, PortRange, Protocol};
use crate::random::Random;

/// What a policy's peers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Deny,
    App,
    Own,
    Name,
    Team,
    Pods,
    Expression,
    All,
    Block,
}

/// How often each shape is drawn, in percent; the rest are blocks.
const SHAPES: [(u32, Shape); 8] = [
    (10, Shape::Deny),
    (25, Shape::App),
    (10, Shape::Own),
    (10, Shape::Name),
    (10, Shape::Team),
    (12, Shape::Pods),
    (8, Shape::Expression),
    (4, Shape::All),
];

impl Shape {
    /// How the names of its policies begin.
    fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::App => "app",
            Self::Own => "own",
            Self::Name => "name",
            Self::Team => "team",
            Self::Pods => "pods",
            Self::Expression => "expr",
            Self::All => "all",
            Self::Block => "block",
        }
    }
}

/// Adds the policies.
pub(super) fn build(spec: &ClusterSpec, plan: &ClusterPlan, layout: &Layout, builder: &mut ClusterBuilder) {
    let mut planner = Planner {
        plan,
        layout,
        spec,
        tiers: values(&TIERS),
        versions: values(&VERSIONS),
        environments: values(&ENVIRONMENTS),
        teams: values(&TEAMS),
        random: Random::new(spec.seed, stream::POLICIES),
    };
    for index in 0..spec.policies {
        if let Some(policy) = planner.policy(index) {
            builder.policy(policy);
        }
    }
}

struct Planner<'a> {
    plan: &'a ClusterPlan,
    layout: &'a Layout,
    spec: &'a ClusterSpec,
    tiers: Vec<LabelValue>,
    versions: Vec<LabelValue>,
    environments: Vec<LabelValue>,
    teams: Vec<LabelValue>,
    random: Random,
}

/// Pods of the policy's own namespace.
fn own(pods: Selector) -> Peer {
    Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods })
}

/// Pods of namespaces by their labels.
fn elsewhere(namespaces: Selector, pods: Selector) -> Peer {
    Peer::Pods(PodPeer { namespaces: Namespaces::Matching(namespaces), pods })
}

impl<'a> Planner<'a> {
    fn policy(&mut self, index: u32) -> Option<NetworkPolicy> {
        let app = self.random.pick(self.plan.team_apps())?;
        let namespace = self.plan.namespace_of(app)?;
        let shape = self.random.choose(&SHAPES, Shape::Block);
        let types = self.random.choose(&[(60, PolicyTypes::Ingress), (15, PolicyTypes::Egress)], PolicyTypes::Both);
        let name = ObjectName::new(namespace.name.clone(), format!("{}-{}-{index}", shape.word(), app.kind.name));
        let subject = match shape {
            Shape::Deny | Shape::Own => Selector::everything(),
            _ => self.subject(app)?,
        };
        let mut rules = |direction| {
            let declared = types.contains(direction) && shape != Shape::Deny;
            if declared { self.rules(shape, direction, app, namespace) } else { Vec::new() }
        };
        let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
        Some(NetworkPolicy::new(name, subject, types, ingress, egress))
    }

    fn subject(&mut self, app: &AppPlan) -> Option<Selector> {
        let keys = &self.plan.keys;
        Some(match self.random.choose(&[(70, 0), (10, 1), (10, 2)], 3) {
            0 => labelled(&keys.app, &app.value),
            1 => Selector::everything(),
            2 => labelled(&keys.tier, self.random.pick(&self.tiers)?),
            _ => self.expression(app)?,
        })
    }

    fn rules(&mut self, shape: Shape, direction: Direction, app: &AppPlan, namespace: &NamespacePlan) -> Vec<Rule> {
        let count = self.random.choose(&[(70, 1), (20, 2)], 3);
        let mut rules: Vec<Rule> = (0..count).filter_map(|_| self.rule(shape, direction, app, namespace)).collect();
        if direction == Direction::Egress && self.random.percent(60) {
            rules.push(self.dns());
        }
        rules
    }

    fn rule(&mut self, shape: Shape, direction: Direction, app: &AppPlan, namespace: &NamespacePlan) -> Option<Rule> {
        let other = self.random.pick(self.plan.apps_of(namespace))?;
        let far = self.random.pick(self.plan.team_apps())?;
        let keys = &self.plan.keys;
        let peers = match shape {
            Shape::Deny => return None,
            Shape::App => {
                let mut peers = vec![own(labelled(&keys.app, &other.value))];
                if self.random.percent(40) {
                    let second = self.random.pick(self.plan.apps_of(namespace))?;
                    peers.push(own(labelled(&keys.app, &second.value)));
                }
                peers
            }
            Shape::Own => vec![own(Selector::everything())],
            Shape::Name => vec![elsewhere(self.by_name(far)?, Selector::everything())],
            Shape::Team => vec![elsewhere(self.by_labels()?, Selector::everything())],
            Shape::Pods => {
                let namespaces = if self.random.percent(30) { self.by_name(far)? } else { self.by_labels()? };
                vec![elsewhere(namespaces, labelled(&keys.app, &far.value))]
            }
            Shape::Expression => {
                let pods = self.expression(other)?;
                if self.random.percent(50) { vec![own(pods)] } else { vec![elsewhere(self.spaces()?, pods)] }
            }
            Shape::All => {
                let narrow = self.random.percent(50);
                let pods = if narrow { labelled(&keys.app, &far.value) } else { Selector::everything() };
                vec![elsewhere(Selector::everything(), pods)]
            }
            Shape::Block => {
                let count = 1 + self.random.below(3);
                (0..count).filter_map(|_| self.block()).map(Peer::IpBlock).collect()
            }
        };
        // The ports are the destination's.
        let destination = match (direction, shape) {
            (Direction::Ingress, _) => app,
            (Direction::Egress, Shape::App | Shape::Own | Shape::Expression) => other,
            (Direction::Egress, _) => far,
        };
        let ports = self.ports(destination, shape == Shape::Block && direction == Direction::Egress);
        Some(Rule { peers: Peers::Of(peers), ports })
    }

    fn by_name(&self, app: &AppPlan) -> Option<Selector> {
        let value = LabelValue::new(&self.plan.namespace_of(app)?.name).ok()?;
        Some(labelled(&self.plan.keys.namespace_name, &value))
    }

    fn by_labels(&mut self) -> Option<Selector> {
        let keys = &self.plan.keys;
        let mut labels = Labels::new();
        let which = self.random.below(3);
        if which != 0 {
            labels.insert(keys.env.clone(), self.random.pick(&self.environments)?.clone());
        }
        if which != 1 {
            labels.insert(keys.team.clone(), self.random.pick(&self.teams)?.clone());
        }
        Some(Selector::new(labels, Vec::new()))
    }

    /// Pods by an expression, now and then beside a label.
    fn expression(&mut self, app: &AppPlan) -> Option<Selector> {
        let keys = &self.plan.keys;
        let requirement = match self.random.below(6) {
            0 => Requirement::in_(keys.app.clone(), self.some_apps(app)?).ok()?,
            1 => Requirement::not_in(keys.app.clone(), self.some_apps(app)?).ok()?,
            2 => {
                let tiers = [self.random.pick(&self.tiers)?.clone(), self.random.pick(&self.tiers)?.clone()];
                Requirement::in_(keys.tier.clone(), tiers).ok()?
            }
            3 => Requirement::not_in(keys.version.clone(), [self.random.pick(&self.versions)?.clone()]).ok()?,
            4 => Requirement::Exists { key: keys.pod_name.clone() },
            _ => Requirement::DoesNotExist { key: keys.pod_name.clone() },
        };
        let mut labels = Labels::new();
        if self.random.percent(20) {
            labels.insert(keys.version.clone(), self.random.pick(&self.versions)?.clone());
        }
        Some(Selector::new(labels, vec![requirement]))
    }

    fn some_apps(&mut self, app: &AppPlan) -> Option<Vec<LabelValue>> {
        let mut apps = vec![app.value.clone()];
        for _ in 0..=self.random.below(3) {
            apps.push(self.random.pick(self.plan.team_apps())?.value.clone());
        }
        Some(apps)
    }

    /// Namespaces by an expression.
    fn spaces(&mut self) -> Option<Selector> {
        let keys = &self.plan.keys;
        let some = [self.random.pick(&self.environments)?.clone(), self.random.pick(&self.environments)?.clone()];
        let requirement = match self.random.below(4) {
            0 => Requirement::in_(keys.env.clone(), some).ok()?,
            1 => Requirement::not_in(keys.env.clone(), some).ok()?,
            2 => Requirement::Exists { key: keys.team.clone() },
            // kube-system has these labels too: it is told by its name.
            _ => Requirement::not_in(keys.namespace_name.clone(), [LabelValue::known(SYSTEM)]).ok()?,
        };
        Some(Selector::new(Labels::new(), vec![requirement]))
    }

    fn block(&mut self) -> Option<IpBlock> {
        let byte = |random: &mut Random| u8::try_from(random.below(256)).unwrap_or_default();
        match self.random.choose(&[(35, 0), (30, 1), (20, 2)], 3) {
            0 => {
                let private = [v4([10, 0, 0, 0], 8)?, v4([172, 16, 0, 0], 12)?, v4([192, 168, 0, 0], 16)?];
                IpBlock::new(v4([0, 0, 0, 0], 0)?, private.to_vec()).ok()
            }
            1 => IpBlock::new(v4([203, 0, byte(&mut self.random), 0], 24)?, Vec::new()).ok(),
            2 => {
                let index = self.random.below(self.spec.pods.max(1));
                let prefix = self.random.choose(&[(20, 8), (20, 12), (30, 16)], 24);
                let outer = self.layout.around(index, prefix);
                let inner = self.layout.around(index, 28);
                let cut = self.random.percent(40);
                IpBlock::new(outer, if cut { vec![inner] } else { Vec::new() }).ok()
            }
            _ => {
                let group = u16::from(byte(&mut self.random));
                match self.random.below(3) {
                    0 => IpBlock::new(v6([0; 8], 0)?, vec![v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7)?]).ok(),
                    1 => IpBlock::new(v6([0x2001, 0xdb8, group, 0, 0, 0, 0, 0], 48)?, Vec::new()).ok(),
                    _ => IpBlock::new(v6([0xfd00, 0x10, 0, 0, 0, 0, 0, 0], 64)?, Vec::new()).ok(),
                }
            }
        }
    }

    /// The ports of a rule whose destination is an application's pods, or the world.
    fn ports(&mut self, app: &AppPlan, to_world: bool) -> Ports {
        let number = match (to_world, app.kind.named()) {
            (true, _) => port(443),
            (false, Some((_, number))) => number,
            (false, None) => port(8080),
        };
        let one = |protocol, port| PortMatch { protocol, port };
        let tcp = |port| one(Protocol::Tcp, port);
        let udp = |number| one(Protocol::Udp, PortSpec::Number(port(number)));
        let entries = match self.random.choose(&[(20, 0), (40, 1), (20, 2), (8, 3), (7, 4), (2, 5)], 6) {
            0 => return Ports::Any,
            1 => vec![tcp(PortSpec::Number(number))],
            2 => {
                let name = app.kind.named().map_or("http", |(name, _)| name);
                vec![tcp(PortSpec::Name(PortName::known(name)))]
            }
            3 => vec![tcp(self.range())],
            4 => vec![if self.random.percent(70) { udp(53) } else { udp(8125) }],
            5 => vec![one(Protocol::Sctp, PortSpec::Number(port(36412)))],
            _ => vec![tcp(PortSpec::Number(number)), tcp(PortSpec::Number(port(9090))), udp(53)],
        };
        Ports::Of(entries)
    }

    fn range(&mut self) -> PortSpec {
        let ranges: [(Port, Port); 4] =
            [(port(8080), port(8089)), (port(9000), port(9100)), (port(1024), Port::MAX), (port(30_000), port(32_767))];
        let drawn = self.random.pick(&ranges).and_then(|(first, last)| PortRange::new(*first, *last));
        drawn.map_or(PortSpec::Any, PortSpec::Range)
    }

    /// Names are looked up at kube-system.
    fn dns(&self) -> Rule {
        let keys = &self.plan.keys;
        let namespaces = labelled(&keys.namespace_name, &LabelValue::known(SYSTEM));
        let pods = labelled(&keys.k8s_app, &dns_value());
        let entry = |protocol| PortMatch { protocol, port: PortSpec::Number(port(53)) };
        let ports = Ports::Of(vec![entry(Protocol::Udp), entry(Protocol::Tcp)]);
        Rule { peers: Peers::Of(vec![elsewhere(namespaces, pods)]), ports }
    }
}

fn v4(octets: [u8; 4], prefix: u8) -> Option<Cidr> {
    Cidr::new(Ipv4Addr::from(octets).into(), prefix).ok()
}

fn v6(groups: [u16; 8], prefix: u8) -> Option<Cidr> {
    Cidr::new(Ipv6Addr::from(groups).into(), prefix).ok()
}
