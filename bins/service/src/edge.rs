//! What every request passes on its way in and every answer on its way out.
//!
//! From the outside: request id, trace span, security headers, quota headers, then the guard (load, time, panics).

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::body::Body as HttpBody;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::util::BoxCloneService;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use crate::body::{self, BoxError, Request, Response};
use crate::context::{REQUEST_ID_HEADER, Shutdown};
use crate::limits::Limits;
use crate::problem::Problem;
use crate::quota::{RATE_LIMIT, Slot};

/// An application with its edge around it.
pub(crate) type Edge = BoxCloneService<Request, Response, Infallible>;

/// Longest request id that is taken over from a client, in characters.
const REQUEST_ID_CHARACTERS_MAX: usize = 64;

/// Sent unless the application says otherwise: fit for JSON, so pages must set their own policy.
const DEFAULT_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Puts the edge around `app`.
pub(crate) fn wrap<A, B>(app: A, limits: &Limits, shutdown: CancellationToken) -> Edge
where
    A: Service<Request, Response = http::Response<B>, Error = Infallible> + Clone + Send + 'static,
    A::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError>,
{
    let guard = Arc::new(Guard {
        permits: Semaphore::new(limits.requests_max),
        timeout: Duration::from_millis(limits.request_timeout_ms),
        url_bytes_max: limits.url_bytes_max,
        headers_max: limits.headers_max,
    });
    let guarded = service_fn(move |mut request: Request| {
        let (app, guard) = (app.clone(), Arc::clone(&guard));
        request.extensions_mut().insert(Shutdown(shutdown.clone()));
        async move { Ok(guard.pass(app, request).await) }
    });
    let [a, b, c, d, e] = DEFAULT_HEADERS.map(|(name, value)| SetResponseHeaderLayer::if_not_present(name, value));
    ServiceBuilder::new()
        .map_request(drop_bad_request_id)
        .layer(SetRequestIdLayer::x_request_id(RandomId))
        .layer(PropagateRequestIdLayer::x_request_id())
        .map_response(|response: http::Response<_>| response.map(body::boxed))
        .layer(
            TraceLayer::new_for_http()
                // The path without the query: a query may hold what no log should.
                .make_span_with(|request: &Request| {
                    let id = request_id(request.headers()).unwrap_or_default();
                    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), id)
                })
                .on_request(())
                .on_body_chunk(())
                .on_eos(())
                .on_failure(())
                .on_response(|response: &http::Response<_>, latency: Duration, _: &tracing::Span| {
                    tracing::debug!(status = response.status().as_u16(), latency_us = latency.as_micros(), "answered");
                }),
        )
        .layer(a)
        .layer(b)
        .layer(c)
        .layer(d)
        .layer(e)
        .service(guarded)
        .boxed_clone()
}

/// What requests pass last: bounds of load, time and size, and a net for panics.
struct Guard {
    permits: Semaphore,
    timeout: Duration,
    url_bytes_max: usize,
    headers_max: usize,
}

impl Guard {
    async fn pass<A, B>(&self, app: A, mut request: Request) -> Response
    where
        A: Service<Request, Response = http::Response<B>, Error = Infallible>,
        B: HttpBody<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        let id = request_id(request.headers()).map(str::to_owned);
        let slot = Slot::default();
        request.extensions_mut().insert(slot.clone());
        let answer = self.answer(app, request).await;
        let mut response = answer.unwrap_or_else(|problem| problem.into_response(id.as_deref()));
        if let Some(standing) = slot.standing()
            && !response.headers().contains_key(RATE_LIMIT)
        {
            standing.write(response.headers_mut());
        }
        response
    }

    async fn answer<A, B>(&self, app: A, request: Request) -> Result<Response, Problem>
    where
        A: Service<Request, Response = http::Response<B>, Error = Infallible>,
        B: HttpBody<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        self.measure(&request)?;
        let Ok(_permit) = self.permits.try_acquire() else {
            let detail = "Too many requests are being answered; try again shortly.";
            return Err(Problem::unavailable("overloaded", detail, 1));
        };
        let work = AssertUnwindSafe(app.oneshot(request)).catch_unwind();
        match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(Ok(response))) => Ok(response.map(body::boxed)),
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(panic)) => Err(Problem::internal(format!("the handler panicked: {}", panic_text(panic.as_ref())))),
            Err(_) => Err(Problem::unavailable("request_timeout", "The request took too long and was given up.", 1)),
        }
    }

    /// What hyper measures not at all, or only in HTTP/1.
    fn measure(&self, request: &Request) -> Result<(), Problem> {
        let url_bytes = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
        if url_bytes > self.url_bytes_max {
            let detail =
                format!("Path and query are {url_bytes} bytes long; at most {} bytes are allowed.", self.url_bytes_max);
            return Err(Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", detail));
        }
        let headers = request.headers().len();
        if headers > self.headers_max {
            let detail = format!("There are {headers} headers; at most {} are allowed.", self.headers_max);
            return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too_many_headers", detail));
        }
        Ok(())
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(REQUEST_ID_HEADER)?.to_str().ok()
}

/// A client's own request id is kept if it is short and harmless in a log.
fn drop_bad_request_id(mut request: Request) -> Request {
    let is_good = request_id(request.headers()).is_some_and(|id| {
        (1..=REQUEST_ID_CHARACTERS_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
    });
    if !is_good {
        request.headers_mut().remove(REQUEST_ID_HEADER);
    }
    request
}

/// Sixteen hexadecimal digits that are different for each request of this process, and most likely of others. They are
/// no secret: only where they begin is random, so that no request has to ask the system for randomness.
#[derive(Clone, Copy)]
struct RandomId;

impl RandomId {
    /// A bijection of the numbers from a random one on: the finalizer of SplitMix64.
    fn next() -> Option<u64> {
        static BEGIN: OnceLock<Option<u64>> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let begin = (*BEGIN.get_or_init(|| getrandom::u64().ok()))?;
        let mut number = begin.wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(number ^ (number >> 31))
    }
}

impl MakeRequestId for RandomId {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<RequestId> {
        let number = Self::next()?;
        HeaderValue::from_str(&format!("{number:016x}")).ok().map(RequestId::new)
    }
}
