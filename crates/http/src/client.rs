//! HTTP client for calls between services: plain `http://`, with limits on time and size.

use std::net::SocketAddr;
use std::time::Duration;

use http::header::{
    ACCEPT, CONNECTION, HOST, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Uri};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;

use crate::body::{self, Body, BodyError, Request, Response};
use crate::catalogue;
use crate::error::ClientError;
use crate::json;
use crate::problem::Problem;

/// Timeouts and pool limits of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// Timeout for connecting, in ms. Default 2 s.
    pub connect_timeout_ms: u64,
    /// Timeout from sending a request to the response headers, in ms. Default 35 s, more than the
    /// longest long poll.
    pub answer_timeout_ms: u64,
    /// Time before an idle connection is closed, in ms; less than servers allow. Default 15 s.
    pub idle_timeout_ms: u64,
    /// Most idle connections per host. Default 64.
    pub idle_connections_max: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 2_000,
            answer_timeout_ms: 35_000,
            idle_timeout_ms: 15_000,
            idle_connections_max: 64,
        }
    }
}

/// A connection pool. Clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    inner: hyper_util::client::legacy::Client<HttpConnector, Body>,
    answer_timeout_ms: u64,
}

impl Client {
    /// A client without connections.
    #[must_use]
    pub fn new(options: &ClientOptions) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_millis(options.connect_timeout_ms)));
        let inner = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_millis(options.idle_timeout_ms))
            .pool_max_idle_per_host(options.idle_connections_max)
            .build(connector);
        Self { inner, answer_timeout_ms: options.answer_timeout_ms }
    }

    /// Sends a request with an absolute URI. The response body streams.
    ///
    /// # Errors
    /// [`ClientError::Url`], [`ClientError::Unreachable`] or [`ClientError::NoAnswer`].
    pub async fn send(&self, request: Request) -> Result<Response, ClientError> {
        let url = shown(request.uri());
        if request.uri().scheme() != Some(&Scheme::HTTP) || request.uri().authority().is_none() {
            return Err(ClientError::Url { url });
        }
        let answer = self.inner.request(request);
        match tokio::time::timeout(Duration::from_millis(self.answer_timeout_ms), answer).await {
            Ok(Ok(response)) => Ok(response.map(body::boxed)),
            Ok(Err(source)) => Err(ClientError::Unreachable { url, source: source.into() }),
            Err(_) => Err(ClientError::NoAnswer { url, timeout_ms: self.answer_timeout_ms }),
        }
    }

    /// Gets `url`. Error statuses are responses too.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&self, url: &str) -> Result<Response, ClientError> {
        let uri: Uri = url.parse().map_err(|_| ClientError::Url { url: url.to_owned() })?;
        let mut request = Request::new(body::empty());
        *request.uri_mut() = uri;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.send(request).await
    }

    /// Gets `url` and parses its JSON, at most `limit_bytes`.
    ///
    /// # Errors
    /// As [`Client::send`], and [`ClientError::UnexpectedAnswer`] unless the status is a success
    /// and the body a `T`.
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        url: &str,
        limit_bytes: usize,
    ) -> Result<T, ClientError> {
        let unexpected =
            |detail: String| ClientError::UnexpectedAnswer { url: url.to_owned(), detail };
        let response = self.get(url).await?;
        if !response.status().is_success() {
            return Err(unexpected(format!("status {}", response.status().as_u16())));
        }
        let reading = Limited::new(response.into_body(), limit_bytes).collect();
        let collected =
            tokio::time::timeout(Duration::from_millis(self.answer_timeout_ms), reading)
                .await
                .map_err(|_| ClientError::NoAnswer {
                    url: url.to_owned(),
                    timeout_ms: self.answer_timeout_ms,
                })?
                .map_err(|error| unexpected(error.to_string()))?;
        serde_json::from_slice(&collected.to_bytes()).map_err(|error| unexpected(error.to_string()))
    }

    /// Forwards `request` to `path_and_query` at `upstream`; bodies stream both ways.
    ///
    /// Hop-by-hop headers are removed; `X-Forwarded-For`, `-Host` and `-Proto` name the origin.
    ///
    /// # Errors
    /// 408 `body_too_slow` or 400 `body_broken` if the client fails to send its body; 502
    /// `upstream_unreachable` or 504 `upstream_timeout` if the upstream service fails.
    pub async fn forward(
        &self,
        request: Request,
        upstream: &Authority,
        path_and_query: PathAndQuery,
        peer: Option<SocketAddr>,
    ) -> Result<Response, Problem> {
        let request = forwarded(request, upstream, path_and_query, peer)?;
        let mut response = self.send(request).await.map_err(|error| match error {
            ClientError::NoAnswer { .. } => Problem::gateway_timeout(
                catalogue::UPSTREAM_TIMEOUT,
                "The upstream service did not answer in time.",
            )
            .with_source(error),
            ClientError::Unreachable { ref source, .. }
                if let Some(body) = body_error(source.as_ref()) =>
            {
                json::broken(body)
            }
            _ => Problem::bad_gateway(
                catalogue::UPSTREAM_UNREACHABLE,
                "The upstream service cannot be reached.",
            )
            .with_source(error),
        })?;
        drop_hop_by_hop(response.headers_mut());
        Ok(response)
    }
}

