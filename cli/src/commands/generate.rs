//! `netpol generate`: a cluster out of a seed, as manifests, and flows to ask about it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use netpol_oracle::Cluster;
use netpol_oracle::generate::{ClusterSpec, Hostile, flows};
use netpol_oracle::manifest::write;

use crate::exit::{Failure, Outcome};
use crate::output;
use crate::progress::Progress;

/// Writes the manifests of a generated cluster: the same seed, the same cluster.
#[derive(Args)]
#[command(after_help = "\
Examples:
  netpol generate --pods 100000 --seed 1 --output cluster.json
  netpol generate --pods 1000 --output cluster.yaml --flows 500 --flows-output flows.txt
  netpol generate --pods 1000 --hostile not-in | jq .kind")]
pub(crate) struct Arguments {
    /// How many pods
    #[arg(long, default_value_t = 1_000)]
    pods: usize,

    /// Which cluster of that size
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// How many policies; one for ten pods unless given
    #[arg(long)]
    policies: Option<usize>,

    /// How many namespaces; one for a hundred pods unless given
    #[arg(long)]
    namespaces: Option<usize>,

    /// How many nodes; one for a hundred pods unless given
    #[arg(long)]
    nodes: Option<usize>,

    /// How many Services; one for twenty pods unless given
    #[arg(long)]
    services: Option<usize>,

    /// Write EndpointSlices too
    #[arg(long)]
    endpoint_slices: bool,

    /// Against engines rather than after life: `distinct-labels`, `not-in` or `nested-blocks`
    #[arg(long, value_name = "SHAPE")]
    hostile: Option<Hostile>,

    /// Where to: a file, of YAML documents where it ends in `.yaml` or `.yml`, else of one JSON List (`-`: standard
    /// output)
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// How many flows to write, one a line
    #[arg(long, requires = "flows_output", default_value_t = 0, value_name = "COUNT")]
    flows: usize,

    /// Where to write the flows (`-`: standard output)
    #[arg(long, value_name = "FILE")]
    flows_output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let progress = Progress::step("making the cluster");
    let cluster = spec(arguments).build();
    drop(progress);
    let mut written = write(&cluster, &arguments.output);
    if let (Ok(()), Some(path)) = (&written, &arguments.flows_output) {
        written = write_flows(&cluster, arguments.flows, arguments.seed, path);
    }
    match written {
        Ok(()) => Ok(Outcome::Good),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::ReaderGone),
        Err(error) => {
            output::error(error);
            Ok(Outcome::Bad)
        }
    }
}

fn spec(arguments: &Arguments) -> ClusterSpec {
    let mut spec = match arguments.hostile {
        None => ClusterSpec::new(arguments.pods),
        Some(shape) => ClusterSpec::hostile(shape, arguments.pods),
    };
    if let Some(count) = arguments.policies {
        spec = spec.policies(count);
    }
    if let Some(count) = arguments.namespaces {
        spec = spec.namespaces(count);
    }
    if let Some(count) = arguments.nodes {
        spec = spec.nodes(count);
    }
    if let Some(count) = arguments.services {
        spec = spec.services(count);
    }
    spec.seed(arguments.seed).endpoint_slices(arguments.endpoint_slices)
}

fn open(path: &Path) -> io::Result<BufWriter<Box<dyn Write>>> {
    let out: Box<dyn Write> = if path == Path::new("-") {
        Box::new(io::stdout().lock())
    } else {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        Box::new(File::create(path).map_err(named)?)
    };
    Ok(BufWriter::with_capacity(1 << 20, out))
}

/// Object by object: nothing but the cluster itself is held.
fn write(cluster: &Cluster, path: &Path) -> io::Result<()> {
    let mut out = open(path)?;
    let progress = Progress::answers("writing manifests", None);
    if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
        for object in write::documents(cluster) {
            out.write_all(b"---\n")?;
            // No word of the generator is one that this writer leaves bare and YAML 1.1 reads as no text.
            serde_yaml::to_writer(&mut out, &object).map_err(io::Error::other)?;
            progress.one();
        }
    } else {
        // A list by hand, for an object a line.
        out.write_all(br#"{"apiVersion":"v1","kind":"List","items":["#)?;
        for (index, object) in write::documents(cluster).enumerate() {
            out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut out, &object)?;
            progress.one();
        }
        out.write_all(b"\n]}\n")?;
    }
    out.flush()
}

fn write_flows(cluster: &Cluster, count: usize, seed: u64, path: &Path) -> io::Result<()> {
    let mut out = open(path)?;
    for flow in flows(cluster, count, seed) {
        writeln!(out, "{flow}")?;
    }
    out.flush()
}
