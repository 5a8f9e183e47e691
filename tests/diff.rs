//! What differs between two clusters, held against brute force: every pair of ends, every port that anything in either names and
//! its neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netpol_oracle::analysis::{Baseline, ConnectionChange, Connectivity, Detail, Diff, Ends, Isolation};
use netpol_oracle::diagnostic::{Code, Diagnostic};
use netpol_oracle::labels::Selector;
use netpol_oracle::model::{ObjectId, PolicyTypes};
use netpol_oracle::{
    Change, Cluster, Decide, Destination, Direction, Endpoint, Engine, Flow, L4, NetworkPolicy, ObjectName, Port,
    Profile, Protocol, Verdict,
};

use crate::connectivity::{Everybody, everybody, holds, l4s, names, pod_text, policy_text, service_text, wanted};

use crate::plane::sequences::{Sequence, real_sequences, sequences};
use crate::support::tiny_changes::tiny_change;

/// The verdict; Deny where there is nothing to judge.
fn verdict(engine: &Engine, flow: &Flow) -> Verdict {
    engine.decide(flow).map_or(Verdict::Deny, |decision| decision.verdict)
}

fn both(before: &Engine, after: &Engine, clusters: [&Cluster; 2]) -> (Everybody, BTreeSet<L4>) {
    let of = |engine: &Engine, cluster: &Cluster| {
        everybody(cluster, engine, &Connectivity::new(engine).connections(Detail::Pods))
    };
    let [one, other] = [of(before, clusters[0]), of(after, clusters[1])];
    let addresses: BTreeSet<IpAddr> = one.addresses.iter().chain(&other.addresses).copied().collect();
    let is_nobodys = |address: &IpAddr| one.addresses.contains(address) == other.addresses.contains(address);
    let all = one.all.into_iter().filter(|end| other.all.contains(end)).collect();
    let services = one.services.into_iter().filter(|service| other.services.contains(service)).collect();
    let l4s = clusters.iter().flat_map(|cluster| l4s(cluster)).collect();
    (Everybody { all, services, addresses: addresses.into_iter().filter(is_nobodys).collect() }, l4s)
}

/// How many flows were compared; or the first on which the two differ.
fn compare(before: &Engine, after: &Engine, clusters: [&Cluster; 2]) -> Result<usize, String> {
    hold_lines(Diff::new(before, after).changes(Detail::Pods), [before, after], clusters)
}

/// The same, of what was said.
fn hold_lines(
    lines: Vec<ConnectionChange>,
    [before, after]: [&Engine; 2],
    clusters: [&Cluster; 2],
) -> Result<usize, String> {
    let (ends, l4s) = both(before, after, clusters);
    let mut said: BTreeMap<(String, String), Vec<&ConnectionChange>> = BTreeMap::new();
    for line in &lines {
        for source in names(&line.source) {
            for destination in names(&line.destination) {
                said.entry((source.clone(), destination)).or_default().push(line);
            }
        }
    }
    let mut compared = 0;
    let mut check = |flow: Flow, lines: Vec<&ConnectionChange>| {
        compared += 1;
        let expected = (verdict(before, &flow), verdict(after, &flow));
        let found: Vec<_> = lines.iter().filter(|line| line.ports.contains(flow.l4)).collect();
        let is_right = match found.as_slice() {
            [] => expected.0 == expected.1,
            [line] => (line.before, line.after) == expected,
            _ => false,
        };
        if is_right { Ok(()) } else { Err(format!("{flow}: {found:?}, by brute force {expected:?}")) }
    };
    let of = |from: &String, to: &String| said.get(&(from.clone(), to.clone())).cloned().unwrap_or_default();
    for (from, source) in &ends.all {
        for l4 in &l4s {
            let targets = ends.all.iter().map(|(name, end)| (name, Destination::Endpoint(end.clone())));
            let services = ends.services.iter().map(|(name, service)| (name, service.clone()));
            for (to, destination) in targets.chain(services) {
                if from == to && matches!(source, Endpoint::Named(_)) {
                    continue;
                }
                check(Flow::new(source.clone(), destination, *l4), of(from, to))?;
            }
            for address in &ends.addresses {
                let end = Endpoint::Address(*address);
                let is_it = |each: &Ends| names(each).contains(from);
                let out = lines.iter().filter(|line| is_it(&line.source) && holds(&line.destination, *address));
                check(Flow::new(source.clone(), end.clone().into(), *l4), out.collect())?;
                let into = lines.iter().filter(|line| holds(&line.source, *address) && is_it(&line.destination));
                check(Flow::new(end, source.clone().into(), *l4), into.collect())?;
            }
        }
    }
    for (name, service) in &ends.services {
        for (l4, address) in l4s.iter().flat_map(|l4| ends.addresses.iter().map(move |address| (l4, address))) {
            let into =
                lines.iter().filter(|line| holds(&line.source, *address) && names(&line.destination).contains(name));
            check(Flow::new(Endpoint::Address(*address), service.clone(), *l4), into.collect())?;
        }
    }
    isolation(before, after)?;
    for line in &lines {
        let witnessed = (verdict(before, &line.witness), verdict(after, &line.witness));
        if witnessed != (line.before, line.after) {
            return Err(format!("the witness of {line:?} says {witnessed:?}"));
        }
    }
    Ok(compared)
}

/// Who becomes isolated or free, against what each of the two says of whom policies isolate.
fn isolation(before: &Engine, after: &Engine) -> Result<(), String> {
    let found = Diff::new(before, after).isolation(Detail::Pods);
    let said = |engine: &Engine| -> BTreeMap<(String, Direction), Isolation> {
        let connectivity = Connectivity::new(engine);
        let unprotected = connectivity.unprotected(Detail::Pods);
        let ends = connectivity.regions(Detail::Pods).into_values().flatten();
        let pods = ends.filter(|ends| matches!(ends, Ends::Pods(_) | Ends::Workload(..)));
        let both = pods.flat_map(|ends| {
            let name = names(&ends).remove(0);
            let own = unprotected.iter().find(|each| names(&each.ends).contains(&name));
            let of = own.map_or([Isolation::Isolated; 2], |own| [own.ingress, own.egress]);
            [((name.clone(), Direction::Ingress), of[0]), ((name, Direction::Egress), of[1])]
        });
        both.collect()
    };
    let (before, after) = (said(before), said(after));
    let expected = before.iter().filter_map(|(key, before)| Some((key.clone(), (*before, *after.get(key)?))));
    let expected: BTreeMap<_, _> = expected.filter(|(_, (before, after))| before != after).collect();
    let found: BTreeMap<_, _> = found
        .iter()
        .flat_map(|each| names(&each.ends).into_iter().map(|name| ((name, each.direction), (each.before, each.after))))
        .collect();
    if found == expected { Ok(()) } else { Err(format!("isolated: {found:?}, of each by itself {expected:?}")) }
}

