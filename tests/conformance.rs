//! The corpus of `tests/data` against every engine there is.

use std::collections::{BTreeMap, BTreeSet};

use netpol_oracle::{Change, Cluster, Decide, Flow, Loader, Profile, Reference, Verdict};
use netpol_test_support::corpus::{CorpusCase, cases_of, corpus};

/// Whoever is held to the corpus.
struct Engine {
    name: &'static str,
    build: for<'a> fn(&'a Cluster, &'a Profile) -> Box<dyn Decide + 'a>,
}

/// Every engine: a new one joins here and nowhere else.
const ENGINES: &[Engine] = &[
    Engine { name: "reference", build: reference },
    Engine { name: "compiled", build: compiled },
    Engine { name: "compiled, object by object", build: grown },
];

fn reference<'a>(cluster: &'a Cluster, profile: &'a Profile) -> Box<dyn Decide + 'a> {
    Box::new(Reference::new(cluster, profile))
}

fn compiled<'a>(cluster: &'a Cluster, profile: &'a Profile) -> Box<dyn Decide + 'a> {
    Box::new(netpol_oracle::Engine::new(cluster, profile))
}

/// Every object comes by an update of its own, the last of the list first; each third one goes and comes back.
fn grown<'a>(cluster: &'a Cluster, profile: &'a Profile) -> Box<dyn Decide + 'a> {
    let objects = crate::changes::objects(cluster);
    // What no change brings stays: policies of other kinds, and those that were rejected.
    let mut bare = cluster.clone();
    bare.apply(&objects.iter().rev().map(|object| Change::Remove(object.id())).collect::<Vec<_>>()).unwrap();
    let mut engine = netpol_oracle::Engine::new(&bare, profile);
    for object in objects.iter().rev() {
        engine.apply(&[Change::Put(object.clone())]).unwrap();
    }
    for object in objects.iter().step_by(3) {
        // A namespace that others name stays (K10), and so cannot be taken away twice.
        engine.apply(&[Change::Remove(object.id())]).unwrap();
        engine.apply(&[Change::Put(object.clone())]).unwrap();
    }
    Box::new(engine)
}

/// A case that an engine is not held to, and why.
struct Skip {
    engine: &'static str,
    case: &'static str,
    reason: &'static str,
}

/// No case is skipped.
const SKIPS: &[Skip] = &[];

/// How many cases the corpus promises at least: a file that is lost or no longer read shows here.
const FEWEST_CASES: usize = 250;

/// How many upstream conformance cases there are; `e2e-isolation.yaml` lists them.
const UPSTREAM_CASES: usize = 48;

/// What must be shown of a rule by the cases that pin it: `a`llow, `d`eny, `u`ndefined, an `e`rror of the flow,
/// a `w`arning or error from loading. Outcomes that a rule cannot have are absent: nothing denies a hairpin (K19).
const SHOWN: &[(&str, &str)] = &[
    ("K1", "ad"),
    ("K2", "ad"),
    ("K3", "ad"),
    ("K4", "ad"),
    ("K5", "ad"),
    ("K6", "ad"),
    ("K7", "ad"),
    ("K8", "w"),
    ("K9", "ad"),
    ("K10", "ad"),
    ("K11", "ad"),
    ("K12", "ad"),
    ("K13", "ad"),
    ("K14", "ad"),
    ("K15", "ad"),
    ("K16", "ad"),
    ("K17", "ad"),
    ("K18", "ad"),
    ("K19", "a"),
    ("K20", "aew"),
    ("K21", "adu"),
    ("K22", "ade"),
    ("K23", "adue"),
    ("K24", "a"),
    ("K25", "adew"),
    ("K26", "adue"),
    ("K27", "adue"),
    ("K28", "ad"),
    ("U1", "adu"),
    ("U2", "adu"),
    ("U3", "adu"),
    ("U4", "adu"),
    ("U5", "adu"),
    ("U6", "adu"),
    ("U7", "adu"),
    ("U8", "adu"),
    ("U9", "adu"),
];

/// Fails with every fault at once.
fn report(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{} {what}:\n{}", faults.len(), faults.join("\n"));
}

fn cases() -> Vec<CorpusCase> {
    match corpus() {
        Ok(cases) => cases,
        Err(faults) => panic!("{} faults in the corpus:\n{}", faults.len(), faults.join("\n")),
    }
}

#[test]
fn every_engine_answers_every_case() {
    let cases = cases();
    let faults: Vec<String> = cases.iter().flat_map(faults_of).collect();
    let flows: usize = cases.iter().map(|case| case.case.flows.len()).sum();
    println!("corpus: {} cases, {flows} flows, {} engine(s)", cases.len(), ENGINES.len());
    report("expectations fail", &faults);
}

