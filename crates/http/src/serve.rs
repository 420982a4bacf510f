//! The accept loop, from listener to drained, with all limits.
//!
//! Home-made because the limits on silent, slow and idle connections need more than hyper's
//! timeouts.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, StatusCode, Version};
use hyper::body::{Body as HttpBody, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tower::Service;

use crate::body::{self, BoxError, Request};
use crate::connections::{
    AnswerBody, NoPlace, Place, Register, RequestBody, Signal, UnderWay, Unread, Watched,
};
use crate::edge::Edge;
use crate::error::SetupError;
use crate::limits::Limits;

/// Interval of HTTP/2 keep-alive pings, and their timeout.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(30);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(10);

/// hyper's minimum buffer size.
const HEADER_BYTES_LEAST: usize = 8_192;

/// Pause after a failed accept, usually due to missing file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens on `address`; `flag` (such as `--port`) is named in errors.
///
/// # Errors
/// [`SetupError::AddressInUse`] or [`SetupError::Bind`].
pub async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, SetupError> {
    TcpListener::bind(address).await.map_err(|source| {
        let flag = flag.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => SetupError::AddressInUse { address, flag },
            _ => SetupError::Bind { address, flag, source },
        }
    })
}

/// Serves `app` (a [`crate::router::Routes`], or layers around one) over HTTP/1 and HTTP/2 until
/// `shutdown`, then drains for at most `limits.drain_timeout_ms`.
///
/// Adds request ids, security headers, a timeout, a limit on concurrent requests and a panic
/// handler. Does not wait for upgraded sockets: their owner closes them on
/// [`crate::context::Context::shutdown`].
pub async fn serve<A, B>(listener: TcpListener, app: A, limits: Limits, shutdown: CancellationToken)
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
    let hosts = listener.local_addr().map(|address| limits.allowed_hosts.clone().on(address.ip()));
    let builder = builder(&limits);
    let drain = Duration::from_millis(limits.drain_timeout_ms);
    let register = Register::new(limits.clone());
    let edge = Arc::new(Edge::new(app, limits, hosts.ok(), shutdown.clone()));
    let connections = TaskTracker::new();
    let sweeping = Arc::clone(&register);
    let sweep = AbortOnDropHandle::new(tokio::spawn(async move { sweeping.sweep().await }));

    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &register) => accepted,
            () = shutdown.cancelled() => break,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
        };
        // Without Nagle's algorithm small responses are faster; a failure affects speed only.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        connections.spawn(connection(&builder, stream, peer, place, Arc::clone(&edge)));
    }

    // Accept no more connections; let requests in flight finish.
    drop(listener);
    connections.close();
    register.tell_all(Signal::Drain);
    if tokio::time::timeout(drain, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests still in flight after drain");
    }
    register.tell_all(Signal::Close);
    connections.wait().await;
    drop(sweep);
}

/// Serves one connection until it ends or is signalled to.
fn connection(
    builder: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    edge: Arc<Edge>,
) -> impl Future<Output = ()> + use<> {
    let (activity, clock) = (Arc::clone(&place.activity), place.clock());
    let stream = Watched::new(stream, Arc::clone(&activity), clock);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (activity, edge) = (Arc::clone(&activity), Arc::clone(&edge));
        let under_way = UnderWay::new(Arc::clone(&activity), clock);
        let (request, unread) = with_limits(request, edge.limits());
        async move {
            let mut response = edge.answer(request, peer).await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                activity.upgraded();
            }
            if let Some(unread) = unread
                && !unread.discard().await
            {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| AnswerBody::new(body, under_way)))
        }
    });
    let connection =
        builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    async move {
        let mut connection = pin!(connection);
        let mut is_draining = false;
        let ended = poll_fn(|context| {
            match place.activity.told(context) {
                Some(Signal::Close) => return Poll::Ready(Ok(())),
                Some(Signal::Drain) if !is_draining => {
                    is_draining = true;
                    connection.as_mut().graceful_shutdown();
                }
                Some(Signal::Drain) | None => {}
            }
            connection.as_mut().poll(context)
        });
        if let Err(error) = ended.await {
            // Broken pipes, timeouts and malformed requests: the peer's fault.
            tracing::debug!(%peer, error, "connection ended");
        }
    }
}

/// Limits the request's body, and keeps a hold of it where the connection ends with the request
/// unless it is read to its end: in HTTP/1.
fn with_limits(request: http::Request<Incoming>, limits: &Limits) -> (Request, Option<Unread>) {
    if request.body().is_end_stream() {
        return (request.map(|_| body::empty()), None);
    }
    let (is_http1, is_awaiting_continue) =
        (request.version() < Version::HTTP_2, request.headers().contains_key(EXPECT));
    let mut unread = None;
    let request = request.map(|body| {
        let body = Arc::new(Mutex::new(RequestBody::new(body, limits)));
        unread = is_http1.then(|| Unread::new(Arc::clone(&body), is_awaiting_continue));
        body::incoming(body)
    });
    (request, unread)
}

/// Waits for a connection and a place for it; none if it is refused.
async fn accept(
    listener: &TcpListener,
    register: &Arc<Register>,
) -> Option<(TcpStream, SocketAddr, Place)> {
    let (stream, peer) = match listener.accept().await {
        Ok(accepted) => accepted,
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return None,
        Err(error) => {
            tracing::warn!(%error, "accept failed");
            // Free a file descriptor.
            register.make_room();
            tokio::time::sleep(ACCEPT_PAUSE).await;
            return None;
        }
    };
    loop {
        match register.enter(peer.ip()) {
            Ok(place) => return Some((stream, peer, place)),
            Err(NoPlace::Client) => {
                tracing::debug!(%peer, "connection refused, client limit reached");
                return None;
            }
            // Others wait in the system's queue meanwhile.
            Err(NoPlace::Full) => register.room().await,
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The register's sweep checks header timeouts; hyper's own needs a timer per request.
        .header_read_timeout(None)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.header_bytes_max.max(HEADER_BYTES_LEAST));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.http2_streams_max)
        .max_pending_accept_reset_streams(limits.http2_resets_max)
        .max_local_error_reset_streams(limits.http2_resets_max)
        .keep_alive_interval(HTTP2_PING_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT);
    builder
}
