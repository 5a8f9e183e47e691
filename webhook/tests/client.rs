//! A served webhook, a certificate for it, a client that trusts it, and requests to send.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::SendRequest;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use netpol_oracle::diagnostic::Code;
use netpol_oracle::{Cluster, Engine, Loader, Profile};
use netpol_webhook::health::Health;
use netpol_webhook::judge::{Judge, Rules};
use netpol_webhook::metrics::Metrics;
use netpol_webhook::routes::{Limits, router};
use netpol_webhook::server::{Connections, Serving, serve};
use netpol_webhook::tls::server_config;
use netpol_webhook::view::View;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Runs a test to its end, or to a failure after half a minute.
pub(crate) fn bounded(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let outcome = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), test).await });
    runtime.shutdown_background();
    outcome.expect("the test ends in time");
}

/// A certificate for `localhost` in two files of its own.
pub(crate) struct Certificate {
    folder: PathBuf,
    pub(crate) der: CertificateDer<'static>,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("netpol-oracle-webhook-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut made = Self { folder, der: Vec::new().into() };
        made.renew();
        made
    }

    /// Another certificate in the same files.
    pub(crate) fn renew(&mut self) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(self.cert(), made.cert.pem()).unwrap();
        std::fs::write(self.key(), made.signing_key.serialize_pem()).unwrap();
        self.der = made.cert.der().clone();
    }

    pub(crate) fn cert(&self) -> PathBuf {
        self.folder.join("tls.crt")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("tls.key")
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Those of connections, and nobody to wait for at the end.
pub(crate) fn bounds() -> Connections {
    Connections { drain: Duration::ZERO, ..Connections::default() }
}

/// A webhook that serves.
pub(crate) struct Served {
    pub(crate) certificate: Certificate,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Arc<Metrics>,
    stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start(judge: Judge, limits: Limits, bounds: Connections) -> Self {
        let certificate = Certificate::new();
        let (tls, _) = server_config(certificate.cert(), certificate.key(), Duration::ZERO).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let (metrics, health) = (Arc::new(Metrics::new()), Arc::new(Health::default()));
        let router = router(judge, limits, metrics.clone(), health.clone());
        let serving = Serving { router, health, metrics: metrics.clone() };
        let task = tokio::spawn(serve(listener, tls, serving, bounds, stopped));
        Self { certificate, address, metrics, stop, task }
    }

    /// With the bounds it has by itself, but that it stops at once.
    pub(crate) async fn usual(judge: Judge) -> Self {
        Self::start(judge, Limits::default(), bounds()).await
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address, &self.certificate.der).await.unwrap()
    }

    /// Tells it to stop; returns at once.
    pub(crate) fn stop(self) -> (JoinHandle<()>, Certificate) {
        self.stop.send(()).unwrap();
        (self.task, self.certificate)
    }
}

/// The encrypted stream of a new connection.
pub(crate) async fn tls(address: SocketAddr, root: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    tls_of(address, root, rustls::ALL_VERSIONS).await
}

/// The same, in one of some versions.
pub(crate) async fn tls_of(
    address: SocketAddr,
    root: &CertificateDer<'static>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(versions).unwrap().with_root_certificates(roots);
    let config = config.with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// One connection, kept alive.
pub(crate) struct Client {
    sender: SendRequest<Body>,
    /// Ends when the connection does.
    pub(crate) connection: JoinHandle<hyper::Result<()>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) closes: bool,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The `response` of the review.
    pub(crate) fn response(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        let review: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(
            (&review["apiVersion"], &review["kind"]),
            (&json!("admission.k8s.io/v1"), &json!("AdmissionReview"))
        );
        review["response"].clone()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, root: &CertificateDer<'static>) -> std::io::Result<Self> {
        let stream = tls(address, root).await?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        Ok(Self { sender, connection: tokio::spawn(connection) })
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, body: Body) -> hyper::Result<Answer> {
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(body).unwrap()).await?;
        let closes = response.headers().get("connection").is_some_and(|value| value == "close");
        let status = response.status();
        Ok(Answer { status, closes, body: response.into_body().collect().await?.to_bytes() })
    }

    pub(crate) async fn post(&mut self, body: impl Into<Body>) -> Answer {
        self.send("POST", "/validate", body.into()).await.unwrap()
    }

    /// The webhook's response to a review.
    pub(crate) async fn review(&mut self, review: &Value) -> Value {
        self.post(review.to_string()).await.response()
    }
}

