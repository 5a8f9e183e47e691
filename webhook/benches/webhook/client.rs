//! A client over TLS that asks again and again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::client::conn::http1::SendRequest;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Result;

/// One connection, kept alive.
pub(crate) struct Client {
    sender: SendRequest<Body>,
}

/// What came of a request.
pub(crate) struct Answer {
    pub(crate) took: Duration,
    /// The impact was given up.
    pub(crate) is_late: bool,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, root: &CertificateDer<'static>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone())?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    pub(crate) async fn ask(&mut self, request: &Bytes) -> Result<Answer> {
        self.sender.ready().await?;
        let started = Instant::now();
        let message = Request::builder().method("POST").uri("/validate").header(HOST, "localhost");
        let response = self.sender.send_request(message.body(Body::from(request.clone()))?).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        let is_late = body.windows(LATE.len()).any(|part| part == LATE);
        Ok(Answer { took: started.elapsed(), is_late })
    }
}

const LATE: &[u8] = b"not worked out in time";
