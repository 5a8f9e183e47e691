//! `netpol diff`: what differs between two clusters.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use netpol_oracle::analysis::{self, ConnectionChange, Detail, Diff, Ends};
use netpol_oracle::{Cluster, Decide, Engine, Flow, Profile, explain};

use super::load;
use super::reach::{By, Form, say_size, verdict};
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::pictures::Picture;
use crate::progress::Progress;
use crate::table::Cell;

/// Lists every connection that opens, closes, becomes or stops being undefined from one cluster to another.
#[derive(Args)]
#[command(after_help = r#"Examples:
  netpol diff --before main/k8s --after branch/k8s
  netpol diff --before main/k8s --after branch/k8s --output html > diff.html
  netpol diff --before yesterday.yaml.gz --after today.yaml --profile vpc:v1.31.6-r0 --by namespace --output json

Exit codes: 0 nothing differs, 1 something does, 2 the question could not be asked. One line of JSON:
  {"source": {"workload": "default/deployment/web"}, "destination": {"service": "default/db"}, "ports": ["6379/tcp"],
   "before": "deny", "after": "allow", "witness": "default/web-0 -> svc/default/db:6379/tcp"}
Ends and ports are those of `netpol reach`, and so are pictures (`--output dot|svg|html`), in two colours and a third. Ends that one of the two alone has are said on standard error, and make a
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
    let side = |paths: &[PathBuf], profile: &Profile| -> Result<(Cluster, Engine), String> {
        let cluster = load(paths, profile)?;
        let engine = Engine::new(&cluster, profile);
        Ok((cluster, engine))
    };
    let before = side(&arguments.before, &profile)?;
    let after = side(&arguments.after, &after_profile)?;
    say_notes(&before.0, &after.0);
    let diff = Diff::new(&before.1, &after.1);
    // Pictures say of each pod where it is.
    let form = arguments.output.picture();
    let changes = diff.changes(if form.is_some() { Detail::Pods } else { arguments.by.into() });
    drop(progress);
    let mut out = output::stdout();
    match (arguments.output, form) {
        (_, Some(form)) => {
            let title = format!("What differs, by {} ({})", arguments.by.word(), profiles(arguments));
            let picture = Picture::of_changes(title, &diff.regions(arguments.by.into()), &changes);
            say_size(&picture);
            picture.write(form, |flow| why([&before, &after], flow), &mut out)?;
        }
        (Form::Text, None) if changes.is_empty() => {}
        (listed, None) => listed.list(&HEADER, &changes, row, &mut out)?,
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

/// What was not given of the two, each once.
fn say_notes(before: &Cluster, after: &Cluster) {
    let [before, after] = [before, after].map(analysis::notes);
    for note in &before {
        let when = if after.contains(note) { "" } else { "before: " };
        output::note(format_args!("{when}{}", note.message));
    }
    for note in after.iter().filter(|note| !before.contains(note)) {
        output::note(format_args!("after: {}", note.message));
    }
}

fn say(when: &str, ends: &[Ends]) {
    for each in ends {
        output::note(format_args!("{when}: {each}"));
    }
}

fn profiles(arguments: &Arguments) -> String {
    match &arguments.after_profile {
        Some(after) => format!("{} to {after}", arguments.profile),
        None => arguments.profile.clone(),
    }
}

/// The decisions on both sides, in words.
fn why(sides: [&(Cluster, Engine); 2], flow: &Flow) -> Vec<String> {
    let words = ["before", "after"].into_iter().zip(sides);
    let explained = words.filter_map(|(word, (cluster, engine))| {
        let decision = engine.decide(flow).ok()?;
        Some(format!("{word}: {}", explain(&decision, cluster)))
    });
    explained.collect()
}

const HEADER: [&str; 6] = ["SOURCE", "DESTINATION", "PORTS", "BEFORE", "AFTER", "WITNESS"];

fn row(each: &ConnectionChange) -> [Cell; 6] {
    [
        Cell::plain(each.source.to_string()),
        Cell::plain(each.destination.to_string()),
        Cell::plain(each.ports.to_string()),
        verdict(each.before),
        verdict(each.after),
        Cell::plain(each.witness.to_string()),
    ]
}
