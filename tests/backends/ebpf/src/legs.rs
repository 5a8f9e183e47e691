//! A probe as the program of each side meets it: what stands before them translates it and may pass it on as a node (K26, U5, U9).

use std::net::IpAddr;

use netpol_oracle::L4;
use netpol_oracle::net::{Family, canonical};
use netpol_oracle::oracle::{ComesFrom, Face, Obstacle, Probe, ProbeEnd, ProbeWho};
use netpol_oracle::profile::{Rewritten, ServiceHairpin, Support};

use crate::compile::{Owner, host_network_are_pods};
use crate::fault::Fault;
use crate::plane::State;

/// What one program sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leg {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) l4: L4,
}

/// A probe as each side meets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Legs {
    pub(crate) egress: Leg,
    pub(crate) ingress: Leg,
}

impl State {
    /// What the programs see of a probe, or why they cannot tell.
    pub(crate) fn legs(&self, probe: &Probe, fault: Option<Fault>) -> Result<Legs, String> {
        if let Some(obstacle) = probe.obstacle() {
            return Err(obstacle.to_string());
        }
        let (source, destination) = (self.end(&probe.source)?, self.end(&probe.destination)?);
        let there = Leg { source, destination, l4: probe.l4 };
        let Some(face) = probe.face else { return Ok(Legs { egress: there, ingress: there }) };
        let (egress, ingress) = match face {
            Face::ClusterIp => {
                self.sees_cluster_ip(probe)?;
                (there, there)
            }
            _ if matches!(probe.source.who, ProbeWho::Node(_)) && self.is_nowhere(&probe.destination) => {
                // Under `externalTrafficPolicy: Local` it is on the node that was sent to, where the programs do not know it to be.
                return Err(
                    "nobody says on which node the pod is: whose own it is hangs on where it was sent to".to_owned()
                );
            }
            _ => (self.leaving(probe, there, fault), self.coming(probe, there, fault)?),
        };
        let is_plain = |leg: &Leg| leg.source == leg.destination;
        let looks_plain = [&egress, &ingress].into_iter().filter(|leg| is_plain(leg)).count();
        match self.profile.capabilities().service_hairpin {
            ServiceHairpin::Judged if looks_plain > 0 => {
                Err("after translation a hairpin through a Service is a plain one (U4)".to_owned())
            }
            ServiceHairpin::Allowed if is_plain(&there) && looks_plain < 2 => {
                Err("a packet does not say that a face turns it back to its sender (U4)".to_owned())
            }
            _ => Ok(Legs { egress, ingress }),
        }
    }

    /// The address that stands for the end in a packet, or why none does.
    fn end(&self, end: &ProbeEnd) -> Result<IpAddr, String> {
        let address = canonical(end.address.ok_or_else(|| Obstacle::NoAddress.to_string())?);
        let owner = self.addresses.owner(address);
        let stands = match &end.who {
            ProbeWho::Pod(name) => match self.cluster.pod(name).filter(|pod| pod.host_network) {
                Some(_) if host_network_are_pods(&self.profile) => {
                    return Err("a hostNetwork pod has its node's address (U2)".to_owned());
                }
                // Of another node where pods tell different things about their hosts.
                Some(pod) => matches!(owner, Some(Owner::Node(node)) if *node == pod.node),
                None => matches!(owner, Some(Owner::Pod(owner)) if owner == name),
            },
            // By this name: an address that two nodes have is the one's that said so first.
            ProbeWho::Node(name) => matches!(owner, Some(Owner::Node(node)) if node == name),
            ProbeWho::Outside => owner.is_none(),
            _ => return Err("an end of a kind that is not known here".to_owned()),
        };
        if stands { Ok(address) } else { Err("the address leads to somebody else".to_owned()) }
    }

    /// Whether a pod says neither its node nor an address of it (U8).
    fn is_nowhere(&self, end: &ProbeEnd) -> bool {
        let ProbeWho::Pod(name) = &end.who else { return false };
        self.cluster.pod(name).is_some_and(|pod| pod.node.is_none() && pod.host_addresses.is_empty())
    }

    /// Why a flow by a ClusterIP cannot be told after translation.
    fn sees_cluster_ip(&self, probe: &Probe) -> Result<(), String> {
        let capabilities = self.profile.capabilities();
        if capabilities.cluster_ip != Support::Supported {
            Err("the ClusterIP is not translated before policies see it (C10)".to_owned())
        } else if probe.destination.who == ProbeWho::Outside && capabilities.outside_backend == Rewritten::Before {
            Err("the address before translation is not seen (U5)".to_owned())
        } else {
            Ok(())
        }
    }

    /// U5: what was sent to, address and port, or the backend's.
    fn leaving(&self, probe: &Probe, there: Leg, fault: Option<Fault>) -> Leg {
        let is_before = self.profile.capabilities().face == Rewritten::Before;
        let sees_face = is_before || fault == Some(Fault::FaceAddressUntranslated);
        let sees_its_port = is_before || fault == Some(Fault::FacePortUntranslated);
        let sent_to = probe.sent_to.map(canonical).filter(|_| sees_face);
        Leg {
            destination: sent_to.unwrap_or(there.destination),
            l4: if sees_its_port { probe.flow.l4 } else { there.l4 },
            ..there
        }
    }

    /// U9: the client, or a node that passes the connection on.
    fn coming(&self, probe: &Probe, there: Leg, fault: Option<Fault>) -> Result<Leg, String> {
        if fault == Some(Fault::PassingNodeUnseen) {
            return Ok(there);
        }
        let any = || {
            let of_family = |address: &IpAddr| Family::of(*address) == Family::of(there.source);
            let all: Vec<IpAddr> = self.addresses.of_nodes().filter(of_family).collect();
            let turn = if let L4::Port(_, port) = probe.flow.l4 { usize::from(port.get()) } else { 0 };
            all.get(turn % all.len().max(1)).copied()
        };
        let source = match &probe.comes_from {
            ComesFrom::Source => there.source,
            ComesFrom::Node(node) => self.end(node)?,
            ComesFrom::SourceOrNode(node) => self.end(node).unwrap_or(there.source),
            ComesFrom::AnyNode => any().ok_or("no node is loaded that could pass it on")?,
            ComesFrom::SourceOrAnyNode => any().unwrap_or(there.source),
            _ => return Err("it comes in a way that is not known here".to_owned()),
        };
        Ok(Leg { source, ..there })
    }
}
