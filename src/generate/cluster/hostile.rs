//! Clusters that are shaped against engines: what an index or a cache counts on does not hold.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::addresses::Layout;
use super::nodes::nodes;
use crate::generate::hostile::Hostile;
use crate::generate::spec::ClusterSpec;
use crate::generate::stream;
use crate::generate::vocabulary::{APPS, Keys, labelled, nth, port, values};
use crate::labels::{LabelValue, Labels, Requirement, Selector};
use crate::model::cluster::{Cluster, Namespace, Pod};
use crate::model::policy::{
    Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
use crate::name::ObjectName;
use crate::net::{Cidr, IpBlock, Port, Protocol};
use crate::random::Random;

/// How many exceptions the blocks of [`Hostile::NestedBlocks`] have.
const EXCEPTS: usize = 1_000;

/// A hostile cluster.
pub(super) fn build(shape: Hostile, spec: &ClusterSpec) -> Cluster {
    let keys = Keys::new();
    let count = if shape == Hostile::NotIn { 1 } else { spec.namespaces };
    let namespaces: Vec<Arc<str>> = (0..count).map(|index| format!("space-{index}").into()).collect();
    let mut builder = Cluster::builder();
    for name in &namespaces {
        builder.namespace(Namespace { name: name.clone(), labels: Labels::new() });
    }
    let nodes = nodes(spec, &keys, &mut builder);
    let layout = Layout::new(spec.pods, spec.nodes);
    let kinds: Vec<LabelValue> = values(&APPS.map(|kind| kind.name));
    let ports: Vec<_> = APPS.iter().map(|kind| kind.container_ports()).collect();
    for index in 0..spec.pods {
        let Some(namespace) = nth(&namespaces, index) else { continue };
        let mut pod = Pod::new(ObjectName::new(namespace.clone(), format!("pod-{index}")));
        let own = || LabelValue::new(&format!("value-{index}")).ok();
        let app = if shape == Hostile::DistinctLabels { own() } else { nth(&kinds, index).cloned() };
        pod.labels.extend(app.map(|value| (keys.app.clone(), value)));
        if shape == Hostile::DistinctLabels {
            pod.labels.extend(own().map(|value| (keys.pod_name.clone(), value)));
        }
        pod.ports = nth(&ports, index).cloned().unwrap_or_default();
        pod.addresses = vec![layout.pod(index)];
        if let Some((node, internal)) = nth(&nodes, layout.node_of(index)) {
            pod.node = Some(node.clone());
            pod.host_addresses = internal.iter().take(1).copied().collect();
        }
        builder.pod(pod);
    }
    let mut maker = PolicyMaker { spec, keys, layout, kinds, random: Random::new(spec.seed, stream::POLICIES) };
    for index in 0..spec.policies {
        let Some(namespace) = nth(&namespaces, index) else { continue };
        let name = ObjectName::new(namespace.clone(), format!("policy-{index}"));
        let policy = match shape {
            Hostile::DistinctLabels => maker.distinct(name, index),
            Hostile::NotIn => maker.not_in(name, index),
            Hostile::NestedBlocks => maker.nested(name, index),
        };
        if let Some(policy) = policy {
            builder.policy(policy);
        }
    }
    builder.build()
}

struct PolicyMaker<'a> {
    spec: &'a ClusterSpec,
    keys: Keys,
    layout: Layout,
    kinds: Vec<LabelValue>,
    random: Random,
}

/// A port for each number, round after round.
fn nth_port(index: u32) -> Port {
    u16::try_from(index % 65_535 + 1).ok().and_then(Port::new).unwrap_or(Port::MIN)
}

fn tcp(port: Port) -> Ports {
    Ports::Of(vec![PortMatch { protocol: Protocol::Tcp, port: PortSpec::Number(port) }])
}

