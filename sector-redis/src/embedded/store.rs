//! The tables, the writer thread and what goes with them. Each role is implemented in the file of its
//! subject.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::backends::InMemoryBackend;
use redb::{Builder, ReadTransaction, ReadableDatabase};
use tokio::sync::watch;

use super::database::Shared;
use super::directory;
use super::nonces::Nonces;
use super::tables::{self, COUNTERS, EVENT, ORDER, counter};
use super::writer::{Newest, Writer};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::store::Durability;

/// A sector's state in this process.
pub struct EmbeddedStore {
    // Dropped in this order: the writer ends, the database closes, the directory is unlocked.
    pub(super) writer: Writer,
    pub(super) shared: Arc<Shared>,
    _lock: Option<File>,
    pub(super) newest: Arc<Newest>,
    pub(super) nonces: Mutex<Nonces>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keep_runs: usize,
    pub(super) durability: Durability,
}

impl EmbeddedStore {
    /// A new, empty store in memory.
    ///
    /// # Errors
    /// [`Config`](Error::Config) when the writer thread cannot start.
    pub fn memory(clock: Arc<dyn Clock>, keep_runs: usize) -> Result<Self> {
        let database = Builder::new()
            .create_with_backend(InMemoryBackend::new())
            .map_err(|error| Error::config_because("cannot make a store in memory", error))?;
        tables::prepare(&database, "the store in memory")?;
        Self::over(Shared::new(database, None), None, clock, keep_runs, Durability::Memory)
    }

    /// The store in a data directory, made if there is none.
    ///
    /// # Errors
    /// [`Config`](Error::Config), naming the path and what to do, when the directory cannot be
    /// used, is in use, or holds something else.
    pub fn directory(path: &Path, clock: Arc<dyn Clock>, keep_runs: usize) -> Result<Self> {
        let lock = directory::lock(path)?;
        let database = directory::open(path)?;
        let path = path.to_owned();
        let shared = Shared::new(database, Some(Box::new(move || directory::reopen(&path))));
        Self::over(shared, Some(lock), clock, keep_runs, Durability::Disk)
    }

    pub(super) fn over(
        shared: Shared,
        lock: Option<File>,
        clock: Arc<dyn Clock>,
        keep_runs: usize,
        durability: Durability,
    ) -> Result<Self> {
        let counters = shared.get()?.begin_read()?.open_table(COUNTERS)?;
        let newest = Arc::new(Newest {
            order: watch::Sender::new(counter(&counters, ORDER)?),
            event: watch::Sender::new(counter(&counters, EVENT)?),
        });
        drop(counters);
        let shared = Arc::new(shared);
        Ok(Self {
            writer: Writer::start(shared.clone(), newest.clone())?,
            shared,
            _lock: lock,
            newest,
            nonces: Mutex::default(),
            clock,
            keep_runs: keep_runs.max(1),
            durability,
        })
    }

    pub(super) async fn read<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&ReadTransaction) -> Result<T> + Send + 'static,
    {
        let shared = self.shared.clone();
        tokio::task::spawn_blocking(move || body(&shared.get()?.begin_read()?))
            .await
            .map_err(|error| Error::unavailable("embedded read", error))?
    }
}
