//! The connection, scripts and keys of a sector in Redis. Each role is implemented in the file of its
//! subject.

use std::sync::Arc;

use redis::{FromRedisValue, Script, ScriptInvocation, Value, cmd};
use tokio::task::AbortHandle;

use super::appends::Appends;
use super::follower::{Newest, follow};
use super::gather::Gather;
use super::link::Link;
use super::options::RedisOptions;
use super::registry;
use super::reply::{Entry, incarnation, number, unexpected};
use super::route::Route;
use super::scripts::Scripts;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::incarnation::Position;
use crate::keys::Keys;
use crate::report::RedisReport;
use crate::stream::{StreamId, check_readable};

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
