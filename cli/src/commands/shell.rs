//! `netpol completions` and `netpol man`: what shells and readers of manuals want of the same definitions as the help.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::exit::{Failure, Outcome};
use crate::{Netpol, output};

/// Writes the completions of a shell to standard output.
#[derive(Args)]
#[command(after_help = "\
Examples:
  netpol completions bash > ~/.local/share/bash-completion/completions/netpol
  netpol completions zsh > ~/.zfunc/_netpol")]
pub(crate) struct Completions {
    /// For which shell
    shell: Shell,
}

pub(crate) fn completions(arguments: &Completions) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Netpol::command(), "netpol", &mut script);
    let mut out = output::stdout();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Outcome::Good)
}

/// Writes a page of the manual for each command.
#[derive(Args)]
#[command(after_help = "\
Examples:
  netpol man ~/.local/share/man/man1 && man netpol-decide")]
pub(crate) struct Man {
    /// The folder to write to; made where it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn man(arguments: &Man) -> Result<Outcome, Failure> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Netpol::command(), folder))
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(Outcome::Good)
}
