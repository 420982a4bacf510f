//! One blocking read for all readers of a process.
//!
//! The follower waits on both streams over its own connection and tells, through a watch channel,
//! which numbers are the newest. Readers then read for themselves; a follower that is late or has
//! lost its connection delays them, it cannot mislead them.

use std::sync::Arc;
use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, Value, cmd};
use tokio::sync::watch;
use tokio::time::sleep;

use super::connection::{CONNECT_TIMEOUT, from_redis, run};
use super::reply::number;
use crate::error::Result;
use crate::keys::Keys;

/// How long one blocking read lasts. At its end the numbers are read anyway, so that readers learn
/// of a Redis that was emptied or restored.
const BLOCK: Duration = Duration::from_secs(5);
/// Pauses before connecting again: the first, and the longest.
const RETRY_DELAY: Duration = Duration::from_millis(50);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(1);

/// The newest number of each stream, as far as the follower knows.
pub(super) struct Newest {
    pub(super) order: watch::Sender<u64>,
    pub(super) event: watch::Sender<u64>,
}

impl Newest {
    pub(super) fn new() -> Self {
        Self { order: watch::Sender::new(0), event: watch::Sender::new(0) }
    }
}

/// Follows until it is aborted.
pub(super) async fn follow(client: Client, keys: Keys, newest: Arc<Newest>) {
    let mut delay = RETRY_DELAY;
    loop {
        let mut came_through = false;
        if let Err(error) = follow_once(&client, &keys, &newest, &mut came_through).await {
            tracing::warn!(%error, "following the streams was cut; connecting again");
        }
        if came_through {
            delay = RETRY_DELAY;
        }
        sleep(delay).await;
        delay = (delay * 2).min(RETRY_DELAY_MAX);
    }
}

async fn follow_once(client: &Client, keys: &Keys, newest: &Newest, came_through: &mut bool) -> Result<()> {
    let doing = "following the streams";
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(BLOCK * 2));
    let mut connection =
        client.get_multiplexed_async_connection_with_config(&config).await.map_err(|error| from_redis(doing, error))?;
    loop {
        let command = cmd("HGET").arg(&keys.world).arg("event").to_owned();
        let event: Option<String> = run(&mut connection, &command, doing).await?;
        let command = cmd("GET").arg(&keys.last_order).to_owned();
        let order: Option<String> = run(&mut connection, &command, doing).await?;
        let event = number("last event", event.as_deref().unwrap_or("0"))?;
        let order = number("last order", order.as_deref().unwrap_or("0"))?;
        announce(&newest.event, event);
        announce(&newest.order, order);
        *came_through = true;

        let command = cmd("XREAD")
            .arg("COUNT")
            .arg(1)
            .arg("BLOCK")
            .arg(BLOCK.as_millis().to_string())
            .arg("STREAMS")
            .arg(&keys.events)
            .arg(&keys.orders)
            .arg(format!("{event}-0"))
            .arg(format!("{order}-0"))
            .to_owned();
        let _: Value = run(&mut connection, &command, doing).await?;
    }
}

fn announce(newest: &watch::Sender<u64>, number: u64) {
    newest.send_if_modified(|known| std::mem::replace(known, number) != number);
}
