//! A service without a listener, for tests and fuzzers.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Body as HttpBody;
use tokio_util::sync::CancellationToken;
use tower::{Service, service_fn};

use crate::body::{BoxError, Request, Response};
use crate::edge::Edge;
use crate::limits::Limits;

/// Peer address of requests without a connection.
const NO_PEER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// `app` with the outermost layer of [`crate::serve::serve`]: request ids, security headers, load
/// limit, timeout, panic handler. Limits of connections do not apply.
pub fn enclosed<A, B>(
    app: A,
    limits: &Limits,
    shutdown: CancellationToken,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ use<A, B>
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
    let edge = Arc::new(Edge::new(app, limits.clone(), None, shutdown));
    service_fn(move |request| {
        let edge = Arc::clone(&edge);
        async move { Ok(edge.answer(request, NO_PEER).await) }
    })
}
