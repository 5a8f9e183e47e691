//! Cases as files: what is written reads back, what is wrong is located, and the corpus takes them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::with;
use netpol_backend_memory::{Fault, Plane};
use netpol_oracle::model::{Object, ObjectId};
use netpol_oracle::oracle::{Answer, AnswerSide, Case, CaseError, CaseFlow, Expected, Observed, Outcome};
use netpol_oracle::profile::Rows;
use netpol_oracle::verdict::{Backend, Judged};
use netpol_oracle::{Change, Cluster, Decide, Engine, ObjectName, Pod, Profile, Reference, Row, Verdict};
use netpol_test_support::real_worlds;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::plane::probes::asked;
use crate::plane::sequences::{Sequence, sequences};
use crate::support::worlds::{self, World};

/// Cases of every kind: with changes, Services, profiles of every sort.
fn cases() -> impl Iterator<Item = Case> {
    sequences().enumerate().map(|(number, sequence)| {
        let Sequence { before, steps, profile } = sequence;
        let mut case = Case::new(before, profile);
        case.name = Some(format!("sequence-{number}"));
        case.source = Some("a \"source\": # with - everything\n".to_owned());
        case.changes = steps.into_iter().map(|(changes, _)| changes).collect();
        let after = case.after().unwrap();
        let reference = Reference::new(&after, &case.profile);
        for (at, asked) in asked(&after, &case.profile).into_iter().step_by(29).enumerate() {
            let mut flow = CaseFlow::new(asked.probe.flow, &reference).unwrap();
            flow.observed = match at % 4 {
                0 => None,
                1 => Some(Observed::EndToEnd(Outcome::Delivered)),
                2 => Some(Observed::Sides { egress: Outcome::Delivered, ingress: Outcome::Dropped }),
                _ => Some(Observed::NotObservable("no: reason".to_owned())),
            };
            if at % 3 == 0 {
                let mut answer = flow.expected.answer().unwrap().clone();
                answer.rows = None;
                answer.ingress = AnswerSide::default();
                answer.backends = None;
                flow.expected = Expected::Answer(answer);
            }
            case.flows.push(flow);
        }
        case
    })
}

/// Whether every object of the case, and what it becomes, is one that a manifest can say: worlds hold a few odd ones.
fn is_sayable(case: &Case) -> bool {
    let mut now = case.cluster.clone();
    reads_back(&now)
        && case.changes.iter().flatten().all(|change| {
            let is_made = now.apply(std::slice::from_ref(change)).is_ok();
            is_made && reads_back(&now)
        })
}

fn reads_back(cluster: &Cluster) -> bool {
    let text = serde_json::to_string(&netpol_oracle::manifest::write::list(cluster)).unwrap();
    let loaded = netpol_oracle::Loader::new(netpol_oracle::Release::DEFAULT).text("c.json", text).finish();
    loaded.cluster == *cluster
}

#[test]
fn what_is_written_reads_back() {
    let mut read = 0;
    for case in cases().take(60) {
        if !is_sayable(&case) {
            continue;
        }
        let text = case.write();
        let json = Case::read("case.json", &text).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"));
        assert!(json == case, "{text}");
        #[cfg(feature = "yaml")]
        {
            let text = case.write_yaml();
            let yaml = Case::read("case.yaml", &text).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"));
            assert!(yaml == case, "{text}");
            // And as YAML 1.2.
            let other: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            assert_eq!(other, serde_json::from_str::<serde_json::Value>(&case.write()).unwrap());
        }
        assert_eq!(case.stale().unwrap(), []);
        read += 1;
    }
    assert!(read > 30, "{read}");
}

