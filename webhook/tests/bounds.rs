//! Sizes, times and numbers: what is too much is refused cleanly, and the next request is served.

use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use hyper::StatusCode;
use hyper::body::Frame;
use netpol_webhook::routes::Limits;
use netpol_webhook::server::Connections;
use netpol_webhook::tls::server_config;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::client::{Certificate, Client, Served, bounded, bounds, create, judge, review, supported, tls, unsupported};

/// A body of unknown length that is fed while it is sent.
pub(crate) struct Fed(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Fed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

pub(crate) fn fed() -> (mpsc::Sender<Bytes>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Body::new(Fed(receiver)))
}

/// The object with bookkeeping of that many bytes: annotations may not grow so large.
fn padded(mut object: Value, bytes: usize) -> Value {
    object["metadata"]["managedFields"][0]["fieldsV1"] = json!({"f:spec": {"x".repeat(bytes): {}}});
    object
}

#[test]
fn five_megabytes_are_judged_like_little() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let (object, old) = (padded(unsupported("p"), 2_500_000), padded(supported("p"), 2_500_000));
        let body = review("UPDATE", &object, &old).to_string();
        assert!(body.len() > 5_000_000);
        let answer = client.post(body).await;
        assert_eq!((answer.response()["allowed"].clone(), answer.closes), (json!(false), false));
    });
}

#[test]
fn five_megabytes_of_peers_are_answered_in_time() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let mut object = supported("p");
        let peer = |n: u32| json!({"ipBlock": {"cidr": format!("{}/32", std::net::Ipv4Addr::from(n << 12))}});
        object["spec"]["policyTypes"] = json!(["Ingress", "Egress"]);
        object["spec"]["egress"] = json!([{"to": (0..150_000).map(peer).collect::<Vec<_>>()}]);
        let body = create(&object).to_string();
        assert!(body.len() > 5_000_000, "{}", body.len());
        let start = Instant::now();
        let answer = client.post(body).await;
        // A slow machine may find no time for it; it must say so in time.
        let late = answer.status == StatusCode::SERVICE_UNAVAILABLE;
        assert!(late || answer.response()["allowed"] == json!(true), "{}", answer.text());
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        let next = Served::usual(judge(&[])).await.connect().await.review(&create(&unsupported("p"))).await;
        assert_eq!(next["allowed"], json!(false));
    });
}

#[test]
fn a_body_above_the_limit_is_refused_with_413() {
    bounded(async {
        let limits = Limits { body: 1 << 20, ..Limits::default() };
        let served = Served::start(judge(&[]), limits, bounds()).await;
        let exact = |bytes: usize| {
            let empty = create(&padded(supported("p"), 0)).to_string().len();
            create(&padded(supported("p"), bytes - empty)).to_string()
        };
        let fits = served.connect().await.post(exact(1 << 20)).await;
        assert_eq!(fits.response()["allowed"], json!(true));

        for size in [(1 << 20) + 1, 4 << 20] {
            let announced = served.connect().await.post(exact(size)).await;
            assert_eq!((announced.status, announced.closes), (StatusCode::PAYLOAD_TOO_LARGE, true));
            assert_eq!(announced.text(), "the body is larger than 1048576 bytes\n");

            let (feed, body) = fed();
            let mut client = served.connect().await;
            let whole = Bytes::from(exact(size));
            let feeding = tokio::spawn(async move {
                for at in (0..whole.len()).step_by(64 << 10) {
                    if feed.send(whole.slice(at..(at + (64 << 10)).min(whole.len()))).await.is_err() {
                        break;
                    }
                }
            });
            let chunked = client.post(body).await;
            assert_eq!((chunked.status, chunked.closes), (StatusCode::PAYLOAD_TOO_LARGE, true));
            feeding.await.unwrap();
        }
        assert_eq!(served.connect().await.review(&create(&supported("p"))).await["allowed"], json!(true));
    });
}

#[test]
fn who_asks_first_whether_to_send_too_much_is_told_at_once() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut stream = tls(served.address, &served.certificate.der).await.unwrap();
        let head =
            "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\nexpect: 100-continue\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    });
}

#[test]
fn a_slow_client_is_cut_off_and_holds_up_nobody() {
    bounded(async {
        let limits = Limits { request: Duration::from_millis(700), ..Limits::default() };
        let bounds =
            Connections { handshake: Duration::from_millis(700), idle: Duration::from_millis(700), ..bounds() };
        let served = Served::start(judge(&[]), limits, bounds).await;
        let start = Instant::now();

        // A body that does not end.
        let (feed, body) = fed();
        let mut slow = served.connect().await;
        feed.send(Bytes::from_static(b"{\"apiVersion\"")).await.unwrap();
        let body = tokio::spawn(async move { slow.post(body).await });
        // A head that does not end.
        let mut head = tls(served.address, &served.certificate.der).await.unwrap();
        head.write_all(b"POST /validate HTTP/1.1\r\nhost: loc").await.unwrap();
        // A connection that never speaks.
        let mut silent = TcpStream::connect(served.address).await.unwrap();

        let meanwhile = served.connect().await.review(&create(&supported("p"))).await;
        assert_eq!(meanwhile["allowed"], json!(true));
        let answer = body.await.unwrap();
        assert_eq!((answer.status, answer.closes), (StatusCode::REQUEST_TIMEOUT, true));
        let mut rest = Vec::new();
        let _ = head.read_to_end(&mut rest).await;
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
        assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or(0), 0);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        drop(feed);
    });
}

