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

use crate::answer::{Impact, answer};
use crate::judge::{Findings, Judge, Malformed};

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
    /// Requests judged at a time; further ones wait.
    pub judging: usize,
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
            judging: std::thread::available_parallelism().map_or(2, usize::from),
        }
    }
}

/// What every request shares.
struct Shared {
    judge: Judge,
    limits: Limits,
    /// KiB of bodies that may still be held.
    memory: Arc<Semaphore>,
    verdicts: Arc<Semaphore>,
    /// Apart from `verdicts`: an impact may take long, and no verdict waits for one.
    impacts: Arc<Semaphore>,
}

/// `POST /validate` and `GET /healthz`.
pub fn router(judge: Judge, limits: Limits) -> Router {
    let shared = Shared {
        judge,
        limits,
        memory: Arc::new(Semaphore::new(kib(limits.all_bodies.max(limits.body)) as usize)),
        verdicts: Arc::new(Semaphore::new(limits.judging.max(1))),
        impacts: Arc::new(Semaphore::new(limits.judging.max(1))),
    };
    Router::new()
        .route("/validate", post(validate))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(Arc::new(shared))
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

async fn validate(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Refused> {
    let deadline = Instant::now() + shared.limits.request;
    let (parts, body) = request.into_parts();
    let (bytes, memory) = read(&shared, &parts.headers, body, deadline).await?;

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
    let (request, mut findings) = judged.map_err(|Malformed(text)| Refused::Malformed(text))?;
    let impact = impact(&shared, &mut findings, deadline - shared.limits.reserve).await;

    let review = answer(&request, &findings, &impact).into_review();
    let body = serde_json::to_vec(&review).map_err(|_| Refused::Broken)?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// The impact, where it is wanted and ready by `deadline`: a verdict never fails for want of it.
async fn impact(shared: &Arc<Shared>, findings: &mut Findings, deadline: Instant) -> Impact {
    let change = match findings.change.take() {
        Some(change) if !findings.is_denial() && !change.is_none() => change,
        _ => return Impact::Lines(Vec::new()),
    };
    if Instant::now() >= deadline {
        return Impact::Late;
    }
    let Ok(Ok(permit)) = timeout_at(deadline, shared.impacts.clone().acquire_owned()).await else {
        return Impact::Late;
    };
    let judge = shared.clone();
    let work = tokio::task::spawn_blocking(move || {
        let _held = permit;
        judge.judge.impact(&change)
    });
    match timeout_at(deadline, work).await {
        Ok(Ok(lines)) => Impact::Lines(lines),
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
