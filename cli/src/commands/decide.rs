//! `netpol decide`: is this flow allowed, and why; manifests in, verdicts out.

use std::fmt::Display;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use netpol_oracle::manifest::Loaded;
use netpol_oracle::profile::Rows;
use netpol_oracle::verdict::{Judged, Note, Sides};
use netpol_oracle::{Cluster, Decide, Decision, Engine, Flow, Loader, Profile, Reference, Verdict, explain};
use serde::Serialize;

use super::repair::{self, Repaired, Wanted};
use super::strict;
use crate::exit::{Failure, Outcome};
use crate::output::{self, Out};
use crate::progress::Progress;
use crate::scenes;

/// Answers whether flows are allowed on the cluster that manifests describe.
///
/// Without manifests and flows: the shipped scenes, as a table.
#[derive(Args)]
#[command(group = ArgGroup::new("asked").args(["flow", "flows"]).requires("manifests"), after_help = "\
Examples:
  netpol decide --manifests k8s/ --flow 'default/web -> default/db:6379/tcp'
  netpol decide --manifests all.yaml --flows flows.txt --profile vpc:v1.31.6-r0 --output json
  kubectl get ns,nodes,pods,svc,endpointslices,netpol -A -o yaml > all.yaml
  helm template shop/ | netpol decide --manifests - -n shop --flow 'shop/web -> shop/db:6379/tcp'
  netpol decide --manifests k8s/ --flow 'default/web -> default/db:6380/tcp' --repair

A flow is `SRC -> DST:PORT/tcp|udp|sctp`, `SRC -> DST icmp` or `SRC -> DST NUMBER`. An end is a pod or workload
`NS/NAME`, `NS/KIND/NAME`, `node:NAME`, an address, and as destination a Service `svc/NS/NAME`.")]
pub(crate) struct Arguments {
    /// Files and folders (.yaml, .yml, .json, packed by gzip too; `-`: standard input) that describe the cluster
    #[arg(long, num_args = 1.., value_name = "PATH", requires = "asked")]
    manifests: Vec<PathBuf>,

    /// Where objects are that name no namespace
    #[arg(long, short, value_name = "NAMESPACE", requires = "manifests")]
    namespace: Option<String>,

    /// Flows such as `default/web -> default/db:6379/tcp`
    #[arg(long, num_args = 1.., value_name = "TEXT")]
    flow: Vec<String>,

    /// A file with one flow a line (`-`: standard input); empty lines and lines that begin with `#` are skipped
    #[arg(long, value_name = "FILE")]
    flows: Option<PathBuf>,

    /// How to print the answers; text, and a table for the shipped scenes
    #[arg(long, value_enum)]
    output: Option<Form>,

    /// What the cluster enforces: a profile file, or `kubernetes[:1.34]`, `tunnel:V`, `vpc:V`, `cn2:V` with a
    /// version such as `v1.31.6-r0`
    #[arg(long, default_value = "kubernetes", value_name = "PROFILE")]
    profile: String,

    /// Say which changes of policies would give the flow the verdict named, else the other one (what is not allowed is to
    /// be), as manifests to apply, each with everything else that it changes
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "other", value_name = "VERDICT")]
    repair: Option<Wanted>,

    /// Exit with 1 where a policy was rejected, a field of one is unknown or repeated, or a file or object could not be read
    #[arg(long)]
    strict: bool,

    /// Who answers: the compiled engine, or the definition it is held to (the same answers, each found by a scan)
    #[arg(long, value_enum, default_value_t = Answerer::Compiled)]
    engine: Answerer,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Answerer {
    Reference,
    Compiled,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Form {
    /// A few lines a flow: verdict, rows, and each side's reason
    Text,
    /// One line a flow: verdict and reason codes
    Table,
    /// One JSON object a line
    Json,
}

pub(crate) fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let profile = netpol_input::profile(&arguments.profile)?;
    let is_scenes = arguments.manifests.is_empty();
    let form = arguments.output.unwrap_or(if is_scenes { Form::Table } else { Form::Text });
    if form == Form::Table && arguments.repair.is_some() {
        return Err("--repair has no table: --output text or json shows repairs".to_owned().into());
    }
    let asked = Asked { profile: &profile, answerer: arguments.engine, form, repair: arguments.repair };
    if is_scenes {
        return answer_scenes(&asked);
    }
    let flows = match &arguments.flows {
        None => arguments.flow.into_iter().map(Asking::alone).collect(),
        Some(path) if path == Path::new("-") && arguments.manifests.contains(path) => {
            return Err("--manifests and --flows cannot both be standard input".to_owned().into());
        }
        Some(path) => {
            let text = read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            lines(&String::from_utf8_lossy(&text))
        }
    };
    let (loaded, is_whole) = load(&arguments.manifests, arguments.namespace.as_deref(), &profile, arguments.strict)?;
    let outcome = answer(&loaded, &asked, &flows)?;
    Ok(if arguments.strict && !is_whole { Outcome::Bad } else { outcome })
}

