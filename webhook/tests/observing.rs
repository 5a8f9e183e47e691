//! What is told of it: figures, lines of the log, annotations for the audit log.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use netpol_webhook::view::{Origin, View};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api_server::ApiServer;
use crate::client::{Certificate, Served, bounded, create, idle, judge, review, supported, unsupported};
use crate::process::Process;

#[test]
fn requests_are_counted_by_outcome() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        client.review(&create(&supported("p"))).await;
        client.review(&create(&unsupported("p"))).await;
        client.post("{}").await;
        let answer = client.send("GET", "/metrics", "".into()).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        let text = answer.text();
        for line in [
            "# TYPE netpol_webhook_requests counter",
            "netpol_webhook_requests_total{operation=\"create\",outcome=\"allowed\"} 1",
            "netpol_webhook_requests_total{operation=\"create\",outcome=\"denied\"} 1",
            "netpol_webhook_requests_total{operation=\"\",outcome=\"malformed\"} 1",
            "netpol_webhook_findings_total{code=\"NP214\"} 1",
            "netpol_webhook_impacts_total{outcome=\"changes\"} 1",
            "netpol_webhook_request_seconds_count 3",
            "netpol_webhook_view_ready 1",
            "netpol_webhook_view_objects{kind=\"pods\"} 2",
            "# EOF",
        ] {
            assert!(text.lines().any(|own| own == line), "{line} in {text}");
        }
        assert!(!served.metrics.text(&View::new(Origin::Files)).contains("view_ready 1"));
    });
}

#[test]
fn the_audit_log_gets_what_was_found() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let annotations = |response: Value| response["auditAnnotations"].clone();
        let mut dry = create(&supported("p"));
        dry["request"]["dryRun"] = json!(true);
        let allowed = annotations(client.review(&dry).await);
        assert_eq!(allowed["impact"], json!("changes: closes closes-outside becomes-undefined isolation-added"));
        let age: f64 = allowed["view-age-seconds"].as_str().unwrap().parse().unwrap();
        assert!((0.0..20.0).contains(&age), "{age}");
        assert_eq!(allowed["denied-by"], Value::Null);
        // Where `p` does not count, which would say all that `q` says.
        let alone = Served::usual(judge(&[])).await;
        let mut client = alone.connect().await;
        let denied = annotations(client.review(&create(&unsupported("q"))).await);
        assert_eq!((&denied["findings"], &denied["denied-by"]), (&json!("NP214"), &json!("NP214")));
        let warned = annotations(client.review(&create(&idle("r"))).await);
        assert_eq!((&warned["findings"], &warned["impact"]), (&json!("NP222"), &json!("none")));
        let stays = annotations(client.review(&review("UPDATE", &unsupported("q"), &unsupported("q"))).await);
        assert_eq!((&stays["findings"], &stays["denied-by"]), (&json!("NP214"), &Value::Null));
    });
}

#[test]
fn each_decision_is_a_line() {
    bounded(async {
        let process = Process::start(&["--profile=tunnel:v1.31.6-r0", "--deny-impact=isolation-removed"]);
        let mut client = process.connect().await;
        client.review(&create(&unsupported("p"))).await;
        let line = process.line("decision");
        assert_eq!(line["level"], json!("INFO"));
        assert_eq!((&line["uid"], &line["object"]), (&json!("uid-of-p"), &json!("shop/p")));
        assert_eq!((&line["operation"], &line["outcome"]), (&json!("create"), &json!("denied")));
        assert_eq!((&line["user"], &line["dry_run"]), (&json!("admin"), &json!(false)));
        assert_eq!((&line["findings"], &line["denied_by"]), (&json!("NP214"), &json!("NP214")));
        assert!(line["took_ms"].as_f64().unwrap() > 0.0);
        client.post("no review").await;
        assert_eq!(process.line("decision")["outcome"], json!("malformed"));
    });
}

#[test]
fn the_program_watches_reads_again_and_stops() {
    bounded(async {
        let api = ApiServer::start().await;
        api.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
        let kubeconfig = api.kubeconfig().display().to_string();
        let mut process = Process::start(&["--watch", "--kubeconfig", &kubeconfig, "--context=here", "--drain=0"]);
        let mut client = process.connect().await;
        let start = Instant::now();
        while client.send("GET", "/readyz", "".into()).await.unwrap().status != StatusCode::OK {
            assert!(start.elapsed() < Duration::from_secs(10), "it becomes ready");
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(process.line("the cluster is in view")["pods"], json!(0));
        process.certificate.renew();
        process.signal("-HUP");
        process.line("the certificate is renewed");
        assert!(client.send("GET", "/healthz", "".into()).await.is_ok(), "it goes on");
        process.signal("-TERM");
        process.line("stopped");
        assert!(process.wait().success());
    });
}

#[test]
fn a_certificate_in_its_last_week_is_warned_of() {
    let certificate = Certificate::new();
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let now = std::time::SystemTime::now();
    parameters.not_after = (now + Duration::from_secs(48 * 3_600 + 60)).into();
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(certificate.cert(), parameters.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(certificate.key(), key.serialize_pem()).unwrap();
    let process = Process::start_with(certificate, &[]);
    let line = process.line("the certificate expires");
    assert_eq!((&line["level"], &line["hours_left"]), (&json!("WARN"), &json!(48)));
}
