//! A second mind: SEMANTICS.md as plain boolean code, without the reference's three-valued formulas.
//!
//! Whatever the sources leave open is asked of a closure, `true` being the answer that admits the flow: the side is
//! not enforced, the peer matches, the port matches (of U2: the pod is like any pod). One open behaviour is one
//! [`Open`]; asking it twice must give one answer.

use std::net::IpAddr;

use netpol_oracle::labels::{Labels, Requirement, Selector};
use netpol_oracle::model::{
    ContainerPort, Namespaces, Node, NodeAddressKind, Peer, Peers, PortMatch, PortSpec, Ports, Rule, Service,
    ServiceKind, ServicePort, TargetPort, Workload,
};
use netpol_oracle::net::{Cidr, Family, IpBlock};
use netpol_oracle::profile::{
    EndPort, HostNetwork, IpBlockScope, NodeOs, OtherProtocols, OwnNode, OwnNodeEgress, Rewritten, ServiceHairpin,
    Support, UnaddressedPod, Unowned,
};
use netpol_oracle::verdict::Backend;
use netpol_oracle::{
    Cluster, Destination, Direction, Endpoint, Flow, L4, NetworkPolicy, ObjectName, Pod, Port, Profile, Protocol, Row,
};

/// One behaviour that the sources leave open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Open {
    pub(crate) row: Row,
    /// Which question about it.
    pub(crate) which: Which,
}

/// What about a row is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Which {
    /// It is one behaviour for the whole flow; of U1 and U5: the reading that lets everything pass, or the ClusterIP.
    Whole,
    /// U1, where not everything passes: rules without `ports` match.
    Portless,
    /// U6 is open peer by peer.
    Peer(Place),
}

/// Where a peer stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) direction: Direction,
    pub(crate) policy: ObjectName,
    pub(crate) rule: usize,
    pub(crate) peer: usize,
}

/// Who settles what is open.
pub(crate) type Resolve<'r> = dyn FnMut(Open) -> bool + 'r;

/// Does the flow pass? The error is a `FlowError`'s code; those about families are all `family`.
pub(crate) fn evaluate(
    cluster: &Cluster,
    profile: &Profile,
    flow: &Flow,
    backend: Option<&Backend>,
    resolve: &mut Resolve<'_>,
) -> Result<bool, &'static str> {
    Ok(Crossing::of(cluster, profile, flow, backend)?.passes(resolve))
}

/// A pod, or the pods of a workload.
#[derive(Debug, Clone, Copy)]
struct Someone<'a> {
    name: &'a ObjectName,
    labels: &'a Labels,
    ports: &'a [ContainerPort],
    node: Option<&'a str>,
    host_addresses: &'a [IpAddr],
    runtime: Option<&'a str>,
    host_network: bool,
    /// A workload: several replicas, so never a hairpin (K25).
    several: bool,
}

impl<'a> Someone<'a> {
    fn pod(pod: &'a Pod) -> Self {
        Self {
            name: &pod.name,
            labels: &pod.labels,
            ports: &pod.ports,
            node: pod.node.as_deref(),
            host_addresses: &pod.host_addresses,
            runtime: pod.runtime_class.as_deref(),
            host_network: pod.host_network,
            several: false,
        }
    }

    fn workload(workload: &'a Workload) -> Self {
        Self {
            name: &workload.name,
            labels: &workload.labels,
            ports: &workload.ports,
            node: workload.node.as_deref(),
            host_addresses: &[],
            runtime: workload.runtime_class.as_deref(),
            host_network: workload.host_network,
            several: true,
        }
    }
}

/// One end, resolved.
#[derive(Debug, Clone, Copy)]
enum Party<'a> {
    Pod(Someone<'a>, Option<IpAddr>),
    Machine(Option<&'a str>, IpAddr),
    World(IpAddr),
}

impl Party<'_> {
    fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Pod(_, address) => *address,
            Self::Machine(_, address) | Self::World(address) => Some(*address),
        }
    }
}

/// A flow after resolution and translation: what policies are asked about.
#[derive(Debug)]
pub(crate) struct Crossing<'a> {
    cluster: &'a Cluster,
    profile: &'a Profile,
    source: Party<'a>,
    destination: Party<'a>,
    l4: L4,
    family: Family,
    /// The ClusterIP that the source sent to, and the port.
    cluster_ip: Option<(IpAddr, L4)>,
}

