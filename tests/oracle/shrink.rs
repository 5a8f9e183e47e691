//! Every planted bug is cut down to a case that a person can read.

use std::collections::BTreeMap;

use crate::support::with;
use netpol_backend_memory::{Fault, Plane, Shows};
use netpol_oracle::model::{PolicyTypes, Rule};
use netpol_oracle::oracle::{
    Case, CaseFlow, DataPlane, Mismatch, Observed, Outcome, Probe, ShrinkError, ShrinkOptions, Shrunk, shrink,
};
use netpol_oracle::{Change, Cluster, Direction, NetworkPolicy, Object, Profile, Reference, Verdict};

use crate::plane::probes::{Asked, asked};
use crate::plane::sequences::{Sequence, real_sequences, sequences};
use netpol_test_support::faces;

/// Within so many worlds, each with changes, every bug has shown.
const WORLDS: usize = 400;

/// Whether the plane does with the probe what the definition forbids, at a side.
fn differs(plane: &mut Plane, asked: &Asked) -> bool {
    let Ok(Observed::Sides { egress, ingress }) = plane.probe(&asked.probe) else { return false };
    [(asked.egress, egress), (asked.ingress, ingress)]
        .iter()
        .any(|pair| matches!(pair, (Verdict::Allow, Outcome::Dropped) | (Verdict::Deny, Outcome::Delivered)))
}

/// The first mismatch of a fault in a sequence as a case, and how many probes it took to find. `asked` has what is asked of
/// each state, its answers with it: many faults are held against them.
fn found(fault: Fault, sequence: &Sequence, asked: &[Vec<Asked>]) -> (Option<Case>, usize) {
    let mut plane = Plane::with_fault(fault);
    let Ok(()) = plane.install(&sequence.before, &sequence.profile);
    let mut case = Case::new(sequence.before.clone(), sequence.profile.clone());
    case.name = Some(fault.name().to_owned());
    let mut probes = 0;
    for (at, asked) in asked.iter().enumerate() {
        if let Some((changes, cluster)) = at.checked_sub(1).map(|step| &sequence.steps[step]) {
            let Ok(()) = plane.apply(changes, cluster);
            case.changes.push(changes.clone());
        }
        if let Some(number) = asked.iter().position(|asked| differs(&mut plane, asked)) {
            let after = case.after().unwrap();
            let reference = Reference::new(&after, &case.profile);
            case.flows.push(CaseFlow::new(asked[number].probe.flow.clone(), &reference).unwrap());
            return (Some(case), probes + number + 1);
        }
        probes += asked.len();
        if fault.shows() != Shows::Changed {
            break;
        }
    }
    (None, probes)
}

struct Found {
    world: usize,
    probes: usize,
    shrunk: Shrunk,
}

fn policies(case: &Case) -> Vec<NetworkPolicy> {
    let put = case.changes.iter().flatten().filter_map(|change| match change {
        Change::Put(Object::Policy(policy)) => Some(policy.clone()),
        _ => None,
    });
    let mut all: BTreeMap<_, _> = case.cluster.policies().iter().map(|p| (p.name().clone(), p.clone())).collect();
    all.extend(put.map(|policy| (policy.name().clone(), policy)));
    all.into_values().collect()
}

fn pods(case: &Case) -> usize {
    let put = case.changes.iter().flatten().filter_map(|change| match change {
        Change::Put(Object::Pod(pod)) => Some(pod.name.clone()),
        _ => None,
    });
    let all: std::collections::BTreeSet<_> =
        case.cluster.pods().iter().map(|pod| pod.name.clone()).chain(put).collect();
    all.len()
}

fn rules(policies: &[NetworkPolicy]) -> usize {
    let rules = |policy: &NetworkPolicy, direction| policy.written_rules(direction).len();
    policies.iter().map(|policy| rules(policy, Direction::Ingress) + rules(policy, Direction::Egress)).sum()
}

