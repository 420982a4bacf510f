//! The accept loop: from a listener to drained, with every limit in force.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

use crate::body::{self, BoxError, Request};
use crate::client_address::ClientAddress;
use crate::context::Peer;
use crate::edge;
use crate::error::ServiceError;
use crate::first_bytes::FirstBytes;
use crate::limits::Limits;

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
    let trusted = Arc::new(limits.trusted_proxies.clone());
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();

    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = shutdown.cancelled() => break,
        };
        let Some((stream, peer, slot)) = accepted else {
            continue;
        };
        // Small answers must not wait for acknowledgements; a refusal changes only speed.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let (app, trusted) = (app.clone(), Arc::clone(&trusted));
        let service = service_fn(move |request: http::Request<Incoming>| {
            let mut request = request.map(body::boxed);
            request.extensions_mut().insert(Peer(peer));
            let client = trusted.client(peer.ip(), request.headers());
            request.extensions_mut().insert(ClientAddress(client));
            app.clone().oneshot(request)
        });
        let stream = FirstBytes::new(stream, Duration::from_millis(limits.first_bytes_timeout_ms));
        let connection = builder(&limits).serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
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
                () = cut.cancelled() => {}
            }
            drop(slot);
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
}

type Slot = tokio::sync::OwnedSemaphorePermit;

/// Waits for a free slot, then for a connection.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, Slot)> {
    // The semaphore is never closed.
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => None,
        Err(error) => {
            tracing::warn!(%error, "cannot accept connections");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Without a timer the header timeout is silently off.
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.header_read_timeout_ms))
        .max_buf_size(limits.header_bytes_max.max(8_192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.http2_streams_max)
        .keep_alive_interval(Duration::from_millis(limits.header_read_timeout_ms))
        .keep_alive_timeout(Duration::from_millis(limits.first_bytes_timeout_ms));
    builder
}
