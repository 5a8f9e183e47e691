//! What would deny a side: rules that no longer admit the flow, a new policy where none isolates.

use crate::analysis::repair::edit::{Action, Edited, at_rule, peers_field, with_rule};
use crate::analysis::repair::party::{Party, block};
use crate::analysis::repair::side::Mend;
use crate::labels::{Labels, Selector};
use crate::model::cluster::Cluster;
use crate::model::flow::L4;
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PortMatch, PortSpec, Ports, Rule};
use crate::net::{Cidr, Family, IpBlock, Port, PortRange, Protocol, remaining};
use crate::verdict::{Reason, RuleRef};

/// The changes that may deny the side or bring it nearer to that, of one policy each.
pub(super) fn candidates(cluster: &Cluster, mend: &Mend<'_>) -> Vec<Edited> {
    match mend.reason {
        Reason::Rule { admitted_by } => {
            let first = admitted_by.first().and_then(|admits| Some((cluster.policy(&admits.policy)?, admits)));
            first.map_or_else(Vec::new, |(policy, admits)| narrowed(cluster, mend, policy, admits))
        }
        Reason::NotIsolated => isolated(cluster, mend),
        // Some rule may admit it: each is tried.
        Reason::Open { isolated_by, .. } => {
            let policies = isolated_by.iter().filter_map(|name| cluster.policy(name));
            let rules = policies.flat_map(|policy| {
                let rules = 0..policy.rules(mend.direction).len();
                rules.map(move |rule| (policy, RuleRef::new(policy.name().clone(), mend.direction, rule)))
            });
            rules.flat_map(|(policy, admits)| narrowed(cluster, mend, policy, &admits)).collect()
        }
        _ => Vec::new(),
    }
}

/// The rule without the port, without the peer, and gone.
fn narrowed(cluster: &Cluster, mend: &Mend<'_>, policy: &NetworkPolicy, admits: &RuleRef) -> Vec<Edited> {
    let (direction, at) = (mend.direction, admits.rule);
    let Some(rule) = policy.written_rules(direction).get(at) else { return Vec::new() };
    let mut found = Vec::new();
    for peers in other_peers(cluster, mend, policy, &rule.peers) {
        let edit = at_rule(policy, direction, at, peers_field(direction), Action::NarrowPeers);
        found.push((edit, with_rule(policy, direction, at, Some(Rule { peers, ports: rule.ports.clone() }))));
    }
    if let Some(ports) = other_ports(&rule.ports, mend.l4) {
        let edit = at_rule(policy, direction, at, "ports", Action::NarrowPorts);
        found.push((edit, with_rule(policy, direction, at, Some(Rule { peers: rule.peers.clone(), ports }))));
    }
    let edit = at_rule(policy, direction, at, "", Action::RemoveRule);
    found.push((edit, with_rule(policy, direction, at, None)));
    found
}

/// New policies: all but the other end on the port, all but the port, nothing.
fn isolated(cluster: &Cluster, mend: &Mend<'_>) -> Vec<Edited> {
    let elsewhere = other_ports(&Ports::Any, mend.l4).map(|ports| Rule { peers: Peers::Any, ports });
    let on_it = match mend.l4 {
        L4::Port(protocol, port) => Ports::Of(vec![PortMatch { protocol, port: PortSpec::Number(port) }]),
        L4::Icmp | L4::Other(_) => Ports::Any,
    };
    let others = everybody_but(&mend.peer).into_iter();
    let others = others.map(|peers| Rule { peers: Peers::Of(peers), ports: on_it.clone() });
    let mut rules: Vec<Vec<Rule>> = others.map(|rule| elsewhere.iter().cloned().chain([rule]).collect()).collect();
    rules.extend(elsewhere.map(|rule| vec![rule]));
    rules.push(Vec::new());
    rules.into_iter().filter_map(|rules| mend.new_policy(cluster, "deny", rules)).collect()
}

