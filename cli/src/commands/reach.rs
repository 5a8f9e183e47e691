//! `netpol reach`: who reaches whom.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use netpol_oracle::analysis::{Connection, ConnectionEnds, Connectivity, Detail};
use netpol_oracle::{Destination, Engine, Profile, Verdict};

use super::load;
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::progress::Progress;
use crate::table::{self, Cell};

/// Lists every connection that is not denied: who may reach whom, on which ports.
#[derive(Args)]
#[command(after_help = r#"Examples:
  netpol reach --manifests k8s/
  netpol reach --manifests k8s/ --to svc/default/db
  netpol reach --manifests all.yaml --from namespace:dev --by namespace --profile vpc:v1.31.6-r0 --output json

An end is a pod or workload `NS/NAME`, `NS/KIND/NAME`, `namespace:NAME`, `node:NAME`, an address outside the cluster, and for
--to a Service `svc/NS/NAME`. A pod to itself is never meant. `undefined`: the sources do not say what this cluster does; the
rows say what it hangs on. One line of JSON:
  {"source": {"workload": "default/deployment/web"}, "destination": {"service": "default/db"},
   "ports": ["6379/tcp"], "verdict": "allow", "rows": []}
Ends are `pods`, a `workload`, a `namespace`, a `node`, a `service` or `addresses`; ports `80/tcp`, `8000-8080/udp`, `all` (of
TCP, UDP and SCTP), `icmp`, `other` protocols. What no line says is denied."#)]
pub(crate) struct Arguments {
    /// Files and folders (.yaml, .yml, .json, packed by gzip too; `-`: standard input) that describe the cluster
    #[arg(long, num_args = 1.., value_name = "PATH", required = true)]
    manifests: Vec<PathBuf>,

    /// What the cluster enforces: a profile file, or `kubernetes[:1.34]`, `tunnel:V`, `vpc:V`, `cn2:V`
    #[arg(long, default_value = "kubernetes", value_name = "PROFILE")]
    profile: String,

    /// Only what this end may open
    #[arg(long, value_name = "END")]
    from: Option<String>,

    /// Only what may be opened to this end
    #[arg(long, value_name = "END")]
    to: Option<String>,

    /// How ends are named, where all of them are alike
    #[arg(long, value_enum, default_value_t = By::Workload)]
    by: By,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum By {
    Pod,
    Workload,
    Namespace,
}

impl From<By> for Detail {
    fn from(by: By) -> Self {
        match by {
            By::Pod => Self::Pods,
            By::Workload => Self::Workloads,
            By::Namespace => Self::Namespaces,
        }
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum Form {
    /// A table
    Text,
    /// One JSON object a line
    Json,
    /// Comma-separated values, with a header
    Csv,
    /// A table of Markdown
    Md,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let profile = netpol_input::profile(&arguments.profile)?;
    let progress = Progress::step("working out who reaches whom");
    let connections = connections(arguments, &profile)?;
    drop(progress);
    let mut out = output::stdout();
    match arguments.output {
        Form::Json => json(&connections, &mut out)?,
        Form::Text => table::text(&HEADER, &rows(&connections), &mut out)?,
        Form::Csv => table::csv(&HEADER, &rows(&connections), &mut out)?,
        Form::Md => table::markdown(&HEADER, &rows(&connections), &mut out)?,
    }
    out.flush()?;
    if connections.is_empty() {
        output::note("nothing reaches anything there");
    }
    Ok(Outcome::Good)
}

fn connections(arguments: &Arguments, profile: &Profile) -> Result<Vec<Connection>, String> {
    let cluster = load(&arguments.manifests, profile)?;
    let connectivity = Connectivity::new(&Engine::new(&cluster, profile));
    let end = |text: &Option<String>| text.as_deref().map(|text| end(&connectivity, text)).transpose();
    let detail = Detail::from(arguments.by);
    Ok(match (end(&arguments.from)?, end(&arguments.to)?) {
        (Some(ConnectionEnds::Service(name)), _) => {
            return Err(format!("--from svc/{name}: a Service opens no connections"));
        }
        (None, None) => connectivity.connections(detail),
        (Some(from), None) => connectivity.from(&from, detail),
        (None, Some(to)) => connectivity.to(&to, detail),
        (Some(from), Some(to)) => connectivity.between(&from, &to, detail),
    })
}

/// Whom the text means.
fn end(connectivity: &Connectivity, text: &str) -> Result<ConnectionEnds, String> {
    let found = match text.strip_prefix("namespace:") {
        Some(name) => connectivity.find_namespace(name),
        None => {
            let end: Destination = text.parse().map_err(|error| format!("`{text}`: {error}"))?;
            connectivity.find(&end)
        }
    };
    let mend = "name a pod, workload, node, Service or namespace of theirs, or an address outside the cluster";
    found.ok_or_else(|| format!("nobody in these manifests is `{text}`; {mend}"))
}

fn json(connections: &[Connection], out: &mut impl Write) -> io::Result<()> {
    for each in connections {
        serde_json::to_writer(&mut *out, each)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

const HEADER: [&str; 5] = ["SOURCE", "DESTINATION", "PORTS", "VERDICT", "ROWS"];

fn rows(connections: &[Connection]) -> Vec<[Cell; 5]> {
    let row = |each: &Connection| {
        [
            Cell::plain(each.source.to_string()),
            Cell::plain(each.destination.to_string()),
            Cell::plain(each.ports.to_string()),
            verdict(each.verdict),
            Cell::plain(each.rows.to_string()),
        ]
    };
    connections.iter().map(row).collect()
}

pub(super) fn verdict(verdict: Verdict) -> Cell {
    let text = match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Undefined => "undefined",
    };
    Cell { text: text.to_owned(), verdict: Some(verdict) }
}
