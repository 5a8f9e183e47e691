//! The other faces of a Service, and a pod's own ports on its node (K26).

use std::collections::BTreeSet;
use std::net::IpAddr;

use netpol_oracle::model::{Service, ServiceKind, ServicePort};
use netpol_oracle::{Cluster, L4, ObjectName, Pod, Port};

use super::ends::Someone;
use super::nodes::says_it_runs_on;

/// What answers at an address, port and protocol in place of whoever has the address.
#[derive(Debug, Clone, Copy)]
pub(super) enum Face<'a> {
    /// A Service's port, at an `externalIP`, at a load balancer's address.
    Front(&'a Service, &'a ServicePort),
    /// A Service's port, at a nodePort.
    NodePort(&'a Service, &'a ServicePort),
    /// A pod's hostPort, and the port that it stands for.
    HostPort(&'a Pod, Port),
}

/// The face that a flow to the address meets, if it meets one; `node`: the name of the node that has the address, as far as
/// it is known, where one has it. Whoever calls has seen that no pod owns the address.
pub(super) fn face<'a>(
    cluster: &'a Cluster,
    address: IpAddr,
    node: Option<Option<&str>>,
    l4: L4,
) -> Result<Option<Face<'a>>, &'static str> {
    let proxied = |service: &&Service| service.kind == ServiceKind::ClusterIp;
    let fronts: Vec<&Service> = cluster
        .services()
        .iter()
        .filter(proxied)
        .filter(|service| {
            service.external_addresses.contains(&address) || service.load_balancer_addresses.contains(&address)
        })
        .collect();
    let mut found: Vec<Face<'_>> = Vec::new();
    if let L4::Port(protocol, port) = l4 {
        for service in fronts.iter().copied() {
            let own = service.ports.iter().filter(|each| each.protocol == protocol && each.port == port);
            found.extend(own.map(|each| Face::Front(service, each)));
        }
        if let Some(name) = node {
            for service in cluster.services().iter().filter(proxied) {
                let own = service.ports.iter().filter(|each| each.protocol == protocol && each.node_port == Some(port));
                found.extend(own.map(|each| Face::NodePort(service, each)));
            }
            // A pod is reached in the families that it has.
            let fits = |pod: &Pod| {
                let mut families = pod.addresses.iter().map(|own| own.is_ipv4());
                pod.addresses.is_empty() || families.any(|family| family == address.is_ipv4())
            };
            for pod in cluster.pods().iter().filter(|pod| pod.is_live() && !pod.host_network && fits(pod)) {
                let here = says_it_runs_on(cluster, &Someone::pod(pod), name, address);
                let own = pod.ports.iter().filter(|each| {
                    let at = each.host_port.is_some_and(|host| host.port == port && host.is_at(address));
                    here && each.protocol == protocol && at
                });
                found.extend(own.map(|each| Face::HostPort(pod, each.port)));
            }
        }
    }
    let claims: BTreeSet<_> = found.iter().map(Face::claim).collect();
    if claims.len() > 1 {
        return Err("shared-face");
    }
    match (found.first(), fronts.is_empty() || node.is_some()) {
        (Some(face), _) => Ok(Some(*face)),
        (None, true) => Ok(None),
        (None, false) if matches!(l4, L4::Port(..)) => Err("no-such-port"),
        (None, false) => Err("portless-service"),
    }
}

impl Face<'_> {
    /// Who answers: a Service, or a pod.
    fn claim(&self) -> (bool, &ObjectName) {
        match self {
            Self::Front(service, _) | Self::NodePort(service, _) => (true, &service.name),
            Self::HostPort(pod, _) => (false, &pod.name),
        }
    }
}