/// A cluster is made of its objects, and each of them may come and go in a case.
#[test]
fn every_kind_of_object_is_a_change() {
    let mut kinds = BTreeSet::new();
    for seed in 0..60 {
        let World { cluster, profile, .. } = real_worlds::world(800_000 + seed, 0);
        let mut builder = Cluster::builder();
        for object in cluster.objects() {
            builder.object(object);
        }
        assert_eq!(builder.build(), cluster);
        let mut case = Case::new(Cluster::default(), profile);
        case.changes.push(cluster.objects().map(Change::Put).collect());
        assert_eq!(case.after().unwrap(), cluster);
        // A namespace stays while objects name it.
        let others = cluster.objects().filter(|object| !matches!(object, Object::Namespace(_)));
        case.changes.push(others.map(|object| Change::Remove(object.id())).collect());
        kinds.extend(cluster.objects().map(|object| format!("{object:?}").split('(').next().map(str::to_owned)));
        if is_sayable(&case) {
            let read = Case::read("case.json", case.write()).unwrap_or_else(|faults| panic!("{faults:#?}"));
            assert!(read == case, "{}", case.write());
        }
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

#[test]
fn a_profile_is_written_as_its_file() {
    let mut runner = TestRunner::deterministic();
    let runtimes = proptest::collection::vec("[a-z]{1,5}(-\\*)?", 0..3);
    let strategy = (worlds::profiles(), runtimes, proptest::bool::ANY);
    for _ in 0..500 {
        let (mut profile, runtimes, named) = strategy.new_tree(&mut runner).unwrap().current();
        if named {
            profile = profile.with_secure_runtimes(runtimes);
        }
        let text = serde_json::to_string(&profile).unwrap();
        assert_eq!(Profile::read("profile.json", &text), Ok(profile.clone()), "{text}");
        assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), profile);
    }
    for text in ["kubernetes", "kubernetes:1.31", "tunnel:v1.23.1-r0", "vpc:v1.31.6-r0", "cn2:v1.34.3-r10"] {
        let profile: Profile = text.parse().unwrap();
        let text = serde_json::to_string(&profile).unwrap();
        assert_eq!(Profile::read("profile.json", text), Ok(profile));
    }
}

#[test]
fn every_fault_of_a_case_is_located() {
    let text = r#"{
  "name": 7,
  "profile": {"model": "vpc", "version": "1.31"},
  "manifests": [
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "status": {"podIP": "10.0.0"}},
    {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"},
     "spec": {"podSelector": {}, "policyTypes": ["Both"]}},
    7
  ],
  "changes": [
    [{"put": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}},
     {"remove": {"kind": "Secret", "name": "s"}},
     {"remove": {"name": "s"}},
     {}]
  ],
  "flows": [
    {"flow": "default/a -> default/b", "expected": {"verdict": "maybe", "rows": ["C99"]}},
    {"flow": "default/a -> 10.0.0.1:80/tcp", "expected": {}, "observed": {"sides": {"egress": "lost"}}},
    {"backend": "b", "expected": {"verdict": "deny", "reason": "x"}, "observed": {}},
    {"flow": "1.1.1.1 -> default/b:1/tcp", "expected": {"verdict": "deny", "error": "finished-pod"}},
    {"flow": "1.1.1.1 -> default/b:1/tcp", "expected": {"error": "gone"}},
    {"flow": "1.1.1.1 -> default/b:1/tcp", "expected": {"verdict": "deny", "reasons": {"egress": "x", "b": 1}}},
    {"flow": "1.1.1.1 -> default/b:1/tcp", "expected": {"verdict": "deny", "backends": {"b": "deny", "x/b": "no"}}}
  ],
  "flow": []
}"#;
    let faults = Case::read("case.json", text).unwrap_err();
    let found: Vec<String> = faults.iter().map(|fault| fault.to_string().replace(" (document 0): error", "")).collect();
    let wanted = [
        "case.json:2[NP003]: name: this must be a string, not a number (help: write it in quotes)",
        "case.json:3[NP004]: profile.version: `1.31` is not a cluster version; write `v1.31.6-r0`",
        "case.json:5[NP004]: manifests[0].status.podIP: `10.0.0` is no ip address",
        // The server's own words, which hold the path of the object.
        "case.json:7[NP103]: spec.policyTypes[0]: Unsupported value: \"Both\"",
        "case.json:8[NP003]: manifests[2]: a manifest must be an object, not a value of type `number`",
        "case.json:11[NP004]: changes[0][0].put: this must be one object of a kind that decides flows",
        "case.json:12[NP004]: changes[0][1].remove.kind: `Secret` is no kind that decides flows",
        "case.json:13[NP005]: changes[0][2].remove.kind: the field `kind` is missing",
        "case.json:14[NP004]: changes[0][3]: a change is one `put` or one `remove`",
        "case.json:17[NP004]: flows[0].flow: column 23: no port or protocol; write `DST:PORT/tcp`, `DST icmp` or `DST NUMBER`",
        "case.json:17[NP004]: flows[0].expected.verdict: `maybe` is none of `allow`, `deny`, `undefined`",
        "case.json:17[NP004]: flows[0].expected.rows[0]: `C99` is no row",
        "case.json:18[NP005]: flows[1].expected.verdict: the field `verdict` is missing",
        "case.json:18[NP004]: flows[1].observed.sides.egress: `lost` is none of `delivered`, `dropped`",
        "case.json:18[NP005]: flows[1].observed.sides.ingress: the field `ingress` is missing",
        "case.json:19[NP004]: flows[2].expected.reason: `reason` is not a field here",
        "case.json:19[NP005]: flows[2].flow: the field `flow` is missing",
        "case.json:19[NP004]: flows[2].backend: `b` is no ip address",
        "case.json:19[NP004]: flows[2].observed: write one of `end-to-end`, `sides` and `not-observable`",
        "case.json:20[NP004]: flows[3].expected.error: what cannot be judged has no answer: `error` stands alone",
        "case.json:21[NP004]: flows[4].expected.error: `gone` is none of `unknown-object`, `ambiguous-workload`",
        "case.json:22[NP004]: flows[5].expected.reasons.egress: `x` is none of `no-subject`, `hairpin`",
        "case.json:22[NP004]: flows[5].expected.reasons.b: `b` is not a field here",
        "case.json:23[NP004]: flows[6].expected.backends.b: a backend is `NAMESPACE/NAME`, `NAMESPACE/KIND/NAME` or an address",
        "case.json:23[NP004]: flows[6].expected.backends.x/b: `no` is none of `allow`, `deny`, `undefined`",
        "case.json:25[NP004]: flow: `flow` is not a field here",
    ];
    for wanted in wanted {
        assert!(found.iter().any(|found| found.starts_with(wanted)), "{wanted}\nin {found:#?}");
    }
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    assert!(faults.iter().any(|fault| fault.path.as_str() == "manifests[1].spec.policyTypes[0]"));
    let lines: Vec<_> = faults.iter().map(|fault| fault.location.as_ref().unwrap().line).collect();
    assert!(lines.is_sorted(), "{lines:?}");

    let one = |text: &str| Case::read("c.json", text).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(one("[]"), ["c.json:1 (document 0): error[NP003]: this must be an object, not a list"]);
    assert_eq!(one("{").len(), 1);
    assert_eq!(one("").len(), 1);
    let missing = one("{}");
    assert_eq!(missing.len(), 3, "{missing:?}");
    let gone = r#"{"profile": "kubernetes", "manifests": [], "flows": [],
      "changes": [[{"remove": {"kind": "Pod", "name": "a"}}]]}"#;
    assert_eq!(
        one(gone),
        ["c.json:2 (document 0): error[NP004]: changes[0]: cannot remove what is not there: `Pod default/a`"]
    );
    let twice = r#"{"profile": "kubernetes", "manifests": [], "flows": [], "flows": []}"#;
    assert_eq!(one(twice), ["c.json:1 (document 0): error[NP009]: flows: the field `flows` is given twice"]);
}