fn hold(worlds: impl Iterator<Item = ([Cluster; 2], [Profile; 2])>) {
    let (mut compared, mut wrong) = (0, Vec::new());
    for (at, (clusters, profiles)) in worlds.enumerate() {
        let [before, after] = [0, 1].map(|which| Engine::new(&clusters[which], &profiles[which]));
        match compare(&before, &after, [&clusters[0], &clusters[1]]) {
            Ok(more) => compared += more,
            Err(difference) => {
                println!("world {at}: {difference}");
                wrong.push(difference);
            }
        }
    }
    println!("{compared} flows");
    assert!(wrong.is_empty(), "{} worlds: {}", wrong.len(), wrong[0]);
}

#[test]
fn changes_of_tiny_worlds_are_all_listed() {
    hold((0..wanted(20) as u64).map(tiny));
}

/// Where what a node runs counts for a pod that its hostIPs alone place there (C6).
#[test]
fn changes_of_tiny_worlds_are_listed_where_they_once_were_not() {
    hold([53, 139, 223, 244, 310, 369].into_iter().map(tiny));
}

fn tiny(seed: u64) -> ([Cluster; 2], [Profile; 2]) {
    let change = tiny_change(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (change.clusters, change.profiles)
}

#[test]
fn changes_of_worlds_that_go_on_are_all_listed() {
    let count = follow(sequences().take(wanted(10)));
    assert!(count > wanted(10));
}

/// Where a backend of a Service finishes: one of the two snapshots alone has it.
#[test]
fn changes_are_listed_where_a_backend_is_gone() {
    assert!(follow(sequences().skip(127).take(1)) > 0);
}

/// The engine that followed the changes stands for the second cluster: what did not change is not asked again. Returns how many
/// steps there were.
fn follow(all: impl Iterator<Item = Sequence>) -> usize {
    let (mut compared, mut count) = (0, 0);
    for sequence in all {
        let mut engine = Engine::new(&sequence.before, &sequence.profile);
        let mut cluster = sequence.before.clone();
        for (changes, after) in sequence.steps.iter().take(3) {
            let before = Engine::new(&cluster, &sequence.profile);
            engine.apply(changes).unwrap();
            compared += compare(&before, &engine, [&cluster, after]).unwrap_or_else(|wrong| panic!("{count}: {wrong}"));
            cluster = after.clone();
            count += 1;
        }
    }
    println!("{count} steps: {compared} flows");
    count
}

/// Changes of policies alone, against brute force, and against two engines that know nothing of each other. Policies of other worlds
/// bring selectors and addresses that nobody told apart before.
fn hold_policies(all: impl Iterator<Item = Sequence>, most: usize) {
    let all: Vec<Sequence> = all.collect();
    let (mut compared, mut tried, mut told, mut split) = (0, 0, 0, 0);
    for (at, sequence) in all.iter().enumerate() {
        let before = Engine::new(&sequence.before, &sequence.profile);
        let baseline = Baseline::new(&before);
        let mut last: Option<Engine> = None;
        let others = all.iter().cycle().skip(at + 1).take(all.len() - 1);
        let is_there = |policy: &&NetworkPolicy| {
            sequence.before.pods().iter().any(|pod| pod.name.namespace() == policy.name().namespace())
        };
        let come = others.flat_map(|other| other.before.policies().iter()).filter(is_there).take(most / 2);
        let come = come.map(|policy| vec![Change::Put(policy.clone().into())]);
        let gone =
            sequence.before.policies().iter().map(|policy| Change::Remove(ObjectId::Policy(policy.name().clone())));
        let gone: Vec<Change> = gone.collect();
        let one_by_one = gone.iter().map(|change| vec![change.clone()]).take(most / 2);
        for changes in come.chain(one_by_one).chain([gone.clone(), Vec::new()]) {
            let mut after = before.clone();
            after.apply(&changes).unwrap();
            let diff = baseline.diff(&after);
            let lines = diff.changes(Detail::Pods);
            let clusters = [before.cluster(), after.cluster()];
            let [one, other] = clusters.map(|cluster| Engine::new(cluster, &sequence.profile));
            let fresh = Diff::new(&one, &other);
            let of = format!("world {at}, after {changes:?}");
            assert_eq!(lines, fresh.changes(Detail::Pods), "{of}");
            assert_eq!(diff.changes(Detail::Namespaces), fresh.changes(Detail::Namespaces), "{of}");
            assert_eq!(diff.isolation(Detail::Pods), fresh.isolation(Detail::Pods), "{of}");
            assert_eq!(diff.regions(Detail::Workloads), fresh.regions(Detail::Workloads), "{of}");
            assert!(diff.gone().is_empty() && diff.come().is_empty());
            assert_eq!(lines.is_empty(), diff.is_empty(), "{of}");
            (told, tried) = (told + usize::from(!lines.is_empty()), tried + 1);
            split += usize::from(lines.iter().any(|line| matches!(line.source, Ends::Addresses(_))));
            if let Some(previous) = last.replace(after.clone()) {
                let [one, other] = [&previous, &after].map(|engine| Engine::new(engine.cluster(), &sequence.profile));
                // Classes of policies that are gone may keep ends apart: then more lines say the same.
                let lines = baseline.between(&previous, &after).changes(Detail::Pods);
                if lines != Diff::new(&one, &other).changes(Detail::Pods) {
                    let clusters = [previous.cluster(), after.cluster()];
                    hold_lines(lines, [&previous, &after], clusters)
                        .unwrap_or_else(|wrong| panic!("{of}, from another: {wrong}"));
                }
            }
            if tried % 4 == 0 {
                compared +=
                    hold_lines(lines, [&before, &after], clusters).unwrap_or_else(|wrong| panic!("{of}: {wrong}"));
            }
        }
    }
    println!("{tried} changes, {told} of them told, {split} from outside; {compared} flows");
    assert!(told * 4 > tried && split > 0, "{told} of {tried}, {split} from outside");
}

#[test]
fn changes_of_policies_alone_are_all_listed() {
    hold_policies(sequences().take(wanted(12)), 8);
}

#[test]
fn changes_of_policies_of_worlds_as_real_clusters_are_all_listed() {
    hold_policies(real_sequences().take(wanted(8)), 6);
}

/// Pods that are as they were, each with rules of another sort about the two that change, in both directions: those whose rules match
/// neither are one kind, and no others are.
#[test]
fn what_rules_say_of_those_that_change_tells_others_apart() {
    let pod = |name: &str, ips: &[&str]| {
        let (namespace, app) = name.split_once('/').unwrap();
        let ips: Vec<String> = ips.iter().map(|ip| format!(r#"{{"ip": "{ip}"}}"#)).collect();
        let labels = if namespace == "a" { r#"{"app": "t"}"#.to_owned() } else { format!(r#"{{"app": "{app}"}}"#) };
        format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{app}", "namespace": "{namespace}", "labels": {labels}}},
                "spec": {{"nodeName": "n"}}, "status": {{"podIPs": [{}]}}}}"#,
            ips.join(",")
        )
    };
    let isolated = |app: &str, peers: &str| {
        let rules = |peers_are: &str| match peers {
            "" => "[]".to_owned(),
            "all" => "[{}]".to_owned(),
            peers => format!(r#"[{{"{peers_are}": [{peers}]}}]"#),
        };
        format!(
            r#"{{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "{app}", "namespace": "b"}},
                "spec": {{"podSelector": {{"matchLabels": {{"app": "{app}"}}}}, "policyTypes": ["Ingress", "Egress"],
                         "ingress": {}, "egress": {}}}}}"#,
            rules("from"),
            rules("to")
        )
    };
    let of_t = r#"{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "t"}}}"#;
    let all = [
        pod("a/t", &["10.0.0.1"]),
        // Nobody isolates it, but those in its own namespace.
        pod("b/free", &["10.0.1.1"]),
        pod("b/none", &["10.0.1.2"]),
        pod("b/nor", &["10.0.1.3"]),
        pod("b/block", &["10.0.1.4"]),
        pod("b/waits", &["10.0.1.5"]),
        pod("b/select", &["10.0.1.6"]),
        pod("b/own", &["10.0.1.7"]),
        pod("b/all", &["10.0.1.8"]),
        pod("b/both", &["10.0.1.9", "fd00::9"]),
        isolated("none", ""),
        isolated("nor", ""),
        isolated("both", ""),
        isolated("block", r#"{"ipBlock": {"cidr": "10.0.0.1/32"}}"#),
        isolated("waits", r#"{"ipBlock": {"cidr": "10.0.0.64/26"}}"#),
        isolated("select", of_t),
        isolated("own", r#"{"podSelector": {"matchLabels": {"app": "t"}}}"#),
        isolated("all", "all"),
    ];
    // Of a pod whose address is not known any block may hold it.
    let waits = pod("a/waits", &[]);
    for items in [all.to_vec(), [&[waits], &all[..]].concat()] {
        let text = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, items.join(","));
        let loaded = netpol_oracle::Loader::new(Profile::kubernetes().release()).text("x.json", &text).finish();
        let before = Engine::new(&loaded.cluster, &Profile::kubernetes());
        let baseline = Baseline::new(&before);
        let deny = |types: PolicyTypes| {
            let name = ObjectName::new("a", "deny");
            Change::Put(NetworkPolicy::new(name, Selector::everything(), types, vec![], vec![]).into())
        };
        for types in [PolicyTypes::Ingress, PolicyTypes::Egress, PolicyTypes::Both] {
            let mut after = before.clone();
            after.apply(&[deny(types)]).unwrap();
            for [from, to] in [[&before, &after], [&after, &before]] {
                let lines = baseline.between(from, to).changes(Detail::Pods);
                assert!(lines.len() > 2, "{lines:?}");
                hold_lines(lines, [from, to], [from.cluster(), to.cluster()]).unwrap();
            }
        }
        // And a rule of theirs own that comes: blocks and selectors that nobody had.
        let open = isolated("none", of_t);
        let block = isolated("nor", r#"{"ipBlock": {"cidr": "10.0.0.0/31"}}"#);
        for policy in [open, block] {
            let loaded = netpol_oracle::Loader::new(Profile::kubernetes().release()).text("y.json", &policy).finish();
            let mut after = before.clone();
            after.apply(&[Change::Put(loaded.cluster.policies().first().unwrap().clone().into())]).unwrap();
            let lines = baseline.diff(&after).changes(Detail::Pods);
            assert!(!lines.is_empty());
            hold_lines(lines, [&before, &after], [before.cluster(), after.cluster()]).unwrap();
        }
    }
}

/// Pods that are as they were, before a Service and a nodePort that lead to one who changes, to one who does not and to a pod on its
/// node's network; and nodes, of which some run those who change: whoever meets any of these otherwise is no other's like.
#[test]
fn what_leads_to_those_that_change_tells_others_apart() {
    let pod = |namespace: &str, app: &str, node: &str, more: &str, ip: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {app}, namespace: {namespace}, labels: {{app: {app}, in: {namespace}}}}}, \
             spec: {{nodeName: {node}, {more} containers: [{{name: c, ports: [{{name: http, containerPort: 80}}]}}]}}, \
             status: {{phase: Running, hostIP: 192.168.0.{}, podIP: {ip}}}}}\n---\n",
            &node[1..]
        )
    };
    let node = |at: u8| {
        format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: n{at}}}, \
             status: {{addresses: [{{type: InternalIP, address: 192.168.0.{at}}}]}}}}\n---\n"
        )
    };
    let policy = |namespace: &str, app: &str, spec: &str| {
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {app}, namespace: {namespace}}}, \
             spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, {spec}}}}}\n---\n"
        )
    };
    let to = |rule: &str| format!("policyTypes: [Egress], egress: [{rule}]");
    let block = |cidr: &str| format!("{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}");
    let of_a = |app: &str| {
        format!("{{to: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: {app}, in: a}}}}}}]}}")
    };
    let service = |more: &str, name: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: a}}, spec: {{selector: {{in: a}}, {more}}}}}\n---\n"
        )
    };
    let mut world: String = (1..=6).map(node).collect();
    world += &pod("a", "t", "n1", "", "10.0.0.1");
    world += &pod("a", "beside", "n2", "", "10.0.0.2");
    // In the namespace of those who change, behind nothing.
    world += &pod("c", "t", "n2", "", "10.0.2.1");
    world += &pod("a", "alone", "n5", "", "10.0.2.4").replace("in: a", "in: none");
    world += &pod("a", "mate", "n4", "", "10.0.2.2").replace("in: a", "in: none");
    world += &pod("a", "mute", "n5", "", "10.0.2.3").replace("in: a", "in: none");
    world += &policy("a", "mate", &to("{to: [{podSelector: {matchLabels: {app: t}}}]}"));
    world += &policy("a", "mute", &to("{to: [{podSelector: {matchLabels: {app: nobody}}}]}"));
    world +=
        &service("type: NodePort, clusterIP: 10.96.0.1, ports: [{port: 80, targetPort: http, nodePort: 30080}]", "s");
    world += &service("clusterIP: None", "headless");
    let senders = [
        ("free", String::new()),
        ("free-too", String::new()),
        ("none", to("")),
        ("nor", to("")),
        ("beside", to(&of_a("beside"))),
        ("both", to(&(of_a("t") + ", " + &of_a("beside")))),
        ("node", to(&block("192.168.0.2/32"))),
        ("other-node", to(&block("192.168.0.5/32"))),
        ("host", to(&block("192.168.0.3/32"))),
        ("service", to(&block("10.96.0.1/32"))),
    ];
    for (at, (app, spec)) in senders.iter().enumerate() {
        // Each on a node of its own, or with others.
        world += &pod("b", app, ["n4", "n5"][at % 2], "", &format!("10.0.1.{at}"));
        if !spec.is_empty() {
            world += &policy("b", app, spec);
        }
    }
    world += &policy("b", "free", "policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/31}}]}]");
    world += &policy(
        "a",
        "t",
        "policyTypes: [Ingress, Egress], egress: [{to: [{ipBlock: {cidr: 10.0.1.0/29}}]}], \
         ingress: [{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: In, values: [free, nor]}]}}]}, \
         {from: [{ipBlock: {cidr: 192.168.0.4/31}}], ports: [{port: 80}]}]",
    );
    let profile = Profile::kubernetes();
    let read = |text: &str| {
        let loaded = netpol_oracle::Loader::new(profile.release()).text("world.yaml", text).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        loaded.cluster
    };
    // Who may be his node and may be a pod (U2) is no other's like, and sees nobody as another.
    let host = pod("a", "host", "n3", "hostNetwork: true,", "192.168.0.3");
    // And where the other behind the Service admits but one sender, for all the rest it hangs on the one who changes alone.
    let of_free = "{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: free}}}]}";
    let shut = policy("a", "beside", &format!("policyTypes: [Ingress], ingress: [{of_free}]"));
    for world in [world.clone(), world.clone() + &shut, world + &host] {
        let before = Engine::new(&read(&world), &profile);
        let baseline = Baseline::new(&before);
        let to_nodes = to(&block("192.168.0.4/30"));
        let changes = [
            "policyTypes: [Ingress], ingress: []",
            "policyTypes: [Ingress], ingress: [{}]",
            "policyTypes: [Egress], egress: []",
            "policyTypes: [Egress], egress: [{}]",
            "policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 192.168.0.6/32}}, {ipBlock: {cidr: 10.0.1.1/32}}]}]",
            "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.168.0.3/32}}]}]",
            "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: beside}}}]}]",
            "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}], ports: [{port: http}]}]",
            &to_nodes,
        ];
        let mut engines = vec![before.clone()];
        for spec in changes {
            let policy = read(&policy("a", "t", spec)).policies().first().unwrap().clone();
            let mut after = before.clone();
            after.apply(&[Change::Put(policy.into())]).unwrap();
            engines.push(after);
        }
        // Each is what was and what comes; brute force takes its time.
        for (from, to) in engines.iter().zip(engines.iter().cycle().skip(1)) {
            let lines = baseline.between(from, to).changes(Detail::Pods);
            assert!(!lines.is_empty());
            hold_lines(lines, [from, to], [from.cluster(), to.cluster()]).unwrap();
        }
    }
}

