//! The event stream, and the incarnation of the store.

use std::time::Duration;

use async_trait::async_trait;
use redis::cmd;

use super::reply::{Entry, incarnation};
use super::store::{FORMAT, RedisStore};
use crate::error::{Error, Result};
use crate::incarnation::{Incarnation, Position, held};
use crate::store::{Events, MAX_READ};
use crate::stream::Event;
use crate::wait::Growth;

#[async_trait]
impl Events for RedisStore {
    async fn events_from(
        &self,
        from: Position,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Event>> {
        let count = count.clamp(1, MAX_READ);
        let keys = [self.keys.events.as_str(), &self.keys.world];
        let mut growth = Growth::watch(&self.newest.event, wait);
        loop {
            growth.mark();
            let entries = self.read_stream("events", keys, "event", from, count).await?;
            if !entries.is_empty() || !growth.next().await {
                return entries.into_iter().map(Entry::into_event).collect();
            }
        }
    }

    async fn incarnation(&self) -> Result<Incarnation> {
        let doing = "reading the incarnation";
        let mark: Option<String> =
            self.link.read_command(doing, cmd("GET").arg(&self.keys.format)).await?;
        let found = incarnation(mark.as_deref())?;
        found
            .ok_or_else(|| Error::unavailable(doing, "Redis was emptied, and not written to since"))
    }

    async fn renew_incarnation(&self) -> Result<Incarnation> {
        let new = Incarnation::random()?;
        let keys = [self.keys.lease.as_str(), &self.keys.format];
        let mut script = self.writes(&self.scripts.incarnation_renew, &keys);
        script.arg(FORMAT).arg(new.to_string());
        let renewed: u64 = self.write_again("renewing the incarnation", &script).await?;
        if renewed == 1 { Ok(new) } else { Err(held()) }
    }
}