/// Bytes that go missing or change never make a panic, and never two readings.
#[test]
fn a_corrupted_case_is_refused_or_is_a_case() {
    let case = cases().find(is_sayable).unwrap();
    let text = case.write().into_bytes();
    let mut refused = 0;
    for at in (0..text.len()).step_by(97) {
        let mut cut = text.clone();
        cut.truncate(at);
        assert!(Case::read("case.json", &cut).is_err());
        let mut changed = text.clone();
        changed[at] = b'7';
        refused += usize::from(Case::read("case.json", &changed).is_err());
    }
    assert!(refused > 10);
}

#[test]
fn a_stale_answer_is_told_apart_from_a_mismatch() {
    let name = |name| ObjectName::new("x", name);
    let mut builder = Cluster::builder();
    for (pod, address) in [("a", "10.0.0.1"), ("b", "10.0.0.2")] {
        builder.pod(with(Pod::new(name(pod)), |pod| pod.addresses = vec![address.parse().unwrap()]));
    }
    let mut case = Case::new(builder.build(), Profile::kubernetes());
    let engine = Engine::new(&case.cluster, &case.profile);
    case.flows.push(CaseFlow::new("x/a -> x/b:80/tcp".parse().unwrap(), &*engine).unwrap());
    assert!(case.replay(&mut Plane::new()).unwrap().is_clean());
    let answer = case.flows[0].expected.answer().unwrap().clone();
    case.flows[0].expected = Expected::Answer(with(answer, |answer| {
        answer.verdict = Verdict::Deny;
        answer.rows = Some(Rows::from(Row::C1));
    }));
    let replay = case.replay(&mut Plane::new()).unwrap();
    assert!(replay.report.is_clean() && !replay.is_clean());
    assert_eq!(
        replay.stale[0].to_string(),
        "flows[0]: expected deny (C1) (egress allow: not-isolated, ingress allow: not-isolated) (namespace-not-loaded, no-policies), \
         now allow (egress allow: not-isolated, ingress allow: not-isolated) (namespace-not-loaded, no-policies)"
    );
    case.changes.push(vec![Change::Remove(ObjectId::Pod(name("c")))]);
    let error = case.replay(&mut Plane::new()).unwrap_err();
    assert_eq!(error.to_string(), "changes[0]: cannot remove what is not there: `Pod x/c`");
    case.changes.clear();
    case.flows[0].backend = Some("192.0.2.1".parse().unwrap());
    assert!(matches!(case.stale(), Err(CaseError::Backend { .. })));
}