/// Rules that come, go or change where others isolate already: they say something new of those alone whom they look at, and of what
/// leads to these (K23, U4, U5, U6).
#[test]
fn rules_that_change_say_nothing_new_of_whom_they_do_not_look_at() {
    // In another namespace than those whose rules change: in their own all are looked at anew.
    let elsewhere = |text: String| text.replace("namespace: x", "namespace: other");
    let others = pod_text("aa", "app: aa", "10.0.0.1", 80)
        + &pod_text("b", "app: b, in: be", "10.0.0.2", 80)
        + &pod_text("c", "app: c", "10.0.0.3", 80)
        + &pod_text("d", "app: d", "10.0.0.4", 80)
        + &pod_text("e", "app: e, in: be", "10.0.0.5", 80)
        + &pod_text("nowhere", "app: nowhere", "none", 80).replace(", podIP: none", "")
        + &pod_text("z", "app: z", "10.1.0.8", 80);
    let of = |app: &str| format!("{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: {app}}}}}}}");
    let policies = policy_text(
        "d",
        &format!("podSelector: {{matchLabels: {{app: d}}}}, policyTypes: [Egress], egress: [{{to: [{}]}}]", of("t")),
    ) + &policy_text(
        "b",
        &format!("podSelector: {{matchLabels: {{app: b}}}}, ingress: [{{from: [{}]}}]", of("t")),
    );
    let service = service_text("be", "in: be").replace("selector:", "externalIPs: [192.0.2.10], selector:");
    let base = format!(
        "podSelector: {{matchLabels: {{app: t}}}}, policyTypes: [Ingress, Egress], ingress: [{{from: [{0}]}}], egress: [{{to: [{0}]}}]",
        of("e")
    );
    let node = "{apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 10.9.0.2}]}}\n---\n";
    let ported = service_text("t", "app: t")
        .replace("clusterIP: 10.96.0.1", "type: NodePort, clusterIP: 10.96.0.2")
        .replace("port: 80,", "port: 80, nodePort: 30080,");
    let world = elsewhere(others + &policies + &service)
        + node
        + &pod_text("t", "app: t", "10.0.0.6", 80)
        + &pod_text("u", "app: t", "10.0.0.7", 80)
        + &policy_text("base", &base);
    let worlds = [world.clone(), world + &ported];
    let block = |cidr: &str| format!("{{ipBlock: {{cidr: {cidr}}}}}");
    let peers = ["aa", "b", "c", "d", "t", "nowhere"].map(of).into_iter();
    let peers = peers.chain(["10.0.0.3/32", "10.0.0.0/29", "10.9.0.2/32", "192.0.2.10/32"].map(block));
    let rules = peers.flat_map(|peer| {
        [
            format!("policyTypes: [Ingress], ingress: [{{from: [{peer}]}}]"),
            format!("policyTypes: [Egress], egress: [{{to: [{peer}]}}]"),
        ]
    });
    let all = ["policyTypes: [Ingress], ingress: [{}]".to_owned(), "policyTypes: [Egress], egress: [{}]".to_owned()];
    let rules: Vec<String> = rules.chain(all).collect();
    // Under the second rules may be held against something else than ends: then nobody is left out.
    let tunnel = Profile::tunnel("v1.31.6-r0".parse().unwrap());
    let kubernetes = Profile::kubernetes();
    for (profile, world, every, least) in
        [(&kubernetes, &worlds[0], 1, 50), (&kubernetes, &worlds[1], 4, 10), (&tunnel, &worlds[0], 6, 5)]
    {
        let read = |text: &str| {
            let loaded = netpol_oracle::Loader::new(profile.release()).text("world.yaml", text).finish();
            assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
            loaded.cluster
        };
        let before = Engine::new(&read(world), profile);
        let baseline = Baseline::new(&before);
        let mut engines = vec![before.clone()];
        for rules in rules.iter().step_by(every) {
            let policy = read(&policy_text("p", &format!("podSelector: {{matchLabels: {{app: t}}}}, {rules}")));
            let mut after = before.clone();
            after.apply(&[Change::Put(policy.policies().first().unwrap().clone().into())]).unwrap();
            engines.push(after);
        }
        let mut told = 0;
        // It comes, is another each time, and goes.
        for (from, to) in engines.iter().zip(engines.iter().cycle().skip(1)) {
            let lines = baseline.between(from, to).changes(Detail::Pods);
            told += lines.len();
            hold_lines(lines, [from, to], [from.cluster(), to.cluster()]).unwrap();
        }
        assert!(told > least, "{told}");
    }
}