/// A cluster that enforces no `endPort`: two pods, the cluster's DNS, and the policy `shop/old` on one pod.
pub(crate) fn judge(denied: &[Code]) -> Judge {
    by(Rules { denied: denied.iter().copied().collect(), ..Rules::default() })
}

/// The same by other rules.
pub(crate) fn by(rules: Rules) -> Judge {
    let view = View::of_files(Engine::new(&cluster(), &profile()));
    Judge::new(profile(), Arc::new(view), rules)
}

pub(crate) fn profile() -> Profile {
    "tunnel:v1.31.6-r0".parse().unwrap()
}

pub(crate) fn cluster() -> Cluster {
    let pod = |name: &str, address: &str| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 8080}]}]},
            "status": {"phase": "Running", "podIP": address},
        })
    };
    let loaded = Loader::new(profile().release())
        .object("web", &pod("web", "10.0.0.1"))
        .object("db", &pod("db", "10.0.0.2"))
        .object("old", &policy("old", json!({"podSelector": {"matchLabels": {"app": "db"}}})))
        .finish();
    assert_eq!(loaded.diagnostics, []);
    loaded.cluster
}

/// A policy of the namespace `shop` as the server hands it over: defaulted, with its bookkeeping.
pub(crate) fn policy(name: &str, mut spec: Value) -> Value {
    if spec.get("policyTypes").is_none() {
        spec["policyTypes"] = json!(["Ingress"]);
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {
            "name": name, "namespace": "shop", "uid": "c0ffee", "generation": 1,
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "managedFields": [{
                "manager": "kubectl", "operation": "Update", "apiVersion": "networking.k8s.io/v1",
                "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}},
            }],
        },
        "spec": spec,
    })
}

/// A policy that this cluster cannot enforce: an `endPort`.
pub(crate) fn unsupported(name: &str) -> Value {
    let port = json!({"protocol": "TCP", "port": 80, "endPort": 90});
    policy(name, json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"ports": [port]}]}))
}

/// One that it can.
pub(crate) fn supported(name: &str) -> Value {
    let port = json!({"protocol": "TCP", "port": 80});
    policy(name, json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"ports": [port]}]}))
}

/// One that selects no pod.
pub(crate) fn idle(name: &str) -> Value {
    let ingress = json!([{"ports": [{"port": 80}]}]);
    policy(name, json!({"podSelector": {"matchLabels": {"app": "nobody"}}, "ingress": ingress}))
}

/// A review as the server sends it; `object` and `old` may be null.
pub(crate) fn review(operation: &str, object: &Value, old: &Value) -> Value {
    let name = if object.is_null() { &old["metadata"]["name"] } else { &object["metadata"]["name"] };
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": format!("uid-of-{}", name.as_str().unwrap_or_default()),
            "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "NetworkPolicy"},
            "resource": {"group": "networking.k8s.io", "version": "v1", "resource": "networkpolicies"},
            "requestKind": {"group": "networking.k8s.io", "version": "v1", "kind": "NetworkPolicy"},
            "requestResource": {"group": "networking.k8s.io", "version": "v1", "resource": "networkpolicies"},
            "name": name, "namespace": "shop", "operation": operation,
            "userInfo": {"username": "admin", "groups": ["system:masters"]},
            "object": object, "oldObject": old, "dryRun": false,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
        },
    })
}

pub(crate) fn create(object: &Value) -> Value {
    review("CREATE", object, &Value::Null)
}

/// The texts of a response's warnings.
pub(crate) fn warnings(response: &Value) -> Vec<&str> {
    response["warnings"].as_array().map_or(Vec::new(), |list| list.iter().filter_map(Value::as_str).collect())
}
