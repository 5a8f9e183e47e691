//! The words that generated objects are made of.

use crate::labels::{LabelKey, LabelValue, Selector};
use crate::model::cluster::{ContainerPort, NAMESPACE_NAME_LABEL};
use crate::net::{Port, PortName, Protocol};

/// A port of an application: name, protocol, number.
pub(super) type AppPort = (Option<&'static str>, Protocol, Port);

/// What runs in a pod.
#[derive(Debug)]
pub(super) struct AppKind {
    pub(super) name: &'static str,
    pub(super) tier: &'static str,
    pub(super) ports: &'static [AppPort],
}

impl AppKind {
    const fn new(name: &'static str, tier: &'static str, ports: &'static [AppPort]) -> Self {
        Self { name, tier, ports }
    }

    /// Its ports as its containers declare them.
    pub(super) fn container_ports(&self) -> Vec<ContainerPort> {
        let one = |&(name, protocol, port): &AppPort| ContainerPort {
            name: name.map(PortName::known),
            ..ContainerPort::new(protocol, port)
        };
        self.ports.iter().map(one).collect()
    }

    /// The first of its ports that has a name and TCP.
    pub(super) fn named(&self) -> Option<(&'static str, Port)> {
        let fits =
            |&(name, protocol, port): &AppPort| name.filter(|_| protocol == Protocol::Tcp).map(|name| (name, port));
        self.ports.iter().find_map(fits)
    }
}

/// A port of the vocabulary; none of it is 0.
pub(super) const fn port(number: u16) -> Port {
    match Port::new(number) {
        Some(port) => port,
        None => Port::MIN,
    }
}

const fn tcp(name: &'static str, number: u16) -> AppPort {
    (Some(name), Protocol::Tcp, port(number))
}

const METRICS: AppPort = tcp("metrics", 9090);

/// What Deployments run. One name may stand for other numbers elsewhere, as named ports are for.
pub(super) const APPS: [AppKind; 16] = [
    AppKind::new("frontend", "frontend", &[tcp("http", 8080), METRICS]),
    AppKind::new("web", "frontend", &[tcp("http", 80)]),
    AppKind::new("gateway", "frontend", &[tcp("http", 8080), tcp("https", 8443)]),
    AppKind::new("api", "backend", &[tcp("http", 8080), tcp("grpc", 9000), METRICS]),
    AppKind::new("auth", "backend", &[tcp("grpc", 9000), METRICS]),
    AppKind::new("orders", "backend", &[tcp("http", 3000), METRICS]),
    AppKind::new("billing", "backend", &[tcp("http", 8080), tcp("metrics", 9100)]),
    AppKind::new("search", "backend", &[tcp("http", 9200), tcp("grpc", 9300)]),
    AppKind::new("catalog", "backend", &[tcp("grpc", 9000)]),
    AppKind::new("notifier", "backend", &[tcp("http", 8080)]),
    AppKind::new("worker", "batch", &[METRICS]),
    AppKind::new("scheduler", "batch", &[]),
    AppKind::new("importer", "batch", &[(None, Protocol::Tcp, port(7070))]),
    AppKind::new("resolver", "infra", &[(Some("dns"), Protocol::Udp, port(53)), tcp("dns-tcp", 53), METRICS]),
    AppKind::new("telemetry", "infra", &[tcp("grpc", 4317), (Some("statsd"), Protocol::Udp, port(8125))]),
    AppKind::new("signalling", "infra", &[(Some("s1ap"), Protocol::Sctp, port(36412)), METRICS]),
];

/// What StatefulSets run.
pub(super) const STORES: [AppKind; 4] = [
    AppKind::new("postgres", "data", &[tcp("postgres", 5432), tcp("metrics", 9187)]),
    AppKind::new("redis", "data", &[tcp("redis", 6379)]),
    AppKind::new("kafka", "data", &[tcp("kafka", 9092), METRICS]),
    AppKind::new("mongo", "data", &[tcp("mongo", 27017)]),
];

/// The cluster's DNS.
pub(super) const DNS: AppKind = AppKind::new(
    "coredns",
    "infra",
    &[(Some("dns"), Protocol::Udp, port(53)), tcp("dns-tcp", 53), tcp("metrics", 9153)],
);

pub(super) const TIERS: [&str; 5] = ["frontend", "backend", "batch", "infra", "data"];
pub(super) const VERSIONS: [&str; 4] = ["v1", "v2", "v3", "v4"];
pub(super) const ENVIRONMENTS: [&str; 4] = ["prod", "staging", "test", "dev"];
pub(super) const TEAMS: [&str; 12] = [
    "payments",
    "identity",
    "checkout",
    "catalog",
    "search",
    "logistics",
    "data",
    "platform",
    "mobile",
    "ads",
    "support",
    "risk",
];
pub(super) const ZONES: [&str; 3] = ["zone-a", "zone-b", "zone-c"];
pub(super) const OS_IMAGES: [&str; 3] =
    ["Ubuntu 22.04.3 LTS", "Huawei Cloud EulerOS 2.0 (x86_64)", "EulerOS 2.0 (SP9x86_64)"];

/// The namespace of the cluster's DNS.
pub(super) const SYSTEM: &str = "kube-system";

/// The keys, made once: every object shares them.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) app: LabelKey,
    pub(super) tier: LabelKey,
    pub(super) version: LabelKey,
    pub(super) team: LabelKey,
    pub(super) env: LabelKey,
    pub(super) hash: LabelKey,
    pub(super) pod_name: LabelKey,
    pub(super) k8s_app: LabelKey,
    pub(super) namespace_name: LabelKey,
    pub(super) hostname: LabelKey,
    pub(super) zone: LabelKey,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            app: LabelKey::known("app"),
            tier: LabelKey::known("tier"),
            version: LabelKey::known("version"),
            team: LabelKey::known("team"),
            env: LabelKey::known("env"),
            hash: LabelKey::known("pod-template-hash"),
            pod_name: LabelKey::known("statefulset.kubernetes.io/pod-name"),
            k8s_app: LabelKey::known("k8s-app"),
            namespace_name: LabelKey::known(NAMESPACE_NAME_LABEL),
            hostname: LabelKey::known("kubernetes.io/hostname"),
            zone: LabelKey::known("topology.kubernetes.io/zone"),
        }
    }
}