#[test]
fn bodies_wait_for_memory_and_give_up_in_time() {
    bounded(async {
        let limits =
            Limits { body: 1 << 20, all_bodies: 1 << 20, request: Duration::from_millis(700), ..Limits::default() };
        let served = Served::start(judge(&[]), limits, bounds()).await;
        // A body of unknown length claims all there is.
        let (feed, body) = fed();
        let mut greedy = served.connect().await;
        let greedy = tokio::spawn(async move { greedy.post(body).await });
        feed.send(Bytes::from_static(b"{")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        // It waits, and is served when the memory comes free.
        let waiting = served.connect().await.post(create(&supported("p")).to_string()).await;
        assert_eq!(waiting.response()["allowed"], json!(true));
        assert!(start.elapsed() > Duration::from_millis(200), "{:?}", start.elapsed());
        assert_eq!(greedy.await.unwrap().status, StatusCode::REQUEST_TIMEOUT);
    });
}

#[test]
fn a_verdict_does_not_wait_for_the_impact() {
    bounded(async {
        let usual = Limits::default();
        // No time at all is left for it.
        let limits = Limits { reserve: usual.request, ..usual };
        let served = Served::start(judge(&[]), limits, bounds()).await;
        let response = served.connect().await.review(&create(&supported("p"))).await;
        assert_eq!(response["allowed"], json!(true));
        assert_eq!(response["warnings"], json!(["impact: not worked out in time"]));
    });
}

#[test]
fn two_hundred_at_a_time() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let (address, root) = (served.address, served.certificate.der.clone());
        let one = |n: usize| {
            let root = root.clone();
            async move {
                let mut client = Client::connect(address, &root).await.unwrap();
                let object =
                    if n.is_multiple_of(2) { supported(&format!("p{n}")) } else { unsupported(&format!("p{n}")) };
                let response = client.review(&create(&object)).await;
                assert_eq!(response["uid"], json!(format!("uid-of-p{n}")));
                assert_eq!(response["allowed"], json!(n.is_multiple_of(2)), "{response}");
            }
        };
        let all: Vec<_> = (0..200).map(|n| tokio::spawn(one(n))).collect();
        for task in all {
            task.await.unwrap();
        }
    });
}

#[test]
fn more_connections_than_places_take_turns() {
    bounded(async {
        let bounds = Connections { most: 2, ..bounds() };
        let served = Served::start(judge(&[]), Limits::default(), bounds).await;
        let first = served.connect().await;
        let _second = served.connect().await;
        let (address, root) = (served.address, served.certificate.der.clone());
        let third = tokio::spawn(async move { Client::connect(address, &root).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!third.is_finished(), "it waits for a place");
        drop(first);
        let mut third = third.await.unwrap().unwrap();
        assert_eq!(third.review(&create(&supported("p"))).await["allowed"], json!(true));
    });
}

#[test]
fn a_renewed_certificate_is_used_without_a_restart() {
    bounded(async {
        let mut served = Served::usual(judge(&[])).await;
        let old = served.certificate.der.clone();
        let mut kept = served.connect().await;
        served.certificate.renew();
        assert!(tls(served.address, &old).await.is_err(), "the old one is gone");
        assert_eq!(served.connect().await.review(&create(&supported("p"))).await["allowed"], json!(true));
        assert_eq!(kept.review(&create(&supported("p"))).await["allowed"], json!(true), "open connections stay");
        // Half-written files leave the last good pair in use.
        std::fs::write(served.certificate.key(), "-----BEGIN PRIVATE KEY-----\nAAAA").unwrap();
        assert_eq!(served.connect().await.review(&create(&supported("p"))).await["allowed"], json!(true));
    });
}

#[test]
fn certificate_files_that_are_none_are_named() {
    let made = Certificate::new();
    let fault = |cert: PathBuf, key: PathBuf| server_config(cert, key, Duration::ZERO).map(drop).unwrap_err();
    let missing = made.cert().with_extension("gone");
    assert!(fault(missing.clone(), made.key()).starts_with(&missing.display().to_string()));
    let key_as_cert = format!("{}: no certificate in PEM form", made.key().display());
    assert_eq!(fault(made.key(), made.key()), key_as_cert);
    assert_eq!(fault(made.cert(), made.cert()), format!("{}: no private key in PEM form", made.cert().display()));
    let other = Certificate::new();
    assert!(fault(made.cert(), other.key()).starts_with(&other.key().display().to_string()), "the two do not match");
}
