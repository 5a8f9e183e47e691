//! What pods are exposed to that are not there yet: held against pods that come, one for each set of labels worth trying.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use netpol_oracle::analysis::{
    Connectivity, Detail, Ends, Exposure, ExposureEnds, NewcomerPlace, Newcomers, TooManyNewcomers, exposure,
};
use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use netpol_oracle::model::{Namespace, Namespaces, Owner, Peer, Peers, WorkloadKind};
use netpol_oracle::{
    Change, Cluster, Decide, Direction, Endpoint, Engine, Flow, L4, Loader, ObjectName, Pod, Profile, Verdict,
};

use crate::connectivity::{everybody, holds, l4s, names, wanted};
use crate::plane::sequences::sequences;
use netpol_test_support::real_worlds::world;

type Pairs = BTreeSet<(LabelKey, LabelValue)>;

fn worlds() -> impl Iterator<Item = (Cluster, Profile)> {
    let real = (0..wanted(12) as u64).map(|seed| world(730_000 + seed, 0)).map(|each| (each.cluster, each.profile));
    real.chain(sequences().take(wanted(12)).map(|sequence| (sequence.before, sequence.profile)))
}

/// A pod that comes, and what is known of the place.
#[derive(Debug, Clone)]
struct Comer {
    name: ObjectName,
    labels: Labels,
    namespace: Labels,
    is_new_place: bool,
}

impl Comer {
    fn is_meant(&self, newcomers: &Newcomers) -> bool {
        let is_there = match &newcomers.place {
            NewcomerPlace::Namespaces(labels) => labels.matches(&self.namespace),
            NewcomerPlace::Namespace(name) => name == self.name.namespace(),
            other => panic!("{other:?}"),
        };
        is_there && newcomers.pods.matches(&self.labels)
    }
}

/// The labels that selectors ask for: of pods, of namespaces.
fn asked(cluster: &Cluster) -> (Pairs, Pairs) {
    let (mut pods, mut namespaces) = (Pairs::new(), Pairs::new());
    let add = |selector: &Selector, into: &mut Pairs| {
        into.extend(selector.match_labels().iter().map(|(key, value)| (key.clone(), value.clone())));
        for requirement in selector.expressions() {
            let values = requirement.values().into_iter().flatten().cloned();
            let other = LabelValue::new("other").unwrap();
            into.extend(values.take(2).chain([other]).map(|value| (requirement.key().clone(), value)));
        }
    };
    for policy in cluster.policies().iter() {
        add(policy.subject(), &mut pods);
        let rules = [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| policy.rules(direction));
        for rule in rules {
            let Peers::Of(peers) = &rule.peers else { continue };
            for peer in peers {
                let Peer::Pods(peer) = peer else { continue };
                add(&peer.pods, &mut pods);
                if let Namespaces::Matching(selector) = &peer.namespaces {
                    add(selector, &mut namespaces);
                }
            }
        }
    }
    namespaces.retain(|(key, _)| key.as_str() != "kubernetes.io/metadata.name");
    (pods, namespaces)
}

/// None, each alone, and some pairs of them.
fn sets(pairs: &Pairs, most: usize) -> Vec<Labels> {
    let all: Vec<_> = pairs.iter().cloned().collect();
    let mut sets = vec![Labels::new()];
    sets.extend(all.iter().map(|pair| [pair.clone()].into_iter().collect::<Labels>()));
    for (at, one) in all.iter().enumerate() {
        for other in all.iter().skip(at + 1).filter(|other| other.0 != one.0) {
            sets.push([one.clone(), other.clone()].into_iter().collect());
        }
    }
    let every = sets.len().div_ceil(most);
    sets.into_iter().step_by(every).collect()
}

/// Labels that are just what a selector asks for, with a value that none names.
fn as_weak(selector: &Selector) -> Labels {
    let there = selector.expressions().iter().map(|each| {
        assert!(matches!(each, Requirement::Exists { .. }), "{each}");
        (each.key().clone(), LabelValue::new("whatever").unwrap())
    });
    selector.match_labels().iter().map(|(key, value)| (key.clone(), value.clone())).chain(there).collect()
}

