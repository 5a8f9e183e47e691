//! Connections: accepted, encrypted, served, and closed when it is time to stop.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use crate::head::{Busy, Heads};
use crate::health::Health;
use crate::metrics::Metrics;
use crate::peers::Peers;

/// How connections are treated.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// How many are open at a time; further ones wait unaccepted.
    pub most: usize,
    /// How many of these one peer may have; further ones are closed at once.
    pub most_per_peer: usize,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For a request's head, from its first byte to its last.
    pub head: Duration,
    /// How long an idle connection stays: longer than the 90 seconds after which the API server closes it, so that no request
    /// meets a closing connection.
    pub idle: Duration,
    /// How long new connections and requests are still served once it is time to stop: until nobody sends them here any more.
    pub drain: Duration,
    /// For requests under way after that.
    pub stop: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            most: 1_024,
            most_per_peer: 512,
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(5),
            idle: Duration::from_secs(100),
            drain: Duration::from_secs(5),
            stop: Duration::from_secs(10),
        }
    }
}

/// What is served, and who is told of it.
#[derive(Debug, Clone)]
pub struct Serving {
    /// The routes.
    pub router: Router,
    /// Told when it is time to stop.
    pub health: Arc<Health>,
    /// The figures.
    pub metrics: Arc<Metrics>,
}

/// Serves until `stop`. From then on each answer closes its connection, so that who sent the request sends the next one
/// elsewhere; after [`Connections::drain`] idle connections are closed, and the others after their answer or when the time for it
/// is over.
pub async fn serve(
    listener: TcpListener,
    tls: ServerConfig,
    serving: Serving,
    bounds: Connections,
    stop: impl Future<Output = ()>,
) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let graceful = GracefulShutdown::new();
    let (places, peers) = (Arc::new(Semaphore::new(bounds.most)), Peers::default());
    let mut open = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    let mut until = None;
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let drained = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let (accepted, place) = tokio::select! {
            () = &mut stop, if until.is_none() => {
                serving.health.stop();
                until = Some(Instant::now() + bounds.drain);
                continue;
            }
            () = drained => break,
            accepted = accepted => accepted,
        };
        while open.try_join_next().is_some() {}
        match accepted {
            Ok((stream, address)) => {
                let Some(peer) = peers.admit(address.ip(), bounds.most_per_peer) else {
                    serving.metrics.connection_refused("peer");
                    continue;
                };
                let (acceptor, serving, watcher) = (acceptor.clone(), serving.clone(), graceful.watcher());
                open.spawn(async move {
                    let _place = (place, peer);
                    connection(stream, acceptor, serving, watcher, bounds).await;
                });
            }
            // Out of file descriptors, or the client has gone: neither ends the service.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    if timeout(bounds.stop, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopping with requests under way");
    }
    open.shutdown().await;
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, serving: Serving, watcher: Watcher, bounds: Connections) {
    // A head and a body in two packets would wait for each other's acknowledgement.
    let _ = stream.set_nodelay(true);
    let stream = match timeout(bounds.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        failed => {
            serving.metrics.connection_refused("handshake");
            let error = failed.map_or("not in time".to_owned(), |failed| {
                failed.err().map_or_else(String::new, |error| error.to_string())
            });
            return tracing::debug!(error, "a handshake failed");
        }
    };
    let busy = Busy::default();
    let stream = Heads::new(stream, busy.clone(), bounds.head);
    let (router, health) = (TowerToHyperService::new(serving.router), serving.health);
    let service = service_fn(move |request| {
        busy.begin();
        let (answer, busy, health) = (router.call(request), busy.clone(), health.clone());
        async move {
            let mut answer = answer.await;
            busy.end();
            if let Some(answer) = answer.as_mut().ok().filter(|_| health.is_stopping()) {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.idle)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off is its own affair.
    let _ = watcher.watch(connection).await;
}
