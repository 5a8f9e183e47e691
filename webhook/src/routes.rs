//! HTTP: what is read of a request, within which bounds, and which status answers it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::core::DynamicObject;
use kube::core::admission::{AdmissionRequest, AdmissionReview, META_API_VERSION_V1, META_KIND};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::answer::answer;
use crate::decision::Decision;
use crate::health::Health;
use crate::impact::{Impact, work_out};
use crate::judge::{Findings, Judge, Malformed};
use crate::metrics::{CONTENT_TYPE as METRICS, Metrics};

/// How much is done for one request, and for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// All bodies held at a time, in bytes; further requests wait.
    pub all_bodies: usize,
    /// From the request's head to the answer.
    pub request: Duration,
    /// What of `request` is kept for answering once the impact is given up.
    pub reserve: Duration,
    /// The least that is kept of the time that the API server says it waits; else a tenth of it, and ten times this at most.
    pub margin: Duration,
    /// Requests judged at a time; further ones wait.
    pub judging: usize,
    /// Impacts worked out at a time, those that were given up and are not at their end among them; further ones wait.
    pub impacts: usize,
}

impl Default for Limits {
    /// A body holds the object twice (`object` and `oldObject`, 3 MiB each at most) and the request around
    /// them. The time stays below `timeoutSeconds: 5` of the registration.
    fn default() -> Self {
        Self {
            body: 8 << 20,
            all_bodies: 64 << 20,
            request: Duration::from_secs(4),
            reserve: Duration::from_millis(500),
            margin: Duration::from_millis(100),
            judging: cores(),
            // One core is left for verdicts.
            impacts: cores().saturating_sub(1).max(1),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// What every request shares.
struct Shared {
    judge: Judge,
    limits: Limits,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// KiB of bodies that may still be held.
    memory: Arc<Semaphore>,
    verdicts: Arc<Semaphore>,
    /// Apart from `verdicts`: an impact may take long, and no verdict waits for one.
    impacts: Arc<Semaphore>,
}

/// `POST /validate`, `GET /healthz`, `/readyz` and `/metrics`.
pub fn router(judge: Judge, limits: Limits, metrics: Arc<Metrics>, health: Arc<Health>) -> Router {
    let shared = Shared {
        judge,
        limits,
        metrics,
        health,
        memory: Arc::new(Semaphore::new(kib(limits.all_bodies.max(limits.body)) as usize)),
        verdicts: Arc::new(Semaphore::new(limits.judging.max(1))),
        impacts: Arc::new(Semaphore::new(limits.impacts.max(1))),
    };
    Router::new()
        .route("/validate", post(validate))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(Arc::new(shared))
}

/// Whether a new start would mend nothing.
async fn alive(State(shared): State<Arc<Shared>>) -> Response {
    match shared.judge.view().is_kept() {
        true => "ok\n".into_response(),
        false => (StatusCode::INTERNAL_SERVER_ERROR, "the view is no longer kept\n").into_response(),
    }
}

/// Whether requests are to come here: there is a view of the cluster, and it is not time to stop.
async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let said = if shared.health.is_stopping() { Err("stopping".to_owned()) } else { shared.judge.view().ready() };
    match said {
        Ok(()) => "ok\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn metrics_text(State(shared): State<Arc<Shared>>) -> Response {
    ([(CONTENT_TYPE, METRICS)], shared.metrics.text(shared.judge.view())).into_response()
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX >> 3)
}

/// Why a request gets no admission response. The API server then does as `failurePolicy` says.
enum Refused {
    TooLarge(usize),
    TooSlow,
    Busy,
    Malformed(String),
    Broken,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::TooLarge(limit) => (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes")),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time".to_owned()),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many requests to answer this one in time".to_owned()),
            Self::Malformed(text) => (StatusCode::BAD_REQUEST, text),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "judging the request failed".to_owned()),
        };
        // After these the rest of the body may still be under way: the connection is of no further use.
        let closes = matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
        let mut response = (status, format!("{text}\n")).into_response();
        if closes {
            response.headers_mut().insert(CONNECTION, axum::http::HeaderValue::from_static("close"));
        }
        response
    }
}

impl Refused {
    /// In a word, for logs and metrics.
    fn word(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too-large",
            Self::TooSlow => "too-slow",
            Self::Busy => "busy",
            Self::Malformed(_) => "malformed",
            Self::Broken => "broken",
        }
    }
}

