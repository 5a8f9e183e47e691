//! `netpol review`: what is wrong with manifests, in the API server's own words and at the line; and what their cluster would
//! not do with their policies.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use netpol_input::{Given, Manifest, Text, counted};
use netpol_oracle::admission::Reviewer;
use netpol_oracle::diagnostic::{Code, Diagnostic, Location, Origin, Severity};
use netpol_oracle::manifest::{FieldLines, Judgement, judge_text};
use netpol_oracle::{Cluster, Loader, NetworkPolicy, ObjectName, Profile, Release};
use serde::Serialize;

use super::strict;
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::progress::Progress;

/// What is judged as posted is read as a whole: far more than any server takes at once.
const LARGEST: u64 = 64 << 20;

/// Says what is wrong with manifests.
///
/// In the API server's own words and at the line; and what the cluster that they describe would not do with their policies.
#[derive(Args)]
#[command(after_help = "\
Examples:
  netpol review --manifests k8s/
  netpol review --manifests k8s/ --kubernetes 1.37 --output json
  netpol review --manifests policy.yaml --as networkpolicies
  netpol review --manifests k8s/ --profile vpc:v1.31.6-r0
  netpol review --manifests cluster.yaml --lints cluster
  netpol review --manifests policies/ --no-cluster-checks --strict")]
pub(crate) struct Arguments {
    /// Files and folders (.yaml, .yml, .json, packed by gzip too; `-`: standard input)
    #[arg(long, num_args = 1.., required = true, value_name = "PATH")]
    manifests: Vec<PathBuf>,

    /// Where objects are that name no namespace
    #[arg(long, short, value_name = "NAMESPACE", conflicts_with = "posted_to")]
    namespace: Option<String>,

    /// The release whose API server judges: without it the profile's, else 1.34
    #[arg(long, value_name = "VERSION")]
    kubernetes: Option<Release>,

    /// Which cluster the accepted policies are checked against, with the objects that are given: a profile file, or
    /// `kubernetes[:1.34]` (the default), `tunnel:V`, `vpc:V`, `cn2:V` with a version such as v1.31.6-r0
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// Judge each file's objects alone, without what selectors meet in the cluster
    #[arg(long, conflicts_with = "profile")]
    no_cluster_checks: bool,

    /// Which rules, peers, entries and policies are said to change nothing, and can go: what another one says too on any
    /// cluster, or also on the one that is given, as it is
    #[arg(long, value_enum, default_value_t = Lints::Any, value_name = "WHERE", conflicts_with = "no_cluster_checks")]
    lints: Lints,

    /// Unknown and repeated fields of policies are errors, as the server's strict validation has them
    #[arg(long)]
    strict: bool,

    /// Judge every document, whatever its kind, as if it were posted to this endpoint; alone, unless there is a profile
    #[arg(long = "as", value_enum, value_name = "ENDPOINT")]
    posted_to: Option<Endpoint>,

