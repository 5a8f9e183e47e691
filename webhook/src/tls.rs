//! The certificate: read from its files, and read again when they change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The server's side of TLS with the certificate of two PEM files.
///
/// The files are looked at again at most every `interval`: who issues certificates in a cluster replaces them
/// while the webhook runs. Files that hold no usable pair leave the last good one in use.
pub fn server_config(cert: PathBuf, key: PathBuf, interval: Duration) -> Result<ServerConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let files = Files { cert, key, interval };
    let current = files.load(&provider)?;
    let certificate = Certificate { files, provider: provider.clone(), current: Mutex::new(current) };
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = config.with_no_client_auth().with_cert_resolver(Arc::new(certificate));
    // The API server speaks HTTP/1.1 to webhooks, so that requests spread over replicas.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    interval: Duration,
}

#[derive(Debug)]
struct Certificate {
    files: Files,
    provider: Arc<CryptoProvider>,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    pair: Arc<CertifiedKey>,
    pem: (Vec<u8>, Vec<u8>),
    read: Instant,
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
        let key = PrivateKeyDer::from_pem_slice(&pem.1).map_err(|error| match error {
            pem::Error::NoItemsFound => at(&self.key, &"no private key in PEM form"),
            error => at(&self.key, &error),
        })?;
        let pair = CertifiedKey::from_der(chain, key, provider).map_err(|error| at(&self.key, &error))?;
        Ok(Current { pair: Arc::new(pair), pem, read: Instant::now() })
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut current = self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if current.read.elapsed() >= self.files.interval {
            current.read = Instant::now();
            let changed = self.files.read().is_ok_and(|pem| pem != current.pem);
            match changed.then(|| self.files.load(&self.provider)) {
                None => {}
                Some(Ok(fresh)) => *current = fresh,
                Some(Err(error)) => eprintln!("the certificate stays as it was: {error}"),
            }
        }
        Some(current.pair.clone())
    }
}
