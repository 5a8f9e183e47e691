//! Who reaches whom, held against brute force: every pair of ends, every port that anything names and its neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netpol_oracle::analysis::{Connection, Connectivity, Detail, Ends, Ports};
use netpol_oracle::model::{OtherProtocol, PortSpec, Ports as PolicyPorts, ServiceKind, WorkloadKind};
use netpol_oracle::net::{AddressRange, Family, Port};
use netpol_oracle::profile::Rows;
use netpol_oracle::{Cluster, Decide, Destination, Direction, Endpoint, Engine, Flow, L4, Profile, Protocol, Verdict};

use crate::plane::sequences::sequences;
use crate::support::worlds::World;
use netpol_test_support::real_worlds::world;

/// What lines say of a pair of ends.
type Said = BTreeMap<(String, String), Vec<(Ports, Verdict, Rows)>>;

pub(crate) fn names(ends: &Ends) -> Vec<String> {
    match ends {
        Ends::Pods(names) => names.iter().map(ToString::to_string).collect(),
        Ends::Workload(name, kind) => {
            vec![Endpoint::Workload { kind: kind.clone(), name: name.clone() }.to_string()]
        }
        Ends::Node(name) => vec![format!("node:{name}")],
        Ends::Service(name) => vec![format!("svc/{name}")],
        _ => Vec::new(),
    }
}

/// By the ends that have names, and what is said of addresses.
fn said(all: &[Connection]) -> Said {
    let mut said = Said::new();
    for each in all {
        let (sources, destinations) = (names(&each.source), names(&each.destination));
        for source in &sources {
            for destination in &destinations {
                let of_pair = said.entry((source.clone(), destination.clone())).or_default();
                of_pair.push((each.ports.clone(), each.verdict, each.rows));
            }
        }
    }
    said
}

pub(crate) fn holds(ends: &Ends, address: IpAddr) -> bool {
    matches!(ends, Ends::Addresses(ranges) if ranges.iter().any(|range| range.contains(address)))
}

/// Every port that anything in the cluster names, its neighbours, the first and the last; and protocols without ports.
pub(crate) fn l4s(cluster: &Cluster) -> Vec<L4> {
    let mut numbers: BTreeSet<u16> = BTreeSet::from([1, 65535]);
    let mut add =
        |port: Port| numbers.extend([port.get().saturating_sub(1).max(1), port.get(), port.get().saturating_add(1)]);
    for policy in cluster.policies().iter() {
        for rule in [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| policy.rules(direction)) {
            let PolicyPorts::Of(matches) = &rule.ports else { continue };
            for each in matches {
                match &each.port {
                    PortSpec::Number(port) => add(*port),
                    PortSpec::Range(range) => {
                        add(range.first());
                        add(range.last());
                    }
                    PortSpec::Any | PortSpec::Name(_) => {}
                }
            }
        }
    }
    for pod in cluster.pods().iter() {
        pod.ports.iter().for_each(|port| {
            add(port.port);
            port.host_port.iter().for_each(|host| add(host.port));
        });
    }
    cluster.workloads().iter().flat_map(|workload| &workload.ports).for_each(|port| add(port.port));
    for port in cluster.services().iter().flat_map(|service| &service.ports) {
        add(port.port);
        port.node_port.into_iter().for_each(&mut add);
    }
    let ports = Protocol::ALL.into_iter().flat_map(|protocol| {
        let of = |number: &u16| L4::Port(protocol, Port::new(*number).unwrap());
        numbers.iter().map(of).collect::<Vec<_>>()
    });
    ports.chain([L4::Icmp, L4::Other(OtherProtocol::new(47).unwrap())]).collect()
}

pub(crate) struct Everybody {
    pub(crate) all: Vec<(String, Endpoint)>,
    pub(crate) services: Vec<(String, Destination)>,
    pub(crate) addresses: Vec<IpAddr>,
}

