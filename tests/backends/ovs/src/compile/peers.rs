//! The clause of a rule's peers.

use std::net::IpAddr;

use netpol_oracle::model::{Namespaces, Peer, Peers, PodPeer};
use netpol_oracle::net::IpBlock;
use netpol_oracle::profile::{IpBlockScope, Support};
use netpol_oracle::{Direction, NetworkPolicy, Pod};

use super::fields::{cluster_ip_fields, peer_fields};
use super::{Compiler, EGRESS, INGRESS, LEAKED_EXCEPT};
use crate::cidrs::{Net, intersect, subtract};
use crate::fault::Fault;
use crate::selectors::selects;

impl Compiler<'_> {
    /// The clause of a rule's peers; `None`: everyone (K6).
    pub(super) fn peers(
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
}
