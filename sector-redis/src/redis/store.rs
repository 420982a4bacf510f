//! The roles of a store over the scripts; the code of each is in the module of its name.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{FromRedisValue, Script, ScriptInvocation, Value, cmd};
use tokio::task::AbortHandle;

use super::appends::Appends;
use super::follower::{Newest, follow};
use super::gather::Gather;
use super::link::Link;
use super::options::RedisOptions;
use super::reply::{Entry, incarnation, number, unexpected};
use super::route::Route;
use super::scripts::Scripts;
use super::writer::Writer;
use super::{
    appends, commit, control, lease, nonces, orders, outcomes, registry, seats, shelves, world,
};
use crate::commit::{Award, Checkpoint, Commit, Committed, Head, Lease, Run};
use crate::document::{Document, Shelf, check_audit};
use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::incarnation::{Incarnation, Position};
use crate::keys::Keys;
use crate::order::{OrderBatch, OrderEntry, Receipt};
use crate::outcome::{OrderStatus, listed};
use crate::pool::Pool;
use crate::report::RedisReport;
use crate::seat::{Claim, ClaimOutcome};
use crate::store::{
    BackupNote, Claims, Control, Documents, Durability, Events, MAX_READ, Orders, RestartRequest,
    Runs, Status, World,
};
use crate::stream::{Event, StreamId, check_readable};

/// The version of the key layout.
pub(super) const FORMAT: &str = "3";

/// A sector's state in Redis.
pub struct RedisStore {
    pub(super) link: Arc<Link>,
    pub(super) keys: Arc<Keys>,
    pub(super) scripts: Arc<Scripts>,
    writer: Writer,
    pub(super) appends: Gather<Appends>,
    pub(super) newest: Arc<Newest>,
    follower: AbortHandle,
    pub(super) keep_runs: usize,
    report: RedisReport,
}

impl RedisStore {
    /// Connects, checks that the keys are ours, and puts the sector on the list of all sectors.
    ///
    /// # Errors
    /// [`Unavailable`](Error::Unavailable) when Redis does not answer (yet);
    /// [`Config`](Error::Config) when the URL or the user is wrong, the keys are another's, or
    /// `require_durable` is set and Redis is not set up to keep what it was given, or does not say.
    pub async fn connect(
        options: &RedisOptions,
        keep_runs: usize,
        require_durable: bool,
    ) -> Result<Self> {
        let keys = Keys::new(&options.names)?;
        let route = Arc::new(Route::parse(&options.url)?);
        if route.is_cluster() && options.names.sector_id.is_none() {
            return Err(Error::config(
                "a Redis Cluster keeps a sector only under an id, which puts all its keys into one slot; set SECTOR_ID (--sector-id), for example SECTOR_ID=main",
            ));
        }
        if require_durable {
            route.check_guarded()?;
        }
        let link = Link::open(route.clone(), &keys.world, options.command_timeout).await?;
        // Before anything longer: to one who may not come in, Redis answers long commands with a
        // protocol error that says nothing of passwords.
        link.read_command::<()>("opening the store", &cmd("PING")).await?;
        let report = RedisReport::ask(&link).await?;
        if require_durable {
            report.check_durable()?;
            report.check_clock()?;
        }
        let (link, keys, scripts) = (Arc::new(link), Arc::new(keys), Arc::new(Scripts::new()));
        let writer =
            Writer::new(link.clone(), keys.clone(), scripts.clone(), options.command_timeout);
        writer.mark().await?;
        registry::add(&route, &link, &options.names).await?;
        let newest = Arc::new(Newest::new());
        let follower =
            tokio::spawn(follow(route, Keys::clone(&keys), newest.clone())).abort_handle();
        let appends = Gather::new(Appends::new(writer.clone()), options.command_timeout);
        let keep_runs = keep_runs.max(1);
        Ok(Self { link, keys, scripts, writer, appends, newest, follower, keep_runs, report })
    }

    /// What Redis said of itself when it was opened.
    #[must_use]
    pub fn report(&self) -> &RedisReport {
        &self.report
    }

    /// A script that only reads.
    pub(super) fn reads<'a>(&self, script: &'a Script, keys: &[&str]) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(*key);
        }
        invocation
    }

    /// A script that writes, which looks for the mark first.
    pub(super) fn writes<'a>(&self, script: &'a Script, keys: &[&str]) -> ScriptInvocation<'a> {
        self.writer.writes(script, keys)
    }

    /// Runs a script that writes, once. A Redis that was emptied is marked anew before.
    pub(super) async fn write<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T> {
        self.writer.write(doing, script).await
    }

    /// Runs a script whose repetition is known as such or does no harm: when its answer was lost,
    /// it is asked again what it came to.
    pub(super) async fn write_again<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T> {
        self.writer.write_again(doing, script).await
    }

    /// Entries of a stream after a position, exactly, or the refusal.
    pub(super) async fn read_stream(
        &self,
        stream: &'static str,
        [key, last_key]: [&str; 2],
        field: &str,
        from: Position,
        count: usize,
    ) -> Result<Vec<Entry>> {
        let mut script = self.reads(&self.scripts.stream_read, &[key, last_key, &self.keys.format]);
        script.arg(field).arg(from.after.number()).arg(count);
        let (last, before, entries, mark): (String, String, Vec<Value>, String) =
            self.link.read("reading a stream", &script).await?;
        from.check(incarnation(Some(&mark))?)?;
        if !before.is_empty() {
            let last = StreamId::new(number(stream, &last)?);
            let kept_after = StreamId::new(number(stream, &before)?);
            check_readable(stream, from.after, kept_after, last)?;
            let detail = format!("{stream} after {} are missing", from.after);
            return Err(unexpected(stream, detail));
        }
        let entries = entries.into_iter();
        entries.map(|entry| Entry::read(stream, entry)).collect()
    }
}

