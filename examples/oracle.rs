//! Finds a bug of a data plane, cuts it down, and writes it as a case that anybody can replay.
//!
//! The data plane is one in memory, of the crate's tests, with a bug planted in it; put your own in its place.
//!
//! ```text
//! cargo run --example oracle                                   # a telling bug, from the first probe to the case
//! cargo run --example oracle -- --list                         # the bugs that can be planted
//! cargo run --example oracle -- --fault stale-rules --pods 60
//! cargo run --example oracle -- --replay target/oracle/stale-rules.yaml --fault stale-rules
//! cargo run --example oracle -- --replay target/oracle/stale-rules.yaml      # the same without the bug
//! ```
//!
//! Exit code 0: the bug was found, or a replayed case shows nothing (any more); 1: not found, or the case shows a mismatch;
//! 2: usage, or a file that is no case.

mod shared;

// Shared with the tests, which look at more of it.
#[allow(dead_code)]
#[path = "../tests/support/plane/mod.rs"]
mod plane;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::oracle::{
    Case, CaseFlow, Options, Report, ShrinkOptions, Shrunk, check_changes, covering_flows, shrink,
};
use netpol_oracle::{Change, Cluster, Engine, Namespace, NetworkPolicy, ObjectId, ObjectName, Pod, Profile, Snapshot};

use plane::{Fault, Plane, Shows};

/// Holds a data plane with a planted bug against the engine, and cuts what differs down to the smallest case.
#[derive(Parser)]
struct Arguments {
    /// The bug to plant
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,

    /// Lists the bugs that can be planted
    #[arg(long)]
    list: bool,

    /// How many pods the generated clusters have
    #[arg(long, default_value_t = 40, value_name = "N")]
    pods: usize,

    /// How many clusters are tried, each of another seed
    #[arg(long, default_value_t = 40, value_name = "N")]
    clusters: u64,

    /// What the clusters enforce; without it upstream Kubernetes and three network models in turn
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// At most so many flows of a cluster are asked
    #[arg(long, default_value_t = 4_000, value_name = "N")]
    budget: usize,

    /// Where the case is written; `target/oracle/FAULT.yaml` without it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replays a case instead, with the bug that `--fault` names, or without any
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

/// A bug that shows in flows that a person would not think of: two policies, of which one takes away what the other admits.
const TELLING: &str = "except-leaks-across-policies";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        for fault in Fault::ALL {
            println!("{:34} {}", fault.name(), fault.description());
        }
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    let named = |name: &str| {
        let found = Fault::ALL.iter().copied().find(|fault| fault.name() == name);
        found.ok_or_else(|| format!("no bug `{name}`; `--list` has them all"))
    };
    let fault = arguments.fault.as_deref().map(named).transpose()?;
    match &arguments.replay {
        Some(path) => replay(path, fault),
        None => hunt(arguments, fault.map_or_else(|| named(TELLING), Ok)?),
    }
}

fn replay(path: &Path, fault: Option<Fault>) -> Result<bool, String> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    let case = Case::read(&name, text).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    let mut plane = fault.map_or_else(Plane::new, Plane::with_fault);
    let replay = case.replay(&mut plane).map_err(|error| format!("{name}: {error}"))?;
    print!("{replay}");
    Ok(replay.is_clean())
}

fn hunt(arguments: &Arguments, fault: Fault) -> Result<bool, String> {
    println!("planted: {}: {}\n", fault.name(), fault.description());
    let profiles: Vec<Profile> = match &arguments.profile {
        Some(text) => vec![shared::profile(text).map_err(|error| format!("--profile: {error}"))?],
        None => ["kubernetes", "vpc:v1.31.6-r0", "tunnel:v1.31.6-r0", "cn2:v1.31.6-r0"]
            .iter()
            .map(|text| text.parse().map_err(|error| format!("{text}: {error}")))
            .collect::<Result<_, String>>()?,
    };
    let mut probes = 0;
    for (seed, profile) in (0..arguments.clusters).zip(profiles.iter().cycle()) {
        let spec = ClusterSpec::new(arguments.pods).seed(seed).policies(arguments.pods / 3).namespaces(4).nodes(3);
        let mut case = Case::new(spec.build(), profile.clone());
        case.name = Some(fault.name().to_owned());
        if fault.shows() == Shows::Changed {
            case.changes = changes_towards(&case.cluster, &spec.seed(seed + 1_000).build());
        }
        let reports = check(&case, fault, arguments.budget)?;
        probes += reports.iter().map(|report| report.probes).sum::<usize>();
        let Some(state) = reports.iter().position(|report| !report.mismatches.is_empty()) else { continue };
        case.changes.truncate(state);
        return found(arguments, fault, case, &reports[state], probes);
    }
    println!(
        "not found in {} clusters, {probes} probes; not every bug shows in clusters of this kind: try other `--pods`, or `--profile`",
        arguments.clusters
    );
    Ok(false)
}

