//! Answers on standard output, messages on standard error; in colour where that is a terminal and `NO_COLOR` is not set.
//!
//! A message that cannot be written is lost: nobody is left to be told.

use std::fmt::Display;
use std::io::{BufWriter, StdoutLock, Write as _};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use netpol_oracle::Verdict;
use netpol_oracle::diagnostic::{Diagnostic, Severity};

const GOOD: Style = AnsiColor::Green.on_default();
const OPEN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const BOLD: Style = Style::new().bold();

/// Standard output for many small writes: flush it at the end.
pub(crate) type Out = BufWriter<AutoStream<StdoutLock<'static>>>;

pub(crate) fn stdout() -> Out {
    BufWriter::with_capacity(1 << 16, AutoStream::auto(std::io::stdout().lock()))
}

/// The text in that style; whether any colour is left is for the stream to say.
fn painted(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The text, which says that verdict.
pub(crate) fn verdict(verdict: Verdict, text: impl Display) -> String {
    let style = match verdict {
        Verdict::Allow => GOOD,
        Verdict::Deny => BAD,
        Verdict::Undefined => OPEN,
    };
    painted(style, text)
}

/// The text, which says that something went wrong.
pub(crate) fn bad(text: impl Display) -> String {
    painted(BAD, text)
}

/// The diagnostic with its `error[CODE]` or `warning[CODE]` in colour.
pub(crate) fn diagnostic(diagnostic: &Diagnostic) -> String {
    let (word, style) = match diagnostic.severity {
        Severity::Error => ("error", BAD),
        Severity::Warning => ("warning", OPEN),
    };
    let label = format!("{word}[{}]", diagnostic.code);
    diagnostic.to_string().replacen(&label, &painted(style, &label), 1)
}

/// A line on standard error.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

pub(crate) fn error(message: impl Display) {
    say(format_args!("{} {message}", painted(BAD.bold(), "error:")));
}

pub(crate) fn note(message: impl Display) {
    say(format_args!("{} {message}", painted(BOLD, "note:")));
}
