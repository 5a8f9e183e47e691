//! What became of one request, told once: a line of the log, and the figures.

use std::time::Duration;

use kube::core::DynamicObject;
use kube::core::admission::{AdmissionRequest, AdmissionResponse, Operation};

use crate::impact::Impact;
use crate::judge::Findings;
use crate::metrics::Metrics;

/// One request; empty where it was not understood.
#[derive(Debug, Default)]
pub struct Decision {
    uid: String,
    operation: &'static str,
    object: String,
    user: String,
    dry_run: bool,
    codes: Vec<&'static str>,
    impact: &'static str,
    denied_by: String,
    view_age: Option<Duration>,
    /// `allowed`, `denied`, or why there was no answer.
    pub outcome: &'static str,
}

impl Decision {
    /// What was asked.
    pub fn asked(&mut self, request: &AdmissionRequest<DynamicObject>) {
        self.uid.clone_from(&request.uid);
        self.operation = match request.operation {
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Delete => "delete",
            Operation::Connect => "connect",
        };
        let generated = || {
            let object = request.object.as_ref();
            object.and_then(|object| object.metadata.generate_name.clone()).map(|prefix| format!("{prefix}*"))
        };
        let name = Some(request.name.clone()).filter(|name| !name.is_empty()).or_else(generated);
        self.object = format!("{}/{}", request.namespace.as_deref().unwrap_or_default(), name.unwrap_or_default());
        self.user = request.user_info.username.clone().unwrap_or_default();
        self.dry_run = request.dry_run;
    }

    /// What was answered.
    pub fn answered(&mut self, response: &AdmissionResponse, findings: &Findings, impact: &Impact) {
        self.outcome = if response.allowed { "allowed" } else { "denied" };
        self.codes = findings.diagnostics.iter().map(|found| found.code.as_str()).collect();
        self.impact = impact.word();
        self.denied_by = response.audit_annotations.get("denied-by").cloned().unwrap_or_default();
        self.view_age = findings.sight.age;
    }

    /// Writes the line and counts.
    pub fn tell(&self, metrics: &Metrics, took: Duration) {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
        tracing::info!(
            uid = self.uid,
            operation = self.operation,
            object = self.object,
            user = self.user,
            dry_run = self.dry_run,
            outcome = self.outcome,
            denied_by = self.denied_by,
            findings = self.codes.join(" "),
            impact = self.impact,
            view_age_ms = self.view_age.map(milliseconds),
            took_ms = milliseconds(took),
            "decision"
        );
        metrics.request(self.operation, self.outcome, took);
        self.codes.iter().for_each(|code| metrics.finding(code));
        if !self.impact.is_empty() {
            metrics.impact(self.impact);
        }
    }
}
