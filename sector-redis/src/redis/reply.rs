//! Reading what the scripts answer. What does not fit is damage, never a guess.

use redis::{FromRedisValue, Value};

use crate::error::{Error, Result};
use crate::order::OrderEntry;
use crate::stream::{Event, StreamId};

/// The refusal of a reply that none of our writes can explain.
pub(super) fn unexpected(what: &str, detail: impl Into<String>) -> Error {
    Error::corrupt(format!("{what} in Redis"), detail)
}

/// Text as a number.
pub(super) fn number(what: &str, text: &str) -> Result<u64> {
    text.parse().map_err(|_| unexpected(what, format!("{text:?} is not a number")))
}

/// The next of a row of values that must all be there.
pub(super) fn next(what: &str, row: &mut impl Iterator<Item = Option<String>>) -> Result<String> {
    row.next().flatten().ok_or_else(|| unexpected(what, "a field is missing"))
}

/// The next value, a number.
pub(super) fn next_number(what: &str, row: &mut impl Iterator<Item = Option<String>>) -> Result<u64> {
    number(what, &next(what, row)?)
}

/// An entry of a stream: its id and its fields, in order.
pub(super) struct Entry {
    pub(super) id: StreamId,
    fields: Vec<(String, String)>,
}

impl Entry {
    pub(super) fn read(what: &str, value: Value) -> Result<Self> {
        let refused = || unexpected(what, "an entry is not an id with fields");
        let Value::Array(parts) = value else {
            return Err(refused());
        };
        let [id, fields] = <[Value; 2]>::try_from(parts).map_err(|_| refused())?;
        let id = String::from_redis_value(id).map_err(|_| refused())?;
        let fields = Vec::<String>::from_redis_value(fields).map_err(|_| refused())?;
        let mut texts = fields.into_iter();
        let mut fields = Vec::new();
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            fields.push((name, value));
        }
        let id = id.parse().map_err(|_| unexpected(what, format!("id {id:?}")))?;
        Ok(Self { id, fields })
    }

    fn field(&mut self, what: &str, name: &str) -> Result<String> {
        let found = self.fields.iter_mut().find(|(field, _)| field == name);
        found
            .map(|(_, value)| std::mem::take(value))
            .ok_or_else(|| unexpected(what, format!("entry {} has no {name}", self.id)))
    }

    pub(super) fn into_event(mut self) -> Result<Event> {
        Ok(Event { id: self.id, kind: self.field("event", "type")?, data: self.field("event", "data")? })
    }

    pub(super) fn into_order(mut self) -> Result<OrderEntry> {
        Ok(OrderEntry {
            id: self.id,
            universe: self.field("order", "universe")?,
            player: self.field("order", "player")?,
            source: self.field("order", "source")?,
            at_ms: number("order time", &self.field("order", "at_ms")?)?,
            orders: self.fields.into_iter().filter(|(name, _)| name == "order").map(|(_, body)| body).collect(),
        })
    }
}
