//! The accept loop: from a listener to drained, with every limit in force.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tower::{Service, ServiceExt};

use crate::body::{BoxError, Request};
use crate::client_address::ClientAddress;
use crate::connections::{AnswerBody, NoPlace, Place, Register, RequestBody, UnderWay, Watched};
use crate::context::Peer;
use crate::edge;
use crate::error::ServiceError;
use crate::limits::Limits;

/// How often an HTTP/2 peer is asked whether it is still there, and how long it may take to say so.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(30);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The smallest buffer that hyper takes.
const HEADER_BYTES_LEAST: usize = 8_192;

/// Pause after the system refused to accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens on `address`; `flag` is named in the error (`--api-port`).
///
/// # Errors
/// [`ServiceError::AddressInUse`] or [`ServiceError::Bind`].
pub async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, ServiceError> {
    TcpListener::bind(address).await.map_err(|source| {
        let flag = flag.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => ServiceError::AddressInUse { address, flag },
            _ => ServiceError::Bind { address, flag, source },
        }
    })
}

/// Serves `app` (a [`crate::router::Routes`], or layers around one) over HTTP/1 and HTTP/2 until
/// `shutdown` is cancelled and what was under way is done, or `limits.drain_timeout_ms` is over.
///
/// Around `app` go request ids, traces, security headers, a timeout, a bound on concurrent requests
/// and a net for panics. Sockets taken over by an upgrade are not waited for: their owner closes
/// them when [`crate::context::Context::shutdown`] comes, and counts them.
pub async fn serve<A, B>(listener: TcpListener, app: A, limits: Limits, shutdown: CancellationToken)
where
    A: Service<Request, Response = http::Response<B>, Error = Infallible> + Clone + Send + 'static,
    A::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError>,
{
    let app = edge::wrap(app, &limits, shutdown.clone());
    let builder = builder(&limits);
    let register = Register::new(limits.clone());
    let limits = Arc::new(limits);
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
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
        // Small answers must not wait for acknowledgements; a refusal changes only speed.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let (activity, clock) = (Arc::clone(&place.activity), register.clock);
        let stream = Watched::new(stream, Arc::clone(&activity), clock);
        let (app, limits) = (app.clone(), Arc::clone(&limits));
        let service = service_fn(move |request: http::Request<Incoming>| {
            let under_way = UnderWay::new(Arc::clone(&activity), clock);
            let mut request = request.map(|body| RequestBody::new(body, &limits).boxed());
            request.extensions_mut().insert(Peer(peer));
            let client = limits.trusted_proxies.client(peer.ip(), request.headers());
            request.extensions_mut().insert(ClientAddress(client));
            let (answer, activity) = (app.clone().oneshot(request), Arc::clone(&activity));
            async move {
                let response = answer.await?;
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    activity.upgraded();
                }
                Ok::<_, Infallible>(response.map(|body| AnswerBody::new(body, under_way)))
            }
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        let cut = cut.clone();
        connections.spawn(async move {
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        // Broken pipes, time-outs and bad requests: the peer's doing.
                        tracing::debug!(%peer, error, "connection ended");
                    }
                }
                () = place.close.cancelled() => {}
                () = cut.cancelled() => {}
            }
            drop(place);
        });
    }

    // Nobody new; those under way get their time.
    drop(listener);
    connections.close();
    let drain = Duration::from_millis(limits.drain_timeout_ms);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were still under way at the end of the drain");
    }
    cut.cancel();
    connections.wait().await;
    drop(sweep);
}

/// Waits for a connection, then for a place for it; none if it cannot have one.
async fn accept(listener: &TcpListener, register: &Arc<Register>) -> Option<(TcpStream, SocketAddr, Place)> {
    let (stream, peer) = match listener.accept().await {
        Ok(accepted) => accepted,
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return None,
        Err(error) => {
            tracing::warn!(%error, "cannot accept connections");
            // Whoever does nothing holds what others could use.
            register.make_room();
            tokio::time::sleep(ACCEPT_PAUSE).await;
            return None;
        }
    };
    loop {
        match register.enter(peer.ip()) {
            Ok(place) => return Some((stream, peer, place)),
            Err(NoPlace::Client) => {
                tracing::debug!(%peer, "connection refused: this client has as many as it may");
                return None;
            }
            // All others wait behind this one in the system's queue.
            Err(NoPlace::Full) => register.room().await,
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Without a timer the header timeout is silently off.
        .timer(TokioTimer::new())
        // The register's sweep is stricter; this is for headers that began before the last answer was taken.
        .header_read_timeout(Duration::from_millis(limits.header_read_timeout_ms.max(limits.idle_timeout_ms)))
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
