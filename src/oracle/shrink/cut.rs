//! Parts of objects that can be taken away.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::labels::{Labels, Requirement, Selector};
use crate::model::change::Object;
use crate::model::cluster::{
    EndpointSlice, EndpointSubset, Endpoints, ExternalTrafficPolicy, JobFacts, NAMESPACE_NAME_LABEL, Namespace, Node,
    Phase, Pod, Service, SliceEndpoint, Workload,
};
use crate::model::policy::{
    Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
use crate::name::Direction;
use crate::net::{Cidr, Family, IpBlock, PortRange};

/// What is taken away in one pass: the coarse first, so that little is left for the fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Rules of policies.
    Rules,
    /// Entries of `from` and `to`.
    Peers,
    /// Entries of `ports`.
    Ports,
    /// A direction of `policyTypes`; a `namespaceSelector`; an `endPort`.
    PolicyFields,
    /// Entries of `except`.
    Excepts,
    /// Pairs, expressions and their values of selectors.
    Selectors,
    /// Labels of pods, namespaces, workloads and nodes.
    Labels,
    /// Container ports, addresses, Service ports, endpoints: what lists of other objects hold.
    Entries,
    /// Fields that can be absent.
    Fields,
}

impl Level {
    pub(super) const ALL: [Self; 9] = [
        Self::Rules,
        Self::Peers,
        Self::Ports,
        Self::PolicyFields,
        Self::Excepts,
        Self::Selectors,
        Self::Labels,
        Self::Entries,
        Self::Fields,
    ];
}

/// Walks over objects and leaves out the parts of one level whose numbers are given. Parts are numbered through all
/// objects, those inside of parts that are left out too, so that a number means the same part whatever else is left out.
pub(super) struct Reducer<'a> {
    level: Level,
    drop: &'a BTreeSet<usize>,
    next: usize,
}

impl<'a> Reducer<'a> {
    pub(super) fn new(level: Level, drop: &'a BTreeSet<usize>) -> Self {
        Self { level, drop, next: 0 }
    }

    /// How many parts of the level were met.
    pub(super) fn met(&self) -> usize {
        self.next
    }

    /// Whether the next part stays.
    fn keeps(&mut self, level: Level) -> bool {
        if level != self.level {
            return true;
        }
        let number = self.next;
        self.next += 1;
        !self.drop.contains(&number)
    }

