//! Counts of pairs, and whom nobody isolates, held against brute force.

use std::collections::{BTreeMap, BTreeSet};

use netpol_oracle::analysis::{Connectivity, Detail, Ends, Isolation, Region};
use netpol_oracle::model::ServiceKind;
use netpol_oracle::verdict::{Judged, Reason};
use netpol_oracle::{Cluster, Decide, Destination, Direction, Endpoint, Engine, Flow, L4, Profile, Row, Verdict};

use crate::connectivity::{everybody, l4s, wanted};
use crate::plane::sequences::sequences;
use crate::support::worlds::World;
use netpol_test_support::real_worlds::world;

/// All ports, some, undefined, denied.
type Counts = [u64; 4];

fn worlds() -> impl Iterator<Item = (Cluster, Profile)> {
    let real = (0..wanted(10) as u64).map(|seed| world(720_000 + seed, 0)).map(|each| (each.cluster, each.profile));
    real.chain(sequences().take(wanted(10)).map(|sequence| (sequence.before, sequence.profile)))
}

/// Asks each pair by itself.
struct Brute<'c> {
    cluster: &'c Cluster,
    engine: &'c Engine,
    ports: Vec<L4>,
    outside: Vec<Endpoint>,
    /// Addresses of Services: none that connections to the outside go to.
    faces: Vec<Endpoint>,
}

