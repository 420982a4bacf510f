//! From options to drained.

use std::sync::Arc;
use std::time::Duration;

use follow::Sectors;
use service::{CancellationToken, Client, ClientOptions, Limits, TaskTracker};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::assets::Assets;
use crate::config::Config;
use crate::error::Error;
use crate::lines::Lines;
use crate::routes;
use crate::routes::preview::PREVIEWS_AT_ONCE_MAX;
use crate::seats::Seats;
use crate::state::{Resyncs, State};

/// How long a shutdown waits for WebSockets to close.
const SOCKETS_DRAIN: Duration = Duration::from_secs(2);

/// Serves on `listener` until `shutdown`, then closes the WebSockets (1012) and drains.
///
/// # Errors
/// [`Error`] when it cannot start.
pub async fn run(
    config: Config,
    listener: TcpListener,
    sectors: Arc<Sectors>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    // Hashes the files before the first request wants them; should that break off, the first request does it.
    let _ = tokio::task::spawn_blocking(Assets::embedded).await;
    let limits = Limits { trusted_proxies: config.trusted_proxies.clone(), ..Limits::default() };
    let sockets = TaskTracker::new();
    let state = State {
        assets: Assets::embedded(),
        sectors,
        client: Client::new(&ClientOptions::default()),
        seats: Seats::new(config.ws_max_clients, config.ws_max_per_address),
        sockets: sockets.clone(),
        resyncs: Arc::new(Resyncs::default()),
        lines: Arc::new(Lines::default()),
        previews: Arc::new(Semaphore::new(PREVIEWS_AT_ONCE_MAX)),
        config,
    };
    let routes = routes::build(state)?;
    let (deadline, ()) = tokio::join!(
        async {
            shutdown.cancelled().await;
            Instant::now() + SOCKETS_DRAIN
        },
        service::serve(listener, routes, limits, shutdown.clone()),
    );
    sockets.close();
    if timeout_at(deadline, sockets.wait()).await.is_err() {
        tracing::warn!(sockets = sockets.len(), "sockets were still open at the end of the drain");
    }
    Ok(())
}
