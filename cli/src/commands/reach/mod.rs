//! `netpol reach`: who reaches whom.

mod counts;
mod unprotected;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use netpol_oracle::analysis::{self, Connection, Connectivity, Detail, Ends, Exposure, Ports};
use netpol_oracle::profile::Rows;
use netpol_oracle::{Decide, Destination, Engine, Flow, Verdict, explain};
use serde::Serialize;

use super::load;
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::pictures::{self, Picture};
use crate::progress::Progress;
use crate::table::{self, Cell};

/// Lists every connection that is not denied: who may reach whom, on which ports.
#[derive(Args)]
#[command(after_help = r#"Examples:
  netpol reach --manifests k8s/
  netpol reach --manifests k8s/ --to svc/default/db
  netpol reach --manifests all.yaml --from namespace:dev --by namespace --profile vpc:v1.31.6-r0 --output json
  netpol reach --manifests k8s/ --output html > reach.html
  netpol reach --manifests k8s/ --output dot | dot -Tsvg > graph.svg
  netpol reach --manifests k8s/ --counts
  netpol reach --manifests k8s/ --unprotected
  netpol reach --manifests k8s/ --exposure

An end is a pod or workload `NS/NAME`, `NS/KIND/NAME`, `namespace:NAME`, `node:NAME`, an address outside the cluster, and for
--to a Service `svc/NS/NAME`. A pod to itself is never meant. `undefined`: the sources do not say what this cluster does; the
rows say what it hangs on. One line of JSON:
  {"source": {"workload": "default/deployment/web"}, "destination": {"service": "default/db"},
   "ports": ["6379/tcp"], "verdict": "allow", "rows": []}