    /// How to print the findings
    #[arg(long, value_enum, default_value = "text")]
    output: Form,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Endpoint {
    /// `POST /apis/networking.k8s.io/v1/namespaces/NAMESPACE/networkpolicies`
    Networkpolicies,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Lints {
    /// On any cluster (NP301 to NP307)
    Any,
    /// Also on this one (NP311 to NP315)
    Cluster,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Form {
    /// A line a finding
    Text,
    /// One JSON object a document or list item, good ones too
    Json,
}

/// One document or list item and what was found in it.
#[derive(Serialize)]
struct Reviewed {
    file: String,
    document: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    kind: String,
    namespace: String,
    name: String,
    accepted: bool,
    accepted_strict: bool,
    #[serde(serialize_with = "findings")]
    diagnostics: Vec<Diagnostic>,
}

/// A diagnostic as the JSON output shows it.
#[derive(Serialize)]
struct Finding<'a> {
    origin: Origin,
    severity: Severity,
    code: Code,
    path: &'a str,
    message: &'a str,
    help: &'a str,
    line: Option<usize>,
}

fn findings<S: serde::Serializer>(diagnostics: &[Diagnostic], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(diagnostics.iter().map(|found| Finding {
        origin: found.origin,
        severity: found.severity,
        code: found.code,
        path: found.path.as_str(),
        message: &found.message,
        help: &found.help,
        line: found.location.as_ref().and_then(|location| location.line),
    }))
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let profile = profile(arguments)?;
    let release = arguments.kubernetes.unwrap_or_else(|| profile.as_ref().map_or(Release::DEFAULT, Profile::release));
    let checks = profile.map(|profile| Checks { profile, lints: arguments.lints });
    let progress = Progress::step("reviewing");
    let (mut skipped, mut unread) = (Vec::new(), Vec::new());
    let mut reviewed = match arguments.posted_to {
        Some(Endpoint::Networkpolicies) => {
            let mut reviewed = Vec::new();
            for file in netpol_input::manifests(&arguments.manifests) {
                match file {
                    Manifest::Text(text) => match as_posted(text, release, checks.as_ref()) {
                        Ok(documents) => reviewed.extend(documents),
                        Err(error) => unread.push(error),
                    },
                    Manifest::Skipped(said) => skipped.push(said),
                    Manifest::Unread(error) => unread.push(error),
                }
            }
            reviewed
        }
        None => {
            let loader = arguments.namespace.iter().fold(Loader::new(release), |loader, name| loader.namespace(name));
            let mut given = netpol_input::load(loader, &arguments.manifests);
            skipped.append(&mut given.skipped);
            unread.append(&mut given.unread);
            as_loaded(given, checks.as_ref())
        }
    };
    drop(progress);
    if arguments.strict {
        let all = reviewed.iter_mut().flat_map(|object| &mut object.diagnostics);
        all.for_each(strict::raise);
    }
    skipped.iter().for_each(output::note);
    unread.iter().for_each(output::error);
    print(&reviewed, arguments.output)?;
    let errors = reviewed.iter().flat_map(|object| &object.diagnostics).any(|found| found.severity == Severity::Error);
    Ok(Outcome::good_if(!errors && unread.is_empty()))
}

/// What the policies are checked against, if anything.
fn profile(arguments: &Arguments) -> Result<Option<Profile>, String> {
    let by_default = || {
        let is_alone = arguments.no_cluster_checks || arguments.posted_to.is_some();
        (!is_alone).then(|| arguments.kubernetes.map_or("kubernetes".to_owned(), |at| format!("kubernetes:{at}")))
    };
    let text = arguments.profile.clone().or_else(by_default);
    text.as_deref().map(netpol_input::profile).transpose()
}

/// What accepted policies are checked against.
struct Checks {
    profile: Profile,
    lints: Lints,
}

impl Checks {
    /// What is said of a policy, placed at its fields.
    fn of(&self, policy: &NetworkPolicy, reviewer: &Reviewer<'_>, place: Place<'_>) -> Vec<Diagnostic> {
        let mut found = reviewer.review(policy);
        if self.lints == Lints::Cluster {
            found.extend(reviewer.idle(policy));
        }
        if place.is_cut {
            found.retain(|found| !is_superfluity(found.code));
        }
        found.into_iter().map(|found| place.lines.place(found, place.at)).collect()
    }
}

/// Where a policy stands.
struct Place<'a> {
    at: &'a Location,
    lines: &'a FieldLines,
    /// Fields of it that nobody knows were dropped, or of another policy of its namespace: what the rest says too may be all that
    /// will be left once they are mended.
    is_cut: bool,
}

/// Whether it says that something can be removed because something else says as much.
fn is_superfluity(code: Code) -> bool {
    use Code::{EqualPolicy, ImpliedPeer, ImpliedPolicy, ImpliedPort, ImpliedRule};
    use Code::{IdlePeer, IdlePolicy, IdlePort, IdleRule};
    let in_any_cluster = matches!(code, ImpliedPeer | ImpliedPort | ImpliedRule | ImpliedPolicy | EqualPolicy);
    in_any_cluster || matches!(code, IdlePeer | IdlePort | IdleRule | IdlePolicy)
}

fn has_unknown_fields(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|found| found.code == Code::UnknownField)
}