impl Drop for RedisStore {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

#[async_trait]
impl World for RedisStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        lease::acquire(self, holder, ttl).await
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        lease::renew(self, lease, ttl).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        lease::release(self, lease).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        commit::commit(self, commit).await
    }
}

#[async_trait]
impl Status for RedisStore {
    async fn head(&self) -> Result<Option<Head>> {
        world::head(self).await
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        world::checkpoint(self).await
    }

    async fn last_backup(&self) -> Result<Option<BackupNote>> {
        self.backup_noted().await
    }

    async fn ping(&self) -> Result<()> {
        self.link.write_command("ping", &cmd("PING")).await
    }

    fn durability(&self) -> Durability {
        self.report.durability
    }
}

#[async_trait]
impl Runs for RedisStore {
    async fn records(
        &self,
        universe: &UniverseId,
        from_tick: u64,
        count: usize,
    ) -> Result<Vec<(u64, String)>> {
        world::records(self, universe, from_tick, count).await
    }

    async fn replay_header(&self, universe: &UniverseId) -> Result<Option<String>> {
        world::replay_header(self, universe).await
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        world::runs(self, count).await
    }

    async fn record_award(&self, award: &Award) -> Result<bool> {
        control::record_award(self, award).await
    }

    async fn awards(&self, universe: Option<&UniverseId>) -> Result<Vec<Award>> {
        control::awards(self, universe).await
    }
}

#[async_trait]
impl Orders for RedisStore {
    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        appends::append(self, batch).await
    }

    async fn orders_after(
        &self,
        cursor: StreamId,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<OrderEntry>> {
        orders::after(self, cursor, count, wait).await
    }

    async fn order_backlog(&self) -> Result<u64> {
        orders::backlog(self).await
    }

    async fn order(&self, id: StreamId) -> Result<Option<OrderStatus>> {
        outcomes::status(self, id).await
    }

    async fn orders_of(&self, player: &str, count: usize) -> Result<Vec<OrderStatus>> {
        outcomes::of_player(self, player, listed(count)).await
    }
}

#[async_trait]
impl Events for RedisStore {
    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        world::events_from(self, from, count, wait).await
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        world::incarnation_now(self).await
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        world::renew_incarnation(self).await
    }
}

#[async_trait]
impl Claims for RedisStore {
    async fn claim(
        &self,
        universe: &UniverseId,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome> {
        seats::claim(self, universe, faction, player, now_ms, idle_ms).await
    }

    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>> {
        seats::release(self, universe, player).await
    }

    async fn release_all(&self, universe: &UniverseId) -> Result<u64> {
        seats::release_all(self, universe).await
    }

    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        seats::claims(self, universe, now_ms, idle_ms).await
    }

    async fn touch(
        &self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        seats::touch(self, universe, player, now_ms, idle_ms).await
    }
}

#[async_trait]
impl Documents for RedisStore {
    async fn insert_document(
        &self,
        shelf: Shelf,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        shelves::insert(self, shelf, document, now_ms).await
    }

    async fn document(&self, shelf: Shelf, id: &str, now_ms: u64) -> Result<Option<Document>> {
        shelves::one(self, shelf, id, now_ms).await
    }

    async fn replace_document(
        &self,
        shelf: Shelf,
        expected_body: &str,
        document: &Document,
        now_ms: u64,
    ) -> Result<bool> {
        shelves::replace(self, shelf, expected_body, document, now_ms).await
    }

    async fn remove_document(&self, shelf: Shelf, id: &str) -> Result<Option<Document>> {
        shelves::remove(self, shelf, id).await
    }

    async fn documents_of(&self, shelf: Shelf, owner: &str, now_ms: u64) -> Result<Vec<Document>> {
        shelves::list_of(self, shelf, owner, now_ms).await
    }

    async fn remove_documents_of(&self, shelf: Shelf, owner: &str) -> Result<u64> {
        shelves::remove_of(self, shelf, owner).await
    }

    async fn put_nonce(&self, pool: Pool, key: &str, value: &str, ttl: Duration) -> Result<()> {
        nonces::put(self, pool, key, value, ttl).await
    }

    async fn take_nonce(&self, pool: Pool, key: &str) -> Result<Option<String>> {
        nonces::take(self, pool, key).await
    }
}

#[async_trait]
impl Control for RedisStore {
    async fn set_paused(&self, paused: bool) -> Result<()> {
        control::set_paused(self, paused).await
    }

    async fn paused(&self) -> Result<bool> {
        control::paused(self).await
    }

    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        control::request_restart(self, seed).await
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        control::restart_request(self).await
    }

    async fn append_audit(&self, body: &str) -> Result<u64> {
        check_audit(body)?;
        shelves::append_audit(self, body).await
    }

    async fn audit(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>> {
        shelves::audit(self, after, count.clamp(1, MAX_READ)).await
    }
}