/// Everybody, by brute force; of workloads those that are named, which is another test's.
pub(crate) fn everybody(cluster: &Cluster, engine: &Engine, lines: &[Connection]) -> Everybody {
    let mut all: Vec<(String, Endpoint)> = Vec::new();
    let mut add = |endpoint: Endpoint| all.push((endpoint.to_string(), endpoint));
    cluster.pods().iter().filter(|pod| pod.is_live()).for_each(|pod| add(Endpoint::Named(pod.name.clone())));
    let nodes: BTreeSet<_> = cluster
        .nodes()
        .iter()
        .map(|node| node.name.clone())
        .chain(cluster.pods().iter().filter(|pod| pod.is_live()).filter_map(|pod| pod.node.clone()))
        .collect();
    nodes.into_iter().for_each(|name| add(Endpoint::Node(name)));
    let workloads: BTreeSet<_> = lines
        .iter()
        .flat_map(|line| [&line.source, &line.destination])
        .filter_map(|ends| match ends {
            Ends::Workload(name, kind) => Some((name.clone(), kind.clone())),
            _ => None,
        })
        .collect();
    workloads.into_iter().for_each(|(name, kind)| add(Endpoint::Workload { kind, name }));
    let services = cluster.services().iter().filter(|service| service.kind != ServiceKind::ExternalName);
    let services =
        services.map(|service| (format!("svc/{}", service.name), Destination::Service(service.name.clone())));
    // Some of each interval.
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    for family in [Family::V4, Family::V6] {
        for interval in engine.address_intervals(family) {
            addresses.extend([interval.first, interval.last]);
        }
    }
    addresses.extend(
        cluster.services().iter().flat_map(|each| each.external_addresses.iter().chain(&each.load_balancer_addresses)),
    );
    let is_mapped = |address: &IpAddr| address.to_canonical() != *address;
    let addresses = addresses.into_iter().filter(|address| !is_mapped(address) && is_nobodys(cluster, *address));
    Everybody { all, services: services.collect(), addresses: addresses.collect() }
}

fn is_nobodys(cluster: &Cluster, address: IpAddr) -> bool {
    !cluster.pods().iter().any(|pod| pod.addresses.contains(&address) || pod.host_addresses.contains(&address))
        && !cluster.nodes().iter().any(|node| node.addresses.iter().any(|each| each.address == address))
        && !cluster.services().iter().any(|service| service.cluster_addresses.contains(&address))
}

fn expected(engine: &Engine, flow: &Flow) -> Option<(Verdict, Rows)> {
    let decision = engine.decide(flow).ok()?;
    (decision.verdict != Verdict::Deny).then_some((decision.verdict, decision.rows))
}

fn compare(cluster: &Cluster, profile: &Profile) -> Result<usize, String> {
    let engine = Engine::new(cluster, profile);
    let lines = Connectivity::new(&engine).connections(Detail::Pods);
    let (said, l4s) = (said(&lines), l4s(cluster));
    let everybody = everybody(cluster, &engine, &lines);
    let mut compared = 0;
    let mut check = |flow: Flow, found: Vec<(Verdict, Rows)>| {
        compared += 1;
        let expected: Vec<_> = expected(&engine, &flow).into_iter().collect();
        if found == expected { Ok(()) } else { Err(format!("{flow}: {found:?}, by brute force {expected:?}")) }
    };
    let of = |said: Option<&Vec<(Ports, Verdict, Rows)>>, l4| -> Vec<(Verdict, Rows)> {
        let all = said.into_iter().flatten().filter(|(ports, ..)| ports.contains(l4));
        all.map(|(_, verdict, rows)| (*verdict, *rows)).collect()
    };
    let by_address = |source: Option<IpAddr>, destination: Option<IpAddr>, name: &str, l4| -> Vec<(Verdict, Rows)> {
        let meets = |ends: &Ends, address: Option<IpAddr>| match address {
            Some(address) => holds(ends, address),
            None => names(ends).iter().any(|each| each == name),
        };
        let all = lines.iter().filter(|line| {
            meets(&line.source, source) && meets(&line.destination, destination) && line.ports.contains(l4)
        });
        all.map(|line| (line.verdict, line.rows)).collect()
    };
    for (from, source) in &everybody.all {
        for l4 in &l4s {
            let targets = everybody.all.iter().map(|(name, end)| (name, Destination::Endpoint(end.clone())));
            let services = everybody.services.iter().map(|(name, service)| (name, service.clone()));
            for (to, destination) in targets.chain(services) {
                if from == to && matches!(source, Endpoint::Named(_)) {
                    continue;
                }
                let found = of(said.get(&(from.clone(), to.clone())), *l4);
                check(Flow::new(source.clone(), destination, *l4), found)?;
            }
            for address in &everybody.addresses {
                let end = Endpoint::Address(*address);
                let found = by_address(None, Some(*address), from, *l4);
                check(Flow::new(source.clone(), end.clone().into(), *l4), found)?;
                let found = by_address(Some(*address), None, from, *l4);
                check(Flow::new(end, source.clone().into(), *l4), found)?;
            }
        }
    }
    for (name, service) in &everybody.services {
        for l4 in &l4s {
            for address in &everybody.addresses {
                let found = by_address(Some(*address), None, name, *l4);
                check(Flow::new(Endpoint::Address(*address), service.clone(), *l4), found)?;
            }
        }
    }
    Ok(compared)
}

