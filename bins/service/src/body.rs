//! The one body type of requests and responses, and how to make one.

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Body as HttpBody, Frame};
use sync_wrapper::SyncStream;

/// Any error, as bodies carry it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a body broke off. A type of its own, because `Box<dyn Error>` as a type parameter of [`Body`]
/// makes the compiler lose track of lifetimes in futures that hold one.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BodyError(pub BoxError);

impl BodyError {
    /// Any error as the reason.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}

/// A body of bytes, whole or streaming, of any origin.
pub type Body = BoxBody<Bytes, BodyError>;

/// A request as handlers see it.
pub type Request = http::Request<Body>;

/// A response as handlers give it.
pub type Response = http::Response<Body>;

/// Nothing.
#[must_use]
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// These bytes.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// The chunks of a stream, one after the other.
pub fn stream<S, E>(chunks: S) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    // Only its owner polls it, so that a stream need not be fit for being looked at by several.
    let chunks = SyncStream::new(chunks.map_ok(Frame::data).map_err(BodyError::new));
    StreamBody::new(chunks).boxed()
}

/// Any other body in the clothes of this one.
pub fn boxed<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(BodyError::new).boxed()
}
