//! Policies as flows.
//!
//! | table | what it does |
//! |---|---|
//! | 0 | who sends: by port, and a pod by its own addresses only |
//! | 5 | where to: the port that leads to the destination |
//! | 6 | a pod reaching itself leaves at once (K19) |
//! | 7 | what a tunnel brought skips egress; which address blocks see of a Service flow (C10, U5) |
//! | 10 | egress of isolated pods, else passes |
//! | 15 | a copy to the tap |
//! | 20 | ingress of isolated pods, else passes |
//! | 30 | out |
//!
//! In tables 10 and 20 a rule is a conjunction of three clauses: the pods its policy isolates, its peers, its ports. A
//! clause that admits everything is left out; the one of the pods alone is a plain flow, since a conjunction needs two.
//! Each policy lists its own pods, so that rules add up and none can take away what another admits (K2).

use std::collections::BTreeSet;
use std::net::IpAddr;

use netpol_oracle::model::{Namespaces, Peer, Peers, PodPeer, PortMatch, PortSpec, Ports, Rule};
use netpol_oracle::net::{Family, IpBlock};
use netpol_oracle::profile::{
    Capabilities, EndPort, IpBlockScope, OtherProtocols, OwnNode, OwnNodeEgress, Rewritten, ServiceHairpin, Support,
};
use netpol_oracle::{Cluster, Direction, NetworkPolicy, ObjectName, Pod, Profile, Protocol};

use crate::cidrs::{Net, intersect, subtract};
use crate::ends::{Ends, PodEnd, TAP, TUNNEL, UPLINK};
use crate::fault::Fault;
use crate::flows::{Clause, Flows};
use crate::ids::Ids;
use crate::masks::{Masked, cover};
use crate::selectors::selects;

/// A rule, by its place.
pub(crate) type RuleKey = (ObjectName, Direction, usize);

const SENDER: u8 = 0;
const DESTINATION: u8 = 5;
const HAIRPIN: u8 = 6;
const SEEN_ADDRESS: u8 = 7;
const EGRESS: u8 = 10;
const PASSED_EGRESS: u8 = 15;
const INGRESS: u8 = 20;
const OUT: u8 = 30;

/// reg1: what kind of end sends.
const FROM_POD: u8 = 1;
const FROM_NODE: u8 = 2;
const FROM_OUTSIDE: u8 = 3;
/// reg4: what kind of end is sent to.
const TO_POD: u8 = 1;
const TO_NODE: u8 = 2;
const TO_OUTSIDE: u8 = 3;

/// Priorities of tables 10 and 20.
const EXEMPT: u16 = 300;
const LEAKED_EXCEPT: u16 = 260;
const PLAIN: u16 = 250;
const RULES: u16 = 200;
const ISOLATED: u16 = 100;
const PASS: u16 = 0;

/// The flows of `cluster` under `profile`; `conjunctions` is brought up to date.
pub(crate) fn compile(
    cluster: &Cluster,
    profile: &Profile,
    ends: &Ends,
    conjunctions: &mut Ids<RuleKey>,
    fault: Option<Fault>,
) -> Flows {
    let capabilities = profile.capabilities();
    let v6 = (capabilities.ipv6 != Support::Unsupported) != (fault == Some(Fault::FamilyProfileIgnored));
    let families = if v6 { vec![Family::V4, Family::V6] } else { vec![Family::V4] };
    let mut compiler = Compiler { cluster, profile, capabilities, ends, families, fault, flows: Flows::default() };
    conjunctions.assign(&compiler.rule_keys());
    compiler.senders();
    compiler.destinations();
    compiler.service_addresses();
    for direction in [Direction::Egress, Direction::Ingress] {
        compiler.isolation(direction, conjunctions);
    }
    compiler.flows.add(PASSED_EGRESS, PASS, "", format!("output:{TAP},goto_table:{INGRESS}"));
    compiler.flows.add(OUT, PASS, "", "output:NXM_NX_REG2[]");
    compiler.flows
}

struct Compiler<'c> {
    cluster: &'c Cluster,
    profile: &'c Profile,
    capabilities: &'c Capabilities,
    ends: &'c Ends,
    /// The families in which pods are isolated at all (C7).
    families: Vec<Family>,
    fault: Option<Fault>,
    flows: Flows,
}

