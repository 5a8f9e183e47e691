//! Flows to a Service: one question for each ready backend (K23).

use std::net::IpAddr;

use crate::model::cluster::{
    Cluster, Owner, Pod, Service, ServiceKind, ServicePort, TargetPort, Workload, WorkloadKind,
};
use crate::model::flow::L4;
use crate::name::ObjectName;
use crate::net::{Family, Port};
use crate::reference::endpoint::{self, Candidate, Observed, Who};
use crate::reference::question::{ByService, Question};
use crate::verdict::{Backend, FlowError};

/// A backend before families are settled.
struct Endpoint<'c> {
    backend: Backend,
    candidate: Candidate<'c>,
    port: Port,
}

/// The ready backends of `service` for a flow from `source`; `sent_to` where the flow named a ClusterIP.
pub(super) fn backends<'c>(
    cluster: &'c Cluster,
    service: &'c Service,
    sent_to: Option<IpAddr>,
    source: &Candidate<'c>,
    l4: L4,
    via: Option<&ObjectName>,
) -> Result<Vec<(Backend, Question<'c>)>, FlowError> {
    match service.kind {
        ServiceKind::ClusterIp => {}
        ServiceKind::Headless => return Err(FlowError::Headless(service.name.clone())),
        ServiceKind::ExternalName => return Err(FlowError::ExternalName(service.name.clone())),
    }
    let L4::Port(protocol, port) = l4 else { return Err(FlowError::PortlessService(service.name.clone())) };
    let service_port = service.ports.iter().find(|entry| entry.protocol == protocol && entry.port == port);
    let service_port = service_port.ok_or_else(|| FlowError::NoSuchPort {
        service: service.name.clone(),
        port: format!("{port}/{}", protocol.to_string().to_ascii_lowercase()),
    })?;

    // The ClusterIP of the source's family; a manifest that has none yet leaves the family to the backends.
    let entry = Candidate {
        who: Who::External,
        addresses: sent_to.map_or_else(|| service.cluster_addresses.clone(), |address| vec![address]),
        fixed: sent_to.is_some(),
        text: format!("svc/{}", service.name),
    };
    let (sender, entry) = endpoint::meet(source, &entry)?;
    let cluster_address = entry.address;
    let family = cluster_address.map(Family::of);
    let source = match family {
        Some(_) => Candidate { addresses: sender.address.into_iter().collect(), ..source.clone() },
        None => source.clone(),
    };
    let meets = |address: &IpAddr| match family {
        Some(family) => Family::of(*address) == family,
        None => {
            source.addresses.is_empty() || source.addresses.iter().any(|own| Family::of(*own) == Family::of(*address))
        }
    };

    let mut found: Vec<Endpoint<'c>> = Vec::new();
    for mut endpoint in endpoints(cluster, service, service_port)? {
        if !endpoint.candidate.addresses.is_empty() {
            endpoint.candidate.addresses.retain(meets);
            if endpoint.candidate.addresses.is_empty() {
                continue;
            }
        }
        if !found.iter().any(|known| known.backend == endpoint.backend) {
            found.push(endpoint);
        }
    }
    found.sort_by(|a, b| a.backend.cmp(&b.backend));
    if found.is_empty() {
        return Err(FlowError::NoReadyBackend(service.name.clone()));
    }
    if let Some(name) = via {
        let wanted = Backend::Object(name.clone());
        if !found.iter().any(|endpoint| endpoint.backend == wanted) {
            return Err(FlowError::NotABackend {
                backend: name.clone(),
                service: service.name.clone(),
                backends: found.into_iter().map(|endpoint| endpoint.backend).collect(),
            });
        }
        found.retain(|endpoint| endpoint.backend == wanted);
    }
    found
        .into_iter()
        .map(|found| {
            let (source, destination) = endpoint::meet(&source, &found.candidate)?;
            let l4 = L4::Port(protocol, found.port);
            let service = Some(ByService { cluster_address, port });
            Ok((found.backend, Question { source, destination, l4, service }))
        })
        .collect()
}

