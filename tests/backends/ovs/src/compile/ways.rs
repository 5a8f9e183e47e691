//! Tables 0 to 7: who sends, where to, and which address is seen.

use netpol_oracle::profile::{Rewritten, Support};

use super::fields::{destination, source};
use super::{
    Compiler, DESTINATION, EGRESS, FROM_NODE, FROM_OUTSIDE, FROM_POD, HAIRPIN, INGRESS, OUT, PASS, SEEN_ADDRESS,
    SENDER, TO_NODE, TO_OUTSIDE, TO_POD,
};
use crate::cidrs::Net;
use crate::ends::{PodEnd, TAP, TUNNEL, UPLINK};
use crate::fault::Fault;

impl Compiler<'_> {
    pub(super) fn senders(&mut self) {
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

    pub(super) fn destinations(&mut self) {
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

    /// reg6 says that the packet was sent to the ClusterIP in reg5 or xxreg2 (1), or to another face (2), which turned it back where
    /// reg8 says so; reg7 that egress blocks see the ClusterIP.
    pub(super) fn service_addresses(&mut self) {
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
}
