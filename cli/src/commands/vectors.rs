//! `netpol vectors`: test vectors for data planes in other languages. Every kind of flow that a cluster's policies tell apart,
//! with the addresses of its packet and the right answer, one JSON object a line.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::oracle::{Obstacle, Probe, covering_flows, probes};
use netpol_oracle::profile::Rows;
use netpol_oracle::verdict::{Judged, Sides};
use netpol_oracle::{Decide, Decision, Engine, Flow, Snapshot, Verdict};
use serde::Serialize;

use super::load;
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::progress::Progress;

/// Writes flows with their packets and answers, one JSON object a line.
#[derive(Args)]
#[command(after_help = r#"Examples:
  netpol vectors --manifests cluster.yaml --profile vpc:v1.31.6-r0 > vectors.jsonl
  netpol vectors --pods 200 --budget 5000

One of them:
  {"flow": "default/web -> default/db:6379/tcp",
   "source": {"pod": "default/web", "address": "10.0.0.7"},
   "destination": {"pod": "default/db", "address": "10.0.1.3"},
   "protocol": "tcp", "port": 6379,
   "verdict": "deny", "rows": [], "egress": "allow", "ingress": "deny"}

`protocol` is a name with its `port`, `icmp`, or a number. `sent_to` is the address that the source sends to where the
destination is a backend behind it, at the backend's port, and `face` is what has that address: a `cluster-ip`, another
`address` of a Service, a `node-port`, a `host-port`; the port that is sent to stands in the flow. `comes_from` says as
whom the packet comes where that may not be its source: as a `node`, as `any-node`, or left open, `source-or-node`,
`source-or-any-node`. An end is a `pod`, a `workload`, a `node` (null: its name is not known), or nothing but an address.
`obstacle` says why no packet can be made of it: `workload`, `no-address`, `no-cluster-ip`. A verdict, and that of each
side, is `allow`, `deny` or `undefined`: then no fate of the packet is wrong."#)]
pub(crate) struct Arguments {
    /// Files and folders (.yaml, .yml, .json, packed by gzip too; `-`: standard input) that describe the cluster
    #[arg(long, num_args = 1.., value_name = "PATH", required_unless_present = "pods")]
    manifests: Vec<PathBuf>,

    /// A generated cluster of so many pods instead
    #[arg(long, value_name = "N", conflicts_with = "manifests")]
    pods: Option<usize>,

    /// The seed of the generated cluster
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,

    /// What the cluster enforces: a profile file, or `kubernetes[:1.34]`, `tunnel:V`, `vpc:V`, `cn2:V`
    #[arg(long, default_value = "kubernetes", value_name = "PROFILE")]
    profile: String,

    /// At most so many flows, the most telling first
    #[arg(long, value_name = "N")]
    budget: Option<usize>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let profile = netpol_input::profile(&arguments.profile)?;
    let progress = Progress::step("making the cluster and its engine");
    let cluster = match arguments.pods {
        Some(pods) => ClusterSpec::new(pods).seed(arguments.seed).build(),
        None => load(&arguments.manifests, &profile)?,
    };
    let engine = Engine::new(&cluster, &profile);
    let covering = covering_flows(&engine);
    drop(progress);
    let mut out = output::stdout();
    let progress = Progress::answers("writing vectors", None);
    match arguments.budget {
        Some(budget) => write_all(&engine, covering.budget(budget), &progress, &mut out)?,
        None => write_all(&engine, covering.iter(), &progress, &mut out)?,
    }
    drop(progress);
    out.flush()?;
    Ok(Outcome::Good)
}

fn write_all(
    engine: &Snapshot,
    flows: impl IntoIterator<Item = Flow>,
    progress: &Progress,
    out: &mut impl Write,
) -> io::Result<()> {
    for flow in flows {
        // What cannot be judged is no vector.
        let (Ok(probes), Ok(decision)) = (probes(engine, &flow), engine.decide(&flow)) else { continue };
        for (probe, (verdict, rows, sides)) in probes.iter().zip(answers(&decision)) {
            let (egress, ingress) = (sides.egress.verdict, sides.ingress.verdict);
            let vector = Vector { probe, obstacle: probe.obstacle(), verdict, rows, egress, ingress };
            serde_json::to_writer(&mut *out, &vector)?;
            out.write_all(b"\n")?;
            progress.one();
        }
    }
    Ok(())
}

/// The answer of each probe of a flow: probes come in the order of the backends.
fn answers(decision: &Decision) -> Vec<(Verdict, Rows, &Sides)> {
    match &decision.judged {
        Judged::Sides(sides) => vec![(decision.verdict, decision.rows, sides)],
        Judged::Backends(backends) => backends.iter().map(|each| (each.verdict, each.rows, &each.sides)).collect(),
    }
}

/// One line.
#[derive(Serialize)]
struct Vector<'a> {
    #[serde(flatten)]
    probe: &'a Probe,
    #[serde(skip_serializing_if = "Option::is_none")]
    obstacle: Option<Obstacle>,
    verdict: Verdict,
    rows: Rows,
    egress: Verdict,
    ingress: Verdict,
}
