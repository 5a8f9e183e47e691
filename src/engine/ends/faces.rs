//! Who is reached at an address otherwise than by its owner: Services at their faces, pods at their hostPorts (K26).

use std::net::{IpAddr, SocketAddr};

use crate::engine::ends::end::ResolvedEnd;
use crate::engine::ends::node_relation::Spot;
use crate::engine::ids::SlotIx;
use crate::engine::spaces::ports::point;
use crate::engine::tables::{Claim as AddressClaim, PackedClaim, SharedClaims, SlotObject, Tables};
use crate::model::cluster::{ContainerPort, Service, ServicePort, Workload, WorkloadKind};
use crate::model::flow::L4;
use crate::name::ObjectName;
use crate::net::{Family, Port, Protocol};
use crate::verdict::{Claim, FlowError};

/// Who is reached at an address, on a port.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Reached<'t> {
    Service(&'t Service, &'t ServicePort, FaceKind),
    /// A pod, or the one that a workload has there, on the port that its hostPort leads to.
    Pod(SlotIx, Port),
}

/// Where a Service, or a pod, is reached otherwise than by its own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaceKind {
    /// A Service at an address of its own.
    Address,
    /// A Service at every node.
    NodePort,
    /// A pod at its node.
    HostPort,
}

/// Whether a workload has a pod on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    Here,
    Perhaps,
    Elsewhere,
}

