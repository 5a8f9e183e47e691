//! A data plane held against the engine: without a bug, with each of the bugs there are, and with troubles of its own.

use std::collections::{BTreeMap, BTreeSet};

use netpol_backend_memory::{Fault, Plane, Shows};
use netpol_oracle::labels::Selector;
use netpol_oracle::model::{ObjectId, PolicyTypes};
use netpol_oracle::oracle::{
    DataPlane, Observed, Options, Outcome, Probe, Report, SequenceError, Stop, Strength, check, check_changes,
    check_installed, covering_flows,
};
use netpol_oracle::{Change, Cluster, Direction, Engine, Flow, NetworkPolicy, ObjectName, Pod, Profile, Row, Verdict};

use crate::plane::sequences::{Sequence, real_sequences, sequences};

/// The worlds, each with changes, in which a bug shows first: together they show every one.
/// `ORACLE_WORLDS` hunts through all worlds before its number instead, and so finds these.
const WORLDS: [usize; 20] = [1, 2, 4, 5, 7, 9, 10, 11, 17, 18, 20, 22, 23, 24, 29, 34, 42, 79, 89, 118];

fn wanted(quick: usize) -> usize {
    std::env::var("ORACLE_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(quick)
}

fn first_mismatch() -> Options {
    Options::new().stop_after_mismatches(1)
}

#[test]
fn a_plane_without_a_bug_agrees() {
    let mut sum = Report::default();
    for sequence in sequences().take(wanted(16)) {
        let mut engine = Engine::new(&sequence.before, &sequence.profile);
        let batches = sequence.steps.into_iter().map(|(changes, _)| changes);
        let flows = |engine: &netpol_oracle::Snapshot, before: &Cluster| {
            covering_flows(engine).with_former(before).budget(1000)
        };
        for report in check_changes(&mut engine, &mut Plane::new(), batches, flows, &Options::default()).unwrap() {
            assert!(report.mismatches.is_empty() && report.errors.is_empty(), "{report}");
            assert!(matches!(report.compared, Strength::Sides | Strength::Nothing), "{report}");
            assert!(report.not_judged.is_empty(), "{report}");
            let not_observable: usize = report.not_observable.values().sum();
            assert_eq!(report.probes, report.agreed + report.undefined + not_observable);
            sum.probes += report.probes;
            sum.agreed += report.agreed;
            sum.delivered += report.delivered;
            sum.undefined += report.undefined;
        }
    }
    println!("{sum}");
    assert!((sum.agreed - sum.delivered) * 5 > sum.agreed && sum.undefined < sum.agreed, "{sum}");
}

/// How many probes it took, and how many after the last change that was made.
fn hunted(fault: Fault, sequence: &Sequence, installed: &[Flow]) -> (usize, bool) {
    let mut plane = Plane::with_fault(fault);
    let mut engine = Engine::new(&sequence.before, &sequence.profile);
    if fault.shows() != Shows::Changed {
        let Ok(report) = check(&engine, &mut plane, installed.iter().cloned(), &first_mismatch());
        return (report.probes, !report.mismatches.is_empty());
    }
    let batches = sequence.steps.iter().map(|(changes, _)| changes.clone());
    let flows = |engine: &netpol_oracle::Snapshot, before: &Cluster| covering_flows(engine).with_former(before).iter();
    let reports = check_changes(&mut engine, &mut plane, batches, flows, &first_mismatch()).unwrap();
    assert!(reports[0].mismatches.is_empty(), "{} needs changes to show", fault.name());
    let probes = reports.iter().map(|report| report.probes).sum();
    (probes, reports.iter().any(|report| !report.mismatches.is_empty()))
}

/// A table: each bug, in which world it showed first, after how many probes of that world and of all.
#[test]
fn covering_flows_find_every_fault() {
    let most = wanted(0);
    let mut open: BTreeMap<Fault, usize> = Fault::ALL.iter().map(|fault| (*fault, 0)).collect();
    open.retain(|fault, _| fault.shows() != Shows::AtFaces);
    let mut found = Vec::new();
    let is_wanted = |world: usize| if most == 0 { WORLDS.contains(&world) } else { world < most };
    let last = most.max(WORLDS[WORLDS.len() - 1]);
    for (at, sequence) in sequences().take(last).enumerate().filter(|(at, _)| is_wanted(at + 1)) {
        if open.is_empty() {
            break;
        }
        let installed = covering_flows(&Engine::new(&sequence.before, &sequence.profile)).budget(usize::MAX);
        open.retain(|fault, before| {
            let (probes, is_found) = hunted(*fault, &sequence, installed.flows());
            *before += probes;
            if is_found {
                found.push((*fault, at + 1, probes, *before));
            }
            !is_found
        });
    }
    found.sort();
    println!("{:36} {:>5} {:>9} {:>9}", "bug", "world", "probes", "in all");
    for (fault, world, probes, all) in &found {
        println!("{:36} {world:5} {probes:9} {all:9}", fault.name());
    }
    let missed: Vec<&str> = open.keys().map(|fault| fault.name()).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}

/// Those that show at faces alone, in worlds of what real clusters hold.
#[test]
fn covering_flows_find_every_fault_at_a_face() {
    let mut open: Vec<Fault> = Fault::ALL.to_vec();
    open.retain(|fault| fault.shows() == Shows::AtFaces);
    let (mut probes, mut worlds) = (0, 0);
    for sequence in real_sequences().take(wanted(400)) {
        let covering = covering_flows(&Engine::new(&sequence.before, &sequence.profile)).budget(usize::MAX);
        open.retain(|fault| {
            let (more, is_found) = hunted(*fault, &sequence, covering.flows());
            probes += more;
            if is_found {
                println!("{:36} world {worlds}, {probes} probes in all", fault.name());
            }
            !is_found
        });
        worlds += 1;
        if open.is_empty() {
            return;
        }
    }
    panic!("not found in {worlds} worlds: {open:?}");
}

/// And a plane without a bug agrees with each of them, all that is not observable counted.
#[test]
fn a_plane_without_a_bug_agrees_at_every_face() {
    let mut sum = Report::default();
    for sequence in real_sequences().take(wanted(60)) {
        let engine = Engine::new(&sequence.before, &sequence.profile);
        let covering = covering_flows(&engine).budget(2_000);
        let Ok(report) = check(&engine, &mut Plane::new(), covering, &Options::default());
        assert!(report.mismatches.is_empty() && report.errors.is_empty(), "{report}");
        let not_observable: usize = report.not_observable.values().sum();
        assert_eq!(report.probes, report.agreed + report.undefined + not_observable);
        sum.probes += report.probes;
        sum.agreed += report.agreed;
        sum.undefined += report.undefined;
        for (row, count) in report.undefined_by {
            *sum.undefined_by.entry(row).or_default() += count;
        }
        for (reason, count) in report.not_observable {
            *sum.not_observable.entry(reason).or_default() += count;
        }
    }
    println!("{sum}");
    let by = |row| sum.undefined_by.get(&row).copied().unwrap_or_default();
    assert!(by(Row::U5) > 0 && by(Row::U9) > 0, "{sum}");
}

/// Does one and the same with every probe.
struct Fixed {
    seen: Result<Observed, String>,
    probes: Vec<Probe>,
    installed: usize,
    refuses: bool,
}

impl Fixed {
    fn new(seen: Result<Observed, String>) -> Self {
        Self { seen, probes: Vec::new(), installed: 0, refuses: false }
    }
}

impl DataPlane for Fixed {
    type Error = String;

    fn install(&mut self, _: &Cluster, _: &Profile) -> Result<(), String> {
        self.installed += 1;
        if self.refuses { Err("no room".to_owned()) } else { Ok(()) }
    }

    fn apply(&mut self, _: &[Change], _: &Cluster) -> Result<(), String> {
        Err("not today".to_owned())
    }

    fn probe(&mut self, probe: &Probe) -> Result<Observed, String> {
        self.probes.push(probe.clone());
        self.seen.clone()
    }
}

fn name(name: &str) -> ObjectName {
    ObjectName::new("x", name)
}

/// Two pods that take nothing.
fn small() -> Engine {
    let mut builder = Cluster::builder();
    for (pod, address) in [("a", "10.0.0.1"), ("b", "10.0.0.2")] {
        let mut pod = Pod::new(name(pod));
        pod.addresses = vec![address.parse().unwrap()];
        builder.pod(pod);
    }
    builder.policy(NetworkPolicy::new(name("deny"), Selector::everything(), PolicyTypes::Ingress, vec![], vec![]));
    Engine::new(&builder.build(), &Profile::kubernetes())
}

fn flow(text: &str) -> Flow {
    text.parse().unwrap()
}

#[test]
fn mismatches_name_sides_and_why() {
    let engine = small();
    let sides = |egress, ingress| Ok(Observed::Sides { egress, ingress });
    use Outcome::{Delivered, Dropped};
    let cases = [
        (sides(Delivered, Dropped), None),
        (sides(Delivered, Delivered), Some(vec![Direction::Ingress])),
        (sides(Dropped, Dropped), Some(vec![Direction::Egress])),
        (sides(Dropped, Delivered), Some(vec![Direction::Egress, Direction::Ingress])),
        (Ok(Observed::EndToEnd(Dropped)), None),
        (Ok(Observed::EndToEnd(Delivered)), Some(vec![])),
    ];
    for (seen, expected) in cases {
        let mut plane = Fixed::new(seen.clone());
        let report = check(&engine, &mut plane, [flow("x/a -> x/b:80/tcp")], &Options::default()).unwrap();
        assert_eq!(report.mismatches.first().map(|mismatch| mismatch.directions.clone()), expected, "{seen:?}");
        assert_eq!(report.is_clean(), expected.is_none());
        assert_eq!(report.agreed, usize::from(expected.is_none()));
    }
    let mut plane = Fixed::new(sides(Delivered, Delivered));
    let report = check(&engine, &mut plane, [flow("x/a -> x/b:80/tcp")], &Options::default()).unwrap();
    assert_eq!(report.mismatches[0].decision.verdict, Verdict::Deny);
    assert_eq!(
        report.to_string(),
        "1 probe: 0 agreed (0 delivered, 0 dropped), 0 undefined, 1 mismatch, 0 not observable, 0 errors; compared at \
         each side\n\
         asked all 1 flow\n\
         mismatch: x/a -> x/b:80/tcp was delivered at both sides: ingress differs\n\
         \x20 packet: 10.0.0.1 (pod x/a) -> 10.0.0.2 (pod x/b) TCP 80\n\
         \x20 x/a -> x/b:80/tcp: deny\n\
         \x20   egress: allow: no policy isolates the source for egress (K1)\n\
         \x20   ingress: deny: isolated by `x/deny`; no rule admits the flow\n\
         \x20   note: namespace `x` was not loaded: selectors know its name alone\n"
    );
}

#[test]
fn what_is_undefined_is_no_mismatch() {
    let engine = small();
    for outcome in [Outcome::Delivered, Outcome::Dropped] {
        // U1.
        let mut plane = Fixed::new(Ok(Observed::EndToEnd(outcome)));
        let report = check(&engine, &mut plane, [flow("x/a -> x/b icmp")], &Options::default()).unwrap();
        assert_eq!((report.undefined, report.agreed, report.mismatches.len()), (1, 0, 0));
    }
    // The defined side counts all the same.
    let mut plane = Fixed::new(Ok(Observed::Sides { egress: Outcome::Dropped, ingress: Outcome::Dropped }));
    let report = check(&engine, &mut plane, [flow("x/a -> x/b icmp")], &Options::default()).unwrap();
    assert_eq!(report.mismatches[0].directions, [Direction::Egress]);
}

#[test]
fn what_cannot_be_seen_judged_or_sent_is_counted_apart() {
    let engine = small();
    let flows = || [flow("x/a -> x/b:80/tcp"), flow("x/a -> x/nobody:80/tcp"), flow("x/a -> svc/x/none:80/tcp")];
    let mut blind = Fixed::new(Ok(Observed::NotObservable("no eyes".to_owned())));
    let report = check(&engine, &mut blind, flows(), &Options::default()).unwrap();
    assert_eq!(report.not_observable, BTreeMap::from([("no eyes".to_owned(), 1)]));
    assert_eq!(report.not_judged, BTreeMap::from([("unknown-object", 1), ("unknown-service", 1)]));
    assert_eq!((report.compared, report.is_clean()), (Strength::Nothing, false), "nothing seen is not clean");

    let mut broken = Fixed::new(Err("link down".to_owned()));
    let report = check(&engine, &mut broken, flows(), &Options::default()).unwrap();
    assert_eq!((report.errors.len(), report.errors[0].message.as_str(), report.is_clean()), (1, "link down", false));
    assert!(report.to_string().contains("error: x/a -> x/b:80/tcp: link down\n"), "{report}");

    broken.refuses = true;
    assert_eq!(check(&engine, &mut broken, flows(), &Options::default()), Err("no room".to_owned()));
    assert_eq!(broken.probes.len(), 1, "nothing is sent to what is not installed");
    let installed = broken.installed;
    check_installed(&engine, &mut broken, flows(), &Options::default());
    assert_eq!((broken.installed, broken.probes.len()), (installed, 2));
}

#[test]
fn a_sequence_says_where_it_ended() {
    let mut engine = small();
    let mut plane = Fixed::new(Ok(Observed::EndToEnd(Outcome::Dropped)));
    let one = |_: &netpol_oracle::Snapshot, _: &Cluster| [flow("x/a -> x/b:80/tcp")];
    let gone = |name: &str| vec![Change::Remove(ObjectId::Pod(ObjectName::new("x", name)))];
    let error = check_changes(&mut engine, &mut plane, [gone("none")], one, &Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "batch 1 of the changes: cannot remove what is not there: `Pod x/none`");
    let error = check_changes(&mut engine, &mut plane, [vec![], gone("b")], one, &Options::default()).unwrap_err();
    assert_eq!(error, SequenceError::Apply { batch: 1, error: "not today".to_owned() });
    plane.refuses = true;
    let error = check_changes(&mut engine, &mut plane, [gone("b")], one, &Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "the data plane could not be programmed: no room");
    assert!(engine.cluster().pod(&name("b")).is_some(), "no change was made");
}

#[test]
fn a_budget_draws_by_its_seed_and_stops() {
    let sequence = sequences().nth(5).unwrap();
    let engine = Engine::new(&sequence.before, &sequence.profile);
    let covering = covering_flows(&engine);
    let run = |budget: usize, seed: u64| {
        let mut plane = Fixed::new(Ok(Observed::NotObservable(String::new())));
        let options = Options::new().budget(budget).seed(seed);
        let report = check(&engine, &mut plane, covering.iter(), &options).unwrap();
        (plane.probes.iter().map(|probe| probe.flow.to_string()).collect::<Vec<_>>(), report)
    };
    let (asked, report) = run(100, 1);
    assert_eq!((asked.len(), report.probes, report.stopped), (100, 100, Some(Stop::Budget)));
    assert_eq!(report.coverage.of, Some(covering.len()));
    assert!(report.coverage.share().unwrap() < 0.5 && report.coverage.asked <= 100);
    assert_eq!(run(100, 1), (asked.clone(), report), "the seed alone decides");
    let (others, _) = run(100, 2);
    let common = asked.iter().collect::<BTreeSet<_>>().intersection(&others.iter().collect()).count();
    assert!(common < 60, "{common}");
    let (all, report) = run(1_000_000, 3);
    assert!(report.coverage.is_whole() && report.stopped.is_none());
    assert_eq!(all.len(), report.probes);
}

#[test]
fn enough_mismatches_end_it() {
    let engine = small();
    let mut plane = Fixed::new(Ok(Observed::EndToEnd(Outcome::Delivered)));
    let options = Options::new().stop_after_mismatches(3);
    // Without end.
    let report = check(&engine, &mut plane, std::iter::repeat_with(|| flow("x/a -> x/b:80/tcp")), &options).unwrap();
    assert_eq!((report.mismatches.len(), report.probes, report.stopped), (3, 3, Some(Stop::Mismatches)));
    assert_eq!((report.coverage.of, report.coverage.share()), (None, None));
    let flows: Vec<Flow> = std::iter::repeat_with(|| flow("x/a -> x/b:80/tcp")).take(10).collect();
    let report = check(&engine, &mut plane, flows, &options).unwrap();
    assert_eq!(report.coverage.to_string(), "3 of 10 flows (30.0 %)");
}
