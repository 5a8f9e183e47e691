//! How a command ends, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use crate::output;

/// The page of `netpol exit-codes`.
pub(crate) const PAGE: &str = include_str!("exit-codes.txt");

/// What a command that did its work has to say in one bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Good,
    Bad,
}

impl Outcome {
    pub(crate) fn good_if(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What is wrong, and where.
    Said(String),
    /// Whoever reads standard output has had enough.
    ReaderGone,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Said(message)
    }
}

/// Of writing to standard output: an error of a file is one of its name too.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Said(format!("standard output: {error}")),
        }
    }
}

/// Says on standard error what went wrong; the codes are those of [`PAGE`].
pub(crate) fn code(outcome: Result<Outcome, Failure>) -> ExitCode {
    match outcome {
        Ok(Outcome::Good) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        Err(Failure::Said(message)) => {
            output::error(&message);
            ExitCode::from(2)
        }
    }
}