impl Tables {
    /// Who is reached where `end` is, were it no face; none where that is `end` itself.
    ///
    /// # Errors
    /// Several are, or a Service is at the address, and not on that port.
    pub(in crate::engine) fn reached_at<'t>(
        &'t self,
        end: &ResolvedEnd<'t>,
        l4: L4,
    ) -> Result<Option<Reached<'t>>, FlowError> {
        let Some(address) = end.address.filter(|_| !end.identity.is_object() || end.is_node()) else { return Ok(None) };
        let claims = self.claims_of_others(address);
        let at_address = claims.map_or(&[][..], |claims| &claims.faces);
        let found = match l4 {
            L4::Port(protocol, number) => self.reached_on(end, (address, claims), (protocol, number))?,
            L4::Icmp | L4::Other(_) => None,
        };
        match (found, at_address.first()) {
            (None, Some(service)) if !end.is_node() => Err(match l4 {
                L4::Port(protocol, number) => no_such_port(service, protocol, number),
                L4::Icmp | L4::Other(_) => FlowError::PortlessService(service.clone()),
            }),
            _ => Ok(found),
        }
    }

    fn reached_on<'t>(
        &'t self,
        end: &ResolvedEnd<'t>,
        (address, claims): (IpAddr, Option<&'t SharedClaims>),
        (protocol, number): (Protocol, Port),
    ) -> Result<Option<Reached<'t>>, FlowError> {
        let at_address = claims.map_or(&[][..], |claims| &claims.faces);
        let at_nodes = if end.is_node() { self.node_port_services(protocol, number) } else { &[] };
        let by_address = at_address.iter().filter_map(|name| self.at_port(name, FaceKind::Address, protocol, number));
        let by_node = at_nodes.iter().filter_map(|name| self.at_port(name, FaceKind::NodePort, protocol, number));
        let name = if end.is_node() { self.node_of(end, address) } else { None };
        let on_node = name.and_then(|name| self.node_entry(name));
        let reporting = claims.filter(|_| end.is_node()).map_or(&[][..], |claims| &claims.host_ports);
        let slots = on_node.map_or(&[][..], |entry| &entry.host_ports).iter().chain(reporting);
        let slots = slots.filter(|slot| !self.is_elsewhere(**slot, name));
        let by_pod = slots.filter_map(|slot| self.at_host_port(*slot, address, protocol, number));
        let here = name.map_or(Spot::Address(address), Spot::Named);
        let with_port = if end.is_node() { self.workloads_with(protocol, number) } else { &[] };
        let by_workload = with_port.iter().filter_map(|slot| {
            let (workload, reached) = self.at_workload(*slot, address, protocol, number)?;
            (self.runs_on(workload, here) == Runs::Here).then_some(reached)
        });
        let face =
            || format!("{}/{}", SocketAddr::new(address, number.get()), protocol.to_string().to_ascii_lowercase());
        let unplaced = || {
            let at_workload = |slot: &SlotIx| self.at_workload(*slot, address, protocol, number);
            let all = with_port.iter().filter_map(at_workload).map(|(workload, _)| workload);
            let perhaps = all.filter(|workload| self.runs_on(workload, here) == Runs::Perhaps);
            let first = perhaps.min_by_key(|workload| (&workload.name, &workload.kind))?;
            let claim = Claim::Workload(first.name.clone(), first.kind.clone());
            Some(FlowError::UnplacedHostPort { face: face(), workload: claim.to_string() })
        };
        let mut all = by_address.chain(by_node).chain(by_pod).chain(by_workload);
        let Some(first) = all.next() else { return unplaced().map_or(Ok(None), Err) };
        let mut others = all.filter(|other| !other.is_same(&first)).peekable();
        if others.peek().is_none() {
            return unplaced().map_or(Ok(Some(first)), Err);
        }
        let mut claims: Vec<Claim> = others.chain([first]).filter_map(|each| self.claim_at(&each)).collect();
        claims.sort();
        claims.dedup();
        Err(FlowError::SharedFace { face: face(), claims })
    }

    /// The slots of the workloads with that hostPort, on whatever node.
    fn workloads_with(&self, protocol: Protocol, number: Port) -> &[SlotIx] {
        self.host_ports.get(&point(protocol, number)).map_or(&[], Vec::as_slice)
    }

    /// A workload whose pods nobody loaded, and the port of theirs that its hostPort leads to at that address.
    fn at_workload(
        &self,
        slot: SlotIx,
        address: IpAddr,
        protocol: Protocol,
        number: Port,
    ) -> Option<(&Workload, Reached<'_>)> {
        let SlotObject::Workload(workload) = self.object(slot) else { return None };
        let namespace = self.namespace_named(workload.name.namespace())?;
        let port = host_port(&workload.ports, address, protocol, number)?;
        namespace.workloads.stands_for_pods(workload).then_some((workload, Reached::Pod(slot, port)))
    }

    /// Whether the workload has a pod on the node: a DaemonSet on every one that it admits for certain (U8).
    fn runs_on(&self, workload: &Workload, here: Spot<'_>) -> Runs {
        match workload.node.as_deref() {
            Some(own) if here == Spot::Named(own) => Runs::Here,
            Some(_) => Runs::Elsewhere,
            None if !self.admits(Some(&workload.node_selector), here) => Runs::Elsewhere,
            // Of a node that is not loaded nobody knows the labels.
            None if workload.kind == WorkloadKind::DaemonSet
                && (workload.node_selector.is_empty() || self.is_loaded(here)) =>
            {
                Runs::Here
            }
            None => Runs::Perhaps,
        }
    }

    fn is_loaded(&self, spot: Spot<'_>) -> bool {
        spot.name().and_then(|name| self.node_entry(name)).is_some_and(|entry| entry.node.is_some())
    }

    /// What claims an address but for one pod alone.
    pub(in crate::engine) fn claims_of_others(&self, address: IpAddr) -> Option<&SharedClaims> {
        match self.claim(address).map(PackedClaim::unpack) {
            Some(AddressClaim::Shared(id)) => Some(self.shared_claims(id)),
            Some(AddressClaim::Pod(_)) | None => None,
        }
    }

    /// The name of the node that has the address of a face.
    pub(in crate::engine) fn node_of<'t>(&'t self, end: &ResolvedEnd<'t>, address: IpAddr) -> Option<&'t str> {
        end.identity.node().or_else(|| self.node_at(address).ok().flatten().flatten())
    }

    fn at_port(&self, name: &ObjectName, kind: FaceKind, protocol: Protocol, number: Port) -> Option<Reached<'_>> {
        let (service, _) = self.service(name)?;
        let is_it = |port: &&ServicePort| {
            let at = if kind == FaceKind::NodePort { port.node_port } else { Some(port.port) };
            port.protocol == protocol && at == Some(number)
        };
        Some(Reached::Service(service, service.ports.iter().find(is_it)?, kind))
    }

    /// The pod says another node's name, whatever addresses the two have in common.
    fn is_elsewhere(&self, slot: SlotIx, node: Option<&str>) -> bool {
        let SlotObject::Pod(pod) = self.object(slot) else { return false };
        pod.node.as_deref().zip(node).is_some_and(|(own, node)| own != node)
    }

    fn at_host_port(&self, slot: SlotIx, address: IpAddr, protocol: Protocol, number: Port) -> Option<Reached<'_>> {
        let SlotObject::Pod(pod) = self.object(slot) else { return None };
        let is_met = |own: &IpAddr| Family::of(*own) == Family::of(address);
        if !pod.addresses.is_empty() && !pod.addresses.iter().any(is_met) {
            return None;
        }
        Some(Reached::Pod(slot, host_port(&pod.ports, address, protocol, number)?))
    }

    fn claim_at(&self, reached: &Reached<'_>) -> Option<Claim> {
        match reached {
            Reached::Service(service, ..) => Some(Claim::Service(service.name.clone())),
            Reached::Pod(slot, _) => match self.object(*slot) {
                SlotObject::Workload(workload) => Some(Claim::Workload(workload.name.clone(), workload.kind.clone())),
                object => Some(Claim::Pod(object.name()?.clone())),
            },
        }
    }
}

impl Reached<'_> {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Service(one, ..), Self::Service(other, ..)) => one.name == other.name,
            (Self::Pod(one, _), Self::Pod(other, _)) => one == other,
            _ => false,
        }
    }
}

/// The port that a `hostPort` leads to.
fn host_port(ports: &[ContainerPort], address: IpAddr, protocol: Protocol, number: Port) -> Option<Port> {
    let mut ports = ports.iter().filter(|port| port.protocol == protocol);
    let is_it = |port: &&ContainerPort| port.host_port.is_some_and(|host| host.port == number && host.is_at(address));
    ports.find(is_it).map(|port| port.port)
}

/// The Service is not reached on that port (K23).
pub(in crate::engine) fn no_such_port(service: &ObjectName, protocol: Protocol, number: Port) -> FlowError {
    let port = format!("{number}/{}", protocol.to_string().to_ascii_lowercase());
    FlowError::NoSuchPort { service: service.clone(), port }
}
