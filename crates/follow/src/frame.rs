//! The sector as of one entry of the event stream.

use std::sync::OnceLock;

use bytes::Bytes;
use sector_redis::{Incarnation, Position, StreamId, UniverseId};
use sector_sim::snapshot::{MirrorError, SnapshotError};
use sector_sim::{Board, Delta, Map, Mirror, Snapshot};

use crate::entry::{Entry, with_incarnation};

/// The sector as of one entry of the event stream.
///
/// Shared by all readers. Hold it for the length of a request only: while the newest frame is held,
/// the next tick has to copy it.
#[derive(Debug)]
pub struct Frame {
    incarnation: Incarnation,
    event_id: StreamId,
    universe: UniverseId,
    mirror: Mirror,
    snapshot: OnceLock<Bytes>,
    entry: OnceLock<Entry>,
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        Self::new(self.incarnation, self.event_id, self.mirror.clone())
    }
}

impl Frame {
    fn new(incarnation: Incarnation, event_id: StreamId, mirror: Mirror) -> Self {
        Self {
            incarnation,
            event_id,
            universe: mirror.universe().id.as_str().into(),
            mirror,
            snapshot: OnceLock::new(),
            entry: OnceLock::new(),
        }
    }

    pub(crate) fn of(
        incarnation: Incarnation,
        event_id: StreamId,
        snapshot: &Snapshot,
    ) -> Result<Self, SnapshotError> {
        Ok(Self::new(incarnation, event_id, Mirror::new(snapshot)?))
    }

    /// Applies a tick; unchanged on an error.
    pub(crate) fn apply(&mut self, event_id: StreamId, delta: &Delta) -> Result<(), MirrorError> {
        self.mirror.apply(delta)?;
        self.pass(event_id);
        self.snapshot = OnceLock::new();
        Ok(())
    }

    /// Advances past an entry that does not change the sector.
    pub(crate) fn pass(&mut self, event_id: StreamId) {
        self.event_id = event_id;
        self.entry = OnceLock::new();
    }

    /// Id of the last included entry: resume from here.
    #[must_use]
    pub fn event_id(&self) -> StreamId {
        self.event_id
    }

    /// Incarnation of the store, within which event ids count.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Position of the last included entry: resume from here.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { incarnation: Some(self.incarnation), after: self.event_id }
    }

    /// Id of the universe.
    #[must_use]
    pub fn universe(&self) -> &UniverseId {
        &self.universe
    }

    /// The tick.
    #[must_use]
    pub fn tick(&self) -> u64 {
        self.board().tick()
    }

    /// Whether the run is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.board().result().is_some()
    }

    /// Systems, fleets and factions.
    #[must_use]
    pub fn board(&self) -> &Board {
        self.mirror.board()
    }

    /// Positions of the systems, and lanes.
    #[must_use]
    pub fn map(&self) -> &Map {
        self.mirror.map()
    }

    /// The mirror.
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// The snapshot as JSON, with the field `incarnation`. Encoded on first use; clones share it.
    #[must_use]
    pub fn snapshot_json(&self) -> Bytes {
        self.snapshot
            .get_or_init(|| {
                let mut json = Vec::new();
                self.mirror.snapshot().write_json(&mut json);
                with_incarnation(self.incarnation, &json).into()
            })
            .clone()
    }

    /// The snapshot as the first message of a stream, with the id to resume from:
    /// `{"id":"17-0","type":"snapshot","data":{…}}`. Encoded on first use.
    #[must_use]
    pub fn snapshot_entry(&self) -> Entry {
        self.entry
            .get_or_init(|| {
                Entry::new(self.incarnation, self.event_id, "snapshot", &self.snapshot_json())
            })
            .clone()
    }
}
