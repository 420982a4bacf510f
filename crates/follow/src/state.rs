//! State written by the task and read by readers, behind one lock.

use std::sync::Arc;

use sector_redis::{Event, Incarnation, StreamId};
use sector_sim::{Delta, Snapshot};
use tokio::sync::watch;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::backlog::Backlog;
use crate::entry::{Entry, EntryKind};
use crate::error::Health;
use crate::frame::Frame;
use crate::history::History;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// State shared by the task and all readers.
pub(crate) struct Shared {
    state: RwLock<State>,
    /// Incremented after every change of the state.
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) health: watch::Sender<Health>,
}

/// Frame, backlog and history change together.
pub(crate) struct State {
    pub(crate) frame: Option<Arc<Frame>>,
    pub(crate) backlog: Backlog,
    pub(crate) history: Option<History>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            state: RwLock::new(State {
                frame: None,
                backlog: Backlog::new(StreamId::START),
                history: None,
            }),
            changes: watch::Sender::new(0),
            health: watch::Sender::new(Health::Starting),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write()
    }

    /// The current incarnation.
    pub(crate) fn incarnation(&self) -> Option<Incarnation> {
        self.read().frame.as_ref().map(|frame| frame.incarnation())
    }

    /// Starts from a checkpoint. Entries in memory may belong to another history and are dropped.
    pub(crate) fn begin(&self, frame: Frame, history: History) {
        {
            let mut state = self.write();
            state.backlog = Backlog::new(frame.event_id());
            state.frame = Some(Arc::new(frame));
            state.history = Some(history);
        }
        self.changed();
    }

    /// Applies the entries after the newest one.
    ///
    /// # Errors
    /// Names the entry that cannot be applied; those before it were.
    pub(crate) fn advance(&self, events: &[Event]) -> Result<(), String> {
        let result = events.iter().try_for_each(|event| {
            self.advance_by(event)
                .map_err(|error| format!("entry {} ({}): {error}", event.id, event.kind))
        });
        if !events.is_empty() {
            self.changed();
        }
        result
    }

    fn advance_by(&self, event: &Event) -> Result<(), BoxError> {
        let incarnation = self.incarnation().ok_or("no universe has started")?;
        let mut entry = Entry::of(incarnation, event);
        // Parse outside of the lock.
        match entry.kind {
            EntryKind::Snapshot => {
                let snapshot: Snapshot = serde_json::from_str(&event.data)?;
                let frame = Frame::of(incarnation, event.id, &snapshot)?;
                let mut history = History::new(snapshot.universe_id.as_str().into(), snapshot.tick);
                history.note(snapshot.tick, &snapshot.factions);
                entry.tick = Some(snapshot.tick);
                let mut state = self.write();
                state.frame = Some(Arc::new(frame));
                state.history = Some(history);
                state.backlog.push(Arc::new(entry));
            }
            EntryKind::Delta => {
                let delta: Delta = serde_json::from_str(&event.data)?;
                entry.tick = Some(delta.tick);
                let mut state = self.write();
                let frame = state.frame.as_mut().ok_or("no universe has started")?;
                // Copies the frame only while a reader holds it.
                Arc::make_mut(frame).apply(event.id, &delta)?;
                if let Some(history) = &mut state.history {
                    history.note(delta.tick, &delta.factions);
                }
                state.backlog.push(Arc::new(entry));
            }
            EntryKind::RunEnd | EntryKind::Other => {
                let mut state = self.write();
                if let Some(frame) = state.frame.as_mut() {
                    Arc::make_mut(frame).pass(event.id);
                }
                state.backlog.push(Arc::new(entry));
            }
        }
        Ok(())
    }

    fn changed(&self) {
        self.changes.send_modify(|number| *number = number.wrapping_add(1));
    }

    pub(crate) fn set_health(&self, health: Health) {
        self.health.send_if_modified(|current| {
            let is_new = *current != health;
            *current = health;
            is_new
        });
    }
}
