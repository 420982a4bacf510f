//! Opening a store by its configuration.

use std::path::PathBuf;
use std::sync::Arc;

use crate::archive::Archive;
use crate::clock::{Clock, SteadyClock};
use crate::embedded::{self, EmbeddedStore};
use crate::error::{Error, Result};
use crate::observed::{Observed, Observer};
use crate::redis::{self, RedisOptions, RedisStore};
use crate::store::Store;

/// How many finished runs are kept unless configured otherwise.
pub const DEFAULT_KEEP_RUNS: usize = 50;

/// Where the state lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this process, and gone with it.
    Memory,
    /// In a directory of this machine, used by one process at a time.
    Directory(PathBuf),
    /// In Redis, shared by many processes.
    Redis(RedisOptions),
}

impl Place {
    /// In the Redis at `url`, under the usual key names.
    #[must_use]
    pub fn redis(url: impl Into<String>) -> Self {
        Self::Redis(RedisOptions::new(url))
    }
}

/// How to open a store.
#[derive(Clone)]
pub struct StoreOptions {
    /// Where the state lives.
    pub place: Place,
    /// How many finished runs are kept, at least one.
    pub keep_runs: usize,
    /// The clock of the embedded store; Redis uses its own.
    pub clock: Arc<dyn Clock>,
    /// Whether to refuse a Redis that is set up to forget, or does not tell: one without AOF, or
    /// with a `maxmemory-policy` that drops keys. The other places are what they are.
    pub require_durable: bool,
    /// Observer of every response of a store opened by [`open`]; none by default.
    pub observer: Option<Arc<dyn Observer>>,
}

impl StoreOptions {
    /// The usual options for a place, which take a Redis as it is.
    #[must_use]
    pub fn new(place: Place) -> Self {
        let clock = Arc::new(SteadyClock::default());
        Self { place, keep_runs: DEFAULT_KEEP_RUNS, clock, require_durable: false, observer: None }
    }

    /// An empty store in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Place::Memory)
    }
}

/// Opens a store.
///
/// # Errors
/// [`Config`](crate::Error::Config), saying what to change, when it cannot be opened as configured;
/// [`Unavailable`](crate::Error::Unavailable) while Redis does not answer.
pub async fn open(mut options: StoreOptions) -> Result<Arc<dyn Store>> {
    let observer = options.observer.take();
    let store: Arc<dyn Store> = open_archive(options).await?;
    Ok(match observer {
        Some(observer) => Arc::new(Observed { store, observer }),
        None => store,
    })
}

/// Opens a store to back up, restore or inspect; creates an empty one if there is none. The observer
/// is not used.
///
/// # Errors
/// As [`open`].
pub async fn open_archive(options: StoreOptions) -> Result<Arc<dyn Archive>> {
    let StoreOptions { place, keep_runs, clock, require_durable, observer: _ } = options;
    Ok(match place {
        Place::Memory => Arc::new(EmbeddedStore::memory(clock, keep_runs)?),
        Place::Directory(path) => {
            // Repairing what a crash left may take a while.
            let opened = tokio::task::spawn_blocking(move || {
                EmbeddedStore::directory(&path, clock, keep_runs)
            });
            let opened = opened
                .await
                .map_err(|error| Error::unavailable("opening the data directory", error))?;
            Arc::new(opened?)
        }
        Place::Redis(redis) => {
            Arc::new(RedisStore::connect(&redis, keep_runs, require_durable).await?)
        }
    })
}

/// Whether a sector exists at this place; creates none.
///
/// # Errors
/// As [`open`], except those that only a write can find.
pub async fn exists(place: &Place) -> Result<bool> {
    match place {
        Place::Memory => Ok(false),
        Place::Directory(path) => embedded::exists(path),
        Place::Redis(options) => redis::exists(options).await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::StreamId;

    #[derive(Default)]
    struct Heard(Mutex<Vec<(&'static str, bool, Option<&'static str>)>>);

    impl Observer for Heard {
        fn answered(&self, operation: &'static str, took: Option<Duration>, error: Option<&Error>) {
            self.0.lock().unwrap().push((operation, took.is_some(), error.map(Error::kind)));
        }
    }

    #[tokio::test]
    async fn an_observer_is_told_of_every_answer() {
        let heard = Arc::new(Heard::default());
        let store = open(StoreOptions { observer: Some(heard.clone()), ..StoreOptions::memory() })
            .await
            .unwrap();
        store.ping().await.unwrap();
        let (now, moment) = (Duration::ZERO, Duration::from_millis(1));
        store.orders_after(StreamId::START, 1, now).await.unwrap();
        store.orders_after(StreamId::START, 1, moment).await.unwrap();
        store.events_after(StreamId::new(9), 1, now).await.unwrap_err();
        let told = [
            ("ping", true, None),
            ("orders_after", true, None),
            ("orders_after", false, None),
            ("events_from", true, Some("history_trimmed")),
        ];
        assert_eq!(*heard.0.lock().unwrap(), told);
    }
}
