//! Generated clusters: the same for ever, as large as asked for, of the mix that the documentation states.

use std::collections::{BTreeMap, HashMap, HashSet};

use netpol_oracle::generate::{ClusterSpec, Hostile, flows};
use netpol_oracle::model::{Namespaces, Peer, Peers, Phase, PolicyTypes, PortSpec, Ports, Rule, ServiceKind};
use netpol_oracle::net::Family;
use netpol_oracle::{Cluster, Decide, Direction, L4, Pod, Profile, Protocol, Reference};

/// Whether `count` of `total` is `percent` within what chance does to so many.
#[track_caller]
fn assert_share(what: &str, count: usize, total: usize, percent: f64) {
    let (count, total) = (count as f64, total as f64);
    let expected = total * percent / 100.0;
    let spread = (expected * (1.0 - percent / 100.0)).sqrt();
    assert!((count - expected).abs() <= 4.0 * spread + 1.0, "{what}: {count} of {total} is not {percent} %");
}

fn pods_of(cluster: &Cluster, fits: impl Fn(&Pod) -> bool) -> usize {
    cluster.pods().iter().filter(|pod| fits(pod)).count()
}

#[test]
fn a_cluster_is_as_large_as_asked_for() {
    let sizes = [0, 1, 9, 100, 1_234];
    for (seed, size) in (0..).zip(sizes) {
        let cluster = ClusterSpec::new(size).seed(seed).build();
        assert_eq!(cluster.pods().len(), size);
        assert_eq!(cluster.policies().len(), size / 10);
        assert_eq!(cluster.namespaces().len(), (size / 100).max(1));
        assert_eq!(cluster.nodes().len(), (size / 100).max(1));
        assert_eq!(cluster.services().len(), size / 20);
        assert_eq!(cluster.endpoint_slices().len(), 0);
    }
    let cluster = ClusterSpec::new(30).policies(70).namespaces(4).nodes(50).services(300).endpoint_slices(true).build();
    assert_eq!((cluster.pods().len(), cluster.policies().len()), (30, 70));
    assert_eq!((cluster.namespaces().len(), cluster.nodes().len(), cluster.services().len()), (4, 50, 300));
    assert!(cluster.endpoint_slices().len() > 100);
    assert_eq!(ClusterSpec::new(0).policies(10).services(3).build().policies().len(), 10);
    for shape in Hostile::ALL {
        let cluster = ClusterSpec::hostile(shape, 500).policies(100).build();
        assert_eq!((cluster.pods().len(), cluster.policies().len(), cluster.services().len()), (500, 100, 0));
        assert_eq!(cluster, ClusterSpec::hostile(shape, 500).policies(100).build());
        assert_eq!(shape.to_string().parse(), Ok(shape));
    }
}

/// Faces come to some Services, each its own, and nothing else moves.
#[test]
fn faces_of_services() {
    use netpol_oracle::model::ExternalTrafficPolicy;
    let spec = ClusterSpec::new(200).services(2_000);
    let (plain, faced) = (spec.clone().build(), spec.faces(true).build());
    let mut addresses = std::collections::BTreeSet::new();
    let mut ports = std::collections::BTreeSet::new();
    let (mut balanced, mut local, mut external) = (0, 0, 0);
    for (one, other) in plain.services().iter().zip(faced.services().iter()) {
        for address in other.external_addresses.iter().chain(&other.load_balancer_addresses) {
            assert!(addresses.insert(*address), "{address} twice");
        }
        for port in other.ports.iter().filter_map(|entry| entry.node_port) {
            assert!(ports.insert(port) && (30_000..=32_767).contains(&port.get()), "{port} twice");
        }
        balanced += usize::from(!other.load_balancer_addresses.is_empty());
        external += usize::from(!other.external_addresses.is_empty());
        local += usize::from(other.external_traffic_policy == ExternalTrafficPolicy::Local);
        let mut without = other.clone();
        without.external_addresses.clear();
        without.load_balancer_addresses.clear();
        without.external_traffic_policy = ExternalTrafficPolicy::Cluster;
        without.ports.iter_mut().for_each(|entry| entry.node_port = None);
        assert_eq!(*one, without);
    }
    assert_eq!((balanced, local, external), (200, 67, 40));
    assert_eq!((plain.pods(), plain.policies()), (faced.pods(), faced.policies()));
    let profile = Profile::kubernetes();
    let reference = Reference::new(&faced, &profile);
    let face = addresses.first().unwrap();
    assert!(reference.decide(&format!("192.0.2.1 -> {face}:1/tcp").parse().unwrap()).is_err(), "a face, not outside");
}

