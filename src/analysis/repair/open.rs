//! What would let a side pass: a port entry, a peer or a rule more, a new policy.

use crate::analysis::repair::edit::{Action, Edited, at_rule, peers_field, with_rule, with_rules};
use crate::analysis::repair::party::{Party, block};
use crate::analysis::repair::side::Mend;
use crate::model::cluster::Cluster;
use crate::model::flow::L4;
use crate::model::policy::{NetworkPolicy, Peer, Peers, PortMatch, PortSpec, Ports, Rule};
use crate::net::Cidr;
use crate::verdict::{Failed, NearMiss, Reason};

/// Most policies that are changed to let one side pass.
const MAX_POLICIES: usize = 8;

/// The changes that may let the side pass, of one policy each.
pub(super) fn candidates(cluster: &Cluster, mend: &Mend<'_>) -> Vec<Edited> {
    let (isolated_by, near) = match mend.reason {
        Reason::NoRule { isolated_by, near } | Reason::Open { isolated_by, near, .. } => (isolated_by, near),
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let policies = || isolated_by.iter().take(MAX_POLICIES).filter_map(|name| cluster.policy(name));
    for miss in near.iter().take(2 * MAX_POLICIES) {
        let Some(policy) = cluster.policy(&miss.rule.policy) else { continue };
        found.extend(nearly(mend, policy, miss));
    }
    for ports in ports(mend) {
        for policy in policies() {
            for peers in peers(mend, policy.name().namespace()) {
                let mut rules = policy.written_rules(mend.direction).to_vec();
                let edit = at_rule(policy, mend.direction, rules.len(), "", Action::AddRule);
                rules.push(Rule { peers, ports: ports.clone() });
                found.push((edit, with_rules(policy, mend.direction, rules)));
            }
        }
        let own = mend.subject.pod.as_ref().map_or("", |(namespace, _, _)| &**namespace);
        for peers in peers(mend, own) {
            found.extend(mend.new_policy(cluster, "allow", vec![Rule { peers, ports: ports.clone() }]));
        }
    }
    found
}

/// The rule that misses the flow by one half, with the other half.
fn nearly(mend: &Mend<'_>, policy: &NetworkPolicy, miss: &NearMiss) -> Vec<Edited> {
    let (direction, at) = (mend.direction, miss.rule.rule);
    let Some(rule) = policy.written_rules(direction).get(at) else { return Vec::new() };
    let replaced = |rule: Rule| with_rule(policy, direction, at, Some(rule));
    let mut found = Vec::new();
    match (miss.failed, &rule.ports, &rule.peers) {
        (Failed::Port, Ports::Of(known), _) => {
            for ports in ports(mend) {
                let ports = match ports {
                    Ports::Any => Ports::Any,
                    Ports::Of(more) => Ports::Of(known.iter().cloned().chain(more).collect()),
                };
                let edit = at_rule(policy, direction, at, "ports", Action::AddPort);
                found.push((edit, replaced(Rule { ports, ..rule.clone() })));
            }
        }
        (Failed::Peer, _, Peers::Of(known)) => {
            for peers in peers(mend, policy.name().namespace()) {
                let Peers::Of(more) = peers else { continue };
                let peers = Peers::Of(known.iter().cloned().chain(more).collect());
                let edit = at_rule(policy, direction, at, peers_field(direction), Action::AddPeer);
                found.push((edit, replaced(Rule { peers, ..rule.clone() })));
            }
        }
        _ => {}
    }
    found
}

/// The port of the flow; what a Service makes of it, or both where it is open which one is seen (U5). Protocols without ports
/// are admitted by rules without `ports` at most (U1).
fn ports(mend: &Mend<'_>) -> Vec<Ports> {
    let entry = |l4: L4| match l4 {
        L4::Port(protocol, port) => Some(PortMatch { protocol, port: PortSpec::Number(port) }),
        L4::Icmp | L4::Other(_) => None,
    };
    let Some(own) = entry(mend.l4) else { return vec![Ports::Any] };
    let sent = mend.sent.as_ref().and_then(|(_, l4)| entry(*l4)).filter(|sent| *sent != own);
    let both = sent.map(|sent| Ports::Of(vec![own.clone(), sent]));
    std::iter::once(Ports::Of(vec![own])).chain(both).collect()
}

/// The other end by its labels, by its addresses, with the address that was sent to; at last everybody, since some ends no
/// peer can name (C9, K16).
fn peers(mend: &Mend<'_>, own: &str) -> Vec<Peers> {
    let by_labels = mend.peer.by_labels(own);
    let mut found: Vec<Peers> = by_labels.iter().map(|peer| Peers::Of(vec![peer.clone()])).collect();
    found.extend(mend.peer.by_address().map(|peer| Peers::Of(vec![peer])));
    let sent = mend.sent.iter().flat_map(|(addresses, _)| addresses);
    for peer in sent.filter_map(|address| block(Cidr::host(*address), Vec::new())) {
        found.push(Peers::Of(vec![peer.clone()]));
        found.extend(first(&mend.peer, own).map(|other| Peers::Of(vec![other, peer])));
    }
    found.push(Peers::Any);
    found
}

/// The end by its labels, else by its first address.
fn first(party: &Party, own: &str) -> Option<Peer> {
    party.by_labels(own).or_else(|| party.by_address().next())
}