pub(crate) fn wanted(quick: usize) -> usize {
    std::env::var("CONNECTIVITY_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(quick)
}

fn hold(worlds: impl Iterator<Item = World>) {
    let (mut compared, mut wrong) = (0, Vec::new());
    for (at, World { cluster, profile, .. }) in worlds.enumerate() {
        match compare(&cluster, &profile) {
            Ok(more) => compared += more,
            Err(difference) => {
                println!("world {at}: {difference}");
                wrong.push(format!("world {at}: {difference}\n{:?}", World::new(cluster, profile, Vec::new())));
            }
        }
    }
    println!("{compared} flows");
    assert!(wrong.is_empty(), "{} worlds: {}", wrong.len(), wrong.first().map_or("", String::as_str));
}

#[test]
fn every_connection_of_random_worlds_is_listed() {
    let worlds = sequences().take(wanted(12));
    hold(worlds.map(|sequence| World::new(sequence.before, sequence.profile, Vec::new())));
}

#[test]
fn every_connection_of_worlds_as_real_clusters_is_listed() {
    hold(
        (0..wanted(12) as u64)
            .map(|seed| world(700_000 + seed, 0))
            .map(|each| World::new(each.cluster, each.profile, Vec::new())),
    );
}

/// Worlds that were once listed wrongly: workloads that send through a headless Service, and one replica of a StatefulSet behind
/// one (K27).
#[test]
fn every_connection_is_listed_where_it_once_was_not() {
    hold(
        [24, 218, 222, 367]
            .into_iter()
            .map(|seed| world(700_000 + seed, 0))
            .map(|each| World::new(each.cluster, each.profile, Vec::new())),
    );
}

/// What is said of each pair of named ends, on each port.
type Told = BTreeMap<(String, String, L4), Vec<(Verdict, Rows)>>;

/// Lines with workloads and namespaces written out as the pods in them.
struct Written<'c> {
    cluster: &'c Cluster,
    /// Pods, and workloads that lines by pod name.
    everybody: BTreeSet<String>,
    l4s: Vec<L4>,
}

impl Written<'_> {
    /// Of which workload a pod is, by its controllers.
    fn workload_of(&self, pod: &netpol_oracle::Pod) -> Option<String> {
        let owner = pod.owner.as_ref()?;
        let name = |name: &str| netpol_oracle::ObjectName::new(pod.name.namespace().clone(), name);
        let above = match owner.kind {
            WorkloadKind::ReplicaSet => WorkloadKind::Deployment,
            WorkloadKind::Job => WorkloadKind::CronJob,
            _ => return Some(Endpoint::Workload { kind: owner.kind.clone(), name: name(&owner.name) }.to_string()),
        };
        let outer = match self.cluster.workload(&owner.kind, &name(&owner.name)) {
            Some(loaded) => {
                loaded.owner.as_ref().filter(|outer| outer.kind == above).map(|outer| outer.name.to_string())
            }
            None => owner.name.rsplit_once('-').filter(|(_, part)| !part.is_empty()).map(|(outer, _)| outer.to_owned()),
        };
        let (kind, own) = outer.map_or((owner.kind.clone(), owner.name.to_string()), |outer| (above, outer));
        Some(Endpoint::Workload { kind, name: name(&own) }.to_string())
    }

    fn ends(&self, ends: &Ends) -> Vec<String> {
        match ends {
            Ends::Namespace(namespace) => {
                let is_in = |end: &&String| end.strip_prefix(&**namespace).is_some_and(|rest| rest.starts_with('/'));
                self.everybody.iter().filter(is_in).cloned().collect()
            }
            Ends::Workload(..) => {
                let name = names(ends).remove(0);
                let pods = self.cluster.pods().iter().filter(|pod| pod.is_live());
                let mut all: Vec<String> = pods
                    .filter(|pod| self.workload_of(pod).as_ref() == Some(&name))
                    .map(|pod| pod.name.to_string())
                    .collect();
                all.extend(self.everybody.contains(&name).then_some(name));
                all
            }
            other => names(other),
        }
    }

    fn told(&self, lines: &[Connection]) -> Told {
        let mut told = Told::new();
        for line in lines {
            let destinations = self.ends(&line.destination);
            for (source, destination) in
                self.ends(&line.source).iter().flat_map(|from| destinations.iter().map(move |to| (from, to)))
            {
                if source == destination && self.cluster.pods().iter().any(|pod| pod.name.to_string() == *source) {
                    continue;
                }
                for l4 in self.l4s.iter().filter(|l4| line.ports.contains(**l4)) {
                    let of = told.entry((source.clone(), destination.clone(), *l4)).or_default();
                    of.push((line.verdict, line.rows));
                }
            }
        }
        told
    }
}

