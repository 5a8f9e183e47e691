//! The findings as an admission response.

use kube::core::DynamicObject;
use kube::core::admission::{AdmissionRequest, AdmissionResponse};
use kube::core::response::{StatusCause, StatusDetails};
use netpol_input::counted;
use netpol_oracle::diagnostic::{Code, Diagnostic, Severity};

use crate::impact::{Impact, Kind};
use crate::judge::Findings;
use crate::view::age_text;
use crate::warnings::{fit, one_line};

/// The longest denial message, in bytes: it is shown whole on a terminal and kept in the audit log.
const LONGEST_MESSAGE: usize = 256 * 1024;

/// What hangs on the objects of the cluster, not on the policy and the profile alone.
const OF_THE_CLUSTER: [Code; 19] = [
    Code::NodeOs,
    Code::Ipv6Policy,
    Code::SecureContainers,
    Code::IpBlockScope,
    Code::ClusterIpPeers,
    Code::Sctp,
    Code::DnsCutOff,
    Code::SubjectSelectsNothing,
    Code::PeerSelectsNothing,
    Code::UndeclaredPortName,
    Code::HostNetworkPods,
    Code::OtherPolicies,
    Code::NodeDnsCutOff,
    Code::HealthChecksCutOff,
    // What other policies say too.
    Code::ImpliedPeer,
    Code::ImpliedPort,
    Code::ImpliedRule,
    Code::ImpliedPolicy,
    Code::EqualPolicy,
];

/// Allowed, with everything found as warnings; or denied, with everything found in the message.
#[must_use]
pub fn answer(request: &AdmissionRequest<DynamicObject>, findings: &Findings, impact: &Impact) -> AdmissionResponse {
    let response = AdmissionResponse::from(request);
    let denied_by = findings.denied_by(impact);
    let mut response = if findings.is_denial() {
        deny(response, request, findings, message(findings))
    } else if denied_by.is_empty() {
        let mut response = response;
        let warnings = fit(warnings(findings, impact));
        response.warnings = (!warnings.is_empty()).then_some(warnings);
        response
    } else {
        deny(response, request, findings, impact_message(findings, impact, &denied_by))
    };
    annotate(&mut response, findings, impact, &denied_by);
    response
}

fn texts(findings: &Findings, severity: Severity) -> impl Iterator<Item = String> + '_ {
    let of = findings.diagnostics.iter().filter(move |diagnostic| diagnostic.severity == severity);
    of.map(Diagnostic::to_string)
}

/// Errors, then what changes, then the rest.
fn warnings(findings: &Findings, impact: &Impact) -> Vec<String> {
    let impact = impact.warnings(findings.sight.age);
    let seen = seen(findings, impact.is_empty());
    let errors = texts(findings, Severity::Error);
    let rest = texts(findings, Severity::Warning).chain(seen);
    findings.note.clone().into_iter().chain(errors).chain(impact).chain(rest).collect()
}

/// How old the view is, where something hangs on it that does not say so.
fn seen(findings: &Findings, is_unsaid: bool) -> Option<String> {
    let age = age_text(findings.sight.age?);
    if findings.sight.is_old && findings.change.is_some() {
        return Some(format!("the cluster was last seen {age} ago: whether selectors select anybody was not asked"));
    }
    let hangs = findings.diagnostics.iter().any(|found| OF_THE_CLUSTER.contains(&found.code));
    (hangs && is_unsaid).then(|| format!("what is said of the cluster is as of {age} ago"))
}

