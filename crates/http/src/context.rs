//! A request as handlers receive it: parameters, headers, body and client.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, AsHeaderName};
use http::{HeaderMap, Method, Uri};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::arrival::Arrival;
use crate::body::Request;
use crate::catalogue;
use crate::json;
use crate::problem::{FieldError, Problem};
use crate::query::{Query, sentence};

/// Header of the request id, in requests and responses.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// A request, its path parameters and the state of the service.
#[derive(Debug)]
pub struct Context<S> {
    state: Arc<S>,
    request: Request,
    parameters: Vec<(String, String)>,
}

impl<S> Context<S> {
    pub(crate) fn new(state: Arc<S>, request: Request, parameters: Vec<(String, String)>) -> Self {
        Self { state, request, parameters }
    }

    /// The state the router was created with.
    #[must_use]
    pub fn state(&self) -> &S {
        &self.state
    }

    /// The state the router was created with, for use in other tasks.
    #[must_use]
    pub fn shared_state(&self) -> Arc<S> {
        Arc::clone(&self.state)
    }

    /// The method as sent: `HEAD` also in a `GET` handler that serves it.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.request.method()
    }

    /// Path and query as sent, not decoded.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.request.uri()
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// A header as text; none if absent or not visible ASCII.
    #[must_use]
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The token of `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// How the request arrived; none only outside of [`crate::serve::serve`].
    #[must_use]
    pub fn arrival(&self) -> Option<&Arrival> {
        self.request.extensions().get()
    }

    /// The other end of the connection, which may be a proxy.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.arrival().map(Arrival::peer)
    }

    /// Address of the client: the peer, or the client that a trusted proxy names. None only outside of
    /// [`crate::serve::serve`].
    #[must_use]
    pub fn client_address(&self) -> Option<IpAddr> {
        self.arrival().map(Arrival::client)
    }

    /// The request id, as in responses and logs.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.header(REQUEST_ID_HEADER)
    }

    /// Cancelled when the server starts to shut down. Long waits (long polls, WebSockets) must watch it; upgraded sockets must
    /// close themselves.
    #[must_use]
    pub fn shutdown(&self) -> CancellationToken {
        self.arrival().map(|arrival| arrival.shutdown().clone()).unwrap_or_default()
    }

    /// A request extension set by an outer layer.
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.request.extensions().get()
    }

    /// A path parameter, percent-decoded; empty if the route does not have it.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// A path parameter as a `T`; `allowed` describes valid values.
    ///
    /// # Errors
    /// 400 `invalid_path` with name, value and `allowed`.
    pub fn parameter_as<T>(&self, name: &str, allowed: &str) -> Result<T, Problem>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.parameter(name);
        text.parse().map_err(|error: T::Err| {
            Problem::bad_request(
                catalogue::INVALID_PATH,
                format!("{name} in the path is not {allowed}."),
            )
            .with_error(FieldError::new(
                name,
                text,
                allowed,
                sentence(&error.to_string()),
            ))
        })
    }

    /// The query parameters, of which only `allowed` are accepted.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn query(&self, allowed: &[&str]) -> Result<Query, Problem> {
        Query::parse(self.request.uri().query(), allowed)
    }

    /// Reads the body, at most `limit_bytes`, as JSON.
    ///
    /// # Errors
    /// 415 for another content type, 400 `malformed_json` or `invalid_body` with the field in `errors`; and as
    /// [`Context::bytes`].
    pub async fn json<T: DeserializeOwned>(&mut self, limit_bytes: usize) -> Result<T, Problem> {
        json::require_json(self.request.headers())?;
        json::parse(&self.bytes(limit_bytes).await?)
    }

    /// Reads the body, at most `limit_bytes`.
    ///
    /// # Errors
    /// 413 if the body is longer, 408 `body_too_slow` if it arrives too slowly, 400 `body_broken` if it ends early.
    pub async fn bytes(&mut self, limit_bytes: usize) -> Result<Bytes, Problem> {
        let mut body = std::mem::take(self.request.body_mut());
        json::collect(self.request.headers(), &mut body, limit_bytes).await
    }

    /// The underlying request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The underlying request, mutable, for `hyper_tungstenite::upgrade`.
    pub fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// The underlying request, for a proxy.
    #[must_use]
    pub fn into_request(self) -> Request {
        self.request
    }
}