fn comers(cluster: &Cluster, lines: &[Exposure]) -> (Vec<Comer>, Vec<Change>) {
    let (pods, namespaces) = asked(cluster);
    let mut places: Vec<(Arc<str>, Labels, bool)> =
        cluster.namespaces().iter().map(|each| (each.name.clone(), each.labels.clone(), false)).collect();
    places.truncate(6);
    places.extend(
        sets(&namespaces, 8).into_iter().enumerate().map(|(at, labels)| (format!("place-{at}").into(), labels, true)),
    );
    let mut wanted: Vec<(Arc<str>, Labels, bool, Labels)> = Vec::new();
    for (at, labels) in sets(&pods, 24).into_iter().enumerate() {
        for (place, (name, of, is_new)) in places.iter().enumerate() {
            if (at + place) % 3 == 0 {
                wanted.push((name.clone(), of.clone(), *is_new, labels.clone()));
            }
        }
    }
    // Those whom lines are about, to the letter.
    let of_lines = lines.iter().filter_map(|line| newcomers(line)).collect::<BTreeSet<&Newcomers>>();
    for (at, newcomers) in of_lines.into_iter().enumerate() {
        let (name, labels, is_new) = match &newcomers.place {
            NewcomerPlace::Namespace(name) => (name.clone(), cluster.namespace(name).unwrap().labels.clone(), false),
            NewcomerPlace::Namespaces(selector) => {
                let labels = as_weak(selector);
                let named = labels.get("kubernetes.io/metadata.name").map(|name| name.as_str().into());
                (named.unwrap_or_else(|| format!("weak-{at}").into()), labels, true)
            }
            other => panic!("{other:?}"),
        };
        wanted.push((name, labels, is_new, as_weak(&newcomers.pods)));
    }
    let (mut comers, mut changes) = (Vec::new(), BTreeMap::new());
    let mut arrivals = Vec::new();
    for (at, (namespace, mut of, is_new_place, labels)) in wanted.into_iter().enumerate() {
        if is_new_place {
            let mut object = Namespace::new(namespace.clone());
            object.labels = of.clone();
            changes.insert(namespace.clone(), Change::Put(object.into()));
            let key = LabelKey::new("kubernetes.io/metadata.name").unwrap();
            of.insert(key, LabelValue::new(&namespace).unwrap());
        }
        let mut pod = Pod::new(ObjectName::new(namespace, format!("comer-{at}")));
        pod.labels = labels.clone();
        pod.owner = Some(Owner::new(WorkloadKind::of("Comer", "example.org"), "comers"));
        comers.push(Comer { name: pod.name.clone(), labels, namespace: of, is_new_place });
        arrivals.push(Change::Put(pod.into()));
    }
    (comers, changes.into_values().chain(arrivals).collect())
}

fn newcomers(line: &Exposure) -> Option<&Newcomers> {
    match (&line.source, &line.destination) {
        (ExposureEnds::Newcomers(newcomers), _) | (_, ExposureEnds::Newcomers(newcomers)) => Some(newcomers),
        _ => None,
    }
}

/// Of the lines about that end in that direction: whom else each is about.
fn about<'l>(lines: &'l [Exposure], end: &str, direction: Direction) -> Vec<(&'l ExposureEnds, &'l Exposure)> {
    let of = |line: &'l Exposure| {
        let (own, other) = match direction {
            Direction::Ingress => (&line.destination, &line.source),
            Direction::Egress => (&line.source, &line.destination),
        };
        match own {
            ExposureEnds::Ends(ends) if names(ends).iter().any(|name| name == end) => Some((other, line)),
            _ => None,
        }
    };
    lines.iter().filter_map(of).collect()
}

/// Labels with which a policy selects nobody any more are not tried.
fn has_escapes(cluster: &Cluster, namespace: &str) -> bool {
    let of_place = cluster.policies().iter().filter(|policy| &**policy.name().namespace() == namespace);
    let mut subjects = of_place.flat_map(|policy| policy.subject().expressions());
    subjects.any(|each| matches!(each, Requirement::NotIn { .. } | Requirement::DoesNotExist { .. }))
}

