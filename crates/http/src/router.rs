//! Routes requests to handlers by method and path.
//!
//! Paths use matchit's syntax: `/systems/{id}`, and `/api/{*rest}` for everything below. Unknown
//! paths are 404, other methods 405 with `Allow`; `GET` handlers also serve `HEAD`. Handlers return
//! `Result<Response, Problem>`; problems are rendered here with the request id.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Instant;

use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method};
use hyper::body::Body as _;
use percent_encoding::percent_decode_str;

use crate::body::{self, Request, Response};
use crate::catalogue;
use crate::context::Context;
use crate::error::SetupError;
use crate::measure::RouteMetrics;
use crate::problem::Problem;
use crate::request_id;

type Answer = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;
/// Decoded path parameters.
type Parameters = Vec<(String, String)>;
type Measure = Box<dyn Fn(&str, &str) -> RouteMetrics>;
type Handler<S> = Box<dyn Fn(Context<S>) -> Answer + Send + Sync>;

/// Builder of [`Routes`].
pub struct Router<S> {
    state: Arc<S>,
    paths: BTreeMap<String, Methods<S>>,
    fallback: Option<Handler<S>>,
    duplicate: Option<String>,
    measure: Option<Measure>,
}

/// Handlers of one path.
struct Methods<S> {
    named: Vec<(Method, Handler<S>)>,
    any: Option<Handler<S>>,
}

impl<S> Default for Methods<S> {
    fn default() -> Self {
        Self { named: Vec::new(), any: None }
    }
}

impl<S: Send + Sync + 'static> Router<S> {
    /// No routes. All handlers share `state`.
    pub fn new(state: S) -> Self {
        Self::with_shared_state(Arc::new(state))
    }

    /// No routes; `state` is shared with others.
    pub fn with_shared_state(state: Arc<S>) -> Self {
        Self { state, paths: BTreeMap::new(), fallback: None, duplicate: None, measure: None }
    }

    /// Measures the requests of all routes added from here on. `measure` gets method and path template; for the fallback
    /// these are `any` and `other`.
    #[must_use]
    pub fn measured(mut self, measure: impl Fn(&str, &str) -> RouteMetrics + 'static) -> Self {
        self.measure = Some(Box::new(measure));
        self
    }

    /// Serves `method` on `path` with `handler`.
    #[must_use]
    pub fn route<H, F>(mut self, method: Method, path: &str, handler: H) -> Self
    where
        H: Fn(Context<S>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let handler = self.boxed(method.as_str(), path, handler);
        let methods = self.paths.entry(path.to_owned()).or_default();
        if methods.named.iter().any(|(known, _)| *known == method) {
            self.duplicate = Some(format!("{method} {path}"));
        }
        methods.named.push((method, handler));
        self
    }

    /// Serves all other methods on `path` with `handler`, for proxies.
    #[must_use]
    pub fn any<H, F>(mut self, path: &str, handler: H) -> Self
    where
        H: Fn(Context<S>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let handler = self.boxed("any", path, handler);
        let methods = self.paths.entry(path.to_owned()).or_default();
        if methods.any.replace(handler).is_some() {
            self.duplicate = Some(format!("any {path}"));
        }
        self
    }

    /// Serves all unknown paths with `handler` instead of 404, for static files.
    #[must_use]
    pub fn fallback<H, F>(mut self, handler: H) -> Self
    where
        H: Fn(Context<S>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        self.fallback = Some(self.boxed("any", "other", handler));
        self
    }

    fn boxed<H, F>(&self, method: &str, path: &str, handler: H) -> Handler<S>
    where
        H: Fn(Context<S>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let Some(measure) = &self.measure else {
            return Box::new(move |context| Box::pin(handler(context)));
        };
        let metrics = Arc::new(measure(method, path));
        Box::new(move |context| {
            let (began, metrics) = (Instant::now(), Arc::clone(&metrics));
            let answer = handler(context);
            Box::pin(async move {
                let answer = answer.await;
                metrics.answered(began, &answer);
                answer
            })
        })
    }

    /// Builds the service.
    ///
    /// # Errors
    /// [`SetupError::Route`] for malformed or conflicting paths.
    pub fn build(self) -> Result<Routes<S>, SetupError> {
        if let Some(route) = self.duplicate {
            return Err(SetupError::Route { route, detail: "duplicate route".to_owned() });
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in self.paths {
            paths
                .insert(path.clone(), methods)
                .map_err(|error| SetupError::Route { route: path, detail: error.to_string() })?;
        }
        Ok(Routes { inner: Arc::new(Inner { state: self.state, paths, fallback: self.fallback }) })
    }
}