/// However ends are named, and whoever is asked about, the same is said.
#[test]
fn every_detail_and_every_choice_says_the_same() {
    let mut kinds = [0, 0, 0];
    let worlds = (0..wanted(12) as u64).map(|seed| world(710_000 + seed, 0)).map(|each| (each.cluster, each.profile));
    let others = sequences().take(wanted(12)).map(|sequence| (sequence.before, sequence.profile));
    for (cluster, profile) in worlds.chain(others) {
        let connectivity = Connectivity::new(&Engine::new(&cluster, &profile));
        let lines = connectivity.connections(Detail::Pods);
        let all = lines.iter().flat_map(|line| [&line.source, &line.destination]).flat_map(names);
        let pods = cluster.pods().iter().filter(|pod| pod.is_live()).map(|pod| pod.name.to_string());
        let everybody =
            all.filter(|name| !name.starts_with("node:") && !name.starts_with("svc/")).chain(pods).collect();
        let written = Written { cluster: &cluster, everybody, l4s: l4s(&cluster) };
        let told = written.told(&lines);
        for detail in [Detail::Workloads, Detail::Namespaces] {
            let lines = connectivity.connections(detail);
            for line in &lines {
                kinds[0] += usize::from(matches!(line.source, Ends::Namespace(_)));
                kinds[1] += usize::from(matches!(line.destination, Ends::Workload(..)));
            }
            assert!(written.told(&lines) == told, "{detail:?}: {:?}", World::new(cluster, profile, Vec::new()));
        }
        let restricted = |from: Option<&str>, to: Option<&str>| -> Told {
            let is = |wanted: Option<&str>, end: &String| wanted.is_none_or(|wanted| end == wanted);
            told.iter().filter(|((a, b, _), _)| is(from, a) && is(to, b)).map(|(a, b)| (a.clone(), b.clone())).collect()
        };
        for pod in cluster.pods().iter().filter(|pod| pod.is_live()) {
            let (one, name) = (Ends::Pods(vec![pod.name.clone()]), pod.name.to_string());
            assert_eq!(written.told(&connectivity.from(&one, Detail::Pods)), restricted(Some(&name), None));
            assert_eq!(written.told(&connectivity.to(&one, Detail::Pods)), restricted(None, Some(&name)));
            for node in cluster.nodes().iter() {
                let other = Ends::Node(node.name.clone());
                let found = written.told(&connectivity.between(&other, &one, Detail::Pods));
                kinds[2] += found.len();
                assert_eq!(found, restricted(Some(&format!("node:{}", node.name)), Some(&name)));
            }
        }
        for service in cluster.services().iter() {
            let one = Ends::Service(service.name.clone());
            let found = written.told(&connectivity.to(&one, Detail::Pods));
            assert_eq!(found, restricted(None, Some(&format!("svc/{}", service.name))));
        }
        let address: IpAddr = "198.51.100.7".parse().unwrap();
        let alone = Ends::Addresses(vec![AddressRange::new(address, address).unwrap()]);
        let of = |lines: &[Connection]| -> BTreeSet<(String, Ports, Verdict, Rows)> {
            let lines = lines.iter().filter(|line| holds(&line.source, address));
            let each = |line: &Connection| {
                let to = names(&line.destination).into_iter();
                to.map(|to| (to, line.ports.clone(), line.verdict, line.rows)).collect::<Vec<_>>()
            };
            lines.flat_map(each).collect()
        };
        let found = connectivity.from(&alone, Detail::Pods);
        assert!(found.iter().all(|line| line.source == alone));
        assert_eq!(of(&found), of(&lines));
    }
    assert!(kinds.iter().all(|count| *count > 20), "{kinds:?}");
}

