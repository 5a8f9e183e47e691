//! The usual cluster: namespaces of teams, their applications, the pods of these, and nodes.

use std::net::IpAddr;
use std::sync::Arc;

use super::address::{self, Layout};
use super::random::Random;
use super::vocabulary::{
    APPS, AppKind, DNS, ENVIRONMENTS, Keys, OS_IMAGES, STORES, SYSTEM, TEAMS, TIERS, VERSIONS, ZONES, dns_value, spelt,
    suffix, values,
};
use super::{ClusterSpec, policies, services};
use crate::labels::{LabelValue, Labels};
use crate::model::builder::ClusterBuilder;
use crate::model::cluster::{Cluster, Namespace, Node, NodeAddress, NodeAddressKind, Owner, Phase, Pod, WorkloadKind};
use crate::name::ObjectName;

/// What everything is made by: one stream of numbers for each, so that they do not depend on one another.
pub(super) const STREAM_TOWN: u64 = 1;
pub(super) const STREAM_PODS: u64 = 2;
pub(super) const STREAM_POLICIES: u64 = 3;
pub(super) const STREAM_SERVICES: u64 = 4;
pub(super) const STREAM_FLOWS: u64 = 5;

/// Namespaces and what runs in them.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) keys: Keys,
    pub(super) namespaces: Vec<Place>,
    pub(super) apps: Vec<App>,
    /// How many of `apps`, the first ones, belong to kube-system.
    pub(super) system_apps: usize,
}

/// A namespace.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) name: Arc<str>,
    pub(super) env: LabelValue,
    pub(super) team: LabelValue,
    /// Its applications among the town's.
    pub(super) apps: std::ops::Range<usize>,
}

/// A set of pods of one kind.
#[derive(Debug)]
pub(super) struct App {
    /// Its namespace among the town's.
    pub(super) place: usize,
    pub(super) namespace: Arc<str>,
    pub(super) value: LabelValue,
    pub(super) kind: &'static AppKind,
    pub(super) is_store: bool,
    pods: u32,
}

/// The usual cluster.
pub(super) fn build(spec: &ClusterSpec) -> Cluster {
    let town = Town::new(spec);
    let mut builder = Cluster::builder();
    for place in &town.namespaces {
        let labels = [(town.keys.env.clone(), place.env.clone()), (town.keys.team.clone(), place.team.clone())];
        builder.namespace(Namespace { name: place.name.clone(), labels: labels.into_iter().collect() });
    }
    let nodes = nodes(spec, &town.keys, &mut builder);
    let layout = Layout::new(spec.pods, spec.nodes);
    let endpoints = Housing { town: &town, layout: &layout, nodes: &nodes, spec }.pods(&mut builder);
    services::build(spec, &town, &endpoints, &mut builder);
    policies::build(spec, &town, &layout, &mut builder);
    builder.build()
}

/// The nodes' names and internal addresses.
pub(super) type Nodes = Vec<(Arc<str>, [IpAddr; 2])>;

pub(super) fn nodes(spec: &ClusterSpec, keys: &Keys, builder: &mut ClusterBuilder) -> Nodes {
    let zones = values(&ZONES);
    let images: Vec<Arc<str>> = OS_IMAGES.iter().map(|image| Arc::from(*image)).collect();
    let mut made = Nodes::new();
    for index in 0..spec.nodes {
        let name: Arc<str> = format!("node-{index}").into();
        let internal = address::node(index);
        let mut addresses: Vec<NodeAddress> = internal
            .iter()
            .map(|address| NodeAddress { kind: NodeAddressKind::InternalIp, address: *address })
            .collect();
        if index % 10 == 0 {
            let external = address::node_external(index);
            addresses.extend(external.map(|address| NodeAddress { kind: NodeAddressKind::ExternalIp, address }));
        }
        let mut labels = Labels::new();
        labels.extend(LabelValue::new(&name).ok().map(|value| (keys.hostname.clone(), value)));
        labels.extend(nth(&zones, index).map(|zone| (keys.zone.clone(), zone.clone())));
        // By tens: six, three and one.
        let image = match index % 10 {
            0..=5 => 0,
            6..=8 => 1,
            _ => 2,
        };
        let os_image = images.get(image).cloned();
        builder.node(Node { name: name.clone(), addresses, os_image, labels });
        made.push((name, internal));
    }
    made
}