/// Its EndpointSlices where there are any, else what its selector matches.
fn endpoints<'c>(
    cluster: &'c Cluster,
    service: &'c Service,
    port: &ServicePort,
) -> Result<Vec<Endpoint<'c>>, FlowError> {
    let of_service = |slice: &&crate::model::cluster::EndpointSlice| {
        slice.name.namespace() == service.name.namespace() && slice.service == *service.name.name()
    };
    let slices: Vec<_> = cluster.endpoint_slices().iter().filter(of_service).collect();
    if slices.is_empty() {
        return Ok(selected(cluster, service, port));
    }
    let mut endpoints = Vec::new();
    for slice in slices {
        let Some(target) = slice.ports.iter().find(|p| p.name == port.name && p.protocol == port.protocol) else {
            continue;
        };
        for entry in slice.endpoints.iter().filter(|entry| entry.ready) {
            // The addresses of an endpoint are interchangeable; consumers use the first.
            let Some(address) = entry.addresses.first() else { continue };
            let pod = entry.target.as_ref().and_then(|name| cluster.pod(name));
            if pod.is_some_and(|pod| !pod.is_live()) {
                continue;
            }
            let who = match pod {
                Some(pod) => Who::Pod(pod),
                None => match endpoint::at(cluster, *address)? {
                    Observed::End(who) => who,
                    Observed::Service(_) => Who::External,
                },
            };
            let backend = who.object().map_or(Backend::Address(*address), |name| Backend::Object(name.clone()));
            let candidate = Candidate { who, addresses: vec![*address], fixed: true, text: backend.to_string() };
            endpoints.push(Endpoint { backend, candidate, port: target.port });
        }
    }
    Ok(endpoints)
}

/// Live pods that are not unready, and workloads that stand for pods nobody loaded.
fn selected<'c>(cluster: &'c Cluster, service: &Service, port: &ServicePort) -> Vec<Endpoint<'c>> {
    let pods = cluster.pods().iter().filter(|pod| pod.is_live() && pod.ready).map(Who::Pod);
    let workloads = cluster.workloads().iter().filter(|w| stands_alone(cluster, w)).map(Who::Workload);
    pods.chain(workloads)
        .filter_map(|who| {
            let name = who.object()?;
            let labels = who.labels()?;
            let matches = !service.selector.is_empty()
                && service.selector.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value));
            if name.namespace() != service.name.namespace() || !matches {
                return None;
            }
            let port = match &port.target {
                TargetPort::Number(number) => *number,
                TargetPort::Name(wanted) => {
                    let named = |p: &&crate::model::cluster::ContainerPort| {
                        p.protocol == port.protocol && p.name.as_ref() == Some(wanted)
                    };
                    who.ports().iter().find(named)?.port
                }
            };
            let candidate = Candidate {
                who,
                addresses: endpoint::addresses_of(cluster, who),
                fixed: false,
                text: name.to_string(),
            };
            Some(Endpoint { backend: Backend::Object(name.clone()), candidate, port })
        })
        .collect()
}

/// Whether a workload stands for pods nobody loaded: it asks for some, none of them is there, and no other
/// loaded workload controls it (a Deployment stands for its ReplicaSets).
fn stands_alone(cluster: &Cluster, workload: &Workload) -> bool {
    let controlled = workload.owner.as_ref().is_some_and(|owner| {
        let name = ObjectName::new(workload.name.namespace().clone(), owner.name.clone());
        cluster.workload(&owner.kind, &name).is_some()
    });
    workload.replicas != Some(0) && !controlled && !cluster.pods().iter().any(|pod| is_pod_of(cluster, workload, pod))
}

/// Whether `pod` is one of the workload's: by its controllers, or, where it has none, by the selector.
fn is_pod_of(cluster: &Cluster, workload: &Workload, pod: &Pod) -> bool {
    if pod.name.namespace() != workload.name.namespace() {
        return false;
    }
    match &pod.owner {
        None => workload.selector.matches(&pod.labels),
        Some(owner) => is_owner(workload, owner) || intermediate(cluster, workload, owner),
    }
}

fn is_owner(workload: &Workload, owner: &Owner) -> bool {
    owner.kind == workload.kind && owner.name == *workload.name.name()
}

/// A Deployment's ReplicaSets and a CronJob's Jobs: by their own controller where they are loaded, else by
/// the name their controller gives them, which is its own and one more part.
fn intermediate(cluster: &Cluster, workload: &Workload, owner: &Owner) -> bool {
    let between = matches!(
        (&workload.kind, &owner.kind),
        (WorkloadKind::Deployment, WorkloadKind::ReplicaSet) | (WorkloadKind::CronJob, WorkloadKind::Job)
    );
    if !between {
        return false;
    }
    let name = ObjectName::new(workload.name.namespace().clone(), owner.name.clone());
    match cluster.workload(&owner.kind, &name) {
        Some(loaded) => loaded.owner.as_ref().is_some_and(|above| is_owner(workload, above)),
        None => owner
            .name
            .strip_prefix(&**workload.name.name())
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|part| !part.is_empty() && !part.contains('-')),
    }
}
