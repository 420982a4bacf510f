//! The database, reopened after a failed write.
//!
//! After an I/O error, such as a full disk, the engine refuses all work until it is opened again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{MappedRwLockReadGuard, Mutex, RwLock, RwLockReadGuard};
use redb::Database;

use crate::error::{Error, Result};

/// Shortest time between two attempts to reopen.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Whether a group's transaction was flushed; the error is shared by all its writes.
pub(super) type Flushed = Result<(), Arc<Error>>;

/// Opens the same data again; never makes new ones.
pub(super) type Reopen = Box<dyn Fn() -> Result<Database> + Send + Sync>;

/// A database that its readers and its writer share.
pub(super) struct Shared {
    /// None after a failed attempt to reopen.
    current: RwLock<Option<Database>>,
    /// None for a database in memory, which has no second chance.
    reopen: Option<Reopen>,
    retry_after: Duration,
    failure: Mutex<Option<Failure>>,
}

/// Why writes fail.
struct Failure {
    detail: String,
    /// Last attempt to reopen.
    tried: Option<Instant>,
}

impl Failure {
    fn error(&self) -> Error {
        Error::unavailable("embedded write", self.detail.clone())
    }
}

impl Shared {
    pub(super) fn new(database: Database, reopen: Option<Reopen>) -> Self {
        Self {
            current: RwLock::new(Some(database)),
            reopen,
            retry_after: RETRY_AFTER,
            failure: Mutex::default(),
        }
    }

    /// The database, which stays open as long as the guard.
    pub(super) fn get(&self) -> Result<MappedRwLockReadGuard<'_, Database>> {
        let open = RwLockReadGuard::try_map(self.current.read(), Option::as_ref).ok();
        open.ok_or_else(|| self.healthy().err().unwrap_or_else(closed))
    }

    /// The database for a write; reopens it after a failure.
    ///
    /// # Errors
    /// [`Unavailable`](Error::Unavailable) while the cause persists.
    pub(super) fn for_write(&self) -> Result<MappedRwLockReadGuard<'_, Database>> {
        if let Some(failure) = &mut *self.failure.lock()
            && let Some(reopen) = &self.reopen
        {
            if failure.tried.is_some_and(|tried| tried.elapsed() < self.retry_after) {
                return Err(failure.error());
            }
            failure.tried = Some(Instant::now());
            let mut current = self.current.write();
            // The file is locked until it is closed.
            *current = None;
            match reopen() {
                Ok(database) => *current = Some(database),
                Err(error) => {
                    failure.detail = error.detail();
                    return Err(failure.error());
                }
            }
        }
        self.get()
    }

    /// Records how a write ended.
    pub(super) fn note(&self, written: &Flushed) {
        let mut failure = self.failure.lock();
        match (written, &mut *failure) {
            (Ok(()), Some(_)) => {
                tracing::info!("data file writable again");
                *failure = None;
            }
            (Ok(()), None) => {}
            (Err(error), Some(known)) => known.detail = error.detail(),
            (Err(error), None) => {
                tracing::error!(%error, "cannot write to the data file");
                *failure = Some(Failure { detail: error.detail(), tried: None });
            }
        }
    }

    /// # Errors
    /// [`Unavailable`](Error::Unavailable) while writes fail.
    pub(super) fn healthy(&self) -> Result<()> {
        self.failure.lock().as_ref().map_or(Ok(()), |failure| Err(failure.error()))
    }
}