/// Values of one kind, made once.
pub(super) fn values(words: &[&'static str]) -> Vec<LabelValue> {
    words.iter().map(|word| LabelValue::known(word)).collect()
}

/// The label that tells the cluster's DNS.
pub(super) fn dns_value() -> LabelValue {
    LabelValue::known("kube-dns")
}

/// The item at `index`, counted round.
pub(super) fn nth<T>(items: &[T], index: u32) -> Option<&T> {
    let at = usize::try_from(index).unwrap_or_default();
    items.get(at.checked_rem(items.len())?)
}

/// A selector of one label.
pub(super) fn labelled(key: &LabelKey, value: &LabelValue) -> Selector {
    Selector::new([(key.clone(), value.clone())].into_iter().collect(), Vec::new())
}

/// Of 27 characters that spell no word, as Kubernetes names ReplicaSets and their pods.
const SAFE: [char; 27] = [
    'b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'z', '2', '4', '5',
    '6', '7', '8', '9',
];

/// `number` in `length` of the safe characters, the last ones of it where it is longer.
pub(super) fn spelt(mut number: u64, length: usize) -> String {
    let digit = |number: &mut u64| {
        let at = usize::try_from(*number % 27).unwrap_or_default();
        *number /= 27;
        SAFE.get(at).copied().unwrap_or('b')
    };
    (0..length).map(|_| digit(&mut number)).collect()
}

/// Five characters for the `index`th pod of a set: another for each of 27⁵, and neighbours look unlike.
pub(super) fn suffix(index: u32) -> String {
    const ALL: u64 = 27 * 27 * 27 * 27 * 27;
    // Odd and no multiple of 3, so that every number comes once.
    spelt(u64::from(index) * 8_867_459 % ALL, 5)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_word_is_valid() {
        // `known` checks where debug assertions are on, as in tests.
        Keys::new();
        dns_value();
        for words in [&TIERS[..], &VERSIONS, &ENVIRONMENTS, &TEAMS, &ZONES] {
            values(words);
        }
        for kind in APPS.iter().chain(&STORES).chain([&DNS]) {
            assert_eq!(values(&[kind.name, kind.tier]).len(), 2);
            assert_eq!(kind.container_ports().len(), kind.ports.len());
            assert!(TIERS.contains(&kind.tier));
        }
    }

    #[test]
    fn suffixes_differ() {
        let all: HashSet<String> = (0..100_000).map(suffix).collect();
        assert_eq!(all.len(), 100_000);
    }
}