/// A Service that leads to a pod on its node's network alone is met otherwise by a sender whose rules change.
#[test]
fn what_leads_to_hosts_is_met_otherwise_by_those_that_change() {
    let profile = Profile::kubernetes();
    let read = |text: &str| {
        let loaded = netpol_oracle::Loader::new(profile.release()).text("world.yaml", text).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        loaded.cluster
    };
    let host =
        pod_text("host", "app: host", "192.168.0.3", 80).replace("nodeName: n1", "nodeName: n3, hostNetwork: true");
    let client = pod_text("client", "app: client", "10.0.0.1", 80);
    let before = Engine::new(&read(&(host + &client + &service_text("s", "app: host"))), &profile);
    let deny = read(&policy_text("p", "podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]"));
    let mut after = before.clone();
    after.apply(&[Change::Put(deny.policies().first().unwrap().clone().into())]).unwrap();
    let lines = Baseline::new(&before).diff(&after).changes(Detail::Pods);
    assert!(lines.iter().any(|line| line.destination.to_string() == "svc/x/s"), "{lines:?}");
    hold_lines(lines, [&before, &after], [before.cluster(), after.cluster()]).unwrap();
}

/// Pods that no policy told apart, until one comes that does: by a label, or by an address.
#[test]
fn what_was_one_comes_apart() {
    let text = pod_text("one", "app: web, tier: one", "10.0.0.2", 80)
        + &pod_text("two", "app: web, tier: two", "10.0.0.3", 80)
        + &pod_text("three", "app: web, tier: two", "10.0.0.4", 80)
        + &pod_text("client", "app: client", "10.0.0.1", 80);
    let profile = Profile::kubernetes();
    let read = |text: &str| {
        let loaded = netpol_oracle::Loader::new(profile.release()).text("world.yaml", text).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        loaded.cluster
    };
    let before = Engine::new(&read(&text), &profile);
    let baseline = Baseline::new(&before);
    for spec in [
        "podSelector: {matchLabels: {tier: one}}, ingress: []",
        "podSelector: {matchLabels: {tier: two}}, policyTypes: [Egress]",
        "podSelector: {matchLabels: {app: client}}, ingress: [{from: [{podSelector: {matchLabels: {tier: one}}}]}]",
        "podSelector: {matchLabels: {app: client}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.2/31}}]}]",
        "podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.3/32}}]}]",
        "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.3/32}}]}]",
        "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.3/32}}]}]",
    ] {
        let policy = read(&policy_text("p", spec)).policies().first().unwrap().clone();
        let mut after = before.clone();
        after.apply(&[Change::Put(policy.into())]).unwrap();
        for [from, to] in [[&before, &after], [&after, &before]] {
            let lines = baseline.between(from, to).changes(Detail::Pods);
            assert!(!lines.is_empty());
            hold_lines(lines, [from, to], [from.cluster(), to.cluster()]).unwrap();
        }
    }
}

