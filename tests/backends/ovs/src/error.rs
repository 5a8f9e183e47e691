//! What can go wrong with the switch itself.

use std::io;
use std::path::PathBuf;

use crate::switch::Missing;

/// The switch cannot be started, programmed or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Programs are not installed.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A file or socket of the private directory.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program that could not be run.
    #[error("cannot run `{program}`: {source}")]
    Run {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program that failed.
    #[error("`{program}` failed: {stderr}")]
    Failed {
        /// Which.
        program: String,
        /// What it wrote.
        stderr: String,
    },
    /// A daemon that ended, or is not ready in time.
    #[error("`{program}` did not come up: {log}")]
    NotReady {
        /// Which.
        program: &'static str,
        /// What it wrote.
        log: String,
    },
    /// The control socket broke.
    #[error("ovs-vswitchd's control socket: {0}")]
    Socket(#[from] io::Error),
    /// The control socket answered what is no answer.
    #[error("ovs-vswitchd's control socket: {0}")]
    Reply(#[from] serde_json::Error),
    /// ovs-vswitchd refused a command.
    #[error("ovs-vswitchd refused `{command}`: {message}")]
    Refused {
        /// The command with its arguments.
        command: String,
        /// Its words.
        message: String,
    },
    /// An answer without what was asked for.
    #[error("no {what} in ovs-vswitchd's answer: {answer}")]
    Unreadable {
        /// What is missing.
        what: &'static str,
        /// The answer.
        answer: String,
    },
    /// Changes before anything was installed.
    #[error("`apply` before `install`")]
    NotInstalled,
}
