//! Stores the awards of finished runs.
//!
//! An award is identified by universe, faction and name. The sim-worker writes the award of a won run
//! with the last tick of the run, and that award is final. `POST /mint` records one that is missing: it
//! reads the run's record itself, and takes neither a run that goes on nor a faction that did not win.

mod config;
mod document;
mod routes;

pub use config::{Config, Options};
pub use document::openapi;

use std::sync::Arc;

use http::Method;
use http_kit::quota::{Gate, Quota, Scope};
use http_kit::{Limits, RouteMetrics, Router, SetupError};
use process_kit::metrics::{self, Counters};
use process_kit::{Handles, Metrics};
use sector_auth::SharedToken;
use sector_redis::ServiceStore;
use tokio::net::TcpListener;

/// State shared by all handlers.
struct State {
    store: Arc<dyn ServiceStore>,
    key: Option<SharedToken>,
    gate: Gate<Class>,
    /// Received awards, by result.
    awards: Counters<1>,
}

/// Seconds in which a quota refills.
const WINDOW_S: u32 = 60;

/// Kind of request, for quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// `POST /mint`.
    Mint,
    /// Everything else but liveness.
    Read,
}

fn gate(config: &Config) -> Result<Gate<Class>, SetupError> {
    let quota = |name, burst| Quota { name, scope: Scope::Ip, burst, window_s: WINDOW_S };
    Gate::new(&[
        (Class::Mint, &[quota("mints", config.limit_mints)]),
        (Class::Read, &[quota("reads", config.limit_minter_reads)]),
    ])
}

/// Serves until shutdown.
///
/// # Errors
/// [`SetupError`] when the routes contradict each other.
pub async fn run(
    config: Config,
    listener: TcpListener,
    store: Arc<dyn ServiceStore>,
    handles: impl Into<Handles>,
) -> Result<(), SetupError> {
    let Handles { metrics, shutdown, .. } = handles.into();
    let gate = gate(&config)?;
    let key = config.minter_api_key.as_ref().map(SharedToken::new);
    let awards = awards(&metrics);
    let routes = Router::new(State { store, key, gate, awards })
        .measured(requests(&metrics))
        .route(Method::GET, "/health", routes::health)
        .route(Method::GET, "/livez", routes::live)
        .route(Method::GET, "/readyz", routes::ready)
        .route(Method::GET, "/openapi.json", routes::document)
        .route(Method::POST, "/mint", routes::mint)
        .build()?;
    let limits = Limits { allowed_hosts: config.allowed_hosts, ..Limits::default() };
    http_kit::serve(listener, routes, limits, shutdown).await;
    Ok(())
}

fn awards(metrics: &Metrics) -> Counters<1> {
    metrics.counters(
        "sector_minter_awards_total",
        "Awards received, by result: kept, duplicate, refused, unauthorized, limited, or unavailable (the store did not answer)",
        ["result"],
    )
}

fn requests(metrics: &Metrics) -> impl Fn(&str, &str) -> RouteMetrics + use<> {
    metrics::requests(metrics, "sector_minter_requests_total", "sector_minter_request_seconds")
}

/// Registers all metrics of this service, for the documentation.
pub fn register_metrics(metrics: &Metrics) {
    drop(awards(metrics));
    drop(requests(metrics));
}