#[test]
fn a_source_that_changes_is_asked_anew() {
    let cluster = |app: &str| {
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "List", "items": [
              {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "web", "namespace": "x", "labels": {{"app": "{app}"}}}}, "spec": {{}},
               "status": {{"podIP": "10.0.0.1"}}}},
              {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "db", "namespace": "x", "labels": {{"app": "db"}}}}, "spec": {{}},
               "status": {{"podIP": "10.0.0.2"}}}},
              {{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "db", "namespace": "x"}},
               "spec": {{"podSelector": {{"matchLabels": {{"app": "db"}}}},
                        "ingress": [{{"from": [{{"podSelector": {{"matchLabels": {{"app": "web"}}}}}}]}}]}}}}
            ]}}"#
        );
        let loaded = netpol_oracle::Loader::new(Profile::kubernetes().release()).text("x.json", &text).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        loaded.cluster
    };
    let clusters = [cluster("old"), cluster("web")];
    let [before, after] = [0, 1].map(|at| Engine::new(&clusters[at], &Profile::kubernetes()));
    compare(&before, &after, [&clusters[0], &clusters[1]]).unwrap();
    let changes = Diff::new(&before, &after).changes(Detail::Pods);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].witness.to_string(), "x/web -> x/db:1/tcp");
}

/// Nodes, or what pods say of them, change: no policy and no other end does.
#[test]
fn nodes_that_change_are_asked_anew() {
    let cluster = |first: &str, host: &str| {
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "List", "items": [
              {{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "x"}}}},
              {{"apiVersion": "v1", "kind": "Node", "metadata": {{"name": "n1"}},
               "status": {{"addresses": [{{"type": "InternalIP", "address": "{first}"}}]}}}},
              {{"apiVersion": "v1", "kind": "Node", "metadata": {{"name": "n2"}},
               "status": {{"addresses": [{{"type": "InternalIP", "address": "10.9.0.2"}}, {{"type": "InternalIP", "address": "fd09::2"}}]}}}},
              {{"apiVersion": "v1", "kind": "Node", "metadata": {{"name": "n3"}},
               "status": {{"addresses": [{{"type": "InternalIP", "address": "10.9.0.3"}}]}}}},
              {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "agent", "namespace": "x"}},
               "spec": {{"hostNetwork": true, "nodeName": "n4"}}, "status": {{"podIP": "{host}"}}}},
              {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "nine", "namespace": "x"}}, "spec": {{"nodeName": "n9"}},
               "status": {{"podIP": "10.0.0.9", "hostIP": "10.9.0.9", "hostIPs": [{{"ip": "10.9.0.9"}}]}}}},
              {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "four", "namespace": "x"}}, "spec": {{"nodeName": "n3"}},
               "status": {{"podIP": "10.0.0.4"}}}},
              {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "six", "namespace": "x", "labels": {{"app": "six"}}}}, "spec": {{"nodeName": "n3"}},
               "status": {{"podIP": "fd00::6"}}}},
              {{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "six", "namespace": "x"}},
               "spec": {{"podSelector": {{"matchLabels": {{"app": "six"}}}}, "ingress": [{{"ports": [{{"port": 80}}]}}]}}}}
            ]}}"#
        );
        let loaded = netpol_oracle::Loader::new(Profile::kubernetes().release()).text("x.json", &text).finish();
        loaded.cluster
    };
    // In the last a pod claims the address by which alone a node is known (K20).
    let worlds = [("10.9.0.1", "10.9.0.4"), ("fd09::1", "10.9.0.4"), ("10.9.0.1", "fd09::4"), ("10.9.0.1", "10.9.0.9")];
    let clusters = worlds.map(|(first, host)| cluster(first, host));
    let mut changes = 0;
    for (one, other) in clusters.iter().flat_map(|one| clusters.iter().map(move |other| (one, other))) {
        let [before, after] = [one, other].map(|cluster| Engine::new(cluster, &Profile::kubernetes()));
        compare(&before, &after, [one, other]).unwrap();
        changes += Diff::new(&before, &after).changes(Detail::Pods).len();
    }
    assert!(changes > 20, "{changes}");
}