#[test]
fn what_is_asked_for_does_not_move_the_rest() {
    let few = ClusterSpec::new(300).policies(5).build();
    let many = ClusterSpec::new(300).policies(50).services(2).build();
    assert!(few.pods().iter().eq(many.pods().iter()));
    assert_ne!(few, ClusterSpec::new(300).policies(5).seed(1).build());
}

#[test]
fn the_pods_are_of_the_documented_mix() {
    let total = 20_000;
    let cluster = ClusterSpec::new(total).seed(11).build();
    let share = |what: &str, percent: f64, fits: fn(&Pod) -> bool| {
        assert_share(what, pods_of(&cluster, fits), total, percent);
    };
    share("hostNetwork", 1.0, |pod| pod.host_network);
    share("Succeeded", 1.0, |pod| pod.phase == Phase::Succeeded);
    share("not ready", 1.0, |pod| pod.phase == Phase::Running && !pod.ready);
    share("Pending", 0.5, |pod| pod.phase == Phase::Pending);
    share("dual-stack", 9.95, |pod| pod.addresses.len() == 2);
    share("stores", 10.0, |pod| pod.labels.get("statefulset.kubernetes.io/pod-name").is_some());
    assert_eq!(
        pods_of(&cluster, |pod| pod.addresses.is_empty() && pod.node.is_none()),
        pods_of(&cluster, |pod| pod.phase == Phase::Pending)
    );

    let ranges: [netpol_oracle::net::Cidr; 2] = ["10.0.0.0/8".parse().unwrap(), "fd00:10::/64".parse().unwrap()];
    let services: netpol_oracle::net::Cidr = "10.96.0.0/12".parse().unwrap();
    let mut seen = HashSet::new();
    for pod in cluster.pods().iter().filter(|pod| !pod.host_network) {
        for address in &pod.addresses {
            assert!(seen.insert(*address), "{address} twice");
            assert!(ranges.iter().any(|range| range.contains(*address)) && !services.contains(*address), "{address}");
        }
        for key in ["app", "tier", "version", "team"] {
            assert!(pod.labels.get(key).is_some(), "{pod:?}");
        }
    }
    for service in cluster.services().iter() {
        let headless = service.kind == ServiceKind::Headless;
        assert_eq!(service.cluster_addresses.len(), usize::from(!headless));
        for address in &service.cluster_addresses {
            assert!(seen.insert(*address) && services.contains(*address), "{address}");
        }
    }
    let headless = cluster.services().iter().filter(|service| service.kind == ServiceKind::Headless).count();
    assert_eq!(headless, cluster.services().len() / 20);
    for node in cluster.nodes().iter() {
        for each in &node.addresses {
            assert!(seen.insert(each.address), "{}", each.address);
        }
    }
    let apps: HashSet<_> = cluster.pods().iter().filter_map(|pod| pod.labels.get("app").cloned()).collect();
    assert_eq!(apps.len(), 16 + 4 + 1);
    let on_one = |name: &str| cluster.pods().iter().filter(|pod| pod.node.as_deref() == Some(name)).count();
    assert!((90..=100).contains(&on_one("node-17")));
}

fn rules(cluster: &Cluster) -> impl Iterator<Item = &Rule> {
    let both = [Direction::Ingress, Direction::Egress];
    cluster.policies().iter().flat_map(move |policy| both.into_iter().flat_map(|each| policy.written_rules(each)))
}