fn ask(resolve: &mut Resolve<'_>, row: Row) -> bool {
    resolve(Open { row, which: Which::Whole })
}

/// The capability of `row` is missing: the flow passes.
fn lacking(support: Support, row: Row, resolve: &mut Resolve<'_>) -> bool {
    match support {
        Support::Supported => false,
        Support::Unsupported => true,
        Support::Unknown => ask(resolve, row),
        _ => unreachable!("a reading that this evaluation does not know"),
    }
}

impl<'a> Crossing<'a> {
    /// Resolves the flow; `backend` is one of its Service's, where it has one.
    pub(crate) fn of(
        cluster: &'a Cluster,
        profile: &'a Profile,
        flow: &Flow,
        backend: Option<&Backend>,
    ) -> Result<Self, &'static str> {
        let route = Route::of(cluster, flow)?;
        let (destination, l4) = match (&route.service, backend) {
            (None, _) => (route.destination.ok_or("no destination")?, flow.l4),
            (Some(_), Some(wanted)) => {
                let found = route.backends.iter().find(|(name, _, _)| name == wanted).ok_or("not-a-backend")?;
                let L4::Port(protocol, _) = flow.l4 else { return Err("portless-service") };
                (found.1, L4::Port(protocol, found.2))
            }
            (Some(_), None) => return Err("no backend given"),
        };
        let cluster_ip = route.service.map(|address| (address, flow.l4));
        Ok(Self { cluster, profile, source: route.source, destination, l4, family: route.family, cluster_ip })
    }

    pub(crate) fn passes(&self, resolve: &mut Resolve<'_>) -> bool {
        self.side(Direction::Egress, resolve) && self.side(Direction::Ingress, resolve)
    }

    /// Whether the source and the destination are one pod.
    fn is_hairpin(&self) -> bool {
        match (&self.source, &self.destination) {
            (Party::Pod(a, _), Party::Pod(b, _)) => !a.several && !b.several && a.name == b.name,
            _ => false,
        }
    }

    /// The pod that policies see: a hostNetwork pod is one under U2's pod reading alone (K17).
    fn visible(&self, party: &Party<'a>, resolve: &mut Resolve<'_>) -> Option<Someone<'a>> {
        let Party::Pod(someone, _) = party else { return None };
        let seen = !someone.host_network
            || match self.profile.capabilities().host_network {
                HostNetwork::Node => false,
                HostNetwork::Pod => true,
                HostNetwork::Unknown => ask(resolve, Row::U2),
                _ => unreachable!("a reading that this evaluation does not know"),
            };
        seen.then_some(*someone)
    }

    pub(crate) fn side(&self, direction: Direction, resolve: &mut Resolve<'_>) -> bool {
        let can = self.profile.capabilities();
        if self.is_hairpin() && self.cluster_ip.is_none() {
            return true; // K19
        }
        let egress = direction == Direction::Egress;
        let (here, there) = if egress { (&self.source, &self.destination) } else { (&self.destination, &self.source) };
        let Some(subject) = self.visible(here, resolve) else { return true };
        let (row, support) = if egress { (Row::C3, can.egress) } else { (Row::C2, can.ingress) };
        if lacking(can.enforcement, Row::C1, resolve) || lacking(support, row, resolve) {
            return true;
        }
        if self.family == Family::V6 && lacking(can.ipv6, Row::C7, resolve) {
            return true;
        }
        let policies: Vec<&NetworkPolicy> = self
            .cluster
            .policies()
            .iter()
            .filter(|policy| policy.name().namespace() == subject.name.namespace())
            .filter(|policy| policy.isolates(direction) && selects(policy.subject(), subject.labels))
            .collect();
        if policies.is_empty() {
            return true; // K1
        }
        let near = self.is_own_node(&subject, there);
        if !egress && near {
            match can.own_node {
                OwnNode::Supported | OwnNode::EgressJudged => return true, // K18
                OwnNode::Unknown if ask(resolve, Row::C13) => return true,
                OwnNode::Unknown | OwnNode::Unsupported => {}
                _ => unreachable!("a reading that this evaluation does not know"),
            }
        }
        if self.is_cloud_internal(direction, there, resolve) {
            let passes = match (can.internal_cloud, egress) {
                (Support::Supported, _) => false,
                (Support::Unsupported, true) => true,
                _ => ask(resolve, Row::C11),
            };
            if passes {
                return true;
            }
        }
        let secure = |class: &str| self.profile.secure_runtimes().iter().any(|pattern| globbed(pattern, class));
        if can.secure_containers != Support::Supported && subject.runtime.is_some_and(secure) && ask(resolve, Row::C8) {
            return true;
        }
        if self.os_is_unsupported(&subject, direction) && ask(resolve, Row::C6) {
            return true;
        }
        if egress && near && can.own_node != OwnNode::EgressJudged {
            let exempt = match can.own_node_egress {
                OwnNodeEgress::Unknown => ask(resolve, Row::U3),
                OwnNodeEgress::Exempt => true,
                OwnNodeEgress::Judged => false,
                _ => unreachable!("a reading that this evaluation does not know"),
            };
            if exempt {
                return true;
            }
        }
        if self.is_hairpin() {
            let allowed = match can.service_hairpin {
                ServiceHairpin::Unknown => ask(resolve, Row::U4),
                ServiceHairpin::Allowed => true,
                ServiceHairpin::Judged => false,
                _ => unreachable!("a reading that this evaluation does not know"),
            };
            if allowed {
                return true;
            }
        }
        match self.l4 {
            L4::Icmp | L4::Other(_) => match can.other_protocols {
                OtherProtocols::Unknown if ask(resolve, Row::U1) => return true,
                OtherProtocols::Unknown if !resolve(Open { row: Row::U1, which: Which::Portless }) => return false,
                OtherProtocols::Unknown => {}
                OtherProtocols::Denied => return false,
                OtherProtocols::Unfiltered => return true,
                OtherProtocols::Portless => {}
                _ => unreachable!("a reading that this evaluation does not know"),
            },
            L4::Port(Protocol::Sctp, _) if can.sctp != Support::Supported => return ask(resolve, Row::C12),
            L4::Port(..) => {}
        }
        policies.iter().any(|policy| {
            policy.rules(direction).iter().enumerate().any(|(index, rule)| {
                self.port_matches(direction, rule, resolve)
                    && self.any_peer_matches(direction, policy, index, rule, there, resolve)
            })
        })
    }

    /// `there` is the subject's own node: an address of it, or one of its hostNetwork pods (K18).
    fn is_own_node(&self, subject: &Someone<'_>, there: &Party<'a>) -> bool {
        // Under every reading of U2: K18 names hostNetwork pods as such.
        if matches!(there, Party::Pod(other, _) if !other.host_network) {
            return false;
        }
        let name = match there {
            Party::Pod(other, _) => other.node,
            Party::Machine(name, _) => *name,
            Party::World(_) => None,
        };
        if name.is_some() && name == subject.node {
            return true;
        }
        let Some(address) = there.address() else { return false };
        let of_node = subject.node.and_then(|name| self.cluster.node(name));
        subject.host_addresses.contains(&address)
            || of_node.is_some_and(|node| node.addresses.iter().any(|each| each.address == address))
    }

    fn os_is_unsupported(&self, subject: &Someone<'_>, direction: Direction) -> bool {
        let node = subject.node.and_then(|name| self.cluster.node(name));
        let Some(image) = node.and_then(|node| node.os_image.as_deref()) else { return false };
        match &self.profile.capabilities().node_os {
            NodeOs::Any => false,
            NodeOs::Unknown => true,
            NodeOs::Only { ingress, egress } => {
                let listed = if direction == Direction::Egress { egress } else { ingress };
                !listed.iter().any(|os| format!("{os:?}") == system(image))
            }
            _ => unreachable!("a reading that this evaluation does not know"),
        }
    }

    /// U5: what the source sent to, where the egress side sees that in place of a backend outside the cluster.
    fn sent_to(&self, direction: Direction, resolve: &mut Resolve<'_>) -> Option<(IpAddr, L4)> {
        let sent_to = self.cluster_ip?;
        if direction == Direction::Ingress || !matches!(self.destination, Party::World(_)) {
            return None;
        }
        let before = match self.profile.capabilities().outside_backend {
            Rewritten::Before => true,
            Rewritten::After => false,
            Rewritten::Unknown => ask(resolve, Row::U5),
            _ => unreachable!("a reading that this evaluation does not know"),
        };
        before.then_some(sent_to)
    }

    /// C11: 100.125.0.0/16, unless a pod owns the address.
    fn is_cloud_internal(&self, direction: Direction, there: &Party<'a>, resolve: &mut Resolve<'_>) -> bool {
        if self.visible(there, resolve).is_some() {
            return false;
        }
        let seen = self.sent_to(direction, resolve).map(|(address, _)| address).or(there.address());
        matches!(seen, Some(IpAddr::V4(address)) if address.octets()[..2] == [100, 125])
    }

    fn port_matches(&self, direction: Direction, rule: &Rule, resolve: &mut Resolve<'_>) -> bool {
        let Ports::Of(entries) = &rule.ports else { return true };
        let seen = self.sent_to(direction, resolve).map_or(self.l4, |(_, l4)| l4);
        let L4::Port(protocol, port) = seen else { return false };
        entries.iter().any(|entry| entry.protocol == protocol && self.one_port(entry, port, resolve))
    }

    fn one_port(&self, entry: &PortMatch, port: Port, resolve: &mut Resolve<'_>) -> bool {
        let port = port.get();
        match &entry.port {
            PortSpec::Any => true,
            PortSpec::Number(number) => number.get() == port,
            PortSpec::Range(range) => {
                let (first, last) = (range.first().get(), range.last().get());
                port == first
                    || (first..=last).contains(&port)
                        && match self.profile.capabilities().end_port {
                            EndPort::Supported => true,
                            EndPort::SinglePort => false,
                            EndPort::Unknown => ask(resolve, Row::C14),
                            _ => unreachable!("a reading that this evaluation does not know"),
                        }
            }
            PortSpec::Name(name) => self.visible(&self.destination, resolve).is_some_and(|pod| {
                let mut declared = pod.ports.iter().filter(|declared| declared.name.as_ref() == Some(name));
                declared.any(|declared| declared.protocol == entry.protocol && declared.port.get() == port)
            }),
        }
    }

    fn any_peer_matches(
        &self,
        direction: Direction,
        policy: &NetworkPolicy,
        rule: usize,
        written: &Rule,
        there: &Party<'a>,
        resolve: &mut Resolve<'_>,
    ) -> bool {
        let Peers::Of(peers) = &written.peers else { return true };
        peers.iter().enumerate().any(|(peer, entry)| {
            let place = Place { direction, policy: policy.name().clone(), rule, peer };
            match entry {
                Peer::Pods(pods) => {
                    if direction == Direction::Egress && self.labels_do_not_limit() {
                        return ask(resolve, Row::C10);
                    }
                    let Some(pod) = self.visible(there, resolve) else { return false }; // K16
                    let namespace = pod.name.namespace();
                    let home = match &pods.namespaces {
                        Namespaces::Own => namespace == policy.name().namespace(),
                        Namespaces::Matching(selector) => {
                            self.cluster.namespace(namespace).is_some_and(|found| selects(selector, &found.labels))
                        }
                    };
                    home && selects(&pods.pods, pod.labels)
                }
                Peer::IpBlock(block) => self.block_matches(direction, block, place, there, resolve),
            }
        })
    }

    /// C10: the destination is a ClusterIP in front of something in the cluster.
    fn labels_do_not_limit(&self) -> bool {
        self.cluster_ip.is_some()
            && !matches!(self.destination, Party::World(_))
            && self.profile.capabilities().cluster_ip != Support::Supported
    }

    fn block_matches(
        &self,
        direction: Direction,
        block: &IpBlock,
        place: Place,
        there: &Party<'a>,
        resolve: &mut Resolve<'_>,
    ) -> bool {
        let can = self.profile.capabilities();
        let (row, support) = match direction {
            Direction::Ingress => (Row::C4, can.ingress_ip_block),
            Direction::Egress => (Row::C5, can.egress_ip_block),
        };
        if support != Support::Supported {
            return ask(resolve, row);
        }
        // A ClusterIP is in the cluster (C9).
        let over = |address| held(block, address) && can.ip_block_scope != IpBlockScope::OutsideCluster;
        if let Some((address, _)) = self.sent_to(direction, resolve) {
            return over(address);
        }
        let sent_to = self.cluster_ip.filter(|_| direction == Direction::Egress && !matches!(there, Party::World(_)));
        let Some((cluster_ip, _)) = sent_to else { return self.block_holds(block, place, there, resolve) };
        if can.cluster_ip == Support::Supported {
            return self.block_holds(block, place, there, resolve);
        }
        over(cluster_ip) || self.block_holds(block, place, there, resolve) && ask(resolve, Row::C10)
    }

    /// Whether the block holds the party's own address, as far as its scope goes (C9).
    fn block_holds(&self, block: &IpBlock, place: Place, there: &Party<'a>, resolve: &mut Resolve<'_>) -> bool {
        let can = self.profile.capabilities();
        let outside_only = can.ip_block_scope == IpBlockScope::OutsideCluster;
        let address = match there {
            Party::World(address) => *address,
            _ if outside_only => return false,
            Party::Machine(_, address) | Party::Pod(_, Some(address)) => return held(block, *address),
            Party::Pod(pod, None) => {
                if can.unaddressed_pod == UnaddressedPod::Never {
                    return false;
                }
                return match self.share_of_addresses(block, pod.host_network) {
                    Share::All => true,
                    Share::None => false,
                    Share::Some => resolve(Open { row: Row::U6, which: Which::Peer(place) }),
                };
            }
        };
        if !held(block, address) {
            return false;
        }
        if can.ip_block_scope == IpBlockScope::Any {
            return true;
        }
        let within = |cidrs: &[Cidr]| cidrs.iter().any(|cidr| in_range(cidr, address));
        let inside = if within(self.profile.service_cidrs()) {
            true
        } else if within(self.profile.pod_cidrs()) {
            match can.unowned_pod_address {
                Unowned::InCluster => true,
                Unowned::Unknown => return ask(resolve, Row::C9),
                _ => unreachable!("a reading that this evaluation does not know"),
            }
        } else {
            false
        };
        inside != outside_only
    }

    /// How many of the addresses that a pod without one may get lie in the block (U6). A hostNetwork pod gets its
    /// node's, which the pod CIDRs say nothing about.
    fn share_of_addresses(&self, block: &IpBlock, host_network: bool) -> Share {
        let known = if host_network { &[] } else { self.profile.pod_cidrs() };
        let mut ranges: Vec<(u128, u128)> =
            known.iter().filter(|cidr| cidr.family() == self.family).map(bounds).collect();
        if ranges.is_empty() {
            ranges.push((0, if self.family == Family::V4 { u128::from(u32::MAX) } else { u128::MAX }));
        }
        let same_family = block.cidr().family() == self.family;
        let inside = |at: u128| {
            let within = |cidr: &Cidr| (bounds(cidr).0..=bounds(cidr).1).contains(&at);
            same_family && within(&block.cidr()) && !block.except().iter().any(within)
        };
        // Membership changes only where some range begins or has just ended.
        let edges: Vec<u128> = std::iter::once(block.cidr())
            .chain(block.except().iter().copied())
            .flat_map(|cidr| [Some(bounds(&cidr).0), bounds(&cidr).1.checked_add(1)])
            .flatten()
            .collect();
        let (mut some_in, mut some_out) = (false, false);
        for (first, last) in ranges {
            for at in edges.iter().copied().chain([first]).filter(|at| (first..=last).contains(at)) {
                *(if inside(at) { &mut some_in } else { &mut some_out }) = true;
            }
        }
        match (some_in, some_out) {
            (true, false) => Share::All,
            (true, true) => Share::Some,
            _ => Share::None,
        }
    }
}

