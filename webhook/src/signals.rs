//! When to stop, and when to read files again.

use std::future::Future;
use std::io;

use tokio::signal;

/// Ends on ctrl-c and SIGTERM. Signals count from the call on, not from the first poll.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = signal::ctrl_c().await;
    })
}

/// Wakes `wanted` at each SIGHUP.
///
/// # Errors
/// Signals cannot be listened for.
pub fn hang_ups(wanted: impl Fn() + Send + 'static) -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut hang_ups = signal::unix::signal(signal::unix::SignalKind::hangup())?;
    Ok(async move {
        #[cfg(unix)]
        while hang_ups.recv().await.is_some() {
            wanted();
        }
        #[cfg(not(unix))]
        let _ = wanted;
    })
}