async fn validate(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Refused> {
    let start = Instant::now();
    let mut decision = Decision::default();
    let answered = decide(&shared, request, start, &mut decision).await;
    if let Err(refused) = &answered {
        decision.outcome = refused.word();
    }
    decision.tell(&shared.metrics, start.elapsed());
    answered
}

/// When the answer must be there: in our own time, and before the server no longer waits for it.
fn deadline(start: Instant, limits: &Limits, query: Option<&str>) -> Instant {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    // None is no time at all, and none is so long that it could not be added up.
    let said = pairs.filter(|(key, value)| *key == "timeout" && value.len() <= 16).find_map(|(_, value)| {
        let said: kube::core::Duration = value.parse().ok()?;
        let is_time = !said.is_negative() && said > Duration::ZERO;
        is_time.then(|| Duration::from(said))
    });
    // The server's clock began before the connection stood, and the answer is on its way for a while.
    let theirs = said.map(|said| said.saturating_sub((said / 10).clamp(limits.margin, limits.margin * 10)));
    start + theirs.map_or(limits.request, |theirs| theirs.min(limits.request))
}

async fn decide(
    shared: &Arc<Shared>,
    request: Request,
    start: Instant,
    decision: &mut Decision,
) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let deadline = deadline(start, &shared.limits, parts.uri.query());
    let (bytes, memory) = read(shared, &parts.headers, body, deadline).await?;

    let judging = shared.verdicts.clone().acquire_owned();
    let permit = timeout_at(deadline, judging).await.ok().and_then(Result::ok).ok_or(Refused::Busy)?;
    let judge = shared.clone();
    let work = tokio::task::spawn_blocking(move || {
        let _held = (permit, memory);
        let request = parse(&bytes)?;
        let findings = judge.judge.examine(&request)?;
        Ok::<_, Malformed>((request, findings))
    });
    let judged = timeout_at(deadline, work).await.map_err(|_| Refused::Busy)?.map_err(|_| Refused::Broken)?;
    let (request, findings) = judged.map_err(|Malformed(text)| Refused::Malformed(text))?;
    decision.asked(&request);
    let reserve = shared.limits.reserve.min(deadline - start);
    let impact = impact(shared, &findings, deadline - reserve).await;

    let response = answer(&request, &findings, &impact);
    decision.answered(&response, &findings, &impact);
    if let Some(change) = findings.change.as_ref().filter(|_| response.allowed && !request.dry_run) {
        shared.judge.admitted(change);
    }
    let body = serde_json::to_vec(&response.into_review()).map_err(|_| Refused::Broken)?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// The impact, where it is wanted and ready by `deadline`: a verdict never fails for want of it.
async fn impact(shared: &Arc<Shared>, findings: &Findings, deadline: Instant) -> Impact {
    if findings.is_denial() {
        return Impact::Off;
    }
    if let Some(known) = shared.judge.known_impact(findings) {
        return known;
    }
    let Some(change) = findings.change.clone() else { return Impact::None };
    if Instant::now() >= deadline {
        return Impact::Late;
    }
    let Ok(Ok(permit)) = timeout_at(deadline, shared.impacts.clone().acquire_owned()).await else {
        return Impact::Late;
    };
    let sight = findings.sight.clone();
    let work = tokio::task::spawn_blocking(move || {
        let _held = permit;
        work_out(&sight, &change, &|| Instant::now() < deadline)
    });
    match timeout_at(deadline, work).await {
        Ok(Ok(impact)) => impact,
        _ => Impact::Late,
    }
}

/// The whole body, and the claim on memory that lasts as long as it is held.
async fn read(
    shared: &Shared,
    headers: &HeaderMap,
    mut body: Body,
    deadline: Instant,
) -> Result<(Bytes, tokio::sync::OwnedSemaphorePermit), Refused> {
    let limit = shared.limits.body;
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        if !headers.contains_key(EXPECT) {
            drain(&mut body, limit, deadline).await;
        }
        return Err(Refused::TooLarge(limit));
    }
    let claim = shared.memory.clone().acquire_many_owned(kib(length.unwrap_or(limit)));
    let claim = timeout_at(deadline, claim).await.ok().and_then(Result::ok).ok_or(Refused::Busy)?;
    match timeout_at(deadline, Limited::new(&mut body, limit).collect()).await {
        Ok(Ok(whole)) => Ok((whole.to_bytes(), claim)),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            drain(&mut body, limit, deadline).await;
            Err(Refused::TooLarge(limit))
        }
        Ok(Err(_)) => Err(Refused::Malformed("the body broke off".to_owned())),
        Err(_) => Err(Refused::TooSlow),
    }
}

/// Reads on and throws away, within bounds: a client that is still sending when the connection closes may
/// see a reset instead of the answer.
async fn drain(body: &mut Body, limit: usize, deadline: Instant) {
    let mut left = limit.saturating_mul(4);
    while let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// The request of an `AdmissionReview`.
fn parse(body: &[u8]) -> Result<AdmissionRequest<DynamicObject>, Malformed> {
    let review: AdmissionReview<DynamicObject> = serde_json::from_slice(body)
        .map_err(|error| Malformed(format!("the body is no {META_KIND} of {META_API_VERSION_V1}: {error}")))?;
    if review.types.kind != META_KIND || review.types.api_version != META_API_VERSION_V1 {
        let said = format!("{} of {}", review.types.kind, review.types.api_version);
        return Err(Malformed(format!("the body is a {said} where {META_KIND} of {META_API_VERSION_V1} is spoken")));
    }
    review.try_into().map_err(|_| Malformed(format!("the {META_KIND} holds no request")))
}
