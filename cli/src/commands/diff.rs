//! `netpol diff`: what differs between two clusters.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use netpol_oracle::analysis::{ConnectionChange, ConnectionEnds, Detail, Diff};
use netpol_oracle::{Engine, Profile};

use super::load;
use super::reach::{By, Form, verdict};
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::progress::Progress;
use crate::table::{self, Cell};

/// Lists every connection that opens, closes, becomes or stops being undefined from one cluster to another.
#[derive(Args)]
#[command(after_help = r#"Examples:
  netpol diff --before main/k8s --after branch/k8s
  netpol diff --before yesterday.yaml.gz --after today.yaml --profile vpc:v1.31.6-r0 --by namespace --output json

Exit codes: 0 nothing differs, 1 something does, 2 the question could not be asked. One line of JSON:
  {"source": {"workload": "default/deployment/web"}, "destination": {"service": "default/db"}, "ports": ["6379/tcp"],
   "before": "deny", "after": "allow", "witness": "default/web-0 -> svc/default/db:6379/tcp"}
Ends and ports are those of `netpol reach`. Ends that one of the two alone has are said on standard error, and make a
difference; no connection of theirs is listed. `deny` is also said where there was nothing to judge."#)]
pub(crate) struct Arguments {
    /// Files and folders that describe the cluster as it is
    #[arg(long, num_args = 1.., value_name = "PATH", required = true)]
    before: Vec<PathBuf>,

    /// Files and folders that describe the cluster as it is to be
    #[arg(long, num_args = 1.., value_name = "PATH", required = true)]
    after: Vec<PathBuf>,

    /// What the cluster enforces: a profile file, or `kubernetes[:1.34]`, `tunnel:V`, `vpc:V`, `cn2:V`
    #[arg(long, default_value = "kubernetes", value_name = "PROFILE")]
    profile: String,

    /// What the cluster enforces afterwards, where that is something else
    #[arg(long, value_name = "PROFILE")]
    after_profile: Option<String>,

    /// How ends are named, where all of them are alike
    #[arg(long, value_enum, default_value_t = By::Workload)]
    by: By,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let stdin = PathBuf::from("-");
    if arguments.before.contains(&stdin) && arguments.after.contains(&stdin) {
        return Err("--before and --after cannot both be standard input".to_owned().into());
    }
    let profile = netpol_input::profile(&arguments.profile)?;
    let after_profile =
        arguments.after_profile.as_deref().map_or_else(|| Ok(profile.clone()), netpol_input::profile)?;
    let progress = Progress::step("comparing two clusters");
    let engine = |paths: &[PathBuf], profile: &Profile| -> Result<Engine, String> {
        Ok(Engine::new(&load(paths, profile)?, profile))
    };
    let before = engine(&arguments.before, &profile)?;
    let after = engine(&arguments.after, &after_profile)?;
    let diff = Diff::new(&before, &after);
    let changes = diff.changes(Detail::from(arguments.by));
    drop(progress);
    let mut out = output::stdout();
    match arguments.output {
        Form::Json => json(&changes, &mut out)?,
        Form::Text if changes.is_empty() => {}
        Form::Text => table::text(&HEADER, &rows(&changes), &mut out)?,
        Form::Csv => table::csv(&HEADER, &rows(&changes), &mut out)?,
        Form::Md => table::markdown(&HEADER, &rows(&changes), &mut out)?,
    }
    out.flush()?;
    let (gone, come) = (diff.gone(), diff.come());
    say("before alone", &gone);
    say("after alone", &come);
    let is_same = changes.is_empty() && gone.is_empty() && come.is_empty();
    if changes.is_empty() {
        output::note("no connection differs");
    }
    Ok(Outcome::good_if(is_same))
}

fn say(when: &str, ends: &[ConnectionEnds]) {
    for each in ends {
        output::note(format_args!("{when}: {each}"));
    }
}

fn json(changes: &[ConnectionChange], out: &mut impl Write) -> io::Result<()> {
    for each in changes {
        serde_json::to_writer(&mut *out, each)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

const HEADER: [&str; 6] = ["SOURCE", "DESTINATION", "PORTS", "BEFORE", "AFTER", "WITNESS"];

fn rows(changes: &[ConnectionChange]) -> Vec<[Cell; 6]> {
    let row = |each: &ConnectionChange| {
        [
            Cell::plain(each.source.to_string()),
            Cell::plain(each.destination.to_string()),
            Cell::plain(each.ports.to_string()),
            verdict(each.before),
            verdict(each.after),
            Cell::plain(each.witness.to_string()),
        ]
    };
    changes.iter().map(row).collect()
}
