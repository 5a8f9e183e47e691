//! Stopping: idle connections are closed, requests under way finish, and all of it ends.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use netpol_webhook::routes::Limits;
use netpol_webhook::server::Connections;
#[cfg(unix)]
use netpol_webhook::signals::stop_signal;
use serde_json::json;

use crate::bounds::fed;
use crate::client::{Client, Served, bounded, create, judge, supported};

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
        let bounds = Connections { stop: Duration::from_millis(500), ..Connections::default() };
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
