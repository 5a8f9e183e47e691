//! The webhook's command line; the package's README has the flags and the manifests to deploy and register it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use netpol_input::counted;
use netpol_oracle::diagnostic::Code;
use netpol_oracle::{Cluster, Loader, Profile};
use netpol_webhook::{judge, routes, server, signals, tls};

/// How often the certificate's files are looked at.
const CERTIFICATE_INTERVAL: Duration = Duration::from_secs(10);

/// Reviews NetworkPolicies as a Kubernetes validating webhook.
#[derive(Parser)]
struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDRESS")]
    listen: SocketAddr,

    /// The certificate chain, PEM
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,

    /// Its private key, PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// What the cluster enforces: a profile file, or `kubernetes`, `kubernetes:1.31`, `tunnel:V`, `vpc:V`, `cn2:V`
    #[arg(long, default_value = "kubernetes", value_name = "PROFILE")]
    profile: String,

    /// Files and folders (.yaml, .yml, .json, packed by gzip too) that describe the cluster
    #[arg(long, num_args = 1.., value_name = "PATH")]
    manifests: Vec<PathBuf>,

    /// Codes that deny although they only warn: `NP201`
    #[arg(long, num_args = 1.., value_name = "CODE", value_parser = code)]
    deny: Vec<Code>,

    /// The largest request body, in MiB
    #[arg(long, default_value_t = 8, value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..=64))]
    max_body: u16,

    /// The time for a request, in seconds; stay below the registration's `timeoutSeconds`
    #[arg(long, default_value_t = 4, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=29))]
    time_limit: u16,

    /// The time for requests under way when it is time to stop, in seconds
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=600))]
    stop_limit: u16,
}

fn code(text: &str) -> Result<Code, String> {
    let known = Code::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text));
    known.ok_or_else(|| "no such code; they look like `NP201`".to_owned())
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let profile = netpol_input::profile(&arguments.profile)?;
    let snapshot = snapshot(&arguments.manifests, &profile)?;
    let tls = tls::server_config(arguments.cert, arguments.key, CERTIFICATE_INTERVAL)?;
    let judge = judge::Judge::new(profile, snapshot, arguments.deny.into_iter().collect());
    let body = usize::from(arguments.max_body) << 20;
    let defaults = routes::Limits::default();
    let limits = routes::Limits {
        body,
        all_bodies: defaults.all_bodies.max(body),
        request: Duration::from_secs(arguments.time_limit.into()),
        ..defaults
    };
    let stop = Duration::from_secs(arguments.stop_limit.into());
    let connections = server::Connections { stop, ..server::Connections::default() };

    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    let served = runtime.block_on(async {
        let stop = signals::stop_signal().map_err(|error| error.to_string())?;
        let listener = tokio::net::TcpListener::bind(arguments.listen)
            .await
            .map_err(|error| format!("{}: {error}", arguments.listen))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        eprintln!("listening on https://{address}");
        server::serve(listener, tls, routes::router(judge, limits), connections, stop).await;
        eprintln!("stopped");
        Ok(())
    });
    // A comparison that was given up may still be running; nobody waits for it.
    runtime.shutdown_background();
    served
}

/// The cluster. What cannot be read is an error, what does not load is said.
fn snapshot(paths: &[PathBuf], profile: &Profile) -> Result<Cluster, String> {
    let given = netpol_input::load(Loader::new(profile.release()), paths);
    given.skipped.iter().for_each(|said| eprintln!("{said}"));
    if let Some(error) = given.missing() {
        return Err(error);
    }
    let loaded = given.loaded;
    for diagnostic in &loaded.diagnostics {
        eprintln!("{diagnostic}");
    }
    let pods = counted(loaded.cluster.pods().len(), "pod", "pods");
    let policies = counted(loaded.cluster.policies().len(), "NetworkPolicy", "NetworkPolicies");
    eprintln!("the snapshot has {pods} and {policies}");
    Ok(loaded.cluster)
}