    fn list<T>(&mut self, level: Level, items: &[T], mut each: impl FnMut(&mut Self, &T) -> T) -> Vec<T> {
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            let keeps = self.keeps(level);
            let item = each(self, item);
            if keeps {
                kept.push(item);
            }
        }
        kept
    }

    fn entries<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        self.list(Level::Entries, items, |_, item| item.clone())
    }

    fn field<T: Clone>(&mut self, field: &Option<T>) -> Option<T> {
        field.clone().filter(|_| self.keeps(Level::Fields))
    }

    /// A field that is not as it is by default, or that.
    fn value<T: Copy + PartialEq>(&mut self, value: T, default: T) -> T {
        if value == default || self.keeps(Level::Fields) { value } else { default }
    }

    pub(super) fn object(&mut self, object: &Object) -> Object {
        match object {
            Object::Namespace(namespace) => {
                Namespace { name: namespace.name.clone(), labels: self.labels(&namespace.labels) }.into()
            }
            Object::Pod(pod) => self.pod(pod).into(),
            Object::Workload(workload) => self.workload(workload).into(),
            Object::Node(node) => Node {
                name: node.name.clone(),
                addresses: self.entries(&node.addresses),
                os_image: self.field(&node.os_image),
                labels: self.labels(&node.labels),
            }
            .into(),
            Object::Service(service) => Service {
                name: service.name.clone(),
                kind: service.kind,
                cluster_addresses: self.entries(&service.cluster_addresses),
                external_addresses: self.entries(&service.external_addresses),
                load_balancer_addresses: self.entries(&service.load_balancer_addresses),
                external_traffic_policy: self.value(service.external_traffic_policy, ExternalTrafficPolicy::Cluster),
                publish_not_ready: self.value(service.publish_not_ready, false),
                selector: self.labels(&service.selector),
                ports: self.entries(&service.ports),
            }
            .into(),
            Object::EndpointSlice(slice) => EndpointSlice {
                name: slice.name.clone(),
                service: slice.service.clone(),
                family: slice.family,
                endpoints: self.list(Level::Entries, &slice.endpoints, Self::slice_endpoint),
                ports: self.entries(&slice.ports),
            }
            .into(),
            Object::Endpoints(endpoints) => {
                let subsets = self.list(Level::Entries, &endpoints.subsets, |reducer, subset| {
                    let endpoints = reducer.list(Level::Entries, &subset.endpoints, Self::slice_endpoint);
                    EndpointSubset { endpoints, ports: reducer.entries(&subset.ports) }
                });
                Endpoints { name: endpoints.name.clone(), subsets }.into()
            }
            Object::Policy(policy) => self.policy(policy).into(),
        }
    }

    fn slice_endpoint(&mut self, endpoint: &SliceEndpoint) -> SliceEndpoint {
        SliceEndpoint {
            addresses: endpoint.addresses.clone(),
            ready: endpoint.ready,
            terminating: self.value(endpoint.terminating, false),
            target: self.field(&endpoint.target),
            node: self.field(&endpoint.node),
        }
    }

    fn pod(&mut self, pod: &Pod) -> Pod {
        Pod {
            name: pod.name.clone(),
            labels: self.labels(&pod.labels),
            addresses: self.entries(&pod.addresses),
            host_addresses: self.entries(&pod.host_addresses),
            node: self.field(&pod.node),
            node_selector: self.labels(&pod.node_selector),
            phase: self.value(pod.phase, Phase::Running),
            ready: self.value(pod.ready, true),
            terminating: self.value(pod.terminating, false),
            host_network: self.value(pod.host_network, false),
            ports: self.entries(&pod.ports),
            runtime_class: self.field(&pod.runtime_class),
            owner: self.field(&pod.owner),
        }
    }

    fn workload(&mut self, workload: &Workload) -> Workload {
        Workload {
            name: workload.name.clone(),
            kind: workload.kind.clone(),
            labels: self.labels(&workload.labels),
            selector: self.selector(&workload.selector),
            replicas: self.field(&workload.replicas),
            first_ordinal: self.value(workload.first_ordinal, 0),
            job: JobFacts {
                uid: self.field(&workload.job.uid),
                indexes: self.field(&workload.job.indexes),
                manual_selector: self.value(workload.job.manual_selector, false),
            },
            node: self.field(&workload.node),
            node_selector: self.labels(&workload.node_selector),
            host_network: self.value(workload.host_network, false),
            ports: self.entries(&workload.ports),
            runtime_class: self.field(&workload.runtime_class),
            owner: self.field(&workload.owner),
        }
    }

    fn labels(&mut self, labels: &Labels) -> Labels {
        let pairs = labels.iter().filter(|(key, _)| key.as_str() == NAMESPACE_NAME_LABEL || self.keeps(Level::Labels));
        pairs.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn policy(&mut self, policy: &NetworkPolicy) -> NetworkPolicy {
        let subject = self.selector(policy.subject());
        let types = match policy.types() {
            PolicyTypes::Both => match (self.keeps(Level::PolicyFields), self.keeps(Level::PolicyFields)) {
                (true, true) => PolicyTypes::Both,
                (true, false) => PolicyTypes::Ingress,
                // Both cannot go: that the other goes too changes nothing, so that no cut is ever taken back by a further one.
                (false, _) => PolicyTypes::Egress,
            },
            one => one,
        };
        let mut rules = |direction| self.list(Level::Rules, policy.written_rules(direction), Self::rule);
        let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
        NetworkPolicy::new(policy.name().clone(), subject, types, ingress, egress)
    }

    /// A list of peers or ports that becomes empty is none: that is what a manifest would say.
    fn rule(&mut self, rule: &Rule) -> Rule {
        let peers = match &rule.peers {
            Peers::Any => Vec::new(),
            Peers::Of(peers) => self.list(Level::Peers, peers, Self::peer),
        };
        let ports = match &rule.ports {
            Ports::Any => Vec::new(),
            Ports::Of(ports) => self.list(Level::Ports, ports, Self::port),
        };
        Rule {
            peers: if peers.is_empty() { Peers::Any } else { Peers::Of(peers) },
            ports: if ports.is_empty() { Ports::Any } else { Ports::Of(ports) },
        }
    }

    fn peer(&mut self, peer: &Peer) -> Peer {
        match peer {
            Peer::IpBlock(block) => {
                let except = self.list(Level::Excepts, block.except(), |_, cidr| *cidr);
                // Fewer excepts of a valid block are valid.
                Peer::IpBlock(IpBlock::new(block.cidr(), except).unwrap_or_else(|_| block.clone()))
            }
            Peer::Pods(pods) => Peer::Pods(PodPeer {
                namespaces: match &pods.namespaces {
                    Namespaces::Own => Namespaces::Own,
                    Namespaces::Matching(selector) => {
                        let keeps = self.keeps(Level::PolicyFields);
                        let selector = self.selector(selector);
                        if keeps { Namespaces::Matching(selector) } else { Namespaces::Own }
                    }
                },
                pods: self.selector(&pods.pods),
            }),
        }
    }

    fn port(&mut self, entry: &PortMatch) -> PortMatch {
        let port = match &entry.port {
            PortSpec::Range(range) if !self.keeps(Level::PolicyFields) => PortSpec::Number(range.first()),
            port => port.clone(),
        };
        PortMatch { protocol: entry.protocol, port }
    }

    fn selector(&mut self, selector: &Selector) -> Selector {
        let labels = selector.match_labels();
        let pairs = labels.iter().filter(|_| self.keeps(Level::Selectors));
        let labels = pairs.map(|(key, value)| (key.clone(), value.clone())).collect();
        let expressions = self.list(Level::Selectors, selector.expressions(), Self::requirement);
        Selector::new(labels, expressions)
    }

    fn requirement(&mut self, requirement: &Requirement) -> Requirement {
        let Some(values) = requirement.values() else { return requirement.clone() };
        let mut kept: Vec<_> = values.iter().filter(|_| self.keeps(Level::Selectors)).cloned().collect();
        if kept.is_empty() {
            // An expression of no values is none: it goes as a whole, and else keeps its last value.
            kept.extend(values.last().cloned());
        }
        let fewer = match requirement {
            Requirement::In { key, .. } => Requirement::in_(key.clone(), kept),
            Requirement::NotIn { key, .. } => Requirement::not_in(key.clone(), kept),
            other => Ok(other.clone()),
        };
        fewer.unwrap_or_else(|_| requirement.clone())
    }
}

