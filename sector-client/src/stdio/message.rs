//! The lines that go to and fro.

use std::sync::Arc;

use sector_sim::{Delta, FactionId, Order, OrderForm, Personality, Rules, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// A line to the bot.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    /// A game begins; all that was before is over.
    Begin(Box<Begin>),
    /// A tick has passed, and orders are wanted.
    Turn(Turn),
    /// The game is over.
    End(End),
    /// Something that this version does not know; it may be passed over. Never written.
    #[serde(skip)]
    Unknown,
}

/// What a game begins with. A turn of the same tick follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The version of the protocol, [`PROTOCOL`].
    pub protocol: u32,
    /// Whom the bot plays.
    pub faction: FactionId,
    /// The name of the universe.
    pub universe: String,
    /// The seed that it grew from.
    pub seed: u64,
    /// The time for an answer, in milliseconds. The first answer may take longer, as told in the documentation.
    pub budget_ms: u64,
    /// The traits that belong to the seat; a bot may do without.
    pub personality: Personality,
    /// The rules.
    pub rules: Arc<Rules>,
    /// The sector.
    pub snapshot: Box<Snapshot>,
}

/// A tick has passed. The first turn of a game has neither delta nor snapshot, because it shows what the game began
/// with; any other has one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The tick that the sector is at.
    pub tick: u64,
    /// How many ticks before this one have gone by without an answer in time, since the last one that had one.
    #[serde(default)]
    pub missed: u64,
    /// What the tick changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Box<Delta>>,
    /// The whole sector, where ticks have gone by that the bot was not told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Box<Snapshot>>,
}

/// The game is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The faction that won, if one did.
    pub winner: Option<FactionId>,
    /// The place of the bot, 1 being the best, where places are given.
    pub place: Option<u32>,
}

/// The line of the bot for a turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The tick of the turn that is answered.
    pub tick: u64,
    /// The orders, as they are written for `POST /orders`; the faction may be left out.
    pub orders: Vec<Value>,
}

impl Message {
    /// Reads a line.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Message, String> {
        /// Looked at first, so that the rest need not be read into a tree.
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: String,
        }
        fn read<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
            serde_json::from_slice(line).map_err(|error| error.to_string())
        }
        Ok(match read::<Kind>(line)?.kind.as_str() {
            "begin" => Message::Begin(read(line)?),
            "turn" => Message::Turn(read(line)?),
            "end" => Message::End(read(line)?),
            _ => Message::Unknown,
        })
    }
}

impl Reply {
    /// The answer to a turn of this faction.
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

    /// Reads a line.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Reply, String> {
        serde_json::from_slice(line).map_err(|error| error.to_string())
    }

    /// The orders, each on its own: one that is malformed does not spoil the others. Nobody can order for another
    /// faction.
    pub fn orders(self, faction: FactionId) -> impl Iterator<Item = Result<Order, String>> {
        self.orders.into_iter().map(move |form| {
            let Value::Object(mut fields) = form else {
                return Err(format!("an order must be an object, not {}", shown(&form)));
            };
            let named = fields.entry("faction").or_insert_with(|| faction.to_string().into());
            if *named != Value::String(faction.to_string()) {
                return Err(format!(
                    "faction: {} is not allowed; allowed: {faction}, or nothing",
                    shown(named)
                ));
            }
            serde_json::from_value::<Order>(Value::Object(fields))
                .map_err(|error| error.to_string())
        })
    }
}

/// The beginning of a value.
fn shown(value: &Value) -> String {
    const SHOWN: usize = 40;
    let text = value.to_string();
    let cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use sector_sim::{Amount, Command, FleetId, SystemId};
    use serde_json::json;

    use super::*;

    fn f1() -> FactionId {
        FactionId::starter(0).unwrap()
    }

    #[test]
    fn orders_travel_without_their_faction_and_come_back_with_it() {
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
    fn one_bad_order_does_not_spoil_the_others() {
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
            let error = orders[0].clone().unwrap_err();
            assert!(error.contains(told), "{error}");
            assert!(orders[1].is_ok());
        }
    }

    #[test]
    fn what_is_no_message_is_told_and_what_is_new_is_passed_over() {
        assert_eq!(Message::parse(br#"{"type":"rumour","text":"x"}"#), Ok(Message::Unknown));
        let end = End { winner: Some(f1()), place: Some(1) };
        let line = serde_json::to_string(&Message::End(end)).unwrap();
        assert_eq!(line, r#"{"type":"end","winner":"F1","place":1}"#);
        assert_eq!(Message::parse(line.as_bytes()), Ok(Message::End(end)));
        for (line, told) in [
            ("", "EOF"),
            ("hello", "expected"),
            (r#"{"tick":1}"#, "type"),
            (r#"{"type":"turn"}"#, "tick"),
        ] {
            let error = Message::parse(line.as_bytes()).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
