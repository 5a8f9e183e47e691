//! Connections, what differs, counts and reports as JSON: to the letter what the documentation of each type shows.

use std::fs;

use netpol_oracle::analysis::{Action, Connectivity, Detail, Diff, Ends, Isolation, Ports, Region, why_not};
use netpol_oracle::diagnostic::Severity;
use netpol_oracle::manifest::write::Manifest;
use netpol_oracle::model::{ObjectId, WorkloadKind};
use netpol_oracle::net::AddressRange;
use netpol_oracle::oracle::{
    Case, CaseFlow, DataPlane, Observed, Options, Outcome, Probe, Report, ShrinkOptions, check, probes, shrink,
};
use netpol_oracle::{Change, Cluster, Engine, Flow, Loader, ObjectName, Profile, Verdict};
use serde::Serialize;

const MANIFESTS: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "status": {"podIP": "10.0.0.7"}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "labels": {"role": "db"}}, "status": {"podIP": "10.0.1.3"}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"},
   "spec": {"clusterIP": "10.247.0.9", "selector": {"role": "db"}, "ports": [{"port": 80, "targetPort": 6379}]}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "db"},
   "spec": {"podSelector": {"matchLabels": {"role": "db"}}, "ingress": [{"ports": [{"port": 6379}]}]}}
]}"#;

fn cluster() -> Cluster {
    let loaded = Loader::new(Profile::kubernetes().release()).text("cluster.json", MANIFESTS).finish();
    assert!(loaded.diagnostics.iter().all(|found| found.severity != Severity::Error), "{:?}", loaded.diagnostics);
    loaded.cluster
}

