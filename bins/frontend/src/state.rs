//! What all handlers see.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use follow::Follower;
use service::{Client, TaskTracker};
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::config::Config;
use crate::lines::Lines;
use crate::seats::Seats;

/// What all handlers see.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) assets: &'static Assets,
    pub(crate) follower: Arc<Follower>,
    pub(crate) client: Client,
    pub(crate) seats: Arc<Seats>,
    /// Open WebSockets, to be waited for at shutdown.
    pub(crate) sockets: TaskTracker,
    pub(crate) resyncs: Arc<Resyncs>,
    pub(crate) lines: Arc<Lines>,
    /// Previews that may be drawn at once.
    pub(crate) previews: Arc<Semaphore>,
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
