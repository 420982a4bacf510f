//! The outermost layer of every request and response.
//!
//! One function from start to end: request id, log context, client address, limits on size, load
//! and time, panic handler; then the response headers: security, quotas, request id. Home-made as
//! one function instead of a stack of layers, because each layer costs time on every request and
//! the order is easier to read.

use std::any::Any;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::body::Body as HttpBody;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};
use tracing::Level;

use crate::arrival::Arrival;
use crate::body::{self, BoxError, Request, Response};
use crate::catalogue;
use crate::host::Hosts;
use crate::limits::Limits;
use crate::problem::Problem;
use crate::quota::RATE_LIMIT;
use crate::{request_id, request_log};

/// An application of any type.
type App = Box<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Sent unless the application sets them. Suitable for JSON; pages must set their own policy.
const DEFAULT_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
];

/// An application with the outermost layer around it.
pub(crate) struct Edge {
    app: App,
    permits: Semaphore,
    limits: Limits,
    /// Absent without a connection.
    hosts: Option<Hosts>,
    default_headers: Vec<(HeaderName, HeaderValue)>,
    shutdown: CancellationToken,
}

impl Edge {
    pub(crate) fn new<A, B>(
        app: A,
        limits: Limits,
        hosts: Option<Hosts>,
        shutdown: CancellationToken,
    ) -> Self
    where
        A: Service<Request, Response = http::Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        A::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        let app: App = Box::new(move |request| {
            let answer = app.clone().oneshot(request);
            Box::pin(async move {
                match answer.await {
                    Ok(response) => response.map(body::boxed),
                    Err(never) => match never {},
                }
            })
        });
        let transport = (limits.hsts_seconds > 0)
            .then(|| HeaderValue::try_from(format!("max-age={}", limits.hsts_seconds)).ok())
            .flatten()
            .map(|value| (STRICT_TRANSPORT_SECURITY, value));
        let default_headers = DEFAULT_HEADERS.into_iter().chain(transport).collect();
        Self {
            app,
            permits: Semaphore::new(limits.requests_max),
            limits,
            hosts,
            default_headers,
            shutdown,
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Answers a request over a connection from `peer`.
    pub(crate) async fn answer(&self, mut request: Request, peer: SocketAddr) -> Response {
        let fits = self.measure(&request);
        let id = request_id::settle(request.headers_mut());
        let client = self.limits.trusted_proxies.client(peer.ip(), request.headers());
        let arrival = Arrival::new(peer, client, self.shutdown.clone());
        request.extensions_mut().insert(arrival.clone());
        let text = id.as_ref().and_then(|id| id.to_str().ok());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let work = async {
            let began = tracing::enabled!(Level::DEBUG).then(Instant::now);
            let answer = match fits {
                Ok(()) => self.guarded(request).await,
                Err(problem) => Err(problem),
            };
            let response = answer.unwrap_or_else(|problem| problem.into_response(text));
            if let Some(began) = began {
                let latency_us = began.elapsed().as_micros();
                tracing::debug!(status = response.status().as_u16(), latency_us, "answered");
            }
            response
        };
        let mut response = request_log::of(method, uri, id.clone(), work).await;
        self.finish(response.headers_mut(), &arrival, id);
        response
    }

    /// Limits load and time, and catches panics.
    async fn guarded(&self, request: Request) -> Result<Response, Problem> {
        let Ok(_permit) = self.permits.try_acquire() else {
            let detail = "Too many concurrent requests; try again shortly.";
            return Err(Problem::unavailable(catalogue::OVERLOADED, detail, 1));
        };
        // Lazy, so that panics before the first future are caught too.
        let work = AssertUnwindSafe(async { (self.app)(request).await }).catch_unwind();
        match tokio::time::timeout(Duration::from_millis(self.limits.request_timeout_ms), work)
            .await
        {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(panic)) => Err(Problem::internal(format!(
                "the handler panicked: {}",
                panic_text(panic.as_ref())
            ))),
            Err(_) => {
                Err(Problem::unavailable(catalogue::REQUEST_TIMEOUT, "The request timed out.", 1))
            }
        }
    }

    /// Limits that hyper does not check, or checks in HTTP/1 only.
    fn measure(&self, request: &Request) -> Result<(), Problem> {
        if let Some(hosts) = &self.hosts {
            hosts.check(request)?;
        }
        let Limits { url_bytes_max, headers_max, .. } = self.limits;
        let url_bytes = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
        if url_bytes > url_bytes_max {
            let detail = format!(
                "Path and query have {url_bytes} bytes; at most {url_bytes_max} are allowed."
            );
            return Err(Problem::new(StatusCode::URI_TOO_LONG, catalogue::URI_TOO_LONG, detail));
        }
        let headers = request.headers().len();
        if headers > headers_max {
            let detail =
                format!("The request has {headers} headers; at most {headers_max} are allowed.");
            return Err(Problem::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                catalogue::TOO_MANY_HEADERS,
                detail,
            ));
        }
        Ok(())
    }

    /// Adds the headers that every response has.
    fn finish(&self, headers: &mut HeaderMap, arrival: &Arrival, id: Option<HeaderValue>) {
        for (name, value) in &self.default_headers {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if let Some(standing) = arrival.standing()
            && !headers.contains_key(RATE_LIMIT)
        {
            standing.write(headers);
        }
        if let Some(id) = id {
            headers.entry(request_id::NAME).or_insert(id);
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
