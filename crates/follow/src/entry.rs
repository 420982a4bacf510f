//! One entry of the event stream, as it goes to clients.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sector_redis::{Event, Incarnation, Position, StreamId};
use serde_json::Value;

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A whole sector: a new universe begins.
    Snapshot,
    /// What one tick changed.
    Delta,
    /// A run is over.
    RunEnd,
    /// Something that this version does not know; passed on, since clients skip what they do not know.
    Other,
}

impl EntryKind {
    fn parse(text: &str) -> Self {
        match text {
            "snapshot" => Self::Snapshot,
            "delta" => Self::Delta,
            "run_end" => Self::RunEnd,
            _ => Self::Other,
        }
    }
}

/// When an entry was read. All are equal: an entry is the same whenever that was.
#[derive(Debug, Clone, Copy)]
pub struct Moment(Instant);

impl Moment {
    /// This one.
    #[must_use]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// How long ago that was.
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

/// An entry, written once for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id in the event stream.
    pub id: StreamId,
    /// The incarnation of the store within which the id counts.
    pub incarnation: Incarnation,
    /// What it holds.
    pub kind: EntryKind,
    /// The tick that a snapshot shows or a delta leads to, where it is known.
    pub tick: Option<u64>,
    /// When this process made it of what it read.
    pub received: Moment,
    /// The complete text: `{"id":"17-0","type":"delta","data":{…}}`. Cloning it copies nothing.
    pub json: Bytes,
}

impl Entry {
    /// The entry with `data`, which is JSON.
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

    /// What a reader at `position` is told when the sector can no longer be followed, or can again:
    /// `{"id":"17-0","type":"link","data":{"following":false}}`. Its id is that of the entry before.
    #[must_use]
    pub fn link(position: &Position, is_following: bool) -> Self {
        let incarnation = position.incarnation.unwrap_or(Incarnation::new(0));
        let data = format!(r#"{{"following":{is_following}}}"#);
        Self::new(incarnation, position.after, "link", data.as_bytes())
    }

    /// The stored event as an entry; a snapshot is given its incarnation.
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

/// A snapshot as clients get it: with `incarnation` as its first field. What is no object stays as it is.
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
    fn what_is_not_known_is_passed_on() {
        let entry = Entry::of(
            LIFE,
            &Event { id: StreamId::new(1), kind: "a \"rumour\"".into(), data: "null".into() },
        );
        assert_eq!(entry.kind, EntryKind::Other);
        let value: Value = serde_json::from_slice(&entry.json).unwrap();
        assert_eq!(value["type"], "a \"rumour\"");
    }

    #[test]
    fn a_snapshot_says_which_life_of_the_store_it_is_of() {
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