/// Pods that no selector tells apart, two of them behind a Service, one at an address that a block tells apart.
const ALIKE: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1", "namespace": "x", "labels": {"app": "a"}}, "spec": {},
   "status": {"podIP": "10.0.0.1"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p2", "namespace": "x", "labels": {"app": "a"}}, "spec": {},
   "status": {"podIP": "10.0.0.2", "conditions": [{"type": "Ready", "status": "False"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p3", "namespace": "x", "labels": {"app": "a"}}, "spec": {},
   "status": {"podIP": "10.0.0.5"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "q", "namespace": "x"}, "spec": {},
   "status": {"podIP": "10.0.0.3"}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "x"},
   "spec": {"clusterIP": "10.96.0.1", "selector": {"app": "a"}, "ports": [{"port": 80, "targetPort": 8080}]}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "x"},
   "spec": {"podSelector": {"matchLabels": {"app": "a"}}, "policyTypes": ["Ingress", "Egress"],
            "egress": [{"to": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}]}]}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "q", "namespace": "x"},
   "spec": {"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
            "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}]}}
]}"#;

#[test]
fn pods_that_no_selector_tells_apart_may_differ() {
    let profile = Profile::kubernetes();
    let loaded = netpol_oracle::Loader::new(profile.release()).text("alike.json", ALIKE).finish();
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    compare(&loaded.cluster, &profile).unwrap();
    let engine = Engine::new(&loaded.cluster, &profile);
    let listed = said(&Connectivity::new(&engine).connections(Detail::Pods));
    let is_listed = |from: &str, to: &str| listed.contains_key(&(from.to_owned(), to.to_owned()));
    // Those behind the Service may meet themselves (U4), the other is shut off; the address of the one alone is admitted.
    assert!(is_listed("x/p3", "svc/x/s") && !is_listed("x/p2", "svc/x/s"));
    let tcp = |from: &str| {
        listed[&(from.to_owned(), "x/q".to_owned())].iter().any(|(ports, ..)| !ports.intervals().is_empty())
    };
    assert!(tcp("x/p1") && !tcp("x/p2"));
}

/// Workloads whose labels controllers set: of each alone the same is open (U7), of one end with itself it is one value.
const OPEN: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}},
  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d1", "namespace": "x"},
   "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c"}]}}}},
  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d2", "namespace": "x"},
   "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c"}]}}}},
  {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s1", "namespace": "x"},
   "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c"}]}}}},
  {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s2", "namespace": "x"},
   "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c"}]}}}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "hash", "namespace": "x"},
   "spec": {"podSelector": {"matchExpressions": [{"key": "pod-template-hash", "operator": "In", "values": ["h1"]}]},
            "ingress": [{"from": [{"podSelector": {"matchExpressions": [{"key": "pod-template-hash", "operator": "In", "values": ["h1"]}]}}]}]}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "index", "namespace": "x"},
   "spec": {"podSelector": {"matchExpressions": [{"key": "apps.kubernetes.io/pod-index", "operator": "In", "values": ["0"]}]},
            "ingress": [{"from": [{"podSelector": {"matchExpressions": [{"key": "apps.kubernetes.io/pod-index", "operator": "In", "values": ["0"]}]}}]}]}}
]}"#;

#[test]
fn what_is_open_of_workloads_is_each_ones_own() {
    for profile in ["kubernetes", "tunnel:v1.31.6-r0"] {
        let profile: Profile = profile.parse().unwrap();
        let loaded = netpol_oracle::Loader::new(profile.release()).text("open.json", OPEN).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        compare(&loaded.cluster, &profile).unwrap();
    }
}