/// The item at `index`, counted round.
pub(super) fn nth<T>(items: &[T], index: u32) -> Option<&T> {
    let at = usize::try_from(index).unwrap_or_default();
    items.get(at.checked_rem(items.len())?)
}

/// `total` in parts by weight that sum to it.
fn split(total: u32, weights: &[u32]) -> Vec<u32> {
    let sum = weights.iter().map(|weight| u64::from(*weight)).sum::<u64>().max(1);
    let mut before = 0_u64;
    let share = |upto: u64| u64::from(total) * upto / sum;
    let part = |weight: &u32| {
        let from = share(before);
        before += u64::from(*weight);
        u32::try_from(share(before) - from).unwrap_or_default()
    };
    weights.iter().map(part).collect()
}

impl Town {
    fn new(spec: &ClusterSpec) -> Self {
        let mut random = Random::new(spec.seed, STREAM_TOWN);
        let (environments, teams) = (values(&ENVIRONMENTS), values(&TEAMS));
        let weights: Vec<u32> = (0..spec.namespaces).map(|_| 1 + random.below(8)).collect();
        let mut town = Self { keys: Keys::new(), namespaces: Vec::new(), apps: Vec::new(), system_apps: 0 };
        for (index, pods) in split(spec.pods, &weights).into_iter().enumerate() {
            let is_system = index == 0 && spec.namespaces > 1;
            let env = random.choose(&[(40, 0), (20, 1), (20, 2)], 3);
            let (Some(env), Some(team)) = (nth(&environments, env), random.pick(&teams)) else { continue };
            let name: Arc<str> = if is_system { SYSTEM.into() } else { format!("{team}-{env}-{index}").into() };
            let first = town.apps.len();
            town.add_apps(&name, pods, is_system, &mut random);
            let apps = first..town.apps.len();
            if is_system {
                town.system_apps = town.apps.len();
            }
            town.namespaces.push(Place { name, env: env.clone(), team: team.clone(), apps });
        }
        town
    }

    fn add_apps(&mut self, namespace: &Arc<str>, pods: u32, is_system: bool, random: &mut Random) {
        let place = self.namespaces.len();
        let mut add = |kind: &'static AppKind, is_store: bool, pods: u32| {
            let value = LabelValue::known(kind.name);
            self.apps.push(App { place, namespace: namespace.clone(), value, kind, is_store, pods });
        };
        // A tenth, and of the rest of the division its share of the time.
        let stored = (pods + random.below(10)) / 10;
        let dns = if is_system { (pods - stored).min(2) } else { 0 };
        if is_system {
            add(&DNS, false, dns);
        }
        let wanted = 3 + random.below(6);
        let mut kinds: Vec<&'static AppKind> = APPS.iter().collect();
        let mut chosen = Vec::new();
        while chosen.len() < usize::try_from(wanted).unwrap_or_default() && !kinds.is_empty() {
            let at = random.below(u32::try_from(kinds.len()).unwrap_or_default());
            chosen.push(kinds.swap_remove(usize::try_from(at).unwrap_or_default()));
        }
        let weights: Vec<u32> = chosen.iter().map(|_| 1 + random.below(6)).collect();
        for (kind, pods) in chosen.into_iter().zip(split(pods - stored - dns, &weights)) {
            add(kind, false, pods);
        }
        if let (true, Some(kind)) = (stored > 0, random.pick(&STORES)) {
            add(kind, true, stored);
        }
    }

    /// The applications that policies are about: those of teams, where there are any.
    pub(super) fn team_apps(&self) -> &[App] {
        match self.apps.get(self.system_apps..) {
            Some(apps) if !apps.is_empty() => apps,
            _ => &self.apps,
        }
    }

    pub(super) fn place(&self, app: &App) -> Option<&Place> {
        self.namespaces.get(app.place)
    }

    pub(super) fn apps_of(&self, place: &Place) -> &[App] {
        self.apps.get(place.apps.clone()).unwrap_or_default()
    }
}