/// How much is held against what: flows of newcomers that pass or may, those that are denied, and flows of addresses.
fn hold(cluster: &Cluster, profile: &Profile, seen: &mut [u64; 4]) {
    let engine = Engine::new(cluster, profile);
    let lines = exposure(&engine, Detail::Pods).unwrap();
    let (comers, changes) = comers(cluster, &lines);
    let mut with = engine.clone();
    with.apply(&changes).unwrap();
    let connectivity = Connectivity::new(&engine);
    let is_host = |name: &ObjectName| cluster.pod(name).is_some_and(|pod| pod.host_network);
    let ends: Vec<(String, Endpoint)> = connectivity
        .regions(Detail::Pods)
        .into_values()
        .flatten()
        .filter_map(|ends| match &ends {
            Ends::Pods(all) if !is_host(&all[0]) => Some((names(&ends).remove(0), Endpoint::Named(all[0].clone()))),
            Ends::Workload(name, kind) if !cluster.workload(kind, name).unwrap().host_network => {
                Some((names(&ends).remove(0), Endpoint::Workload { kind: kind.clone(), name: name.clone() }))
            }
            _ => None,
        })
        .collect();
    let l4s: Vec<L4> = l4s(cluster).into_iter().collect();
    let flow = |direction, own: &Endpoint, other: &Endpoint, l4| match direction {
        Direction::Ingress => Flow::new(other.clone(), own.clone().into(), l4),
        Direction::Egress => Flow::new(own.clone(), other.clone().into(), l4),
    };
    let outside = everybody(cluster, &engine, &[]).addresses;
    let faces: BTreeSet<_> = cluster
        .services()
        .iter()
        .flat_map(|each| each.external_addresses.iter().chain(&each.load_balancer_addresses))
        .collect();
    for (name, end) in &ends {
        for direction in [Direction::Ingress, Direction::Egress] {
            let about = about(&lines, name, direction);
            for comer in &comers {
                let other = Endpoint::Named(comer.name.clone());
                let meant: Vec<_> = about
                    .iter()
                    .filter(|(other, _)| matches!(other, ExposureEnds::Newcomers(who) if comer.is_meant(who)))
                    .collect();
                let is_complete = comer.is_new_place || !has_escapes(cluster, comer.name.namespace());
                for l4 in &l4s {
                    let flow = flow(direction, end, &other, *l4);
                    let Ok(verdict) = with.verdict(&flow) else { continue };
                    let said = meant.iter().filter(|(_, line)| line.ports.contains(*l4)).map(|(_, line)| line.verdict);
                    let said: BTreeSet<Verdict> = said.collect();
                    let is_said = match verdict {
                        Verdict::Deny => true,
                        Verdict::Undefined => said.contains(&Verdict::Undefined) || said.contains(&Verdict::Allow),
                        Verdict::Allow => said.contains(&Verdict::Allow),
                    };
                    assert!(is_said || !is_complete, "{flow}: {verdict}, {comer:?} {meant:?}");
                    seen[usize::from(verdict == Verdict::Deny)] += 1;
                }
            }
            for address in &outside {
                let is_it = |(other, _): &&(&ExposureEnds, &Exposure)| matches!(other, ExposureEnds::Ends(ends) if holds(ends, *address));
                let meant: Vec<_> = about.iter().filter(is_it).collect();
                if direction == Direction::Egress && faces.contains(address) {
                    continue;
                }
                for l4 in &l4s {
                    let flow = flow(direction, end, &Endpoint::Address(*address), *l4);
                    let Ok(verdict) = engine.verdict(&flow) else { continue };
                    let said: Vec<Verdict> = meant
                        .iter()
                        .filter(|(_, line)| line.ports.contains(*l4))
                        .map(|(_, line)| line.verdict)
                        .collect();
                    let expected = if verdict == Verdict::Deny { vec![] } else { vec![verdict] };
                    assert_eq!(said, expected, "{flow}");
                    seen[2] += 1;
                }
            }
        }
    }
    // Each line, of whom it is about: no more than the weakest labels, and every port.
    for line in lines.iter() {
        let Some(who) = newcomers(line) else { continue };
        let key = "kubernetes.io/metadata.name";
        let is_there = |comer: &&Comer| match &who.place {
            NewcomerPlace::Namespace(name) => name == comer.name.namespace(),
            NewcomerPlace::Namespaces(labels) => {
                let mut weak = as_weak(labels);
                if let (None, Some(name)) = (weak.get(key), comer.namespace.get(key)) {
                    weak.insert(LabelKey::new(key).unwrap(), name.clone());
                }
                comer.is_new_place && comer.namespace == weak
            }
            other => panic!("{other:?}"),
        };
        let mut weakest = comers.iter().filter(|comer| comer.labels == as_weak(&who.pods));
        let comer = weakest.find(is_there).unwrap_or_else(|| panic!("{who:?} {comers:?}"));
        let other = Endpoint::Named(comer.name.clone());
        let (direction, own) = match (&line.source, &line.destination) {
            (ExposureEnds::Newcomers(_), ExposureEnds::Ends(own)) => (Direction::Ingress, own),
            (ExposureEnds::Ends(own), _) => (Direction::Egress, own),
            other => panic!("{other:?}"),
        };
        for name in names(own) {
            let (_, end) = ends.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name} is no end"));
            for l4 in l4s.iter().filter(|l4| line.ports.contains(**l4)) {
                let flow = flow(direction, end, &other, *l4);
                let decision = with.decide(&flow).unwrap();
                assert_eq!((decision.verdict, decision.rows), (line.verdict, line.rows), "{flow}: {line:?}");
                seen[3] += 1;
            }
        }
    }
}