/// A flow that cannot be judged is a case as well: no packet is sent for it.
#[test]
fn an_error_can_be_what_is_expected() {
    let text = r#"{"profile": "kubernetes", "manifests": [], "flows": [
      {"flow": "x/a -> 192.0.2.1:80/tcp", "expected": {"error": "unknown-object"}},
      {"flow": "192.0.2.1 -> 192.0.2.2:80/tcp", "expected": {"verdict": "allow", "reasons": {"egress": "no-subject"}}}]}"#;
    let case = Case::read("case.json", text).unwrap();
    assert_eq!(case.stale().unwrap(), []);
    let replay = case.replay(&mut Plane::new()).unwrap();
    assert!(replay.is_clean() && replay.report.not_judged.is_empty(), "{replay}");
    let wrong = |from: &str, to: &str| {
        let case = Case::read("case.json", text.replace(from, to)).unwrap();
        let stale = case.stale().unwrap();
        assert_eq!(stale.len(), 1);
        stale[0].to_string()
    };
    assert_eq!(
        wrong("unknown-object", "unknown-node"),
        "flows[0]: expected the error unknown-node, now the error unknown-object: no pod or workload `x/a`"
    );
    assert_eq!(
        wrong("\"no-subject\"", "\"rule\""),
        "flows[1]: expected allow (egress: rule), now allow (egress allow: no-subject, ingress allow: no-subject) (no-policies)"
    );
    assert!(
        wrong("x/a", "192.0.2.3")
            .ends_with("now allow (egress allow: no-subject, ingress allow: no-subject) (no-policies)")
    );
    assert!(wrong("192.0.2.2", "x/b").ends_with("now the error unknown-object: no pod or workload `x/b`"));
}

/// A backend outside the cluster is named by its address.
#[test]
fn a_case_can_mean_one_backend() {
    let mut met = 0;
    for case in cases().take(200) {
        let reference = Reference::new(&case.cluster, &case.profile);
        for service in case.cluster.services().iter() {
            let Some(port) = service.ports.first() else { continue };
            let flow =
                format!("203.0.113.9 -> svc/{}:{}/{}", service.name, port.port, port.protocol.as_str().to_lowercase());
            let Ok(decision) = reference.decide(&flow.parse().unwrap()) else { continue };
            let Judged::Backends(backends) = &decision.judged else { continue };
            for backend in backends {
                let Backend::Address(address) = backend.backend else { continue };
                let mut flow = CaseFlow::new(flow.parse().unwrap(), &reference).unwrap();
                flow.backend = Some(address);
                flow.expected = Expected::Answer(Answer::new(backend.verdict));
                let case = with(case.clone(), |case| {
                    case.flows = vec![flow];
                    case.changes.clear();
                });
                assert_eq!(case.stale().unwrap(), []);
                let replay = case.replay(&mut Plane::with_fault(Fault::BlockMissesPods)).unwrap();
                assert!(replay.stale.is_empty());
                met += 1;
            }
        }
    }
    println!("{met} backends");
}

