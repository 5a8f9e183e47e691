//! The API server's judgement against measured answers of three releases: the sample in `data/api-truth`, and
//! in `data/api-more.jsonl` what upstream's own decoder, defaulting and create validation (its Go modules of
//! v1.31.0, v1.34.4 and v1.37.2, run in process) said to several hundred texts of ours.

use std::collections::BTreeMap;
use std::path::Path;

use netpol_oracle::diagnostic::{Code, Origin, Severity};
use netpol_oracle::manifest::{Judgement, judge_text};
use netpol_oracle::{Loader, Release};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Truth {
    #[serde(default)]
    file: String,
    #[serde(default)]
    document: usize,
    decision: String,
    decision_strict: String,
    stage: Option<String>,
    errors: Vec<Fault>,
    warnings: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    path: String,
    error: String,
}

fn answers(release: &str) -> Vec<Truth> {
    let path = format!("{}/tests/data/api-truth/truth-{release}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the truth file is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of the truth file")).collect()
}

/// The judgement of a text's only document.
fn only(judgements: Vec<Judgement>) -> Judgement {
    let [judgement] = <[Judgement; 1]>::try_from(judgements).expect("one document");
    judgement
}

/// Go 1.31 prints the addresses of two pointers: nobody can know them.
fn without_pointers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("(*bool)(") {
        out.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
        out.push_str("(*bool)()");
    }
    out + rest
}

/// Everything that differs, in words.
fn differences(truth: &Truth, name: &str, text: &[u8], release: Release) -> Vec<String> {
    let judgements = judge_text(release, name, text);
    let Some(judgement) = judgements.get(truth.document) else { return vec!["no such document".to_owned()] };
    let mut out = Vec::new();
    let word = |accepted| if accepted { "accept" } else { "reject" };
    for (what, ours, theirs) in [
        ("decision", word(judgement.accepted), &truth.decision),
        ("strict decision", word(judgement.accepted_strict), &truth.decision_strict),
    ] {
        if ours != theirs {
            out.push(format!("{what}: {ours}, not {theirs}"));
        }
    }
    if judgement.policy.is_some() != judgement.accepted {
        out.push("accepted without a policy, or the other way round".to_owned());
    }
    let of = |severity| judgement.diagnostics.iter().filter(move |diagnostic| diagnostic.severity == severity);
    let mut warnings: Vec<String> = of(Severity::Warning).map(|diagnostic| diagnostic.message.clone()).collect();
    let mut expected = truth.warnings.clone();
    warnings.sort();
    expected.sort();
    if warnings != expected {
        out.push(format!("warnings: {warnings:#?}, not {expected:#?}"));
    }
    if truth.stage.as_deref() == Some("decode") {
        let decoding = |code| matches!(code, Code::Decode | Code::Syntax | Code::Limit);
        if of(Severity::Error).next().is_none() || of(Severity::Error).any(|error| !decoding(error.code)) {
            out.push(format!("not (only) decoding errors: {:#?}", judgement.diagnostics));
        }
        return out;
    }
    // The five last characters of a made name are random: of a document without a name, what is wrong with its name is
    // that it is required, or that the made one is bad.
    let is_of_made_name = |fault: &Fault| {
        judgement.name.is_empty()
            && fault.path == "metadata.name"
            && !fault.error.starts_with("metadata.name: Required value")
    };
    let asked = |fault: &Fault| !is_of_made_name(fault);
    let mut errors: Vec<Fault> = of(Severity::Error)
        .inspect(|error| assert_eq!(error.origin, Origin::ApiServer))
        .map(|error| Fault { path: error.path.to_string(), error: without_pointers(&error.message) })
        .filter(asked)
        .collect();
    let mut expected: Vec<Fault> = truth
        .errors
        .iter()
        .map(|fault| Fault { path: fault.path.clone(), error: without_pointers(&fault.error) })
        .filter(asked)
        .collect();
    errors.sort();
    expected.sort();
    if errors != expected {
        out.push(format!("errors: {errors:#?}, not {expected:#?}"));
    }
    out
}