impl Compiler<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn senders(&mut self) {
        for PodEnd { pod, port } in &self.ends.pods {
            for address in &pod.addresses {
                let from = source(Net::host(*address));
                let actions =
                    format!("load:{FROM_POD}->NXM_NX_REG1[],load:{port}->NXM_NX_REG3[],goto_table:{DESTINATION}");
                for in_port in [*port, TUNNEL] {
                    self.flows.add(SENDER, 10, format!("in_port={in_port},{from}"), &*actions);
                }
            }
        }
        let kind = |kind: u8| format!("load:{kind}->NXM_NX_REG1[],goto_table:{DESTINATION}");
        for port in self.ends.nodes.values() {
            self.flows.add(SENDER, 10, format!("in_port={port}"), kind(FROM_NODE));
        }
        for address in self.ends.node_addresses.keys() {
            let from = source(Net::host(*address));
            self.flows.add(SENDER, 10, format!("in_port={UPLINK},{from}"), kind(FROM_NODE));
        }
        self.flows.add(SENDER, 5, format!("in_port={UPLINK}"), kind(FROM_OUTSIDE));
    }

    fn destinations(&mut self) {
        let to =
            |port: u16, kind: u8| format!("load:{port}->NXM_NX_REG2[],load:{kind}->NXM_NX_REG4[],goto_table:{HAIRPIN}");
        for PodEnd { pod, port } in &self.ends.pods {
            for address in &pod.addresses {
                self.flows.add(DESTINATION, 10, destination(Net::host(*address)), to(*port, TO_POD));
            }
            if !self.has(Fault::HairpinJudged) {
                let itself = format!("reg2={port},reg3={port},reg6=0");
                self.flows.add(HAIRPIN, 10, itself, format!("output:{TAP},IN_PORT"));
            }
            // Output to the port a packet came by needs the special port; the plain number drops it.
            self.flows.add(OUT, 10, format!("in_port={port},reg2={port}"), "IN_PORT");
        }
        for (address, port) in &self.ends.node_addresses {
            self.flows.add(DESTINATION, 10, destination(Net::host(*address)), to(*port, TO_NODE));
        }
        self.flows.add(DESTINATION, PASS, "", to(UPLINK, TO_OUTSIDE));
        self.flows.add(HAIRPIN, PASS, "", format!("goto_table:{SEEN_ADDRESS}"));
    }

    /// reg6 says that the packet was sent to the ClusterIP in reg5 or xxreg2; reg7 that egress blocks see that one.
    fn service_addresses(&mut self) {
        self.flows.add(SEEN_ADDRESS, 20, format!("in_port={TUNNEL}"), format!("goto_table:{INGRESS}"));
        let before = format!("load:1->NXM_NX_REG7[],goto_table:{EGRESS}");
        if self.capabilities.cluster_ip != Support::Supported {
            for kind in [TO_POD, TO_NODE] {
                self.flows.add(SEEN_ADDRESS, 10, format!("reg4={kind},reg6=1"), &*before);
            }
        }
        if self.capabilities.outside_backend != Rewritten::After {
            self.flows.add(SEEN_ADDRESS, 10, format!("reg4={TO_OUTSIDE},reg6=1"), &*before);
        }
        self.flows.add(SEEN_ADDRESS, PASS, "", format!("goto_table:{EGRESS}"));
    }

    fn isolation(&mut self, direction: Direction, conjunctions: &Ids<RuleKey>) {
        let (table, next) = match direction {
            Direction::Egress => (EGRESS, PASSED_EGRESS),
            Direction::Ingress => (INGRESS, OUT),
        };
        let pass = format!("goto_table:{next}");
        self.flows.add(table, PASS, "", &*pass);
        let support = match direction {
            Direction::Egress => self.capabilities.egress,
            Direction::Ingress => self.capabilities.ingress,
        };
        if [self.capabilities.enforcement, support].contains(&Support::Unsupported) {
            return;
        }
        let mut isolated: BTreeSet<u16> = BTreeSet::new();
        let policies: Vec<&NetworkPolicy> = self.cluster.policies().iter().collect();
        for (place, policy) in policies.iter().enumerate() {
            let mut subjects = self.subjects(policy, direction);
            isolated.extend(subjects.iter().map(|end| end.port));
            if self.has(Fault::LastPolicyWins) {
                let later: Vec<u16> = policies
                    .iter()
                    .skip(place + 1)
                    .flat_map(|policy| self.subjects(policy, direction))
                    .map(|end| end.port)
                    .collect();
                subjects.retain(|end| !later.contains(&end.port));
            }
            for (index, rule) in self.rules(policy, direction).iter().enumerate() {
                let id = if self.has(Fault::SharedConjunctionIds) {
                    u32::try_from(index + 1).unwrap_or(1)
                } else {
                    let Some(id) = conjunctions.get(&(policy.name().clone(), direction, index)) else { continue };
                    id
                };
                self.rule(policy, rule, direction, &subjects, id, &pass);
            }
        }
        for end in &self.ends.pods {
            if isolated.contains(&end.port) {
                self.drop_the_rest(table, &subject(direction, end.port));
                self.exemptions(table, direction, end, &pass);
            }
        }
    }

    /// The pods that `policy` isolates (K1).
    fn subjects(&self, policy: &NetworkPolicy, direction: Direction) -> Vec<PodEnd> {
        let declared = policy.isolates(direction)
            || (self.has(Fault::UndeclaredRulesCount) && !policy.written_rules(direction).is_empty())
            || (self.has(Fault::EgressAlwaysDeclared) && direction == Direction::Egress);
        let without_rules = direction == Direction::Egress && policy.rules(direction).is_empty();
        if !declared || (self.has(Fault::EmptyEgressDoesNotIsolate) && without_rules) {
            return Vec::new();
        }
        let selected = |end: &&PodEnd| {
            end.pod.name.namespace() == policy.name().namespace()
                && selects(policy.subject(), &end.pod.labels, self.fault)
        };
        self.ends.pods.iter().filter(selected).cloned().collect()
    }

    /// The rules that count (K4).
    fn rules(&self, policy: &NetworkPolicy, direction: Direction) -> Vec<Rule> {
        let rules = match policy.isolates(direction) || self.has(Fault::UndeclaredRulesCount) {
            true => policy.written_rules(direction).to_vec(),
            false => Vec::new(),
        };
        if self.has(Fault::EmptyIngressAdmitsAll) && direction == Direction::Ingress && rules.is_empty() {
            return vec![Rule { peers: Peers::Any, ports: Ports::Any }];
        }
        rules
    }

    fn rule_keys(&self) -> BTreeSet<RuleKey> {
        let mut keys = BTreeSet::new();
        for policy in self.cluster.policies() {
            for direction in [Direction::Egress, Direction::Ingress] {
                let rules = 0..self.rules(policy, direction).len();
                keys.extend(rules.map(|index| (policy.name().clone(), direction, index)));
            }
        }
        keys
    }

    fn rule(
        &mut self,
        policy: &NetworkPolicy,
        rule: &Rule,
        direction: Direction,
        subjects: &[PodEnd],
        id: u32,
        pass: &str,
    ) {
        let table = if direction == Direction::Egress { EGRESS } else { INGRESS };
        let pods: Vec<String> = subjects.iter().map(|end| subject(direction, end.port)).collect();
        let mut clauses = vec![pods.clone()];
        clauses.extend(self.peers(policy, &rule.peers, direction, &pods));
        clauses.extend(self.ports(&rule.ports, direction, subjects));
        if clauses.iter().any(Vec::is_empty) {
            return;
        }
        if clauses.len() == 1 {
            for pod in pods {
                self.flows.add(table, PLAIN, pod, pass);
            }
            return;
        }
        self.flows.add(table, RULES, format!("conj_id={id}"), pass);
        for (number, clause) in clauses.iter().enumerate() {
            let clause_id = Clause { conjunction: id, number: number + 1, of: clauses.len() };
            for fields in clause {
                self.flows.add_clause(table, RULES, &**fields, clause_id);
            }
        }
    }

    /// The clause of a rule's peers; `None`: everyone (K6).
    fn peers(
        &mut self,
        policy: &NetworkPolicy,
        peers: &Peers,
        direction: Direction,
        subjects: &[String],
    ) -> Option<Vec<String>> {
        let Peers::Of(peers) = peers else { return None };
        let mut clause = Vec::new();
        for peer in peers {
            match peer {
                Peer::Pods(peer) => clause.extend(self.pods(policy, peer, direction)),
                Peer::IpBlock(block) => clause.extend(self.block(block, direction, subjects)),
            }
        }
        Some(clause)
    }

    /// The addresses of the pods that a peer selects (K7, K16, K20).
    fn pods(&self, policy: &NetworkPolicy, peer: &PodPeer, direction: Direction) -> Vec<String> {
        let is_peer = |pod: &Pod| {
            (pod.is_live() || self.has(Fault::FinishedPodSelected))
                && (!pod.host_network || self.has(Fault::HostNetworkSelected))
        };
        let selected = |pod: &Pod| {
            let namespace = match &peer.namespaces {
                Namespaces::Own => {
                    pod.name.namespace() == policy.name().namespace() || self.has(Fault::OwnNamespaceIsEvery)
                }
                Namespaces::Matching(selector) => self
                    .cluster
                    .namespace(pod.name.namespace())
                    .is_some_and(|namespace| selects(selector, &namespace.labels, self.fault)),
            };
            let labels = selects(&peer.pods, &pod.labels, self.fault);
            let either = self.has(Fault::SelectorsOred)
                && matches!(peer.namespaces, Namespaces::Matching(_))
                && !peer.pods.is_everything();
            if either { namespace || labels } else { namespace && labels }
        };
        let addresses = |pod: &Pod| match self.has(Fault::FirstAddressOnly) {
            true => pod.addresses.iter().copied().take(1).collect::<Vec<IpAddr>>(),
            false => pod.addresses.clone(),
        };
        let pods = self.cluster.pods().iter().filter(|pod| is_peer(pod) && selected(pod));
        let nets = pods.flat_map(addresses).map(Net::host).filter(|net| self.families.contains(&net.family()));
        nets.map(|net| peer_fields(net, direction)).collect()
    }

    /// What a block holds, without its exceptions: cut out of this block, they take nothing from another peer (K14).
    fn block(&mut self, block: &IpBlock, direction: Direction, subjects: &[String]) -> Vec<String> {
        let support = match direction {
            Direction::Egress => self.capabilities.egress_ip_block,
            Direction::Ingress => self.capabilities.ingress_ip_block,
        };
        if support != Support::Supported {
            return Vec::new();
        }
        let mut except: Vec<Net> = block.except().iter().map(Net::of).collect();
        if self.has(Fault::ExceptDropsForAll) {
            let table = if direction == Direction::Egress { EGRESS } else { INGRESS };
            for net in except.iter().filter(|net| self.families.contains(&net.family())) {
                for subject in subjects {
                    let fields = format!("{subject},{}", peer_fields(*net, direction));
                    self.flows.add(table, LEAKED_EXCEPT, fields, "drop");
                }
            }
        }
        if self.has(Fault::ExceptIgnored) || self.has(Fault::ExceptDropsForAll) {
            except.clear();
        }
        let mut nets = subtract(vec![Net::of(&block.cidr())], &except);
        nets.retain(|net| self.families.contains(&net.family()));
        // C9: a ClusterIP is in the cluster.
        let cluster_ips = match self.capabilities.ip_block_scope {
            IpBlockScope::OutsideCluster => Vec::new(),
            _ => nets.clone(),
        };
        let nets = match self.capabilities.ip_block_scope {
            IpBlockScope::OutsideCluster => subtract(nets, &self.in_cluster()),
            IpBlockScope::InsideCluster => intersect(&nets, &self.in_cluster()),
            // A scope that is not known here is none: that shows as a mismatch.
            _ => nets,
        };
        let mut fields: Vec<String> = nets.into_iter().map(|net| peer_fields(net, direction)).collect();
        if direction == Direction::Egress {
            fields.extend(cluster_ips.into_iter().map(cluster_ip_fields));
        }
        fields
    }

    /// Addresses of pods, nodes and Services (C9).
    fn in_cluster(&self) -> Vec<Net> {
        let pods = self.ends.pods.iter().flat_map(|end| end.pod.addresses.iter().copied());
        let hosts = pods.chain(self.ends.node_addresses.keys().copied()).map(Net::host);
        let ranges = self.profile.pod_cidrs().iter().chain(self.profile.service_cidrs()).map(Net::of);
        hosts.chain(ranges).collect()
    }

    /// The clause of a rule's ports; `None`: all of them (K6).
    fn ports(&self, ports: &Ports, direction: Direction, subjects: &[PodEnd]) -> Option<Vec<String>> {
        let entries = match ports {
            // Without the clause other protocols match too, which is one reading of U1.
            Ports::Any if self.capabilities.other_protocols != OtherProtocols::Denied => return None,
            Ports::Any => Protocol::ALL.map(|protocol| PortMatch { protocol, port: PortSpec::Any }).to_vec(),
            Ports::Of(entries) => entries.clone(),
        };
        let mut clause = Vec::new();
        for entry in &entries {
            let mut protocols = vec![entry.protocol];
            if self.has(Fault::UdpOpensTcp) && entry.protocol == Protocol::Udp {
                protocols.push(Protocol::Tcp);
            }
            for protocol in protocols {
                for family in &self.families {
                    clause.extend(self.port_entry(entry, protocol, *family, direction, subjects));
                }
            }
        }
        Some(clause)
    }

    fn port_entry(
        &self,
        entry: &PortMatch,
        protocol: Protocol,
        family: Family,
        direction: Direction,
        subjects: &[PodEnd],
    ) -> Vec<String> {
        let word = transport(protocol, family);
        let fields = |blocks: Vec<Masked>| -> Vec<String> {
            blocks.into_iter().map(|Masked { value, mask }| format!("{word},tp_dst={value:#x}/{mask:#x}")).collect()
        };
        match &entry.port {
            PortSpec::Any => vec![word.to_owned()],
            PortSpec::Number(number) => fields(cover(number.get(), number.get())),
            PortSpec::Range(range) => {
                let (first, mut last) = (range.first().get(), range.last().get());
                let counts = self.capabilities.end_port == EndPort::Supported;
                if counts == self.has(Fault::EndPortProfileIgnored) {
                    last = first;
                }
                if self.has(Fault::EndPortExclusive) && first < last {
                    last -= 1;
                }
                let mut blocks = cover(first, last);
                if let (true, Some(block)) = (self.has(Fault::LastMaskTooShort), blocks.last_mut()) {
                    block.mask <<= 1;
                    block.value &= block.mask;
                }
                fields(blocks)
            }
            PortSpec::Name(name) => {
                // K12: on the destination, which on ingress is the pod that the policy isolates.
                let (register, ends) = match (direction, self.has(Fault::NamedPortOfSource)) {
                    (Direction::Egress, false) => ("reg2", &*self.ends.pods),
                    (Direction::Ingress, false) => ("reg2", subjects),
                    (Direction::Egress, true) => ("reg3", subjects),
                    (Direction::Ingress, true) => ("reg3", &*self.ends.pods),
                };
                let mut found = Vec::new();
                for end in ends {
                    let named = end.pod.ports.iter().filter(|port| {
                        port.name.as_ref() == Some(name)
                            && (port.protocol == entry.protocol || self.has(Fault::NamedPortIgnoresProtocol))
                    });
                    for port in named {
                        let fields = fields(cover(port.port.get(), port.port.get()));
                        found.extend(fields.into_iter().map(|fields| format!("{register}={},{fields}", end.port)));
                    }
                }
                if found.is_empty() && self.has(Fault::MissingNameIsEveryPort) {
                    found.push(word.to_owned());
                }
                found
            }
        }
    }

    fn drop_the_rest(&mut self, table: u8, subject: &str) {
        let priority = if self.has(Fault::DropFirst) { EXEMPT - 1 } else { ISOLATED };
        for family in self.families.clone() {
            let words: Vec<&str> = match self.capabilities.other_protocols {
                OtherProtocols::Unfiltered => Protocol::ALL.map(|protocol| transport(protocol, family)).to_vec(),
                _ => vec![network(family)],
            };
            for word in words {
                self.flows.add(table, priority, format!("{subject},{word}"), "drop");
            }
        }
    }

    /// What no rule needs to admit.
    fn exemptions(&mut self, table: u8, direction: Direction, end: &PodEnd, pass: &str) {
        let PodEnd { pod, port } = end;
        let this = subject(direction, *port);
        if self.capabilities.service_hairpin == ServiceHairpin::Allowed {
            self.flows.add(table, EXEMPT, format!("reg2={port},reg3={port},reg6=1"), pass);
        }
        let own_node = self.own_node_addresses(pod);
        match direction {
            Direction::Ingress => {
                if self.capabilities.own_node == OwnNode::Unsupported || self.has(Fault::OwnNodeJudged) {
                    return;
                }
                if self.has(Fault::EveryNodeExempt) {
                    self.flows.add(table, EXEMPT, format!("{this},reg1={FROM_NODE}"), pass);
                    return;
                }
                // K18: by the port of the node, and by addresses that come another way.
                if let Some(node) = pod.node.as_ref().and_then(|name| self.ends.nodes.get(name)) {
                    self.flows.add(table, EXEMPT, format!("{this},in_port={node}"), pass);
                }
                for address in own_node {
                    let fields = format!("{this},reg1={FROM_NODE},{}", source(Net::host(address)));
                    self.flows.add(table, EXEMPT, fields, pass);
                }
            }
            Direction::Egress => {
                if self.capabilities.internal_cloud == Support::Unsupported {
                    // C11, unless a pod has the address; of a destination outside, the address that is seen (U5).
                    let by_cluster_ip =
                        format!("reg7=1,ip,reg5={:#x}/0xffff0000", u32::from_be_bytes([100, 125, 0, 0]));
                    for seen in [
                        format!("reg4={TO_NODE},ip,nw_dst=100.125.0.0/16"),
                        format!("reg4={TO_OUTSIDE},reg7=0,ip,nw_dst=100.125.0.0/16"),
                        format!("reg4={TO_OUTSIDE},{by_cluster_ip}"),
                    ] {
                        self.flows.add(table, EXEMPT, format!("{this},{seen}"), pass);
                    }
                }
                let exempt = self.capabilities.own_node != OwnNode::EgressJudged
                    && self.capabilities.own_node_egress == OwnNodeEgress::Exempt;
                if exempt {
                    if let Some(node) = pod.node.as_ref().and_then(|name| self.ends.nodes.get(name)) {
                        self.flows.add(table, EXEMPT, format!("{this},reg2={node}"), pass);
                    }
                    for address in own_node {
                        let fields = format!("{this},reg4={TO_NODE},{}", destination(Net::host(address)));
                        self.flows.add(table, EXEMPT, fields, pass);
                    }
                }
            }
        }
    }

    /// The addresses that the pod's node has for certain (K18).
    fn own_node_addresses(&self, pod: &Pod) -> BTreeSet<IpAddr> {
        let node = pod.node.as_ref().and_then(|name| self.cluster.node(name));
        let of_node = node.into_iter().flat_map(|node| node.addresses.iter().map(|entry| entry.address));
        of_node.chain(pod.host_addresses.iter().copied()).collect()
    }
}

