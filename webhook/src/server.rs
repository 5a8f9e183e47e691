//! Connections: accepted, encrypted, served, and closed when it is time to stop.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How connections are treated.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// How many are open at a time; further ones wait unaccepted.
    pub most: usize,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For a request's head to arrive, which is also how long an idle connection stays: longer than the
    /// 90 seconds after which the API server closes it, so that no request meets a closing connection.
    pub idle: Duration,
    /// For requests under way once it is time to stop.
    pub stop: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            most: 1_024,
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(100),
            stop: Duration::from_secs(10),
        }
    }
}

/// Serves until `stop`; then closes idle connections at once, and the others after their answer or when
/// the time for it is over.
pub async fn serve(
    listener: TcpListener,
    tls: ServerConfig,
    router: Router,
    bounds: Connections,
    stop: impl Future<Output = ()>,
) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(bounds.most));
    let mut open = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        while open.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let (acceptor, router, watcher) = (acceptor.clone(), router.clone(), graceful.watcher());
                open.spawn(async move {
                    let _place = place;
                    connection(stream, acceptor, router, watcher, bounds).await;
                });
            }
            // Out of file descriptors, or the client has gone: neither ends the service.
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    if timeout(bounds.stop, graceful.shutdown()).await.is_err() {
        eprintln!("stopping with requests under way");
    }
    open.shutdown().await;
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, router: Router, watcher: Watcher, bounds: Connections) {
    // A head and a body in two packets would wait for each other's acknowledgement.
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(bounds.handshake, acceptor.accept(stream)).await else {
        return;
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.idle)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A client that breaks off is its own affair.
    let _ = watcher.watch(connection).await;
}