Ends are `pods`, a `workload`, a `namespace`, a `node`, a `service` or `addresses`; ports `80/tcp`, `8000-8080/udp`, `all` (of
TCP, UDP and SCTP), `icmp`, `other` protocols. What no line says is denied.
--counts: {"source": {"namespace": "a"}, "destination": {"namespace": "b"}, "all": 1, "some": 0, "undefined": 0, "denied": 3}
are pairs of ends by how much of TCP, UDP and SCTP is allowed between them.
--unprotected: {"ends": {"pods": ["default/web"]}, "ingress": "free", "egress": "isolated", "rows": []}
--exposure: lines as above, of pods that are not there yet, by the weakest labels that let them, and of addresses outside:
  {"source": {"newcomers": {"namespaces": "team=shop", "pods": "app=web"}}, "destination": {"pods": ["default/db"]}, ...
`{"newcomers": {}}` is any pod in a namespace of which nothing is known, `namespaces` are such as have these labels and no policies,
`namespace` is one that is there, whose policies count.
In pictures a cell is dark where all pairs may use all ports, light where some may some; ICMP and the like are in its title."#)]
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

    /// How ends are named, where all of them are alike; `workload`, and of counts `namespace`
    #[arg(long, value_enum)]
    by: Option<By>,

    /// How many pairs there are by how much is allowed, none of them listed
    #[arg(long)]
    counts: bool,

    /// Whom policies do not isolate in both directions, in place of connections
    #[arg(long, conflicts_with_all = ["from", "to", "counts"])]
    unprotected: bool,

    /// What pods that are not there yet could do, and addresses outside, in place of connections
    #[arg(long, conflicts_with_all = ["from", "to", "counts", "unprotected"])]
    exposure: bool,

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

impl By {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Workload => "workload",
            Self::Namespace => "namespace",
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
    /// A graph, as Graphviz reads it
    Dot,
    /// A picture: a matrix of sources and destinations
    Svg,
    /// A page that stands alone: the matrix, with filters, each cell explained
    Html,
}

impl Form {
    /// The picture that it is, if one.
    pub(super) fn picture(self) -> Option<pictures::Form> {
        match self {
            Self::Dot => Some(pictures::Form::Dot),
            Self::Svg => Some(pictures::Form::Svg),
            Self::Html => Some(pictures::Form::Html),
            Self::Text | Self::Json | Self::Csv | Self::Md => None,
        }
    }

    /// A list: as JSON an object a line, else a table, in words where the form is a picture.
    pub(super) fn list<T: Serialize, const N: usize>(
        self,
        header: &[&str; N],
        all: &[T],
        row: impl Fn(&T) -> [Cell; N],
        out: &mut impl Write,
    ) -> io::Result<()> {
        let rows = || all.iter().map(&row).collect::<Vec<[Cell; N]>>();
        match self {
            Self::Json => all.iter().try_for_each(|each| {
                serde_json::to_writer(&mut *out, each)?;
                out.write_all(b"\n")
            }),
            Self::Csv => table::csv(header, &rows(), out),
            Self::Md => table::markdown(header, &rows(), out),
            Self::Text | Self::Dot | Self::Svg | Self::Html => table::text(header, &rows(), out),
        }
    }
}

/// Beyond that many rows or columns nobody reads a picture.
const READABLE: usize = 400;

/// Says that a picture has more rows or columns than are read.
pub(super) fn say_size(picture: &Picture) {
    let size = picture.size();
    if size > READABLE {
        output::note(format_args!(
            "{size} rows or columns: `--by namespace`, or `--from` and `--to`, make a picture to read"
        ));
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let form = arguments.output;
    if form.picture().is_some() && (arguments.counts || arguments.unprotected || arguments.exposure) {
        let what = "--counts, --unprotected and --exposure have no picture";
        return Err(format!("{what}: `--output` text, json, csv or md").into());
    }
    let profile = netpol_input::profile(&arguments.profile)?;
    let progress = Progress::step("working out who reaches whom");
    let cluster = load(&arguments.manifests, &profile)?;
    analysis::notes(&cluster).iter().for_each(|note| output::note(&note.message));
    let engine = Engine::new(&cluster, &profile);
    if arguments.exposure {
        let all = analysis::exposure(&engine, arguments.by.unwrap_or(By::Workload).into())
            .map_err(|error| error.to_string())?;
        drop(progress);
        let mut out = output::stdout();
        let row = |each: &Exposure| row((&each.source, &each.destination), &each.ports, (each.verdict, each.rows));
        form.list(&HEADER, &all, row, &mut out)?;
        if all.is_empty() {
            output::note("nobody who comes reaches anybody here, or is reached");
        }
        out.flush()?;
        return Ok(Outcome::Good);
    }
    let connectivity = Connectivity::new(&engine);
    let [from, to] = ends(arguments, &connectivity)?;
    let mut out = output::stdout();
    if arguments.unprotected {
        let all = connectivity.unprotected(arguments.by.unwrap_or(By::Workload).into());
        drop(progress);
        unprotected::write(&all, form, &mut out)?;
        if all.is_empty() {
            output::note("policies isolate every pod and workload, in both directions");
        }
    } else if arguments.counts {
        let detail = arguments.by.unwrap_or(By::Namespace).into();
        let counts = connectivity.counts(from.as_ref(), to.as_ref(), detail);
        drop(progress);
        counts::write(&counts, form, &mut out)?;
    } else if let Some(form) = form.picture() {
        let picture = picture(arguments, &connectivity, [from.as_ref(), to.as_ref()]);
        drop(progress);
        say_size(&picture);
        let why = |flow: &Flow| engine.decide(flow).map(|decision| explain(&decision, &cluster)).into_iter().collect();
        picture.write(form, why, &mut out)?;
    } else {
        let detail = arguments.by.unwrap_or(By::Workload).into();
        let connections = connections(&connectivity, [from.as_ref(), to.as_ref()], detail);
        drop(progress);
        let row = |each: &Connection| row((&each.source, &each.destination), &each.ports, (each.verdict, each.rows));
        form.list(&HEADER, &connections, row, &mut out)?;
        if connections.is_empty() {
            output::note("nothing reaches anything there");
        }
    }
    out.flush()?;
    Ok(Outcome::Good)
}

fn picture(arguments: &Arguments, connectivity: &Connectivity, [from, to]: [Option<&Ends>; 2]) -> Picture {
    let by = arguments.by.unwrap_or(By::Workload);
    let only = [("from", &arguments.from), ("to", &arguments.to)];
    let only: Vec<String> = only.iter().filter_map(|(word, end)| Some(format!(", {word} {}", end.as_ref()?))).collect();
    let title = format!("Who reaches whom{}, by {} ({})", only.concat(), by.word(), arguments.profile);
    let counts = connectivity.counts(from, to, by.into());
    let connections = connections(connectivity, [from, to], Detail::Pods);
    Picture::of_connections(title, &connectivity.regions(by.into()), &counts, &connections)
}

/// Whom the arguments mean.
fn ends(arguments: &Arguments, connectivity: &Connectivity) -> Result<[Option<Ends>; 2], String> {
    let end = |text: &Option<String>| text.as_deref().map(|text| end(connectivity, text)).transpose();
    match (end(&arguments.from)?, end(&arguments.to)?) {
        (Some(Ends::Service(name)), _) => Err(format!("--from svc/{name}: a Service opens no connections")),
        (from, to) => Ok([from, to]),
    }
}

fn connections(connectivity: &Connectivity, ends: [Option<&Ends>; 2], detail: Detail) -> Vec<Connection> {
    match ends {
        [None, None] => connectivity.connections(detail),
        [Some(from), None] => connectivity.from(from, detail),
        [None, Some(to)] => connectivity.to(to, detail),
        [Some(from), Some(to)] => connectivity.between(from, to, detail),
    }
}

/// Whom the text means.
fn end(connectivity: &Connectivity, text: &str) -> Result<Ends, String> {
    let found = match text.strip_prefix("namespace:") {
        Some(name) => connectivity.find_namespace(name),
        None => {
            let end: Destination = text.parse().map_err(|error| format!("`{text}`: {error}"))?;
            connectivity.find(&end)
        }
    };
    let mend = "name a pod, workload, node, Service or namespace of theirs, or an address";
    found.ok_or_else(|| format!("nobody in these manifests is `{text}`; {mend}"))
}

const HEADER: [&str; 5] = ["SOURCE", "DESTINATION", "PORTS", "VERDICT", "ROWS"];

fn row<E: Display>((source, destination): (&E, &E), ports: &Ports, (said, rows): (Verdict, Rows)) -> [Cell; 5] {
    [
        Cell::plain(source.to_string()),
        Cell::plain(destination.to_string()),
        Cell::plain(ports.to_string()),
        verdict(said),
        Cell::plain(rows.to_string()),
    ]
}

pub(super) fn verdict(verdict: Verdict) -> Cell {
    let text = match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Undefined => "undefined",
    };
    Cell { text: text.to_owned(), verdict: Some(verdict) }
}
