//! A service without a listener: an application and its edge, for whoever has requests and no sockets.

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

/// Whom requests come from that come over no connection.
const NOBODY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// What [`crate::serve::serve`] answers requests with: `app`, and around it request ids, traces, security headers and the
/// guard. What a connection bounds (time, bytes, how many there are) is not here, because there is none.
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
    let edge = Arc::new(Edge::new(app, limits.clone(), shutdown));
    service_fn(move |request| {
        let edge = Arc::clone(&edge);
        async move { Ok(edge.answer(request, NOBODY).await) }
    })
}
