//! A guard for time.

use std::thread;
use std::time::{Duration, Instant};

/// Runs within ten times the seconds: who hangs or grows with the square is found, a busy machine is not.
///
/// # Panics
/// It took longer.
#[track_caller]
pub fn within<T>(seconds: u64, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10 * seconds), "took {took:?}");
    result
}

/// The same on a stack of 2 MiB: nothing may recurse as deep as what it reads.
///
/// # Panics
/// It took longer, or panicked itself.
#[track_caller]
pub fn bounded<T: Send + 'static>(seconds: u64, run: impl FnOnce() -> T + Send + 'static) -> T {
    within(seconds, || {
        let thread = thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap();
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
