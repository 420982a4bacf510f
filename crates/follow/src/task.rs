//! The loop of a follower: checkpoint, then entries, and again after a failure.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use sector_redis::{Backoff, Checkpoint, Position, ServiceStore, StreamId, UniverseId};
use sector_sim::Snapshot;
use sector_sim::snapshot::FactionForm;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::error::Health;
use crate::frame::Frame;
use crate::history::History;
use crate::state::Shared;

/// Most entries read at once.
const READ_COUNT: usize = 256;
/// How long one read waits for the next entry.
const READ_WAIT: Duration = Duration::from_secs(5);
/// Most entries before the checkpoint read for the history: ten minutes at the default tick rate.
const HISTORY_COUNT: u64 = 2_000;
/// Approximate limit of their bytes; fewer are read if ticks are large.
const HISTORY_BYTES: usize = 16 << 20;
/// Pause before looking again for a first universe.
const UNIVERSE_PAUSE: Duration = Duration::from_millis(100);
/// Longest first pause after a failure; doubles with each further one.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause after a failure.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Source of jitter.
pub(crate) type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Why following was interrupted.
enum Break {
    /// There is no universe yet.
    NoUniverse,
    /// The next entries are gone, or of another history: restart from the checkpoint.
    Lost(String),
    /// The data does not fit the state: restart from the checkpoint.
    Unusable(String),
    /// The store failed: continue from the current position.
    Failed(String),
}

/// Follows until `shutdown`.
pub(crate) async fn run(
    shared: Arc<Shared>,
    store: Arc<dyn ServiceStore>,
    random: Random,
    shutdown: CancellationToken,
) {
    let following = async {
        let mut backoff = Backoff::new(RETRY_PAUSE, RETRY_PAUSE_MAX);
        let mut is_begun = false;
        loop {
            let before = shared.read().backlog.newest();
            let (pause, reason) = match follow(&shared, store.as_ref(), &mut is_begun).await {
                Break::NoUniverse => {
                    backoff.reset();
                    shared.set_health(Health::NoUniverse);
                    tokio::time::sleep(UNIVERSE_PAUSE).await;
                    continue;
                }
                Break::Lost(reason) => {
                    is_begun = false;
                    (Duration::ZERO, reason)
                }
                Break::Unusable(reason) => {
                    is_begun = false;
                    (RETRY_PAUSE, reason)
                }
                Break::Failed(reason) => (Duration::ZERO, reason),
            };
            // Progress resets the pause.
            if shared.read().backlog.newest() > before {
                backoff.reset();
            }
            let pause = pause.max(backoff.next_wait(random()));
            tracing::warn!(
                reason,
                pause_ms = pause.as_millis(),
                "cannot follow the sector, retrying"
            );
            shared.set_health(Health::Interrupted { reason });
            tokio::time::sleep(pause).await;
        }
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => {}
        () = following => {}
    }
    shared.set_health(Health::Stopped);
}

/// Follows from the checkpoint or the current position, until a failure.
async fn follow(shared: &Shared, store: &dyn ServiceStore, is_begun: &mut bool) -> Break {
    if !*is_begun {
        match begin(store).await {
            Ok((frame, history)) => {
                shared.begin(frame, history);
                // After a failure, only an entry beyond the checkpoint shows recovery.
                if matches!(*shared.health.borrow(), Health::Starting | Health::NoUniverse) {
                    shared.set_health(Health::Following);
                }
            }
            Err(reason) => return reason,
        }
        *is_begun = true;
    }
    loop {
        let from =
            Position { incarnation: shared.incarnation(), after: shared.read().backlog.newest() };
        match store.events_from(from, READ_COUNT, READ_WAIT).await {
            Ok(events) => {
                if let Err(reason) = shared.advance(&events) {
                    return Break::Unusable(reason);
                }
                shared.set_health(Health::Following);
            }
            Err(error) if error.needs_checkpoint() => return Break::Lost(error.to_string()),
            Err(error) => return Break::Failed(error.to_string()),
        }
    }
}

/// The frame of the newest checkpoint, and the history of the events before it.
async fn begin(store: &dyn ServiceStore) -> Result<(Frame, History), Break> {
    let checkpoint = match store.checkpoint().await {
        Ok(Some(checkpoint)) => checkpoint,
        Ok(None) => return Err(Break::NoUniverse),
        Err(error) => return Err(Break::Failed(error.to_string())),
    };
    let unusable = |error: &dyn Display| Break::Unusable(format!("unusable checkpoint: {error}"));
    let snapshot: Snapshot =
        serde_json::from_str(&checkpoint.snapshot).map_err(|error| unusable(&error))?;
    snapshot.verify().map_err(|error| unusable(&error))?;
    let frame = Frame::of(checkpoint.incarnation, checkpoint.event_id, &snapshot)
        .map_err(|error| unusable(&error))?;
    let mut history = past(store, &checkpoint)
        .await
        .unwrap_or_else(|| History::new(snapshot.universe_id.as_str().into(), snapshot.tick));
    history.note(snapshot.tick, &snapshot.factions);
    Ok((frame, history))
}

/// The history of the events before the checkpoint, if readable; nothing else depends on it.
async fn past(store: &dyn ServiceStore, checkpoint: &Checkpoint) -> Option<History> {
    /// The part of a snapshot or delta that the history needs.
    #[derive(Deserialize)]
    struct Tick {
        universe_id: UniverseId,
        tick: u64,
        factions: Vec<FactionForm>,
    }
    let last = checkpoint.event_id.number();
    let position = |number| Position {
        incarnation: Some(checkpoint.incarnation),
        after: StreamId::new(number),
    };
    // Estimate entry sizes by the last one.
    let newest = store.events_from(position(last.checked_sub(1)?), 1, Duration::ZERO).await.ok()?;
    let each = newest.first()?.data.len().max(1);
    let count = HISTORY_COUNT.min((HISTORY_BYTES / each) as u64);
    let mut after = last.saturating_sub(count);
    let mut history: Option<History> = None;
    while after < last {
        let events = match store.events_from(position(after), READ_COUNT, Duration::ZERO).await {
            Ok(events) => events,
            Err(sector_redis::Error::HistoryTrimmed { kept_after, .. })
                if kept_after.number() > after =>
            {
                after = kept_after.number();
                continue;
            }
            Err(_) => return None,
        };
        after = events.last()?.id.number();
        for event in events.iter().filter(|event| event.id < checkpoint.event_id) {
            if !matches!(event.kind.as_str(), "snapshot" | "delta") {
                continue;
            }
            let Ok(tick) = serde_json::from_str::<Tick>(&event.data) else { return None };
            if tick.universe_id == checkpoint.universe {
                let history =
                    history.get_or_insert_with(|| History::new(tick.universe_id, tick.tick));
                history.note(tick.tick, &tick.factions);
            }
        }
    }
    history
}