fn is_dns(rule: &Rule) -> bool {
    let Peers::Of(peers) = &rule.peers else { return false };
    peers.iter().any(|peer| matches!(peer, Peer::Pods(pods) if pods.pods.match_labels().get("k8s-app").is_some()))
}

#[test]
fn the_policies_are_of_the_documented_mix() {
    let total = 5_000;
    let cluster = ClusterSpec::new(2_000).policies(total).seed(5).build();
    let mut types = BTreeMap::new();
    let mut shapes: HashMap<String, usize> = HashMap::new();
    for policy in cluster.policies().iter() {
        *types.entry(policy.types()).or_insert(0) += 1;
        let shape = policy.name().name().split('-').next().unwrap().to_owned();
        *shapes.entry(shape).or_insert(0) += 1;
    }
    for (each, percent) in [(PolicyTypes::Ingress, 60.0), (PolicyTypes::Egress, 15.0), (PolicyTypes::Both, 25.0)] {
        assert_share(&format!("{each:?}"), types[&each], total, percent);
    }
    let documented = [
        ("deny", 10.0),
        ("app", 25.0),
        ("own", 10.0),
        ("name", 10.0),
        ("team", 10.0),
        ("pods", 12.0),
        ("expr", 8.0),
        ("all", 4.0),
        ("block", 11.0),
    ];
    assert_eq!(shapes.len(), documented.len());
    for (shape, percent) in documented {
        assert_share(shape, shapes[shape], total, percent);
    }

    let plain: Vec<&Rule> = rules(&cluster).filter(|rule| !is_dns(rule)).collect();
    let share = |what: &str, percent: f64, fits: fn(&Ports) -> bool| {
        assert_share(what, plain.iter().filter(|rule| fits(&rule.ports)).count(), plain.len(), percent);
    };
    fn one(ports: &Ports, fits: fn(Protocol, &PortSpec) -> bool) -> bool {
        matches!(ports, Ports::Of(each) if each.len() == 1 && fits(each[0].protocol, &each[0].port))
    }
    share("any port", 20.0, |ports| *ports == Ports::Any);
    share("a number", 40.0, |ports| {
        one(ports, |protocol, port| protocol == Protocol::Tcp && matches!(port, PortSpec::Number(_)))
    });
    share("a name", 20.0, |ports| one(ports, |_, port| matches!(port, PortSpec::Name(_))));
    share("a range", 8.0, |ports| one(ports, |_, port| matches!(port, PortSpec::Range(_))));
    share("UDP", 7.0, |ports| one(ports, |protocol, _| protocol == Protocol::Udp));
    share("SCTP", 2.0, |ports| one(ports, |protocol, _| protocol == Protocol::Sctp));
    share("several", 3.0, |ports| matches!(ports, Ports::Of(each) if each.len() == 3));

    let egress: Vec<_> =
        cluster.policies().iter().filter(|policy| !policy.rules(Direction::Egress).is_empty()).collect();
    let with_dns = egress.iter().filter(|policy| policy.rules(Direction::Egress).iter().any(is_dns)).count();
    assert_share("DNS", with_dns, egress.len(), 60.0);

    let peers: Vec<&Peer> = rules(&cluster)
        .filter_map(|rule| match &rule.peers {
            Peers::Of(peers) => Some(peers),
            Peers::Any => None,
        })
        .flatten()
        .collect();
    let blocks: Vec<_> = peers
        .iter()
        .filter_map(|peer| match peer {
            Peer::IpBlock(block) => Some(block),
            Peer::Pods(_) => None,
        })
        .collect();
    let everything = blocks.iter().filter(|block| block.cidr().prefix_len() == 0 && block.except().len() == 3).count();
    assert_share("the world", everything, blocks.len(), 35.0);
    let six = blocks.iter().filter(|block| block.cidr().family() == Family::V6).count();
    assert_share("IPv6", six, blocks.len(), 15.0);
    let external: netpol_oracle::net::Cidr = "203.0.0.0/16".parse().unwrap();
    let outside = blocks.iter().filter(|block| external.contains_cidr(&block.cidr())).count();
    assert_share("outside", outside, blocks.len(), 30.0);
    let mut operators = HashSet::new();
    for peer in peers {
        let Peer::Pods(pods) = peer else { continue };
        operators.extend(pods.pods.expressions().iter().map(|each| each.operator()));
        if let Namespaces::Matching(of) = &pods.namespaces {
            operators.extend(of.expressions().iter().map(|each| each.operator()));
        }
    }
    assert_eq!(operators.len(), 4);
}

