//! From options to a served API.

use std::sync::Arc;

use follow::Follower;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, RETRY_AFTER};
use http::{HeaderName, Method};
use sector_redis::Store;
use service::{CancellationToken, Limits};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::caller::BOT_TOKEN_HEADER;
use crate::config::Config;
use crate::error::Error;
use crate::routes;
use crate::state::{Api, WallClock, system_clock};

/// Serves the API until `shutdown`, with the system's clock and a follower of its own.
///
/// # Errors
/// [`Error::Config`] when the configuration cannot be used.
pub async fn run(
    config: Config,
    listener: TcpListener,
    store: Arc<dyn Store>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let follower = Follower::spawn(Arc::clone(&store), shutdown.clone());
    run_with(config, listener, store, follower, system_clock(), shutdown).await
}

/// Serves the API until `shutdown`, with a follower that may be shared and any clock.
///
/// # Errors
/// [`Error::Config`] when the configuration cannot be used.
pub async fn run_with(
    config: Config,
    listener: TcpListener,
    store: Arc<dyn Store>,
    follower: Arc<Follower>,
    clock: WallClock,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let cors = cors(&config);
    let routes = routes::router(Api::new(config, store, follower, clock)?).build()?;
    let app = ServiceBuilder::new().option_layer(cors).service(routes);
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "the API listens");
    }
    service::serve(listener, app, Limits::default(), shutdown).await;
    Ok(())
}

/// What browsers are told about pages of other origins; nothing unless some are configured.
fn cors(config: &Config) -> Option<CorsLayer> {
    let origins = &config.cors_origins.0;
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(crate::config::Origin::is_any) {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().map(|origin| origin.0.clone()))
    };
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static(BOT_TOKEN_HEADER)])
            .expose_headers([ETAG, RETRY_AFTER, HeaderName::from_static(service::context::REQUEST_ID_HEADER)]),
    )
}
