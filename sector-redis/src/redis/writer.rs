//! Running the scripts that write.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Script, ScriptInvocation};
use tokio::time::{Instant, timeout_at};

use super::answer::{is_reply_lost, is_unmarked};
use super::link::{Link, Work};
use super::reply::unexpected;
use super::scripts::Scripts;
use super::store::FORMAT;
use crate::error::{Error, Result};
use crate::incarnation::Incarnation;
use crate::keys::Keys;

/// Runs the scripts that write, for the store and for the tasks that work for it.
#[derive(Clone)]
pub(super) struct Writer {
    pub(super) keys: Arc<Keys>,
    pub(super) scripts: Arc<Scripts>,
    link: Arc<Link>,
    limit: Duration,
}

impl Writer {
    pub(super) fn new(
        link: Arc<Link>,
        keys: Arc<Keys>,
        scripts: Arc<Scripts>,
        limit: Duration,
    ) -> Self {
        Self { keys, scripts, link, limit }
    }

    /// When the time of a command that begins now is up.
    pub(super) fn ends(&self) -> Instant {
        Instant::now() + self.limit
    }

    /// A script that writes, which looks for the mark first.
    pub(super) fn writes<'a>(&self, script: &'a Script, keys: &[&str]) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        invocation.key(&self.keys.format);
        for key in keys {
            invocation.key(*key);
        }
        invocation
    }

    /// Runs a script that writes, once. A Redis that was emptied is marked anew before.
    pub(super) async fn write<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T> {
        self.work(doing, Work::Script(script)).await
    }

    /// Runs a script that writes, by the command that runs it, once.
    pub(super) async fn write_prepared<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &Script,
        command: &Cmd,
    ) -> Result<T> {
        self.work(doing, Work::Prepared(script, command)).await
    }

    async fn work<T: FromRedisValue>(&self, doing: &'static str, work: Work<'_>) -> Result<T> {
        match self.link.write(doing, work).await {
            Err(error) if is_unmarked(&error) => {
                let incarnation = self.mark().await?;
                tracing::warn!(%incarnation, "Redis was emptied; the store begins anew");
                self.link.write(doing, work).await
            }
            result => result,
        }
    }

    /// Runs a script whose repetition is known as such or does no harm: when its answer was lost,
    /// it is asked again what it came to, within the time of one command.
    pub(super) async fn write_again<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T> {
        let ends = self.ends();
        match self.write(doing, script).await {
            Err(error) if is_reply_lost(&error) => {
                tracing::debug!(%error, "an answer was lost; asking again");
                timeout_at(ends, self.write(doing, script)).await.unwrap_or(Err(error))
            }
            result => result,
        }
    }

    /// Checks that the keys are ours; marks a Redis that has none, and one of an older format.
    pub(super) async fn mark(&self) -> Result<Incarnation> {
        let mut script = self.scripts.open.prepare_invoke();
        for key in self.keys.fixed() {
            script.key(key);
        }
        script.arg(FORMAT).arg(Incarnation::random()?.to_string());
        let answer: Vec<String> = self.link.read("opening the store", &script).await?;
        match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["ok", incarnation] => incarnation
                .parse()
                .map_err(|_| unexpected("format", format!("incarnation {incarnation:?}"))),
            ["format", format] => Err(Error::config(format!(
                "the keys in Redis have format {format}, this version reads format {FORMAT} and what formats 1 and 2 left; start the version that wrote them, or choose another SECTOR_ID or database"
            ))),
            ["foreign", key] => Err(Error::config(format!(
                "the key {key:?} in Redis is in use by something else; choose another SECTOR_ID, other key names, or another database"
            ))),
            _ => Err(unexpected("format", format!("{answer:?}"))),
        }
    }
}
