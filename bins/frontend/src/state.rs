//! What all handlers see.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use follow::{Followed, SectorError, Sectors};
use service::{Client, Context, Problem, TaskTracker};
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::config::Config;
use crate::lines::Lines;
use crate::seats::Seats;

/// What all handlers see.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) assets: &'static Assets,
    pub(crate) sectors: Arc<Sectors>,
    pub(crate) client: Client,
    pub(crate) seats: Arc<Seats>,
    /// Open WebSockets, to be waited for at shutdown.
    pub(crate) sockets: TaskTracker,
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
        SectorError::Unknown { name } => Problem::not_found("unknown_sector", format!("There is no sector {name:?}.")),
        SectorError::TooMany => {
            Problem::unavailable("too_many_sectors", "This server has as many sectors open as it may.", 1)
        }
        SectorError::Store(error) => {
            Problem::unavailable("store_unavailable", "The state of the sector cannot be reached at present.", 1)
                .with_source(error)
        }
    })
}

/// How often a client that had fallen behind was given a snapshot.
#[derive(Debug, Default)]
pub(crate) struct Resyncs(AtomicU64);

impl Resyncs {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
