//! One kind: listed page by page, then watched from there, and listed again where the watch can no longer be trusted.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use kube::Client;
use kube::core::params::{ListParams, WatchParams};
use kube::core::{DynamicObject, Request, Status, WatchEvent};
use netpol_oracle::Release;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Pace;
use super::kinds::Kind;
use super::read::{self, Page};
use super::store::{News, What};
use crate::metrics::Metrics;

/// So many watches that fail one after the other, and the kind is listed again: the server may no longer know the version.
const FAILURES: u32 = 4;
/// A watch that ended sooner is waited for like a failed one: a server that closes each at once is not asked without end.
const SHORT: Duration = Duration::from_secs(1);

pub(super) struct Follower {
    pub(super) client: Client,
    pub(super) kind: &'static Kind,
    /// Among all kinds.
    pub(super) place: usize,
    pub(super) release: Release,
    pub(super) news: mpsc::Sender<News>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) pace: Pace,
}

/// How a watch ended.
enum Ended {
    /// The server closed it: after its time, or because it goes away.
    Closed,
    /// The server no longer knows the version.
    Expired,
    /// Nothing was heard for too long.
    Silent,
    /// It could not be started, or broke.
    Failed(String),
    /// Nobody wants the news any more.
    Unwanted,
}

/// Nobody takes the news.
struct Unwanted;

impl Follower {
    /// Until nobody takes the news.
    pub(super) async fn follow(self) {
        let mut wait = self.pace.first_wait;
        loop {
            let listed = match self.list().await {
                Ok(listed) => listed,
                Err(error) => {
                    self.failed("list", &error);
                    wait = self.wait(wait).await;
                    continue;
                }
            };
            let (version, heard) = (listed.version.clone(), listed.heard);
            let what = What::All { objects: listed.objects, refused: listed.refused };
            if self.tell(what, heard).await.is_err() {
                return;
            }
            if version.is_empty() {
                // The API is not there, and may come.
                sleep(self.pace.silence / 2).await;
            } else if self.watch_on(version, heard, &mut wait).await.is_err() {
                return;
            }
        }
    }

