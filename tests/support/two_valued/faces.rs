//! The other faces of a Service, and a pod's own ports on its node (K26).

use std::collections::BTreeSet;
use std::net::IpAddr;

use netpol_oracle::labels::Labels;
use netpol_oracle::model::{Service, ServiceKind, ServicePort, Workload, WorkloadKind};
use netpol_oracle::{Cluster, L4, ObjectName, Pod, Port};

use super::ends::Someone;
use super::nodes::says_it_runs_on;
use super::services::stands_for_pods;

/// What answers at an address, port and protocol in place of whoever has the address.
#[derive(Debug, Clone, Copy)]
pub(super) enum Face<'a> {
    /// A Service's port, at an `externalIP`, at a load balancer's address.
    Front(&'a Service, &'a ServicePort),
    /// A Service's port, at a nodePort.
    NodePort(&'a Service, &'a ServicePort),
    /// A pod's hostPort, and the port that it stands for.
    HostPort(&'a Pod, Port),
    /// That of a workload whose pods nobody loaded.
    OfWorkload(&'a Workload, Port),
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
    let (mut found, mut somewhere): (Vec<Face<'_>>, bool) = (Vec::new(), false);
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
            for workload in cluster.workloads().iter().filter(|workload| !workload.host_network) {
                let mut own = workload.ports.iter().filter(|each| {
                    each.protocol == protocol
                        && each.host_port.is_some_and(|host| host.port == port && host.is_at(address))
                });
                let Some(own) = own.next().filter(|_| stands_for_pods(cluster, workload)) else { continue };
                match has_a_pod_on(cluster, workload, name) {
                    Some(true) => found.push(Face::OfWorkload(workload, own.port)),
                    Some(false) => {}
                    None => somewhere = true,
                }
            }
        }
    }
    let claims: BTreeSet<_> = found.iter().map(Face::claim).collect();
    if claims.len() > 1 {
        return Err("shared-face");
    }
    if somewhere {
        return Err("unplaced-host-port");
    }
    match (found.first(), fronts.is_empty() || node.is_some()) {
        (Some(face), _) => Ok(Some(*face)),
        (None, true) => Ok(None),
        (None, false) if matches!(l4, L4::Port(..)) => Err("no-such-port"),
        (None, false) => Err("portless-service"),
    }
}

/// Whether the pods of a workload that nobody loaded are on that node: a DaemonSet's are wherever its nodeSelector lets them.
fn has_a_pod_on(cluster: &Cluster, workload: &Workload, node: Option<&str>) -> Option<bool> {
    if workload.node.is_some() {
        return Some(workload.node.as_deref() == node);
    }
    let loaded = node.and_then(|name| cluster.node(name));
    let lets =
        |labels: &Labels| workload.node_selector.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value));
    match (loaded, workload.node_selector.is_empty()) {
        (Some(node), _) if !lets(&node.labels) => Some(false),
        (None, false) => None,
        _ => (workload.kind == WorkloadKind::DaemonSet).then_some(true),
    }
}

impl Face<'_> {
    /// Who answers: a Service, a pod, or a workload.
    fn claim(&self) -> (u8, &ObjectName, Option<&WorkloadKind>) {
        match self {
            Self::Front(service, _) | Self::NodePort(service, _) => (0, &service.name, None),
            Self::HostPort(pod, _) => (1, &pod.name, None),
            Self::OfWorkload(workload, _) => (2, &workload.name, Some(&workload.kind)),
        }
    }
}