impl PolicyMaker<'_> {
    /// The label value of some pod.
    fn any_pods_value(&mut self) -> Option<LabelValue> {
        LabelValue::new(&format!("value-{}", self.random.below(self.spec.pods.max(1)))).ok()
    }

    fn distinct(&mut self, name: ObjectName, index: u32) -> Option<NetworkPolicy> {
        // Its number beside a pod's that it may select: no two are alike, and each selects somebody.
        let subject = [LabelValue::new(&format!("value-{index}")).ok()?, self.any_pods_value()?];
        let subject = Requirement::in_(self.keys.app.clone(), subject).ok()?;
        let subject = Selector::new(Labels::new(), vec![subject]);
        let one = self.any_pods_value()?;
        let near = Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods: labelled(&self.keys.pod_name, &one) });
        let some = [self.any_pods_value()?, self.any_pods_value()?, LabelValue::new(&format!("policy-{index}")).ok()?];
        let far = Requirement::in_(self.keys.app.clone(), some).ok()?;
        let far = Peer::Pods(PodPeer {
            namespaces: Namespaces::Matching(Selector::everything()),
            pods: Selector::new(Labels::new(), vec![far]),
        });
        let rule = |peer| Rule { peers: Peers::Of(vec![peer]), ports: tcp(nth_port(index)) };
        Some(NetworkPolicy::new(name, subject, PolicyTypes::Both, vec![rule(near)], vec![rule(far)]))
    }

    /// All but a few applications: `policy-INDEX` is none's, and makes each selector another.
    fn all_but_some(&mut self, index: u32) -> Option<Selector> {
        let mut some = vec![LabelValue::new(&format!("policy-{index}")).ok()?];
        for _ in 0..2 {
            some.push(self.random.pick(&self.kinds)?.clone());
        }
        let requirement = Requirement::not_in(self.keys.app.clone(), some).ok()?;
        Some(Selector::new(Labels::new(), vec![requirement]))
    }

    fn not_in(&mut self, name: ObjectName, index: u32) -> Option<NetworkPolicy> {
        let subject = self.all_but_some(index)?;
        let mut rule = |ports| {
            let pods = self.all_but_some(index)?;
            Some(Rule { peers: Peers::Of(vec![Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods })]), ports })
        };
        let (ingress, egress) = (vec![rule(tcp(nth_port(index)))?], vec![rule(Ports::Any)?]);
        Some(NetworkPolicy::new(name, subject, PolicyTypes::Both, ingress, egress))
    }

    fn nested(&mut self, name: ObjectName, index: u32) -> Option<NetworkPolicy> {
        let blocks = if index == 0 { vec![self.deep()?] } else { (0..4).filter_map(|_| self.shallow()).collect() };
        let peers = || Peers::Of(blocks.iter().cloned().map(Peer::IpBlock).collect());
        let ingress = Rule { peers: peers(), ports: Ports::Any };
        let egress = Rule { peers: peers(), ports: tcp(port(8080)) };
        let subject = match index {
            0 => Selector::everything(),
            _ => labelled(&self.keys.app, self.random.pick(&self.kinds)?),
        };
        Some(NetworkPolicy::new(name, subject, PolicyTypes::Both, vec![ingress], vec![egress]))
    }

    /// 10.0.0.0/8 except a thousand ranges: down to single addresses around some pods, each in the one before.
    fn deep(&mut self) -> Option<IpBlock> {
        let mut excepts = Vec::new();
        while excepts.len() < EXCEPTS {
            let index = self.random.below(self.spec.pods.max(1));
            // Wide ones are few, or nothing would be left.
            let widest = if excepts.is_empty() { 10 } else { 20 };
            excepts.extend((widest..=32).map(|prefix| self.layout.around(index, prefix)));
        }
        excepts.truncate(EXCEPTS);
        let all = Cidr::new(Ipv4Addr::new(10, 0, 0, 0).into(), 8).ok()?;
        IpBlock::new(all, excepts).ok()
    }

    /// A range of any length around a pod, with one to three exceptions in it.
    fn shallow(&mut self) -> Option<IpBlock> {
        let index = self.random.below(self.spec.pods.max(1));
        let prefix = 8 + u8::try_from(self.random.below(22)).unwrap_or_default();
        let outer = self.layout.around(index, prefix);
        let mut excepts = Vec::new();
        for _ in 0..=self.random.below(3) {
            let longer = u8::try_from(1 + self.random.below(u32::from(32 - prefix))).unwrap_or(1);
            let other = self.random.below(self.spec.pods.max(1));
            let inner = self.layout.around(other, prefix + longer);
            let own = self.layout.around(index, prefix + longer);
            excepts.push(if outer.contains_cidr(&inner) { inner } else { own });
        }
        IpBlock::new(outer, excepts).ok()
    }
}
