//! The backends of a Service (K23, K27).

use std::collections::BTreeSet;
use std::net::IpAddr;

use netpol_oracle::labels::{Labels, Selector};
use netpol_oracle::model::{
    ContainerPort, EndpointSubset, Owner, Service, ServicePort, SliceEndpoint, SlicePort, TargetPort, Workload,
    WorkloadKind,
};
use netpol_oracle::net::Family;
use netpol_oracle::profile::ControllerLabel;
use netpol_oracle::verdict::Backend;
use netpol_oracle::{Cluster, ObjectName, Pod, Port, Profile};

use super::ends::{End, Party, Someone, observed, of_its_node, replica_name};
use super::labels::{Values, given, selects};
use super::resolution::Carries;

/// A ready backend.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    pub(super) backend: Backend,
    /// Who it is, at that address of his, where he has one.
    pub(super) party: Party<'a>,
    /// The port it is reached on; a headless Service rewrites none.
    pub(super) port: Option<Port>,
    /// The nodes that those say who list it.
    pub(super) nodes: BTreeSet<&'a str>,
}

/// The ready backends of a Service's port, at their addresses of any family; of a headless one without a port.
pub(super) fn backends<'a>(
    cluster: &'a Cluster,
    profile: &Profile,
    service: &Service,
    port: Option<&ServicePort>,
) -> Result<Vec<Found<'a>>, &'static str> {
    let mut found = Vec::new();
    let own = |slice: &&netpol_oracle::model::EndpointSlice| {
        slice.name.namespace() == service.name.namespace() && *slice.service == **service.name.name()
    };
    let slices: Vec<_> = cluster.endpoint_slices().iter().filter(own).collect();
    if !slices.is_empty() {
        for slice in slices {
            endpoints(cluster, service, port, (&slice.endpoints, &slice.ports), Some(slice.family), &mut found)?;
        }
        return Ok(found);
    }
    if let Some(written) = cluster.endpoints_of(&service.name) {
        for EndpointSubset { endpoints: all, ports, .. } in &written.subsets {
            endpoints(cluster, service, port, (all, ports), None, &mut found)?;
        }
        return Ok(found);
    }
    if !service.selector.is_empty() {
        pods(cluster, service, port, &mut found);
        workloads(cluster, profile, service, port, &mut found);
    }
    Ok(found)
}

fn endpoints<'a>(
    cluster: &'a Cluster,
    service: &Service,
    port: Option<&ServicePort>,
    (endpoints, ports): (&'a [SliceEndpoint], &'a [SlicePort]),
    family: Option<Family>,
    found: &mut Vec<Found<'a>>,
) -> Result<(), &'static str> {
    let number = match port {
        None => None,
        Some(port) => match ports.iter().find(|each| each.name == port.name && each.protocol == port.protocol) {
            Some(own) => Some(own.port),
            None => return Ok(()),
        },
    };
    let is_ready = |endpoint: &&SliceEndpoint| match service.publish_not_ready {
        true => !endpoint.terminating,
        false => endpoint.ready,
    };
    for endpoint in endpoints.iter().filter(is_ready) {
        let Some(address) = endpoint.addresses.first() else { continue };
        if family.is_some_and(|family| Family::of(*address) != family) {
            continue;
        }
        // Whoever the packet meets: the pod that is written there is, as long as the address is not somebody else's.
        let named = endpoint.target.as_ref().and_then(|name| cluster.pod(name));
        let own = |pod: &Pod| match pod.addresses.as_slice() {
            [] if pod.host_network => of_its_node(cluster, pod).contains(address),
            all => all.contains(address),
        };
        let met = match named {
            Some(pod) if pod.is_live() && own(pod) => End::Pod(pod, Some(*address)),
            _ => observed(cluster, *address)?,
        };
        let (backend, party) = match (met, named) {
            (End::Pod(pod, _), _) if service.publish_not_ready && pod.terminating => continue,
            (End::Pod(pod, address), _) => of_pod(pod, address),
            (End::Fixed(Party::World(_)), Some(pod)) if !pod.is_live() => continue, // K20
            (End::Fixed(Party::World(_)), Some(pod)) if service.publish_not_ready && pod.terminating => continue,
            (End::Fixed(Party::World(_)), Some(pod)) => of_pod(pod, Some(*address)),
            (End::Fixed(party), _) => (Backend::Address(*address), party),
            // Another Service's ClusterIP: an address like any other, nobody's own.
            _ => (Backend::Address(*address), Party::World(*address)),
        };
        found.push(Found { backend, party, port: number, nodes: endpoint.node.as_deref().into_iter().collect() });
    }
    Ok(())
}

fn of_pod(pod: &Pod, address: Option<IpAddr>) -> (Backend, Party<'_>) {
    (Backend::Object(pod.name.clone()), Party::Pod(Someone::pod(pod), address))
}

/// Where a container's port is asked for and there is none: no backend.
fn target(port: Option<&ServicePort>, ports: &[ContainerPort]) -> Option<Option<Port>> {
    let Some(port) = port else { return Some(None) };
    match &port.target {
        TargetPort::Number(number) => Some(Some(*number)),
        TargetPort::Name(name) => {
            let own = ports.iter().find(|each| each.name.as_ref() == Some(name) && each.protocol == port.protocol);
            own.map(|each| Some(each.port))
        }
    }
}