/// A pod as its Services' EndpointSlices hold it.
#[derive(Debug)]
pub(super) struct Member {
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
struct Housing<'a> {
    town: &'a Town,
    layout: &'a Layout,
    nodes: &'a Nodes,
    spec: &'a ClusterSpec,
}

impl Housing<'_> {
    /// Adds the pods; returns the endpoints of each application where EndpointSlices are asked for.
    fn pods(&self, builder: &mut ClusterBuilder) -> Vec<Vec<Member>> {
        let mut random = Random::new(self.spec.seed, STREAM_PODS);
        let (versions, tiers) = (values(&VERSIONS), values(&TIERS));
        let mut endpoints = Vec::new();
        let mut index = 0;
        for app in &self.town.apps {
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
                    pod.labels.insert(self.town.keys.tier.clone(), tier.clone());
                }
                self.settle(&mut pod, index, &mut random);
                if self.spec.endpoint_slices && pod.is_live() {
                    let member =
                        |address: &IpAddr| Member { name: pod.name.clone(), address: *address, ready: pod.ready };
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
    fn pod(&self, app: &App, set: &Replicas, number: u32) -> Pod {
        let keys = &self.town.keys;
        let name =
            if app.is_store { format!("{}-{number}", set.name) } else { format!("{}-{}", set.name, suffix(number)) };
        let mut pod = Pod::new(ObjectName::new(app.namespace.clone(), name));
        let labels = &mut pod.labels;
        labels.insert(keys.app.clone(), app.value.clone());
        labels.insert(keys.version.clone(), set.version.clone());
        if let Some(place) = self.town.place(app) {
            labels.insert(keys.team.clone(), place.team.clone());
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

    /// Gives the `index`th pod its node, its addresses and its fate.
    fn settle(&self, pod: &mut Pod, index: u32, random: &mut Random) {
        let fate = random.below(1_000);
        let dual = random.percent(10);
        if fate < 5 {
            pod.phase = Phase::Pending;
            pod.ready = false;
            return;
        }
        let Some((node, internal)) = nth(self.nodes, self.layout.node_of(index)) else { return };
        let on_node = internal.iter().take(if dual { 2 } else { 1 }).copied();
        pod.node = Some(node.clone());
        pod.host_addresses = on_node.collect();
        pod.host_network = (10..20).contains(&fate);
        pod.addresses = match (pod.host_network, dual) {
            (true, _) => pod.host_addresses.clone(),
            (false, true) => vec![self.layout.pod(index), self.layout.pod_v6(index)],
            (false, false) => vec![self.layout.pod(index)],
        };
        match fate {
            20..30 => pod.phase = Phase::Succeeded,
            30..40 => pod.ready = false,
            _ => {}
        }
    }
}

fn replicas(app: &App, versions: &[LabelValue], random: &mut Random) -> Option<Replicas> {
    let version = random.pick(versions)?.clone();
    let hash = spelt(random.next(), 10);
    let name = if app.is_store { app.kind.name.into() } else { format!("{}-{hash}", app.kind.name).into() };
    Some(Replicas { name, version, hash: LabelValue::new(&hash).ok() })
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn parts_sum_to_the_whole() {
        assert_eq!(split(10, &[1, 1, 1]), [3, 3, 4]);
        assert_eq!(split(0, &[5, 1]), [0, 0]);
        assert!(split(7, &[]).is_empty());
        assert_eq!(split(4_000_000_000, &[8, 8]), [2_000_000_000, 2_000_000_000]);
    }
}
