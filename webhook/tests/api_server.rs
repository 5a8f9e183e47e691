//! A stand-in for the API server: lists in pages, watches with bookmarks, over TLS, with the faults that real ones have.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use netpol_webhook::tls::server_config;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::client::Certificate;

/// The paths, apiVersions and kinds that it serves.
const KINDS: [(&str, &str, &str); 14] = [
    ("/api/v1/namespaces", "v1", "Namespace"),
    ("/api/v1/nodes", "v1", "Node"),
    ("/api/v1/pods", "v1", "Pod"),
    ("/api/v1/services", "v1", "Service"),
    ("/api/v1/endpoints", "v1", "Endpoints"),
    ("/api/v1/replicationcontrollers", "v1", "ReplicationController"),
    ("/apis/discovery.k8s.io/v1/endpointslices", "discovery.k8s.io/v1", "EndpointSlice"),
    ("/apis/networking.k8s.io/v1/networkpolicies", "networking.k8s.io/v1", "NetworkPolicy"),
    ("/apis/apps/v1/deployments", "apps/v1", "Deployment"),
    ("/apis/apps/v1/replicasets", "apps/v1", "ReplicaSet"),
    ("/apis/apps/v1/statefulsets", "apps/v1", "StatefulSet"),
    ("/apis/apps/v1/daemonsets", "apps/v1", "DaemonSet"),
    ("/apis/batch/v1/jobs", "batch/v1", "Job"),
    ("/apis/batch/v1/cronjobs", "batch/v1", "CronJob"),
];

pub(crate) const PODS: &str = "/api/v1/pods";
pub(crate) const POLICIES: &str = "/apis/networking.k8s.io/v1/networkpolicies";

