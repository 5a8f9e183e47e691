//! Cluster -> manifests -> cluster is the identity, and what a seed generates is the same for ever.

use std::net::IpAddr;

use crate::support::with;
use netpol_oracle::diagnostic::{Code, Diagnostic};
use netpol_oracle::generate::{ClusterSpec, Hostile, flows};
use netpol_oracle::labels::{Labels, Requirement, Selector};
use netpol_oracle::manifest::Loaded;
use netpol_oracle::manifest::write::{Manifest, documents, list};
use netpol_oracle::model::{
    ContainerPort, EndpointSlice, EndpointSubset, Endpoints, ExternalTrafficPolicy, HostPort, Node, NodeAddress,
    NodeAddressKind, OtherPolicy, Owner, Phase, PolicyTypes, Service, ServiceKind, ServicePort, SliceEndpoint,
    SlicePort, TargetPort, Workload, WorkloadKind,
};
use netpol_oracle::net::{Family, PortName};
use netpol_oracle::{Cluster, Loader, NetworkPolicy, ObjectName, Pod, Protocol, Release};
use proptest::prelude::*;
use serde::Serialize;

use crate::support::worlds::{self, label, port};

fn load(name: &str, text: impl AsRef<[u8]>) -> Loaded {
    Loader::new(Release::DEFAULT).text(name, text).finish()
}

/// By every way in: a List and documents, as JSON, as YAML, as objects.
fn all_ways(cluster: &Cluster) -> Vec<(&'static str, Loaded)> {
    let json = serde_json::to_string(&list(cluster)).unwrap();
    let lines: Vec<String> = documents(cluster).map(|object| serde_json::to_string(&object).unwrap()).collect();
    let objects = documents(cluster).fold(Loader::new(Release::DEFAULT), |loader, object| loader.object("o", &object));
    let mut ways = vec![
        ("a list in JSON", load("a.json", &json)),
        ("documents in JSON", load("a.json", lines.join("\n"))),
        ("objects", objects.finish()),
        ("a list as an object", Loader::new(Release::DEFAULT).object("o", &list(cluster)).finish()),
    ];
    if cfg!(feature = "yaml") {
        // JSON read as YAML, where every string is quoted.
        let documents: String = lines.iter().map(|line| format!("---\n{line}\n")).collect();
        ways.push(("a list in YAML", load("a.yaml", json)));
        ways.push(("documents in YAML", load("a.yaml", documents)));
    }
    ways
}

fn yaml(object: &impl Serialize) -> String {
    serde_yaml::to_string(object).unwrap()
}

#[track_caller]
fn assert_survives(cluster: &Cluster) {
    for (way, loaded) in all_ways(cluster) {
        // Worlds have addresses that two nodes report, which is said of what was read and not of the reading.
        let faults = loaded.diagnostics.iter().filter(|found| found.code != Code::SharedAddress);
        assert_eq!(faults.collect::<Vec<_>>(), Vec::<&Diagnostic>::new(), "{way}");
        assert!(loaded.skipped.is_empty(), "{way}: {:?}", loaded.skipped);
        assert_eq!(loaded.cluster, *cluster, "{way}: {}", yaml(&list(cluster)));
    }
}

/// An OS image of no text, which worlds have and manifests do not, is none.
fn without_empty_texts(cluster: &Cluster) -> Cluster {
    worlds::map_nodes(cluster, |node| {
        with(node.clone(), |node| node.os_image = node.os_image.take().filter(|image| !image.is_empty()))
    })
}

proptest! {
    #[test]
    fn a_world_survives_its_manifests(world in worlds::worlds()) {
        assert_survives(&without_empty_texts(&world.cluster));
    }

    /// With every face of a Service, Endpoints, and what terminates: that a pod was deleted is kept, when is not.
    #[test]
    fn a_real_world_survives_its_manifests(world in worlds::WorldSpec::new().real(100).worlds()) {
        let cluster = without_empty_texts(&world.cluster);
        assert_survives(&cluster);
        let written = serde_json::to_string(&list(&cluster)).unwrap();
        let terminating = cluster.pods().iter().filter(|pod| pod.terminating).count();
        prop_assert_eq!(written.matches("deletionTimestamp").count(), terminating);
    }
}

