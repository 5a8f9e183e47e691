//! What is told to change nothing is removed, and nothing changes; what was planted to change nothing is told.

use std::collections::{BTreeMap, BTreeSet};

use netpol_oracle::admission::{idle, review};
use netpol_oracle::analysis::Diff;
use netpol_oracle::diagnostic::{Code, Diagnostic};
use netpol_oracle::generate::strategies::{WorldSpec, peers, rules};
use netpol_oracle::labels::Selector;
use netpol_oracle::model::{Namespaces, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule};
use netpol_oracle::net::{IpBlock, Port, Protocol};
use netpol_oracle::oracle::covering_flows;
use netpol_oracle::{Cluster, Direction, Engine, Flow, NetworkPolicy, ObjectName, Pod, Profile, Verdict};
use netpol_test_support::within;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::connectivity::{pod_text, policy_text, service_text};
use crate::support::worlds::{World, label, with_policies};

/// How many worlds; `LINT_WORLDS` asks for more.
fn wanted(quick: usize) -> usize {
    std::env::var("LINT_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(quick)
}

/// Worlds without end, the same in every run.
fn worlds(spec: &WorldSpec) -> impl Iterator<Item = World> + use<> {
    let mut runner = TestRunner::deterministic();
    let strategy = spec.worlds();
    std::iter::repeat_with(move || strategy.new_tree(&mut runner).unwrap().current())
}

/// What goes of one rule.
#[derive(Default)]
struct Cut {
    whole: bool,
    peers: BTreeSet<usize>,
    ports: BTreeSet<usize>,
    except: BTreeSet<(usize, usize)>,
}

/// What goes of one policy.
#[derive(Default)]
struct Cuts {
    whole: bool,
    rules: BTreeMap<(Direction, usize), Cut>,
}

impl Cuts {
    fn add(&mut self, path: &str) {
        let step = |text: &str| -> (String, Option<usize>) {
            match text.split_once('[') {
                Some((name, at)) => (name.to_owned(), Some(at.trim_end_matches(']').parse().unwrap())),
                None => (text.to_owned(), None),
            }
        };
        let steps: Vec<(String, Option<usize>)> = path.split('.').map(step).collect();
        let steps: Vec<(&str, Option<usize>)> = steps.iter().map(|(name, at)| (name.as_str(), *at)).collect();
        let (direction, rule) = match steps.as_slice() {
            [("", None)] | [("spec", None), ("podSelector", None)] => {
                self.whole = true;
                return;
            }
            [_, ("ingress", Some(rule)), ..] => (Direction::Ingress, *rule),
            [_, ("egress", Some(rule)), ..] => (Direction::Egress, *rule),
            other => panic!("{other:?}"),
        };
        let cut = self.rules.entry((direction, rule)).or_default();
        match &steps[2..] {
            [] => cut.whole = true,
            [("from" | "to", Some(peer))] => {
                cut.peers.insert(*peer);
            }
            [("ports", Some(port))] => {
                cut.ports.insert(*port);
            }
            [("from" | "to", Some(peer)), ("ipBlock", None), ("except", Some(at))] => {
                cut.except.insert((*peer, *at));
            }
            other => panic!("{other:?}"),
        }
    }

    fn of(&self, policy: &NetworkPolicy) -> Option<NetworkPolicy> {
        let rules = |direction| -> Vec<Rule> {
            let rules = policy.written_rules(direction).iter().enumerate();
            rules.filter_map(|(at, rule)| self.rule(rule, self.rules.get(&(direction, at)))).collect()
        };
        let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
        let left = NetworkPolicy::new(policy.name().clone(), policy.subject().clone(), policy.types(), ingress, egress);
        (!self.whole).then_some(left)
    }

    fn rule(&self, rule: &Rule, cut: Option<&Cut>) -> Option<Rule> {
        let Some(cut) = cut else { return Some(rule.clone()) };
        let peers = match &rule.peers {
            Peers::Any => Peers::Any,
            Peers::Of(peers) => Peers::Of(
                peers
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| !cut.peers.contains(at))
                    .map(|(at, peer)| match peer {
                        Peer::Pods(_) => peer.clone(),
                        Peer::IpBlock(block) => {
                            let except = block.except().iter().enumerate();
                            let left = except.filter(|(place, _)| !cut.except.contains(&(at, *place)));
                            Peer::IpBlock(IpBlock::new(block.cidr(), left.map(|(_, cidr)| *cidr).collect()).unwrap())
                        }
                    })
                    .collect(),
            ),
        };
        let ports = match &rule.ports {
            Ports::Any => Ports::Any,
            Ports::Of(entries) => {
                let left = entries.iter().enumerate().filter(|(at, _)| !cut.ports.contains(at));
                Ports::Of(left.map(|(_, entry)| entry.clone()).collect())
            }
        };
        assert!(
            cut.whole || (peers != Peers::Of(Vec::new()) && ports != Ports::Of(Vec::new())),
            "a list becomes empty"
        );
        (!cut.whole).then_some(Rule { peers, ports })
    }
}