/// A Service leads to the second address of a node and to that of a pod, which who names either does not meet.
const SECOND: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}},
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
   "status": {"addresses": [{"type": "InternalIP", "address": "10.9.0.1"}, {"type": "ExternalIP", "address": "172.16.0.1"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "x", "labels": {"app": "web"}}, "spec": {"nodeName": "n2"},
   "status": {"podIP": "10.0.0.1", "hostIP": "10.9.0.2"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "free", "namespace": "x"}, "spec": {"nodeName": "n2"},
   "status": {"podIP": "10.0.0.2", "hostIP": "10.9.0.2"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "namespace": "x", "labels": {"app": "db"}}, "spec": {"nodeName": "n2"},
   "status": {"podIPs": [{"ip": "10.0.0.3"}, {"ip": "10.0.0.4"}], "podIP": "10.0.0.3", "hostIP": "10.9.0.2"}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nodes", "namespace": "x"},
   "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "p", "port": 80}]}},
  {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
   "metadata": {"name": "nodes-1", "namespace": "x", "labels": {"kubernetes.io/service-name": "nodes"}},
   "ports": [{"name": "p", "protocol": "TCP", "port": 80}], "endpoints": [{"addresses": ["172.16.0.1"], "conditions": {"ready": true}}]},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "x"},
   "spec": {"clusterIP": "10.96.0.2", "ports": [{"name": "p", "port": 80}]}},
  {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
   "metadata": {"name": "db-1", "namespace": "x", "labels": {"kubernetes.io/service-name": "db"}},
   "ports": [{"name": "p", "protocol": "TCP", "port": 80}], "endpoints": [{"addresses": ["10.0.0.4"], "conditions": {"ready": true}}]},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web", "namespace": "x"},
   "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": "172.16.0.0/16"}}, {"ipBlock": {"cidr": "10.0.0.4/32"}}]}]}}
]}"#;

#[test]
fn a_service_leads_to_other_addresses_than_those_of_names() {
    let profile = Profile::kubernetes();
    let loaded = netpol_oracle::Loader::new(profile.release()).text("second.json", SECOND).finish();
    compare(&loaded.cluster, &profile).unwrap();
    let allowed = |text: &str| Engine::new(&loaded.cluster, &profile).decide(&text.parse().unwrap()).unwrap().verdict;
    // What is met by its name is not what the Service leads to.
    for name in ["nodes", "db"] {
        assert_eq!(allowed(&format!("x/web -> svc/x/{name}:80/tcp")), Verdict::Allow, "{name}");
    }
    assert_eq!([allowed("x/web -> node:n1:80/tcp"), allowed("x/web -> x/db:80/tcp")], [Verdict::Deny; 2]);
}

/// Who waits for an address or a node goes by a Service as it goes itself, not as those do that policies treat alike.
const NEAR: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}},
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.9.0.1"}]}},
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n2"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.9.0.2"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "near", "namespace": "x", "labels": {"app": "a"}}, "spec": {"nodeName": "n1"},
   "status": {"podIP": "10.0.0.1", "hostIP": "10.9.0.1"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "far", "namespace": "x", "labels": {"app": "a"}}, "spec": {"nodeName": "n2"},
   "status": {"podIP": "10.0.0.2", "hostIP": "10.9.0.2"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "waits", "namespace": "x", "labels": {"app": "a"}}, "spec": {}, "status": {}},
  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "many", "namespace": "x"},
   "spec": {"selector": {"matchLabels": {"of": "many"}}, "template": {"metadata": {"labels": {"app": "a", "of": "many"}}, "spec": {"containers": []}}}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "agent", "namespace": "x", "labels": {"app": "agent"}},
   "spec": {"hostNetwork": true, "nodeName": "n1"},
   "status": {"podIP": "10.9.0.1", "hostIP": "10.9.0.1", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "namespace": "x", "labels": {"app": "db"}}, "spec": {"nodeName": "n2"},
   "status": {"podIP": "10.0.0.3", "hostIP": "10.9.0.2", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "agent", "namespace": "x"},
   "spec": {"clusterIP": "10.96.0.1", "selector": {"app": "agent"}, "ports": [{"port": 80, "targetPort": 8080}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "x"},
   "spec": {"clusterIP": "10.96.0.2", "selector": {"app": "db"}, "ports": [{"port": 80, "targetPort": 8080}]}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "x"},
   "spec": {"podSelector": {"matchLabels": {"app": "a"}}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}]}}
]}"#;

