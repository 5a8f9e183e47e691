//! Stopping: idle connections are closed, requests under way finish, and all of it ends.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use netpol_webhook::routes::Limits;
use netpol_webhook::server::Connections;
#[cfg(unix)]
use netpol_webhook::signals::stop_signal;
use serde_json::json;

use crate::bounds::fed;
use crate::client::{Client, Served, bounded, bounds, create, judge, supported};

/// Waits until the connections' heads have been read.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

#[test]
fn an_idle_connection_is_closed_at_once() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let address = served.address;
        let mut used = served.connect().await;
        assert_eq!(used.review(&create(&supported("p"))).await["allowed"], json!(true));
        let unused = served.connect().await;
        settle().await;
        let start = Instant::now();
        let (task, certificate) = served.stop();
        task.await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        let _ = (used.connection.await, unused.connection.await);
        assert!(Client::connect(address, &certificate.der).await.is_err(), "nobody listens");
    });
}

#[test]
fn a_request_under_way_is_answered() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let (feed, body) = fed();
        let whole = Bytes::from(create(&supported("p")).to_string());
        feed.send(whole.slice(..100)).await.unwrap();
        let answer = tokio::spawn(async move { (client.post(body).await, client) });
        settle().await;
        let (task, _certificate) = served.stop();
        settle().await;
        assert!(!task.is_finished(), "it waits for the request");
        feed.send(whole.slice(100..)).await.unwrap();
        drop(feed);
        let (answer, client) = answer.await.unwrap();
        assert_eq!((answer.response()["allowed"].clone(), answer.closes), (json!(true), true));
        task.await.unwrap();
        let _ = client.connection.await;
    });
}

#[test]
fn a_request_that_does_not_end_is_cut_off() {
    bounded(async {
        let limits = Limits { request: Duration::from_secs(60), ..Limits::default() };
        let bounds = Connections { stop: Duration::from_millis(500), ..bounds() };
        let served = Served::start(judge(&[]), limits, bounds).await;
        let mut client = served.connect().await;
        let (feed, body) = fed();
        feed.send(Bytes::from_static(b"{")).await.unwrap();
        let answer = tokio::spawn(async move { client.send("POST", "/validate", body).await });
        settle().await;
        let start = Instant::now();
        let (task, _certificate) = served.stop();
        task.await.unwrap();
        assert!((400..5_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
        assert!(answer.await.unwrap().is_err());
        drop(feed);
    });
}

/// The real signal. Once it is listened for, it no longer ends the process.
#[cfg(unix)]
#[test]
fn sigterm_stops() {
    bounded(async {
        let stop = stop_signal().unwrap();
        let pid = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
        stop.await;
    });
}

#[test]
fn a_rolling_update_loses_nothing() {
    bounded(async {
        let limits = Connections { drain: Duration::from_millis(1_500), ..bounds() };
        let served = Served::start(judge(&[]), Limits::default(), limits).await;
        let (address, root) = (served.address, served.certificate.der.clone());
        let mut kept = served.connect().await;
        assert!(!kept.post(create(&supported("p")).to_string()).await.closes);
        let mut unused = served.connect().await;
        let (task, _certificate) = served.stop();
        settle().await;
        // Some do not know yet that this one goes: on old connections and on new ones.
        let ready = kept.send("GET", "/readyz", "".into()).await.unwrap();
        assert_eq!((ready.status.as_u16(), ready.text(), ready.closes), (503, "stopping\n", true));
        let _ = kept.connection.await;
        let mut new = Client::connect(address, &root).await.unwrap();
        let answer = new.post(create(&supported("p")).to_string()).await;
        assert_eq!((answer.response()["allowed"].clone(), answer.closes), (json!(true), true));
        assert_eq!(unused.review(&create(&supported("p"))).await["allowed"], json!(true));
        task.await.unwrap();
        assert!(Client::connect(address, &root).await.is_err(), "nobody listens");
    });
}
