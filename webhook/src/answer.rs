//! The findings as an admission response.

use kube::core::DynamicObject;
use kube::core::admission::{AdmissionRequest, AdmissionResponse};
use kube::core::response::{StatusCause, StatusDetails};
use netpol_input::counted;
use netpol_oracle::diagnostic::{Diagnostic, Severity};

use crate::judge::Findings;
use crate::warnings::{fit, one_line};

/// The longest denial message, in bytes: it is shown whole on a terminal and kept in the audit log.
const LONGEST_MESSAGE: usize = 256 * 1024;

/// What became of the comparison of before and after.
#[derive(Debug)]
pub enum Impact {
    /// Its lines; none where nothing changes.
    Lines(Vec<String>),
    /// It was not ready in time.
    Late,
}

/// Allowed, with everything found as warnings; or denied, with everything found in the message.
pub fn answer(request: &AdmissionRequest<DynamicObject>, findings: &Findings, impact: &Impact) -> AdmissionResponse {
    let response = AdmissionResponse::from(request);
    if findings.is_denial() {
        return deny(response, request, findings);
    }
    let mut response = response;
    let warnings = fit(warnings(findings, impact));
    response.warnings = (!warnings.is_empty()).then_some(warnings);
    response
}

/// Errors, then what changes, then the rest.
fn warnings(findings: &Findings, impact: &Impact) -> Vec<String> {
    let text = |severity: Severity| {
        let of = findings.diagnostics.iter().filter(move |diagnostic| diagnostic.severity == severity);
        of.map(Diagnostic::to_string)
    };
    let impact = match impact {
        Impact::Lines(lines) => lines.iter().map(|line| format!("impact: {}", line.trim())).collect(),
        Impact::Late => vec!["impact: not worked out in time".to_owned()],
    };
    findings
        .note
        .clone()
        .into_iter()
        .chain(text(Severity::Error))
        .chain(impact)
        .chain(text(Severity::Warning))
        .collect()
}

fn deny(
    response: AdmissionResponse,
    request: &AdmissionRequest<DynamicObject>,
    findings: &Findings,
) -> AdmissionResponse {
    let denying: Vec<&Diagnostic> = findings.diagnostics.iter().filter(|one| findings.denies(one)).collect();
    let mut response = response.deny(message(findings, denying.len()));
    // An absent code becomes 400 without a reason.
    response.result.code = 403;
    response.result.reason = "Forbidden".to_owned();
    let cause = |diagnostic: &&Diagnostic| StatusCause {
        reason: diagnostic.code.to_string(),
        message: one_line(&without_path(diagnostic)),
        field: diagnostic.path.to_string(),
    };
    response.result.details = Some(StatusDetails {
        name: request.name.clone(),
        group: request.kind.group.clone(),
        kind: request.resource.resource.clone(),
        uid: String::new(),
        causes: denying.iter().take(1_000).map(cause).collect(),
        retry_after_seconds: 0,
    });
    response
}

/// Every finding, one a line: those that deny first.
fn message(findings: &Findings, denying: usize) -> String {
    let others = findings.diagnostics.len() - denying;
    let also = if others == 0 { String::new() } else { format!(", and {others} more found") };
    let refuse = counted(denying, "finding refuses", "findings refuse");
    let mut message = format!("{refuse} the policy{also}:");
    let (first, rest): (Vec<_>, Vec<_>) = findings.diagnostics.iter().partition(|one| findings.denies(one));
    for (index, diagnostic) in first.into_iter().chain(rest).enumerate() {
        let line = one_line(&diagnostic.to_string());
        if message.len() + line.len() > LONGEST_MESSAGE {
            let missing = findings.diagnostics.len() - index;
            let left = counted(missing, "more finding is", "more findings are");
            message.push_str(&format!("\n{left} left out"));
            break;
        }
        message.push('\n');
        message.push_str(&line);
    }
    message
}

fn without_path(diagnostic: &Diagnostic) -> String {
    let message = diagnostic.message.as_str();
    let path = diagnostic.path.as_str();
    let bare = message.strip_prefix(path).and_then(|rest| rest.strip_prefix(": ")).filter(|_| !path.is_empty());
    let help = if diagnostic.help.is_empty() { String::new() } else { format!(" (help: {})", diagnostic.help) };
    format!("{}{help}", bare.unwrap_or(message))
}