fn check(version: &str) {
    let release: Release = version.parse().expect("a release");
    let answers = answers(version);
    assert!(answers.len() > 190, "the sample is whole");
    let mut failed = Vec::new();
    for truth in &answers {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/api-truth/manifests");
        let text = std::fs::read(folder.join(&truth.file)).expect("a manifest of the sample");
        for difference in differences(truth, &truth.file, &text, release) {
            failed.push(format!("{} [{}]: {difference}", truth.file, truth.document));
        }
    }
    assert!(failed.is_empty(), "{} differences:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn answers_of_1_31() {
    check("1.31.0");
}

#[test]
fn answers_of_1_34() {
    check("1.34.4");
}

#[test]
fn answers_of_1_37() {
    check("1.37.2");
}

#[derive(Debug, Deserialize)]
struct More {
    name: String,
    text: String,
    format: String,
    /// A release that answers as the one before it is left out.
    answers: BTreeMap<String, Truth>,
}

#[test]
fn answers_of_upstream_validation() {
    let path = format!("{}/tests/data/api-more.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the file is there");
    let cases: Vec<More> = text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect();
    assert!(cases.len() > 400, "the set is whole");
    let mut failed = Vec::new();
    for case in &cases {
        let file = format!("case.{}", case.format);
        for release in [Release::v1(31), Release::v1(34), Release::v1(37)] {
            let (version, truth) = case
                .answers
                .iter()
                .rfind(|(version, _)| version.parse::<Release>().expect("a release") <= release)
                .expect("an answer of the oldest release");
            for difference in differences(truth, &file, case.text.as_bytes(), release) {
                failed.push(format!("{} (answer of {version}) under {release}: {difference}", case.name));
            }
        }
    }
    assert!(failed.is_empty(), "{} differences:\n{}", failed.len(), failed.join("\n"));
}

/// Strict CIDRs come with 1.36, the words of 1.37 with 1.37.
#[test]
fn releases_between_the_measured_ones() {
    let text = "metadata: {name: a, labels: {a/b/c: ''}}\nspec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8}}]}]}\n";
    let messages = |minor| -> Vec<String> {
        only(judge_text(Release::v1(minor), "p.yaml", text))
            .diagnostics
            .into_iter()
            .map(|diagnostic| diagnostic.message)
            .collect()
    };
    let strict = r#"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length"#;
    assert_eq!(messages(35), messages(34));
    assert_eq!(messages(33), messages(31));
    assert_eq!(messages(36), [&messages(35)[..], &[strict.to_owned()]].concat());
    assert!(messages(36)[0].contains("a qualified name must consist"));
    assert!(messages(37)[0].contains("a valid label key must consist"));
    assert_eq!(messages(99), messages(37));
}

/// K25: what carries a uid was accepted once; a newer release's dislike of its CIDRs is a warning.
#[test]
fn k25_stored_objects_keep_their_cidrs() {
    let text = |uid: &str, cidr: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a{uid}}}\n\
             spec: {{ingress: [{{from: [{{ipBlock: {{cidr: '{cidr}'}}}}]}}]}}\n"
        )
    };
    let accepted_as_posted = |uid, cidr| only(judge_text(Release::v1(37), "p.yaml", text(uid, cidr))).accepted;
    let stored = |uid, cidr| Loader::new(Release::v1(37)).text("p.yaml", text(uid, cidr)).finish();
    let accepted_as_stored = |uid, cidr| stored(uid, cidr).objects[0].accepted;
    for (cidr, code) in [
        ("10.0.0.1/8", Code::AmbiguousCidr),
        ("010.0.0.0/8", Code::NonStandardCidr),
        ("::ffff:10.0.0.0/104", Code::NonStandardCidr),
    ] {
        let stored = stored(", uid: u", cidr);
        assert!(stored.objects[0].accepted && stored.cluster.policies().len() == 1, "{cidr}");
        let found: Vec<_> = stored.diagnostics.iter().map(|found| (found.severity, found.code)).collect();
        assert_eq!(found, [(Severity::Warning, code)], "{cidr}");
        assert!(!accepted_as_posted(", uid: u", cidr), "a post is judged as it stands");
        assert!(!accepted_as_stored("", cidr));
        assert!(!accepted_as_stored(", uid: ''", cidr));
    }
    assert!(!accepted_as_stored(", uid: u", "10.0.0.0/33"), "no release takes this one");
}

/// Every finding points at its field's line, or at the nearest thing around it.
#[test]
fn findings_have_lines() {
    let text = "\
metadata:
  name: A
  labels:
    ok: fine
    -bad-: x
    bad:
      ' '
  finalizers:
  - a/b
  - c
spec:
  podSelector:
    app: web
  ingress:
  - from:
    - {}
    - ipBlock:
        cidr: 10.0.0.0/8
        except:
        - 10.0.0.0/8
    ports:
    - port: 90
      endPort: 80
";
    let judgement = only(judge_text(Release::v1(37), "p.yaml", text));
    let lines: Vec<(&str, Option<usize>)> = judgement
        .diagnostics
        .iter()
        .map(|found| (found.path.as_str(), found.location.as_ref().and_then(|location| location.line)))
        .collect();
    assert_eq!(
        lines,
        [
            ("spec.podSelector.app", Some(13)),
            ("metadata.name", Some(2)),
            ("metadata.labels", Some(5)),
            ("metadata.labels", Some(7)),
            ("metadata.finalizers[1]", Some(10)),
            ("spec.ingress[0].ports[0].endPort", Some(23)),
            ("spec.ingress[0].from[0]", Some(16)),
            ("spec.ingress[0].from[1].ipBlock.except[0]", Some(20)),
        ]
    );
}
