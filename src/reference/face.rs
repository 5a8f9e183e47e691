//! The faces of a Service other than its ClusterIP, and hostPorts (K26).

use std::net::IpAddr;

use crate::model::cluster::{
    Cluster, ContainerPort, HostPort, Pod, Service, ServiceKind, ServicePort, Workload, WorkloadKind,
};
use crate::model::flow::L4;
use crate::net::{Family, Port, Protocol};
use crate::reference::controllers::stands_alone;
use crate::reference::node::{self, Spot};
use crate::reference::who::Who;
use crate::verdict::{Claim, FlowError};

/// Who is reached at an address and port.
pub(super) enum Face<'c> {
    /// A Service by an address that is its own.
    Address(&'c Service, &'c ServicePort),
    /// A Service by a port of every node.
    NodePort(&'c Service, &'c ServicePort),
    /// A pod by a port of its node, and the pod's own port.
    HostPort(&'c Pod, Port),
    /// The pod that a workload has on the node.
    HostPortOfWorkload(&'c Workload, Port),
}

impl Face<'_> {
    fn claim(&self) -> Claim {
        match self {
            Self::Address(service, _) | Self::NodePort(service, _) => Claim::Service(service.name.clone()),
            Self::HostPort(pod, _) => Claim::Pod(pod.name.clone()),
            Self::HostPortOfWorkload(workload, _) => Claim::Workload(workload.name.clone(), workload.kind.clone()),
        }
    }
}

/// What is reached at `address`, which is that of `owner`; none where that is the owner itself.
pub(super) fn at<'c>(
    cluster: &'c Cluster,
    owner: Who<'c>,
    address: IpAddr,
    l4: L4,
) -> Result<Option<Face<'c>>, FlowError> {
    let is_node = matches!(owner, Who::Node(_)) || owner.is_host_network();
    let has_address = |service: &&Service| {
        service.kind == ServiceKind::ClusterIp
            && (service.external_addresses.contains(&address) || service.load_balancer_addresses.contains(&address))
    };
    let with_address: Vec<&Service> = cluster.services().iter().filter(has_address).collect();
    let (mut faces, mut perhaps) = (Vec::new(), Vec::new());
    if let L4::Port(protocol, port) = l4 {
        faces = with_address.iter().filter_map(|service| by_address(service, protocol, port)).collect();
        if is_node {
            faces.extend(cluster.services().iter().filter_map(|service| by_node_port(service, protocol, port)));
            let node = node_of(cluster, owner, address);
            let pods = cluster.pods().iter().filter(|pod| is_on(pod, node, address));
            faces.extend(pods.filter_map(|pod| by_host_port(pod, address, protocol, port)));
            let with_port = cluster.workloads().iter().filter(|workload| !workload.host_network);
            let with_port = with_port.filter_map(|workload| {
                let port = host_port(&workload.ports, address, protocol, port)?;
                stands_alone(cluster, workload).then_some((workload, port))
            });
            for (workload, port) in with_port {
                match runs_on(cluster, workload, node.map_or(Spot::At(address), Spot::Named)) {
                    Runs::Here => faces.push(Face::HostPortOfWorkload(workload, port)),
                    Runs::Perhaps => perhaps.push(workload),
                    Runs::Elsewhere => {}
                }
            }
        }
        let mut claims: Vec<Claim> = faces.iter().map(Face::claim).collect();
        claims.sort();
        claims.dedup();
        let at = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let face = format!("{at}:{}", port_text(protocol, port));
        if claims.len() > 1 {
            return Err(FlowError::SharedFace { face, claims });
        }
        if let Some(workload) = perhaps.first() {
            let workload = Claim::Workload(workload.name.clone(), workload.kind.clone()).to_string();
            return Err(FlowError::UnplacedHostPort { face, workload });
        }
    }
    match (faces.into_iter().next(), with_address.first()) {
        (Some(face), _) => Ok(Some(face)),
        (None, Some(service)) if !is_node => Err(match l4 {
            L4::Port(protocol, port) => no_such_port(service, protocol, port),
            _ => FlowError::PortlessService(service.name.clone()),
        }),
        _ => Ok(None),
    }
}

fn by_address(service: &Service, protocol: Protocol, port: Port) -> Option<Face<'_>> {
    let entry = service.ports.iter().find(|entry| entry.protocol == protocol && entry.port == port)?;
    Some(Face::Address(service, entry))
}

fn by_node_port(service: &Service, protocol: Protocol, port: Port) -> Option<Face<'_>> {
    let is_face = |entry: &&ServicePort| entry.protocol == protocol && entry.node_port == Some(port);
    let entry = service.ports.iter().find(is_face).filter(|_| service.kind == ServiceKind::ClusterIp)?;
    Some(Face::NodePort(service, entry))
}

fn by_host_port(pod: &Pod, address: IpAddr, protocol: Protocol, port: Port) -> Option<Face<'_>> {
    Some(Face::HostPort(pod, host_port(&pod.ports, address, protocol, port)?))
}

/// The port that a `hostPort` leads to.
fn host_port(ports: &[ContainerPort], address: IpAddr, protocol: Protocol, port: Port) -> Option<Port> {
    let leads = |host: HostPort| host.port == port && host.is_at(address);
    ports.iter().find(|entry| entry.protocol == protocol && entry.host_port.is_some_and(leads)).map(|entry| entry.port)
}

/// Whether a workload has a pod on a node (U8).
enum Runs {
    Here,
    Perhaps,
    Elsewhere,
}

/// A DaemonSet has one on every node that its nodeSelector admits for certain; of others nobody knows that say no node.
fn runs_on(cluster: &Cluster, workload: &Workload, here: Spot<'_>) -> Runs {
    if let Some(own) = workload.node.as_deref() {
        return if here == Spot::Named(own) { Runs::Here } else { Runs::Elsewhere };
    }
    let selector = &workload.node_selector;
    let is_known = here.name().is_some_and(|name| cluster.node(name).is_some());
    match (node::admits(cluster, Some(selector), here), workload.kind == WorkloadKind::DaemonSet) {
        (false, _) => Runs::Elsewhere,
        (true, true) if selector.is_empty() || is_known => Runs::Here,
        (true, _) => Runs::Perhaps,
    }
}

/// The node that a hostNetwork pod or a node is.
fn node_of<'c>(cluster: &'c Cluster, owner: Who<'c>, address: IpAddr) -> Option<&'c str> {
    owner.node().or_else(|| node::at(cluster, address).ok().flatten().flatten())
}

/// A live pod of its own network on the node, that may be met in the address' family. Names decide where both are known: an
/// address that two nodes have makes nobody's pod another node's.
fn is_on(pod: &Pod, node: Option<&str>, address: IpAddr) -> bool {
    let on_node = match (pod.node.as_deref(), node) {
        (Some(own), Some(node)) => own == node,
        _ => pod.host_addresses.contains(&address),
    };
    let family = Family::of(address);
    let in_family = pod.addresses.is_empty() || pod.addresses.iter().any(|own| Family::of(*own) == family);
    pod.is_live() && !pod.host_network && on_node && in_family
}

fn port_text(protocol: Protocol, port: Port) -> String {
    format!("{port}/{}", protocol.to_string().to_ascii_lowercase())
}

pub(super) fn no_such_port(service: &Service, protocol: Protocol, port: Port) -> FlowError {
    FlowError::NoSuchPort { service: service.name.clone(), port: port_text(protocol, port) }
}
