//! Policies that tell apart what the worlds hold.

use netpol_oracle::labels::{LabelKey, LabelValue, Requirement, Selector};
use netpol_oracle::model::{
    ClusterBuilder, Namespaces, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
use netpol_oracle::net::{IpBlock, PortName, PortRange};
use netpol_oracle::{NetworkPolicy, ObjectName, Protocol};

use super::Dice;
use super::objects::namespace;
use super::words::{cidr, label, port};
use super::workloads::{controlled, some_labels};

pub(super) fn add(dice: &mut Dice, builder: &mut ClusterBuilder) {
    for number in 1..=1 + dice.below(4) {
        let name = ObjectName::new(namespace(dice), format!("p{number}"));
        let subject = if dice.chance(50) { Selector::everything() } else { selector(dice) };
        let types = dice.pick(&[PolicyTypes::Ingress, PolicyTypes::Egress, PolicyTypes::Both, PolicyTypes::Both]);
        let rules = |dice: &mut Dice| (0..dice.below(3)).map(|_| rule(dice)).collect::<Vec<Rule>>();
        let (ingress, egress) = (rules(dice), rules(dice));
        builder.policy(NetworkPolicy::new(name, subject, types, ingress, egress));
    }
}

fn selector(dice: &mut Dice) -> Selector {
    match dice.below(8) {
        0 | 1 => Selector::new([label("app", dice.pick(&["a", "b"]))].into_iter().collect(), Vec::new()),
        2 => Selector::everything(),
        _ => {
            let expressions = (0..dice.below(3)).map(|_| requirement(dice)).collect();
            Selector::new(some_labels(dice, 25), expressions)
        }
    }
}

/// On a controller's key, with any operator.
fn requirement(dice: &mut Dice) -> Requirement {
    let (key, values) = controlled(dice);
    let key = LabelKey::new(key).unwrap();
    let mut some: Vec<LabelValue> = Vec::new();
    for _ in 0..=dice.below(3) {
        some.push(LabelValue::new(dice.pick(values)).unwrap());
    }
    match dice.below(6) {
        0..=2 => Requirement::in_(key, some).unwrap(),
        3 => Requirement::not_in(key, some).unwrap(),
        4 => Requirement::Exists { key },
        _ => Requirement::DoesNotExist { key },
    }
}

const BLOCKS: &[(&str, &[&str])] = &[
    ("0.0.0.0/0", &[]),
    ("0.0.0.0/0", &["10.0.0.0/8"]),
    ("10.0.0.0/16", &[]),
    ("10.0.0.0/8", &["10.9.0.1/32"]),
    ("10.9.0.0/24", &[]),
    ("10.9.0.1/32", &[]),
    ("203.0.113.0/24", &["203.0.113.50/32"]),
    ("203.0.113.0/24", &[]),
    ("10.96.0.0/16", &[]),
    ("198.51.100.0/24", &[]),
    ("100.125.0.0/16", &[]),
    ("10.0.0.2/32", &[]),
    ("::/0", &[]),
    ("fd00::/64", &[]),
];

fn peer(dice: &mut Dice) -> Peer {
    if dice.chance(45) {
        let (whole, except) = dice.pick(BLOCKS);
        return Peer::IpBlock(IpBlock::new(cidr(whole), except.iter().map(|text| cidr(text)).collect()).unwrap());
    }
    let namespaces = match dice.below(4) {
        0 => Namespaces::Matching(Selector::everything()),
        1 => {
            let (key, value) =
                dice.pick(&[("env", "a"), ("kubernetes.io/metadata.name", "x"), ("kubernetes.io/metadata.name", "w")]);
            Namespaces::Matching(Selector::new([label(key, value)].into_iter().collect(), Vec::new()))
        }
        _ => Namespaces::Own,
    };
    Peer::Pods(PodPeer { namespaces, pods: selector(dice) })
}

fn rule(dice: &mut Dice) -> Rule {
    let peers = if dice.chance(12) { Peers::Any } else { Peers::Of((0..=dice.below(2)).map(|_| peer(dice)).collect()) };
    let ports =
        if dice.chance(50) { Ports::Any } else { Ports::Of((0..=dice.below(2)).map(|_| entry(dice)).collect()) };
    Rule { peers, ports }
}

fn entry(dice: &mut Dice) -> PortMatch {
    let protocol = if dice.chance(90) { Protocol::Tcp } else { dice.pick(&[Protocol::Udp, Protocol::Sctp]) };
    let port = match dice.below(10) {
        0 => PortSpec::Any,
        1 | 2 => PortSpec::Name(PortName::new("http").unwrap()),
        3 => PortSpec::Range(PortRange::new(port(80), port(8080)).unwrap()),
        4 => PortSpec::Range(PortRange::new(port(30000), port(32767)).unwrap()),
        _ => PortSpec::Number(port(dice.pick(&[80, 8080, 8080, 443, 9080, 30081]))),
    };
    PortMatch { protocol, port }
}
