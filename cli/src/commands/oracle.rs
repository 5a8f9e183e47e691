//! `netpol oracle`: finds a bug of a data plane, cuts it down, and writes it as a case that anybody can replay.
//!
//! The data plane is the one in memory, with a bug planted in it: it shows what a data plane of one's own would get.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use netpol_backend_memory::{Fault, Plane, Shows};
use netpol_input::counted;
use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::model::{Namespace, ObjectId, Service};
use netpol_oracle::oracle::{
    Case, CaseFlow, Options, Report, ShrinkOptions, Shrunk, check_changes, covering_flows, shrink,
};
use netpol_oracle::{Change, Cluster, Direction, Engine, NetworkPolicy, ObjectName, Pod, Port, Profile, Row, Snapshot};

use crate::exit::{Failure, Outcome};
use crate::output::{self, Out};
use crate::progress::Progress;

/// Holds a data plane with a planted bug against the engine, and cuts what differs down to the smallest case.
///
/// The data plane is one in memory, with a bug planted in it; the case is written as a file that anybody can replay.
#[derive(Args)]
#[command(after_help = "\
Examples:
  netpol oracle
  netpol oracle --list
  netpol oracle --fault stale-rules --pods 60
  netpol oracle --replay netpol-oracle-cases/stale-rules.yaml --fault stale-rules
  netpol oracle --replay netpol-oracle-cases/stale-rules.yaml")]
pub(crate) struct Arguments {
    /// The bug to plant
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,

    /// List the bugs that can be planted
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

    /// Where the case is written when the bug shows; without it, `netpol-oracle-cases/FAULT.yaml` in the current folder
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replays a case instead, with the bug that `--fault` names, or without any
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

/// A bug that shows in flows that a person would not think of: two policies, of which one takes away what the other admits.
const TELLING: &str = "except-leaks-across-policies";

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut out = output::stdout();
    let outcome = match (&arguments.replay, arguments.fault.as_deref().map(named).transpose()?) {
        _ if arguments.list => list(&mut out),
        (Some(path), fault) => replay(path, fault, &mut out),
        (None, fault) => hunt(arguments, fault.map_or_else(|| named(TELLING), Ok)?, &mut out),
    }?;
    out.flush()?;
    Ok(outcome)
}

fn named(name: &str) -> Result<Fault, String> {
    let found = Fault::ALL.iter().copied().find(|fault| fault.name() == name);
    found.ok_or_else(|| format!("--fault: no bug is named `{name}`; `--list` has them all"))
}

fn list(out: &mut Out) -> Result<Outcome, Failure> {
    for fault in Fault::ALL {
        writeln!(out, "{:34} {}", fault.name(), fault.description())?;
    }
    Ok(Outcome::Good)
}

fn replay(path: &Path, fault: Option<Fault>, out: &mut Out) -> Result<Outcome, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    let case = Case::read(&name, text).map_err(|faults| faults.to_string())?;
    let mut plane = fault.map_or_else(Plane::new, Plane::with_fault);
    let replay = case.replay(&mut plane).map_err(|error| format!("{name}: {error}"))?;
    write!(out, "{replay}")?;
    Ok(Outcome::good_if(replay.is_clean()))
}

fn hunt(arguments: &Arguments, fault: Fault, out: &mut Out) -> Result<Outcome, Failure> {
    let profiles: Vec<Profile> = match &arguments.profile {
        Some(text) => vec![netpol_input::profile(text)?],
        None => ["kubernetes", "vpc:v1.31.6-r0", "tunnel:v1.31.6-r0", "cn2:v1.31.6-r0"]
            .iter()
            .map(|text| text.parse().map_err(|error| format!("{text}: {error}")))
            .collect::<Result<_, String>>()?,
    };
    writeln!(out, "planted: {}: {}\n", fault.name(), fault.description())?;
    out.flush()?;
    let mut probes = 0;
    let progress = Progress::count("trying clusters", usize::try_from(arguments.clusters).unwrap_or(usize::MAX));
    for (seed, profile) in (0..arguments.clusters).zip(profiles.iter().cycle()) {
        let spec = ClusterSpec::new(arguments.pods).seed(seed).policies(arguments.pods / 3).namespaces(4).nodes(3);
        let mut case = Case::new(spec.build(), profile.clone());
        if fault.shows() == Shows::AtFaces {
            case = with_faces(case)?;
        }
        case.name = Some(fault.name().to_owned());
        if fault.shows() == Shows::Changed {
            case.changes = changes_towards(&case.cluster, &spec.seed(seed + 1_000).build());
        }
        let reports = check(&case, fault, arguments.budget)?;
        probes += reports.iter().map(|report| report.probes).sum::<usize>();
        progress.one();
        let shows = |report: &&Report| !report.mismatches.is_empty();
        let Some((state, report)) = reports.iter().enumerate().find(|(_, report)| shows(report)) else { continue };
        drop(progress);
        case.changes.truncate(state);
        return found(arguments, fault, case, report, probes, out);
    }
    drop(progress);
    writeln!(
        out,
        "not found in {} clusters, {probes} probes; not every bug shows in clusters of this kind: try other `--pods`, or `--profile`",
        arguments.clusters
    )?;
    Ok(Outcome::Bad)
}

