//! Entries of the event stream.

use std::fmt;

use sector_sim::{Delta, RunEnd, Snapshot};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// An entry of the event stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id, to go on from.
    pub id: String,
    /// What it holds.
    pub message: Message,
}

/// What an entry holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A new universe begins.
    Snapshot(Box<Snapshot>),
    /// One tick.
    Delta(Box<Delta>),
    /// A run is over.
    RunEnd(RunEnd),
    /// Accepted orders that no tick could take.
    OrdersRefused(OrdersRefused),
    /// Something that this version does not know; it may be passed over.
    Unknown {
        /// Its type.
        kind: String,
        /// Its data.
        data: Value,
    },
}

/// Accepted orders that were refused without a tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersRefused {
    /// The universe that runs.
    pub universe_id: String,
    /// The tick whose commit passed them.
    pub tick: u64,
    /// They, as they were accepted.
    pub orders: Vec<UntakenOrder>,
}

/// An accepted order that no tick could take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntakenOrder {
    /// The receipt.
    pub id: String,
    /// The universe that it was accepted for.
    pub universe_id: String,
    /// Who gave it: the address of a player, or `bot`.
    pub player: String,
    /// Its `client_id`, if it had one.
    pub client_id: Option<String>,
    /// Why: `run_over`, `faction_claimed` or `unreadable`.
    pub code: String,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("Entry", 3)?;
        entry.serialize_field("id", &self.id)?;
        match &self.message {
            Message::Snapshot(data) => {
                entry.serialize_field("type", "snapshot")?;
                entry.serialize_field("data", data)?;
            }
            Message::Delta(data) => {
                entry.serialize_field("type", "delta")?;
                entry.serialize_field("data", data)?;
            }
            Message::RunEnd(data) => {
                entry.serialize_field("type", "run_end")?;
                entry.serialize_field("data", data)?;
            }
            Message::OrdersRefused(data) => {
                entry.serialize_field("type", "orders_refused")?;
                entry.serialize_field("data", data)?;
            }
            Message::Unknown { kind, data } => {
                entry.serialize_field("type", kind)?;
                entry.serialize_field("data", data)?;
            }
        }
        entry.end()
    }
}

/// Written by hand, because a derived one would read every snapshot and delta twice: first into a tree, to see the
/// type. Sectors write the type before the data.
impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

/// The name of a field.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Id,
    Type,
    Data,
    #[serde(other)]
    Other,
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an entry of the event stream: an object with id, type and data")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let (mut id, mut kind, mut message, mut early) =
            (None, None::<String>, None, None::<Value>);
        while let Some(key) = map.next_key()? {
            match (key, kind.as_deref()) {
                (Key::Id, _) => id = Some(map.next_value()?),
                (Key::Type, _) => kind = Some(map.next_value()?),
                (Key::Data, None) => early = Some(map.next_value()?),
                (Key::Data, Some("snapshot")) => {
                    message = Some(Message::Snapshot(map.next_value()?));
                }
                (Key::Data, Some("delta")) => message = Some(Message::Delta(map.next_value()?)),
                (Key::Data, Some("run_end")) => message = Some(Message::RunEnd(map.next_value()?)),
                (Key::Data, Some("orders_refused")) => {
                    message = Some(Message::OrdersRefused(map.next_value()?));
                }
                (Key::Data, Some(kind)) => {
                    message =
                        Some(Message::Unknown { kind: kind.to_owned(), data: map.next_value()? });
                }
                (Key::Other, _) => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        let id = id.ok_or_else(|| A::Error::missing_field("id"))?;
        let message = match (message, kind, early) {
            (Some(message), ..) => message,
            (None, Some(kind), Some(data)) => Message::of(kind, data).map_err(A::Error::custom)?,
            (None, None, _) => return Err(A::Error::missing_field("type")),
            (None, _, None) => return Err(A::Error::missing_field("data")),
        };
        Ok(Entry { id, message })
    }
}

impl Entry {
    /// Reads an entry as a sector sends it, as [`serde_json::from_slice`] does, but sooner: that one looks at each name
    /// and text by itself for whether it is UTF-8, this at all of it at once.
    ///
    /// # Errors
    /// When this is no entry.
    pub fn from_json(json: &[u8]) -> serde_json::Result<Entry> {
        match std::str::from_utf8(json) {
            Ok(text) => serde_json::from_str(text),
            // It says where.
            Err(_) => serde_json::from_slice(json),
        }
    }
}

impl Message {
    fn of(kind: String, data: Value) -> serde_json::Result<Message> {
        Ok(match kind.as_str() {
            "snapshot" => Message::Snapshot(serde_json::from_value(data)?),
            "delta" => Message::Delta(serde_json::from_value(data)?),
            "run_end" => Message::RunEnd(serde_json::from_value(data)?),
            "orders_refused" => Message::OrdersRefused(serde_json::from_value(data)?),
            _ => Message::Unknown { kind, data },
        })
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::{Rules, Universe, World};
    use serde_json::json;

    use super::*;

    fn entries() -> Vec<Entry> {
        let mut world = World::new(Rules::classic().into(), 7).unwrap();
        let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
        let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
        world.step(&[]);
        let delta = Delta::of("u-1", &world);
        let end = json!({ "universe_id": "u-1", "tick": 9, "winner": null, "cause": "tick_limit",
            "next_universe_in_ms": 15_000 });
        let refused = json!({ "universe_id": "u-1", "tick": 9, "orders": [{ "id": "5-0", "universe_id": "u-0",
            "player": "bot", "client_id": null, "code": "run_over" }] });
        let messages = [
            Message::Snapshot(snapshot.into()),
            Message::Delta(delta.into()),
            Message::RunEnd(serde_json::from_value(end).unwrap()),
            Message::OrdersRefused(serde_json::from_value(refused).unwrap()),
            Message::Unknown { kind: "rumour".into(), data: json!({ "x": [1, 2] }) },
        ];
        messages.into_iter().map(|message| Entry { id: "17-0".into(), message }).collect()
    }

    #[test]
    fn entries_survive_a_round_trip_in_any_order_of_fields() {
        for entry in entries() {
            let text = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
            // A tree has its keys in the order of the alphabet: data, id, type.
            let tree: Value = serde_json::from_str(&text).unwrap();
            let text = tree.to_string();
            assert!(text.starts_with(r#"{"data":"#), "{text}");
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        }
    }

    #[test]
    fn text_that_is_no_utf_8_is_refused_with_its_place() {
        let entry = br#"{"id":"1-0","type":"rumour","data":"abc"}"#;
        assert_eq!(Entry::from_json(entry).unwrap(), serde_json::from_slice(entry).unwrap());
        let mut broken = entry.to_vec();
        broken[37] = 0xff;
        let error = Entry::from_json(&broken).unwrap_err().to_string();
        assert!(error.contains("line 1 column"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, field) in [
            (r#"{"type":"delta","data":{}}"#, "universe_id"),
            (r#"{"data":{},"id":"1-0"}"#, "type"),
            (r#"{"type":"delta","id":"1-0"}"#, "data"),
            (r#"{"type":"rumour","data":1}"#, "id"),
        ] {
            let error = serde_json::from_str::<Entry>(text).unwrap_err().to_string();
            assert!(error.contains(field), "{text}: {error}");
        }
    }
}
