//! The cluster as files describe it: read, and read again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use netpol_input::counted;
use netpol_oracle::diagnostic::Severity;
use netpol_oracle::{Cluster, Engine, Loader, Profile};
use tokio::sync::Notify;

use crate::metrics::Metrics;
use crate::view::View;

/// What tells one state of files from another: which there are, how long each is, and when it was written.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(Vec<(PathBuf, Option<(u64, SystemTime)>)>);

impl Stamp {
    fn of(paths: &[PathBuf]) -> Self {
        let of = |path: PathBuf| {
            let told = std::fs::metadata(&path).and_then(|told| Ok((told.len(), told.modified()?)));
            (path, told.ok())
        };
        Self(netpol_input::files(paths).into_iter().map(of).collect())
    }
}

/// Files that describe a cluster.
#[derive(Debug)]
pub struct Files {
    paths: Vec<PathBuf>,
    profile: Profile,
    /// Of the files as they were tried last.
    stamp: Stamp,
    /// Another that was seen since: it is read once it stays, since who writes a file may be in the middle of it.
    changing: Option<Stamp>,
}

/// Files that change are looked at again after this.
const SETTLING: Duration = Duration::from_secs(1);

impl Files {
    /// Reads them for the first time.
    ///
    /// # Errors
    /// The first thing that cannot be read, an object that is not right, or that there is no object at all: no impact would be
    /// true.
    pub fn open(paths: Vec<PathBuf>, profile: Profile) -> Result<(Self, Engine), String> {
        let stamp = Stamp::of(&paths);
        let engine = read(&paths, &profile)?;
        Ok((Self { paths, profile, stamp, changing: None }, engine))
    }

    /// Reads them again into `view` whenever they change (looked at every `interval`) and when `wanted` says so. What does not
    /// read leaves the view as it was.
    pub async fn follow(mut self, view: Arc<View>, metrics: Arc<Metrics>, interval: Duration, wanted: Arc<Notify>) {
        // Standard input comes once.
        if self.paths.iter().any(|path| path == Path::new("-")) {
            return;
        }
        loop {
            let pause = if self.changing.is_some() { interval.min(SETTLING) } else { interval };
            let is_wanted = tokio::select! {
                () = wanted.notified() => true,
                () = tokio::time::sleep(pause) => false,
            };
            let (view, metrics) = (view.clone(), metrics.clone());
            let again = tokio::task::spawn_blocking(move || {
                self.again(is_wanted, &view, &metrics);
                self
            });
            match again.await {
                Ok(files) => self = files,
                Err(error) => return tracing::error!(%error, "the manifests are no longer read again"),
            }
        }
    }

    fn again(&mut self, is_wanted: bool, view: &View, metrics: &Metrics) {
        let stamp = Stamp::of(&self.paths);
        let is_settled = self.changing.take().as_ref() == Some(&stamp);
        if !is_wanted && stamp == self.stamp {
            return;
        }
        if !is_wanted && !is_settled {
            self.changing = Some(stamp);
            return;
        }
        self.stamp = stamp;
        let asked = Instant::now();
        match read(&self.paths, &self.profile) {
            Ok(engine) => {
                view.replace(engine, asked);
                metrics.reloaded("taken");
            }
            Err(error) => {
                tracing::error!(error, "the manifests do not read: the view of the cluster stays as it was");
                metrics.reloaded("refused");
            }
        }
    }
}

fn read(paths: &[PathBuf], profile: &Profile) -> Result<Engine, String> {
    let given = netpol_input::load(Loader::new(profile.release()), paths);
    given.skipped.iter().for_each(|said| tracing::info!("{said}"));
    if let Some(error) = given.missing() {
        return Err(error);
    }
    let loaded = given.loaded;
    let errors = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let more = errors.clone().count().saturating_sub(1);
    if let Some(first) = errors.clone().next() {
        let more =
            if more == 0 { String::new() } else { format!(" (and {})", counted(more, "more error", "more errors")) };
        return Err(format!("{first}{more}"));
    }
    loaded.diagnostics.iter().for_each(|found| tracing::warn!("{found}"));
    if is_empty(&loaded.cluster) {
        return Err("--manifests: no object of a cluster is in it".to_owned());
    }
    let (pods, policies) = (loaded.cluster.pods().len(), loaded.cluster.policies().len());
    tracing::info!(pods, policies, "the manifests are read");
    Ok(Engine::new(&loaded.cluster, profile))
}

fn is_empty(cluster: &Cluster) -> bool {
    *cluster == Cluster::default()
}
