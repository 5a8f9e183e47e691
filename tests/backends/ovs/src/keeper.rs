//! The thread that starts daemons.
//!
//! The kernel ends a daemon with the thread that started it, not with the process; so one thread starts them all and
//! lives as long as the process does. Otherwise a switch would end with the thread that happened to start it.

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;

type Request = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts a program from the thread that outlives every other.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Mutex<mpsc::Sender<Request>>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts daemons is gone");
    let keeper = KEEPER.get_or_init(|| {
        let (requests, queue) = mpsc::channel::<Request>();
        // The sender is never dropped, so neither does the thread end.
        thread::spawn(move || {
            for (mut command, reply) in queue {
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(requests)
    });
    let (reply, answer) = mpsc::channel();
    keeper.lock().map_err(|_| gone())?.send((command, reply)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}
