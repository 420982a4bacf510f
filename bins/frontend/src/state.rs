//! State shared by all handlers.

use sector_wire::Code;
use std::sync::Arc;

use follow::{Followed, Resyncs, SectorError, Sectors, Tally};
use http_kit::{Client, ClientSlots, Context, Problem, RouteMetrics, Sockets};
use process_kit::metrics::{self, Metrics, StreamMetrics};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::files::Assets;
use crate::lines::Lines;

/// State shared by all handlers.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) assets: &'static Assets,
    pub(crate) sectors: Arc<Sectors>,
    pub(crate) client: Client,
    pub(crate) slots: Arc<ClientSlots>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) resyncs: Arc<Resyncs>,
    pub(crate) lines: Arc<Lines>,
    /// Slots for previews generated at once.
    pub(crate) previews: Arc<Semaphore>,
}

/// The sector named by the path as `{sector}`, or the service's own sector.
pub(crate) async fn sector(context: &Context<State>) -> Result<Arc<Followed>, Problem> {
    let sectors = &context.state().sectors;
    let name = context.parameter("sector");
    if name.is_empty() {
        return Ok(Arc::clone(sectors.home()));
    }
    sectors.get(name).await.map_err(|error| match error {
        SectorError::Unknown { name } => {
            Problem::not_found(Code::UnknownSector, format!("There is no sector {name:?}."))
        }
        SectorError::TooMany => Problem::unavailable(
            Code::TooManySectors,
            "This server has its maximum number of sectors open.",
            1,
        ),
        SectorError::Store(error) => {
            Problem::unavailable(Code::StoreUnavailable, "The store cannot be reached.", 1)
                .with_source(error)
        }
    })
}

/// Metrics of the WebSocket clients.
pub(crate) fn stream_metrics(metrics: &Metrics) -> Tally {
    let StreamMetrics { clients, bytes, delay_seconds, resyncs, ended } =
        StreamMetrics::new(metrics);
    let [left, shutdown, silent, too_long] =
        ["left", "shutdown", "silent", "too_long"].map(|reason| ended.with([reason]));
    Tally { clients, bytes, delay_seconds, resyncs, left, shutdown, silent, too_long }
}

/// Request metrics, by route and method.
pub(crate) fn request_metrics(metrics: &Metrics) -> impl Fn(&str, &str) -> RouteMetrics + use<> {
    metrics::requests(metrics, "sector_frontend_requests_total", "sector_frontend_request_seconds")
}