fn closed() -> Error {
    Error::unavailable("embedded store", "the data file is being reopened")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use redb::{Builder, StorageBackend};

    use super::*;
    use crate::clock::SteadyClock;
    use crate::embedded::EmbeddedStore;
    use crate::embedded::tables;
    use crate::store::{Durability, Runs, Status};
    use crate::{Award, Recorded};

    /// A disk in memory that outlives the database, and can fail.
    #[derive(Debug, Clone, Default)]
    struct Disk {
        bytes: Arc<Mutex<Vec<u8>>>,
        /// Writes and flushes that still succeed, and how the rest fail.
        failing: Arc<Mutex<Option<io::ErrorKind>>>,
        left: Arc<AtomicUsize>,
    }

    impl Disk {
        fn fail(&self, kind: io::ErrorKind, after: usize) {
            self.left.store(after, Ordering::Relaxed);
            *self.failing.lock() = Some(kind);
        }

        fn heal(&self) {
            *self.failing.lock() = None;
        }

        fn change(&self) -> io::Result<()> {
            match *self.failing.lock() {
                Some(kind)
                    if self
                        .left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                            left.checked_sub(1)
                        })
                        .is_err() =>
                {
                    Err(kind.into())
                }
                _ => Ok(()),
            }
        }

        fn open(&self) -> Result<Database> {
            let database = Builder::new()
                .create_with_backend(self.clone())
                .map_err(|error| Error::config(error.to_string()))?;
            tables::prepare(&database, "the disk")?;
            Ok(database)
        }

        fn store(&self) -> EmbeddedStore {
            let disk = self.clone();
            let mut shared = Shared::new(self.open().unwrap(), Some(Box::new(move || disk.open())));
            shared.retry_after = Duration::ZERO;
            EmbeddedStore::over(
                shared,
                None,
                Arc::new(SteadyClock::default()),
                10,
                Durability::Disk,
            )
            .unwrap()
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            Ok(self.bytes.lock().len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let start = usize::try_from(offset).unwrap();
            out.copy_from_slice(&self.bytes.lock()[start..start + out.len()]);
            Ok(())
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.change()?;
            self.bytes.lock().resize(usize::try_from(len).unwrap(), 0);
            Ok(())
        }

        fn sync_data(&self) -> io::Result<()> {
            self.change()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.change()?;
            let start = usize::try_from(offset).unwrap();
            self.bytes.lock()[start..start + data.len()].copy_from_slice(data);
            Ok(())
        }
    }

    fn award(number: usize) -> Award {
        Award {
            universe: format!("u-{number}").parse().unwrap(),
            faction: "F1".to_owned(),
            award: "victory".to_owned(),
            body: "{}".to_owned(),
        }
    }

    async fn awards(store: &EmbeddedStore) -> Vec<Award> {
        let mut awards = store.awards(None, 10).await.unwrap().awards;
        awards.sort();
        awards
    }

    /// Fails at one point of a write, heals, and checks that nothing acknowledged is lost.
    async fn survives(kind: io::ErrorKind, after: usize) -> bool {
        let disk = Disk::default();
        let store = disk.store();
        assert_eq!(store.record_award(&award(0)).await.unwrap(), Recorded::New);
        disk.fail(kind, after);
        let first = store.record_award(&award(1)).await;
        if let Err(error) = first {
            assert!(error.is_unavailable());
            assert!(store.ping().await.unwrap_err().is_unavailable(), "not ready");
            for _ in 0..3 {
                assert!(store.record_award(&award(1)).await.unwrap_err().is_unavailable());
            }
        }
        let has_failed = disk.left.load(Ordering::Relaxed) == 0;
        disk.heal();
        let written = async || store.record_award(&award(2)).await.ok();
        store_testkit::eventually("writes succeed again", Duration::from_secs(20), written).await;
        store.ping().await.unwrap();
        let _ = store.record_award(&award(1)).await.unwrap();
        let known = awards(&store).await;
        assert_eq!(known, [award(0), award(1), award(2)]);
        drop(store);
        assert_eq!(awards(&disk.store()).await, known, "after a restart");
        has_failed
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_disk_that_fails_anywhere_in_a_write_is_used_again_once_it_heals() {
        for kind in [
            io::ErrorKind::StorageFull,
            io::ErrorKind::ReadOnlyFilesystem,
            io::ErrorKind::QuotaExceeded,
            io::ErrorKind::Other,
        ] {
            survives(kind, 0).await;
        }
        let mut after = 1;
        while survives(io::ErrorKind::StorageFull, after).await {
            after += 1;
        }
        assert!(after > 2, "a commit writes and flushes");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_data_file_that_is_gone_is_not_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let open = crate::embedded::directory::open;
        drop(open(directory.path()).unwrap());
        std::fs::remove_file(directory.path().join("sector.redb")).unwrap();
        let error = crate::embedded::directory::reopen(directory.path()).unwrap_err().to_string();
        assert!(error.contains("is gone"), "{error}");
    }
}
