//! Several sectors of one Redis in one worker, each with a loop and a lease of its own.
//!
//! What befalls one stops none of the others: a sector whose lease is lost is stood by for again, one that cannot be
//! opened or run is tried again after a while, and is not ready until it can.

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

/// First and longest pause before a sector that could not be run is tried again. What a restart mends, such as a Redis
/// that has lost its last second, is mended soon; what it does not is not tried all the time.
const RUN_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// A sector that ran for so long counts as well: the next pause is the first again.
const WELL_AFTER: Duration = Duration::from_secs(60);
/// First and longest pause before a store that could not be opened is tried again.
const OPEN_PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Runs the sectors of `posts` until `shutdown`, as far as no other worker does. `options` say how they are opened: all
/// alike but for their id.
///
/// # Errors
/// [`Error::Store`] when none of the stores can be opened at the start. After that it goes on, whatever happens.
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
        // Of the highest level, so that each line that is logged at all names its sector.
        let span = tracing::error_span!("sector", name = sector.post.name());
        sectors.spawn(sector.run().instrument(span));
    }
    drop(opened);
    // One that can be opened is reason enough to go on.
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
            tracing::error!(%error, "the loop of a sector broke off");
        }
    }
    Ok(())
}

/// One of the sectors, whatever befalls it.
struct Sector {
    config: Config,
    options: StoreOptions,
    sources: Sources,
    handles: Handles,
    post: Arc<Post>,
    /// Where the first attempt to open the store is told.
    opened: Option<mpsc::UnboundedSender<Result<(), Error>>>,
}

impl Sector {
    async fn run(mut self) {
        let Some(store) = self.store().await else { return };
        let mut backoff = Backoff::new(RUN_PAUSES.0, RUN_PAUSES.1);
        loop {
            let began = Instant::now();
            // In a task of its own, so that a panic ends no more than this attempt.
            let mut attempt = JoinSet::new();
            let (config, post) = (self.config.clone(), self.post.clone());
            let (sources, handles) = (self.sources.clone(), self.handles.clone());
            attempt.spawn(
                reign::run_at(config, store.clone(), sources, post, handles).in_current_span(),
            );
            let reason = match attempt.join_next().await {
                None | Some(Ok(Ok(()))) => return,
                Some(Ok(Err(error @ Error::LeaseLost(_)))) => {
                    tracing::warn!(%error, "the sector is stood by for again");
                    // What was begun before the loss goes on.
                    self.config.reset_universe_on_start = false;
                    continue;
                }
                Some(Ok(Err(error))) => error.to_string(),
                Some(Err(error)) => error.to_string(),
            };
            tracing::error!(error = reason, "the sector cannot be run; it is tried again");
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

    /// The store, as soon as it can be opened. None when shutdown comes first.
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
            tracing::error!(%error, "the store of the sector cannot be opened");
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
            // Nobody listens any more once one sector could be opened.
            drop(opened.send(first));
        }
    }
}