#[cfg(feature = "yaml")]
#[test]
fn the_corpus_takes_a_case() {
    let (mut cases_met, mut flows_met) = (0, 0);
    for mut case in cases().take(40) {
        let cluster = case.after().unwrap();
        // A case of the corpus expects something.
        if !reads_back(&cluster) || case.flows.is_empty() {
            continue;
        }
        let nobody = "x/nobody -> 192.0.2.1:80/tcp".parse().unwrap();
        case.flows.push(CaseFlow::expecting(nobody, Expected::Error("unknown-object")));
        let text = case.to_corpus().unwrap();
        let read = netpol_test_support::corpus::cases_of("found.yaml", &text);
        let [Ok(read)] = read.as_slice() else { panic!("{read:?}\n{text}") };
        assert_eq!((&read.case.profile, &read.case.cluster), (&case.profile, &cluster));
        let mut codes: Vec<&str> = read.reported.iter().map(|fault| fault.code.as_str()).collect();
        let mut stated = read.diagnostics.clone();
        codes.sort_unstable();
        stated.sort_unstable();
        assert_eq!(codes, stated);
        let reference = Reference::new(&cluster, &case.profile);
        assert_eq!(read.case.stale().unwrap(), [], "{text}");
        assert_eq!(read.case.stale_by(&*Engine::new(&cluster, &case.profile)).unwrap(), [], "{text}");
        // All that the form can say is said.
        for (flow, asked) in read.case.flows.iter().zip(&case.flows) {
            assert_eq!(flow.flow, asked.flow);
            let Some(answer) = flow.expected.answer() else {
                assert_eq!(flow.expected, Expected::Error("unknown-object"));
                continue;
            };
            let decision = reference.decide(&flow.flow).unwrap();
            assert_eq!((answer.verdict, answer.rows), (decision.verdict, Some(decision.rows)));
            match &decision.judged {
                Judged::Sides(sides) => {
                    assert_eq!(answer.egress.reason, Some(sides.egress.reason.code()));
                    assert_eq!(answer.ingress.reason, Some(sides.ingress.reason.code()));
                }
                Judged::Backends(backends) => {
                    assert_eq!(answer.backends.as_ref().unwrap().len(), backends.len());
                }
            }
            flows_met += 1;
        }
        cases_met += 1;
    }
    assert!(cases_met > 20 && flows_met > 200, "{cases_met} {flows_met}");
}

fn schema() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/case.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_schema_takes_what_is_written_and_refuses_the_rest() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    for case in cases().take(60) {
        let value: serde_json::Value = serde_json::from_str(&case.write()).unwrap();
        let faults: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
    let case = cases().find(|case| case.changes.len() > 1 && !case.flows.is_empty()).unwrap();
    let valid: serde_json::Value = serde_json::from_str(&case.write()).unwrap();
    let wrong = |pointer: &str, value: serde_json::Value| {
        let mut other = valid.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&other), "{pointer}");
    };
    wrong("/profile/model", "ovs".into());
    wrong("/profile", 7.into());
    wrong("/manifests/0", 7.into());
    wrong("/flows/0/flow", 7.into());
    wrong("/flows/0/expected/verdict", "maybe".into());
    wrong("/flows/0/expected", serde_json::json!({"rows": []}));
    wrong("/changes/1/0", serde_json::json!({"put": {}, "remove": {}}));
    wrong("/flows/0", serde_json::json!({"flow": "a", "expected": {"verdict": "deny"}, "note": 1}));
    let without = |field: &str| {
        let mut other = valid.clone();
        other.as_object_mut().unwrap().remove(field);
        assert!(!validator.is_valid(&other), "{field}");
    };
    ["profile", "manifests", "flows"].into_iter().for_each(without);

    // The words of the schema are those of the reader.
    let codes = |pointer: &str| schema.pointer(pointer).unwrap()["enum"].as_array().unwrap().clone();
    let read = |expected: serde_json::Value| {
        let flow = serde_json::json!({"flow": "192.0.2.1 -> 192.0.2.2:80/tcp", "expected": expected});
        let case = serde_json::json!({"profile": "kubernetes", "manifests": [], "flows": [flow]});
        let faults = Case::read("case.json", case.to_string()).map_or_else(|error| error.to_vec(), |_| Vec::new());
        assert_eq!(validator.is_valid(&case), faults.is_empty(), "{case}: {faults:?}");
        faults.first().map_or(0, |fault| fault.message.matches('`').count() / 2 - 1)
    };
    let (reasons, errors) = (codes("/$defs/reason"), codes("/$defs/expected/oneOf/1/properties/error"));
    for code in &reasons {
        read(serde_json::json!({"verdict": "allow", "reasons": {"ingress": code}}));
    }
    for code in &errors {
        read(serde_json::json!({"error": code}));
    }
    // A word that is none lists all that are.
    assert_eq!(read(serde_json::json!({"verdict": "allow", "reasons": {"ingress": "no"}})), reasons.len());
    assert_eq!(read(serde_json::json!({"error": "no"})), errors.len());
    read(serde_json::json!({"verdict": "allow", "backends": {"x/a": "deny", "192.0.2.1": "allow"}}));
    read(serde_json::json!({"verdict": "allow", "error": "finished-pod"}));
}
