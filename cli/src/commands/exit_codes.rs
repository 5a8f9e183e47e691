//! `netpol exit-codes`.

use std::io::Write as _;

use clap::Args;

use crate::exit::{Failure, Outcome, PAGE};
use crate::output;

/// The exit codes of every command, on one page.
#[derive(Args)]
#[command(after_help = PAGE)]
pub(crate) struct Arguments {}

pub(crate) fn run() -> Result<Outcome, Failure> {
    let mut out = output::stdout();
    out.write_all(PAGE.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Good)
}
