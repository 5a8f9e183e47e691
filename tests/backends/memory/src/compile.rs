//! Policies become chains: first each policy on its own, then what isolates a pod is joined.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::model::{ContainerPort, Namespaces, PolicyTypes, PortSpec};
use netpol_oracle::net::IpBlock;
use netpol_oracle::net::canonical;
use netpol_oracle::profile::{Capabilities, EndPort, OwnNode, OwnNodeEgress, ServiceHairpin, Support};
use netpol_oracle::{Cluster, Direction, NetworkPolicy, Pod, Profile, Protocol};

use crate::chain::{Chain, Exempt, Numbers, Peer, Peers, PortMatch, Ports, Rule};
use crate::fault::{Fault, Faulty};
use crate::ranges::Ranges;
use crate::selectors::matches;
use crate::sets::SetName;

/// A policy with its rules resolved, but for names of ports, which each pod resolves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    policy: NetworkPolicy,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
}

/// What the two directions of an address let pass; `None`: everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chains {
    pub(crate) ingress: Option<Chain>,
    pub(crate) egress: Option<Chain>,
}

impl Chains {
    pub(crate) fn of(&self, direction: Direction) -> Option<&Chain> {
        match direction {
            Direction::Ingress => self.ingress.as_ref(),
            Direction::Egress => self.egress.as_ref(),
        }
    }
}

/// What is compiled for and with.
#[derive(Clone, Copy)]
pub(crate) struct Compiler<'p> {
    pub(crate) faulty: Faulty,
    pub(crate) profile: &'p Profile,
    pub(crate) cluster: &'p Cluster,
}

impl Program {
    pub(crate) fn policy(&self) -> &NetworkPolicy {
        &self.policy
    }

    /// The sets that its rules refer to.
    pub(crate) fn sets(&self) -> HashSet<Arc<SetName>> {
        let rules = self.ingress.iter().chain(&self.egress).flatten();
        let peers = rules.flat_map(|rule| match &rule.peers {
            Peers::Any => [].iter(),
            Peers::Of(peers) => peers.iter(),
        });
        let names = peers.filter_map(|peer| match peer {
            Peer::Set(name) => Some(name.clone()),
            Peer::Block(_) => None,
        });
        names.collect()
    }

    fn rules(&self, direction: Direction) -> Option<&Vec<Rule>> {
        match direction {
            Direction::Ingress => self.ingress.as_ref(),
            Direction::Egress => self.egress.as_ref(),
        }
    }
}

