//! The commands, one a file.

pub(crate) mod decide;

mod diff;
mod exit_codes;
mod generate;
mod oracle;
mod reach;
mod repair;
mod review;
mod shell;
mod strict;
mod vectors;

use std::path::PathBuf;

use clap::Subcommand;
use netpol_oracle::diagnostic::Severity;
use netpol_oracle::{Cluster, Loader, Profile};

use crate::exit::{Failure, Outcome};
use crate::output;

/// What `netpol` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Decide(decide::Arguments),
    Reach(reach::Arguments),
    Diff(diff::Arguments),
    Review(review::Arguments),
    Generate(generate::Arguments),
    Vectors(vectors::Arguments),
    Oracle(oracle::Arguments),
    Completions(shell::Completions),
    Man(shell::Man),
    ExitCodes(exit_codes::Arguments),
}

impl Command {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Decide(arguments) => decide::run(arguments),
            Self::Diff(arguments) => diff::run(&arguments),
            Self::Reach(arguments) => reach::run(&arguments),
            Self::Review(arguments) => review::run(&arguments),
            Self::Generate(arguments) => generate::run(&arguments),
            Self::Vectors(arguments) => vectors::run(&arguments),
            Self::Oracle(arguments) => oracle::run(&arguments),
            Self::Completions(arguments) => shell::completions(&arguments),
            Self::Man(arguments) => shell::man(&arguments),
            Self::ExitCodes(_) => exit_codes::run(),
        }
    }
}

/// The cluster. What cannot be read is an error, what does not load is said.
fn load(paths: &[PathBuf], profile: &Profile) -> Result<Cluster, String> {
    let given = netpol_input::load(Loader::new(profile.release()), paths);
    given.skipped.iter().for_each(output::note);
    if let Some(error) = given.missing() {
        return Err(error);
    }
    let loaded = given.loaded;
    for diagnostic in loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
        output::say(output::diagnostic(diagnostic));
    }
    Ok(loaded.cluster)
}