fn flow(text: &str) -> Flow {
    text.parse().unwrap()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// The block of JSON in the documentation of a type, without the space between its words. What stands in capitals is
/// replaced by the JSON of a part, which is shown where its own type is.
fn documented(file: &str, item: &str, parts: &[(&str, String)]) -> String {
    let text = fs::read_to_string(format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (before, _) = text.split_once(&format!("pub struct {item} {{")).unwrap();
    let lines: Vec<&str> =
        before.lines().rev().take_while(|line| line.starts_with("///") || line.starts_with('#')).collect();
    let doc: Vec<&str> = lines.into_iter().rev().filter_map(|line| line.strip_prefix("///")).collect();
    let opens = |line: &&str| matches!(line.trim(), "```json" | "```text");
    let block = doc.iter().skip_while(|line| !opens(line)).skip(1).take_while(|line| line.trim() != "```");
    let (mut compact, mut is_text, mut is_escaped) = (String::new(), false, false);
    for character in block.flat_map(|line| line.chars()) {
        if character == '"' && !is_escaped {
            is_text = !is_text;
        }
        is_escaped = character == '\\' && !is_escaped;
        if is_text || character != ' ' {
            compact.push(character);
        }
    }
    parts.iter().fold(compact, |text, (name, part)| text.replace(name, part))
}

/// Answers by the destination: as a data plane that has no policies, but for two troubles.
struct Troubled;

impl DataPlane for Troubled {
    type Error = String;

    fn install(&mut self, _: &Cluster, _: &Profile) -> Result<(), String> {
        Ok(())
    }

    fn apply(&mut self, _: &[Change], _: &Cluster) -> Result<(), String> {
        Ok(())
    }

    fn probe(&mut self, probe: &Probe) -> Result<Observed, String> {
        match probe.flow.to_string().as_str() {
            "default/db -> default/web:80/tcp" => Ok(Observed::NotObservable("no tap on n2".to_owned())),
            "192.0.2.1 -> default/db icmp" => Err("link down".to_owned()),
            _ => Ok(Observed::Sides { egress: Outcome::Delivered, ingress: Outcome::Delivered }),
        }
    }
}

/// Something of everything that a report counts.
fn report() -> Report {
    let engine = Engine::new(&cluster(), &Profile::kubernetes());
    let flows = [
        "default/web -> default/db:6379/tcp",
        "default/web -> default/db icmp",
        "default/db -> default/web:80/tcp",
        "192.0.2.1 -> default/db icmp",
        "default/web -> default/nobody:80/tcp",
        "default/web -> default/db:6380/tcp",
        "default/web -> default/db:6381/tcp",
    ];
    let options = Options::new().stop_after_mismatches(1);
    check(&engine, &mut Troubled, flows.map(flow), &options).unwrap()
}

#[test]
fn an_edit() {
    let flow = flow("default/web -> default/db:6380/tcp");
    let repairs = why_not(&Engine::new(&cluster(), &Profile::kubernetes()), &flow, Verdict::Allow).unwrap();
    let mut edits = repairs.iter().flat_map(|repair| &repair.edits);
    let edit = edits.find(|edit| edit.action == Action::AddPort).unwrap();
    assert_eq!(json(edit), documented("analysis/repair/edit.rs", "Edit", &[]));
    let repair = &repairs[0];
    let [edits, policies, changes] =
        [json(&repair.edits[0]), json(&Manifest(&repair.policies[0])), json(&repair.changes[0])];
    assert_eq!((repair.edits.len(), repair.policies.len(), repair.changes.len()), (1, 1, 1));
    let parts = [("EDIT", edits), ("POLICY", policies), ("CHANGE", changes)];
    assert_eq!(json(repair), documented("analysis/repair/mod.rs", "Repair", &parts));
}

#[test]
fn a_report() {
    let report = report();
    let parts = [("MISMATCH", json(&report.mismatches[0])), ("PROBE", json(&report.errors[0].probe))];
    assert_eq!(json(&report), documented("oracle/report.rs", "Report", &parts));
    assert_eq!(json(&report.errors[0]), documented("oracle/report.rs", "ProbeError", &parts));
    assert_eq!(
        json(&Report::default()),
        r#"{"compared":"nothing","probes":0,"agreed":0,"delivered":0,"undefined":0,"undefined_by":{},"mismatches":[],"#
            .to_owned()
            + r#""not_observable":{},"not_judged":{},"errors":[],"coverage":{"asked":0,"of":null},"stopped":null}"#
    );
}

#[test]
fn a_mismatch() {
    let report = report();
    let mismatch = &report.mismatches[0];
    let parts = [
        ("PROBE", json(&mismatch.probe)),
        ("DECISION", json(&mismatch.decision)),
        ("EXPLANATION", json(&mismatch.explanation)),
    ];
    assert_eq!(json(mismatch), documented("oracle/report.rs", "Mismatch", &parts));
    assert_eq!(
        json(&mismatch.decision),
        r#"{"flow":"default/web -> default/db:6380/tcp","verdict":"deny","rows":[],"#.to_owned()
            + r#""egress":{"verdict":"allow","reason":{"code":"not-isolated"}},"#
            + r#""ingress":{"verdict":"deny","reason":{"code":"no-rule","isolated_by":["default/db"],"#
            + r#""near":[{"policy":"default/db","direction":"ingress","rule":0,"failed":"port"}]}},"notes":[]}"#
    );
}

#[test]
fn a_probe() {
    let engine = Engine::new(&cluster(), &Profile::kubernetes());
    let probes = probes(&engine, &flow("default/web -> svc/default/db:80/tcp")).unwrap();
    assert_eq!(json(&probes[0]), documented("oracle/probe.rs", "Probe", &[]));
}

#[test]
fn a_replay_and_what_is_shrunk() {
    let (cluster, profile) = (cluster(), Profile::kubernetes());
    let engine = Engine::new(&cluster, &profile);
    let mut case = Case::new(cluster, profile);
    case.flows.push(CaseFlow::new(flow("default/web -> default/db:6380/tcp"), &engine).unwrap());

    let mut wrong = case.clone();
    wrong.flows[0].expected = answered(r#"{"verdict": "allow"}"#).flows[0].expected.clone();
    let replay = wrong.replay(&mut Troubled).unwrap();
    let stale = json(&replay.stale[0]);
    assert_eq!(stale, documented("oracle/case/case.rs", "Stale", &[]));
    let parts = [("STALE", stale), ("REPORT", json(&replay.report))];
    assert_eq!(json(&replay), documented("oracle/case/replay.rs", "Replay", &parts));

    let shrunk = shrink(case, &mut Troubled, &ShrinkOptions::default()).unwrap();
    let written: serde_json::Value = serde_json::from_str(&shrunk.case.write()).unwrap();
    assert_eq!(serde_json::to_value(&shrunk.case).unwrap(), written, "a case is written as its file");
    let parts = [("CASE", json(&shrunk.case)), ("MISMATCH", json(&shrunk.mismatch))];
    assert_eq!(json(&shrunk), documented("oracle/shrink/mod.rs", "Shrunk", &parts));
}

/// A case of one flow with that answer.
fn answered(expected: &str) -> Case {
    let flow = format!(r#"{{"flow": "192.0.2.1 -> 192.0.2.2:80/tcp", "expected": {expected}}}"#);
    let text = format!(r#"{{"profile": "kubernetes:1.34", "manifests": [], "flows": [{flow}]}}"#);
    Case::read("case.json", text).unwrap()
}

#[test]
fn isolation_that_changes() {
    let mut before = cluster();
    before.apply(&[Change::Remove(ObjectId::Policy(ObjectName::new("default", "db")))]).unwrap();
    let [before, after] = [before, cluster()].map(|cluster| Engine::new(&cluster, &Profile::kubernetes()));
    let found = Diff::new(&before, &after).isolation(Detail::Workloads);
    assert_eq!(found.len(), 1);
    assert_eq!(json(&found[0]), documented("analysis/isolation.rs", "IsolationChange", &[]));
    assert_eq!(json(&Isolation::Open), r#""undefined""#);
}

/// A Deployment that may send to an address that a Service stands before, and a pod whom a Service leads to a shut one.
const CONNECTED: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}},
  {"apiVersion": "v1", "kind": "Pod", "spec": {}, "status": {"podIP": "10.0.0.7"},
   "metadata": {"name": "web-0", "labels": {"app": "web"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d4b", "uid": "1", "controller": true}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"},
   "spec": {"clusterIP": "10.96.0.9", "ports": [{"port": 6379}]}},
  {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": [{"port": 6379, "protocol": "TCP"}],
   "metadata": {"name": "db-1", "labels": {"kubernetes.io/service-name": "db"}},
   "endpoints": [{"addresses": ["192.0.2.9"]}]},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web"},
   "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], "egress": [EGRESS]}}
]}"#;

fn connected(egress: &str) -> Engine {
    let manifests = CONNECTED.replace("EGRESS", egress);
    let loaded = Loader::new(Profile::kubernetes().release()).text("cluster.json", manifests).finish();
    assert!(loaded.diagnostics.iter().all(|found| found.severity != Severity::Error), "{:?}", loaded.diagnostics);
    Engine::new(&loaded.cluster, &Profile::kubernetes())
}

#[test]
fn a_connection_and_one_that_changes() {
    let backend = r#"{"to": [{"ipBlock": {"cidr": "192.0.2.9/32"}}]}"#;
    let both = r#"{"to": [{"ipBlock": {"cidr": "192.0.2.9/32"}}, {"ipBlock": {"cidr": "10.96.0.9/32"}}]}"#;
    let service = Some(Ends::Service(ObjectName::new("default", "db")));
    let listed = Connectivity::new(&connected(backend)).connections(Detail::Workloads);
    let web = listed
        .iter()
        .find(|each| Some(&each.destination) == service.as_ref() && matches!(each.source, Ends::Workload(..)));
    assert_eq!(json(web.unwrap()), documented("analysis/connectivity/connection.rs", "Connection", &[]));
    let changes = Diff::new(&connected(""), &connected(both)).changes(Detail::Workloads);
    let opens = changes.iter().find(|each| Some(&each.destination) == service.as_ref());
    assert_eq!(json(opens.unwrap()), documented("analysis/diff/change.rs", "ConnectionChange", &[]));
}

#[test]
fn counts_of_pairs() {
    let manifests = r#"{"apiVersion": "v1", "kind": "List", "items": [
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "web"}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "namespace": "web"}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop", "labels": {"app": "a"}}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "namespace": "shop", "labels": {"app": "a"}}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c", "namespace": "shop", "labels": {"app": "c"}}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d", "namespace": "shop", "labels": {"app": "d"}}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e", "namespace": "shop", "labels": {"app": "d"}}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "f", "namespace": "shop", "labels": {"app": "d"}}},
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "c", "namespace": "shop"},
       "spec": {"podSelector": {"matchLabels": {"app": "c"}}, "ingress": [{"ports": [{"port": 80}]}]}},
      {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "d", "namespace": "shop"},
       "spec": {"podSelector": {"matchLabels": {"app": "d"}}}}
    ]}"#;
    let loaded = Loader::new(Profile::kubernetes().release()).text("cluster.json", manifests).finish();
    let counts = Connectivity::new(&Engine::new(&loaded.cluster, &Profile::kubernetes())).counts(
        Some(&Ends::Namespace("web".into())),
        Some(&Ends::Namespace("shop".into())),
        Detail::Namespaces,
    );
    assert_eq!(counts.len(), 1);
    assert_eq!(json(&counts[0]), documented("analysis/connectivity/counts.rs", "PairCounts", &[]));
}