enum Share {
    All,
    Some,
    None,
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// First and last address.
fn bounds(cidr: &Cidr) -> (u128, u128) {
    let bits = if cidr.family() == Family::V4 { 32 } else { 128 };
    let free = bits - u32::from(cidr.prefix_len());
    let first = number(cidr.network());
    let size_less_one = if free == 128 { u128::MAX } else { (1_u128 << free) - 1 };
    (first, first + size_less_one)
}

fn in_range(cidr: &Cidr, address: IpAddr) -> bool {
    let (first, last) = bounds(cidr);
    cidr.network().is_ipv4() == address.is_ipv4() && (first..=last).contains(&number(address))
}

fn held(block: &IpBlock, address: IpAddr) -> bool {
    in_range(&block.cidr(), address) && !block.except().iter().any(|except| in_range(except, address))
}

fn globbed(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail),
    }
}

/// The name of the `Os` behind an image, by SEMANTICS section 3.
fn system(image: &str) -> &'static str {
    let prefixes = [
        ("Huawei Cloud EulerOS 2.0", "HceOs2"),
        ("HCE OS 2.0", "HceOs2"),
        ("EulerOS", "EulerOs"),
        ("CentOS", "CentOs"),
        ("Ubuntu 22.04", "Ubuntu2204"),
    ];
    match prefixes.iter().find(|(prefix, _)| image.starts_with(prefix)) {
        Some((_, "CentOs")) if image.contains(" 7") => "CentOs7",
        Some((_, os)) => os,
        None => "none of the page's",
    }
}