/// The object with one of its CIDRs narrower, towards an address of the probe: every such object, the narrowest first.
pub(super) fn narrowed(object: &Object, towards: &[IpAddr]) -> Vec<Object> {
    let Object::Policy(policy) = object else { return Vec::new() };
    let mut found = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let rules = policy.written_rules(direction);
        for (r, rule) in rules.iter().enumerate() {
            let Peers::Of(peers) = &rule.peers else { continue };
            for (p, peer) in peers.iter().enumerate() {
                let Peer::IpBlock(block) = peer else { continue };
                for narrower in narrower_blocks(block, towards) {
                    let peers = replaced(peers, p, Peer::IpBlock(narrower));
                    let changed = replaced(rules, r, Rule { peers: Peers::Of(peers), ports: rule.ports.clone() });
                    found.push(with_rules(policy, direction, changed).into());
                }
            }
            let Ports::Of(ports) = &rule.ports else { continue };
            for (p, entry) in ports.iter().enumerate() {
                for port in shorter_ranges(&entry.port) {
                    let ports = replaced(ports, p, PortMatch { protocol: entry.protocol, port });
                    let changed = replaced(rules, r, Rule { peers: rule.peers.clone(), ports: Ports::Of(ports) });
                    found.push(with_rules(policy, direction, changed).into());
                }
            }
        }
    }
    found
}

fn replaced<T: Clone>(items: &[T], at: usize, by: T) -> Vec<T> {
    let mut items = items.to_vec();
    if let Some(item) = items.get_mut(at) {
        *item = by;
    }
    items
}

fn with_rules(policy: &NetworkPolicy, direction: Direction, rules: Vec<Rule>) -> NetworkPolicy {
    let other = |direction| policy.written_rules(direction).to_vec();
    let (ingress, egress) = match direction {
        Direction::Ingress => (rules, other(Direction::Egress)),
        Direction::Egress => (other(Direction::Ingress), rules),
    };
    NetworkPolicy::new(policy.name().clone(), policy.subject().clone(), policy.types(), ingress, egress)
}

fn narrower_blocks(block: &IpBlock, towards: &[IpAddr]) -> Vec<IpBlock> {
    let mut found = Vec::new();
    for cidr in narrower(block.cidr(), towards) {
        let inside = block.except().iter().filter(|except| cidr.contains_cidr(except) && **except != cidr);
        found.extend(IpBlock::new(cidr, inside.copied().collect()));
    }
    for (e, except) in block.except().iter().enumerate() {
        for cidr in narrower(*except, towards) {
            found.extend(IpBlock::new(block.cidr(), replaced(block.except(), e, cidr)));
        }
    }
    found
}

/// The address alone, then wider and wider, then one bit more than now.
fn narrower(cidr: Cidr, towards: &[IpAddr]) -> Vec<Cidr> {
    let mut found = Vec::new();
    for address in towards.iter().filter(|address| cidr.contains(**address)) {
        let most = if Family::of(*address) == Family::V4 { 32 } else { 128 };
        let now = cidr.prefix_len();
        let mut step = most - now.min(most);
        while step > 0 {
            found.extend(Cidr::new(*address, now + step));
            step /= 2;
        }
    }
    found
}

/// Half as long, at either end, and one shorter.
fn shorter_ranges(port: &PortSpec) -> Vec<PortSpec> {
    let PortSpec::Range(range) = port else { return Vec::new() };
    let (first, last) = (range.first().get(), range.last().get());
    let middle = first + (last - first) / 2;
    let pairs = [
        (first, middle),
        (middle + u16::from(middle < last), last),
        (first, last.saturating_sub(1)),
        (first.saturating_add(1), last),
    ];
    let is_shorter = |(from, to): &(u16, u16)| from <= to && to - from < last - first;
    let range = |(from, to)| PortRange::new(crate::net::Port::new(from)?, crate::net::Port::new(to)?);
    pairs.into_iter().filter(is_shorter).filter_map(range).map(PortSpec::Range).collect()
}