#[test]
fn a_host_behind_a_service_is_reached_by_where_the_source_runs() {
    for profile in [Profile::kubernetes(), "tunnel:v1.31.6-r0".parse().unwrap(), "vpc:v1.31.6-r0".parse().unwrap()] {
        let loaded = netpol_oracle::Loader::new(profile.release()).text("near.json", NEAR).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        compare(&loaded.cluster, &profile).unwrap();
    }
    let profile = Profile::kubernetes();
    let loaded = netpol_oracle::Loader::new(profile.release()).text("near.json", NEAR).finish();
    let listed = said(&Connectivity::new(&Engine::new(&loaded.cluster, &profile)).connections(Detail::Pods));
    let is_listed = |from: &str, to: &str| listed.contains_key(&(from.to_owned(), to.to_owned()));
    // Its own node a pod may always reach (U3), and one that says none may be there (U8).
    assert!(is_listed("x/near", "svc/x/agent") && !is_listed("x/far", "svc/x/agent"));
    assert!(is_listed("x/waits", "svc/x/db") && is_listed("x/deployment/many", "svc/x/db"));
}

fn of_text(profile: &Profile, text: &str) -> Cluster {
    let loaded = netpol_oracle::Loader::new(profile.release()).text("world.yaml", text).finish();
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    loaded.cluster
}

/// A live pod that is ready: its labels, its address, and a port that it calls `http`.
pub(crate) fn pod_text(name: &str, labels: &str, address: &str, http: u16) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: x, labels: {{{labels}}}}}, spec: {{nodeName: n1, containers: \
         [{{name: c, ports: [{{name: http, containerPort: {http}}}]}}]}}, status: {{phase: Running, podIP: {address}}}}}\n---\n"
    )
}

pub(crate) fn policy_text(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: x}}, spec: {{{spec}}}}}\n---\n"
    )
}

pub(crate) fn service_text(name: &str, selector: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: x}}, spec: {{clusterIP: 10.96.0.1, selector: {{{selector}}}, \
         ports: [{{port: 80, targetPort: http}}]}}}}\n---\n"
    )
}

/// Names in egress rules are what each destination calls its ports (K12): two that differ in that alone are reached on ports of
/// their own.
#[test]
fn names_of_ports_are_each_destinations_own() {
    let profile = Profile::kubernetes();
    let text = pod_text("client", "app: client", "10.0.0.1", 80)
        + &pod_text("a", "app: web", "10.0.0.2", 8080)
        + &pod_text("b", "app: web", "10.0.0.3", 9090)
        + &policy_text(
            "p",
            "podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: http}]}]",
        );
    let cluster = of_text(&profile, &text);
    compare(&cluster, &profile).unwrap();
    let listed = said(&Connectivity::new(&Engine::new(&cluster, &profile)).connections(Detail::Pods));
    let ports = |to: &str| -> Vec<String> {
        let all = &listed[&("x/client".to_owned(), to.to_owned())];
        all.iter().filter(|(_, verdict, _)| *verdict == Verdict::Allow).map(|(ports, ..)| ports.to_string()).collect()
    };
    assert_eq!((ports("x/a"), ports("x/b")), (vec!["8080/tcp".to_owned()], vec!["9090/tcp".to_owned()]));
}

/// Of the backends of a Service one is open and one is shut (K23).
#[test]
fn backends_that_disagree_leave_a_service_open() {
    let profile = Profile::kubernetes();
    let text = pod_text("client", "app: client", "10.0.0.1", 80)
        + &pod_text("a", "app: web, is: open", "10.0.0.2", 8080)
        + &pod_text("b", "app: web, is: shut", "10.0.0.3", 8080)
        + &service_text("s", "app: web")
        + &policy_text("p", "podSelector: {matchLabels: {is: shut}}, ingress: []");
    let cluster = of_text(&profile, &text);
    compare(&cluster, &profile).unwrap();
    let listed = said(&Connectivity::new(&Engine::new(&cluster, &profile)).connections(Detail::Pods));
    let verdicts = listed[&("x/client".to_owned(), "svc/x/s".to_owned())]
        .iter()
        .map(|(_, verdict, rows)| (*verdict, rows.to_string()));
    assert_eq!(verdicts.collect::<Vec<_>>(), [(Verdict::Undefined, "K23".to_owned())]);
}

