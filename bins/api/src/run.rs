//! Runs the API.

use std::convert::Infallible;
use std::sync::Arc;

use follow::Sectors;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderName, Method};
use http_kit::quota::{RATE_LIMIT, RATE_LIMIT_POLICY};
use http_kit::{Limits, Request, Response};
use process_kit::{CancellationToken, Handles};
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Config;
use crate::error::Error;
use crate::identity::caller::BOT_TOKEN_HEADER;
use crate::limits::quotas::{self, QuotaConfig};
use crate::request::audit::IDEMPOTENCY_KEY_HEADER;
use crate::request::prefix;
use crate::routes;
use crate::state::{Api, WallClock, system_clock};
use crate::table::Declared;

/// Serves the API until shutdown, with the system clock.
///
/// # Errors
/// [`Error::Config`] for an invalid configuration.
pub async fn run(
    config: Config,
    listener: TcpListener,
    sectors: Arc<Sectors>,
    handles: impl Into<Handles<QuotaConfig>>,
) -> Result<(), Error> {
    run_with(config, listener, sectors, system_clock(), handles).await
}

/// Serves the API until shutdown, with any clock.
///
/// # Errors
/// [`Error::Config`] for an invalid configuration.
pub async fn run_with(
    config: Config,
    listener: TcpListener,
    sectors: Arc<Sectors>,
    clock: WallClock,
    handles: impl Into<Handles<QuotaConfig>>,
) -> Result<(), Error> {
    let handles = handles.into();
    let limits = limits(&config);
    let cors = cors(&config);
    let api = Arc::new(Api::new(config, sectors, clock, &handles)?);
    let shutdown = handles.shutdown;
    let app = app(Arc::clone(&api), cors)?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "API listening");
    }
    api.sockets.serve(http_kit::serve(listener, app, limits, shutdown.clone()), &shutdown).await;
    Ok(())
}

/// The API without a listener, for tests and the fuzzer.
///
/// # Errors
/// [`Error::Config`] for an invalid configuration.
pub fn enclosed(
    config: Config,
    sectors: Arc<Sectors>,
    clock: WallClock,
    shutdown: CancellationToken,
) -> Result<
    impl Service<Request, Response = Response, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static,
    Error,
> {
    let limits = limits(&config);
    let cors = cors(&config);
    let api = Arc::new(Api::new(config, sectors, clock, &shutdown.clone().into())?);
    Ok(http_kit::enclosed(app(api, cors)?, &limits, shutdown))
}

fn limits(config: &Config) -> Limits {
    Limits {
        trusted_proxies: config.trusted_proxies.clone(),
        allowed_hosts: config.allowed_hosts.clone(),
        hsts_seconds: config.hsts_seconds.0,
        ..Limits::default()
    }
}

/// All routes with their layers.
fn app(
    api: Arc<Api>,
    cors: Option<CorsLayer>,
) -> Result<
    impl Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static,
    Error,
> {
    let routes = routes::table().router(Arc::clone(&api)).build()?;
    Ok(
        ServiceBuilder::new().option_layer(cors).service(service_fn(move |request| {
            let (api, routes) = (Arc::clone(&api), routes.clone());
            async move {
                Ok::<_, Infallible>(quotas::measured(&api, &routes, prefix::strip(request)).await)
            }
        })),
    )
}

/// All routes and their declarations, in table order.
#[must_use]
pub fn declared() -> Vec<Declared> {
    routes::table().declared()
}

/// The CORS layer; none without configured origins.
fn cors(config: &Config) -> Option<CorsLayer> {
    let origins = config.cors_origins.clone();
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.is_any() {
        AllowOrigin::any()
    } else {
        AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|origin| origins.list(origin))
        })
    };
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([
                AUTHORIZATION,
                CONTENT_TYPE,
                IF_NONE_MATCH,
                HeaderName::from_static(BOT_TOKEN_HEADER),
                HeaderName::from_static("last-event-id"),
                HeaderName::from_static(IDEMPOTENCY_KEY_HEADER),
            ])
            .expose_headers([
                ETAG,
                RETRY_AFTER,
                RATE_LIMIT,
                RATE_LIMIT_POLICY,
                HeaderName::from_static(http_kit::context::REQUEST_ID_HEADER),
            ]),
    )
}
