//! One blocking read for all readers of a process.
//!
//! The follower waits on both streams over its own connection and tells, through a watch channel,
//! which numbers are the newest. Readers then read for themselves; a follower that is late or has
//! lost its connection delays them, it cannot mislead them. When the sector moves to another node,
//! its connection ends, and the next one is made to where the sector is.

use std::sync::Arc;
use std::time::Duration;

use redis::{Value, cmd};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::answer::only;
use super::link::pauses;
use super::reply::number;
use super::route::Route;
use crate::error::{Error, Result};
use crate::keys::Keys;

/// How long one blocking read lasts. At its end the numbers are read anyway, so that readers learn
/// of a Redis that was emptied or restored.
const BLOCK: Duration = Duration::from_secs(2);
/// How long a command may take, waiting included: a peer that is gone without a word is noticed
/// then.
const LIMIT: Duration = Duration::from_secs(4);

/// Minimum time between two polls. Readers learn of an entry after a quiet moment at once,
/// and of what comes in a stream so much later.
const GAP: Duration = Duration::from_millis(2);

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
pub(super) async fn follow(route: Arc<Route>, keys: Keys, newest: Arc<Newest>) {
    let mut pauses = pauses();
    loop {
        let mut came_through = false;
        if let Err(error) = follow_once(&route, &keys, &newest, &mut came_through).await {
            tracing::warn!(%error, "following the streams was cut; connecting again");
        }
        if came_through {
            pauses.reset();
        }
        pauses.wait().await;
    }
}

async fn follow_once(
    route: &Route,
    keys: &Keys,
    newest: &Newest,
    came_through: &mut bool,
) -> Result<()> {
    let doing = "following the streams";
    let mut connection = route.connect(&keys.world, LIMIT).await?;
    loop {
        let command = cmd("HGET").arg(&keys.world).arg("event").to_owned();
        let event: Option<String> = only(&mut connection, &command, doing).await?;
        let command = cmd("GET").arg(&keys.last_order).to_owned();
        let order: Option<String> = only(&mut connection, &command, doing).await?;
        let event = number("last event", event.as_deref().unwrap_or("0"))?;
        let order = number("last order", order.as_deref().unwrap_or("0"))?;
        announce(&newest.event, event);
        announce(&newest.order, order);
        *came_through = true;
        // Orders come by the ten thousand a second; looking after each would cost Redis as much as
        // accepting it.
        sleep(GAP).await;

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
        let read = timeout(LIMIT, only::<Value>(&mut connection, &command, doing)).await;
        read.map_err(|elapsed| Error::unavailable(doing, elapsed))??;
    }
}

fn announce(newest: &watch::Sender<u64>, number: u64) {
    newest.send_if_modified(|known| std::mem::replace(known, number) != number);
}