impl Compiler<'_> {
    fn capabilities(&self) -> &Capabilities {
        self.profile.capabilities()
    }

    pub(crate) fn program(&self, policy: &NetworkPolicy) -> Program {
        let compiled = |direction| self.isolates(policy, direction).then(|| self.rules(policy, direction));
        Program { policy: policy.clone(), ingress: compiled(Direction::Ingress), egress: compiled(Direction::Egress) }
    }

    fn isolates(&self, policy: &NetworkPolicy, direction: Direction) -> bool {
        let types = policy.types();
        let egress_rules = policy.written_rules(Direction::Egress).len();
        match direction {
            Direction::Egress if self.faulty.has(Fault::EgressNeverDefaulted) && egress_rules > 0 => {
                types == PolicyTypes::Egress
            }
            Direction::Egress if self.faulty.has(Fault::EmptyEgressIsolates) && egress_rules == 0 => true,
            _ if self.faulty.has(Fault::RulelessPolicyForgotten) && policy.written_rules(direction).is_empty() => false,
            _ if self.faulty.has(Fault::PolicyTypesIgnored) && !policy.written_rules(direction).is_empty() => true,
            _ => types.contains(direction),
        }
    }

    fn rules(&self, policy: &NetworkPolicy, direction: Direction) -> Vec<Rule> {
        let mut written = policy.written_rules(direction);
        if direction == Direction::Egress && self.faulty.has(Fault::IngressRulesOnEgress) {
            written = policy.written_rules(Direction::Ingress);
        }
        if self.faulty.has(Fault::FirstRuleOnly) {
            written = written.get(..1).unwrap_or(written);
        }
        if written.is_empty() && direction == Direction::Ingress && self.faulty.has(Fault::EmptyIngressAllowsAll) {
            return vec![Rule { peers: Peers::Any, ports: Ports::Any, denied: Ranges::default() }];
        }
        let mut rules: Vec<Rule> = written.iter().map(|rule| self.rule(policy, rule, direction)).collect();
        if self.faulty.has(Fault::ExceptLeaksAcrossRules) {
            let all = rules.iter().fold(Ranges::default(), |all, rule| all.union(&rule.denied));
            rules.iter_mut().for_each(|rule| rule.denied = all.clone());
        }
        rules
    }

    fn rule(&self, policy: &NetworkPolicy, rule: &netpol_oracle::model::Rule, direction: Direction) -> Rule {
        let block_support = match direction {
            Direction::Ingress => self.capabilities().ingress_ip_block,
            Direction::Egress => self.capabilities().egress_ip_block,
        };
        let mut denied = Ranges::default();
        let peers = match &rule.peers {
            netpol_oracle::model::Peers::Any if self.faulty.has(Fault::EmptyPeersNobody) => Peers::Of(Vec::new()),
            netpol_oracle::model::Peers::Any => Peers::Any,
            netpol_oracle::model::Peers::Of(peers)
                if self.faulty.has(Fault::EveryNamespaceIsAnyone) && peers.iter().any(is_every_namespace) =>
            {
                Peers::Any
            }
            netpol_oracle::model::Peers::Of(peers) => {
                let count = if self.faulty.has(Fault::FirstPeerOnly) { 1 } else { peers.len() };
                let compiled = peers.iter().take(count).filter_map(|peer| match peer {
                    netpol_oracle::model::Peer::Pods(peer) => {
                        let own = policy.name().namespace().clone();
                        Some(Peer::Set(Arc::new(SetName { own, peer: peer.clone() })))
                    }
                    netpol_oracle::model::Peer::IpBlock(_) if block_support != Support::Supported => None,
                    netpol_oracle::model::Peer::IpBlock(block) => {
                        let (ranges, except) = self.block(block);
                        denied = denied.union(&except);
                        Some(Peer::Block(ranges))
                    }
                });
                Peers::Of(compiled.collect())
            }
        };
        let leaks = [Fault::ExceptLeaksAcrossPeers, Fault::ExceptLeaksAcrossRules, Fault::ExceptLeaksAcrossPolicies];
        if !leaks.iter().any(|leak| self.faulty.has(*leak)) {
            denied = Ranges::default();
        }
        Rule { peers, ports: self.ports(&rule.ports), denied }
    }

    /// What a block admits and what it excepts.
    fn block(&self, block: &IpBlock) -> (Ranges, Ranges) {
        let cidr = block.cidr();
        let all = if self.faulty.has(Fault::MaskOneBitShort) {
            Ranges::of_network(cidr, cidr.prefix_len().saturating_sub(1))
        } else {
            Ranges::of(cidr)
        };
        if self.faulty.has(Fault::EverythingCrossesFamilies) && cidr.prefix_len() == 0 && block.except().is_empty() {
            let both = ["0.0.0.0/0", "::/0"].into_iter().filter_map(|text| text.parse().ok());
            return (both.fold(all, |all, cidr| all.union(&Ranges::of(cidr))), Ranges::default());
        }
        let count = if self.faulty.has(Fault::ExceptIgnored) {
            0
        } else if self.faulty.has(Fault::FirstExceptOnly) {
            1
        } else {
            block.except().len()
        };
        let except =
            block.except().iter().take(count).fold(Ranges::default(), |all, cidr| all.union(&Ranges::of(*cidr)));
        (all.without(&except), except)
    }

    fn ports(&self, ports: &netpol_oracle::model::Ports) -> Ports {
        match ports {
            netpol_oracle::model::Ports::Any if self.faulty.has(Fault::EmptyPortsNone) => Ports::Of(Vec::new()),
            netpol_oracle::model::Ports::Any => Ports::Any,
            netpol_oracle::model::Ports::Of(entries) => {
                let count = if self.faulty.has(Fault::FirstPortOnly) { 1 } else { entries.len() };
                Ports::Of(entries.iter().take(count).filter_map(|entry| self.port(entry)).collect())
            }
        }
    }

    fn port(&self, entry: &netpol_oracle::model::PortMatch) -> Option<PortMatch> {
        let mut protocols = vec![entry.protocol];
        match entry.protocol {
            Protocol::Tcp if self.faulty.has(Fault::DefaultProtocolAny) => protocols = Protocol::ALL.to_vec(),
            Protocol::Udp if self.faulty.has(Fault::UdpRuleAdmitsTcp) => protocols.push(Protocol::Tcp),
            Protocol::Sctp if self.faulty.has(Fault::SctpRuleOpensTcp) => protocols.push(Protocol::Tcp),
            Protocol::Tcp | Protocol::Udp | Protocol::Sctp => {}
        }
        let numbers = match &entry.port {
            PortSpec::Any if self.faulty.has(Fault::PortlessEntryNone) => return None,
            PortSpec::Any => Numbers::Range(0, u16::MAX),
            PortSpec::Number(number) => Numbers::Range(number.get(), number.get()),
            PortSpec::Range(range) => {
                let (first, last) = (range.first().get(), range.last().get());
                let honoured = match self.capabilities().end_port {
                    EndPort::SinglePort => self.faulty.has(Fault::EndPortWhereUnsupported),
                    _ => !self.faulty.has(Fault::EndPortIgnored),
                };
                match honoured {
                    false => Numbers::Range(first, first),
                    true if self.faulty.has(Fault::EndPortExclusive) => Numbers::Range(first, last - 1),
                    true => Numbers::Range(first, last),
                }
            }
            PortSpec::Name(_) if self.faulty.has(Fault::NamedPortOpensAll) => Numbers::Range(0, u16::MAX),
            PortSpec::Name(name) if self.faulty.has(Fault::NamedPortOfFirstPod) => {
                let declares =
                    |port: &&ContainerPort| port.name.as_ref() == Some(name) && port.protocol == entry.protocol;
                let ports = self.cluster.pods().iter().filter(|pod| pod.is_live()).flat_map(|pod| &pod.ports);
                let number = ports.into_iter().find(|port| declares(port))?.port.get();
                Numbers::Range(number, number)
            }
            PortSpec::Name(name) => {
                let at = match self.faulty.has(Fault::NamedPortOfSource) {
                    true => Direction::Ingress,
                    false => Direction::Egress,
                };
                Numbers::Named { name: name.clone(), at }
            }
        };
        Some(PortMatch { protocols, numbers })
    }

    /// The chains of a pod: of the policies that isolate it.
    pub(crate) fn chains<'a>(&self, pod: &Pod, programs: impl Iterator<Item = &'a Program> + Clone) -> Chains {
        if (pod.host_network && !self.faulty.has(Fault::HostNetworkSelected)) || !pod.is_live() {
            return Chains::default();
        }
        let chain = |direction| {
            if !self.is_enforced(direction) {
                return None;
            }
            let isolating = programs.clone().filter(|program| {
                let policy = program.policy();
                let is_own = policy.name().namespace() == pod.name.namespace();
                (is_own || self.faulty.has(Fault::IsolationLeaksNamespaces))
                    && matches(self.faulty, policy.subject(), &pod.labels)
            });
            let policies: Vec<Vec<Rule>> = isolating.filter_map(|program| program.rules(direction).cloned()).collect();
            (!policies.is_empty()).then(|| self.joined(pod, policies, direction))
        };
        Chains { ingress: chain(Direction::Ingress), egress: chain(Direction::Egress) }
    }

    fn is_enforced(&self, direction: Direction) -> bool {
        let capabilities = self.capabilities();
        let of_direction = match direction {
            Direction::Ingress => capabilities.ingress,
            Direction::Egress => capabilities.egress,
        };
        capabilities.enforcement != Support::Unsupported && of_direction != Support::Unsupported
    }

    fn joined(&self, pod: &Pod, mut policies: Vec<Vec<Rule>>, direction: Direction) -> Chain {
        if self.faulty.has(Fault::ExceptLeaksAcrossPolicies) {
            let all = policies.iter().flatten().fold(Ranges::default(), |all, rule| all.union(&rule.denied));
            policies.iter_mut().flatten().for_each(|rule| rule.denied = all.clone());
        }
        Chain { exempt: self.exempt(pod, direction), policies }
    }

    fn exempt(&self, pod: &Pod, direction: Direction) -> Vec<Exempt> {
        let capabilities = self.capabilities();
        let own: Vec<IpAddr> = pod.addresses.iter().map(|address| canonical(*address)).collect();
        let mut exempt = Vec::new();
        if !self.faulty.has(Fault::HairpinDropped) {
            exempt.push(Exempt::Own { addresses: own.clone(), by_service: false });
        }
        if capabilities.service_hairpin == ServiceHairpin::Allowed {
            exempt.push(Exempt::Own { addresses: own, by_service: true });
        }
        let node_is_exempt = match direction {
            Direction::Ingress => capabilities.own_node != OwnNode::Unsupported,
            Direction::Egress => {
                capabilities.own_node != OwnNode::EgressJudged && capabilities.own_node_egress == OwnNodeEgress::Exempt
            }
        };
        let node_is_exempt =
            node_is_exempt || (direction == Direction::Egress && self.faulty.has(Fault::OwnNodeEgressExempt));
        if self.faulty.has(Fault::NeighboursExempt) && direction == Direction::Ingress && pod.node.is_some() {
            let neighbours = self.cluster.pods().iter().filter(|other| other.is_live() && other.node == pod.node);
            let addresses = neighbours.flat_map(|other| &other.addresses).map(|address| canonical(*address));
            exempt.push(Exempt::Neighbours(addresses.collect()));
        }
        if node_is_exempt && self.faulty.has(Fault::AnyNodeExempt) {
            exempt.push(Exempt::AnyNode);
        } else if node_is_exempt && !self.faulty.has(Fault::OwnNodeDropped) {
            let addresses = pod.host_addresses.iter().map(|address| canonical(*address)).collect();
            exempt.push(Exempt::Node { name: pod.node.clone(), addresses });
        }
        if direction == Direction::Egress && capabilities.internal_cloud == Support::Unsupported {
            let range = "100.125.0.0/16".parse().map(Ranges::of);
            exempt.extend(range.map(Exempt::NotPods));
        }
        exempt
    }
}

/// `namespaceSelector: {}` alone.
fn is_every_namespace(peer: &netpol_oracle::model::Peer) -> bool {
    let netpol_oracle::model::Peer::Pods(peer) = peer else { return false };
    matches!(&peer.namespaces, Namespaces::Matching(of) if of.is_everything()) && peer.pods.is_everything()
}