/// With a load balancer's address and nodePorts at every Service, on a profile that says what is seen there (U5, U9): what it
/// leaves open is no bug.
fn with_faces(mut case: Case) -> Result<Case, Failure> {
    let services: Vec<Service> = case.cluster.services().iter().cloned().collect();
    for (mut service, last) in services.into_iter().zip(1_u8..=250) {
        service.load_balancer_addresses = vec![IpAddr::from([203, 0, 113, last])];
        for (port, at) in service.ports.iter_mut().zip(0..8) {
            port.node_port = Port::new(30_000 + 8 * u16::from(last) + at);
        }
        case.cluster.apply(&[Change::Put(service.into())]).map_err(|error| error.to_string())?;
    }
    for (row, word) in [(Row::U5, "after"), (Row::U9, "node")] {
        case.profile = case.profile.with_override(row, word).map_err(|error| error.to_string())?;
    }
    Ok(case)
}

/// The data plane against the engine, as installed and after each batch of changes.
fn check(case: &Case, fault: Fault, budget: usize) -> Result<Vec<Report>, String> {
    let mut engine = Engine::new(&case.cluster, &case.profile);
    let flows = |engine: &Snapshot, before: &Cluster| covering_flows(engine).with_former(before).budget(budget);
    let options = Options::new().stop_after_mismatches(3);
    let mut plane = Plane::with_fault(fault);
    check_changes(&mut engine, &mut plane, case.changes.iter().cloned(), flows, &options)
        .map_err(|error| error.to_string())
}

fn found(
    arguments: &Arguments,
    fault: Fault,
    mut case: Case,
    report: &Report,
    probes: usize,
    out: &mut Out,
) -> Result<Outcome, Failure> {
    let after = case.after().map_err(|error| error.to_string())?;
    let engine = Engine::new(&after, &case.profile);
    for mismatch in &report.mismatches {
        case.flows.push(CaseFlow::new(mismatch.probe.flow.clone(), &engine).map_err(|error| error.to_string())?);
    }
    let after = counted(probes, "probe", "probes");
    writeln!(out, "found after {after}, in a cluster of {}:\n{report}", size(&case))?;
    out.flush()?;
    let progress = Progress::step("cutting it down");
    let plane = &mut Plane::with_fault(fault);
    let Shrunk { mut case, mismatch, installs, .. } =
        shrink(case, plane, &ShrinkOptions::default()).map_err(|error| error.to_string())?;
    drop(progress);
    case.source = Some(format!("found with the planted bug `{}`", fault.name()));
    let installs = counted(installs, "installation", "installations");
    writeln!(out, "cut down to {} in {installs}:\n{mismatch}", size(&case))?;
    let text = case.write_yaml();
    writeln!(out, "{text}")?;

    let path =
        arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("netpol-oracle-cases/{}.yaml", fault.name())));
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    // By the name that it was called by: `netpol`, or a path to where it was built.
    let netpol = std::env::args().next().unwrap_or_else(|| "netpol".to_owned());
    writeln!(out, "replay: {netpol} oracle --replay {} --fault {}", path.display(), fault.name())?;
    Ok(Outcome::Good)
}

fn size(case: &Case) -> String {
    let (cluster, changes) = (&case.cluster, case.changes.iter().map(Vec::len).sum::<usize>());
    format!(
        "{}, {} and {}",
        counted(cluster.pods().len(), "pod", "pods"),
        counted(cluster.policies().len(), "policy", "policies"),
        counted(changes, "change", "changes")
    )
}

/// Changes of a cluster, some of them towards another: labels of pods and namespaces move on, policies get the rules of others, pods come at the
/// addresses of others.
fn changes_towards(cluster: &Cluster, other: &Cluster) -> Vec<Vec<Change>> {
    let put = |pod: &Pod, change: &dyn Fn(&mut Pod)| {
        let mut pod = pod.clone();
        change(&mut pod);
        Change::Put(pod.into())
    };
    let neighbours = || cluster.pods().iter().zip(cluster.pods().iter().skip(1)).step_by(3);
    let relabelled = neighbours().map(|(pod, next)| put(pod, &|pod| pod.labels = next.labels.clone()));
    let ports = neighbours().map(|(pod, next)| {
        put(pod, &|pod| {
            pod.labels = next.labels.clone();
            pod.ports = next.ports.clone();
        })
    });
    let namespaces = cluster.namespaces().iter().zip(cluster.namespaces().iter().skip(1));
    let namespaces = namespaces.map(|(namespace, next)| {
        let mut namespace = Namespace::new(namespace.name.clone());
        namespace.labels = next.labels.clone();
        Change::Put(namespace.into())
    });
    let rules = cluster.policies().iter().zip(other.policies().iter()).step_by(2).map(|(policy, other)| {
        let rules = |direction| other.written_rules(direction).to_vec();
        let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
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
        let come = put(pod, &|pod| {
            pod.name = name.clone();
            pod.labels = labels.clone();
        });
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
