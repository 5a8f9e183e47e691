//! The clause of a rule's ports.

use netpol_oracle::model::{PortMatch, PortSpec, Ports};
use netpol_oracle::net::Family;
use netpol_oracle::profile::{EndPort, OtherProtocols};
use netpol_oracle::{Direction, Protocol};

use super::Compiler;
use super::fields::transport;
use crate::ends::PodEnd;
use crate::fault::Fault;
use crate::masks::{Masked, cover};

impl Compiler<'_> {
    /// The clause of a rule's ports; `None`: all of them (K6).
    pub(super) fn ports(&self, ports: &Ports, direction: Direction, subjects: &[PodEnd]) -> Option<Vec<String>> {
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
}