/// Every expectation of the case that some engine, or the loading of its manifests, fails.
fn faults_of(case: &CorpusCase) -> Vec<String> {
    let mut faults = Vec::new();
    let mut got: Vec<&str> = case.reported.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
    let mut expected: Vec<&str> = case.diagnostics.iter().map(String::as_str).collect();
    got.sort_unstable();
    expected.sort_unstable();
    if got != expected {
        let said: String = case.reported.iter().map(|diagnostic| format!("\n    {diagnostic}")).collect();
        faults.push(format!("{}: diagnostics: expected {expected:?}, got {got:?}{said}", case.at()));
    }
    for engine in ENGINES {
        if SKIPS.iter().any(|skip| skip.engine == engine.name && skip.case == case.name) {
            continue;
        }
        for profile in std::iter::once(&case.case.profile).chain(&case.also) {
            let mut asked = case.case.clone();
            asked.profile = profile.clone();
            let decide = (engine.build)(&asked.cluster, profile);
            let by = format!("{}, {:?}", engine.name, profile.base());
            match asked.stale_by(decide.as_ref()) {
                Ok(differences) => faults.extend(
                    differences
                        .iter()
                        .map(|difference| format!("{}: {by}: {difference}", case.at_flow(difference.flow))),
                ),
                Err(error) => faults.push(format!("{}: {by}: {error}", case.at())),
            }
        }
    }
    faults
}

#[test]
fn names_are_unique() {
    let cases = cases();
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    let mut faults = Vec::new();
    for case in &cases {
        if let Some(first) = seen.insert(&case.name, case.at()) {
            faults.push(format!("{}: the name is taken by {first}", case.at()));
        }
    }
    report("names are taken", &faults);
}

#[test]
fn skips_name_a_case_and_a_reason() {
    let cases = cases();
    let mut faults = Vec::new();
    for Skip { engine, case, reason } in SKIPS {
        if !ENGINES.iter().any(|known| known.name == *engine) || !cases.iter().any(|known| known.name == *case) {
            faults.push(format!("{engine}, {case}: there is no such engine or no such case"));
        }
        if reason.trim().is_empty() {
            faults.push(format!("{engine}, {case}: no reason is given"));
        }
    }
    report("skips are wrong", &faults);
}

#[test]
fn the_corpus_is_complete() {
    let cases = cases();
    let mut faults = Vec::new();
    if cases.len() < FEWEST_CASES {
        faults.push(format!("{} cases, fewer than {FEWEST_CASES}", cases.len()));
    }
    let mut shown: BTreeMap<&str, BTreeSet<char>> = BTreeMap::new();
    let mut upstream = BTreeSet::new();
    for case in &cases {
        let mut outcomes: BTreeSet<char> = case
            .case
            .flows
            .iter()
            .map(|flow| flow.expected.answer().map_or('e', |answer| letter(answer.verdict)))
            .collect();
        outcomes.extend((!case.diagnostics.is_empty()).then_some('w'));
        for rule in &case.rules {
            shown.entry(rule).or_default().extend(&outcomes);
        }
        let number = case.name.strip_prefix("e2e-").and_then(|rest| rest.split('-').next());
        upstream.extend(number.and_then(|digits| digits.parse::<usize>().ok()));
    }
    for (rule, letters) in SHOWN {
        let pinned = shown.get(rule).cloned().unwrap_or_default();
        let missing: String = letters.chars().filter(|letter| !pinned.contains(letter)).collect();
        if !missing.is_empty() {
            faults.push(format!("{rule}: no case pins it with each of `{missing}` (see `SHOWN`)"));
        }
    }
    for number in (1..=UPSTREAM_CASES).filter(|number| !upstream.contains(number)) {
        faults.push(format!("upstream conformance case {number} has no `e2e-{number:02}-` case"));
    }
    report("gaps in the corpus", &faults);
}

fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Allow => 'a',
        Verdict::Deny => 'd',
        Verdict::Undefined => 'u',
    }
}

