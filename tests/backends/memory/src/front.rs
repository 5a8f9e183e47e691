//! What stands before the data plane: it translates what is sent to a face, and may pass it on as a node (K26, U5, U9).

use std::net::IpAddr;

use netpol_oracle::L4;
use netpol_oracle::net::{Family, canonical};
use netpol_oracle::oracle::{ComesFrom, Face, Probe};
use netpol_oracle::profile::Rewritten;

use crate::Plane;
use crate::chain::{BlocksSee, Packet};
use crate::fault::Fault;

/// A probe as each side meets it.
pub(crate) struct Legs {
    pub(crate) egress: Packet,
    pub(crate) ingress: Packet,
}

impl Plane {
    /// The packets of a probe whose ends have these addresses, or why there are none.
    pub(crate) fn legs(&self, probe: &Probe, source: IpAddr, destination: IpAddr) -> Result<Legs, String> {
        let sent_to = probe.sent_to.map(canonical);
        let packet = Packet {
            source,
            destination,
            l4: probe.l4,
            sent_to: None,
            is_translated: probe.face.is_some(),
            is_turned_back: source == destination,
        };
        let sent_to = match (probe.face, sent_to) {
            (None, _) | (_, None) => return Ok(Legs { egress: packet, ingress: packet }),
            (Some(Face::ClusterIp), Some(address)) => {
                // What judges before translation sees the port that was sent to, too (U5); the ingress side is outside then.
                let is_before = self.blocks_see(destination) == BlocksSee::ClusterIp;
                let l4 = if is_before { probe.flow.l4 } else { probe.l4 };
                let packet = Packet { l4, sent_to: Some(address), ..packet };
                return Ok(Legs { egress: packet, ingress: packet });
            }
            (Some(_), Some(address)) => address,
        };
        let is_before = self.profile.capabilities().face == Rewritten::Before;
        let sees_face = is_before || self.faulty.has(Fault::FaceAddressUntranslated);
        let sees_its_port = is_before || self.faulty.has(Fault::FacePortUntranslated);
        let egress = Packet {
            destination: if sees_face { sent_to } else { destination },
            l4: if sees_its_port { probe.flow.l4 } else { probe.l4 },
            ..packet
        };
        let source = match self.faulty.has(Fault::PassingNodeUnseen) {
            true => source,
            false => self.sender(&probe.comes_from, source, probe.flow.l4)?,
        };
        Ok(Legs { egress, ingress: Packet { source, ..packet } })
    }

    /// Whom the destination sees: where it may be a node, one.
    fn sender(&self, comes_from: &ComesFrom, source: IpAddr, turn: L4) -> Result<IpAddr, String> {
        match comes_from {
            ComesFrom::Source => Ok(source),
            ComesFrom::Node(node) => self.unobservable(node),
            ComesFrom::SourceOrNode(node) => Ok(self.unobservable(node).unwrap_or(source)),
            ComesFrom::AnyNode => {
                self.some_node(source, turn).ok_or_else(|| "no node is loaded that could pass it on".to_owned())
            }
            ComesFrom::SourceOrAnyNode => Ok(self.some_node(source, turn).unwrap_or(source)),
            _ => Err("it comes in a way that is not known here".to_owned()),
        }
    }

    /// A node's address of the family: by turns of the port.
    fn some_node(&self, of_family: IpAddr, turn: L4) -> Option<IpAddr> {
        let family = Family::of(of_family);
        let nodes: Vec<IpAddr> = self.roster.nodes().filter(|address| Family::of(*address) == family).collect();
        let at = match turn {
            L4::Port(_, port) => usize::from(port.get()),
            L4::Icmp | L4::Other(_) => 0,
        };
        nodes.get(at % nodes.len().max(1)).copied()
    }
}