fn name(name: &str) -> ObjectName {
    ObjectName::new("shop", name)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| label(key, value)).collect()
}

/// What worlds do not have: every kind, every field.
#[test]
fn every_kind_and_field_survives() {
    let ports = vec![
        ContainerPort::new(Protocol::Tcp, port(80)).named(PortName::new("http").unwrap()),
        with(ContainerPort::new(Protocol::Sctp, port(65535)), |port| {
            port.host_port = Some(HostPort::new(self::port(80)))
        }),
        with(ContainerPort::new(Protocol::Tcp, port(81)), |port| {
            let mut host = HostPort::new(self::port(8081));
            host.address = Some(ip("fd09::1"));
            port.host_port = Some(host);
        }),
    ];
    let mut builder = Cluster::builder();
    let others = [WorkloadKind::of("Rollout", "argoproj.io"), WorkloadKind::of("DeploymentConfig", "")];
    let counts = [Some(0), None, Some(3), None, Some(2), Some(1), Some(9), Some(4), None];
    for (kind, replicas) in WorkloadKind::ALL.iter().cloned().chain(others).zip(counts) {
        let mut workload = Workload::new(kind.clone(), name("w"), labels(&[("app", "w"), ("no", "1e3")]));
        workload.selector = Selector::new(labels(&[("app", "w")]), Vec::new());
        workload.replicas = replicas;
        workload.node = Some("n1".into());
        workload.node_selector = labels(&[("zone", "010")]);
        match kind {
            WorkloadKind::StatefulSet => workload.first_ordinal = 7,
            WorkloadKind::Job => {
                workload.job.uid = Some("1e3".into());
                workload.job.indexes = Some(3);
            }
            WorkloadKind::CronJob => {
                workload.job.indexes = Some(0);
                workload.job.manual_selector = true;
            }
            _ => {}
        }
        workload.host_network = true;
        workload.ports = ports.clone();
        workload.runtime_class = Some("kata".into());
        workload.owner = Some(Owner::new(WorkloadKind::CronJob, "above"));
        builder.workload(workload.clone());
        let expressions = vec![Requirement::Exists { key: label("app", "w").0 }];
        let selector = match kind {
            // It knows no expressions.
            WorkloadKind::ReplicationController => workload.selector.clone(),
            _ => Selector::new(workload.labels.clone(), expressions),
        };
        let selecting = |called: &str, selector: Selector| {
            with(workload.clone(), |workload| {
                workload.name = name(called);
                workload.selector = selector;
            })
        };
        builder.workload(selecting("expressions", selector));
        let selector = Selector::new(workload.labels.clone(), Vec::new());
        builder.workload(selecting("template", selector));
        builder.workload(Workload::new(kind.clone(), name("bare"), Labels::new()));
        if kind != WorkloadKind::ReplicationController {
            builder.workload(selecting("everything", Selector::everything()));
        }
        let mut owned = Pod::new(name(&format!("of-{}", kind.as_str().to_lowercase())));
        owned.owner = Some(Owner::new(kind.clone(), "w"));
        builder.pod(owned);
    }
    for (i, phase) in
        [Phase::Pending, Phase::Running, Phase::Succeeded, Phase::Failed, Phase::Unknown].into_iter().enumerate()
    {
        let mut pod = Pod::new(name(&format!("p{i}")));
        pod.labels = labels(&[("app", ""), ("true", "null"), ("a.b/c", "010")]);
        pod.addresses = vec![ip(&format!("fd00::{i}")), ip(&format!("10.0.0.{i}"))];
        pod.host_addresses = vec![ip("10.9.0.1"), ip("fd09::1")];
        pod.node = Some("n1.example".into());
        pod.node_selector = labels(&[("zone", "no")]);
        pod.phase = phase;
        pod.ready = i % 2 == 0;
        pod.host_network = i == 4;
        pod.ports = ports.clone();
        pod.runtime_class = Some("kata-qemu".into());
        builder.pod(pod);
    }
    let address = |kind, text: &str| NodeAddress::new(kind, ip(text));
    builder.node(with(Node::new("n1.example"), |node| {
        node.addresses = vec![
            address(NodeAddressKind::ExternalIp, "203.0.113.1"),
            address(NodeAddressKind::InternalIp, "10.9.0.1"),
            address(NodeAddressKind::Other, "10.9.0.2"),
            address(NodeAddressKind::InternalIp, "fd09::1"),
        ];
        node.os_image = Some("Ubuntu: \"22.04\" # LTS".into());
        node.labels = labels(&[("zone", "a")]);
    }));
    builder.node(Node::new("bare"));
    let service_ports = vec![
        with(ServicePort::new(Protocol::Tcp, port(80)), |port| {
            port.name = Some("web".into());
            port.target = TargetPort::Name(PortName::new("http").unwrap());
        }),
        with(ServicePort::new(Protocol::Udp, port(53)), |dns| {
            dns.target = TargetPort::Number(port(5353));
            dns.node_port = Some(port(30053));
        }),
    ];
    for (i, kind) in [ServiceKind::ClusterIp, ServiceKind::Headless, ServiceKind::ExternalName].into_iter().enumerate()
    {
        builder.service(with(Service::new(name(&format!("s{i}"))), |service| {
            service.kind = kind;
            service.cluster_addresses = vec![ip(&format!("10.96.0.{i}")), ip(&format!("fd96::{i}"))];
            service.selector = labels(&[("app", "w")]);
            service.ports = service_ports.clone();
            service.external_addresses = vec![ip(&format!("192.0.2.{i}")), ip("2001:db8::1")];
            service.load_balancer_addresses = vec![ip(&format!("203.0.113.{i}"))];
            service.external_traffic_policy = [ExternalTrafficPolicy::Local, ExternalTrafficPolicy::Cluster][i % 2];
            service.publish_not_ready = i == 1;
        }));
        builder.service(with(Service::new(name(&format!("bare{i}"))), |service| service.kind = kind));
    }
    for (family, address) in [(Family::V4, "10.0.0.1"), (Family::V6, "fd00::1"), (Family::V6, "10.0.0.2")] {
        let mut slice = EndpointSlice::new(name(&format!("s-{}", address.replace(':', "-"))), "s0", family);
        slice.endpoints = vec![
            with(SliceEndpoint::new(vec![ip(address)]), |endpoint| {
                endpoint.ready = false;
                endpoint.target = Some(ObjectName::new("far", "p"));
            }),
            SliceEndpoint::new(Vec::new()),
        ];
        slice.ports = vec![
            with(SlicePort::new(Protocol::Tcp, port(8080)), |port| port.name = Some("web".into())),
            SlicePort::new(Protocol::Sctp, port(1)),
        ];
        builder.endpoint_slice(slice);
    }
    let endpoint = |address: &str, ready| with(SliceEndpoint::new(vec![ip(address)]), |each| each.ready = ready);
    let mut first = endpoint("10.0.0.1", true);
    first.target = Some(ObjectName::new("far", "p"));
    let ports = vec![SlicePort::new(Protocol::Udp, port(53))];
    let mut endpoints = Endpoints::new(name("s0"));
    endpoints.subsets = vec![
        EndpointSubset::new(vec![first, endpoint("fd00::1", true), endpoint("10.0.0.2", false)], ports),
        EndpointSubset::new(Vec::new(), Vec::new()),
    ];
    builder.endpoints(endpoints).endpoints(Endpoints::new(name("bare")));
    assert_survives(&builder.build());
    assert_survives(&Cluster::builder().build());
}