#[test]
fn whoever_comes_may_do_what_is_said_and_no_more() {
    let mut seen = [0; 4];
    for (cluster, profile) in worlds() {
        hold(&cluster, &profile, &mut seen);
    }
    println!("{seen:?}");
    assert!(seen.iter().all(|count| *count > 1_000), "{seen:?}");
}

fn said(manifests: &str, detail: Detail) -> Vec<String> {
    let profile = Profile::kubernetes();
    let loaded = Loader::new(profile.release()).text("x.json", manifests).finish();
    assert_eq!(loaded.diagnostics, []);
    let lines = exposure(&Engine::new(&loaded.cluster, &profile), detail).unwrap();
    let of_newcomers = lines.iter().filter(|line| newcomers(line).is_some() && line.verdict == Verdict::Allow);
    of_newcomers.map(|line| serde_json::to_string(line).unwrap()).collect()
}

/// What the weaker may do is said once; who comes to a namespace with policies needs what lets him out, too.
#[test]
fn the_weakest_labels_are_said() {
    let list = |policies: &str| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "List", "items": [
              {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "db", "namespace": "shop", "labels": {{"app": "db"}}}}}},
              {policies}
            ]}}"#
        )
    };
    let db = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "db", "namespace": "shop"},
      "spec": {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress", "Egress"], "ingress": [
        {"ports": [{"port": 80}], "from": [{"namespaceSelector": {}}]},
        {"ports": [{"port": 80}, {"port": 81}], "from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}, "podSelector": {"matchLabels": {"app": "web"}}}]},
        {"ports": [{"port": 82}], "from": [{"podSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}, {"key": "old", "operator": "DoesNotExist"}]}}]}
      ]}}"#;
    let line = |source: &str, ports: &str| {
        format!(
            r#"{{"source":{{"newcomers":{source}}},"destination":{{"pods":["shop/db"]}},"ports":["{ports}"],"verdict":"allow","rows":[]}}"#
        )
    };
    assert_eq!(
        said(&list(db), Detail::Workloads),
        [
            line("{}", "80/tcp"),
            line(r#"{"namespaces":"team=a","pods":"app=web"}"#, "81/tcp"),
            line(r#"{"namespace":"shop","pods":"tier"}"#, "82/tcp"),
        ]
    );
    let shut = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "shut", "namespace": "shop"},
      "spec": {"podSelector": {}, "policyTypes": ["Egress"]}},
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "clients", "namespace": "shop"},
      "spec": {"podSelector": {"matchLabels": {"role": "client"}}, "policyTypes": ["Egress"], "egress": [{}]}}"#;
    assert_eq!(
        said(&list(&format!("{db},{shut}")), Detail::Workloads),
        [
            line("{}", "80/tcp"),
            line(r#"{"namespaces":"team=a","pods":"app=web"}"#, "81/tcp"),
            line(r#"{"namespace":"shop","pods":"role=client,tier"}"#, "82/tcp"),
        ]
    );
}

/// Each value that a selector names is said; whoever has the key alone has none of them.
#[test]
fn values_are_said_one_by_one() {
    let manifests = r#"{"apiVersion": "v1", "kind": "List", "items": [
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "namespace": "shop", "labels": {"app": "db"}}},
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "db", "namespace": "shop"},
       "spec": {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress", "Egress"], "ingress": [
         {"ports": [{"port": 82}], "from": [{"podSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}}]},
         {"ports": [{"port": 83}], "from": [{"podSelector": {"matchExpressions": [
           {"key": "tier", "operator": "In", "values": ["a", "b", "any"]}, {"key": "tier", "operator": "NotIn", "values": ["b"]}]}}]}
       ]}}]}"#;
    let line = |pods: &str, port: u16| {
        format!(
            r#"{{"source":{{"newcomers":{{"namespace":"shop","pods":"{pods}"}}}},"destination":{{"pods":["shop/db"]}},"ports":["{port}/tcp"],"verdict":"allow","rows":[]}}"#
        )
    };
    assert_eq!(said(manifests, Detail::Pods), [line("tier", 82), line("tier=a", 83), line("tier=any", 83)]);
}

fn pod(namespace: &str, name: &str, spec: &str) -> String {
    format!(
        r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}", "namespace": "{namespace}", "labels": {{"app": "{name}"}}}}, "spec": {{{spec}}}}}"#
    )
}

fn policy(name: &str, spec: &str) -> String {
    format!(
        r#"{{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "{name}", "namespace": "shop"}}, "spec": {{{spec}}}}}"#
    )
}