fn pods<'a>(cluster: &'a Cluster, service: &Service, port: Option<&ServicePort>, found: &mut Vec<Found<'a>>) {
    let published = service.publish_not_ready;
    let ready = |pod: &&Pod| pod.is_live() && ((!published && pod.ready) || (published && !pod.terminating));
    let local = cluster.pods().iter().filter(|pod| pod.name.namespace() == service.name.namespace());
    for pod in local.filter(ready).filter(|pod| holds(&service.selector, &pod.labels)) {
        let Some(number) = target(port, &pod.ports) else { continue };
        let known = if pod.addresses.is_empty() { of_its_node(cluster, pod) } else { pod.addresses.clone() };
        let nowhere = known.is_empty().then_some(None);
        let addresses = known.into_iter().map(Some);
        for address in addresses.chain(nowhere) {
            let (backend, party) = of_pod(pod, address);
            found.push(Found { backend, party, port: number, nodes: BTreeSet::new() });
        }
    }
}

fn holds(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value))
}

fn workloads<'a>(
    cluster: &'a Cluster,
    profile: &Profile,
    service: &Service,
    port: Option<&ServicePort>,
    found: &mut Vec<Found<'a>>,
) {
    for workload in cluster.workloads() {
        let local = workload.name.namespace() == service.name.namespace();
        if !local || !stands_for_pods(cluster, workload) {
            continue;
        }
        let Some(number) = target(port, &workload.ports) else { continue };
        let mut push = |name: ObjectName, who| {
            let backend = called(cluster, workload, name);
            found.push(Found { backend, party: Party::Pod(who, None), port: number, nodes: BTreeSet::new() });
        };
        let Some(who) = asked(Someone::workload(workload, profile), &service.selector, profile) else { continue };
        // A StatefulSet of which one replica alone is asked for is that replica.
        match who.ordinal().filter(|_| asks_ordinal(&who, &service.selector)) {
            Some(ordinal) => push(replica_name(&workload.name, &ordinal), who.replica(&ordinal)),
            None => push(workload.name.clone(), who),
        }
    }
}

fn asks_ordinal(who: &Someone<'_>, selector: &Labels) -> bool {
    let ordinal = who.carried.iter().find(|each| each.what == Carries::Ordinal);
    ordinal.is_some_and(|ordinal| selector.iter().any(|(key, _)| ordinal.prefix(key.as_str()).is_some()))
}

/// The pods of a workload as those that the selector selects: with the values that it asks for, if they may have them.
fn asked<'a>(mut who: Someone<'a>, selector: &Labels, profile: &Profile) -> Option<Someone<'a>> {
    let absent = profile.capabilities().controller_label == ControllerLabel::Absent;
    for (key, wanted) in selector.iter() {
        let carried = who.carried.iter().find(|each| each.prefix(key.as_str()).is_some());
        let Some(carried) = carried else {
            if given(who.labels, key.as_str()).as_deref() != Some(wanted.as_str()) {
                return None;
            }
            continue;
        };
        let is_known = matches!(&carried.values, Values::Listed(values) if values.len() == 1);
        // Which replica it is is its name, not its label's (K27).
        if absent && !is_known && carried.what != Carries::Ordinal {
            return None;
        }
        let (what, value) = (carried.what, carried.asked(key.as_str(), wanted.as_str())?);
        who = who.fixed(what, &value);
    }
    Some(who)
}

/// What flows mean by the name may be somebody else, or nobody knows who.
pub(super) fn called(cluster: &Cluster, workload: &Workload, name: ObjectName) -> Backend {
    let mut others = cluster.workloads_named(&name).filter(|other| !std::ptr::eq(*other, workload));
    if cluster.pod(&name).is_some() || others.next().is_some() {
        Backend::Workload(workload.name.clone(), workload.kind.clone())
    } else {
        Backend::Object(name)
    }
}

/// Whether it has pods that nobody loaded.
pub(super) fn stands_for_pods(cluster: &Cluster, workload: &Workload) -> bool {
    workload.replicas != Some(0) && !has_pods(cluster, workload)
}

/// Whether some pod of the workload is loaded: one that its controllers lead to, or one that nobody controls and its
/// selector selects.
fn has_pods(cluster: &Cluster, workload: &Workload) -> bool {
    let mut local = cluster.pods().iter().filter(|pod| pod.name.namespace() == workload.name.namespace());
    local.any(|pod| match &pod.owner {
        Some(owner) => leads_to(cluster, workload, owner),
        None => has_selector(workload) && selects(&workload.selector, |key| given(&pod.labels, key)),
    })
}

/// A CronJob has none; a Job's is of its uid, unless somebody wrote one by hand.
fn has_selector(workload: &Workload) -> bool {
    let is_written = workload.selector != Selector::new(workload.labels.clone(), Vec::new());
    match workload.kind {
        WorkloadKind::CronJob => false,
        WorkloadKind::Job => workload.job.manual_selector || is_written,
        _ => true,
    }
}

fn leads_to(cluster: &Cluster, workload: &Workload, owner: &Owner) -> bool {
    let mut next = Some(owner);
    // As many steps as there are workloads: a circle of owners leads nowhere.
    for _ in 0..=cluster.workloads().len() {
        let Some(owner) = next else { return false };
        if owner.kind == workload.kind && *owner.name == **workload.name.name() {
            return true;
        }
        let name = ObjectName::new(workload.name.namespace().clone(), owner.name.clone());
        next = cluster.workload(&owner.kind, &name).and_then(|found| found.owner.as_ref());
    }
    false
}
