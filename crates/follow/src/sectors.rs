//! The sectors a service serves: its own, and others of the same Redis, opened on demand.
//!
//! # Invariants
//! - A sector is opened once, at first use, and then followed by one [`Follower`].
//! - Only sectors in the list of the Redis are opened: unknown names create nothing.
//! - At most [`OPEN_MAX`] others are open. Beyond that the least recently used one is closed, if it
//!   was unused for [`UNUSED_MIN`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sector_redis::{Place, SectorId, ServiceStore, StoreOptions};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use parking_lot::Mutex;

use crate::follower::Follower;

/// Most sectors followed besides the service's own; each holds a copy of a world.
pub const OPEN_MAX: usize = 64;
/// A sector used within this time is not closed for another.
pub const UNUSED_MIN: Duration = Duration::from_secs(300);
/// How long the list of sectors is cached.
const LIST_LIFE: Duration = Duration::from_secs(1);

/// A sector and its follower.
pub struct Followed {
    id: Option<SectorId>,
    store: Arc<dyn ServiceStore>,
    follower: Arc<Follower>,
}

impl Followed {
    /// A sector that is already followed.
    #[must_use]
    pub fn new(
        id: Option<SectorId>,
        store: Arc<dyn ServiceStore>,
        follower: Arc<Follower>,
    ) -> Self {
        Self { id, store, follower }
    }

    /// Name of the sector.
    #[must_use]
    pub fn name(&self) -> &str {
        SectorId::name(self.id.as_ref())
    }

    /// Store of the sector.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ServiceStore> {
        &self.store
    }

    /// Follower of the sector.
    #[must_use]
    pub fn follower(&self) -> &Arc<Follower> {
        &self.follower
    }
}

/// Knows the sectors besides the service's own.
#[async_trait]
pub trait Opener: Send + Sync + 'static {
    /// All sectors; `None` is the one without an id.
    ///
    /// # Errors
    /// Those of the store.
    async fn list(&self) -> sector_redis::Result<Vec<Option<SectorId>>>;

    /// Opens the store of a listed sector.
    ///
    /// # Errors
    /// Those of the store.
    async fn open(&self, id: Option<&SectorId>) -> sector_redis::Result<Arc<dyn ServiceStore>>;
}

/// The sectors of one Redis.
#[derive(Clone)]
pub struct OnRedis(
    /// Options of the service's own sector; the others differ in their id.
    pub StoreOptions,
);

#[async_trait]
impl Opener for OnRedis {
    async fn list(&self) -> sector_redis::Result<Vec<Option<SectorId>>> {
        match &self.0.place {
            Place::Redis(redis) => sector_redis::sectors(redis).await,
            Place::Memory | Place::Directory(_) => Ok(Vec::new()),
        }
    }

    async fn open(&self, id: Option<&SectorId>) -> sector_redis::Result<Arc<dyn ServiceStore>> {
        let mut options = self.0.clone();
        if let Place::Redis(redis) = &mut options.place {
            redis.names.sector_id = id.cloned();
        }
        let store: Arc<dyn ServiceStore> = sector_redis::open(options).await?;
        Ok(store)
    }
}

/// Why a sector is unavailable.
#[derive(Debug, thiserror::Error)]
pub enum SectorError {
    /// No sector has this name.
    #[error("unknown sector {name:?}")]
    Unknown {
        /// The requested name.
        name: String,
    },
    /// The limit of open sectors is reached, and all are in use.
    #[error("{OPEN_MAX} sectors are in use already")]
    TooMany,
    /// The store failed.
    #[error("cannot open the sector")]
    Store(#[from] sector_redis::Error),
}

/// The sectors a service serves.
pub struct Sectors {
    home: Arc<Followed>,
    elsewhere: Option<Box<dyn Opener>>,
    open: Mutex<BTreeMap<Option<SectorId>, Open>>,
    /// Serializes listing and opening.
    listed: tokio::sync::Mutex<Option<(Instant, Vec<Option<SectorId>>)>>,
    shutdown: CancellationToken,
}

struct Open {
    followed: Arc<Followed>,
    used: Instant,
    close: CancellationToken,
}

impl Sectors {
    /// A service with one sector.
    pub fn one(store: Arc<dyn ServiceStore>, shutdown: CancellationToken) -> Arc<Self> {
        let follower = Follower::spawn(Arc::clone(&store), shutdown.clone());
        Self::new(Followed::new(None, store, follower), None, shutdown)
    }

