//! The body type of requests and responses.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use sync_wrapper::SyncStream;

use crate::connections::RequestBody;

/// Error type of bodies.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a body broke off. A newtype, because `Box<dyn Error>` as a type parameter of [`Body`] breaks
/// lifetime inference in futures that hold one.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BodyError(pub BoxError);

impl BodyError {
    /// Wraps any error.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}

/// A body of bytes, whole or streaming.
pub struct Body(Kind);

enum Kind {
    /// The unread rest of a whole body.
    Whole(Bytes),
    /// A request body from a connection, which reads what the handler leaves.
    Incoming(Arc<Mutex<RequestBody>>),
    /// Any other body.
    Boxed(BoxBody<Bytes, BodyError>),
}

/// A request with [`Body`].
pub type Request = http::Request<Body>;

/// A response with [`Body`].
pub type Response = http::Response<Body>;

/// An empty body.
#[must_use]
pub fn empty() -> Body {
    full(Bytes::new())
}

/// A body with these bytes.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Body(Kind::Whole(bytes.into()))
}

/// A body of the chunks of a stream.
pub fn stream<S, E>(chunks: S) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    // Only its owner polls the body, so the stream does not need to be `Sync`.
    let chunks = SyncStream::new(chunks.map_ok(Frame::data).map_err(BodyError::new));
    Body(Kind::Boxed(StreamBody::new(chunks).boxed()))
}

/// Converts any body; returns a [`Body`] unchanged.
pub fn boxed<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError>,
{
    let mut body = Some(body);
    if let Some(body) =
        (&mut body as &mut dyn Any).downcast_mut::<Option<Body>>().and_then(Option::take)
    {
        return body;
    }
    body.map_or_else(empty, |body| Body(Kind::Boxed(body.map_err(BodyError::new).boxed())))
}

/// A request body from a connection.
pub(crate) fn incoming(body: Arc<Mutex<RequestBody>>) -> Body {
    Body(Kind::Incoming(body))
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Incoming(body) => Pin::new(&mut *body.lock()).poll_frame(context),
            Kind::Boxed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Incoming(body) => body.lock().is_end_stream(),
            Kind::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Kind::Incoming(body) => body.lock().size_hint(),
            Kind::Boxed(body) => body.size_hint(),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Body").field("size", &self.size_hint()).finish_non_exhaustive()
    }
}
