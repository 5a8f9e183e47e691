//! The cluster as the API server tells it: every kind listed, then watched, and what was lost listed again.
//!
//! With kube's client and its list and watch calls, but not with its `watcher`: that one keeps bookmarks and streams that ended to
//! itself, and from these alone one knows how old a view is of which nothing changes.

mod client;
mod follow;
pub mod kinds;
mod read;
mod store;

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use netpol_oracle::Profile;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::metrics::Metrics;
use crate::view::View;
use crate::watch::kinds::KINDS;

pub use self::client::connect;

/// Times and sizes of listing and watching.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Objects of a page.
    pub page: u32,
    /// For a page to come, whole.
    pub list: Duration,
    /// After this the server ends a watch, and says by a bookmark just before how far it has got.
    pub watch: Duration,
    /// A kind of which nothing was heard for so long is listed afresh: its watch may be dead.
    pub silence: Duration,
    /// The first wait after a fault; each doubles the one before.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            page: 500,
            list: Duration::from_secs(30),
            watch: Duration::from_secs(30),
            silence: Duration::from_secs(60),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(15),
        }
    }
}

/// How much news may wait to be taken in.
const WAITING: usize = 1_024;

/// Keeps `view` as the API server tells the cluster, until the returned tasks are dropped.
#[must_use]
pub fn start(client: &Client, profile: &Profile, view: &Arc<View>, metrics: &Arc<Metrics>, pace: Pace) -> JoinSet<()> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let mut tasks = JoinSet::new();
    for (place, kind) in KINDS.iter().enumerate() {
        let follower = follow::Follower {
            client: client.clone(),
            kind,
            place,
            release: profile.release(),
            news: sender.clone(),
            metrics: metrics.clone(),
            pace,
        };
        tasks.spawn(follower.follow());
    }
    let store = store::Store::new(profile.clone(), view.clone(), metrics.clone());
    // Compiling takes its time.
    tasks.spawn_blocking(move || store.keep(receiver));
    tasks
}