/// The policies without what was told of them.
fn left(cluster: &Cluster, told: &[(ObjectName, Diagnostic)]) -> Vec<NetworkPolicy> {
    let mut cuts: BTreeMap<&ObjectName, Cuts> = BTreeMap::new();
    for (policy, found) in told {
        cuts.entry(policy).or_default().add(found.path.as_str());
    }
    let policies = cluster.policies().iter();
    policies.filter_map(|policy| cuts.get(policy.name()).map_or(Some(policy.clone()), |cuts| cuts.of(policy))).collect()
}

/// What is told of each policy by `look`, of the codes that mean that something can go.
fn told(
    cluster: &Cluster,
    profile: &Profile,
    look: impl Fn(&NetworkPolicy, &Profile, &Cluster) -> Vec<Diagnostic>,
) -> Vec<(ObjectName, Diagnostic)> {
    let policies = cluster.policies().iter();
    let of_policy = |policy: &NetworkPolicy| {
        let found = look(policy, profile, cluster).into_iter().filter(|found| found.code.as_str().starts_with("NP3"));
        found.map(|found| (policy.name().clone(), found)).collect::<Vec<_>>()
    };
    policies.flat_map(of_policy).collect()
}

/// Nothing that can be asked of either cluster has another verdict in the other; how much was asked.
fn same(clusters: [&Cluster; 2], profile: &Profile, more: &World, why: &dyn Fn() -> String) -> usize {
    let [before, after] = clusters.map(|cluster| Engine::new(cluster, profile));
    let verdict = |engine: &Engine, flow: &Flow| engine.verdict(flow).map_err(|error| error.to_string());
    let mut asked = 0;
    let covering = [&before, &after].map(|engine| covering_flows(engine));
    for flow in covering.iter().flat_map(|covering| covering.iter()).chain(more.flows.iter().cloned()) {
        asked += 1;
        assert_eq!(verdict(&before, &flow), verdict(&after, &flow), "{flow}: {}", why());
    }
    let changes = Diff::new(&before, &after);
    assert!(changes.is_empty(), "{}", why());
    asked
}

fn shown(world: &World, told: &[(ObjectName, Diagnostic)]) -> String {
    let lines: Vec<String> = told.iter().map(|(policy, found)| format!("{policy}: {found}")).collect();
    format!("{}\n{world:?}", lines.join("\n"))
}

