//! The flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use netpol_oracle::diagnostic::Code;
use netpol_webhook::deploy::{self, Certificates, Deployment};
use netpol_webhook::impact::Kind;
use netpol_webhook::judge::Rules;
use netpol_webhook::routes::Limits;
use netpol_webhook::server::Connections;

/// Reviews NetworkPolicies as a Kubernetes validating webhook.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    /// The certificate chain, PEM; read again when it changes
    #[arg(long, value_name = "FILE", required_unless_present = "print_manifests")]
    pub(crate) cert: Option<PathBuf>,

    /// Its private key, PEM
    #[arg(long, value_name = "FILE", required_unless_present = "print_manifests")]
    pub(crate) key: Option<PathBuf>,

    /// What the cluster enforces: a profile file, or `kubernetes`, `kubernetes:1.31`, `tunnel:V`, `vpc:V`, `cn2:V`
    #[arg(long, default_value = "kubernetes", value_name = "PROFILE")]
    pub(crate) profile: String,

    /// Keep the cluster in view: list and watch it at the API server
    #[arg(long, conflicts_with = "manifests")]
    pub(crate) watch: bool,

    /// How to reach the API server; without it the cluster that this runs in, or the usual kubeconfig
    #[arg(long, value_name = "FILE", requires = "watch")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Which context of the kubeconfig
    #[arg(long, value_name = "NAME", requires = "watch")]
    pub(crate) context: Option<String>,

    /// From which age on, in seconds, a watched view is too old to say that a selector selects nobody
    #[arg(long, default_value_t = 90, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(60..=86_400))]
    pub(crate) old_after: u32,

    /// Files and folders (.yaml, .yml, .json, packed by gzip too) that describe the cluster; read again when they change, and on
    /// SIGHUP
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub(crate) manifests: Vec<PathBuf>,

    /// Codes that deny although they only warn: `NP201`
    #[arg(long, num_args = 1.., value_name = "CODE", value_parser = code)]
    deny: Vec<Code>,

    /// Impacts that deny, of removals too
    #[arg(long, num_args = 1.., value_name = "KIND", conflicts_with = "no_impact")]
    deny_impact: Vec<Kind>,

    /// Do not work out what changes open and close
    #[arg(long)]
    no_impact: bool,

    /// The largest request body, in MiB
    #[arg(long, default_value_t = 8, value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..=64))]
    max_body: u16,

    /// The longest time for a request, in seconds; where the API server waits less (`?timeout=`), that counts
    #[arg(long, default_value_t = 4, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=29))]
    time_limit: u16,

    /// Connections at a time; further ones wait
    #[arg(long, default_value_t = 1_024, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    max_connections: u32,

    /// Connections of one peer at a time; further ones are closed at once
    #[arg(long, default_value_t = 512, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    max_connections_per_peer: u32,

    /// How long requests are still served, in seconds, once it is time to stop: until nobody sends any here
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(0..=600))]
    drain: u16,

    /// The time for requests under way after that, in seconds
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=600))]
    stop_limit: u16,

    /// Print the manifests that deploy and register the webhook, watching, with the other flags as given
    #[arg(
        long, value_name = "CERTIFICATES", num_args = 0..=1, default_missing_value = "cert-manager",
        conflicts_with = "manifests"
    )]
    pub(crate) print_manifests: Option<Certificates>,

    /// The image to print
    #[arg(long, value_name = "IMAGE", requires = "print_manifests")]
    pub(crate) image: Option<String>,

    /// How the log is written, to standard error
    #[arg(long, default_value = "json", value_name = "FORM")]
    pub(crate) log: LogForm,
}

/// How lines of the log are written.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogForm {
    /// An object a line
    Json,
    /// For people
    Text,
}

fn code(text: &str) -> Result<Code, String> {
    let known = Code::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text));
    known.ok_or_else(|| "no such code; they look like `NP201`".to_owned())
}

impl Arguments {
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            denied: self.deny.iter().copied().collect(),
            denied_impacts: self.deny_impact.iter().copied().collect(),
            without_impact: self.no_impact,
        }
    }

    /// The manifests, where they are to be printed.
    pub(crate) fn manifests(&self) -> Result<Option<String>, String> {
        let Some(certificates) = self.print_manifests else { return Ok(None) };
        let deployment = Deployment {
            image: self.image.as_deref(),
            flags: deploy::flags(std::env::args().skip(1)),
            profile: deploy::profile_text(&self.profile)?,
            time_limit: self.time_limit,
            stop: self.drain.saturating_add(self.stop_limit),
        };
        Ok(Some(deploy::manifests(certificates, &deployment)))
    }

    pub(crate) fn limits(&self) -> Limits {
        let body = usize::from(self.max_body) << 20;
        let defaults = Limits::default();
        Limits {
            body,
            all_bodies: defaults.all_bodies.max(body),
            request: Duration::from_secs(self.time_limit.into()),
            ..defaults
        }
    }

    pub(crate) fn connections(&self) -> Connections {
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        Connections {
            most: count(self.max_connections),
            most_per_peer: count(self.max_connections_per_peer),
            drain: Duration::from_secs(self.drain.into()),
            stop: Duration::from_secs(self.stop_limit.into()),
            ..Connections::default()
        }
    }
}