impl Brute<'_> {
    fn ends(&self, ends: &Ends) -> Vec<Destination> {
        match ends {
            Ends::Pods(names) => names.iter().map(|name| Endpoint::Named(name.clone()).into()).collect(),
            Ends::Workload(name, kind) => {
                vec![Endpoint::Workload { kind: kind.clone(), name: name.clone() }.into()]
            }
            Ends::Node(name) => vec![Endpoint::Node(name.clone()).into()],
            Ends::Service(name) => vec![Destination::Service(name.clone())],
            Ends::Addresses(_) => self.outside.iter().cloned().map(Destination::Endpoint).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// Where in [`Counts`] a pair belongs.
    fn share(&self, from: &Ends, to: &Ends) -> usize {
        let own = match to {
            Ends::Service(name) => self.cluster.service(name).filter(|each| each.kind == ServiceKind::ClusterIp),
            _ => None,
        };
        let own = own.map(|service| service.ports.iter().map(|port| L4::Port(port.protocol, port.port)).collect());
        let (mut all, mut allowed, mut open) = (true, false, false);
        for source in self.ends(from) {
            let Destination::Endpoint(source) = source else { return 3 };
            for destination in self.ends(to) {
                let flow = |l4| Flow::new(source.clone(), destination.clone(), l4);
                let is_face = matches!(&destination, Destination::Endpoint(end) if self.faces.contains(end));
                let asked: &Vec<L4> = own.as_ref().unwrap_or(&self.ports);
                let met =
                    own.as_deref().unwrap_or(&[L4::Icmp]).iter().any(|l4| self.engine.verdict(&flow(*l4)).is_ok());
                for l4 in self.ports.iter().chain(asked) {
                    let verdict = self.engine.verdict(&flow(*l4));
                    allowed |= verdict == Ok(Verdict::Allow);
                    open |= verdict == Ok(Verdict::Undefined);
                    all &= verdict == Ok(Verdict::Allow) || !asked.contains(l4) || is_face || !met;
                }
            }
        }
        match (all && allowed, allowed, open) {
            (true, ..) => 0,
            (_, true, _) => 1,
            (.., true) => 2,
            _ => 3,
        }
    }
}

/// Some ends of each form, and who is meant one by one.
fn chosen(connectivity: &Connectivity, ones: &[Ends]) -> Vec<(Ends, BTreeSet<Ends>)> {
    let of_form = |is: fn(&Ends) -> bool| ones.iter().find(|one| is(one));
    let firsts = [
        of_form(|one| matches!(one, Ends::Pods(_))),
        of_form(|one| matches!(one, Ends::Node(_))),
        of_form(|one| matches!(one, Ends::Service(_))),
        of_form(|one| matches!(one, Ends::Addresses(_))),
    ];
    let mut chosen: Vec<_> =
        firsts.into_iter().flatten().map(|one| (one.clone(), BTreeSet::from([one.clone()]))).collect();
    for detail in [Detail::Workloads, Detail::Namespaces] {
        let ends = |region: &Region| match region {
            Region::Workload(name, kind) => Some(Ends::Workload(name.clone(), kind.clone())),
            Region::Namespace(name) => Some(Ends::Namespace(name.clone())),
            _ => None,
        };
        let mut regions = connectivity.regions(detail).into_iter();
        chosen.extend(regions.find_map(|(region, all)| Some((ends(&region)?, all.into_iter().collect()))));
    }
    chosen
}

#[test]
fn counts_are_those_of_every_pair() {
    let mut seen: Counts = [0; 4];
    for (cluster, profile) in worlds() {
        let engine = Engine::new(&cluster, &profile);
        let connectivity = Connectivity::new(&engine);
        let everybody = everybody(&cluster, &engine, &[]);
        let services = cluster.services().iter().filter(|service| service.kind == ServiceKind::ClusterIp);
        let faces = services.flat_map(|each| each.external_addresses.iter().chain(&each.load_balancer_addresses));
        let brute = Brute {
            cluster: &cluster,
            engine: &engine,
            ports: l4s(&cluster).into_iter().filter(|l4| matches!(l4, L4::Port(..))).collect(),
            outside: everybody.addresses.iter().copied().map(Endpoint::Address).collect(),
            faces: faces.copied().map(Endpoint::Address).collect(),
        };
        // One by one first, and every way to name them of that.
        let ones: Vec<Ends> = connectivity.regions(Detail::Pods).into_values().flatten().collect();
        let mut shares: BTreeMap<(&Ends, &Ends), usize> = BTreeMap::new();
        for from in ones.iter().filter(|end| !matches!(end, Ends::Service(_))) {
            for to in &ones {
                let is_outside = |end: &Ends| matches!(end, Ends::Addresses(_));
                let is_itself = from == to && matches!(from, Ends::Pods(_));
                if !(is_itself || is_outside(from) && is_outside(to)) {
                    shares.insert((from, to), brute.share(from, to));
                }
            }
        }
        let chosen = chosen(&connectivity, &ones);
        for detail in [Detail::Pods, Detail::Workloads, Detail::Namespaces] {
            let regions = connectivity.regions(detail);
            let region_of = |end: &Ends| -> Region {
                regions.iter().find(|(_, all)| all.contains(end)).map(|(region, _)| region.clone()).unwrap()
            };
            let of: BTreeMap<&Ends, Region> = ones.iter().map(|end| (end, region_of(end))).collect();
            type Some<'s> = Option<&'s (Ends, BTreeSet<Ends>)>;
            let expected = |sources: Some, destinations: Some| {
                let is_meant = |some: Some, one: &Ends| some.is_none_or(|(_, all)| all.contains(one));
                let wanted =
                    shares.iter().filter(|((from, to), _)| is_meant(sources, from) && is_meant(destinations, to));
                let mut counts: BTreeMap<(Region, Region), Counts> = BTreeMap::new();
                for ((from, to), share) in wanted {
                    counts.entry((of[from].clone(), of[to].clone())).or_default()[*share] += 1;
                }
                counts
            };
            let found = |sources: Some, destinations: Some| {
                let ends = |some: Some| some.map(|(ends, _)| ends.clone());
                let (from, to) = (ends(sources), ends(destinations));
                let counts = connectivity.counts(from.as_ref(), to.as_ref(), detail).into_iter();
                let counts = counts
                    .map(|each| ((each.source, each.destination), [each.all, each.some, each.undefined, each.denied]));
                counts.collect::<BTreeMap<_, _>>()
            };
            let world = || World::new(cluster.clone(), profile.clone(), Vec::new());
            let (is, should_be) = (found(None, None), expected(None, None));
            for (pair, counts) in &should_be {
                assert_eq!(is.get(pair), Some(counts), "{detail:?} {pair:?}\n{:?}", world());
                (0..4).for_each(|share| seen[share] += counts[share]);
            }
            assert_eq!(is.len(), should_be.len());
            // Of some ends alone.
            for one in &chosen {
                let is_outside = matches!(one.0, Ends::Addresses(_));
                if !matches!(one.0, Ends::Service(_)) {
                    assert_eq!(found(Some(one), None), expected(Some(one), None), "from {:?}\n{:?}", one.0, world());
                }
                if !is_outside {
                    assert_eq!(found(None, Some(one)), expected(None, Some(one)), "to {:?}\n{:?}", one.0, world());
                }
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

/// A side's answer to somebody outside says the same, as far as it says anything of isolation.
#[test]
fn who_is_unprotected_is_not_isolated() {
    let mut seen = [0; 3];
    for (cluster, profile) in worlds() {
        let engine = Engine::new(&cluster, &profile);
        let unprotected = Connectivity::new(&engine).unprotected(Detail::Pods);
        let outside = everybody(&cluster, &engine, &[]).addresses;
        for pod in cluster.pods().iter().filter(|pod| pod.is_live()) {
            let is_named = |ends: &Ends| matches!(ends, Ends::Pods(names) if names.contains(&pod.name));
            let found = unprotected.iter().find(|each| is_named(&each.ends));
            for direction in [Direction::Ingress, Direction::Egress] {
                let isolation = found.map_or(Isolation::Isolated, |each| match direction {
                    Direction::Ingress => each.ingress,
                    Direction::Egress => each.egress,
                });
                for address in &outside {
                    let (pod, address) = (Endpoint::Named(pod.name.clone()), Endpoint::Address(*address));
                    let l4: L4 = "x/x -> x/x:1/tcp".parse::<Flow>().unwrap().l4;
                    let flow = match direction {
                        Direction::Ingress => Flow::new(address, pod.into(), l4),
                        Direction::Egress => Flow::new(pod, address.into(), l4),
                    };
                    let Ok(decision) = engine.decide(&flow) else { continue };
                    let Judged::Sides(sides) = decision.judged else { continue };
                    let why = format!("{flow}: {isolation:?}, {:?}", sides.of(direction).reason);
                    match &sides.of(direction).reason {
                        Reason::NotEnforced { row: Row::C7 } | Reason::ExemptRange | Reason::OwnNode => continue,
                        Reason::NotIsolated | Reason::NoSubject | Reason::NotEnforced { .. } => {
                            assert_ne!(isolation, Isolation::Isolated, "{why}");
                        }
                        _ => assert_ne!(isolation, Isolation::Free, "{why}"),
                    }
                    seen[isolation as usize] += 1;
                }
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

/// Whether somebody is isolated may hang on rows, which are named.
#[test]
fn what_isolation_hangs_on_is_named() {
    let manifests = r#"{"apiVersion": "v1", "kind": "List", "items": [
      {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "x"},
       "spec": {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "c"}]}}}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "agent", "namespace": "x", "labels": {"app": "agent"}},
       "spec": {"hostNetwork": true, "containers": [{"name": "c", "image": "c"}]}},
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "first", "namespace": "x"},
       "spec": {"podSelector": {"matchLabels": {"apps.kubernetes.io/pod-index": "0"}}}},
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "agent", "namespace": "x"},
       "spec": {"podSelector": {"matchLabels": {"app": "agent"}}, "policyTypes": ["Egress"]}}
    ]}"#;
    let said = |profile: &Profile| {
        let loaded = netpol_oracle::Loader::new(profile.release()).text("x.json", manifests).finish();
        assert_eq!(loaded.diagnostics, []);
        let found = Connectivity::new(&Engine::new(&loaded.cluster, profile)).unprotected(Detail::Workloads);
        found.iter().map(|each| serde_json::to_string(each).unwrap()).collect::<Vec<String>>()
    };
    let kubernetes = Profile::kubernetes();
    let agent = r#"{"ends":{"pods":["x/agent"]},"ingress":"free","egress":"free","rows":[]}"#;
    let db = r#"{"ends":{"workload":"x/statefulset/db"},"ingress":"undefined","egress":"free","rows":["U7"]}"#;
    assert_eq!(said(&kubernetes), [db, agent]);
    let open = kubernetes.clone().with_override(Row::U2, "unknown").unwrap();
    let agent = r#"{"ends":{"pods":["x/agent"]},"ingress":"free","egress":"undefined","rows":["U2"]}"#;
    assert_eq!(said(&open), [db, agent]);
    let settled = kubernetes.with_override(Row::U7, "absent").unwrap().with_override(Row::U2, "pod").unwrap();
    let db = r#"{"ends":{"workload":"x/statefulset/db"},"ingress":"free","egress":"free","rows":["U7"]}"#;
    let agent = r#"{"ends":{"pods":["x/agent"]},"ingress":"free","egress":"isolated","rows":["U2"]}"#;
    assert_eq!(said(&settled), [db, agent]);
    let old: Profile = "vpc:v1.31.4-r0".parse().unwrap();
    assert!(said(&old).iter().all(|line| line.contains(r#""ingress":"free","egress":"free""#)), "{:?}", said(&old));
}

/// Of a Service whose first port leads nowhere the others count.
#[test]
fn a_service_whose_first_port_leads_nowhere() {
    use crate::connectivity::{pod_text, policy_text, service_text};
    let ports = "ports: [{name: a, port: 80, targetPort: nothing}, {name: b, port: 443, targetPort: http}]";
    let text = pod_text("web", "app: web", "10.0.0.2", 8443)
        + &service_text("s", "app: web").replace("ports: [{port: 80, targetPort: http}]", ports)
        + &policy_text("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]");
    let profile = Profile::kubernetes();
    let loaded = netpol_oracle::Loader::new(profile.release()).text("x.yaml", &text).finish();
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let counts = Connectivity::new(&Engine::new(&loaded.cluster, &profile)).counts(None, None, Detail::Namespaces);
    let of_outside = counts.iter().filter(|each| each.source.to_string() == "outside");
    let found: Vec<_> =
        of_outside.map(|each| (each.destination.to_string(), each.all, each.some, each.denied)).collect();
    let expected = [("namespace:x", 0, 1, 0), ("services:x", 0, 1, 0), ("nodes", 0, 0, 1)];
    assert_eq!(found, expected.map(|(to, all, some, denied)| (to.to_owned(), all, some, denied)));
}
