//! The ready backends of a Service, before families are settled (K23).

use std::net::IpAddr;

use crate::labels::{LabelValue, Labels};
use crate::model::cluster::{
    Cluster, ContainerPort, ControllerValueKind, EndpointSlice, Pod, PossibleValues, Service, ServicePort,
    SliceEndpoint, SlicePort, TargetPort, Workload,
};
use crate::net::Port;
use crate::profile::capability::ControllerLabel;
use crate::profile::row::Row;
use crate::reference::asking::Asking;
use crate::reference::controllers::stands_alone;
use crate::reference::endpoint::{self, Candidate, Observed};
use crate::reference::labels::{controller_values, put};
use crate::reference::who::Who;
use crate::verdict::{Backend, FlowError};

/// One of them; no port where the flow's own is kept.
pub(super) struct Endpoint<'c> {
    pub(super) backend: Backend,
    pub(super) candidate: Candidate<'c>,
    pub(super) port: Option<Port>,
    /// The nodes that its slice or Endpoints say it is on.
    pub(super) listed_on: Vec<&'c str>,
}

/// Its EndpointSlices where there are any, else its Endpoints object where there is one, else what its selector matches.
/// `port` is the Service's that the flow was sent to; none of a headless one, whose ports do not limit.
pub(super) fn of<'c>(
    asking: &Asking<'_, 'c>,
    service: &'c Service,
    port: Option<&ServicePort>,
) -> Result<Vec<Endpoint<'c>>, FlowError> {
    let cluster = asking.cluster;
    let is_of_service = |slice: &&EndpointSlice| {
        slice.name.namespace() == service.name.namespace() && slice.service == *service.name.name()
    };
    let slices: Vec<_> = cluster.endpoint_slices().iter().filter(is_of_service).collect();
    let lists: Vec<(&'c [SliceEndpoint], &'c [SlicePort])> = if slices.is_empty() {
        let Some(endpoints) = cluster.endpoints_of(&service.name) else { return Ok(selected(asking, service, port)) };
        endpoints.subsets.iter().map(|subset| (&*subset.endpoints, &*subset.ports)).collect()
    } else {
        slices.iter().map(|slice| (&*slice.endpoints, &*slice.ports)).collect()
    };
    let mut found: Vec<Endpoint<'c>> = Vec::new();
    for (endpoints, ports) in lists {
        let target = match port {
            None => None,
            Some(port) => match ports.iter().find(|entry| entry.name == port.name && entry.protocol == port.protocol) {
                Some(entry) => Some(entry.port),
                None => continue,
            },
        };
        for entry in endpoints.iter().filter(|entry| is_ready(service, entry.ready, entry.terminating)) {
            // The addresses of an endpoint are interchangeable; consumers use the first.
            let Some(address) = entry.addresses.first() else { continue };
            let Some(who) = listed(cluster, entry, *address)? else { continue };
            if matches!(who, Who::Pod(pod) if !is_ready(service, entry.ready, pod.terminating)) {
                continue;
            }
            let backend = backend(cluster, who).unwrap_or(Backend::Address(*address));
            let candidate = Candidate::new(who, vec![*address], true, backend.to_string());
            let listed_on = entry.node.as_deref().into_iter().collect();
            found.push(Endpoint { backend, candidate, port: target, listed_on });
        }
    }
    Ok(found)
}

/// `publishNotReadyAddresses`: every backend counts as ready, but a terminating one does not.
fn is_ready(service: &Service, ready: bool, terminating: bool) -> bool {
    if service.publish_not_ready { !terminating } else { ready }
}

/// Who is at the endpoint: the pod that it names where the address is the pod's own, or nobody's; else whoever has the address.
fn listed<'c>(cluster: &'c Cluster, entry: &SliceEndpoint, address: IpAddr) -> Result<Option<Who<'c>>, FlowError> {
    let named = entry.target.as_ref().and_then(|name| cluster.pod(name));
    let is_its_own = |pod: &&Pod| endpoint::addresses_of(cluster, Who::Pod(pod)).contains(&address);
    if let Some(pod) = named.filter(|pod| pod.is_live()).filter(is_its_own) {
        return Ok(Some(Who::Pod(pod)));
    }
    Ok(match (endpoint::at(cluster, address)?, named) {
        // It has finished, and nobody else has its address yet.
        (Observed::End(Who::External), Some(pod)) => pod.is_live().then_some(Who::Pod(pod)),
        (Observed::End(who), _) => Some(who),
        (Observed::Service(_), _) => Some(Who::External),
    })
}

