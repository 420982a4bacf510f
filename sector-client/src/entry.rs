//! Entries of the event stream.

use std::fmt;

use sector_sim::snapshot::RunEnd;
use sector_sim::{Delta, Snapshot};
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// An entry of the event stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Id of the entry, to resume from.
    pub id: String,
    /// Content of the entry.
    pub message: Message,
}

/// Content of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A new universe begins.
    Snapshot(Box<Snapshot>),
    /// A tick.
    Delta(Box<Delta>),
    /// A run has ended.
    RunEnd(RunEnd),
    /// Accepted orders that no tick could apply.
    OrdersRefused(OrdersRefused),
    /// An entry of a newer version; may be ignored.
    Unknown {
        /// Type of the entry.
        kind: String,
        /// Data of the entry.
        data: Value,
    },
}

/// Accepted orders that were refused without reaching a tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersRefused {
    /// Id of the running universe.
    pub universe_id: String,
    /// Tick whose commit recorded the refusals.
    pub tick: u64,
    /// Orders, in the order of acceptance.
    pub orders: Vec<UntakenOrder>,
}

/// An accepted order that was refused without reaching a tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntakenOrder {
    /// Id of the receipt.
    pub id: String,
    /// Id of the universe it was accepted for.
    pub universe_id: String,
    /// Sender: a player's address, or `bot`.
    pub player: String,
    /// `client_id` of the order, if any.
    pub client_id: Option<String>,
    /// Reason: `run_over`, `faction_claimed` or `unreadable`.
    pub code: String,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("Entry", 3)?;
        entry.serialize_field("id", &self.id)?;
        let kind = match &self.message {
            Message::Snapshot(_) => "snapshot",
            Message::Delta(_) => "delta",
            Message::RunEnd(_) => "run_end",
            Message::OrdersRefused(_) => "orders_refused",
            Message::Unknown { kind, .. } => kind,
        };
        entry.serialize_field("type", kind)?;
        match &self.message {
            Message::Snapshot(data) => entry.serialize_field("data", data),
            Message::Delta(data) => entry.serialize_field("data", data),
            Message::RunEnd(data) => entry.serialize_field("data", data),
            Message::OrdersRefused(data) => entry.serialize_field("data", data),
            Message::Unknown { data, .. } => entry.serialize_field("data", data),
        }?;
        entry.end()
    }
}

/// Written by hand, because the derived one would first read every snapshot and delta into a
/// [`Value`], to find the type. Sectors write the type before the data.
impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

/// Name of a field.
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
            match (key, &kind) {
                (Key::Id, _) => id = Some(map.next_value()?),
                (Key::Type, _) => kind = Some(map.next_value()?),
                (Key::Data, Some(kind)) => message = Some(map.next_value_seed(Data(kind))?),
                (Key::Data, None) => early = Some(map.next_value()?),
                (Key::Other, _) => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        let id = id.ok_or_else(|| A::Error::missing_field("id"))?;
        let message = match (message, kind, early) {
            (Some(message), ..) => message,
            (None, Some(kind), Some(data)) => {
                Data(&kind).deserialize(data).map_err(A::Error::custom)?
            }
            (None, None, _) => return Err(A::Error::missing_field("type")),
            (None, _, None) => return Err(A::Error::missing_field("data")),
        };
        Ok(Entry { id, message })
    }
}

/// Reads the data of an entry of this type.
struct Data<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = Message;

    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<Message, D::Error> {
        Ok(match self.0 {
            "snapshot" => Message::Snapshot(Deserialize::deserialize(data)?),
            "delta" => Message::Delta(Deserialize::deserialize(data)?),
            "run_end" => Message::RunEnd(Deserialize::deserialize(data)?),
            "orders_refused" => Message::OrdersRefused(Deserialize::deserialize(data)?),
            kind => {
                Message::Unknown { kind: kind.to_owned(), data: Deserialize::deserialize(data)? }
            }
        })
    }
}

impl Entry {
    /// Parses an entry like [`serde_json::from_slice`], but faster: checks for UTF-8 once instead
    /// of per string.
    ///
    /// # Errors
    /// If this is not an entry.
    pub fn from_json(json: &[u8]) -> serde_json::Result<Entry> {
        match std::str::from_utf8(json) {
            Ok(text) => serde_json::from_str(text),
            // Its error has the position.
            Err(_) => serde_json::from_slice(json),
        }
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
    fn entries_survive_a_round_trip_in_any_field_order() {
        for entry in entries() {
            let text = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
            // A `Value` has its keys in alphabetical order: data, id, type.
            let tree: Value = serde_json::from_str(&text).unwrap();
            let text = tree.to_string();
            assert!(text.starts_with(r#"{"data":"#), "{text}");
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        }
    }

    #[test]
    fn invalid_utf_8_is_rejected_with_its_position() {
        let entry = br#"{"id":"1-0","type":"rumour","data":"abc"}"#;
        assert_eq!(Entry::from_json(entry).unwrap(), serde_json::from_slice(entry).unwrap());
        let mut broken = entry.to_vec();
        broken[37] = 0xff;
        let error = Entry::from_json(&broken).unwrap_err().to_string();
        assert!(error.contains("line 1 column"), "{error}");
    }

    #[test]
    fn missing_fields_are_named() {
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
