//! Which API server, and who we are there.

use std::path::Path;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// A client of the API server: of a kubeconfig where a file or a context is named, else of the cluster that this runs in, else
/// of the usual kubeconfig.
///
/// # Errors
/// Where no server, or no usable credentials, are named; what was read, and why it will not do.
pub async fn connect(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Client, String> {
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let mut config = match kubeconfig {
        Some(path) => {
            let at = |error: &dyn std::fmt::Display| format!("--kubeconfig: {}: {error}", path.display());
            let file = Kubeconfig::read_from(path).map_err(|error| at(&error))?;
            Config::from_custom_kubeconfig(file, &options).await.map_err(|error| at(&error))?
        }
        None if context.is_some() => {
            Config::from_kubeconfig(&options).await.map_err(|error| format!("--context: {error}"))?
        }
        None => Config::infer().await.map_err(|error| format!("--watch: {error}"))?,
    };
    // The watch has its own time limits, of which these know nothing.
    config.read_timeout = None;
    config.write_timeout = None;
    Client::try_from(config).map_err(|error| format!("--watch: {error}"))
}