    /// The service's own sector, and those of `elsewhere`.
    pub fn new(
        home: Followed,
        elsewhere: Option<Box<dyn Opener>>,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            home: Arc::new(home),
            elsewhere,
            open: Mutex::default(),
            listed: tokio::sync::Mutex::new(None),
            shutdown,
        })
    }

    /// Opens the sector of these options, and knows the others of the same Redis.
    ///
    /// # Errors
    /// Those of [`sector_redis::open()`].
    pub async fn open(
        options: StoreOptions,
        shutdown: CancellationToken,
    ) -> sector_redis::Result<Arc<Self>> {
        let store = sector_redis::open(options.clone()).await?;
        Ok(Self::of(options, store, shutdown))
    }

    /// The sector of a store opened with these options, and the others of the same Redis.
    pub fn of(
        options: StoreOptions,
        store: Arc<dyn ServiceStore>,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let follower = Follower::spawn(Arc::clone(&store), shutdown.clone());
        let (id, elsewhere): (_, Option<Box<dyn Opener>>) = match &options.place {
            Place::Redis(redis) => {
                (redis.names.sector_id.clone(), Some(Box::new(OnRedis(options))))
            }
            Place::Memory | Place::Directory(_) => (None, None),
        };
        Self::new(Followed::new(id, store, follower), elsewhere, shutdown)
    }

    /// The service's own sector, served by paths without a sector.
    #[must_use]
    pub fn home(&self) -> &Arc<Followed> {
        &self.home
    }

    /// Names of all sectors, sorted.
    ///
    /// # Errors
    /// [`SectorError::Store`].
    pub async fn names(&self) -> Result<Vec<String>, SectorError> {
        let mut listed = self.listed.lock().await;
        let mut names: Vec<String> = self
            .list(&mut listed)
            .await?
            .iter()
            .map(|id| SectorId::name(id.as_ref()).to_owned())
            .collect();
        names.push(self.home.name().to_owned());
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The sector with this name, opened on demand.
    ///
    /// # Errors
    /// [`SectorError`].
    pub async fn get(&self, name: &str) -> Result<Arc<Followed>, SectorError> {
        if name == self.home.name() {
            return Ok(Arc::clone(&self.home));
        }
        let unknown = || SectorError::Unknown { name: name.chars().take(40).collect() };
        let id = SectorId::parse_name(name).map_err(|_| unknown())?;
        if let Some(followed) = self.find(id.as_ref()) {
            return Ok(followed);
        }
        let Some(elsewhere) = &self.elsewhere else { return Err(unknown()) };
        let mut listed = self.listed.lock().await;
        // Another request may have opened it meanwhile.
        if let Some(followed) = self.find(id.as_ref()) {
            return Ok(followed);
        }
        if !self.list(&mut listed).await?.contains(&id) {
            return Err(unknown());
        }
        self.make_room()?;
        let store = elsewhere.open(id.as_ref()).await?;
        let close = self.shutdown.child_token();
        let follower = Follower::spawn(Arc::clone(&store), close.clone());
        let followed = Arc::new(Followed::new(id.clone(), store, follower));
        let open = Open { followed: Arc::clone(&followed), used: Instant::now(), close };
        self.open.lock().insert(id, open);
        Ok(followed)
    }

    /// The list, refreshed if it is old.
    async fn list<'a>(
        &self,
        listed: &'a mut Option<(Instant, Vec<Option<SectorId>>)>,
    ) -> Result<&'a [Option<SectorId>], SectorError> {
        let Some(elsewhere) = &self.elsewhere else { return Ok(&[]) };
        if listed.as_ref().is_none_or(|(read, _)| read.elapsed() >= LIST_LIFE) {
            *listed = Some((Instant::now(), elsewhere.list().await?));
        }
        Ok(listed.as_ref().map_or(&[], |(_, list)| list.as_slice()))
    }

    fn find(&self, id: Option<&SectorId>) -> Option<Arc<Followed>> {
        let mut open = self.open.lock();
        let open = open.get_mut(&id.cloned())?;
        open.used = Instant::now();
        Some(Arc::clone(&open.followed))
    }

    /// Closes the least recently used sector if there is no room for another.
    fn make_room(&self) -> Result<(), SectorError> {
        let mut open = self.open.lock();
        if open.len() < OPEN_MAX {
            return Ok(());
        }
        let oldest =
            open.iter().min_by_key(|(_, open)| open.used).map(|(id, open)| (id.clone(), open.used));
        let Some((id, used)) = oldest else { return Ok(()) };
        if used.elapsed() < UNUSED_MIN {
            return Err(SectorError::TooMany);
        }
        if let Some(closed) = open.remove(&id) {
            closed.close.cancel();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Sectors `s0`, `s1`, … in memory, counting calls.
    #[derive(Default)]
    struct Many {
        lists: AtomicUsize,
        opens: AtomicUsize,
    }

    const SECTORS: usize = OPEN_MAX + 2;

    #[async_trait]
    impl Opener for Arc<Many> {
        async fn list(&self) -> sector_redis::Result<Vec<Option<SectorId>>> {
            self.lists.fetch_add(1, Ordering::SeqCst);
            (0..SECTORS).map(|number| format!("s{number}").parse().map(Some)).collect()
        }

        async fn open(&self, _: Option<&SectorId>) -> sector_redis::Result<Arc<dyn ServiceStore>> {
            self.opens.fetch_add(1, Ordering::SeqCst);
            let store: Arc<dyn ServiceStore> = sector_redis::open(StoreOptions::memory()).await?;
            Ok(store)
        }
    }

    async fn many() -> (Arc<Many>, Arc<Sectors>) {
        let many = Arc::new(Many::default());
        let shutdown = CancellationToken::new();
        let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
        let follower = Follower::spawn(store.clone(), shutdown.clone());
        let home = Followed::new(Some("home".parse().unwrap()), store, follower);
        (Arc::clone(&many), Sectors::new(home, Some(Box::new(many)), shutdown))
    }

    #[tokio::test(start_paused = true)]
    async fn a_sector_is_opened_once_and_an_unknown_one_never() {
        let (many, sectors) = many().await;
        assert_eq!(sectors.get("home").await.unwrap().name(), "home");
        let (one, other) = tokio::join!(sectors.get("s1"), sectors.get("s1"));
        assert!(Arc::ptr_eq(&one.unwrap(), &other.unwrap()));
        for name in ["nowhere", "No such name", "", "default"] {
            assert!(matches!(sectors.get(name).await, Err(SectorError::Unknown { .. })), "{name}");
        }
        assert_eq!((many.lists.load(Ordering::SeqCst), many.opens.load(Ordering::SeqCst)), (1, 1));
        let names = sectors.names().await.unwrap();
        assert!(names.len() == SECTORS + 1 && names[0] == "home");
    }

    #[tokio::test(start_paused = true)]
    async fn open_sectors_are_limited_and_used_ones_stay() {
        let (_, sectors) = many().await;
        for number in 0..OPEN_MAX {
            sectors.get(&format!("s{number}")).await.unwrap();
        }
        let last = format!("s{OPEN_MAX}");
        assert!(matches!(sectors.get(&last).await, Err(SectorError::TooMany)));
        tokio::time::advance(UNUSED_MIN).await;
        let used = sectors.get("s0").await.unwrap();
        sectors.get(&last).await.unwrap();
        assert!(Arc::ptr_eq(&used, &sectors.get("s0").await.unwrap()), "one in use was closed");
        assert_eq!(sectors.open.lock().len(), OPEN_MAX);
    }

    #[tokio::test]
    async fn a_single_sector_knows_no_others() {
        let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
        let sectors = Sectors::one(store, CancellationToken::new());
        assert_eq!(sectors.names().await.unwrap(), ["default"]);
        assert_eq!(sectors.get("default").await.unwrap().name(), "default");
        assert!(sectors.get("north").await.is_err());
    }
}