/// The data plane against the engine, as installed and after each batch of changes.
fn check(case: &Case, fault: Fault, budget: usize) -> Result<Vec<Report>, String> {
    let mut engine = Engine::new(&case.cluster, &case.profile);
    let flows = |engine: &Snapshot, before: &Cluster| covering_flows(engine).with_former(before).budget(budget);
    let options = Options { stop_after_mismatches: Some(3), ..Options::default() };
    let mut plane = Plane::with_fault(fault);
    check_changes(&mut engine, &mut plane, case.changes.iter().cloned(), flows, &options)
        .map_err(|error| error.to_string())
}

fn found(arguments: &Arguments, fault: Fault, mut case: Case, report: &Report, probes: usize) -> Result<bool, String> {
    let after = case.after().map_err(|error| error.to_string())?;
    let engine = Engine::new(&after, &case.profile);
    for mismatch in &report.mismatches {
        case.flows.push(CaseFlow::new(mismatch.probe.flow.clone(), &engine).map_err(|error| error.to_string())?);
    }
    println!("found after {probes} probes, in a cluster of {}:\n{report}", size(&case));
    let plane = &mut Plane::with_fault(fault);
    let Shrunk { mut case, mismatch, installs, .. } =
        shrink(case, plane, &ShrinkOptions::default()).map_err(|error| error.to_string())?;
    case.source = Some(format!("found with the planted bug `{}`", fault.name()));
    println!("cut down to {} in {installs} installations:\n{mismatch}", size(&case));
    let text = case.write_yaml();
    println!("{text}");

    let path =
        arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("target/oracle/{}.yaml", fault.name())));
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    println!("replay: cargo run --example oracle -- --replay {} --fault {}", path.display(), fault.name());
    Ok(true)
}

fn size(case: &Case) -> String {
    let (cluster, changes) = (&case.cluster, case.changes.iter().map(Vec::len).sum::<usize>());
    format!("{} pods, {} policies and {changes} changes", cluster.pods().len(), cluster.policies().len())
}

/// Changes of a cluster, some of them towards another: labels of pods and namespaces move on, policies get the rules of others, pods come at the
/// addresses of others.
fn changes_towards(cluster: &Cluster, other: &Cluster) -> Vec<Vec<Change>> {
    let put = |pod: Pod| Change::Put(pod.into());
    let neighbours = || cluster.pods().iter().zip(cluster.pods().iter().skip(1)).step_by(3);
    let relabelled = neighbours().map(|(pod, next)| put(Pod { labels: next.labels.clone(), ..pod.clone() }));
    let ports = neighbours()
        .map(|(pod, next)| put(Pod { labels: next.labels.clone(), ports: next.ports.clone(), ..pod.clone() }));
    let namespaces = cluster.namespaces().iter().zip(cluster.namespaces().iter().skip(1));
    let namespaces = namespaces
        .map(|(namespace, next)| Change::Put(Namespace { labels: next.labels.clone(), ..namespace.clone() }.into()));
    let rules = cluster.policies().iter().zip(other.policies().iter()).step_by(2).map(|(policy, other)| {
        let rules = |direction| other.written_rules(direction).to_vec();
        let (ingress, egress) = (rules(netpol_oracle::Direction::Ingress), rules(netpol_oracle::Direction::Egress));
        let (name, subject) = (policy.name().clone(), policy.subject().clone());
        Change::Put(NetworkPolicy::new(name, subject, policy.types(), ingress, egress).into())
    });
    let gone = cluster.policies().iter().skip(1).step_by(4);
    let gone = gone.map(|policy| Change::Remove(ObjectId::Policy(policy.name().clone())));
    // Successors at the same addresses: some are heard of before their predecessors are gone, some have other labels.
    let replaced = cluster.pods().iter().zip(cluster.pods().iter().skip(5)).skip(1).step_by(3);
    let replaced = replaced.enumerate().flat_map(|(at, (pod, other))| {
        let name = ObjectName::new(pod.name.namespace().clone(), format!("{}-new", pod.name.name()));
        let labels = if at % 2 == 0 { &pod.labels } else { &other.labels };
        let come = put(Pod { name, labels: labels.clone(), ..pod.clone() });
        let go = Change::Remove(ObjectId::Pod(pod.name.clone()));
        if at % 4 < 2 { [come, go] } else { [go, come] }
    });
    vec![
        relabelled.collect(),
        namespaces.collect(),
        ports.collect(),
        rules.collect(),
        gone.collect(),
        replaced.collect(),
    ]
}
