//! The webhook's command line; the package's README has the flags and how to deploy and register it.

mod arguments;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use netpol_oracle::Profile;
use netpol_webhook::health::Health;
use netpol_webhook::metrics::Metrics;
use netpol_webhook::view::{Origin, View};
use netpol_webhook::{files, judge, routes, server, signals, tls, watch};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::arguments::{Arguments, LogForm};

/// How often the certificate's files and the manifests are looked at.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long before a certificate expires that is warned of: issuers renew much earlier.
const EXPIRY_AHEAD: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long a policy that was admitted counts before the watch has told of it.
const ADMITTED_FOR: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn log(form: LogForm) {
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::INFO);
    match form {
        LogForm::Json => lines.json().flatten_event(true).init(),
        LogForm::Text => lines.with_ansi(false).init(),
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let profile = netpol_input::profile(&arguments.profile)?;
    if let Some(manifests) = arguments.manifests()? {
        print!("{manifests}");
        return Ok(());
    }
    log(arguments.log);
    let (Some(cert), Some(key)) = (arguments.cert.clone(), arguments.key.clone()) else {
        return Err("--cert and --key are needed".to_owned());
    };
    let (manifests, view) = view(&arguments, &profile)?;
    let (view, metrics, health) = (Arc::new(view), Arc::new(Metrics::new()), Arc::new(Health::default()));
    let (tls, certificate) = tls::server_config(cert, key, INTERVAL)?;
    let judge = judge::Judge::new(profile.clone(), view.clone(), arguments.rules());
    let router = routes::router(judge, arguments.limits(), metrics.clone(), health.clone());
    let serving = server::Serving { router, health, metrics: metrics.clone() };

    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    let served = runtime.block_on(async {
        let stop = signals::stop_signal().map_err(|error| error.to_string())?;
        let wanted = Arc::new(Notify::new());
        let (again, renewed) = (wanted.clone(), certificate.clone());
        let hang_ups = signals::hang_ups(move || {
            renewed.renew();
            again.notify_one();
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(hang_ups.map_err(|error| error.to_string())?);
        let expiring = metrics.clone();
        tasks.spawn(async move { certificate.watch_expiry(&expiring, INTERVAL, EXPIRY_AHEAD).await });
        let _watched = if arguments.watch {
            let client = watch::connect(arguments.kubeconfig.as_deref(), arguments.context.as_deref()).await?;
            Some(watch::start(&client, &profile, &view, &metrics, watch::Pace::default()))
        } else {
            None
        };
        if let Some(files) = manifests {
            tasks.spawn(files.follow(view.clone(), metrics.clone(), INTERVAL, wanted));
        }
        let listener = tokio::net::TcpListener::bind(arguments.listen)
            .await
            .map_err(|error| format!("{}: {error}", arguments.listen))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        tracing::info!(%address, "listening");
        server::serve(listener, tls, serving, arguments.connections(), stop).await;
        tracing::info!("stopped");
        Ok(())
    });
    // A comparison that was given up may still be running; nobody waits for it.
    runtime.shutdown_background();
    served
}

/// What is known of the cluster at the start, and the files that say so.
fn view(arguments: &Arguments, profile: &Profile) -> Result<(Option<files::Files>, View), String> {
    if arguments.watch {
        let old_after = Duration::from_secs(arguments.old_after.into());
        return Ok((None, View::new(Origin::Watch { old_after, admitted_for: ADMITTED_FOR })));
    }
    if arguments.manifests.is_empty() {
        return Ok((None, View::new(Origin::Nowhere)));
    }
    let (files, engine) = files::Files::open(arguments.manifests.clone(), profile.clone())?;
    Ok((Some(files), View::of_files(engine)))
}
