//! `netpol`: the library's answers on a command line. The package's README shows what it can do.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod commands;
mod exit;
mod output;
mod pictures;
mod progress;
mod scenes;
mod table;

use std::process::ExitCode;

use clap::Parser;

use commands::Command;

/// Is this flow allowed on this Kubernetes cluster, and why.
///
/// Without a command: the answers to a shipped folder of five small scenes, as a table.
#[derive(Parser)]
#[command(name = "netpol", version, propagate_version = true, after_help = EXAMPLES)]
struct Netpol {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  netpol
  netpol decide --manifests k8s/ --flow 'default/web -> default/db:6379/tcp'
  netpol reach --manifests k8s/ --to svc/default/db
  netpol diff --before main/k8s --after branch/k8s
  netpol review --manifests k8s/ --profile vpc:v1.31.6-r0
  netpol help decide";

fn main() -> ExitCode {
    let outcome = match Netpol::parse().command {
        Some(command) => command.run(),
        None => {
            output::note("the answers to the shipped scenes; `netpol help` says what else there is");
            commands::decide::scenes()
        }
    };
    exit::code(outcome)
}