#[test]
fn generated_names_and_their_numbers_survive() {
    let mut builder = Cluster::builder();
    for number in 1..=12 {
        let number = if number == 1 { String::new() } else { number.to_string() };
        let mut pod = Pod::new(name(&format!("web-*{number}")));
        pod.labels = labels(&[("number", &number)]);
        builder.pod(pod);
        let of = |name: String, pods: &str| {
            let subject = Selector::new(labels(&[("number", pods)]), Vec::new());
            NetworkPolicy::new(ObjectName::new("shop", name), subject, PolicyTypes::Ingress, vec![], vec![])
        };
        builder.policy(of(format!("deny-*{number}"), &number));
        builder.policy(of(format!("zz{number}"), &number));
    }
    builder.pod(Pod::new(name("web-0")));
    builder.pod(Pod::new(name("zz")));
    builder.service(Service::new(name("made-")));
    assert_survives(&builder.build());
}

#[test]
fn policies_of_other_kinds_are_named_again() {
    let mut builder = Cluster::builder();
    let other = OtherPolicy::new;
    builder.other_policy(other("AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", "a"));
    builder.other_policy(other("CiliumNetworkPolicy", "cilium.io/v2", "shop/c"));
    let cluster = builder.build();
    for (way, loaded) in all_ways(&cluster) {
        assert_eq!(loaded.cluster, cluster, "{way}");
        assert_eq!(loaded.diagnostics.len(), 2, "{way}");
    }
}

