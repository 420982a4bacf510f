//! An entry of the event stream as sent to clients.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sector_redis::{Event, Incarnation, Position, StreamId};
use sector_wire::EventKind;
use serde_json::Value;

/// Kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A whole sector: a new universe starts.
    Snapshot,
    /// The changes of one tick.
    Delta,
    /// A run is over.
    RunEnd,
    /// A kind unknown to this version; passed on, since clients skip unknown kinds.
    Other,
}

impl EntryKind {
    fn parse(name: &str) -> Self {
        match EventKind::from_name(name) {
            Some(EventKind::Snapshot) => Self::Snapshot,
            Some(EventKind::Delta) => Self::Delta,
            Some(EventKind::RunEnd) => Self::RunEnd,
            Some(EventKind::OrdersRefused) | None => Self::Other,
        }
    }
}

/// When an entry was read. All are equal, so that entries compare by content.
#[derive(Debug, Clone, Copy)]
pub struct Moment(Instant);

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// Time since then.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.0.elapsed()
    }
}

impl PartialEq for Moment {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Moment {}

/// An entry, serialized once for all clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Id in the event stream.
    pub id: StreamId,
    /// Incarnation of the store within which the id counts.
    pub incarnation: Incarnation,
    /// Kind of the entry.
    pub kind: EntryKind,
    /// Tick of the snapshot, or tick that the delta leads to, if known.
    pub tick: Option<u64>,
    /// When this process read the entry.
    pub received: Moment,
    /// The whole text: `{"id":"17-0","type":"delta","data":{…}}`. Clones share it.
    pub json: Bytes,
}

impl Entry {
    /// An entry with `data`, which is JSON.
    pub(crate) fn new(incarnation: Incarnation, id: StreamId, kind: &str, data: &[u8]) -> Self {
        let head = format!(r#"{{"id":"{id}","type":{},"data":"#, Value::from(kind));
        let mut json = Vec::with_capacity(head.len() + data.len() + 1);
        json.extend_from_slice(head.as_bytes());
        json.extend_from_slice(data);
        json.push(b'}');
        Self {
            id,
            incarnation,
            kind: EntryKind::parse(kind),
            tick: None,
            received: Moment::now(),
            json: json.into(),
        }
    }

    /// Notice for a reader at `position` that the sector can no longer be followed, or can again:
    /// `{"id":"17-0","type":"link","data":{"following":false}}`. Its id is that of the last entry.
    #[must_use]
    pub fn link(position: &Position, is_following: bool) -> Self {
        let incarnation = position.incarnation.unwrap_or(Incarnation::new(0));
        let data = format!(r#"{{"following":{is_following}}}"#);
        Self::new(incarnation, position.after, "link", data.as_bytes())
    }

    /// A stored event as an entry; snapshots get the incarnation.
    pub(crate) fn of(incarnation: Incarnation, event: &Event) -> Self {
        let data = event.data.as_bytes();
        match EntryKind::parse(&event.kind) {
            EntryKind::Snapshot => {
                Self::new(incarnation, event.id, &event.kind, &with_incarnation(incarnation, data))
            }
            _ => Self::new(incarnation, event.id, &event.kind, data),
        }
    }
}

/// A snapshot for clients, with `incarnation` as its first field. Other values than objects are
/// unchanged.
pub(crate) fn with_incarnation(incarnation: Incarnation, snapshot: &[u8]) -> Vec<u8> {
    let Some(fields) = snapshot.strip_prefix(b"{") else { return snapshot.to_vec() };
    let mut json = format!(r#"{{"incarnation":"{incarnation}""#).into_bytes();
    if fields.first() != Some(&b'}') {
        json.push(b',');
    }
    json.extend_from_slice(fields);
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Incarnation = Incarnation::new(0xabc);

    #[test]
    fn an_entry_is_one_json_object() {
        let event =
            Event { id: StreamId::new(17), kind: "delta".into(), data: r#"{"tick":3}"#.into() };
        let entry = Entry::of(LIFE, &event);
        assert_eq!((entry.id, entry.kind), (event.id, EntryKind::Delta));
        assert_eq!(&entry.json[..], br#"{"id":"17-0","type":"delta","data":{"tick":3}}"#);
    }

    #[test]
    fn unknown_kinds_are_passed_on() {
        let entry = Entry::of(
            LIFE,
            &Event { id: StreamId::new(1), kind: "a \"rumour\"".into(), data: "null".into() },
        );
        assert_eq!(entry.kind, EntryKind::Other);
        let value: Value = serde_json::from_slice(&entry.json).unwrap();
        assert_eq!(value["type"], "a \"rumour\"");
    }

    #[test]
    fn a_snapshot_has_the_incarnation() {
        for (data, told) in [
            (r#"{"tick":3}"#, r#"{"incarnation":"0000000000000abc","tick":3}"#),
            ("{}", r#"{"incarnation":"0000000000000abc"}"#),
            ("null", "null"),
        ] {
            let entry = Entry::of(
                LIFE,
                &Event { id: StreamId::new(2), kind: "snapshot".into(), data: data.into() },
            );
            let wanted = format!(r#"{{"id":"2-0","type":"snapshot","data":{told}}}"#);
            assert_eq!(std::str::from_utf8(&entry.json).unwrap(), wanted);
        }
    }
}
