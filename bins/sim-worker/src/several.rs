//! Several sectors of one Redis in one worker, each with its own loop and lease.
//!
//! Sectors fail independently. After losing a lease, the worker goes back to standby for that
//! sector. A sector that cannot be opened or run is retried with back-off, and is not ready
//! meanwhile.

use std::sync::Arc;
use std::time::Duration;

use process_kit::Handles;
use sector_redis::Backoff;
use sector_redis::{Place, Store, StoreOptions};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use crate::config::Config;
use crate::error::Error;
use crate::reign;
use crate::sources::Sources;
use crate::status::{Duty, Post};

/// First and maximum back-off after a sector failed: short at first, since a restart fixes many
/// failures, such as a Redis that lost its last second.
const RUN_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// After running this long, a sector counts as healthy: the back-off starts over.
const WELL_AFTER: Duration = Duration::from_secs(60);
/// First and maximum back-off after a store could not be opened.
const OPEN_PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Runs the sectors of `posts` until `shutdown`, except those that other workers hold. All are
/// opened with `options`, each with its own id.
///
/// # Errors
/// [`Error::Store`] when no store can be opened at the start. Later failures are retried.
pub async fn run_several(
    config: Config,
    options: StoreOptions,
    posts: Vec<Arc<Post>>,
    sources: Sources,
    handles: impl Into<Handles>,
) -> Result<(), Error> {
    let handles = handles.into();
    let (opened, mut first) = mpsc::unbounded_channel();
    let mut sectors = JoinSet::new();
    for post in posts {
        let sector = Sector {
            config: config.clone(),
            options: options.clone(),
            sources: sources.clone(),
            handles: handles.clone(),
            opened: Some(opened.clone()),
            post,
        };
        // At the highest level, so that every log line names its sector.
        let span = tracing::error_span!("sector", name = sector.post.name());
        sectors.spawn(sector.run().instrument(span));
    }
    drop(opened);
    // One open store is enough to go on.
    let mut refused = None;
    while let Some(answer) = first.recv().await {
        refused = answer.err();
        if refused.is_none() {
            break;
        }
    }
    drop(first);
    if let Some(error) = refused {
        return Err(error);
    }
    while let Some(ended) = sectors.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "sector loop panicked");
        }
    }
    Ok(())
}

/// Runs one sector, retrying after failures.
struct Sector {
    config: Config,
    options: StoreOptions,
    sources: Sources,
    handles: Handles,
    post: Arc<Post>,
    /// Receives the result of the first attempt to open the store.
    opened: Option<mpsc::UnboundedSender<Result<(), Error>>>,
}

impl Sector {
    async fn run(mut self) {
        let Some(store) = self.store().await else { return };
        let mut backoff = Backoff::new(RUN_PAUSES.0, RUN_PAUSES.1);
        loop {
            let began = Instant::now();
            // In its own task, so that a panic ends only this attempt.
            let mut attempt = JoinSet::new();
            let (config, post) = (self.config.clone(), self.post.clone());
            let (sources, handles) = (self.sources.clone(), self.handles.clone());
            attempt.spawn(
                reign::run_at(config, store.clone(), sources, post, handles).in_current_span(),
            );
            let reason = match attempt.join_next().await {
                None | Some(Ok(Ok(()))) => return,
                Some(Ok(Err(error @ Error::LeaseLost(_)))) => {
                    tracing::warn!(%error, "lost the sector, back to standby");
                    // Recover the universe that ran before the loss.
                    self.config.reset_universe_on_start = false;
                    continue;
                }
                Some(Ok(Err(error))) => error.to_string(),
                Some(Err(error)) => error.to_string(),
            };
            tracing::error!(error = reason, "sector failed, retrying");
            self.post.set(Duty::Failed { reason });
            self.config.reset_universe_on_start &= self.post.last_tick().is_none();
            if began.elapsed() >= WELL_AFTER {
                backoff.reset();
            }
            tokio::select! {
                biased;
                () = self.handles.shutdown.cancelled() => return,
                () = self.sources.wait(&mut backoff) => {}
            }
        }
    }

    /// Opens the store, with retries. `None` on shutdown.
    async fn store(&mut self) -> Option<Arc<dyn Store>> {
        let mut options = self.options.clone();
        if let Place::Redis(redis) = &mut options.place {
            redis.names.sector_id = self.post.id().cloned();
        }
        let mut backoff = Backoff::new(OPEN_PAUSES.0, OPEN_PAUSES.1);
        loop {
            let opened = tokio::select! {
                biased;
                () = self.handles.shutdown.cancelled() => return None,
                opened = sector_redis::open(options.clone()) => opened,
            };
            let error = match opened {
                Ok(store) => {
                    self.post.opened(&store);
                    self.tell(Ok(()));
                    return Some(store);
                }
                Err(error) => error,
            };
            tracing::error!(%error, "cannot open the sector's store");
            self.post.set(Duty::Failed { reason: error.to_string() });
            self.tell(Err(error.into()));
            tokio::select! {
                biased;
                () = self.handles.shutdown.cancelled() => return None,
                () = self.sources.wait(&mut backoff) => {}
            }
        }
    }

    fn tell(&mut self, first: Result<(), Error>) {
        if let Some(opened) = self.opened.take() {
            // The receiver is gone once one sector could be opened.
            drop(opened.send(first));
        }
    }
}
