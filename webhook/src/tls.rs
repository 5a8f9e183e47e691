//! The certificate: read from its files, and read again when they change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::metrics::Metrics;

/// The server's side of TLS, 1.2 and 1.3, with the certificate of two PEM files; and that certificate.
///
/// The files are looked at again at most every `interval`: who issues certificates in a cluster replaces them
/// while the webhook runs. Files that hold no usable pair leave the last good one in use.
///
/// # Errors
/// A file that cannot be read or holds no usable part, by its path.
pub fn server_config(
    cert: PathBuf,
    key: PathBuf,
    interval: Duration,
) -> Result<(ServerConfig, Arc<Certificate>), String> {
    let provider = Arc::new(ring::default_provider());
    let files = Files { cert, key, interval };
    let current = files.load(&provider)?;
    let certificate = Certificate { files, provider: provider.clone(), current: Mutex::new(current) };
    let certificate = Arc::new(certificate);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = config.with_no_client_auth().with_cert_resolver(certificate.clone());
    // The API server speaks HTTP/1.1 to webhooks, so that requests spread over replicas.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((config, certificate))
}

#[derive(Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    interval: Duration,
}

/// The certificate in use.
#[derive(Debug)]
pub struct Certificate {
    files: Files,
    provider: Arc<CryptoProvider>,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    pair: Arc<CertifiedKey>,
    pem: (Vec<u8>, Vec<u8>),
    read: Instant,
    expires: SystemTime,
}

impl Files {
    fn read(&self) -> Result<(Vec<u8>, Vec<u8>), String> {
        let read = |path: &PathBuf| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
        Ok((read(&self.cert)?, read(&self.key)?))
    }

    fn load(&self, provider: &CryptoProvider) -> Result<Current, String> {
        let pem = self.read()?;
        let at = |path: &PathBuf, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&pem.0).collect::<Result<_, _>>().map_err(|error| at(&self.cert, &error))?;
        if chain.is_empty() {
            return Err(at(&self.cert, &"no certificate in PEM form"));
        }
        let expires = chain.first().and_then(expiry);
        let expires = expires.ok_or_else(|| at(&self.cert, &"the first certificate does not read"))?;
        let key = PrivateKeyDer::from_pem_slice(&pem.1).map_err(|error| match error {
            pem::Error::NoItemsFound => at(&self.key, &"no private key in PEM form"),
            error => at(&self.key, &error),
        })?;
        let pair = CertifiedKey::from_der(chain, key, provider).map_err(|error| at(&self.key, &error))?;
        Ok(Current { pair: Arc::new(pair), pem, read: Instant::now(), expires })
    }
}

/// When a certificate expires.
fn expiry(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

impl Certificate {
    /// Looks at the files again, whenever that was last.
    pub fn renew(&self) {
        self.current(Duration::ZERO);
    }

    /// When the one in use expires; the files are looked at first where it is time to.
    pub fn expires(&self) -> SystemTime {
        self.current(self.files.interval).1
    }

    fn current(&self, interval: Duration) -> (Arc<CertifiedKey>, SystemTime) {
        let mut current = self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if current.read.elapsed() >= interval {
            current.read = Instant::now();
            let changed = self.files.read().is_ok_and(|pem| pem != current.pem);
            match changed.then(|| self.files.load(&self.provider)) {
                None => {}
                Some(Ok(fresh)) => {
                    tracing::info!(expires = %text(fresh.expires), "the certificate is renewed");
                    *current = fresh;
                }
                Some(Err(error)) => tracing::error!(error, "the certificate stays as it was"),
            }
        }
        (current.pair.clone(), current.expires)
    }

    /// Watches the expiry until dropped: measured every `interval`, and warned of from `ahead` on, once an hour.
    pub async fn watch_expiry(&self, metrics: &Metrics, interval: Duration, ahead: Duration) {
        let mut warned: Option<Instant> = None;
        loop {
            let expires = self.expires();
            metrics.certificate_expires(expires);
            let left = expires.duration_since(SystemTime::now()).unwrap_or_default();
            if left <= ahead && warned.is_none_or(|at| at.elapsed() >= Duration::from_secs(3_600)) {
                warned = Some(Instant::now());
                tracing::warn!(expires = %text(expires), hours_left = left.as_secs() / 3_600, "the certificate expires");
            }
            tokio::time::sleep(interval).await;
        }
    }
}

/// A moment as RFC 2822 has it.
fn text(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time =
        i64::try_from(seconds).ok().and_then(|seconds| x509_parser::time::ASN1Time::from_timestamp(seconds).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current(self.files.interval).0)
    }
}