/// A finished route table: a tower service that never fails.
pub struct Routes<S> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    state: Arc<S>,
    paths: matchit::Router<Methods<S>>,
    fallback: Option<Handler<S>>,
}

impl<S> Inner<S> {
    fn find(&self, method: &Method, path: &str) -> Result<(&Handler<S>, Parameters), Problem> {
        let Ok(found) = self.paths.at(path) else {
            return match &self.fallback {
                Some(handler) => Ok((handler, Vec::new())),
                None => Err(Problem::not_found(
                    catalogue::NOT_FOUND,
                    format!("There is nothing at {path}."),
                )),
            };
        };
        let handler = found.value.handler(method)?;
        let mut parameters = Vec::with_capacity(found.params.len());
        for (name, value) in found.params.iter() {
            let value = percent_decode_str(value).decode_utf8().map_err(|_| {
                Problem::bad_request(
                    catalogue::INVALID_PATH,
                    format!("{name} in the path is not percent-encoded UTF-8."),
                )
            })?;
            parameters.push((name.to_owned(), value.into_owned()));
        }
        Ok((handler, parameters))
    }
}

impl<S> Methods<S> {
    fn handler(&self, method: &Method) -> Result<&Handler<S>, Problem> {
        let by_name = |wanted: &Method| {
            self.named.iter().find(|(known, _)| known == wanted).map(|(_, handler)| handler)
        };
        let handler = by_name(method)
            .or_else(|| (*method == Method::HEAD).then(|| by_name(&Method::GET)).flatten())
            .or(self.any.as_ref());
        if let Some(handler) = handler {
            return Ok(handler);
        }
        let mut allowed: Vec<Method> = self.named.iter().map(|(known, _)| known.clone()).collect();
        if allowed.contains(&Method::GET) && !allowed.contains(&Method::HEAD) {
            allowed.push(Method::HEAD);
        }
        allowed.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        Err(Problem::method_not_allowed(method, &allowed))
    }
}

impl<S: Send + Sync + 'static> Routes<S> {
    /// The response of the handler, or its problem.
    pub async fn answer(&self, request: Request) -> Response {
        let inner = &self.inner;
        let is_head = request.method() == Method::HEAD;
        let request_id = request.headers().get(&request_id::NAME).cloned();
        let answer = match inner.find(request.method(), request.uri().path()) {
            Ok((handler, parameters)) => {
                handler(Context::new(Arc::clone(&inner.state), request, parameters)).await
            }
            Err(problem) => Err(problem),
        };
        let response = answer.unwrap_or_else(|problem| {
            problem.into_response(request_id.as_ref().and_then(|value| value.to_str().ok()))
        });
        if is_head { without_body(response) } else { response }
    }
}

impl<S> Clone for Routes<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Routes").finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Router<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Router").field("paths", &self.paths.keys()).finish_non_exhaustive()
    }
}

impl<S: Send + Sync + 'static> tower::Service<Request> for Routes<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let routes = self.clone();
        Box::pin(async move { Ok(routes.answer(request).await) })
    }
}

/// The same head, with the `Content-Length` of the body it would have had.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
    }
    Response::from_parts(parts, body::empty())
}
