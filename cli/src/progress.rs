//! How far long work has come, on standard error where that is a terminal; gone when it is done.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const STEP: Duration = Duration::from_millis(100);

/// A line that goes with the value.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Work of which nobody can say how much is left.
    pub(crate) fn step(what: &str) -> Self {
        Self::new(ProgressBar::new_spinner(), what, "{msg} {spinner} {elapsed}")
    }

    /// Work of so many pieces.
    pub(crate) fn count(what: &str, pieces: usize) -> Self {
        Self::new(ProgressBar::new(pieces as u64), what, "{msg} {bar:30} {pos} of {len}, {eta} left")
    }

    fn new(bar: ProgressBar, what: &str, template: &str) -> Self {
        // The templates are ours; one that is none would only look plain.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(STEP);
        Self(bar)
    }

    /// One piece is done.
    pub(crate) fn one(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
