//! Requests a second of the webhook over TLS on the loopback interface, beside an empty handler in the
//! same run: the ratio says what judging costs, whatever the machine.
//!
//! ```text
//! cargo bench -p netpol-webhook      # about 20 seconds once it is built
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::post;
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use netpol_oracle::{Engine, Loader, Profile};
use netpol_webhook::health::Health;
use netpol_webhook::metrics::Metrics;
use netpol_webhook::view::View;
use netpol_webhook::{judge, routes, server, tls};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Clients at a time, each with one connection.
const CLIENTS: usize = 4;
/// Each handler is measured this often, in turns.
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(200);
const ROUND: Duration = Duration::from_millis(600);

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(measure());
    runtime.shutdown_background();
    outcome
}

async fn measure() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("netpol-oracle-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let (cert, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    std::fs::write(&cert, made.cert.pem())?;
    std::fs::write(&key, made.signing_key.serialize_pem())?;
    let root = made.cert.der().clone();

    let empty = async |body: Bytes| if body.is_empty() { "" } else { "{}" };
    let mut servers =
        vec![("an empty handler".to_owned(), Router::new().route("/validate", post(empty)), create("web"))];
    for pods in [20, 200, 2_000] {
        let router = routes::router(
            judge(pods)?,
            routes::Limits::default(),
            Arc::new(Metrics::new()),
            Arc::new(Health::default()),
        );
        servers.push((format!("{pods} pods, the policy changes"), router.clone(), create("app-1")));
        servers.push((format!("{pods} pods, it stays as it is"), router, update("app-1")));
    }
    let mut running = Vec::new();
    for (name, router, request) in servers {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (tls, _) = tls::server_config(cert.clone(), key.clone(), Duration::from_secs(10))?;
        let never = std::future::pending();
        let (health, metrics) = (Arc::new(Health::default()), Arc::new(Metrics::new()));
        let serving = server::Serving { router, health, metrics };
        tokio::spawn(server::serve(listener, tls, serving, server::Connections::default(), never));
        running.push((name, address, Bytes::from(request.to_string()), Vec::new()));
    }
    // In turns, so that what else the machine does falls on all of them.
    for _ in 0..ROUNDS {
        for (_, address, request, rates) in &mut running {
            rates.push(rate(*address, &root, request).await?);
        }
    }
    std::fs::remove_dir_all(&folder)?;

    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied().unwrap_or_default()
    };
    let mut base = None;
    println!("{:32} {:>12} {:>8}", format!("{CLIENTS} clients, TLS, keep-alive"), "requests/s", "ratio");
    for (name, _, _, mut rates) in running {
        let rate = median(&mut rates);
        let base = *base.get_or_insert(rate);
        println!("{name:32} {rate:12.0} {:8.3}", rate / base);
    }
    Ok(())
}

/// Answers a second to all clients together, over one common stretch of time.
async fn rate(address: SocketAddr, root: &CertificateDer<'static>, request: &Bytes) -> Result<f64> {
    let answers = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(address, root.clone(), request.clone(), answers.clone()));
    }
    let count = || (answers.load(Ordering::Relaxed), Instant::now());
    sleep(WARM_UP).await;
    let (before, from) = count();
    sleep(ROUND).await;
    let (after, to) = count();
    // A client ends only by failing.
    if let Some(ended) = clients.try_join_next() {
        ended??;
    }
    clients.shutdown().await;
    Ok((after - before) as f64 / (to - from).as_secs_f64())
}

async fn client(
    address: SocketAddr,
    root: CertificateDer<'static>,
    request: Bytes,
    answers: Arc<AtomicU64>,
) -> Result<()> {
    let mut roots = RootCertStore::empty();
    roots.add(root)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    loop {
        let message = Request::builder().method("POST").uri("/validate").header(HOST, "localhost");
        sender.ready().await?;
        let response = sender.send_request(message.body(Body::from(request.clone()))?).await?;
        if !response.status().is_success() {
            return Err(format!("{}", response.status()).into());
        }
        response.into_body().collect().await?;
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// A cluster of `pods` in ten apps, a policy an app.
fn judge(pods: usize) -> Result<judge::Judge> {
    let profile: Profile = "tunnel:v1.31.6-r0".parse()?;
    let mut loader = Loader::new(profile.release());
    for pod in 0..pods {
        let address = format!("10.0.{}.{}", pod / 256, pod % 256);
        loader = loader.object(
            "pods",
            &json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("pod-{pod}"), "namespace": "shop", "labels": {"app": format!("app-{}", pod % 10)}},
                "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 8080}]}]},
                "status": {"phase": "Running", "podIP": address},
            }),
        );
    }
    for app in 0..10 {
        loader = loader.object("policies", &policy(&format!("app-{app}"), 80));
    }
    let view = View::of_files(Engine::new(&loader.finish().cluster, &profile));
    Ok(judge::Judge::new(profile, Arc::new(view), judge::Rules::default()))
}

fn policy(app: &str, port: u16) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": app, "namespace": "shop", "uid": "c0ffee"},
        "spec": {
            "podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"],
            "ingress": [{
                "from": [{"podSelector": {"matchLabels": {"app": "app-2"}}}],
                "ports": [{"protocol": "TCP", "port": port}],
            }],
        },
    })
}

fn review(operation: &str, object: &Value, old: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5",
            "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "NetworkPolicy"},
            "resource": {"group": "networking.k8s.io", "version": "v1", "resource": "networkpolicies"},
            "name": object["metadata"]["name"], "namespace": "shop", "operation": operation,
            "userInfo": {"username": "admin"}, "object": object, "oldObject": old, "dryRun": false, "options": null,
        },
    })
}

/// A policy beside those there are.
fn create(app: &str) -> Value {
    let mut object = policy(app, 443);
    object["metadata"]["name"] = json!("new");
    review("CREATE", &object, &Value::Null)
}

/// Only labels change: there is no impact to work out.
fn update(app: &str) -> Value {
    let old = policy(app, 80);
    let mut object = old.clone();
    object["metadata"]["labels"] = json!({"a": "b"});
    review("UPDATE", &object, &old)
}