/// Each kind of end and of region, to the letter: the lines of the documentation.
#[test]
fn ends_of_connections_and_regions() {
    let name = |name: &str| ObjectName::new("default", name);
    let range = AddressRange::new("0.0.0.0".parse().unwrap(), "9.255.255.255".parse().unwrap()).unwrap();
    let ends = [
        Ends::Pods(vec![name("web-0"), name("web-1")]),
        Ends::Workload(name("web"), WorkloadKind::Deployment),
        Ends::Namespace("default".into()),
        Ends::Node("n1".into()),
        Ends::Service(name("db")),
        Ends::Addresses(vec![range]),
    ];
    let lines = [
        r#"{"pods":["default/web-0","default/web-1"]}"#,
        r#"{"workload":"default/deployment/web"}"#,
        r#"{"namespace":"default"}"#,
        r#"{"node":"n1"}"#,
        r#"{"service":"default/db"}"#,
        r#"{"addresses":["0.0.0.0-9.255.255.255"]}"#,
    ];
    assert_eq!(ends.map(|each| json(&each)), lines);
    let regions = [
        Region::Namespace("default".into()),
        Region::Workload(name("web"), WorkloadKind::Deployment),
        Region::Pod(name("web-0")),
        Region::Services("default".into()),
        Region::Service(name("db")),
        Region::Nodes,
        Region::Node("n1".into()),
        Region::Outside,
    ];
    let lines = [
        r#"{"namespace":"default"}"#,
        r#"{"workload":"default/deployment/web"}"#,
        r#"{"pods":["default/web-0"]}"#,
        r#"{"services":"default"}"#,
        r#"{"service":"default/db"}"#,
        r#"{"nodes":"all"}"#,
        r#"{"node":"n1"}"#,
        r#"{"addresses":"all"}"#,
    ];
    assert_eq!(regions.map(|each| json(&each)), lines);
    assert_eq!(json(&Ports::everything()), r#"["all","icmp","other"]"#);
}