/// The pod whose side a table judges.
fn subject(direction: Direction, port: u16) -> String {
    match direction {
        Direction::Egress => format!("reg3={port}"),
        Direction::Ingress => format!("reg2={port}"),
    }
}

/// The other end by its address. One address has one text everywhere: flows that the switch takes for the same but we do
/// not would replace each other.
fn peer_fields(net: Net, direction: Direction) -> String {
    match direction {
        Direction::Egress => format!("reg7=0,{}", destination(net)),
        Direction::Ingress => source(net),
    }
}

/// The other end by the ClusterIP that was sent to.
fn cluster_ip_fields(net: Net) -> String {
    match net.address() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(net.prefix())).unwrap_or(0);
            format!("reg7=1,ip,reg5={:#x}/{mask:#x}", u32::from(address))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(net.prefix())).unwrap_or(0);
            format!("reg7=1,ipv6,xxreg2={:#x}/{mask:#x}", u128::from(address))
        }
    }
}

fn source(net: Net) -> String {
    match net.family() {
        Family::V4 => format!("ip,nw_src={}/{}", net.address(), net.prefix()),
        Family::V6 => format!("ipv6,ipv6_src={}/{}", net.address(), net.prefix()),
    }
}

fn destination(net: Net) -> String {
    match net.family() {
        Family::V4 => format!("ip,nw_dst={}/{}", net.address(), net.prefix()),
        Family::V6 => format!("ipv6,ipv6_dst={}/{}", net.address(), net.prefix()),
    }
}

pub(crate) fn network(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ipv6",
    }
}

pub(crate) fn transport(protocol: Protocol, family: Family) -> &'static str {
    match (protocol, family) {
        (Protocol::Tcp, Family::V4) => "tcp",
        (Protocol::Udp, Family::V4) => "udp",
        (Protocol::Sctp, Family::V4) => "sctp",
        (Protocol::Tcp, Family::V6) => "tcp6",
        (Protocol::Udp, Family::V6) => "udp6",
        (Protocol::Sctp, Family::V6) => "sctp6",
    }
}