#[test]
fn the_policies_select_somebody_and_admit_somebody() {
    let cluster = ClusterSpec::new(1_000).build();
    let isolates = |pod: &Pod| {
        cluster
            .policies()
            .iter()
            .any(|policy| policy.name().namespace() == pod.name.namespace() && policy.subject().matches(&pod.labels))
    };
    let isolated = pods_of(&cluster, isolates);
    assert!((500..950).contains(&isolated), "{isolated}");
    let profile = Profile::kubernetes();
    let reference = Reference::new(&cluster, &profile);
    let mut verdicts = BTreeMap::new();
    for flow in flows(&cluster, 300, 1) {
        let verdict = reference.decide(&flow).map_or_else(|_| "none".to_owned(), |each| each.verdict.to_string());
        *verdicts.entry(verdict).or_insert(0) += 1;
    }
    assert!(verdicts["allow"] > 30 && verdicts["deny"] > 100 && verdicts["undefined"] > 2, "{verdicts:?}");
    assert!(verdicts.get("none").is_none_or(|none| *none < 10), "{verdicts:?}");
}

#[test]
fn flows_are_of_the_documented_mix() {
    let cluster = ClusterSpec::new(1_000).build();
    let all: Vec<_> = flows(&cluster, 5_000, 3).collect();
    assert_eq!(all.len(), 5_000);
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert!(texts.iter().zip(&all).all(|(text, flow)| text.parse().as_ref() == Ok(flow)));
    let count = |fits: &dyn Fn(&str) -> bool| texts.iter().filter(|text| fits(text)).count();
    assert_share("to a Service", count(&|text| text.contains("-> svc/")), 5_000, 7.0 * 0.8);
    assert_share("nodes", count(&|text| text.contains("node:")), 5_000, 2.0);
    let portless = all.iter().filter(|flow| !matches!(flow.l4, L4::Port(..))).count();
    assert_share("without a port", portless, 5_000, 3.0);
    assert_ne!(flows(&cluster, 5, 4).collect::<Vec<_>>(), all[..5]);
    assert_eq!(flows(&Cluster::builder().build(), 5, 4).count(), 0);
    let one = ClusterSpec::new(1).seed(2).build();
    assert_eq!(flows(&one, 5, 4).count(), 5);
}

#[test]
fn hostile_clusters_are_what_they_say() {
    let distinct = ClusterSpec::hostile(Hostile::DistinctLabels, 400).policies(80).build();
    let labels: HashSet<_> = distinct.pods().iter().map(|pod| pod.labels.clone()).collect();
    let subjects: HashSet<_> = distinct.policies().iter().map(|policy| policy.subject().clone()).collect();
    assert_eq!((labels.len(), subjects.len()), (400, 80));

    let not_in = ClusterSpec::hostile(Hostile::NotIn, 400).policies(50).build();
    assert_eq!(not_in.namespaces().len(), 1);
    for policy in not_in.policies().iter() {
        assert!(pods_of(&not_in, |pod| policy.subject().matches(&pod.labels)) > 300);
    }

    let nested = ClusterSpec::hostile(Hostile::NestedBlocks, 400).policies(50).build();
    let excepts: Vec<usize> = rules(&nested)
        .filter_map(|rule| match &rule.peers {
            Peers::Of(peers) => Some(peers),
            Peers::Any => None,
        })
        .flatten()
        .map(|peer| match peer {
            Peer::IpBlock(block) => block.except().len(),
            Peer::Pods(_) => 0,
        })
        .collect();
    assert_eq!(excepts.iter().max(), Some(&1_000));
    assert!(excepts.len() > 300 && excepts.iter().all(|count| *count > 0));
}