/// K9, from the operators' names.
fn selects(selector: &Selector, labels: &Labels) -> bool {
    let value = |key: &str| labels.iter().find(|(name, _)| name.as_str() == key).map(|(_, value)| value.as_str());
    let pairs = selector.match_labels().iter().all(|(key, wanted)| value(key.as_str()) == Some(wanted.as_str()));
    pairs
        && selector.expressions().iter().all(|each: &Requirement| {
            let found = value(each.key().as_str());
            let listed = |found| each.values().is_some_and(|values| values.iter().any(|each| each.as_str() == found));
            match each.operator() {
                "In" => found.is_some_and(listed),
                "NotIn" => !found.is_some_and(listed),
                "Exists" => found.is_some(),
                _ => found.is_none(),
            }
        })
}

/// Where a flow goes from and to, and by way of what.
pub(crate) struct Route<'a> {
    source: Party<'a>,
    /// Of a flow that is not to a Service.
    destination: Option<Party<'a>>,
    family: Family,
    /// The ClusterIP of a flow to a Service.
    service: Option<IpAddr>,
    backends: Vec<(Backend, Party<'a>, Port)>,
}

/// An end before the family is known.
enum End<'a> {
    Pod(&'a Pod, Option<IpAddr>),
    Workload(&'a Workload),
    Node(&'a Node),
    Fixed(Party<'a>),
    Service(&'a Service, Option<IpAddr>),
}

impl<'a> Route<'a> {
    pub(crate) fn of(cluster: &'a Cluster, flow: &Flow) -> Result<Self, &'static str> {
        let source = end(cluster, &flow.source)?;
        if let End::Service(..) = source {
            return Err("service-as-source");
        }
        let destination = match &flow.destination {
            Destination::Endpoint(endpoint) => end(cluster, endpoint)?,
            Destination::Service(name) => End::Service(cluster.service(name).ok_or("unknown-service")?, None),
            _ => unreachable!("a destination that this evaluation does not know"),
        };
        let End::Service(service, _) = destination else {
            if flow.via.is_some() {
                return Err("via-without-service");
            }
            let family = common_family(&source, &destination)?;
            return Ok(Self {
                source: party(&source, family)?,
                destination: Some(party(&destination, family)?),
                family: family.unwrap_or(Family::V4),
                service: None,
                backends: Vec::new(),
            });
        };
        match service.kind {
            ServiceKind::ClusterIp => {}
            ServiceKind::Headless => return Err("headless"),
            ServiceKind::ExternalName => return Err("external-name"),
            _ => unreachable!("a kind of Service that this evaluation does not know"),
        }
        let L4::Port(protocol, port) = flow.l4 else { return Err("portless-service") };
        let wanted = |each: &&ServicePort| each.protocol == protocol && each.port == port;
        let port = service.ports.iter().find(wanted).ok_or("no-such-port")?;
        let family = common_family(&source, &destination)?;
        let chosen = family.unwrap_or(Family::V4);
        let cluster_ip = service.cluster_addresses.iter().find(|each| Family::of(**each) == chosen).ok_or("family")?;
        let mut backends = backends(cluster, service, port, chosen)?;
        backends.sort_by(|a, b| a.0.cmp(&b.0));
        backends.dedup_by(|a, b| a.0 == b.0);
        if backends.is_empty() {
            return Err("no-ready-backend");
        }
        if let Some(via) = &flow.via {
            backends.retain(|(backend, _, _)| *backend == Backend::Object(via.clone()));
            if backends.is_empty() {
                return Err("not-a-backend");
            }
        }
        Ok(Self {
            source: party(&source, family)?,
            destination: None,
            family: chosen,
            service: Some(*cluster_ip),
            backends,
        })
    }

    /// The Service's backends for this flow, by name; none where it is not to a Service.
    pub(crate) fn backend_names(&self) -> Vec<Backend> {
        self.backends.iter().map(|(backend, _, _)| backend.clone()).collect()
    }
}

fn end<'a>(cluster: &'a Cluster, endpoint: &Endpoint) -> Result<End<'a>, &'static str> {
    match endpoint {
        Endpoint::Named(name) => match cluster.pod(name) {
            Some(pod) if pod.is_live() => Ok(End::Pod(pod, None)),
            Some(_) => Err("finished-pod"),
            None => match cluster.workloads_named(name).collect::<Vec<_>>().as_slice() {
                [] => Err("unknown-object"),
                [one] => Ok(End::Workload(one)),
                _ => Err("ambiguous-workload"),
            },
        },
        Endpoint::Workload { kind, name } => cluster.workload(kind, name).map(End::Workload).ok_or("unknown-object"),
        Endpoint::PodAddress { pod, address } => {
            let pod = cluster.pod(pod).ok_or("unknown-object")?;
            if !pod.is_live() {
                return Err("finished-pod");
            }
            if !pod.addresses.contains(address) {
                return Err("address-not-of-pod");
            }
            if !pod.host_network {
                owner_of(cluster, *address)?;
            }
            Ok(End::Pod(pod, Some(*address)))
        }
        Endpoint::Node(name) => cluster.node(name).map(End::Node).ok_or("unknown-node"),
        Endpoint::NodeAddress { node, address } => {
            let node = cluster.node(node).ok_or("unknown-node")?;
            if !node.addresses.iter().any(|each| each.address == *address) {
                return Err("address-not-of-node");
            }
            Ok(End::Fixed(Party::Machine(Some(&*node.name), *address)))
        }
        Endpoint::Address(address) => observed(cluster, *address),
        _ => unreachable!("an end that this evaluation does not know"),
    }
}

/// The pod that claims the address; hostNetwork pods claim none (K20).
fn owner_of(cluster: &Cluster, address: IpAddr) -> Result<Option<&Pod>, &'static str> {
    let claims = |pod: &&Pod| pod.is_live() && !pod.host_network && pod.addresses.contains(&address);
    let mut owners = cluster.pods().iter().filter(claims);
    let first = owners.next();
    if owners.next().is_some() { Err("shared-address") } else { Ok(first) }
}

fn observed(cluster: &Cluster, address: IpAddr) -> Result<End<'_>, &'static str> {
    if let Some(pod) = owner_of(cluster, address)? {
        return Ok(End::Pod(pod, Some(address)));
    }
    let bears = |node: &&Node| node.addresses.iter().any(|each| each.address == address);
    if let Some(node) = cluster.nodes().iter().find(bears) {
        return Ok(End::Fixed(Party::Machine(Some(&*node.name), address)));
    }
    let hosted = |pod: &&Pod| {
        pod.host_addresses.contains(&address) || pod.is_live() && pod.host_network && pod.addresses.contains(&address)
    };
    if let Some(pod) = cluster.pods().iter().find(hosted) {
        return Ok(End::Fixed(Party::Machine(pod.node.as_deref(), address)));
    }
    if let Some(service) = cluster.services().iter().find(|service| service.cluster_addresses.contains(&address)) {
        return Ok(End::Service(service, Some(address)));
    }
    Ok(End::Fixed(Party::World(address)))
}

/// The families an end can have, in order; none: any (K22).
fn families(end: &End<'_>) -> Vec<Family> {
    match end {
        End::Pod(_, Some(address)) | End::Service(_, Some(address)) => vec![Family::of(*address)],
        End::Pod(pod, None) => pod.addresses.iter().copied().map(Family::of).collect(),
        End::Workload(_) => Vec::new(),
        End::Node(node) => internal(node).map(Family::of).collect(),
        End::Fixed(party) => party.address().map(Family::of).into_iter().collect(),
        End::Service(service, None) => service.cluster_addresses.iter().copied().map(Family::of).collect(),
    }
}

fn internal(node: &Node) -> impl Iterator<Item = IpAddr> {
    node.addresses.iter().filter(|each| each.kind == NodeAddressKind::InternalIp).map(|each| each.address)
}

/// The first family of the destination that the source has too (K22).
fn common_family(source: &End<'_>, destination: &End<'_>) -> Result<Option<Family>, &'static str> {
    let (from, to) = (families(source), families(destination));
    match (from.first(), to.first()) {
        (first, None) => Ok(first.copied()),
        (None, first) => Ok(first.copied()),
        _ => to.iter().find(|family| from.contains(family)).map(|family| Some(*family)).ok_or("family"),
    }
}

fn party<'a>(end: &End<'a>, family: Option<Family>) -> Result<Party<'a>, &'static str> {
    let of_family = |address: &IpAddr| Some(Family::of(*address)) == family;
    match end {
        End::Pod(pod, Some(address)) => Ok(Party::Pod(Someone::pod(pod), Some(*address))),
        End::Pod(pod, None) => Ok(Party::Pod(Someone::pod(pod), pod.addresses.iter().copied().find(of_family))),
        End::Workload(workload) => Ok(Party::Pod(Someone::workload(workload), None)),
        End::Node(node) => {
            let address = internal(node).find(of_family).ok_or("family")?;
            Ok(Party::Machine(Some(&*node.name), address))
        }
        End::Fixed(party) => Ok(*party),
        End::Service(..) => Err("a Service is no party"),
    }
}

fn backends<'a>(
    cluster: &'a Cluster,
    service: &Service,
    port: &ServicePort,
    family: Family,
) -> Result<Vec<(Backend, Party<'a>, Port)>, &'static str> {
    let namespace = service.name.namespace();
    let mut found = Vec::new();
    let slices = cluster.endpoint_slices().iter();
    let mut slices = slices
        .filter(|slice| slice.name.namespace() == namespace && *slice.service == **service.name.name())
        .peekable();
    if slices.peek().is_some() {
        for slice in slices.filter(|slice| slice.family == family) {
            let Some(target) = slice.ports.iter().find(|each| each.name == port.name && each.protocol == port.protocol)
            else {
                continue;
            };
            for endpoint in slice.endpoints.iter().filter(|endpoint| endpoint.ready) {
                let Some(address) = endpoint.addresses.first() else { continue };
                let named = endpoint.target.as_ref().and_then(|name| cluster.pod(name)).filter(|pod| pod.is_live());
                let (backend, party) = match named {
                    Some(pod) => (Backend::Object(pod.name.clone()), Party::Pod(Someone::pod(pod), Some(*address))),
                    None => match observed(cluster, *address)? {
                        End::Pod(pod, address) => {
                            (Backend::Object(pod.name.clone()), Party::Pod(Someone::pod(pod), address))
                        }
                        End::Fixed(party) => (Backend::Address(*address), party),
                        _ => continue,
                    },
                };
                found.push((backend, party, target.port));
            }
        }
        return Ok(found);
    }
    if service.selector.is_empty() {
        return Ok(found);
    }
    let selected =
        |labels: &Labels| service.selector.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value));
    let target = |ports: &[ContainerPort]| match &port.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => ports
            .iter()
            .find(|each| each.name.as_ref() == Some(name) && each.protocol == port.protocol)
            .map(|each| each.port),
    };
    let local = cluster.pods().iter().filter(|pod| pod.name.namespace() == namespace);
    for pod in local.clone().filter(|pod| pod.is_live() && pod.ready && selected(&pod.labels)) {
        let address = pod.addresses.iter().copied().find(|address| Family::of(*address) == family);
        if !pod.addresses.is_empty() && address.is_none() {
            continue;
        }
        if let Some(target) = target(&pod.ports) {
            found.push((Backend::Object(pod.name.clone()), Party::Pod(Someone::pod(pod), address), target));
        }
    }
    for workload in cluster.workloads() {
        // Its pods: those it controls, and those that nobody does and its selector means.
        let its = |pod: &Pod| match &pod.owner {
            Some(owner) => owner.kind == workload.kind && *owner.name == **workload.name.name(),
            None => selects(&workload.selector, &pod.labels),
        };
        let absent = !local.clone().any(its);
        let counts = workload.name.namespace() == namespace && selected(&workload.labels);
        if let Some(target) = target(&workload.ports).filter(|_| counts && absent && workload.replicas != Some(0)) {
            found.push((Backend::Object(workload.name.clone()), Party::Pod(Someone::workload(workload), None), target));
        }
    }
    Ok(found)
}
