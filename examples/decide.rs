//! Is this flow allowed, and why: manifests in, verdicts out.
//!
//! ```text
//! cargo run --example decide                       # the shipped folder, as a table
//! cargo run --example decide -- --manifests k8s/ --flow 'default/web -> default/db:6379/tcp'
//! cargo run --release --example decide -- --manifests all.yaml --flows flows.txt --engine reference
//! kubectl get pods,netpol,ns,nodes,svc,endpointslices -A -o yaml > all.yaml
//! cargo run --example decide -- --manifests all.yaml --flows flows.txt --output json
//! ```
//!
//! Exit code 0: every flow was answered; 1: some flow was not; 2: usage or profile error.

mod shared;

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use netpol_oracle::{
    Cluster, Decide, Decision, Engine, Flow, Judged, Loaded, Loader, Profile, Reference, Rows, Verdict, explain,
};
use serde::Serialize;

/// Answers whether flows are allowed on the cluster that manifests describe.
#[derive(Parser)]
struct Arguments {
    /// Files and folders (.yaml, .yml, .json) that describe the cluster
    #[arg(long, num_args = 1.., value_name = "PATH")]
    manifests: Vec<PathBuf>,

    /// Flows such as `default/web -> default/db:6379/tcp`
    #[arg(long, num_args = 1.., value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "flows")]
    flow: Vec<String>,

    /// A file with one flow a line (`-`: standard input); empty lines and lines that begin with `#` are skipped
    #[arg(long, value_name = "FILE")]
    flows: Option<PathBuf>,

    /// How to print the answers
    #[arg(long, value_enum)]
    output: Option<Output>,

    /// What the cluster enforces: a profile file, or `kubernetes[:1.34]`, `tunnel:V`, `vpc:V`, `cn2:V` with a
    /// version such as `v1.31.6-r0`
    #[arg(long, default_value = "kubernetes", value_name = "PROFILE")]
    profile: String,

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
enum Output {
    /// A few lines a flow: verdict, rows, and each side's reason
    Text,
    /// One line a flow: verdict and reason codes
    Table,
    /// One JSON object a line
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let usage = |message: &str| {
        eprintln!("error: {message}");
        ExitCode::from(2)
    };
    let profile = match shared::profile(&arguments.profile) {
        Ok(profile) => profile,
        Err(error) => return usage(&format!("--profile: {error}")),
    };
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/manifests");
    let asked = !arguments.flow.is_empty() || arguments.flows.is_some();
    let (paths, flows, default_output) = match (arguments.manifests.is_empty(), asked) {
        (true, false) => (vec![shipped.join("seed")], Some(shipped.join("flows.txt")), Output::Table),
        (false, true) => (arguments.manifests, arguments.flows, Output::Text),
        (true, true) => return usage("--flow and --flows need --manifests"),
        (false, false) => return usage("--manifests needs --flow or --flows"),
    };
    let lines = match flows {
        None => arguments.flow,
        Some(path) => match read_flows(&path) {
            Ok(lines) => lines,
            Err(error) => return usage(&format!("{}: {error}", path.display())),
        },
    };

    let loaded = load(&paths, &profile);
    let output = arguments.output.unwrap_or(default_output);
    let engine: Box<dyn Decide + '_> = match arguments.engine {
        Answerer::Reference => Box::new(Reference::new(&loaded.cluster, &profile)),
        Answerer::Compiled => Box::new(Engine::new(&loaded.cluster, &profile)),
    };
    match answer(&loaded.cluster, engine.as_ref(), &lines, output) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // The reader of our output has gone: nobody is left to tell.
        Err(_) => ExitCode::from(1),
    }
}

fn read_flows(path: &Path) -> io::Result<Vec<String>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(path)?;
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// Loads what can be read; says on standard error what cannot.
fn load(paths: &[PathBuf], profile: &Profile) -> Loaded {
    let mut loader = Loader::new(profile.release());
    for file in shared::files(paths) {
        match file.and_then(|path| Ok((std::fs::read(&path)?, path))) {
            Ok((bytes, path)) => loader = loader.text(&path.display().to_string(), bytes),
            Err(error) => eprintln!("error: {error}"),
        }
    }
    let loaded = loader.finish();
    for diagnostic in &loaded.diagnostics {
        eprintln!("{diagnostic}");
    }
    if !loaded.skipped.is_empty() {
        let kinds: Vec<String> = loaded.skipped.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        eprintln!("note: skipped {}", kinds.join(", "));
    }
    loaded
}

/// Prints one answer a flow; `false` where some flow was not answered.
fn answer(cluster: &Cluster, engine: &dyn Decide, lines: &[String], output: Output) -> io::Result<bool> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).min(64);
    let mut all = true;
    for line in lines {
        let decision = line
            .parse::<Flow>()
            .map_err(|error| error.to_string())
            .and_then(|flow| engine.decide(&flow).map_err(|error| error.to_string()));
        all &= decision.is_ok();
        match (output, decision) {
            (Output::Json, decision) => json(&mut out, line, decision, cluster)?,
            (Output::Text, Ok(decision)) => write!(out, "{}", explain(&decision, cluster))?,
            (Output::Text, Err(error)) => writeln!(out, "{line}: error: {error}")?,
            (Output::Table, Ok(decision)) => writeln!(
                out,
                "{line:width$}  {:9}  {:8}  {}",
                decision.verdict.to_string(),
                decision.rows.to_string(),
                reasons(&decision)
            )?,
            (Output::Table, Err(error)) => writeln!(out, "{line:width$}  error      {error}")?,
        }
    }
    out.flush()?;
    Ok(all)
}

fn reasons(decision: &Decision) -> String {
    let both = |sides: &netpol_oracle::Sides| {
        format!("egress {}, ingress {}", sides.egress.reason.code(), sides.ingress.reason.code())
    };
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
        /// Policies of other kinds, which the answer ignores (K25).
        #[serde(skip_serializing_if = "is_zero")]
        ignored_policies: usize,
    },
    Error {
        flow: &'a str,
        error: &'a str,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn json(out: &mut impl Write, flow: &str, decision: Result<Decision, String>, cluster: &Cluster) -> io::Result<()> {
    let line = match &decision {
        Ok(decision) => Line::Answer {
            flow,
            verdict: decision.verdict,
            rows: decision.rows,
            judged: &decision.judged,
            ignored_policies: cluster.other_policies().len(),
        },
        Err(error) => Line::Error { flow, error },
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}
