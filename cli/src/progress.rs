//! How far long work has come, as a line on standard error where that is a terminal; gone when the work is done.
//!
//! A page of our own: it says nothing of what is done at once, and what draws bars does, with four more crates to build.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What ends before that is not worth a word.
const SHORT: Duration = Duration::from_millis(400);
const BETWEEN: Duration = Duration::from_millis(100);

/// Work under way, until it is dropped.
pub(crate) struct Progress {
    pieces: Arc<AtomicUsize>,
    painter: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Work of which nobody can say how much is left.
    pub(crate) fn step(what: &str) -> Self {
        Self::shown(io::stderr().is_terminal(), what, None)
    }

    /// Work of so many pieces.
    pub(crate) fn count(what: &str, pieces: usize) -> Self {
        Self::shown(io::stderr().is_terminal(), what, Some(pieces))
    }

    /// Answers under way, of so many where that is known. Where they appear on a terminal they are progress enough.
    pub(crate) fn answers(what: &str, pieces: Option<usize>) -> Self {
        Self::shown(io::stderr().is_terminal() && !io::stdout().is_terminal(), what, pieces)
    }

    fn shown(shown: bool, what: &str, all: Option<usize>) -> Self {
        let pieces = Arc::new(AtomicUsize::new(0));
        let painter = shown.then(|| {
            let (done, is_done) = channel();
            let (what, counted) = (what.to_owned(), pieces.clone());
            (done, thread::spawn(move || paint(&what, &counted, all, &is_done)))
        });
        Self { pieces, painter }
    }

    /// One piece is done.
    pub(crate) fn one(&self) {
        self.pieces.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, painter)) = self.painter.take() {
            drop(done);
            let _ = painter.join();
        }
    }
}

fn paint(what: &str, counted: &AtomicUsize, all: Option<usize>, is_done: &Receiver<()>) {
    let (start, mut wait, mut err) = (Instant::now(), SHORT, io::stderr());
    while is_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = BETWEEN;
        let count = match (counted.load(Ordering::Relaxed), all) {
            (count, Some(all)) => format!(" {count} of {all},"),
            (0, None) => String::new(),
            (count, None) => format!(" {count},"),
        };
        let _ = write!(err, "\r{what}:{count} {} s\x1b[K", start.elapsed().as_secs());
    }
    if wait == BETWEEN {
        let _ = write!(err, "\r\x1b[K");
    }
}
