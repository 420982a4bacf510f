//! What all handlers see.

use std::sync::Arc;

use follow::{Followed, Resyncs, SectorError, Sectors};
use http_kit::{Client, Context, Problem, Seats, Sockets};
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::config::Config;
use crate::lines::Lines;

/// What all handlers see.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) assets: &'static Assets,
    pub(crate) sectors: Arc<Sectors>,
    pub(crate) client: Client,
    pub(crate) seats: Arc<Seats>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) resyncs: Arc<Resyncs>,
    pub(crate) lines: Arc<Lines>,
    /// Previews that may be drawn at once.
    pub(crate) previews: Arc<Semaphore>,
}

/// The sector that the path names as `{sector}`; the service's own on paths that name none.
pub(crate) async fn sector(context: &Context<State>) -> Result<Arc<Followed>, Problem> {
    let sectors = &context.state().sectors;
    let name = context.parameter("sector");
    if name.is_empty() {
        return Ok(Arc::clone(sectors.home()));
    }
    sectors.get(name).await.map_err(|error| match error {
        SectorError::Unknown { name } => {
            Problem::not_found("unknown_sector", format!("There is no sector {name:?}."))
        }
        SectorError::TooMany => Problem::unavailable(
            "too_many_sectors",
            "This server has as many sectors open as it may.",
            1,
        ),
        SectorError::Store(error) => Problem::unavailable(
            "store_unavailable",
            "The state of the sector cannot be reached at present.",
            1,
        )
        .with_source(error),
    })
}
