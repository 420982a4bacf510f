//! The lines of the protocol.

use std::sync::Arc;

use sector_sim::order::OrderForm;
use sector_sim::rules::Personality;
use sector_sim::{Delta, FactionId, Order, Rules, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the protocol.
pub const PROTOCOL: u32 = 1;

/// A line to the bot.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    /// A game begins. Any previous game has ended.
    Begin(Box<Begin>),
    /// A tick has passed. Requests orders.
    Turn(Turn),
    /// The game has ended.
    End(End),
    /// A message of a newer version; may be ignored. Never written.
    #[serde(skip)]
    Unknown,
}

/// The start of a game. A turn of the same tick follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// Version of the protocol, [`PROTOCOL`].
    pub protocol: u32,
    /// Faction of the bot.
    pub faction: FactionId,
    /// Name of the universe.
    pub universe: String,
    /// Seed of the universe.
    pub seed: u64,
    /// Time limit for an answer, in milliseconds. The first answer may take longer, see the
    /// documentation.
    pub budget_ms: u64,
    /// Personality of the seat; a bot may ignore it.
    pub personality: Personality,
    /// Rules of the game.
    pub rules: Arc<Rules>,
    /// State of the sector.
    pub snapshot: Box<Snapshot>,
}

/// A turn. The first turn of a game has neither delta nor snapshot, since the state is that of
/// [`Begin`]; all others have one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Current tick.
    pub tick: u64,
    /// Number of ticks without an answer in time since the last answered one.
    #[serde(default)]
    pub missed: u64,
    /// Changes of the tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Box<Delta>>,
    /// State of the sector, if ticks were skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Box<Snapshot>>,
}

/// The end of a game.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Winner, if any.
    pub winner: Option<FactionId>,
    /// Place of the bot, from 1 (best), if the game has places.
    pub place: Option<u32>,
}

/// The answer to a turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Tick of the turn.
    pub tick: u64,
    /// Orders, as in `POST /orders`; the faction may be omitted.
    pub orders: Vec<Value>,
}

/// Why a line or an order cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not the expected JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// An order that is not an object.
    #[error("an order must be an object, not {0}")]
    NotAnObject(String),
    /// An order for another faction.
    #[error("faction: {found} is not allowed; allowed: {allowed}, or nothing")]
    Faction {
        /// Faction found.
        found: String,
        /// Faction of the bot.
        allowed: FactionId,
    },
}

impl Message {
    /// Parses a line.
    ///
    /// # Errors
    /// [`ParseError::Json`].
    pub fn parse(line: &[u8]) -> Result<Message, ParseError> {
        /// Parsed first, so that the rest need not be read into a [`Value`].
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: String,
        }
        Ok(match serde_json::from_slice::<Kind>(line)?.kind.as_str() {
            "begin" => Message::Begin(serde_json::from_slice(line)?),
            "turn" => Message::Turn(serde_json::from_slice(line)?),
            "end" => Message::End(serde_json::from_slice(line)?),
            _ => Message::Unknown,
        })
    }
}

impl Reply {
    /// The answer of this faction to a turn.
    #[must_use]
    pub fn of(tick: u64, faction: FactionId, orders: Vec<Order>) -> Reply {
        let written = orders.into_iter().map(|order| {
            let is_own = order.faction == faction;
            let mut form = serde_json::to_value(OrderForm::from(order)).unwrap_or_default();
            if let (true, Some(fields)) = (is_own, form.as_object_mut()) {
                fields.remove("faction");
            }
            form
        });
        Reply { tick, orders: written.collect() }
    }

    /// Parses a line.
    ///
    /// # Errors
    /// [`ParseError::Json`].
    pub fn parse(line: &[u8]) -> Result<Reply, ParseError> {
        Ok(serde_json::from_slice(line)?)
    }

    /// The orders, each parsed on its own, so that an invalid one does not affect the others.
    /// Orders for another faction are errors.
    pub fn orders(self, faction: FactionId) -> impl Iterator<Item = Result<Order, ParseError>> {
        self.orders.into_iter().map(move |form| {
            let Value::Object(mut fields) = form else {
                return Err(ParseError::NotAnObject(shown(&form)));
            };
            let named = fields.entry("faction").or_insert_with(|| faction.to_string().into());
            if *named != Value::String(faction.to_string()) {
                return Err(ParseError::Faction { found: shown(named), allowed: faction });
            }
            Ok(serde_json::from_value(Value::Object(fields))?)
        })
    }
}

/// The first 40 characters of a value.
fn shown(value: &Value) -> String {
    const SHOWN: usize = 40;
    let text = value.to_string();
    let cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use sector_sim::order::Amount;
    use sector_sim::{Command, FleetId, SystemId};
    use serde_json::json;

    use super::*;

    fn f1() -> FactionId {
        FactionId::starter(0).unwrap()
    }

    #[test]
    fn the_own_faction_is_omitted_and_restored() {
        let command = Command::Move {
            origin: SystemId(3),
            target: SystemId(9),
            fleet: None,
            amount: Amount::All,
        };
        let orders = vec![
            Order::new(f1(), command),
            Order::new(f1(), Command::Cancel { fleet: FleetId(12) }),
        ];
        let line = serde_json::to_string(&Reply::of(41, f1(), orders.clone())).unwrap();
        assert_eq!(
            line,
            r#"{"tick":41,"orders":[{"all":true,"kind":"move","origin_id":3,"target_id":9},{"fleet_id":12,"kind":"cancel"}]}"#
        );
        let reply = Reply::parse(line.as_bytes()).unwrap();
        assert_eq!(reply.tick, 41);
        assert_eq!(reply.orders(f1()).collect::<Result<Vec<_>, _>>().unwrap(), orders);
    }

    #[test]
    fn an_invalid_order_does_not_affect_others() {
        let good = json!({ "fleet_id": 1, "kind": "cancel" });
        for (bad, told) in [
            (json!(7), "must be an object, not 7"),
            (
                json!({ "kind": "cancel", "fleet_id": 1, "faction": "F2" }),
                "faction: \"F2\" is not allowed; allowed: F1",
            ),
            (json!({ "kind": "cancel", "fleet_id": 1, "source": "human" }), "source"),
            (json!({ "kind": "cancel" }), "fleet_id"),
        ] {
            let orders: Vec<_> =
                Reply { tick: 1, orders: vec![bad, good.clone()] }.orders(f1()).collect();
            let error = orders[0].as_ref().unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
            assert!(orders[1].is_ok());
        }
    }

    #[test]
    fn invalid_messages_are_errors_and_unknown_ones_are_ignored() {
        assert_eq!(Message::parse(br#"{"type":"rumour","text":"x"}"#).unwrap(), Message::Unknown);
        let end = End { winner: Some(f1()), place: Some(1) };
        let line = serde_json::to_string(&Message::End(end)).unwrap();
        assert_eq!(line, r#"{"type":"end","winner":"F1","place":1}"#);
        assert_eq!(Message::parse(line.as_bytes()).unwrap(), Message::End(end));
        for (line, told) in [
            ("", "EOF"),
            ("hello", "expected"),
            (r#"{"tick":1}"#, "type"),
            (r#"{"type":"turn"}"#, "tick"),
        ] {
            let error = Message::parse(line.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