/// One thing after the other, and all of it together: in the cluster, and in another one with the same policies.
#[test]
fn what_changes_nothing_in_any_cluster_can_go() {
    let spec = WorldSpec::new().policies(2..=6);
    let mut others = worlds(&spec).skip(1);
    let (mut codes, mut asked): (BTreeMap<Code, usize>, usize) = (BTreeMap::new(), 0);
    for (at, world) in worlds(&spec).take(wanted(40)).enumerate() {
        let (cluster, profile) = (&world.cluster, &world.profile);
        let found = told(cluster, profile, review);
        let other = others.next().unwrap();
        let elsewhere = with_policies(&other.cluster, cluster.policies().iter().cloned());
        let each = found.iter().map(|one| vec![one.clone()]).chain([found.clone()]);
        for told in each.filter(|told| !told.is_empty()) {
            let why = || format!("world {at}: {}", shown(&world, &told));
            let left = left(cluster, &told);
            asked += same([cluster, &with_policies(cluster, left.clone())], profile, &world, &why);
            asked += same([&elsewhere, &with_policies(&elsewhere, left)], profile, &other, &why);
        }
        for (_, found) in found {
            *codes.entry(found.code).or_default() += 1;
        }
    }
    println!("{asked} flows, {codes:?}");
    let all = [
        Code::ImpliedPeer,
        Code::ImpliedPort,
        Code::ImpliedRule,
        Code::ImpliedExcept,
        Code::ImpliedPolicy,
        Code::Contradiction,
    ];
    assert!(all.iter().all(|code| codes.contains_key(code)), "{codes:?}");
}

#[test]
fn what_changes_nothing_in_this_cluster_can_go() {
    let spec = WorldSpec::new().policies(2..=6);
    let (mut codes, mut asked): (BTreeMap<Code, usize>, usize) = (BTreeMap::new(), 0);
    for (at, world) in worlds(&spec).take(wanted(40)).enumerate() {
        let (cluster, profile) = (&world.cluster, &world.profile);
        let found = told(cluster, profile, idle);
        // What goes of any cluster is told beside it, and may go with it.
        let both = [told(cluster, profile, review), found.clone()].concat();
        let each = found.iter().map(|one| vec![one.clone()]).chain([found.clone(), both]);
        for told in each.filter(|told| !told.is_empty()) {
            let why = || format!("world {at}: {}", shown(&world, &told));
            asked += same([cluster, &with_policies(cluster, left(cluster, &told))], profile, &world, &why);
        }
        for (_, found) in found {
            *codes.entry(found.code).or_default() += 1;
        }
    }
    println!("{asked} flows, {codes:?}");
    let all = [Code::IdlePeer, Code::IdleRule, Code::IdlePolicy];
    assert!(all.iter().all(|code| codes.contains_key(code)), "{codes:?}");
}

/// Whether some finding of one of the codes is at the place, or at what it stands in.
fn is_told(found: &[Diagnostic], path: &str) -> bool {
    found.iter().any(|found| {
        let place = found.path.as_str();
        let is_all = place.is_empty() || place == "spec.podSelector";
        found.code.as_str().starts_with("NP3") && (is_all || path.starts_with(place))
    })
}