/// The shipped scenes, as a table.
pub(crate) fn scenes() -> Result<Outcome, Failure> {
    let profile = &Profile::kubernetes();
    answer_scenes(&Asked { profile, answerer: Answerer::Compiled, form: Form::Table, repair: None })
}

/// How answers are found and shown.
struct Asked<'a> {
    profile: &'a Profile,
    answerer: Answerer,
    form: Form,
    repair: Option<Wanted>,
}

fn answer_scenes(asked: &Asked<'_>) -> Result<Outcome, Failure> {
    let loader = Loader::new(asked.profile.release());
    let loader = scenes::MANIFESTS.iter().fold(loader, |loader, (name, text)| loader.text(name, text));
    let loaded = loader.finish();
    say_what_was_left_out(&loaded);
    answer(&loaded, asked, &lines(scenes::FLOWS))
}

/// A flow as it was written.
struct Asking {
    text: String,
    /// Its line, of a text.
    number: Option<usize>,
}

impl Asking {
    fn alone(text: String) -> Self {
        Self { text, number: None }
    }

    /// An error of the flow, with its line.
    fn located(&self, error: impl Display) -> String {
        self.number.map_or_else(|| error.to_string(), |number| format!("line {number}: {error}"))
    }
}

/// The flows of a text, one a line.
fn lines(text: &str) -> Vec<Asking> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let flows = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    flows.map(|(number, line)| Asking { text: line.to_owned(), number: Some(number) }).collect()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Loads what can be read, and whether that is all, by strict validation; says on standard error what is not.
///
/// # Errors
/// Nothing could be read: of an empty cluster every answer is easy.
fn load(
    paths: &[PathBuf],
    namespace: Option<&str>,
    profile: &Profile,
    is_strict: bool,
) -> Result<(Loaded, bool), String> {
    let progress = Progress::step("reading manifests");
    let loader = namespace.into_iter().fold(Loader::new(profile.release()), Loader::namespace);
    let mut given = netpol_input::load(loader, paths);
    drop(progress);
    if is_strict {
        given.loaded.diagnostics.iter_mut().for_each(strict::raise);
    }
    given.skipped.iter().for_each(output::note);
    given.unread.iter().for_each(output::error);
    say_what_was_left_out(&given.loaded);
    if given.is_nothing() {
        return Err("no manifest was read, so there is no cluster to ask about".to_owned());
    }
    let is_whole = given.unread.is_empty() && given.loaded.objects.iter().all(|object| object.accepted_strict);
    Ok((given.loaded, is_whole))
}

fn say_what_was_left_out(loaded: &Loaded) {
    for diagnostic in &loaded.diagnostics {
        output::say(output::diagnostic(diagnostic));
    }
    if !loaded.skipped.is_empty() {
        let kinds: Vec<String> = loaded.skipped.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        output::note(format_args!("skipped {}", kinds.join(", ")));
    }
}