/// Prints how far each bug was cut down. `ORACLE_SHRINK=all` also cuts what is left once more, and takes away every object
/// and rule of it by hand.
#[test]
fn every_fault_is_cut_down_to_what_a_person_can_read() {
    let thorough = std::env::var("ORACLE_SHRINK").is_ok();
    let mut open: Vec<Fault> = Fault::ALL.to_vec();
    let mut all: BTreeMap<Fault, Found> = BTreeMap::new();
    let mut probes: BTreeMap<Fault, usize> = BTreeMap::new();
    let (mut at_faces, others): (Vec<Fault>, Vec<Fault>) =
        open.into_iter().partition(|fault| fault.shows() == Shows::AtFaces);
    open = others;
    for (world, sequence) in real_sequences().take(WORLDS).enumerate() {
        if at_faces.is_empty() {
            break;
        }
        let questions = vec![faces::questions(&sequence.before, &sequence.profile, &[])];
        at_faces.retain(|fault| {
            let (case, took) = found(*fault, &sequence, &questions);
            *probes.entry(*fault).or_default() += took;
            let Some(case) = case else { return true };
            let shrunk = shrink(case, &mut Plane::with_fault(*fault), &ShrinkOptions::default()).unwrap();
            all.insert(*fault, Found { world, probes: probes[fault], shrunk });
            false
        });
    }
    assert!(at_faces.is_empty(), "not found in {WORLDS} worlds: {at_faces:?}");
    for (world, sequence) in sequences().take(WORLDS).enumerate() {
        let changed = open.iter().any(|fault| fault.shows() == Shows::Changed);
        let states = std::iter::once(&sequence.before)
            .chain(sequence.steps.iter().map(|(_, cluster)| cluster).filter(|_| changed));
        let questions: Vec<Vec<Asked>> = states.map(|cluster| asked(cluster, &sequence.profile)).collect();
        open.retain(|fault| {
            let (case, took) = found(*fault, &sequence, &questions);
            *probes.entry(*fault).or_default() += took;
            let Some(case) = case else { return true };
            let shrunk = shrink(case, &mut Plane::with_fault(*fault), &ShrinkOptions::default()).unwrap();
            all.insert(*fault, Found { world, probes: probes[fault], shrunk });
            false
        });
        if open.is_empty() {
            break;
        }
    }
    assert!(open.is_empty(), "not found in {WORLDS} worlds: {open:?}");
    println!("{:34} world    found  shrink  policies  rules  pods  changes", "bug");
    let mut too_large = Vec::new();
    for (fault, Found { world, probes, shrunk }) in &all {
        let (policies, pods) = (policies(&shrunk.case), pods(&shrunk.case));
        let (count, rules) = (policies.len(), rules(&policies));
        let changes: usize = shrunk.case.changes.iter().map(Vec::len).sum();
        let name = fault.name();
        println!("{name:34} {:5} {probes:8} {:7} {count:9} {rules:6} {pods:5} {changes:8}", world + 1, shrunk.installs);
        if count > 2 || pods > 3 || !shrunk.is_minimal {
            too_large.push(format!("{name}:\n{}", shrunk.case.write_yaml()));
        }
        check_shrunk(*fault, shrunk, thorough);
    }
    assert!(too_large.is_empty(), "{}", too_large.join("\n"));
}

/// What is left replays from its own file, and shows nothing once a part of it is gone.
fn check_shrunk(fault: Fault, shrunk: &Shrunk, thorough: bool) {
    let case = &shrunk.case;
    for (name, text) in [("case.json", case.write()), ("case.yaml", case.write_yaml())] {
        if name == "case.yaml" && cfg!(not(feature = "yaml")) {
            continue;
        }
        let read = Case::read(name, &text).unwrap_or_else(|faults| panic!("{}: {faults:#?}\n{text}", fault.name()));
        assert_eq!(read, *case, "{}: {text}", fault.name());
    }
    let replay = case.replay(&mut Plane::with_fault(fault)).unwrap();
    assert_eq!((replay.stale.len(), replay.report.mismatches.len()), (0, 1), "{}: {replay}", fault.name());
    assert_eq!(replay.report.mismatches[0].observed, *case.flows[0].observed.as_ref().unwrap());
    let replay = case.replay(&mut Plane::new()).unwrap();
    assert!(replay.is_clean() || replay.report.undefined > 0, "{}: {replay}", fault.name());
    if !thorough {
        return;
    }
    let again = shrink(case.clone(), &mut Plane::with_fault(fault), &ShrinkOptions::default()).unwrap();
    assert_eq!(again.case, *case, "{}", fault.name());
    for smaller in smaller(case) {
        let same = |mismatch: &Mismatch| mismatch.directions.first() == shrunk.mismatch.directions.first();
        let replay = smaller.replay(&mut Plane::with_fault(fault));
        let shows = replay.is_ok_and(|replay| replay.stale.is_empty() && replay.report.mismatches.iter().any(same));
        assert!(!shows, "{}: {}\nwas\n{}", fault.name(), smaller.write_yaml(), case.write_yaml());
    }
}