/// The entries without the port; none where nothing is left, or where they are the same.
fn other_ports(ports: &Ports, l4: L4) -> Option<Ports> {
    let L4::Port(protocol, port) = l4 else { return None };
    let everything: Vec<PortMatch>;
    let entries = match ports {
        Ports::Of(entries) => entries,
        Ports::Any => {
            let all = Protocol::ALL.into_iter().map(|protocol| PortMatch { protocol, port: PortSpec::Any });
            everything = all.collect();
            &everything
        }
    };
    let around = |first: Port, last: Port| -> Vec<PortMatch> {
        let below = port.previous().and_then(|below| PortRange::new(first, below));
        let above = port.next().and_then(|above| PortRange::new(above, last));
        let entry = |range: PortRange| {
            let is_one = range.first() == range.last();
            let port = if is_one { PortSpec::Number(range.first()) } else { PortSpec::Range(range) };
            PortMatch { protocol, port }
        };
        below.into_iter().chain(above).map(entry).collect()
    };
    let left: Vec<PortMatch> = entries
        .iter()
        .flat_map(|entry| match &entry.port {
            _ if entry.protocol != protocol => vec![entry.clone()],
            PortSpec::Any => around(Port::MIN, Port::MAX),
            PortSpec::Range(range) if range.contains(port) => around(range.first(), range.last()),
            PortSpec::Number(number) if *number == port => Vec::new(),
            // Whom the name stands for on the pod cannot be taken out of it.
            PortSpec::Name(_) => Vec::new(),
            PortSpec::Range(_) | PortSpec::Number(_) => vec![entry.clone()],
        })
        .collect();
    (!left.is_empty() && left != *entries).then_some(Ports::Of(left))
}

/// The peers without the other end: by its addresses and each of its labels; none where nobody is left.
fn other_peers(cluster: &Cluster, mend: &Mend<'_>, policy: &NetworkPolicy, peers: &Peers) -> Vec<Peers> {
    let own: &str = policy.name().namespace();
    let Peers::Of(peers) = peers else {
        return everybody_but(&mend.peer).into_iter().map(Peers::Of).collect();
    };
    let others = mend.sent.iter().flat_map(|(addresses, _)| addresses);
    let holds = |block: &IpBlock| mend.peer.addresses.iter().chain(others.clone()).any(|one| block.contains(*one));
    let is_hit = |peer: &Peer| match peer {
        Peer::IpBlock(block) => holds(block),
        Peer::Pods(pods) => mend.peer.is_selected(cluster, own, pods),
    };
    let without = |narrow: &dyn Fn(&PodPeer) -> Option<Peer>| -> Vec<Peer> {
        let left = peers.iter().filter_map(|peer| match peer {
            other if !is_hit(other) => Some(other.clone()),
            Peer::IpBlock(block) => {
                let out = mend.peer.addresses.iter().chain(others.clone()).filter(|one| block.contains(**one));
                let except = block.except().iter().copied().chain(out.map(|one| Cidr::host(*one)));
                IpBlock::new(block.cidr(), except.collect()).ok().filter(has_some).map(Peer::IpBlock)
            }
            Peer::Pods(pods) => narrow(pods),
        });
        left.collect()
    };
    let mut found: Vec<Vec<Peer>> = Vec::new();
    for requirement in mend.peer.not_labelled() {
        found.push(without(&|pods: &PodPeer| {
            // Who has that very label, and only who has it, is selected: then nobody is left.
            let asked = pods.pods.match_labels().get(requirement.key().as_str());
            if asked.is_some() {
                return None;
            }
            let expressions = pods.pods.expressions().iter().cloned().chain([requirement.clone()]).collect();
            let pods = PodPeer { pods: Selector::new(pods.pods.match_labels().clone(), expressions), ..pods.clone() };
            Some(Peer::Pods(pods))
        }));
    }
    found.push(without(&|_: &PodPeer| None));
    found.dedup();
    found.into_iter().filter(|left| !left.is_empty() && left != peers).map(Peers::Of).collect()
}

/// Whether the exceptions leave something of a block.
fn has_some(block: &IpBlock) -> bool {
    !remaining(block).is_empty()
}

/// Everybody else, as far as peers can say so: all addresses but its own, and pods by each of its labels.
fn everybody_but(party: &Party) -> Vec<Vec<Peer>> {
    let outside = |family: Family| {
        let of_family = party.addresses.iter().filter(|address| Family::of(**address) == family);
        let all = if family == Family::V4 { "0.0.0.0/0" } else { "::/0" };
        block(all.parse().ok()?, of_family.map(|address| Cidr::host(*address)).collect())
    };
    let blocks: Vec<Peer> = [Family::V4, Family::V6].into_iter().filter_map(outside).collect();
    let everywhere =
        |pods: Selector| Peer::Pods(PodPeer { namespaces: Namespaces::Matching(Selector::everything()), pods });
    let by_label = party.not_labelled().into_iter().map(|requirement| {
        let pods = everywhere(Selector::new(Labels::new(), vec![requirement]));
        std::iter::once(pods).chain(blocks.iter().cloned()).collect::<Vec<Peer>>()
    });
    let mut found: Vec<Vec<Peer>> = by_label.collect();
    match party.pod {
        // Pods are met by their addresses too, but not everywhere (C9).
        Some(_) => found.push(blocks),
        None => found.push(std::iter::once(everywhere(Selector::everything())).chain(blocks).collect()),
    }
    found
}