/// Where a workload runs nobody says (U8): a node that it may be on is met by what that node runs (C6).
#[test]
fn nodes_that_run_other_systems_are_met_otherwise() {
    let profile = Profile::vpc("v1.31.6-r0".parse().unwrap());
    let node = |name: &str, address: &str, system: &str| {
        format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}, status: {{addresses: [{{type: InternalIP, address: {address}}}], \
             nodeInfo: {{osImage: {system}}}}}}}\n---\n"
        )
    };
    let text = node("n1", "10.9.0.1", "HCE OS 2.0")
        + &node("n2", "10.9.0.2", "Ubuntu 22.04 LTS")
        + "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: x}, spec: {selector: {matchLabels: {app: web}}, template: \
           {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}}\n---\n"
        + &policy_text("p", "podSelector: {}, policyTypes: [Ingress, Egress]");
    let cluster = of_text(&profile, &text);
    compare(&cluster, &profile).unwrap();
    let listed = said(&Connectivity::new(&Engine::new(&cluster, &profile)).connections(Detail::Pods));
    let rows = |node: &str| -> BTreeSet<String> {
        let all = listed.get(&("x/deployment/web".to_owned(), node.to_owned()));
        all.into_iter().flatten().map(|(_, _, rows)| rows.to_string()).collect()
    };
    assert!(
        !rows("node:n1").is_empty() && rows("node:n1") != rows("node:n2"),
        "{:?} {:?}",
        rows("node:n1"),
        rows("node:n2")
    );
}

/// Each of those behind a Service meets himself there and the others: who is shut off is no backend less for the others (K19, U4).
#[test]
fn backends_that_send_meet_each_other() {
    let profile = Profile::kubernetes();
    for (shut, free) in [("a", "b"), ("u", "b")] {
        let pods = pod_text(shut, "app: b, i: one", "10.0.0.1", 80) + &pod_text(free, "app: b, i: two", "10.0.0.2", 80);
        let services = service_text("s", "app: b")
            + &service_text("h", "app: b").replace("clusterIP: 10.96.0.1", "clusterIP: None");
        let text = pods + &services + &policy_text("d", "podSelector: {matchLabels: {i: one}}, ingress: []");
        let cluster = of_text(&profile, &text);
        compare(&cluster, &profile).unwrap();
        let listed = said(&Connectivity::new(&Engine::new(&cluster, &profile)).connections(Detail::Pods));
        let http = L4::Port(Protocol::Tcp, Port::new(80).unwrap());
        let of = |from: &str| -> Vec<Verdict> {
            let all = &listed[&(format!("x/{from}"), "svc/x/h".to_owned())];
            all.iter().filter(|(ports, ..)| ports.contains(http)).map(|(_, verdict, _)| *verdict).collect()
        };
        assert_eq!((of(shut), of(free)), (vec![Verdict::Allow], vec![Verdict::Undefined]));
    }
}

/// And names in ingress rules are what the subject itself calls its ports.
#[test]
fn names_of_ports_are_each_subjects_own() {
    let profile = Profile::kubernetes();
    let text = pod_text("client", "app: client", "10.0.0.1", 80)
        + &pod_text("a", "app: web", "10.0.0.2", 8080)
        + &pod_text("b", "app: web", "10.0.0.3", 9090)
        + &policy_text("p", "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: http}]}]");
    compare(&of_text(&profile, &text), &profile).unwrap();
}

/// By way of a Service two ends may meet in another family than by themselves (K22).
#[test]
fn a_service_of_the_other_family_is_met_by_it() {
    let profile = Profile::kubernetes();
    let dual = |name: &str, labels: &str, last: u8| {
        let both = format!("podIP: 10.0.0.{last}, podIPs: [{{ip: 10.0.0.{last}}}, {{ip: 'fd00::{last}'}}]");
        pod_text(name, labels, &format!("10.0.0.{last}"), 80).replace(&format!("podIP: 10.0.0.{last}"), &both)
    };
    let text = dual("client", "app: client", 1)
        + &dual("web", "app: web", 2)
        + &service_text("s", "app: web").replace("10.96.0.1", "'fd00:96::1'")
        + &policy_text(
            "p",
            "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]",
        );
    let cluster = of_text(&profile, &text);
    compare(&cluster, &profile).unwrap();
    let listed = said(&Connectivity::new(&Engine::new(&cluster, &profile)).connections(Detail::Pods));
    let is_listed = |to: &str| listed.contains_key(&("x/client".to_owned(), to.to_owned()));
    assert!(is_listed("x/web") && !is_listed("svc/x/s"), "{listed:?}");
}
