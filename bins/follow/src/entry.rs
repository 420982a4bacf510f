//! One entry of the event stream, as it goes to clients.

use bytes::Bytes;
use sector_redis::{Event, StreamId};
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

/// An entry, written once for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id in the event stream.
    pub id: StreamId,
    /// What it holds.
    pub kind: EntryKind,
    /// The complete text: `{"id":"17-0","type":"delta","data":{…}}`. Cloning it copies nothing.
    pub json: Bytes,
}

impl Entry {
    /// The entry with `data`, which is JSON.
    pub(crate) fn new(id: StreamId, kind: &str, data: &[u8]) -> Self {
        let head = format!(r#"{{"id":"{id}","type":{},"data":"#, Value::from(kind));
        let mut json = Vec::with_capacity(head.len() + data.len() + 1);
        json.extend_from_slice(head.as_bytes());
        json.extend_from_slice(data);
        json.push(b'}');
        Self { id, kind: EntryKind::parse(kind), json: json.into() }
    }

    /// The stored event as an entry.
    pub(crate) fn of(event: &Event) -> Self {
        Self::new(event.id, &event.kind, event.data.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_json_object() {
        let event = Event { id: StreamId::new(17), kind: "delta".into(), data: r#"{"tick":3}"#.into() };
        let entry = Entry::of(&event);
        assert_eq!((entry.id, entry.kind), (event.id, EntryKind::Delta));
        assert_eq!(&entry.json[..], br#"{"id":"17-0","type":"delta","data":{"tick":3}}"#);
    }

    #[test]
    fn what_is_not_known_is_passed_on() {
        let entry = Entry::of(&Event { id: StreamId::new(1), kind: "a \"rumour\"".into(), data: "null".into() });
        assert_eq!(entry.kind, EntryKind::Other);
        let value: Value = serde_json::from_slice(&entry.json).unwrap();
        assert_eq!(value["type"], "a \"rumour\"");
    }
}
