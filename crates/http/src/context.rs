//! A request as a handler gets it, with what the handler may ask of it.

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
use crate::json;
use crate::problem::{FieldError, Problem};
use crate::query::{Query, sentence};

/// Header that names a request, in both directions.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// One request, the parameters of its path and the state of the service.
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

    /// What the router was made with.
    #[must_use]
    pub fn state(&self) -> &S {
        &self.state
    }

    /// What the router was made with, to be taken along into a task.
    #[must_use]
    pub fn shared_state(&self) -> Arc<S> {
        Arc::clone(&self.state)
    }

    /// The method as it was sent: a `HEAD` that is served by a `GET` handler shows as `HEAD`.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.request.method()
    }

    /// Path and query as they were sent, not decoded.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.request.uri()
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// A header as text, if it is there and visible ASCII.
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

    /// How the request came in. None only outside of [`crate::serve::serve`].
    #[must_use]
    pub fn arrival(&self) -> Option<&Arrival> {
        self.request.extensions().get()
    }

    /// Who is connected: the last hop, which may be a proxy.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.arrival().map(Arrival::peer)
    }

    /// Whom the request comes from: the peer, or whoever a trusted proxy says is behind it. None only
    /// outside of [`crate::serve::serve`].
    #[must_use]
    pub fn client_address(&self) -> Option<IpAddr> {
        self.arrival().map(Arrival::client)
    }

    /// This request's name in answers and in the log.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.header(REQUEST_ID_HEADER)
    }

    /// Cancelled when the server begins to shut down. Whoever waits long (long polls, WebSockets)
    /// waits for this too; sockets taken over by an upgrade must close themselves when it comes.
    #[must_use]
    pub fn shutdown(&self) -> CancellationToken {
        self.arrival().map(|arrival| arrival.shutdown().clone()).unwrap_or_default()
    }

    /// What a layer before the router put beside the request.
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.request.extensions().get()
    }

    /// A parameter of the path, percent-decoded; empty if the route has none of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// A parameter of the path as a `T`; `allowed` says in words what can be written there.
    ///
    /// # Errors
    /// 400 `invalid_path` with the name, the value and what is allowed.
    pub fn parameter_as<T>(&self, name: &str, allowed: &str) -> Result<T, Problem>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.parameter(name);
        text.parse().map_err(|error: T::Err| {
            Problem::bad_request("invalid_path", format!("{name} in the path is not {allowed}."))
                .with_error(FieldError::new(name, text, allowed, sentence(&error.to_string())))
        })
    }

    /// The query, if it has none but the `allowed` parameters; `&[]` refuses any.
    ///
    /// # Errors
    /// 400 `invalid_query`, see [`Query::parse`].
    pub fn query(&self, allowed: &[&str]) -> Result<Query, Problem> {
        Query::parse(self.request.uri().query(), allowed)
    }

    /// The body as a `T` from JSON, if it has at most `limit_bytes`. Takes the body away.
    ///
    /// # Errors
    /// 415 for another content type, 413 for too long a body, 400 `malformed_json` or `invalid_body`
    /// (with the field in `errors`).
    pub async fn json<T: DeserializeOwned>(&mut self, limit_bytes: usize) -> Result<T, Problem> {
        json::require_json(self.request.headers())?;
        json::parse(&self.bytes(limit_bytes).await?)
    }

    /// The body as it was sent, if it has at most `limit_bytes`. Takes the body away.
    ///
    /// # Errors
    /// 413 for too long a body, 400 `body_broken` if it ends early.
    pub async fn bytes(&mut self, limit_bytes: usize) -> Result<Bytes, Problem> {
        let mut body = std::mem::take(self.request.body_mut());
        json::collect(self.request.headers(), &mut body, limit_bytes).await
    }

    /// The whole request, to look at.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The whole request, to change: `hyper::upgrade::on` and `hyper_tungstenite::upgrade` take it.
    pub fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// The whole request, to pass on.
    #[must_use]
    pub fn into_request(self) -> Request {
        self.request
    }
}