/// The reader of cases refuses what it does not know, and says where.
#[test]
fn faults_of_a_case_are_located() {
    let fault = |text: &str| -> String {
        let faults = cases_of("f.yaml", text).into_iter().filter_map(Result::err);
        faults.collect::<Vec<_>>().join("\n")
    };
    let head = "# a comment\n---\nname: one\nsource: s\nrules: [K1]\n";
    let table = |row: &str| format!("{head}tables:\n  - l4: 80/tcp\n    to: [a/a, a/b]\n    from:\n{row}");

    assert_eq!(fault(&table("      a/a: \".X\"\n")), "");
    assert_eq!(
        fault(&table("      a/a: \".Y\"\n")),
        "f.yaml:3: one: table 80/tcp: row `a/a`: `Y` is none of `.`, `X`, `?`"
    );
    assert_eq!(fault(&table("      a/a: \".\"\n")), "f.yaml:3: one: table 80/tcp: row `a/a` has not one cell a column");
    assert_eq!(fault(head), "f.yaml:3: one: expects nothing");

    let twice = fault(&table("      a/a: \"..\"\n      a/a: \"XX\"\n"));
    assert!(twice.contains("one") && twice.contains("duplicate entry with key \"a/a\""), "{twice}");
    let unknown = fault(&format!("{head}flow: a\n"));
    assert!(unknown.starts_with("f.yaml:6: one: ") && unknown.contains("unknown field `flow`"), "{unknown}");
    let rule = fault("name: two\nsource: s\nrules: [K29]\n");
    assert!(rule.contains("two") && rule.contains("`K29` is no id"), "{rule}");
    let unpaired = fault(&format!("{head}flows:\n  - flow: a/a -> a/b:80/tcp\n    verdict: error\n"));
    assert_eq!(unpaired, "f.yaml:7: one: flows[0].expected.verdict: `error` is none of `allow`, `deny`, `undefined`");
    let both = "flows:\n  - {flow: a/a -> a/b:80/tcp, verdict: allow, error: unknown-object}\n";
    let both = fault(&format!("{head}{both}"));
    assert!(both.contains("flows[0].expected.error: ") && both.contains("`error` stands alone"), "{both}");
    let reason = "flows:\n  - {flow: a/a -> a/b:80/tcp, verdict: allow, egress: because}\n";
    let reason = fault(&format!("{head}{reason}"));
    assert!(reason.contains("flows[0].expected.reasons.egress: `because` is none of `no-subject`"), "{reason}");

    let second = format!("{}---\n{}", table("      a/a: \"..\"\n"), "name: two\nsource: s\nrules: []\nflows: 3\n");
    assert_eq!(fault(&second), "f.yaml:15: two: flows: invalid type: integer `3`, expected a sequence");
}

/// A failing expectation is reported at its own line.
#[test]
fn expectations_know_their_line() {
    let text = "name: one\nsource: s\nrules: []\nflows:\n  - flow: a/a -> a/b:80/tcp\n    verdict: allow\n\
                tables:\n  - l4: icmp\n    to: [a/b]\n    from:\n      a/a: \"?\"\n";
    let cases: Vec<CorpusCase> = cases_of("f.yaml", text).into_iter().flatten().collect();
    let at: Vec<_> = [0, 1].map(|flow| (cases[0].at_flow(flow), cases[0].line_of(flow))).into();
    assert_eq!(
        at,
        [
            ("f.yaml:5: one: `a/a -> a/b:80/tcp`".to_owned(), Some(5)),
            ("f.yaml:11: one: `a/a -> a/b icmp`".to_owned(), Some(11))
        ]
    );
}

/// The case that the corpus' README shows is one.
#[test]
fn the_example_of_the_readme_holds() {
    let readme = include_str!("data/README.md");
    let example = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a yaml block");
    let cases: Result<Vec<CorpusCase>, String> = cases_of("README.md", example).into_iter().collect();
    let cases = cases.unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(cases.len(), 1);
    report("expectations fail", &cases.iter().flat_map(faults_of).collect::<Vec<_>>());
}

/// The manifests and flows that the command line ships, with which the README begins.
#[test]
fn the_shipped_scenes_are_answered() {
    let texts = [
        ("cluster.yaml", include_str!("../cli/scenes/cluster.yaml")),
        ("figure-1.yaml", include_str!("../cli/scenes/figure-1.yaml")),
        ("figure-2.yaml", include_str!("../cli/scenes/figure-2.yaml")),
        ("figure-3.yaml", include_str!("../cli/scenes/figure-3.yaml")),
        ("figure-4.yaml", include_str!("../cli/scenes/figure-4.yaml")),
        ("figure-5.yaml", include_str!("../cli/scenes/figure-5.yaml")),
    ];
    let profile = Profile::kubernetes();
    let loader = Loader::new(profile.release());
    let loaded = texts.iter().fold(loader, |loader, (name, text)| loader.text(name, text)).finish();
    let said: Vec<String> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));

    let answers = |engine: &Engine| -> String {
        let decide = (engine.build)(&loaded.cluster, &profile);
        let flows = include_str!("../cli/scenes/flows.txt").lines();
        let flows = flows.filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let verdict = |line: &str| -> char {
            let flow: Flow = line.parse().unwrap_or_else(|e| panic!("{line}: {e}"));
            let decision = decide.decide(&flow).unwrap_or_else(|e| panic!("{line}: {e}"));
            letter(decision.verdict)
        };
        flows.map(verdict).collect()
    };
    for engine in ENGINES {
        // Figures 1 to 5, in the order of the file.
        assert_eq!(answers(engine), ["addddad", "ad", "add", "adddu", "aada"].concat(), "{}", engine.name);
    }
}