/// Live pods that are not unready, and workloads that stand for pods nobody loaded.
fn selected<'c>(asking: &Asking<'_, 'c>, service: &'c Service, port: Option<&ServicePort>) -> Vec<Endpoint<'c>> {
    let cluster = asking.cluster;
    if service.selector.is_empty() {
        return Vec::new();
    }
    let here = |namespace: &str| namespace == &**service.name.namespace();
    let is_backend = |pod: &&Pod| pod.is_live() && is_ready(service, pod.ready, pod.terminating);
    let pods = cluster.pods().iter().filter(is_backend).map(Who::Pod);
    let pods = pods.filter(|who| who.labels().is_some_and(|labels| has_all(labels, &service.selector)));
    let workloads = cluster.workloads().iter().filter(|workload| stands_alone(cluster, workload));
    let workloads = workloads.filter_map(|workload| as_selected(asking, workload, &service.selector));
    pods.chain(workloads)
        .filter(|who| who.namespace().is_some_and(here))
        .filter_map(|who| {
            let port = match port {
                None => None,
                Some(port) => Some(target(who, port)?),
            };
            let backend = backend(cluster, who)?;
            let mut candidate = Candidate::new(who, endpoint::addresses_of(cluster, who), false, backend.to_string());
            candidate.selected_by = Some(&service.selector);
            Some(Endpoint { backend, candidate, port, listed_on: Vec::new() })
        })
        .collect()
}

/// What an object is called: a workload or a replica whose name a pod or another workload has too by its kind (K25).
pub(super) fn backend(cluster: &Cluster, who: Who<'_>) -> Option<Backend> {
    let name = who.object()?;
    let of_workload = match who {
        Who::Workload(workload) => Some((workload, 1)),
        Who::Replica(set, _) => Some((set, 0)),
        _ => None,
    };
    Some(match of_workload {
        Some((workload, own)) if cluster.pod(&name).is_some() || cluster.workloads_named(&name).count() > own => {
            Backend::Workload(workload.name.clone(), workload.kind.clone())
        }
        _ => Backend::Object(name),
    })
}

fn has_all(labels: &Labels, selector: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value))
}

/// `targetPort`; a named one is the backend's first such port.
fn target(who: Who<'_>, port: &ServicePort) -> Option<Port> {
    match &port.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(wanted) => {
            let named = |p: &&ContainerPort| p.protocol == port.protocol && p.name.as_ref() == Some(wanted);
            who.ports().iter().find(named).map(|port| port.port)
        }
    }
}

/// The workload where the selector matches it, by what its template says and with the values of controllers that the
/// selector asks for (U7); where it asks which replica of a StatefulSet, that replica (K27).
fn as_selected<'c>(asking: &Asking<'_, 'c>, workload: &'c Workload, selector: &Labels) -> Option<Who<'c>> {
    let mut who = Who::Workload(workload);
    let mut labels = workload.labels.clone();
    for value in controller_values(asking.profile.release(), who) {
        let asked = value.labels.iter().find_map(|label| Some((label, selector.get(label.key.as_str())?)));
        let Some((label, text)) = asked else { continue };
        let asked = label.value(LabelValue::as_str(text)).filter(|asked| value.values.contains(asked));
        if value.kind == ControllerValueKind::Ordinal {
            who = Who::Replica(workload, asked?.parse().ok()?);
            put(&mut labels, &value, asked);
        } else if let PossibleValues::One(only) = &value.values {
            put(&mut labels, &value, Some(only));
        } else {
            asking.seen.set(asking.seen.get().union(Row::U7.into()));
            let is_there = asking.profile.capabilities().controller_label == ControllerLabel::Unknown;
            put(&mut labels, &value, asked.filter(|_| is_there));
        }
    }
    has_all(&labels, selector).then_some(who)
}