/// The tiny clusters are not all alike: most change, in every way.
#[test]
fn tiny_worlds_change_in_every_way() {
    let (mut verdicts, mut isolation, mut changed) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (clusters, profiles) in (0..200).map(tiny) {
        let [before, after] = [0, 1].map(|at| Engine::new(&clusters[at], &profiles[at]));
        let diff = Diff::new(&before, &after);
        let changes = diff.changes(Detail::Workloads);
        changed += u32::from(!changes.is_empty());
        verdicts.extend(changes.iter().map(|change| (change.before, change.after)));
        isolation.extend(diff.isolation(Detail::Workloads).iter().map(|each| (each.before, each.after)));
    }
    assert!(changed > 80, "{changed}");
    assert_eq!((verdicts.len(), isolation.len()), (6, 6), "{verdicts:?} {isolation:?}");
}

/// Three in one workload, one policy more: what is said of it, in all.
#[test]
fn a_policy_more_closes_everything_but_its_rule() {
    let pod = |name: &str, app: &str, at: u8| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}", "namespace": "a", "labels": {{"app": "{app}"}}}},
                "spec": {{}}, "status": {{"podIP": "10.0.0.{at}"}}}}"#
        )
    };
    let pods = [pod("web-0", "web", 1), pod("web-1", "web", 2), pod("db-0", "db", 3), pod("api-0", "api", 4)].join(",");
    let policy = r#",{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "db", "namespace": "a"},
        "spec": {"podSelector": {"matchLabels": {"app": "db"}},
                 "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 6379}]}]}}"#;
    let engine = |more: &str| {
        let text = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{pods}{more}]}}"#);
        let loaded = netpol_oracle::Loader::new(Profile::kubernetes().release()).text("x.json", &text).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        Engine::new(&loaded.cluster, &Profile::kubernetes())
    };
    let (before, after) = (engine(""), engine(policy));
    let said = |before: &Engine, after: &Engine| -> Vec<String> {
        let diff = Diff::new(before, after);
        let isolation = diff.isolation(Detail::Workloads);
        let isolation = isolation.iter().map(|each| serde_json::to_string(each).unwrap());
        let changes = diff.changes(Detail::Workloads);
        let changes = changes.iter().map(|each| serde_json::to_string(each).unwrap());
        isolation.chain(changes).collect()
    };
    let all = r#"["all"]"#;
    let but_one = r#"["1-6378/tcp","6380-65535/tcp","1-65535/udp","1-65535/sctp"]"#;
    let line = |from: &str, ports: &str, after: &str, witness: &str| {
        format!(
            r#"{{"source":{from},"destination":{{"pods":["a/db-0"]}},"ports":{ports},"before":"allow","after":"{after}","witness":"{witness}"}}"#
        )
    };
    let outside = r#"{"addresses":["0.0.0.0-10.0.0.0","10.0.0.5-255.255.255.255"]}"#;
    let expected = [
        r#"{"ends":{"pods":["a/db-0"]},"direction":"ingress","before":"free","after":"isolated"}"#.to_owned(),
        line(r#"{"pods":["a/api-0"]}"#, all, "deny", "a/api-0 -> a/db-0:1/tcp"),
        line(
            r#"{"pods":["a/api-0","a/web-0","a/web-1"]}"#,
            r#"["icmp","other"]"#,
            "undefined",
            "a/api-0 -> a/db-0 icmp",
        ),
        line(r#"{"pods":["a/web-0","a/web-1"]}"#, but_one, "deny", "a/web-0 -> a/db-0:1/tcp"),
        line(outside, all, "deny", "0.0.0.0 -> a/db-0:1/tcp"),
        line(outside, r#"["icmp","other"]"#, "undefined", "0.0.0.0 -> a/db-0 icmp"),
    ];
    assert_eq!(said(&before, &after), expected);
    assert_eq!(said(&after, &before).len(), expected.len());
    assert!(said(&after, &after).is_empty());
}

/// Who does not wait for all of it gets nothing, at whatever moment that is.
#[test]
fn a_search_ends_when_nobody_waits() {
    let diffs = (0..20).map(tiny).map(|(clusters, profiles)| {
        let [before, after] = [0, 1].map(|at| Engine::new(&clusters[at], &profiles[at]));
        Diff::new(&before, &after)
    });
    let of_many = |diff: Diff| Some(diff.changes(Detail::Pods)).filter(|all| all.len() > 10).map(|all| (diff, all));
    let (diff, all) = diffs.into_iter().find_map(of_many).unwrap();
    let asked_until = |last: u32| {
        let asked = std::cell::Cell::new(0);
        let found = diff.changes_while(Detail::Pods, &|| {
            asked.set(asked.get() + 1);
            // It is no once, and yes again.
            asked.get() != last
        });
        (found, asked.get())
    };
    let (whole, asked) = asked_until(0);
    assert_eq!((whole, asked > 10), (Some(all), true), "{asked}");
    for last in 1..=asked {
        assert_eq!(asked_until(last), (None, last), "{last}");
    }
}

/// Two worlds of texts, compared with brute force. One address at two nodes is as it may be.
fn of_texts(before: &str, after: &str) -> Vec<ConnectionChange> {
    let profile = Profile::kubernetes();
    let cluster = |text: &str| {
        let loaded = netpol_oracle::Loader::new(profile.release()).text("world.yaml", text).finish();
        let is_meant = |found: &Diagnostic| found.code == Code::SharedAddress;
        assert!(loaded.diagnostics.iter().all(is_meant), "{:?}", loaded.diagnostics);
        loaded.cluster
    };
    let [before, after] = [before, after].map(cluster);
    let engines = [&before, &after].map(|cluster| Engine::new(cluster, &profile));
    compare(&engines[0], &engines[1], [&before, &after]).unwrap();
    Diff::new(&engines[0], &engines[1]).changes(Detail::Pods)
}

/// A backend that is there before alone tells addresses outside apart by its own rules.
#[test]
fn a_backend_that_goes_takes_its_rules_along() {
    let stays = pod_text("a", "app: web", "10.0.0.2", 8080) + &service_text("s", "app: web");
    let shut = policy_text(
        "p",
        "podSelector: {matchLabels: {is: shut}}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]",
    );
    let goes = pod_text("b", "app: web, is: shut", "10.0.0.3", 8080);
    let changes = of_texts(&(stays.clone() + &shut + &goes), &(stays + &shut));
    let outside = changes.iter().find(|change| matches!(change.source, Ends::Addresses(_))).unwrap();
    assert_eq!((outside.before, outside.after), (Verdict::Undefined, Verdict::Allow));
    assert!(!holds(&outside.source, "192.0.2.7".parse().unwrap()), "{}", outside.source);
}

/// A pod that becomes what another always was is not that one: what each was before counts. The one that changes is the first of all.
#[test]
fn a_pod_that_becomes_like_another_is_not_that_one() {
    let profile = Profile::tunnel("v1.31.6-r0".parse().unwrap());
    let pod = |name: &str, ip: &str, is_secure: bool| {
        let text = pod_text(name, "app: web", ip, 80);
        if is_secure { text.replace("spec: {", "spec: {runtimeClassName: kata, ") } else { text }
    };
    let read = |is_secure: bool| {
        let text = pod("a", "10.0.0.2", is_secure)
            + &pod("b", "10.0.0.3", true)
            + &pod("c", "10.0.0.4", false)
            + &pod_text("client", "app: client", "10.0.0.1", 80)
            + &policy_text("p", "podSelector: {matchLabels: {app: web}}, ingress: []");
        let loaded = netpol_oracle::Loader::new(profile.release()).text("world.yaml", &text).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        loaded.cluster
    };
    for [before, after] in [[false, true], [true, false]] {
        let clusters = [read(before), read(after)];
        let engines = clusters.each_ref().map(|cluster| Engine::new(cluster, &profile));
        compare(&engines[0], &engines[1], [&clusters[0], &clusters[1]]).unwrap();
        let changes = Diff::new(&engines[0], &engines[1]).changes(Detail::Pods);
        let changed: BTreeSet<String> = changes.iter().flat_map(|change| names(&change.destination)).collect();
        assert!(changed.contains("x/a") && !changed.contains("x/b") && !changed.contains("x/c"), "{changed:?}");
    }
}

/// Who is behind a Service is asked of each of the two clusters.
#[test]
fn a_backend_that_is_ready_no_more_is_none() {
    let a = pod_text("a", "app: web", "10.0.0.2", 8080);
    let b = pod_text("b", "app: web, is: shut", "10.0.0.3", 8080);
    let rest = pod_text("client", "app: client", "10.0.0.1", 80)
        + &service_text("s", "app: web")
        + &policy_text("p", "podSelector: {matchLabels: {is: shut}}, ingress: []");
    let unready = b.replace("podIP: 10.0.0.3", "podIP: 10.0.0.3, conditions: [{type: Ready, status: 'False'}]");
    let headless = rest.replace("clusterIP: 10.96.0.1", "clusterIP: None");
    for rest in [rest, headless] {
        let changes = of_texts(&(a.clone() + &b + &rest), &(a.clone() + &unready + &rest));
        let client = |change: &&ConnectionChange| names(&change.source).contains(&"x/client".to_owned());
        let change = changes.iter().find(client).unwrap_or_else(|| panic!("{changes:?}"));
        assert_eq!(
            (change.destination.to_string(), change.before, change.after),
            ("svc/x/s".to_owned(), Verdict::Undefined, Verdict::Allow)
        );
    }
}

/// One that is like a backend does not stand for it where the backend goes, though it says the same of whoever sends: nobody is met.
#[test]
fn a_backend_that_goes_is_not_the_one_like_it() {
    let policy = |more: &str| {
        let to_db = "{to: [{podSelector: {matchLabels: {app: db}}}]}";
        policy_text(
            "p",
            &format!("podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{to_db}{more}]"),
        )
    };
    let backend = pod_text("b", "app: db, is: behind", "10.0.0.3", 8080);
    let unready = backend.replace("podIP: 10.0.0.3", "podIP: 10.0.0.3, conditions: [{type: Ready, status: 'False'}]");
    let rest = pod_text("a", "app: db", "10.0.0.2", 8080)
        + &pod_text("job", "app: job", "10.0.0.4", 80)
        + &pod_text("web", "app: web", "10.0.0.1", 80)
        + &service_text("s", "is: behind");
    let to_job = ", {to: [{podSelector: {matchLabels: {app: job}}}]}";
    let changes = of_texts(&(rest.clone() + &backend + &policy(to_job)), &(rest + &unready + &policy("")));
    let from_web = |change: &&ConnectionChange| names(&change.source).contains(&"x/web".to_owned());
    let mut to_service = changes.iter().filter(|change| change.destination.to_string() == "svc/x/s").filter(from_web);
    assert!(to_service.any(|change| (change.before, change.after) == (Verdict::Allow, Verdict::Deny)), "{changes:?}");
}

/// Hosts that are seen alike differ in whose own node they are: by an address that a pod reports though it names another node, and
/// where nobody says on which one is (K18, U8).
#[test]
fn a_host_that_may_be_ones_own_is_not_the_one_like_it() {
    let host = |name: &str, at: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: x, labels: {{app: agent}}}}, \
             spec: {{hostNetwork: true{at}}}, status: {{phase: Running}}}}\n---\n"
        )
    };
    let node = |name: &str, address: &str| {
        format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}, status: {{addresses: [{{type: InternalIP, address: {address}}}]}}}}\n---\n"
        )
    };
    let web = pod_text("web", "app: web", "10.0.0.1", 80);
    let reported = web.replace("podIP: 10.0.0.1", "podIP: 10.0.0.1, hostIP: 10.9.0.3");
    let hosts = [
        (reported, node("n2", "10.9.0.2") + &node("n3", "10.9.0.3") + &node("n4", "10.9.0.4"), ["node:n2", "node:n3"]),
        (web, host("a", ", nodeName: n2") + &host("b", "") + &host("c", ", nodeName: n4"), ["x/a", "x/b"]),
    ];
    for (web, hosts, [apart, near]) in hosts {
        let deny = policy_text("p", "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]");
        let changes = of_texts(&(web.clone() + &hosts), &(web + &hosts + &deny));
        let becomes = |from: &str, to: &str| {
            let is_meant = |change: &&ConnectionChange| {
                names(&change.source).iter().any(|name| name == from)
                    && names(&change.destination).iter().any(|name| name == to)
                    && change.ports.contains(L4::Port(Protocol::Tcp, Port::new(80).unwrap()))
            };
            changes.iter().find(is_meant).map(|change| change.after)
        };
        assert_eq!(becomes(apart, "x/web"), Some(Verdict::Deny), "{changes:?}");
        assert_ne!(becomes(near, "x/web"), Some(Verdict::Deny), "{changes:?}");
        assert_eq!(becomes("x/web", apart), Some(Verdict::Deny), "{changes:?}");
    }
}