fn forwarded(
    request: Request,
    upstream: &Authority,
    path_and_query: PathAndQuery,
    peer: Option<SocketAddr>,
) -> Result<Request, Problem> {
    let uri = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(upstream.clone())
        .path_and_query(path_and_query)
        .build()
        .map_err(Problem::internal)?;
    let (mut parts, body) = request.into_parts();
    let host = parts
        .headers
        .remove(HOST)
        .or_else(|| HeaderValue::from_str(parts.uri.authority()?.as_str()).ok());
    drop_hop_by_hop(&mut parts.headers);
    if let Some(host) = host {
        parts.headers.entry(HeaderName::from_static("x-forwarded-host")).or_insert(host);
    }
    let protocol = HeaderValue::from_static("http");
    parts.headers.entry(HeaderName::from_static("x-forwarded-proto")).or_insert(protocol);
    if let Some(peer) = peer {
        let name = HeaderName::from_static("x-forwarded-for");
        let mut hops: Vec<String> = parts
            .headers
            .get_all(&name)
            .iter()
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        hops.push(peer.ip().to_string());
        parts
            .headers
            .insert(name, HeaderValue::from_str(&hops.join(", ")).map_err(Problem::internal)?);
    }
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = parts.headers;
    Ok(request)
}

/// Removes hop-by-hop headers (RFC 9110, 7.6.1) and those that `Connection` names.
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let always = [
        CONNECTION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
    ];
    let old = ["keep-alive", "proxy-connection"].map(HeaderName::from_static);
    for name in named.into_iter().chain(always).chain(old) {
        headers.remove(name);
    }
}

/// The failure of the request's own body, among the causes of `error`.
fn body_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a BodyError> {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref())
}

/// A URI without its query, which may contain secrets.
fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    format!("{scheme}{}{}", uri.authority().map_or("", Authority::as_str), uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hop_by_hop_headers_are_not_forwarded() {
        let mut request = Request::new(body::empty());
        for (name, value) in [
            ("host", "localhost:9000"),
            ("connection", "keep-alive, X-Private"),
            ("keep-alive", "timeout=5"),
            ("x-private", "1"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("te", "trailers"),
            ("authorization", "Bearer t"),
            ("x-forwarded-for", "10.0.0.1"),
        ] {
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let upstream = Authority::from_static("127.0.0.1:8000");
        let peer = "192.0.2.7:1234".parse().ok();
        let request =
            forwarded(request, &upstream, PathAndQuery::from_static("/me?x=1"), peer).unwrap();
        assert_eq!(request.uri(), "http://127.0.0.1:8000/me?x=1");
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        headers.sort_unstable();
        assert_eq!(
            headers,
            [
                ("authorization", "Bearer t"),
                ("x-forwarded-for", "10.0.0.1, 192.0.2.7"),
                ("x-forwarded-host", "localhost:9000"),
                ("x-forwarded-proto", "http"),
            ]
        );
    }
}
