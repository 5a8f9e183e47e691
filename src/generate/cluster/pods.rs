//! The usual cluster's pods.

use std::net::IpAddr;
use std::sync::Arc;

use super::addresses::Layout;
use super::nodes::Nodes;
use super::plan::{AppPlan, ClusterPlan};
use crate::generate::spec::ClusterSpec;
use crate::generate::stream;
use crate::generate::vocabulary::{DNS, TIERS, VERSIONS, dns_value, nth, spelt, suffix, values};
use crate::labels::LabelValue;
use crate::model::builder::ClusterBuilder;
use crate::model::cluster::{Owner, Phase, Pod, WorkloadKind};
use crate::name::ObjectName;
use crate::random::Random;

/// A pod as its Services' EndpointSlices hold it.
#[derive(Debug)]
pub(super) struct EndpointPod {
    pub(super) name: ObjectName,
    pub(super) address: IpAddr,
    pub(super) ready: bool,
}

/// A ReplicaSet of an application.
struct Replicas {
    name: Arc<str>,
    version: LabelValue,
    hash: Option<LabelValue>,
}

/// What pods are put together from.
pub(super) struct PodMaker<'a> {
    pub(super) plan: &'a ClusterPlan,
    pub(super) layout: &'a Layout,
    pub(super) nodes: &'a Nodes,
    pub(super) spec: &'a ClusterSpec,
}

impl PodMaker<'_> {
    /// Adds the pods; returns the endpoints of each application where EndpointSlices are asked for.
    pub(super) fn pods(&self, builder: &mut ClusterBuilder) -> Vec<Vec<EndpointPod>> {
        let mut random = Random::new(self.spec.seed, stream::PODS);
        let (versions, tiers) = (values(&VERSIONS), values(&TIERS));
        let mut endpoints = Vec::new();
        let mut index = 0;
        for app in &self.plan.apps {
            let mut members = Vec::new();
            let replicas: Vec<Replicas> = (0..2).filter_map(|_| replicas(app, &versions, &mut random)).collect();
            let tier = tiers.iter().find(|tier| tier.as_str() == app.kind.tier);
            // Cloned, so that all pods share the names.
            let ports = app.kind.container_ports();
            for number in 0..app.pods {
                let canary = random.percent(25) && !app.is_store;
                let Some(set) = replicas.get(usize::from(canary)) else { continue };
                let mut pod = self.pod(app, set, number);
                pod.ports = ports.clone();
                if let Some(tier) = tier {
                    pod.labels.insert(self.plan.keys.tier.clone(), tier.clone());
                }
                self.place_on_node(&mut pod, index, &mut random);
                if self.spec.endpoint_slices && pod.is_live() {
                    let member =
                        |address: &IpAddr| EndpointPod { name: pod.name.clone(), address: *address, ready: pod.ready };
                    members.extend(pod.addresses.first().map(member));
                }
                builder.pod(pod);
                index += 1;
            }
            endpoints.push(members);
        }
        endpoints
    }

    /// The `number`th pod of an application, not yet on a node.
    fn pod(&self, app: &AppPlan, set: &Replicas, number: u32) -> Pod {
        let keys = &self.plan.keys;
        let name =
            if app.is_store { format!("{}-{number}", set.name) } else { format!("{}-{}", set.name, suffix(number)) };
        let mut pod = Pod::new(ObjectName::new(app.namespace.clone(), name));
        let labels = &mut pod.labels;
        labels.insert(keys.app.clone(), app.value.clone());
        labels.insert(keys.version.clone(), set.version.clone());
        if let Some(namespace) = self.plan.namespace_of(app) {
            labels.insert(keys.team.clone(), namespace.team.clone());
        }
        if app.is_store {
            labels.extend(LabelValue::new(pod.name.name()).ok().map(|value| (keys.pod_name.clone(), value)));
        } else {
            labels.extend(set.hash.clone().map(|hash| (keys.hash.clone(), hash)));
        }
        if app.kind.name == DNS.name {
            labels.insert(keys.k8s_app.clone(), dns_value());
        }
        let kind = if app.is_store { WorkloadKind::StatefulSet } else { WorkloadKind::ReplicaSet };
        pod.owner = Some(Owner { kind, name: set.name.clone() });
        pod
    }

    /// Gives the `index`th pod its node, its addresses and its phase.
    fn place_on_node(&self, pod: &mut Pod, index: u32, random: &mut Random) {
        let draw = random.below(1_000);
        let dual = random.percent(10);
        if draw < 5 {
            pod.phase = Phase::Pending;
            pod.ready = false;
            return;
        }
        let Some((node, internal)) = nth(self.nodes, self.layout.node_of(index)) else { return };
        let on_node = internal.iter().take(if dual { 2 } else { 1 }).copied();
        pod.node = Some(node.clone());
        pod.host_addresses = on_node.collect();
        pod.host_network = (10..20).contains(&draw);
        pod.addresses = match (pod.host_network, dual) {
            (true, _) => pod.host_addresses.clone(),
            (false, true) => vec![self.layout.pod(index), self.layout.pod_v6(index)],
            (false, false) => vec![self.layout.pod(index)],
        };
        match draw {
            20..30 => pod.phase = Phase::Succeeded,
            30..40 => pod.ready = false,
            _ => {}
        }
    }
}

fn replicas(app: &AppPlan, versions: &[LabelValue], random: &mut Random) -> Option<Replicas> {
    let version = random.pick(versions)?.clone();
    let hash = spelt(random.next(), 10);
    let name = if app.is_store { app.kind.name.into() } else { format!("{}-{hash}", app.kind.name).into() };
    Some(Replicas { name, version, hash: LabelValue::new(&hash).ok() })
}
