//! What no rule needs to admit: own nodes, hairpins, the internal cloud.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netpol_oracle::profile::{OwnNode, OwnNodeEgress, ServiceHairpin, Support};
use netpol_oracle::{Direction, Pod};

use super::fields::{destination, source, subject};
use super::{Compiler, EXEMPT, FROM_NODE, TO_NODE, TO_OUTSIDE};
use crate::cidrs::Net;
use crate::ends::PodEnd;
use crate::fault::Fault;

impl Compiler<'_> {
    /// What no rule needs to admit.
    pub(super) fn exemptions(&mut self, table: u8, direction: Direction, end: &PodEnd, pass: &str) {
        let PodEnd { pod, port } = end;
        let this = subject(direction, *port);
        if self.capabilities.service_hairpin == ServiceHairpin::Allowed {
            self.flows.add(table, EXEMPT, format!("reg2={port},reg3={port},reg6=1"), pass);
            // By another face, whoever it seems to come from or to go to.
            self.flows.add(table, EXEMPT, format!("{this},reg6=2,reg8=1"), pass);
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