#[test]
fn a_generated_cluster_survives_its_manifests() {
    let cluster = ClusterSpec::new(1_000).seed(1).endpoint_slices(true).build();
    assert_survives(&cluster);
    if cfg!(feature = "yaml") {
        // None of its words is what a writer of YAML 1.2 leaves bare and YAML 1.1 reads as no text, as `y`.
        let documents: String = documents(&cluster).map(|object| format!("---\n{}", yaml(&object))).collect();
        for text in [yaml(&list(&cluster)), documents] {
            let loaded = load("a.yaml", text);
            assert_eq!(loaded.diagnostics, []);
            assert!(loaded.cluster == cluster);
        }
    }
    for shape in Hostile::ALL {
        assert_survives(&ClusterSpec::hostile(shape, 200).policies(30).build());
    }
}

/// FNV-1a, 64 bits.
fn fingerprint(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// A seed means the same cluster in every release: where this must change, the changelog says so.
#[test]
fn a_seed_names_the_same_cluster_for_ever() {
    let town = ClusterSpec::new(1_000).seed(1).build();
    let of = |cluster: &Cluster| format!("{:016x}", fingerprint(&serde_json::to_string(&list(cluster)).unwrap()));
    let mut found = vec![of(&town), of(&ClusterSpec::new(1_000).seed(1).endpoint_slices(true).build())];
    found.extend(Hostile::ALL.map(|shape| of(&ClusterSpec::hostile(shape, 1_000).seed(1).build())));
    let lines: Vec<String> = flows(&town, 1_000, 1).map(|flow| flow.to_string()).collect();
    found.push(format!("{:016x}", fingerprint(&lines.join("\n"))));
    assert_eq!(
        found,
        [
            "d389c35c602ff120",
            "b52501bda8975dbc",
            "d98c9d75f230a0e1",
            "39b960039ed566b4",
            "84fc0b2338ee9e30",
            "46530e63a9868040"
        ]
    );
}

#[test]
fn one_manifest_is_enough_for_one_object() {
    let pod = Pod::new(name("p"));
    let loaded = Loader::new(Release::DEFAULT).object("p", &Manifest(&pod)).finish();
    assert_eq!(loaded.cluster.pod(&pod.name), Some(&pod));
}