/// Something is added to a policy that it says already.
#[test]
fn what_was_planted_is_told() {
    let mut runner = TestRunner::deterministic();
    let (peers, rules) = (peers(), rules());
    let mut draw = |what: usize| match what {
        0 => (Some(peers.new_tree(&mut runner).unwrap().current()), None),
        _ => (None, Some(rules.new_tree(&mut runner).unwrap().current())),
    };
    let mut planted = 0;
    for (at, world) in worlds(&WorldSpec::new()).take(wanted(150)).enumerate() {
        let Some(policy) = world.cluster.policies().first() else { continue };
        let direction = if policy.isolates(Direction::Ingress) { Direction::Ingress } else { Direction::Egress };
        let list = if direction == Direction::Ingress { "from" } else { "to" };
        let with_rules = |name: &str, rules: Vec<Rule>| {
            let other = policy.written_rules(match direction {
                Direction::Ingress => Direction::Egress,
                Direction::Egress => Direction::Ingress,
            });
            let (ingress, egress) = match direction {
                Direction::Ingress => (rules, other.to_vec()),
                Direction::Egress => (other.to_vec(), rules),
            };
            let name = ObjectName::new(policy.name().namespace().clone(), name);
            NetworkPolicy::new(name, policy.subject().clone(), policy.types(), ingress, egress)
        };
        let (peer, _) = draw(0);
        let (_, rule) = draw(1);
        let (peer, rule) = (peer.unwrap(), rule.unwrap());
        // Every case is a policy, the others around it, and where something is in vain.
        let twice = Rule { peers: Peers::Of(vec![peer.clone(), peer.clone()]), ports: rule.ports.clone() };
        let beside = [
            Rule { peers: Peers::Of(vec![peer.clone()]), ports: rule.ports.clone() },
            Rule { peers: Peers::Any, ports: rule.ports.clone() },
        ];
        let entries = match &rule.ports {
            Ports::Any => Vec::new(),
            Ports::Of(entries) => entries.iter().chain(entries.first()).cloned().collect(),
        };
        let mut cases = vec![
            (with_rules("p", vec![twice]), None, format!("spec.{direction}[0].{list}[1]")),
            (with_rules("p", beside.to_vec()), None, format!("spec.{direction}[0]")),
            (with_rules("p", vec![rule.clone(), rule.clone()]), None, format!("spec.{direction}[1]")),
            (with_rules("p", vec![rule.clone()]), Some(with_rules("o", vec![rule.clone()])), String::new()),
        ];
        if !entries.is_empty() {
            let last = entries.len() - 1;
            let rule = Rule { peers: rule.peers.clone(), ports: Ports::Of(entries) };
            cases.push((with_rules("p", vec![rule]), None, format!("spec.{direction}[0].ports[{last}]")));
        }
        for (policy, other, path) in cases {
            let cluster = with_policies(&world.cluster, std::iter::once(policy.clone()).chain(other));
            let found = review(&policy, &world.profile, &cluster);
            assert!(is_told(&found, &path), "world {at}: {path} of {policy:?}: {found:#?}");
            planted += 1;
        }
    }
    assert!(planted > 500, "{planted}");
}

/// A policy that comes new is told, whatever its name; of policies that are there the later.
#[test]
fn of_equals_the_newcomer_goes() {
    let policy = |name: &str| {
        NetworkPolicy::new(ObjectName::new("a", name), Selector::everything(), PolicyTypes::Ingress, vec![], vec![])
    };
    let mut builder = Cluster::builder();
    builder.policy(policy("m"));
    let cluster = builder.clone().build();
    let profile = Profile::kubernetes();
    let codes = |name: &str, cluster: &Cluster| -> Vec<Code> {
        let found = review(&policy(name), &profile, cluster).into_iter();
        found.map(|found| found.code).filter(|code| code.as_str().starts_with("NP3")).collect()
    };
    assert_eq!(
        (codes("b", &cluster), codes("m", &cluster), codes("x", &cluster)),
        (vec![Code::EqualPolicy], vec![], vec![Code::EqualPolicy])
    );
    builder.policy(policy("b"));
    let both = builder.build();
    assert_eq!((codes("b", &both), codes("m", &both)), (vec![], vec![Code::EqualPolicy]));
}