/// How the server misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Lists of this path never come.
    ListsHang(&'static str),
    /// Each page of a list of this path takes a while.
    PagesDrag(&'static str),
    /// Whatever is asked of this path is answered with a status of this code.
    Refuses(&'static str, u16),
    /// The next page of a list after the first has expired, once.
    TokenExpires,
    /// Watches say nothing: no events, no bookmarks, no end.
    Silent,
    /// Versions older than now are forgotten: told as an event of a watch that has begun.
    Forgets,
    /// The same, told by the status of the answer.
    ForgetsAtOnce,
    /// Lists say no kind of their items, as typed lists do (they all do) and begin with their items.
    ItemsFirst,
}

#[derive(Default)]
struct Inner {
    version: u64,
    objects: BTreeMap<&'static str, BTreeMap<(String, String), Value>>,
    /// What happened, by version.
    history: Vec<(u64, &'static str, &'static str, Value)>,
    watches: Vec<(&'static str, mpsc::UnboundedSender<Sent>)>,
    faults: Vec<Fault>,
    asked: BTreeMap<(&'static str, &'static str), usize>,
}

enum Sent {
    Line(Value),
    /// The connection breaks in the middle of a line.
    Break,
}

/// The server; it goes when it is dropped.
pub(crate) struct ApiServer {
    inner: Arc<Mutex<Inner>>,
    certificate: Certificate,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ApiServer {
    pub(crate) async fn start() -> Self {
        let certificate = Certificate::new();
        let (tls, _) = server_config(certificate.cert(), certificate.key(), Duration::from_secs(60)).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Mutex::new(Inner { version: 100, ..Inner::default() }));
        let router = Router::new().fallback(answer).with_state(inner.clone());
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, router) = (acceptor.clone(), router.clone());
                open.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = TowerToHyperService::new(router);
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { inner, certificate, address, task }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// A kubeconfig with two contexts, of which `here` leads to the server.
    pub(crate) fn kubeconfig(&self) -> std::path::PathBuf {
        let path = self.certificate.cert().with_file_name("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "elsewhere",
            "clusters": [
                {"name": "here", "cluster": {
                    "server": format!("https://localhost:{}", self.address.port()),
                    "certificate-authority": self.certificate.cert(),
                }},
                {"name": "elsewhere", "cluster": {"server": "https://localhost:1"}},
            ],
            "users": [{"name": "me", "user": {"token": "secret"}}],
            "contexts": [
                {"name": "here", "context": {"cluster": "here", "user": "me"}},
                {"name": "elsewhere", "context": {"cluster": "elsewhere", "user": "me"}},
            ],
        });
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }

    /// An object comes, or changes.
    pub(crate) fn put(&self, mut object: Value) {
        let path = path_of(&object);
        let mut inner = self.inner();
        inner.version += 1;
        object["metadata"]["resourceVersion"] = json!(inner.version.to_string());
        let old = inner.objects.entry(path).or_default().insert(key(&object), object.clone());
        inner.tell(path, if old.is_some() { "MODIFIED" } else { "ADDED" }, object);
    }

    /// An object goes.
    pub(crate) fn remove(&self, object: &Value) {
        let path = path_of(object);
        let mut inner = self.inner();
        inner.version += 1;
        let version = inner.version;
        let mut gone = inner.objects.entry(path).or_default().remove(&key(object)).expect("it is there");
        gone["metadata"]["resourceVersion"] = json!(version.to_string());
        inner.tell(path, "DELETED", gone);
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.inner().faults.push(fault);
    }

    pub(crate) fn mend(&self) {
        self.inner().faults.clear();
    }

    /// Ends all watches, as a server that goes away does.
    pub(crate) fn close_watches(&self) {
        self.inner().watches.clear();
    }

    /// Breaks all watches in the middle of a line.
    pub(crate) fn break_watches(&self) {
        for (_, watch) in self.inner().watches.drain(..) {
            let _ = watch.send(Sent::Break);
        }
    }

    /// How often a call (`list`, `page`, `watch`) of a path was asked for.
    pub(crate) fn asked(&self, path: &'static str, call: &'static str) -> usize {
        self.inner().asked.get(&(path, call)).copied().unwrap_or(0)
    }
}

impl Inner {
    fn tell(&mut self, path: &'static str, what: &'static str, object: Value) {
        self.history.push((self.version, path, what, object.clone()));
        if self.faults.contains(&Fault::Silent) {
            return;
        }
        let event = json!({"type": what, "object": object});
        self.watches.retain(|(own, watch)| *own != path || watch.send(Sent::Line(event.clone())).is_ok());
    }

    fn count(&mut self, path: &'static str, call: &'static str) {
        *self.asked.entry((path, call)).or_insert(0) += 1;
    }

    /// Whether it misbehaves so, which this takes away.
    fn once(&mut self, fault: Fault) -> bool {
        let place = self.faults.iter().position(|own| *own == fault);
        place.map(|place| self.faults.remove(place)).is_some()
    }
}

fn path_of(object: &Value) -> &'static str {
    let is = |(_, version, kind): &&(&str, &str, &str)| object["apiVersion"] == *version && object["kind"] == *kind;
    KINDS.iter().find(is).unwrap_or_else(|| panic!("no path for {object}")).0
}

fn key(object: &Value) -> (String, String) {
    let of = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    (of("namespace"), of("name"))
}

fn status(code: u16, reason: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code, "reason": reason,
        "message": format!("the stand-in says {reason}"), "metadata": {},
    })
}

fn refusal(code: u16, reason: &str) -> Response {
    let code = StatusCode::from_u16(code).unwrap();
    (code, [("content-type", "application/json")], status(code.as_u16(), reason).to_string()).into_response()
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    if request.headers().get("authorization").is_none_or(|value| value != "Bearer secret") {
        return refusal(401, "Unauthorized");
    }
    let Some((path, version, kind)) = KINDS.iter().find(|(path, ..)| *path == request.uri().path()).copied() else {
        return refusal(404, "NotFound");
    };
    let query: BTreeMap<String, String> = request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let faults = inner.lock().unwrap().faults.clone();
    if let Some(Fault::Refuses(_, code)) =
        faults.iter().find(|fault| matches!(fault, Fault::Refuses(refused, _) if *refused == path))
    {
        return refusal(*code, if *code == 403 { "Forbidden" } else { "NotFound" });
    }
    if query.get("watch").is_some_and(|value| value == "true") {
        return watch(&inner, path, version, kind, &query);
    }
    if faults.contains(&Fault::ListsHang(path)) {
        sleep(Duration::from_secs(3_600)).await;
    }
    if faults.contains(&Fault::PagesDrag(path)) {
        sleep(Duration::from_millis(150)).await;
    }
    list(&inner, path, version, kind, &query)
}

