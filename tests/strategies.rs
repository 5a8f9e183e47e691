//! What the published strategies make: how often what comes up.

use std::collections::{BTreeMap, BTreeSet};

use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::generate::strategies::{
    StepKind, World, WorldSpec, arbitrary_flows, changes_of, changing_worlds, flows_of, inconsistent_worlds, worlds,
};
use netpol_oracle::labels::{Requirement, Selector};
use netpol_oracle::model::{Namespaces, Peer, Peers};
use netpol_oracle::profile::{Capabilities, Rows};
use netpol_oracle::verdict::Judged;
use netpol_oracle::{Change, Cluster, Decide, Destination, Direction, Engine, Flow, Profile, Reference, Row, Verdict};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// How many of each are looked at.
const WORLDS: u32 = 2_000;

fn made<S: Strategy>(strategy: S) -> impl Iterator<Item = S::Value> {
    let mut runner = TestRunner::deterministic();
    std::iter::repeat_with(move || strategy.new_tree(&mut runner).unwrap().current())
}

fn percent(count: u32, of: u32) -> f64 {
    f64::from(count) * 100.0 / f64::from(of)
}

/// How often what comes up.
#[derive(Debug, Default)]
struct Tally {
    flows: u32,
    verdicts: BTreeMap<&'static str, u32>,
    open: BTreeMap<Row, u32>,
    carried: BTreeMap<Row, u32>,
    reasons: BTreeMap<&'static str, u32>,
    errors: BTreeMap<&'static str, u32>,
    overridden: BTreeSet<(Row, &'static str)>,
    /// Worlds where U4 `allowed` and U5 `before` decide a flow.
    decided: BTreeMap<&'static str, u32>,
    selectors: Selectors,
}

#[derive(Debug, Default)]
struct Selectors {
    all: u32,
    several_labels: u32,
    in_several: u32,
    not_in_several: u32,
}

impl Selectors {
    fn count(&mut self, cluster: &Cluster) {
        for policy in cluster.policies() {
            self.add(policy.subject());
            for rule in [Direction::Ingress, Direction::Egress].into_iter().flat_map(|of| policy.written_rules(of)) {
                let Peers::Of(peers) = &rule.peers else { continue };
                for peer in peers {
                    let Peer::Pods(pods) = peer else { continue };
                    self.add(&pods.pods);
                    if let Namespaces::Matching(selector) = &pods.namespaces {
                        self.add(selector);
                    }
                }
            }
        }
    }

    fn add(&mut self, selector: &Selector) {
        let several = |operator| {
            let has = |one: &&Requirement| one.operator() == operator && one.values().is_some_and(|all| all.len() > 1);
            u32::from(selector.expressions().iter().any(|one| has(&one)))
        };
        self.all += 1;
        self.several_labels += u32::from(selector.match_labels().len() > 1);
        self.in_several += several("In");
        self.not_in_several += several("NotIn");
    }
}

impl Tally {
    fn add(&mut self, world: &World) {
        let reference = Reference::new(&world.cluster, &world.profile);
        let overrides = world.profile.overrides();
        self.overridden.extend(overrides.iter().map(|(row, word)| (*row, *word)));
        self.selectors.count(&world.cluster);
        let mut decided = BTreeSet::new();
        for flow in &world.flows {
            self.flows += 1;
            let decision = match reference.decide(flow) {
                Ok(decision) => decision,
                Err(error) => {
                    *self.errors.entry(error.code()).or_default() += 1;
                    *self.verdicts.entry("error").or_default() += 1;
                    continue;
                }
            };
            let (word, named) = match decision.verdict {
                Verdict::Allow => ("allow", &mut self.carried),
                Verdict::Deny => ("deny", &mut self.carried),
                Verdict::Undefined => ("undefined", &mut self.open),
            };
            *self.verdicts.entry(word).or_default() += 1;
            decision.rows.iter().for_each(|row| *named.entry(row).or_default() += 1);
            for (row, word) in [(Row::U4, "allowed"), (Row::U5, "before")] {
                let said = overrides.get(&row) == Some(&word) && decision.verdict != Verdict::Undefined;
                if said && decision.rows.contains(row) {
                    decided.insert(word);
                }
            }
            if let Judged::Sides(sides) = &decision.judged {
                for side in [&sides.egress, &sides.ingress] {
                    *self.reasons.entry(side.reason.code()).or_default() += 1;
                }
            }
        }
        decided.into_iter().for_each(|word| *self.decided.entry(word).or_default() += 1);
    }

    fn share(&self, word: &str) -> f64 {
        percent(*self.verdicts.get(word).unwrap_or(&0), self.flows)
    }

