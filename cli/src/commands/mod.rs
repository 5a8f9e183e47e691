//! The commands, one a file.

pub(crate) mod decide;

mod exit_codes;
mod generate;
mod oracle;
mod review;
mod shell;
mod strict;
mod vectors;

use clap::Subcommand;

use crate::exit::{Failure, Outcome};

/// What `netpol` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Decide(decide::Arguments),
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