fn list(
    inner: &Mutex<Inner>,
    path: &'static str,
    version: &str,
    kind: &str,
    query: &BTreeMap<String, String>,
) -> Response {
    let mut inner = inner.lock().unwrap();
    let from: usize = match query.get("continue") {
        Some(token) => {
            inner.count(path, "page");
            if inner.once(Fault::TokenExpires) {
                return refusal(410, "Expired");
            }
            token.parse().unwrap()
        }
        None => {
            inner.count(path, "list");
            0
        }
    };
    let limit: usize = query.get("limit").map_or(usize::MAX, |limit| limit.parse().unwrap());
    let all: Vec<Value> = inner.objects.get(path).into_iter().flat_map(BTreeMap::values).cloned().collect();
    // As typed lists have them.
    let items: Vec<Value> = all.iter().skip(from).take(limit).cloned().map(bare).collect();
    let mut metadata = json!({"resourceVersion": inner.version.to_string()});
    if from + items.len() < all.len() {
        metadata["continue"] = json!((from + items.len()).to_string());
    }
    let items = Value::from(items);
    let head = format!("\"apiVersion\":\"{version}\",\"kind\":\"{kind}List\",\"metadata\":{metadata}");
    let text = match inner.faults.contains(&Fault::ItemsFirst) {
        true => format!("{{\"items\":{items},{head}}}"),
        false => format!("{{{head},\"items\":{items}}}"),
    };
    ([("content-type", "application/json")], text).into_response()
}

fn bare(mut item: Value) -> Value {
    let fields = item.as_object_mut().unwrap();
    fields.remove("apiVersion");
    fields.remove("kind");
    item
}

fn watch(
    inner: &Arc<Mutex<Inner>>,
    path: &'static str,
    version: &'static str,
    kind: &'static str,
    query: &BTreeMap<String, String>,
) -> Response {
    let mut locked = inner.lock().unwrap();
    locked.count(path, "watch");
    let from: u64 = query["resourceVersion"].parse().unwrap();
    let (sender, receiver) = mpsc::unbounded_channel();
    let is_behind = from < locked.version;
    if is_behind && locked.faults.contains(&Fault::ForgetsAtOnce) {
        return refusal(410, "Expired");
    }
    if is_behind && locked.faults.contains(&Fault::Forgets) {
        let _ = sender.send(Sent::Line(json!({"type": "ERROR", "object": status(410, "Expired")})));
        return stream(receiver);
    }
    let silent = locked.faults.contains(&Fault::Silent);
    if !silent {
        for (_, _, what, object) in locked.history.iter().filter(|(at, own, ..)| *at > from && *own == path) {
            let _ = sender.send(Sent::Line(json!({"type": what, "object": object})));
        }
    }
    locked.watches.push((path, sender.clone()));
    drop(locked);
    let seconds: u64 = query["timeoutSeconds"].parse().unwrap();
    let (shared, weak) = (inner.clone(), sender.downgrade());
    drop(sender);
    tokio::spawn(async move {
        // More often than a real server, and at the end of its time it ends the watch.
        for _ in 0..seconds * 20 {
            sleep(Duration::from_millis(50)).await;
            let Some(sender) = weak.upgrade() else { return };
            let inner = shared.lock().unwrap();
            if inner.faults.contains(&Fault::Silent) {
                continue;
            }
            let object = json!({
                "apiVersion": version, "kind": kind,
                "metadata": {"resourceVersion": inner.version.to_string(), "creationTimestamp": null},
            });
            if sender.send(Sent::Line(json!({"type": "BOOKMARK", "object": object}))).is_err() {
                return;
            }
        }
        if let Some(sender) = weak.upgrade() {
            let mut inner = shared.lock().unwrap();
            if !inner.faults.contains(&Fault::Silent) {
                inner.watches.retain(|(_, own)| !own.same_channel(&sender));
            }
        }
    });
    stream(receiver)
}

/// A body that is sent as it comes, in chunks that end in the middle of lines.
struct Stream {
    receiver: mpsc::UnboundedReceiver<Sent>,
    rest: VecDeque<Bytes>,
}

fn stream(receiver: mpsc::UnboundedReceiver<Sent>) -> Response {
    let body = Body::new(Stream { receiver, rest: VecDeque::new() });
    ([("content-type", "application/json")], body).into_response()
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(part) = self.rest.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        self.receiver.poll_recv(context).map(|sent| match sent? {
            Sent::Break => {
                self.rest.clear();
                Some(Err(io::Error::other("broken off")))
            }
            Sent::Line(line) => {
                let line = Bytes::from(format!("{line}\n"));
                let half = line.len() / 2;
                self.rest.push_back(line.slice(half..));
                Some(Ok(Frame::data(line.slice(..half))))
            }
        })
    }
}