    fn print(&self, what: &str) {
        println!("{what}: {} flows", self.flows);
        for word in ["allow", "deny", "undefined", "error"] {
            println!("  {word} {:.1} %", self.share(word));
        }
        println!("  reasons {:?}\n  open {:?}\n  carried {:?}", self.reasons, self.open, self.carried);
        println!("  errors {:?}\n  decided {:?}", self.errors, self.decided);
        println!("  {:?}", self.selectors);
    }
}

/// The worlds are worth asking: every verdict, reason and row comes up, and no kind of question dominates.
#[test]
fn worlds_are_varied() {
    let mut tally = Tally::default();
    made(worlds()).take(WORLDS as usize).for_each(|world| tally.add(&world));
    tally.print("worlds");
    assert!(tally.share("allow") > 35.0 && tally.share("deny") > 15.0 && tally.share("undefined") > 10.0);
    assert!(tally.share("error") < 15.0);
    let open = Row::ALL.iter().filter(|row| !tally.open.contains_key(row));
    assert_eq!(open.collect::<Vec<_>>(), Vec::<&Row>::new(), "rows that no Undefined names");
    // Of these every form but Kubernetes' is open, so a verdict that is definite without them is so with them.
    let never: Rows = [Row::C4, Row::C5, Row::C6, Row::C8, Row::C12, Row::K23].into_iter().collect();
    let carried = Row::ALL.iter().filter(|row| !tally.carried.contains_key(row) && !never.contains(**row));
    assert_eq!(carried.collect::<Vec<_>>(), Vec::<&Row>::new(), "rows that no definite verdict names");
    let words = Row::ALL.iter().flat_map(|row| Capabilities::words(row.to_owned()).iter().map(|word| (*row, *word)));
    let missing: Vec<(Row, &str)> = words.filter(|pair| !tally.overridden.contains(pair)).collect();
    assert_eq!(missing, [], "words that no profile says");
    assert_eq!(tally.reasons.len(), 10, "reasons of sides: {:?}", tally.reasons.keys());
    let errors = [
        "external-name",
        "finished-pod",
        "no-common-family",
        "no-local-backend",
        "no-ready-backend",
        "no-such-port",
        "node-without-address",
        "not-a-backend",
        "portless-service",
        "shared-node-address",
        "wrong-family",
    ];
    assert_eq!(tally.errors.keys().copied().collect::<Vec<_>>(), errors);
    // What needs a Service, a pod and a policy that fit each other, and a profile that says something about them.
    for word in ["allowed", "before"] {
        let count = *tally.decided.get(word).unwrap_or(&0);
        assert!(percent(count, WORLDS) > 2.0, "`{word}` decides in {count} of {WORLDS} worlds");
    }
    let Selectors { all, several_labels, in_several, not_in_several } = tally.selectors;
    for count in [several_labels, in_several, not_in_several] {
        assert!(percent(count, all) > 2.0, "{count} of {all} selectors");
    }
}

/// What real clusters hold beside pods and ClusterIPs: all of it comes up, is asked, and decides.
#[test]
fn real_worlds_are_varied() {
    use netpol_oracle::model::{Endpoint, ServiceKind, WorkloadKind};
    let mut tally = Tally::default();
    let mut held: BTreeMap<&'static str, u32> = BTreeMap::new();
    let mut asked: BTreeMap<&'static str, u32> = BTreeMap::new();
    for world in made(WorldSpec::new().real(100).worlds()).take(WORLDS as usize) {
        tally.add(&world);
        let World { cluster, flows, .. } = &world;
        let service = cluster.service(&netpol_oracle::ObjectName::new("x", "front")).unwrap();
        let mut pods = cluster.pods().iter();
        let listed = cluster.endpoint_slices().iter().filter(|slice| slice.service == *service.name.name());
        let listed = listed.flat_map(|slice| &slice.endpoints);
        let workload = cluster.workloads_named(&netpol_oracle::ObjectName::new("x", "set")).next().unwrap();
        let has = [
            ("externalIPs", !service.external_addresses.is_empty()),
            ("load balancer", !service.load_balancer_addresses.is_empty()),
            ("nodePort", service.ports[0].node_port.is_some()),
            ("Local", service.external_traffic_policy == netpol_oracle::model::ExternalTrafficPolicy::Local),
            ("headless", service.kind == ServiceKind::Headless),
            ("publishNotReadyAddresses", service.publish_not_ready),
            ("Endpoints", !cluster.endpoints().is_empty()),
            ("terminating endpoint", listed.clone().any(|endpoint| endpoint.terminating)),
            ("terminating pod", cluster.pods().iter().any(|pod| pod.terminating)),
            ("hostPort", pods.any(|pod| pod.ports.iter().any(|port| port.host_port.is_some()))),
            ("StatefulSet", workload.kind == WorkloadKind::StatefulSet),
            ("workload without a node", workload.node.is_none()),
            ("hostNetwork workload", workload.host_network),
        ];
        has.into_iter().for_each(|(what, is_so)| *held.entry(what).or_default() += u32::from(is_so));
        for flow in flows {
            let ends = match &flow.destination {
                Destination::Endpoint(endpoint) => vec![&flow.source, endpoint],
                _ => vec![&flow.source],
            };
            let faces = service.external_addresses.iter().chain(&service.load_balancer_addresses);
            let to_face = |address: &std::net::IpAddr| flow.destination == Endpoint::Address(*address).into();
            let is_replica = |end: &&Endpoint| matches!(end, Endpoint::Named(name) if name.name().starts_with("set-"));
            let kinds = [
                ("face", faces.clone().any(to_face)),
                ("node's port", matches!(flow.destination, Destination::Endpoint(Endpoint::Node(_)))),
                ("replica", ends.iter().any(is_replica)),
                ("labelled", ends.iter().any(|end| matches!(end, Endpoint::Labelled { .. }))),
                ("workload", ends.iter().any(|end| **end == Endpoint::named("x", "set"))),
            ];
            kinds.into_iter().for_each(|(what, is_so)| *asked.entry(what).or_default() += u32::from(is_so));
        }
    }
    tally.print("real worlds");
    println!("  held {held:?}\n  asked {asked:?}");
    for (what, count) in &held {
        assert!(percent(*count, WORLDS) > 5.0, "{what}: {count} of {WORLDS} worlds");
    }
    for (what, count) in &asked {
        assert!(percent(*count, tally.flows) > 4.0, "{what}: {count} of {} flows", tally.flows);
    }
    for row in [Row::U5, Row::U7, Row::U8, Row::U9] {
        assert!(percent(*tally.open.get(&row).unwrap_or(&0), tally.flows) > 0.5, "{row} leaves little open");
    }
    assert!(tally.share("allow") > 15.0 && tally.share("deny") > 10.0 && tally.share("error") < 20.0);
}

/// Every error that a flow can come to, and every verdict: among questions about what may not be there.
#[test]
fn every_error_comes_up() {
    let (mut tally, mut of_plain) = (Tally::default(), Tally::default());
    made(inconsistent_worlds()).take(WORLDS as usize).for_each(|world| tally.add(&world));
    for (mut world, flow) in made((worlds(), arbitrary_flows())).take(WORLDS as usize) {
        world.flows = vec![flow];
        of_plain.add(&world);
    }
    tally.print("inconsistent worlds");
    of_plain.print("arbitrary flows in plain worlds");
    let errors = [
        "address-not-of-node",
        "address-not-of-pod",
        "ambiguous-workload",
        "external-name",
        "finished-pod",
        "no-common-family",
        "no-ready-backend",
        "no-such-port",
        "node-without-address",
        "not-a-backend",
        "portless-service",
        "service-as-source",
        "shared-address",
        "shared-node-address",
        "unknown-node",
        "unknown-object",
        "unknown-service",
        "via-without-service",
        "wrong-family",
    ];
    // `gone-pod` is what ids come to, not names.
    assert_eq!(tally.errors.keys().copied().collect::<Vec<_>>(), errors);
    assert!(tally.share("allow") > 15.0 && tally.share("deny") > 4.0 && tally.share("undefined") > 4.0);
    assert!(tally.share("error") > 30.0 && of_plain.share("error") > 50.0 && of_plain.share("error") < 95.0);
}

fn same_answers(cluster: &Cluster, profile: &Profile, flows: &[Flow]) -> Result<(), String> {
    let (engine, reference) = (Engine::new(cluster, profile), Reference::new(cluster, profile));
    for flow in flows {
        let expected = reference.decide(flow);
        let verdict = expected.as_ref().map(|decision| decision.verdict).map_err(Clone::clone);
        let (got, fast) = (engine.decide(flow), engine.verdict(flow));
        if got != expected || fast != verdict {
            return Err(format!("{flow}:\n  definition {expected:?}\n  engine {got:?}\n  verdict {fast:?}"));
        }
    }
    Ok(())
}

/// Whatever the objects contradict each other in, the engine says what the definition says.
#[test]
fn engine_equals_definition_in_inconsistent_worlds() {
    for world in made(inconsistent_worlds()).take(WORLDS as usize) {
        if let Err(difference) = same_answers(&world.cluster, &world.profile, &world.flows) {
            panic!("{difference}\n{world:?}");
        }
    }
}

/// All ports of one protocol lie next to those of the following one, and are no span of either.
#[test]
fn a_rule_of_two_whole_protocols_has_both() {
    use netpol_oracle::model::{PolicyTypes, PortMatch, PortSpec, Ports, Rule};
    use netpol_oracle::{NetworkPolicy, ObjectName, Pod, Protocol};
    let any = |protocol| PortMatch { protocol, port: PortSpec::Any };
    for (one, other) in [(Protocol::Tcp, Protocol::Udp), (Protocol::Udp, Protocol::Sctp)] {
        let rule = Rule { peers: Peers::Any, ports: Ports::Of(vec![any(one), any(other)]) };
        let name = ObjectName::new("x", "a");
        let ingress = PolicyTypes::Ingress;
        let mut builder = Cluster::builder();
        builder.pod(Pod::new(name.clone()));
        builder.policy(NetworkPolicy::new(name, Selector::everything(), ingress, vec![rule], Vec::new()));
        let flows = ["tcp", "udp", "sctp"].map(|word| format!("203.0.113.9 -> x/a:80/{word}").parse().unwrap());
        same_answers(&builder.build(), &Profile::kubernetes(), &flows).unwrap();
    }
}

/// Every kind of step comes up, most change the cluster, and many change an answer.
#[test]
fn changing_worlds_are_varied() {
    let mut kinds: BTreeMap<StepKind, (u32, u32, u32)> = BTreeMap::new();
    let (mut batches, mut single, mut steps, mut empty) = (0, 0, 0, 0);
    for changing in made(changing_worlds()).take(400) {
        let (profile, mut before) = (&changing.world.profile, changing.world.cluster.clone());
        for batch in &changing.batches {
            batches += 1;
            single += u32::from(batch.len() == 1);
            for step in batch {
                steps += 1;
                let mut after = before.clone();
                after.apply(&step.changes).unwrap();
                let (count, nothing, answers) = kinds.entry(step.kind).or_default();
                *count += 1;
                if after == before {
                    (*nothing, empty) = (*nothing + 1, empty + 1);
                }
                let flows: Vec<Flow> = made(flows_of(&before)).take(20).collect();
                let of = |cluster: &Cluster| -> Vec<_> {
                    let reference = Reference::new(cluster, profile);
                    flows.iter().map(|flow| reference.decide(flow).map(|decision| decision.verdict)).collect()
                };
                *answers += u32::from(of(&before) != of(&after));
                before = after;
            }
        }
        assert_eq!(changing.updates().last().map(|(_, cluster)| cluster), Some(before));
    }
    println!("{batches} batches, {single} of one step; {steps} steps, {empty} of them change nothing");
    for (kind, (count, nothing, answers)) in &kinds {
        let (share, idle, telling) = (percent(*count, steps), percent(*nothing, *count), percent(*answers, *count));
        println!("  {kind:?}: {share:.1} %, {idle:.0} % of them change nothing, {telling:.0} % an answer of 20");
    }
    for kind in StepKind::ALL {
        let (count, _, answers) = kinds.get(&kind).copied().unwrap_or_default();
        assert!(percent(count, steps) > 0.7, "{kind:?}: {count} of {steps}");
        assert!(answers > 0, "{kind:?}: {count}, none changes an answer");
    }
    assert!(percent(empty, steps) < 15.0 && percent(single, batches) > 65.0);
}

/// Clusters that are not the strategies' own are asked and changed as well; an empty one too.
#[test]
fn any_cluster_is_asked_and_changed() {
    let large = ClusterSpec::new(120).endpoint_slices(true).build();
    let profile = Profile::kubernetes();
    let reference = Reference::new(&large, &profile);
    let flows: Vec<Flow> = made(flows_of(&large)).take(500).collect();
    let answered = flows.iter().filter(|flow| reference.decide(flow).is_ok()).count();
    let to_service = flows.iter().filter(|flow| matches!(flow.destination, Destination::Service(_))).count();
    assert!(answered > 350 && to_service > 80, "{answered} {to_service}");
    for cluster in [Cluster::default(), large] {
        for step in made(changes_of(&cluster)).take(400) {
            let mut after = cluster.clone();
            assert_eq!(after.apply(&step.changes), Ok(()), "{:?}", step.kind);
            let removed = step.changes.iter().filter(|change| matches!(change, Change::Remove(_))).count();
            assert!(step.changes.len() == 1 || step.kind == StepKind::SucceedPod && removed == 1);
        }
        assert_eq!(made(flows_of(&cluster)).take(100).count(), 100);
    }
}

/// An override that a profile already has is the only thing that two equal words can differ in.
#[test]
fn overrides_are_words_of_their_rows() {
    for (row, word) in made(netpol_oracle::generate::strategies::overrides()).take(200) {
        assert!(Profile::kubernetes().with_override(row, word).is_ok(), "{row} {word}");
    }
}
