//! Timing in rounds that alternate.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long a run may take.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Effort {
    Quick,
    Full,
}

impl Effort {
    pub(crate) fn rounds(self) -> usize {
        match self {
            Self::Quick => 9,
            Self::Full => 25,
        }
    }

    pub(crate) fn sizes(self) -> &'static [usize] {
        match self {
            Self::Quick => &[1_000, 10_000, 100_000],
            Self::Full => &[1_000, 10_000, 100_000, 1_000_000],
        }
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn time<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let made = black_box(work());
    (start.elapsed().as_secs_f64(), made)
}

/// Nanoseconds a question, of each way to ask, in rounds that alternate.
pub(crate) struct Compared {
    rounds: Vec<Vec<f64>>,
}

impl Compared {
    /// Runs each way in turn. A way is given how often to ask.
    pub(crate) fn of(effort: Effort, ways: &mut [&mut dyn FnMut(usize)]) -> Self {
        // So many that a round of the fastest takes some milliseconds.
        let mut each = 1 << 10;
        loop {
            let (seconds, ()) = time(|| ways[0](each));
            if Duration::from_secs_f64(seconds) > Duration::from_millis(4) || each >= 1 << 22 {
                break;
            }
            each *= 2;
        }
        let mut rounds = Vec::new();
        for round in 0..=effort.rounds() {
            let took: Vec<f64> = ways.iter_mut().map(|way| time(|| way(each)).0 * 1e9 / each as f64).collect();
            // The first round warms up.
            if round > 0 {
                rounds.push(took);
            }
        }
        Self { rounds }
    }

    /// Median nanoseconds of a way.
    pub(crate) fn nanoseconds(&self, way: usize) -> f64 {
        median(self.rounds.iter().map(|round| round[way]).collect())
    }

    /// Median of the ratios of two ways, round by round.
    pub(crate) fn ratio(&self, way: usize, to: usize) -> f64 {
        median(self.rounds.iter().map(|round| round[way] / round[to]).collect())
    }
}