fn list(items: &[String]) -> String {
    format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, items.join(","))
}

fn to_db(newcomers: &str, port: u16) -> String {
    format!(
        r#"{{"source":{{"newcomers":{newcomers}}},"destination":{{"pods":["shop/db"]}},"ports":["{port}/tcp"],"verdict":"allow","rows":[]}}"#
    )
}

/// Several policies mean one namespace that is not there, each with other labels; its name is nobody else's.
#[test]
fn a_namespace_that_is_not_there_may_have_any_labels() {
    let rule = |labels: &str, port: u16| {
        format!(
            r#"{{"ports": [{{"port": {port}}}], "from": [{{"namespaceSelector": {{"matchLabels": {{{labels}}}}}}}]}}"#
        )
    };
    let named = |name: &str, more: &str| format!(r#""kubernetes.io/metadata.name": "{name}"{more}"#);
    let rules = [
        rule(&named("foo", r#", "team": "x1""#), 81),
        rule(&named("foo", r#", "team": "x2""#), 82),
        rule(&named("foo", ""), 80),
        rule(&named("newcomer-0", ""), 83),
    ];
    let spec = format!(
        r#""podSelector": {{"matchLabels": {{"app": "db"}}}}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]"#,
        rules.join(",")
    );
    let name = |labels: &str| format!(r#"{{"namespaces":"kubernetes.io/metadata.name={labels}"}}"#);
    assert_eq!(
        said(&list(&[pod("shop", "db", ""), policy("db", &spec)]), Detail::Pods),
        [
            to_db(&name("foo"), 80),
            to_db(&name("foo,team=x1"), 81),
            to_db(&name("foo,team=x2"), 82),
            to_db(&name("newcomer-0"), 83),
        ]
    );
}

/// Whom a policy shuts in unless he has a label.
#[test]
fn labels_that_keep_policies_off_are_tried() {
    let shut = |requirement: &str| {
        policy("shut", &format!(r#""podSelector": {{"matchExpressions": [{requirement}]}}, "policyTypes": ["Egress"]"#))
    };
    let db = policy(
        "db",
        r#""podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"ports": [{"port": 80}], "from": [{"podSelector": {}}]}]"#,
    );
    let of = |requirement: &str| said(&list(&[pod("shop", "db", ""), shut(requirement), db.clone()]), Detail::Pods);
    let values = r#"{"key": "app", "operator": "NotIn", "values": ["gateway", "db"]}"#;
    assert_eq!(of(values), [to_db(r#"{"namespace":"shop","pods":"app=gateway"}"#, 80),]);
    let missing = r#"{"key": "open", "operator": "DoesNotExist"}"#;
    assert_eq!(of(missing), [to_db(r#"{"namespace":"shop","pods":"open"}"#, 80)]);
}

/// hostNetwork pods are left out, and none the less the others are all there are.
#[test]
fn a_namespace_is_whole_without_its_hosts() {
    let host = pod("shop", "agent", r#""hostNetwork": true"#);
    let lines = said(&list(&[pod("shop", "a", ""), pod("shop", "b", ""), host]), Detail::Namespaces);
    let both = |from: &str, to: &str| {
        format!(r#"{{"source":{from},"destination":{to},"ports":["all","icmp","other"],"verdict":"allow","rows":[]}}"#)
    };
    let (shop, newcomers) = (r#"{"namespace":"shop"}"#, r#"{"newcomers":{}}"#);
    assert_eq!(lines, [both(shop, newcomers), both(newcomers, shop)]);
}

#[test]
fn too_many_are_refused_and_the_policy_is_named() {
    let values: Vec<String> = (0..30).map(|at| format!(r#""v{at}""#)).collect();
    let keys: Vec<String> =
        (0..4).map(|at| format!(r#"{{"key": "k{at}", "operator": "In", "values": [{}]}}"#, values.join(","))).collect();
    let manifests = format!(
        r#"{{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "p", "namespace": "x"}},
            "spec": {{"podSelector": {{}}, "ingress": [{{"from": [{{"podSelector": {{"matchExpressions": [{}]}}}}]}}]}}}}"#,
        keys.join(",")
    );
    let profile = Profile::kubernetes();
    let loaded = Loader::new(profile.release()).text("x.json", &manifests).finish();
    let TooManyNewcomers { policy, count, .. } =
        exposure(&Engine::new(&loaded.cluster, &profile), Detail::Pods).unwrap_err();
    assert_eq!((policy, count), (ObjectName::new("x", "p"), 810_000));
}
