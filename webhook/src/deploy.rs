//! The manifests that deploy and register the webhook, with the flags that it is to run with.

use std::path::Path;

use clap::ValueEnum;

/// Where the certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Certificates {
    /// From cert-manager, which renews it and registers its CA
    CertManager,
    /// From whoever deploys: the Secret `webhook-tls`, and its CA in the registration
    ByHand,
}

/// What of the manifests hangs on flags.
#[derive(Debug, Clone)]
pub struct Deployment<'a> {
    /// The image; `None` leaves the example's.
    pub image: Option<&'a str>,
    /// The flags that were given, in their order.
    pub flags: Vec<String>,
    /// The text of a profile that is a file.
    pub profile: Option<String>,
    /// The longest time for a request, in seconds.
    pub time_limit: u16,
    /// The time from the signal to stop to the end, in seconds.
    pub stop: u16,
}

const NAMESPACE: &str = include_str!("../deploy/base/namespace.yaml");
const RBAC: &str = include_str!("../deploy/base/rbac.yaml");
const DEPLOYMENT: &str = include_str!("../deploy/base/deployment.yaml");
const SERVICE: &str = include_str!("../deploy/base/service.yaml");
const NETWORK_POLICY: &str = include_str!("../deploy/base/networkpolicy.yaml");
const WEBHOOK: &str = include_str!("../deploy/base/webhook.yaml");
const CERTIFICATE: &str = include_str!("../deploy/cert-manager/certificate.yaml");

/// Flags that the manifests set, or that are of no use in a cluster.
const OURS: [&str; 8] =
    ["--listen", "--cert", "--key", "--watch", "--kubeconfig", "--context", "--print-manifests", "--image"];

/// Where the profile's file is mounted.
const PROFILE: &str = "/config/profile.yaml";

/// Of the words of a command line those that the webhook is to run with.
#[must_use]
pub fn flags(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut is_kept = false;
    let mut kept = Vec::new();
    for word in words {
        if let Some(flag) = word.split('=').next().filter(|flag| flag.starts_with("--")) {
            is_kept = !OURS.contains(&flag);
        }
        if is_kept {
            kept.push(word);
        }
    }
    kept
}

/// All manifests, as one YAML text.
#[must_use]
pub fn manifests(certificates: Certificates, deployment: &Deployment<'_>) -> String {
    let mut parts = vec![NAMESPACE.to_owned(), RBAC.to_owned()];
    let mut workload = DEPLOYMENT.to_owned();
    if let Some(image) = deployment.image {
        workload =
            workload.replace("image: registry.example.com/netpol-webhook:1", &format!("image: {}", quoted(image)));
    }
    workload = workload.replace(
        "terminationGracePeriodSeconds: 30",
        &format!("terminationGracePeriodSeconds: {}", deployment.stop.saturating_add(15)),
    );
    let mut flags = deployment.flags.clone();
    if let Some(profile) = &deployment.profile {
        flags = without(&flags, "--profile");
        flags.push(format!("--profile={PROFILE}"));
        workload = behind(
            &workload,
            "{name: tls, mountPath: /tls, readOnly: true}",
            &["            - {name: config, mountPath: /config, readOnly: true}"],
        );
        workload = behind(
            &workload,
            "secret: {secretName: webhook-tls}",
            &["        - name: config", "          configMap: {name: webhook}"],
        );
        let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: netpol-oracle, name: webhook}\n";
        parts.push(format!("{config}data:\n  profile.yaml: {}\n", quoted(profile)));
    }
    let words: Vec<String> = flags.iter().map(|word| format!("            - {}", quoted(word))).collect();
    workload = behind(&workload, "- --watch", &words.iter().map(String::as_str).collect::<Vec<_>>());
    parts.extend([workload, SERVICE.to_owned(), NETWORK_POLICY.to_owned()]);

    let seconds = deployment.time_limit.saturating_add(1);
    let mut webhook = WEBHOOK.replace("timeoutSeconds: 5", &format!("timeoutSeconds: {seconds}"));
    match certificates {
        Certificates::CertManager => {
            let annotated =
                "metadata: {name: netpol-oracle, annotations: {cert-manager.io/inject-ca-from: netpol-oracle/webhook}}";
            webhook = webhook.replace("metadata: {name: netpol-oracle}", annotated);
            parts.push(CERTIFICATE.to_owned());
        }
        Certificates::ByHand => {
            webhook = behind(
                &webhook,
                "path: /validate, port: 443}",
                &[
                    "      # The CA of the Secret webhook-tls (tls.crt, tls.key), base64 of its PEM, goes here:",
                    "      # caBundle: ...",
                ],
            );
        }
    }
    parts.push(webhook);
    parts.join("---\n")
}

/// The lines behind the one that ends so.
fn behind(text: &str, end: &str, lines: &[&str]) -> String {
    let mut all = Vec::new();
    for line in text.lines() {
        all.push(line);
        if line.ends_with(end) {
            all.extend(lines);
        }
    }
    all.join("\n") + "\n"
}

/// The words without a flag and its value.
fn without(words: &[String], flag: &str) -> Vec<String> {
    let mut is_kept = true;
    let mut kept = Vec::new();
    for word in words {
        if word.starts_with("--") {
            is_kept = word.split('=').next() != Some(flag);
        }
        if is_kept {
            kept.push(word.clone());
        }
    }
    kept
}

/// As a double-quoted scalar: JSON's strings are such.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of the profile, where it is a file.
///
/// # Errors
/// The file cannot be read.
pub fn profile_text(profile: &str) -> Result<Option<String>, String> {
    if !Path::new(profile).is_file() {
        return Ok(None);
    }
    std::fs::read_to_string(profile).map(Some).map_err(|error| format!("--profile: {profile}: {error}"))
}