/// A policy on one of those behind a Service changes what the others meet there, not what it meets itself.
#[test]
fn backends_that_send_differ_each_by_itself() {
    let world = pod_text("u", "app: b, i: one", "10.0.0.1", 80)
        + &pod_text("b2", "app: b, i: two", "10.0.0.2", 80)
        + &service_text("h", "app: b").replace("clusterIP: 10.96.0.1", "clusterIP: None");
    let shut = policy_text("d", "podSelector: {matchLabels: {i: one}}, ingress: []");
    let changes = of_texts(&world, &(world.clone() + &shut));
    let to_service = changes.iter().filter(|change| change.destination.to_string() == "svc/x/h");
    let sources: Vec<String> =
        to_service.map(|change| change.source.to_string()).filter(|source| source.starts_with("x/")).collect();
    assert!(!sources.is_empty() && sources.iter().all(|source| source == "x/b2"), "{sources:?}");
}

/// Whom a policy admits is met by a Service as before, on its own port or on any.
#[test]
fn sources_that_change_tell_backends_apart() {
    let pods = pod_text("web", "app: web", "10.0.0.1", 80)
        + &pod_text("db", "app: db", "10.0.0.2", 80)
        + &pod_text("job", "app: job", "10.0.0.3", 80);
    let services = service_text("db", "app: db") + &service_text("job", "app: job").replace("10.96.0.1", "10.96.0.2");
    let headless =
        services.replace("clusterIP: 10.96.0.1", "clusterIP: None").replace("clusterIP: 10.96.0.2", "clusterIP: None");
    let policy = policy_text(
        "p",
        "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]",
    );
    for services in [services, headless] {
        let world = pods.clone() + &services;
        let changes = of_texts(&world, &(world.clone() + &policy));
        let tcp = changes.iter().filter(|change| !change.ports.intervals().is_empty());
        let to: BTreeSet<String> = tcp.map(|change| change.destination.to_string()).collect();
        assert!(to.contains("svc/x/job") && !to.contains("svc/x/db"), "{changes:?}");
    }
}