fn deny(
    response: AdmissionResponse,
    request: &AdmissionRequest<DynamicObject>,
    findings: &Findings,
    message: String,
) -> AdmissionResponse {
    let mut response = response.deny(message);
    // An absent code becomes 400 without a reason.
    response.result.code = 403;
    response.result.reason = "Forbidden".to_owned();
    let cause = |diagnostic: &Diagnostic| StatusCause {
        reason: diagnostic.code.to_string(),
        message: one_line(&without_path(diagnostic)),
        field: diagnostic.path.to_string(),
    };
    let denying = findings.diagnostics.iter().filter(|one| findings.denies(one));
    response.result.details = Some(StatusDetails {
        name: request.name.clone(),
        group: request.kind.group.clone(),
        kind: request.resource.resource.clone(),
        uid: String::new(),
        causes: denying.take(1_000).map(cause).collect(),
        retry_after_seconds: 0,
    });
    response
}

/// Every finding, one a line: those that deny first.
fn message(findings: &Findings) -> String {
    let (first, rest): (Vec<_>, Vec<_>) = findings.diagnostics.iter().partition(|one| findings.denies(one));
    let others = rest.len();
    let also = if others == 0 { String::new() } else { format!(", and {others} more found") };
    let refuse = counted(first.len(), "finding refuses", "findings refuse");
    let lines = first.into_iter().chain(rest).map(Diagnostic::to_string);
    listed(format!("{refuse} the policy{also}:"), lines.chain(seen(findings, true)).collect())
}

/// The impact, then every finding.
fn impact_message(findings: &Findings, impact: &Impact, denied_by: &[Kind]) -> String {
    let kinds = denied_by.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    let lines = impact.warnings(findings.sight.age).into_iter();
    let lines = lines.chain(findings.diagnostics.iter().map(Diagnostic::to_string)).chain(seen(findings, false));
    listed(format!("the impact of the change refuses it ({kinds}):"), lines.collect())
}

fn listed(mut message: String, lines: Vec<String>) -> String {
    let count = lines.len();
    for (index, line) in lines.into_iter().enumerate() {
        let line = one_line(&line);
        if message.len() + line.len() > LONGEST_MESSAGE {
            let left = counted(count - index, "more line is", "more lines are");
            message.push_str(&format!("\n{left} left out"));
            break;
        }
        message.push('\n');
        message.push_str(&line);
    }
    message
}

/// What the audit log is to keep. The server puts the webhook's name before each key.
fn annotate(response: &mut AdmissionResponse, findings: &Findings, impact: &Impact, denied_by: &[Kind]) {
    let mut codes: Vec<&str> = findings.diagnostics.iter().map(|found| found.code.as_str()).collect();
    codes.dedup();
    let words = |kinds: &mut dyn Iterator<Item = Kind>| kinds.map(Kind::word).collect::<Vec<_>>().join(" ");
    let kinds = words(&mut impact.kinds().into_iter());
    let impact = if kinds.is_empty() { impact.word().to_owned() } else { format!("{}: {kinds}", impact.word()) };
    let denied = match findings.is_denial() {
        true => {
            let mut denying: Vec<&str> = Vec::new();
            for found in findings.diagnostics.iter().filter(|found| findings.denies(found)) {
                if !denying.contains(&found.code.as_str()) {
                    denying.push(found.code.as_str());
                }
            }
            denying.join(" ")
        }
        false => words(&mut denied_by.iter().copied()),
    };
    let age = findings.sight.age.map(|age| format!("{:.1}", age.as_secs_f64())).unwrap_or_default();
    for (key, value) in
        [("findings", codes.join(" ")), ("impact", impact), ("denied-by", denied), ("view-age-seconds", age)]
    {
        if !value.is_empty() {
            response.audit_annotations.insert(key.to_owned(), value);
        }
    }
}

fn without_path(diagnostic: &Diagnostic) -> String {
    let message = diagnostic.message.as_str();
    let path = diagnostic.path.as_str();
    let bare = message.strip_prefix(path).and_then(|rest| rest.strip_prefix(": ")).filter(|_| !path.is_empty());
    let help = if diagnostic.help.is_empty() { String::new() } else { format!(" (help: {})", diagnostic.help) };
    format!("{}{help}", bare.unwrap_or(message))
}