/// Of two that say the same here, and one of them more anywhere, that one stays, whatever comes first.
#[test]
fn what_goes_anywhere_stays_for_nothing_here() {
    let pods = |pods| Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods });
    let rule = |peers: Vec<Peer>| Rule { peers: Peers::Of(peers), ports: Ports::Any };
    let (db, all) = (pods(selector("app", "db")), pods(Selector::everything()));
    let policy = |name: &str, subject: Selector, rules: Vec<Rule>| {
        NetworkPolicy::new(ObjectName::new("a", name), subject, PolicyTypes::Ingress, rules, vec![])
    };
    let everybody = Selector::everything;
    let of_all_namespaces =
        |pods| Peer::Pods(PodPeer { namespaces: Namespaces::Matching(Selector::everything()), pods });
    let on = |port: u16, peer: Peer| {
        let port = PortSpec::Number(Port::new(port).unwrap());
        Rule { ports: Ports::Of(vec![PortMatch { protocol: Protocol::Tcp, port }]), ..rule(vec![peer]) }
    };
    let admits = |selector: Selector| vec![rule(vec![pods(selector)])];
    for (policies, expected) in [
        (
            vec![policy("narrow", selector("app", "db"), vec![]), policy("wide", everybody(), vec![])],
            vec![("narrow", Code::ImpliedPolicy, "")],
        ),
        (
            vec![policy("p", everybody(), vec![rule(vec![db.clone(), all.clone()])])],
            vec![("p", Code::ImpliedPeer, "spec.ingress[0].from[0]")],
        ),
        (
            vec![policy("p", everybody(), vec![rule(vec![db.clone()]), rule(vec![all.clone()])])],
            vec![("p", Code::ImpliedRule, "spec.ingress[0]")],
        ),
        // The first and the third say the same here, and so does what the second says beside the third.
        (
            vec![
                policy(
                    "p",
                    selector("app", "db"),
                    [admits(selector("app", "db")), admits(selector("tier", "x"))].concat(),
                ),
                policy("q", everybody(), admits(everybody())),
            ],
            vec![("p", Code::ImpliedPolicy, "")],
        ),
        // What goes anywhere gives way here to what comes later and stays.
        (
            vec![
                policy("p", selector("app", "db"), vec![on(80, db.clone()), on(81, pods(selector("tier", "x")))]),
                policy("q", everybody(), vec![on(80, db.clone()), on(81, of_all_namespaces(selector("kind", "y")))]),
            ],
            vec![("p", Code::ImpliedRule, "spec.ingress[0]"), ("p", Code::IdlePolicy, "")],
        ),
    ] {
        let mut builder = Cluster::builder();
        for (namespace, name) in [("a", "db-0"), ("a", "db-1"), ("b", "db-0")] {
            let mut pod = Pod::new(ObjectName::new(namespace, name));
            pod.labels = [label("app", "db"), label("tier", "x"), label("kind", "y")].into_iter().collect();
            builder.pod(pod);
        }
        for policy in &policies {
            builder.policy(policy.clone());
        }
        let (cluster, profile) = (builder.build(), Profile::kubernetes());
        let told = [told(&cluster, &profile, review), told(&cluster, &profile, idle)].concat();
        let said: Vec<(&str, Code, &str)> =
            told.iter().map(|(policy, found)| (&**policy.name(), found.code, found.path.as_str())).collect();
        assert_eq!(said, expected, "{policies:?}");
        let world = World::new(cluster.clone(), profile.clone(), Vec::new());
        same([&cluster, &with_policies(&cluster, left(&cluster, &told))], &profile, &world, &|| {
            format!("{policies:?}")
        });
    }
}

fn selector(key: &str, value: &str) -> Selector {
    Selector::new([label(key, value)].into_iter().collect(), Vec::new())
}

/// Hundreds of policies of one namespace, each with its own labels, and one with hundreds of rules.
#[test]
fn many_policies_are_looked_through_in_no_time() {
    const MANY: usize = 300;
    let mut builder = Cluster::builder();
    let pods = |pods| Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods });
    let rule = |at: usize| Rule { peers: Peers::Of(vec![pods(selector("to", &format!("v{at}")))]), ports: Ports::Any };
    for at in 0..MANY {
        let name = ObjectName::new("a", format!("p{at}"));
        let subject = selector("app", &format!("v{at}"));
        builder.policy(NetworkPolicy::new(name, subject, PolicyTypes::Egress, vec![], vec![rule(at), rule(at)]));
    }
    let large = (0..MANY).map(rule).collect();
    let name = ObjectName::new("a", "large");
    builder.policy(NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Egress, vec![], large));
    let (cluster, profile) = (builder.build(), Profile::kubernetes());
    let found = within(5, || told(&cluster, &profile, review));
    let policies = found.iter().filter(|(_, found)| found.code == Code::ImpliedPolicy).count();
    assert_eq!(policies, MANY, "the large one says what they say");
}

