//! Runs the service from start to drained.

use std::sync::Arc;

use follow::{Resyncs, Sectors};
use http_kit::{Client, ClientOptions, ClientSlots, Limits, SetupError, Sockets};
use process_kit::Handles;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::config::{Config, Places};
use crate::files::Assets;
use crate::lines::Lines;
use crate::preview::PREVIEWS_AT_ONCE_MAX;
use crate::routes;
use crate::state::{self, State};
use crate::traces;

/// Serves on `listener` until shutdown, then closes the WebSockets (1012) and drains.
///
/// # Errors
/// [`SetupError`] for conflicting routes, a bug in the program.
pub async fn run(
    config: Config,
    listener: TcpListener,
    sectors: Arc<Sectors>,
    handles: impl Into<Handles<Places>>,
) -> Result<(), SetupError> {
    let Handles { metrics, tracer, limits: changes, shutdown } = handles.into();
    // Hash the files before the first request needs them.
    let _ = tokio::task::spawn_blocking(Assets::embedded).await;
    let limits = Limits {
        trusted_proxies: config.trusted_proxies.clone(),
        allowed_hosts: config.allowed_hosts.clone(),
        hsts_seconds: config.hsts_seconds.0,
        ..Limits::default()
    };
    let slots = ClientSlots::new(config.ws_max_clients, config.ws_max_per_address);
    let live = Arc::clone(&slots);
    changes.listen(move |places| live.resize(places.clients_max, places.per_address_max));
    let sockets = Arc::new(Sockets::new(config.allowed_origins.clone(), Arc::clone(&slots)));
    if tracer.is_on() {
        let home = Arc::clone(sectors.home());
        tokio::spawn(traces::follow(tracer, home, Arc::clone(&slots), shutdown.clone()));
    }
    let state = State {
        assets: Assets::embedded(),
        sectors,
        client: Client::new(&ClientOptions::default()),
        slots,
        sockets: Arc::clone(&sockets),
        resyncs: Arc::new(Resyncs::measured(state::stream_metrics(&metrics))),
        lines: Arc::new(Lines::default()),
        previews: Arc::new(Semaphore::new(PREVIEWS_AT_ONCE_MAX)),
        config,
    };
    let routes = routes::build(state, &metrics)?;
    sockets.serve(http_kit::serve(listener, routes, limits, shutdown.clone()), &shutdown).await;
    Ok(())
}