/// The case without one object, change or rule, in every way.
fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let objects = crate::changes::objects(&case.cluster);
    for object in &objects {
        let mut cluster = case.cluster.clone();
        if cluster.apply(&[Change::Remove(object.id())]).is_ok() && cluster != case.cluster {
            all.push(with(case.clone(), |case| case.cluster = cluster));
        }
        let Object::Policy(policy) = object else { continue };
        for types in
            [PolicyTypes::Ingress, PolicyTypes::Egress].into_iter().filter(|_| policy.types() == PolicyTypes::Both)
        {
            let rules = |direction| policy.written_rules(direction).to_vec();
            let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
            let policy = NetworkPolicy::new(policy.name().clone(), policy.subject().clone(), types, ingress, egress);
            let mut cluster = case.cluster.clone();
            cluster.apply(&[Change::Put(policy.into())]).unwrap();
            all.push(with(case.clone(), |case| case.cluster = cluster));
        }
        for direction in [Direction::Ingress, Direction::Egress] {
            for at in 0..policy.written_rules(direction).len() {
                let rules = |of: Direction| -> Vec<Rule> {
                    let mut rules = policy.written_rules(of).to_vec();
                    if of == direction {
                        rules.remove(at);
                    }
                    rules
                };
                let (name, subject, types) = (policy.name().clone(), policy.subject().clone(), policy.types());
                let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
                let mut cluster = case.cluster.clone();
                cluster
                    .apply(&[Change::Put(NetworkPolicy::new(name, subject, types, ingress, egress).into())])
                    .unwrap();
                all.push(with(case.clone(), |case| case.cluster = cluster));
            }
        }
    }
    for batch in 0..case.changes.len() {
        for at in 0..case.changes[batch].len() {
            let mut changes = case.changes.clone();
            changes[batch].remove(at);
            all.push(with(case.clone(), |case| case.changes = changes));
        }
    }
    all
}

/// Fails at every second installation, and cannot follow changes.
struct Moody {
    plane: Plane,
    installs: usize,
}

impl DataPlane for Moody {
    type Error = String;

    fn install(&mut self, cluster: &Cluster, profile: &Profile) -> Result<(), String> {
        self.installs += 1;
        if self.installs > 2 && self.installs % 2 == 0 {
            return Err("not now".to_owned());
        }
        let Ok(()) = self.plane.install(cluster, profile);
        Ok(())
    }

    fn apply(&mut self, _: &[Change], _: &Cluster) -> Result<(), String> {
        Err("never".to_owned())
    }

    fn probe(&mut self, probe: &Probe) -> Result<Observed, String> {
        let Ok(observed) = self.plane.probe(probe);
        Ok(observed)
    }
}

fn a_case(fault: Fault) -> Case {
    let cases = sequences().take(WORLDS).find_map(|sequence| {
        let asked = asked(&sequence.before, &sequence.profile);
        found(fault, &sequence, &[asked]).0
    });
    cases.unwrap()
}

#[test]
fn a_data_plane_that_fails_shows_nothing_and_a_budget_is_kept() {
    let case = a_case(Fault::FirstPeerOnly);
    let plane = || Plane::with_fault(Fault::FirstPeerOnly);
    let shrunk = shrink(case.clone(), &mut Moody { plane: plane(), installs: 0 }, &ShrinkOptions::default()).unwrap();
    assert_eq!(shrunk.case.replay(&mut plane()).unwrap().report.mismatches.len(), 1);

    let few = ShrinkOptions::new().installs(5);
    let cut = shrink(case.clone(), &mut plane(), &few).unwrap();
    assert!(!cut.is_minimal && cut.installs <= 5);
    assert_eq!(cut.case.replay(&mut plane()).unwrap().report.mismatches.len(), 1);

    let whole = shrink(case.clone(), &mut plane(), &ShrinkOptions::default()).unwrap();
    assert!(whole.is_minimal);
    assert_eq!(whole, shrink(case.clone(), &mut plane(), &ShrinkOptions::default()).unwrap());

    assert_eq!(shrink(case.clone(), &mut Plane::new(), &ShrinkOptions::default()), Err(ShrinkError::NoMismatch));
    let mut never = with(case, |case| case.changes = vec![Vec::new()]);
    let error = shrink(never.clone(), &mut Moody { plane: plane(), installs: 0 }, &ShrinkOptions::default());
    assert_eq!(error, Err(ShrinkError::DataPlane("never".to_owned())));
    never.flows[0].flow = "nowhere/a -> nowhere/b:80/tcp".parse().unwrap();
    never.changes.clear();
    let error = shrink(never, &mut plane(), &ShrinkOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "flow `nowhere/a -> nowhere/b:80/tcp`: no pod or workload `nowhere/a`");
}