/// Every document of a file by itself, other kinds and empty ones too.
///
/// # Errors
/// The file cannot be read to its end.
fn as_posted(mut text: Text, release: Release, checks: Option<&Checks>) -> Result<Vec<Reviewed>, String> {
    let (file, mut bytes) = (text.name().to_owned(), Vec::new());
    text.by_ref().take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| format!("{file}: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("{file}: more than {} MiB are posted to no API server", LARGEST >> 20));
    }
    let reviewed = |judgement: Judgement| {
        let mut diagnostics = judgement.diagnostics;
        if let (Some(policy), Some(checks)) = (&judgement.policy, checks) {
            let is_cut = has_unknown_fields(&diagnostics);
            let place = Place { at: &judgement.location, lines: &judgement.lines, is_cut };
            let nothing = Cluster::default();
            diagnostics.extend(checks.of(policy, &Reviewer::new(&checks.profile, &nothing), place));
        }
        Reviewed {
            file: file.clone(),
            document: judgement.location.document,
            item: None,
            kind: judgement.kind,
            namespace: judgement.namespace,
            name: judgement.name,
            accepted: judgement.accepted,
            accepted_strict: judgement.accepted_strict,
            diagnostics,
        }
    };
    Ok(judge_text(release, &file, bytes).into_iter().map(reviewed).collect())
}

/// All files together, as the parts of one cluster.
fn as_loaded(given: Given, checks: Option<&Checks>) -> Vec<Reviewed> {
    let Given { loaded, texts, .. } = given;
    let order: BTreeMap<&str, usize> = texts.iter().enumerate().map(|(i, file)| (file.as_str(), i)).collect();
    let place = |location: &Location| {
        let file = order.get(&*location.source).copied().unwrap_or(usize::MAX);
        (file, location.document, location.item)
    };
    let mut reviewed: BTreeMap<(usize, usize, Option<usize>), Reviewed> = BTreeMap::new();
    // Of several policies of a name the last accepted one is the cluster's (K25).
    let mut policies: BTreeMap<ObjectName, (Location, FieldLines)> = BTreeMap::new();
    for object in loaded.objects {
        if object.kind == "NetworkPolicy" && object.accepted {
            let name = ObjectName::new(&*object.namespace, &*object.name);
            policies.insert(name, (object.location.clone(), object.lines));
        }
        let Location { source, document, item, .. } = &object.location;
        let new = Reviewed {
            file: source.to_string(),
            document: *document,
            item: *item,
            kind: object.kind,
            namespace: object.namespace,
            name: object.name,
            accepted: object.accepted,
            accepted_strict: object.accepted_strict,
            diagnostics: Vec::new(),
        };
        reviewed.insert(place(&object.location), new);
    }
    let mut diagnostics = loaded.diagnostics;
    if let Some(checks) = checks {
        let unknown = diagnostics.iter().filter(|found| found.code == Code::UnknownField);
        let cut: BTreeSet<_> = unknown.filter_map(|found| found.location.as_ref().map(place)).collect();
        let is_cut = |(name, (at, _)): (&ObjectName, &(Location, FieldLines))| {
            cut.contains(&place(at)).then(|| name.namespace().clone())
        };
        let cut: BTreeSet<_> = policies.iter().filter_map(is_cut).collect();
        let reviewer = Reviewer::new(&checks.profile, &loaded.cluster);
        for (name, (at, lines)) in &policies {
            if let Some(policy) = loaded.cluster.policy(name) {
                let place = Place { at, lines, is_cut: cut.contains(name.namespace()) };
                diagnostics.extend(checks.of(policy, &reviewer, place));
            }
        }
    }
    for found in diagnostics {
        let Some(location) = found.location.clone() else { continue };
        let is_error = found.severity == Severity::Error;
        let object = reviewed.entry(place(&location)).or_insert_with(|| Reviewed {
            file: location.source.to_string(),
            document: location.document,
            item: location.item,
            kind: String::new(),
            namespace: String::new(),
            name: String::new(),
            accepted: !is_error,
            accepted_strict: !is_error,
            diagnostics: Vec::new(),
        });
        object.diagnostics.push(found);
    }
    reviewed.into_values().collect()
}

fn print(reviewed: &[Reviewed], form: Form) -> io::Result<()> {
    let mut out = output::stdout();
    for object in reviewed {
        match form {
            Form::Json => {
                serde_json::to_writer(&mut out, object)?;
                writeln!(out)?;
            }
            Form::Text => {
                for found in &object.diagnostics {
                    writeln!(out, "{}", output::diagnostic(found))?;
                }
            }
        }
    }
    if form == Form::Text {
        let count = |severity| {
            let all = reviewed.iter().flat_map(|object| &object.diagnostics);
            all.filter(|found| found.severity == severity).count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let parts = [
            counted(reviewed.len(), "object", "objects"),
            counted(errors, "error", "errors"),
            counted(warnings, "warning", "warnings"),
        ];
        writeln!(out, "{}", parts.join(", "))?;
    }
    out.flush()
}
