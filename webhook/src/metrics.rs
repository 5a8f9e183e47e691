//! What is counted and measured, as Prometheus reads it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::view::View;
use crate::watch::kinds::KINDS;

/// The form that [`Metrics::text`] has.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type One = [(&'static str, String); 1];
type Two = [(&'static str, String); 2];

/// Every figure.
pub struct Metrics {
    registry: Registry,
    requests: Family<Two, Counter>,
    findings: Family<One, Counter>,
    impacts: Family<One, Counter>,
    seconds: Histogram,
    ready: Gauge,
    age: Gauge<f64, std::sync::atomic::AtomicU64>,
    objects: Family<One, Gauge>,
    refused: Family<One, Gauge>,
    lists: Family<One, Counter>,
    failures: Family<Two, Counter>,
    reloads: Family<One, Counter>,
    connections_refused: Family<One, Counter>,
    certificate_expiry: Gauge<f64, std::sync::atomic::AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All of them at nought.
    #[must_use]
    pub fn new() -> Self {
        let mut new = Self {
            registry: Registry::with_prefix("netpol_webhook"),
            requests: Family::default(),
            findings: Family::default(),
            impacts: Family::default(),
            // 0.5 ms to 16 s.
            seconds: Histogram::new(exponential_buckets(0.000_5, 2.0, 16)),
            ready: Gauge::default(),
            age: Gauge::default(),
            objects: Family::default(),
            refused: Family::default(),
            lists: Family::default(),
            failures: Family::default(),
            reloads: Family::default(),
            connections_refused: Family::default(),
            certificate_expiry: Gauge::default(),
        };
        let all = &mut new.registry;
        all.register(
            "requests",
            "Requests by operation and outcome: allowed, denied, or why there was no answer",
            new.requests.clone(),
        );
        all.register("findings", "Findings by code", new.findings.clone());
        all.register("impacts", "What became of impacts: changes, none, late, unseen, off", new.impacts.clone());
        all.register("request_seconds", "From a request's head to its answer", new.seconds.clone());
        all.register("view_ready", "Whether the cluster is in view", new.ready.clone());
        all.register("view_age_seconds", "How old the view of the cluster is", new.age.clone());
        all.register("view_objects", "Objects in view, by kind", new.objects.clone());
        all.register("view_refused_objects", "Objects that the model does not take, by kind", new.refused.clone());
        all.register("watch_lists", "Kinds listed afresh", new.lists.clone());
        all.register("watch_failures", "Lists and watches that failed", new.failures.clone());
        all.register("reloads", "Files read again, by what, and whether it was taken", new.reloads.clone());
        all.register(
            "refused_connections",
            "Connections that were closed at once, by why",
            new.connections_refused.clone(),
        );
        all.register(
            "certificate_expiry_timestamp_seconds",
            "When the certificate in use expires",
            new.certificate_expiry.clone(),
        );
        new
    }

    /// A request was answered, or not.
    pub fn request(&self, operation: &str, outcome: &str, took: Duration) {
        let labels = [("operation", operation.to_owned()), ("outcome", outcome.to_owned())];
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// A finding.
    pub fn finding(&self, code: &str) {
        self.findings.get_or_create(&[("code", code.to_owned())]).inc();
    }

    /// What became of an impact.
    pub fn impact(&self, outcome: &str) {
        self.impacts.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// A kind was listed.
    pub fn listed(&self, kind: &str) {
        self.lists.get_or_create(&[("kind", kind.to_owned())]).inc();
    }

    /// A list or a watch failed.
    pub fn watch_failed(&self, kind: &str, call: &str) {
        self.failures.get_or_create(&[("kind", kind.to_owned()), ("call", call.to_owned())]).inc();
    }

    /// So many objects are left out.
    pub fn refused(&self, kind: &str, count: usize) {
        self.refused.get_or_create(&[("kind", kind.to_owned())]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Files were read again.
    pub fn reloaded(&self, outcome: &str) {
        self.reloads.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// A connection was closed at once.
    pub fn connection_refused(&self, why: &str) {
        self.connections_refused.get_or_create(&[("reason", why.to_owned())]).inc();
    }

    /// When the certificate expires.
    pub fn certificate_expires(&self, at: SystemTime) {
        self.certificate_expiry.set(at.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()));
    }

    /// All figures at this moment.
    #[must_use]
    pub fn text(&self, view: &View) -> String {
        self.ready.set(i64::from(view.ready().is_ok()));
        self.age.set(view.age().map_or(f64::NAN, |age| age.as_secs_f64()));
        if let Some(cluster) = view.told() {
            for kind in &KINDS {
                let count = i64::try_from(kind.count(&cluster)).unwrap_or(i64::MAX);
                self.objects.get_or_create(&[("kind", kind.plural.to_owned())]).set(count);
            }
        }
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
