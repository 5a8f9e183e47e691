//! Connections: who gets one, how long a head may take, in which versions of TLS, and how the certificate's end is told.

use std::time::{Duration, Instant, SystemTime};

use netpol_webhook::metrics::Metrics;
use netpol_webhook::routes::Limits;
use netpol_webhook::server::Connections;
use netpol_webhook::tls::server_config;
use netpol_webhook::view::{Origin, View};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::client::{Certificate, Served, bounded, bounds, create, judge, supported, tls, tls_of};

#[test]
fn one_peer_does_not_take_all_places() {
    bounded(async {
        let limits = Connections { most: 100, most_per_peer: 2, ..bounds() };
        let served = Served::start(judge(&[]), Limits::default(), limits).await;
        let first = served.connect().await;
        let mut second = served.connect().await;
        // Closed at once, not left to wait.
        let mut third = TcpStream::connect(served.address).await.unwrap();
        assert_eq!(third.read(&mut [0; 8]).await.unwrap_or(0), 0);
        assert_eq!(second.review(&create(&supported("p"))).await["allowed"], json!(true));
        drop(first);
        let start = Instant::now();
        while tls(served.address, &served.certificate.der).await.is_err() {
            assert!(start.elapsed() < Duration::from_secs(5), "a place comes free");
            sleep(Duration::from_millis(5)).await;
        }
        let view = View::new(Origin::Nowhere);
        assert!(served.metrics.text(&view).contains("netpol_webhook_refused_connections_total{reason=\"peer\"}"));
    });
}

#[test]
fn a_head_has_less_time_than_an_idle_connection() {
    bounded(async {
        let limits = Connections { head: Duration::from_millis(200), ..bounds() };
        let served = Served::start(judge(&[]), Limits::default(), limits).await;
        let mut idle = served.connect().await;
        assert_eq!(idle.review(&create(&supported("p"))).await["allowed"], json!(true));
        let mut never_used = served.connect().await;
        let start = Instant::now();
        let mut slow = tls(served.address, &served.certificate.der).await.unwrap();
        // Byte by byte: the head as a whole has the time, not each byte.
        let sending = async {
            for byte in b"POST /validate HTTP/1.1\r\nhost: localhost\r\nx: ".iter().cycle() {
                if slow.write_all(&[*byte]).await.is_err() {
                    break;
                }
                let mut answer = [0; 64];
                match tokio::time::timeout(Duration::from_millis(20), slow.read(&mut answer)).await {
                    Err(_) => {}
                    Ok(_) => break,
                }
            }
        };
        sending.await;
        assert!((150..5_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
        sleep(Duration::from_millis(300)).await;
        assert_eq!(idle.review(&create(&supported("p"))).await["allowed"], json!(true), "the idle one stays");
        assert_eq!(never_used.review(&create(&supported("p"))).await["allowed"], json!(true));
        // A head that ended in time may have a body that takes longer.
        let (feed, body) = crate::bounds::fed();
        let whole = axum::body::Bytes::from(create(&supported("p")).to_string());
        feed.send(whole.slice(..50)).await.unwrap();
        let answer = tokio::spawn(async move { idle.post(body).await });
        sleep(Duration::from_millis(400)).await;
        feed.send(whole.slice(50..)).await.unwrap();
        drop(feed);
        assert_eq!(answer.await.unwrap().response()["allowed"], json!(true));
    });
}

#[test]
fn both_versions_of_tls_are_spoken() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let stream = tls_of(served.address, &served.certificate.der, &[version]).await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        }
    });
}

#[test]
fn the_certificates_end_is_known() {
    bounded(async {
        let certificate = Certificate::new();
        let (_, current) = server_config(certificate.cert(), certificate.key(), Duration::ZERO).unwrap();
        // What rcgen makes by itself ends in the year 4096.
        assert!(current.expires() > SystemTime::now() + Duration::from_secs(1_000 * 365 * 86_400));
        let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2031, 2, 3);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = parameters.self_signed(&key).unwrap();
        std::fs::write(certificate.cert(), made.pem()).unwrap();
        std::fs::write(certificate.key(), key.serialize_pem()).unwrap();
        let metrics = Metrics::new();
        let watching = current.watch_expiry(&metrics, Duration::from_millis(1), Duration::ZERO);
        let _ = tokio::time::timeout(Duration::from_millis(50), watching).await;
        let text = metrics.text(&View::new(Origin::Nowhere));
        // 2031-02-03T00:00:00Z
        assert!(text.contains("netpol_webhook_certificate_expiry_timestamp_seconds 1927843200.0"), "{text}");
    });
}

#[test]
fn the_servers_own_time_limit_counts() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        for (query, least, most) in [("timeout=2s", 1_000, 2_000), ("timeout=0h0m2.5s&x=y", 1_500, 2_500)] {
            let (feed, body) = crate::bounds::fed();
            feed.send(axum::body::Bytes::from_static(b"{")).await.unwrap();
            let start = Instant::now();
            let answer = client.send("POST", &format!("/validate?{query}"), body).await.unwrap();
            let took = start.elapsed().as_millis();
            assert_eq!(answer.status, hyper::StatusCode::REQUEST_TIMEOUT);
            assert!((least..most).contains(&took), "{query}: {took} ms");
            drop(feed);
            client = served.connect().await;
        }
        // What is no time counts for nothing.
        for query in [
            "timeout=",
            "timeout=0s",
            "timeout=soon",
            "timeout=-1s",
            "time=1ms",
            "timeout=99999999999999999999999h",
            "timeout=999999999999999h",
        ] {
            let body = create(&supported("p")).to_string();
            let answer = client.send("POST", &format!("/validate?{query}"), body.into()).await.unwrap();
            assert_eq!(answer.response()["allowed"], json!(true), "{query}");
        }
    });
}