/// Whoever sends to it goes outside now, on whatever port.
#[test]
fn an_address_that_leads_nowhere_any_more_is_gone() {
    let engine = |more: &str| {
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "List", "items": [
              {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "web", "labels": {{"app": "web"}}}}, "spec": {{}}, "status": {{"podIP": "10.0.0.1"}}}},
              {{"apiVersion": "v1", "kind": "Service", "metadata": {{"name": "s"}},
                "spec": {{"clusterIP": "10.96.0.1", "selector": {{"app": "web"}}, "ports": [{{"port": 443}}] {more}}}}}]}}"#
        );
        let loaded = netpol_oracle::Loader::new(Profile::kubernetes().release()).text("x.json", &text).finish();
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        Engine::new(&loaded.cluster, &Profile::kubernetes())
    };
    // 10.0.0.1 is the pod's.
    let (with, without) = (engine(r#", "externalIPs": ["198.51.100.1", "10.0.0.1"]"#), engine(""));
    let shown = |ends: Vec<Ends>| ends.iter().map(ToString::to_string).collect::<Vec<_>>();
    let diff = Diff::new(&with, &without);
    assert_eq!(
        (shown(diff.gone()), shown(diff.come()), diff.is_empty()),
        (vec!["198.51.100.1".to_owned()], vec![], false)
    );
    assert_eq!(shown(Diff::new(&without, &with).come()), ["198.51.100.1"]);
    assert!(Diff::new(&with, &with).is_empty());
}