/// Prints one answer a flow; bad where some flow was not answered.
fn answer(loaded: &Loaded, asked: &Asked<'_>, flows: &[Asking]) -> Result<Outcome, Failure> {
    let (cluster, profile) = (&loaded.cluster, asked.profile);
    let compile = || {
        let _progress = Progress::step("compiling policies");
        Engine::new(cluster, profile)
    };
    let engine = (asked.answerer == Answerer::Compiled || asked.repair.is_some()).then(compile);
    let reference = Reference::new(cluster, profile);
    let decider: &dyn Decide = match (&engine, asked.answerer) {
        (Some(engine), Answerer::Compiled) => engine,
        _ => &reference,
    };
    let repair = |decision: &Decision| repair::of(engine.as_ref()?, decision, asked.repair?);
    let mut out = output::stdout();
    let progress = Progress::answers("answering", Some(flows.len()));
    let width = flows.iter().map(|line| line.text.chars().count()).max().unwrap_or(0).min(64);
    let (mut all, mut noted) = (true, Vec::new());
    for asking in flows {
        let line = asking.text.as_str();
        let decision = line
            .parse::<Flow>()
            .map_err(|error| asking.located(error))
            .and_then(|flow| decider.decide(&flow).map_err(|error| asking.located(error)));
        all &= decision.is_ok();
        let repaired = decision.as_ref().ok().and_then(repair);
        match asked.form {
            Form::Json => json(&mut out, line, &decision, repaired.as_ref())?,
            Form::Text => {
                text(&mut out, line, &decision, cluster)?;
                repaired.iter().try_for_each(|repaired| repaired.text(&mut out))?;
            }
            Form::Table => row(&mut out, line, width, &decision, &mut noted)?,
        }
        progress.one();
    }
    for (index, note) in noted.iter().enumerate() {
        writeln!(out, "[{}] {}", index + 1, note.message)?;
    }
    drop(progress);
    out.flush()?;
    Ok(Outcome::good_if(all))
}

fn text(out: &mut Out, line: &str, decision: &Result<Decision, String>, cluster: &Cluster) -> io::Result<()> {
    match decision {
        Ok(decision) => {
            let text = explain(decision, cluster);
            let first = format!("{}: {}", decision.flow, decision.verdict);
            let painted = format!("{}: {}", decision.flow, output::verdict(decision.verdict, decision.verdict));
            out.write_all(text.replacen(&first, &painted, 1).as_bytes())
        }
        Err(error) => writeln!(out, "{line}: {}: {error}", output::bad("error")),
    }
}

/// A line of the table; `[1]` at its end is the first of `noted`, which holds each note of the table once.
fn row(
    out: &mut Out,
    line: &str,
    width: usize,
    decision: &Result<Decision, String>,
    noted: &mut Vec<Note>,
) -> io::Result<()> {
    let decision = match decision {
        Ok(decision) => decision,
        Err(error) => return writeln!(out, "{line:width$}  {}      {error}", output::bad("error")),
    };
    let verdict = output::verdict(decision.verdict, format_args!("{:9}", decision.verdict.to_string()));
    write!(out, "{line:width$}  {verdict}  {:8}  {}", decision.rows.to_string(), reasons(decision))?;
    for note in &decision.notes {
        let known = noted.iter().position(|known| known == note);
        let index = known.unwrap_or_else(|| {
            noted.push(note.clone());
            noted.len() - 1
        });
        write!(out, " [{}]", index + 1)?;
    }
    writeln!(out)
}

fn reasons(decision: &Decision) -> String {
    let both =
        |sides: &Sides| format!("egress {}, ingress {}", sides.egress.reason.code(), sides.ingress.reason.code());
    match &decision.judged {
        Judged::Sides(sides) => both(sides),
        Judged::Backends(backends) => {
            let each = backends.iter().map(|b| format!("{}: {} ({})", b.backend, b.verdict, both(&b.sides)));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

/// One line of JSON output.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Answer {
        /// As the question wrote it.
        flow: &'a str,
        verdict: Verdict,
        rows: Rows,
        #[serde(flatten)]
        judged: &'a Judged,
        /// What the answer may hang on and was not given (K28).
        notes: &'a [Note],
        /// What would give it another verdict.
        #[serde(skip_serializing_if = "Option::is_none")]
        repair: Option<&'a Repaired>,
    },
    Error {
        flow: &'a str,
        error: &'a str,
    },
}

fn json(out: &mut Out, flow: &str, decision: &Result<Decision, String>, repair: Option<&Repaired>) -> io::Result<()> {
    let line = match decision {
        Ok(decision) => Line::Answer {
            flow,
            verdict: decision.verdict,
            rows: decision.rows,
            judged: &decision.judged,
            notes: &decision.notes,
            repair,
        },
        Err(error) => Line::Error { flow, error },
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}