    /// Watches from a version on, again and again; returns where the kind is to be listed afresh.
    async fn watch_on(&self, mut version: String, mut heard: Instant, wait: &mut Duration) -> Result<(), Unwanted> {
        let mut failures = 0;
        // A long list was asked for long ago; from then on nobody was silent.
        let since = Instant::now();
        loop {
            let start = Instant::now();
            let ended = self.watch(&mut version, &mut heard, since).await;
            if heard > start {
                failures = 0;
                *wait = self.pace.first_wait;
            }
            match ended {
                Ended::Unwanted => return Err(Unwanted),
                Ended::Closed if start.elapsed() >= SHORT || heard > start => {}
                Ended::Closed => *wait = self.wait(*wait).await,
                Ended::Expired => {
                    self.failed("watch", "the server no longer knows the version: listing again");
                    *wait = self.wait(*wait).await;
                    return Ok(());
                }
                Ended::Silent => {
                    self.failed("watch", "nothing was heard for too long: listing again");
                    return Ok(());
                }
                Ended::Failed(error) => {
                    self.failed("watch", &error);
                    failures += 1;
                    *wait = self.wait(*wait).await;
                    if failures == FAILURES {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn wait(&self, wait: Duration) -> Duration {
        sleep(wait).await;
        (wait * 2).min(self.pace.longest_wait)
    }

    fn failed(&self, call: &'static str, error: &str) {
        self.metrics.watch_failed(self.kind.plural, call);
        tracing::warn!(kind = self.kind.plural, call, error, "the API server could not be followed");
    }

    async fn tell(&self, what: What, heard: Instant) -> Result<(), Unwanted> {
        let news = News { place: self.place, heard: heard.into_std(), what };
        self.news.send(news).await.map_err(|_| Unwanted)
    }

    /// Every object of the kind, as the server has them at one version.
    async fn list(&self) -> Result<Listed, String> {
        // What a list holds was so when it was asked for, or later.
        let heard = Instant::now();
        let mut listed = Listed { version: String::new(), heard, objects: Vec::new(), refused: Vec::new() };
        let mut token: Option<String> = None;
        loop {
            let ask = ListParams { limit: Some(self.pace.page), continue_token: token, ..ListParams::default() };
            let request = Request::new(self.kind.path).list(&ask).map_err(|error| error.to_string())?;
            let text = match timeout(self.pace.list, self.client.request_text(request)).await {
                Err(_) => return Err(format!("a page did not come within {:?}", self.pace.list)),
                // A cluster without that API has none of its objects.
                Ok(Err(kube::Error::Api(status))) if status.code == 404 && listed.version.is_empty() => {
                    return Ok(listed);
                }
                Ok(text) => text.map_err(|error| error.to_string())?,
            };
            let (kind, release) = (self.kind, self.release);
            // A page may hold megabytes.
            let page = tokio::task::spawn_blocking(move || read::page(kind, release, &text));
            let Page { version, next, objects, refused } = page.await.map_err(|error| error.to_string())??;
            listed.objects.extend(objects);
            listed.refused.extend(refused);
            listed.version = version;
            match next {
                Some(next) => token = Some(next),
                None if listed.version.is_empty() => return Err("the list says no resourceVersion".to_owned()),
                None => {
                    self.metrics.listed(self.kind.plural);
                    return Ok(listed);
                }
            }
        }
    }

    /// One watch, from its start to its end.
    async fn watch(&self, version: &mut String, heard: &mut Instant, since: Instant) -> Ended {
        // Not all kinds at the same moment.
        let seconds = self.pace.watch.as_secs().max(1) + self.place as u64 % 4;
        let ask = WatchParams { timeout: u32::try_from(seconds).ok(), ..WatchParams::default() };
        let request = match Request::new(self.kind.path).watch(&ask, version) {
            Ok(request) => request,
            Err(error) => return Ended::Failed(error.to_string()),
        };
        let silent_at = |heard: Instant| heard.max(since) + self.pace.silence;
        let started = match timeout_at(silent_at(*heard), self.client.request_events::<DynamicObject>(request)).await {
            Err(_) => return Ended::Silent,
            Ok(Err(error)) => return Self::failure(error),
            Ok(Ok(started)) => started,
        };
        let mut events = pin!(started);
        loop {
            let event = match timeout_at(silent_at(*heard), events.try_next()).await {
                Err(_) => return Ended::Silent,
                Ok(Err(error)) => return Self::failure(error),
                Ok(Ok(None)) => return Ended::Closed,
                Ok(Ok(Some(event))) => event,
            };
            let now = Instant::now();
            let what = match event {
                WatchEvent::Error(status) => return Self::status(&status),
                WatchEvent::Bookmark(bookmark) => {
                    version.clone_from(&bookmark.metadata.resource_version);
                    What::Nothing
                }
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    self.passed(version, &object);
                    What::Put(Box::new(object))
                }
                WatchEvent::Deleted(object) => {
                    self.passed(version, &object);
                    let name = object.metadata.name.as_deref().unwrap_or_default();
                    What::Gone(self.kind.id(object.metadata.namespace.as_deref(), name))
                }
            };
            *heard = now;
            if self.tell(what, now).await.is_err() {
                return Ended::Unwanted;
            }
        }
    }

    fn passed(&self, version: &mut String, object: &DynamicObject) {
        if let Some(own) = object.metadata.resource_version.as_ref().filter(|own| !own.is_empty()) {
            version.clone_from(own);
        }
    }

    fn failure(error: kube::Error) -> Ended {
        match error {
            kube::Error::Api(status) => Self::status(&status),
            other => Ended::Failed(other.to_string()),
        }
    }

    /// What the server says instead of events.
    fn status(status: &Status) -> Ended {
        match status.code {
            410 => Ended::Expired,
            code => Ended::Failed(format!("{} ({code} {})", status.message, status.reason)),
        }
    }
}

/// A whole list.
struct Listed {
    /// Empty where the server knows no such kind.
    version: String,
    heard: Instant,
    objects: Vec<netpol_oracle::Object>,
    refused: Vec<read::Refused>,
}