/// A selector that takes whoever lacks the key is within none that asks for it (K9).
#[test]
fn whoever_may_lack_a_key_is_not_whoever_has_it() {
    let told = |narrow: &str, wide: &str| {
        let peer = |operator: &str| format!("{{podSelector: {{matchExpressions: [{{key: k, {operator}}}]}}}}");
        let text = format!(
            "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p}}, spec: {{podSelector: {{}}, ingress: \
             [{{from: [{}, {}]}}]}}}}",
            peer(narrow),
            peer(wide)
        );
        let profile = Profile::kubernetes();
        let loaded = netpol_oracle::Loader::new(profile.release()).text("p.yaml", &text).finish();
        let found = review(loaded.cluster.policies().first().unwrap(), &profile, &loaded.cluster);
        found.iter().filter(|found| found.code == Code::ImpliedPeer).count()
    };
    assert_eq!(told("operator: NotIn, values: [a]", "operator: Exists"), 0);
    assert_eq!(told("operator: DoesNotExist", "operator: In, values: [a]"), 0);
    assert_eq!(told("operator: In, values: [a]", "operator: Exists"), 1);
    assert_eq!(told("operator: DoesNotExist", "operator: NotIn, values: [a]"), 1);
}

/// Where a ClusterIP cannot be limited by labels, a peer of an egress rule counts there though nobody can be it (C10).
#[test]
fn a_peer_that_nobody_can_be_goes_but_where_a_cluster_ip_meets_it() {
    let nobody = "{podSelector: {matchLabels: {app: db}, matchExpressions: [{key: app, operator: DoesNotExist}]}}";
    let somebody = "{podSelector: {matchLabels: {app: job}}}";
    let read = |profile: &Profile, spec: String| {
        let text = pod_text("web", "app: web", "10.0.0.1", 80)
            + &pod_text("db", "app: db", "10.0.0.2", 80)
            + &service_text("db", "app: db")
            + &policy_text("p", &format!("podSelector: {{matchLabels: {{app: web}}}}, {spec}"));
        netpol_oracle::Loader::new(profile.release()).text("world.yaml", &text).finish().cluster
    };
    let egress = |peers: &str| format!("policyTypes: [Egress], egress: [{{to: [{peers}]}}]");
    let ingress = |peers: &str| format!("ingress: [{{from: [{peers}]}}]");
    let (without, with) = (somebody.to_owned(), format!("{somebody}, {nobody}"));
    let told = |profile: &Profile, spec: String| {
        let found = told(&read(profile, spec), profile, review);
        found.iter().filter(|(_, found)| found.code == Code::Contradiction).count()
    };
    let verdict = |profile: &Profile, peers: &str| {
        let flow: Flow = "x/web -> svc/x/db:80/tcp".parse().unwrap();
        Engine::new(&read(profile, egress(peers)), profile).verdict(&flow).unwrap()
    };
    let (kubernetes, tunnel) = (Profile::kubernetes(), Profile::tunnel("v1.31.6-r0".parse().unwrap()));
    assert_eq!((told(&kubernetes, egress(&with)), told(&kubernetes, ingress(&with))), (1, 1));
    assert_eq!((told(&tunnel, egress(&with)), told(&tunnel, ingress(&with))), (0, 1));
    // Alone it leaves open what no rule at all would deny.
    let nothing = "ipBlock: {cidr: 192.0.2.0/24}";
    assert_eq!(verdict(&kubernetes, nobody), Verdict::Deny);
    assert_eq!(verdict(&tunnel, &format!("{{{nothing}}}")), Verdict::Deny);
    assert_eq!(verdict(&tunnel, nobody), Verdict::Undefined);
    assert_eq!(verdict(&kubernetes, &without), verdict(&kubernetes, &with));
}
