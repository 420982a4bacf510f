//! Reading what the scripts answer. What does not fit is damage, never a guess.

use redis::{FromRedisValue, Value};

use crate::error::{Error, Result};
use crate::incarnation::Incarnation;
use crate::order::OrderEntry;
use crate::outcome::Outcome;
use crate::seal;
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
pub(super) fn next_number(
    what: &str,
    row: &mut impl Iterator<Item = Option<String>>,
) -> Result<u64> {
    number(what, &next(what, row)?)
}

/// The incarnation in a mark, as `open.lua` writes it; `None` for a store that is not marked.
pub(super) fn incarnation(mark: Option<&str>) -> Result<Option<Incarnation>> {
    match mark {
        None | Some("") => Ok(None),
        Some(mark) => {
            let text = mark.split_once(' ').map_or("", |(_, incarnation)| incarnation);
            let parsed = text
                .parse()
                .map_err(|_| unexpected("format", format!("{mark:?} has no incarnation")))?;
            Ok(Some(parsed))
        }
    }
}

/// How many digits a sum has.
pub(super) const SUM_DIGITS: usize = 16;

/// Prefix of a batch in the order stream: faction, universe, time and source. Only the source may
/// contain control characters.
pub(super) fn order_of<'a>(
    universe: &'a str,
    player: &'a str,
    source: &'a str,
    at_ms: &'a str,
) -> [&'a str; 7] {
    [universe, "\x1f", player, "\x1f", at_ms, "\x1f", source]
}

/// The sum of an order in the order stream, which stands before its body: over everything that is
/// applied or told of it.
pub(super) fn order_sum(
    universe: &str,
    player: &str,
    source: &str,
    at_ms: &str,
    body: &str,
) -> String {
    seal::sum_of(&[universe, player, source, at_ms, body])
}

/// The sum of an event.
pub(super) fn event_sum(kind: &str, data: &str) -> String {
    seal::sum_of(&[kind, data])
}

/// Checksum of an outcome, over all its fields.
pub(super) fn outcome_sum(outcome: &Outcome) -> String {
    seal::sum_of(&[&outcome.id.to_string(), &outcome.player, &outcome.body])
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

    /// The event, whole as it was committed. Format 1 wrote no sums.
    pub(super) fn into_event(mut self) -> Result<Event> {
        let (kind, data) = (self.field("event", "type")?, self.field("event", "data")?);
        if let Some((_, stored)) = self.fields.iter().find(|(name, _)| name == "sum") {
            self.check(stored, &event_sum(&kind, &data))?;
        }
        Ok(Event { id: self.id, kind, data })
    }

    /// The batches of an entry of the order stream, whole as they were accepted, in the order of
    /// their numbers; the last has that of the entry.
    pub(super) fn into_orders(self) -> Result<Vec<OrderEntry>> {
        if self.fields.first().is_some_and(|(name, _)| name != "of") {
            return Ok(vec![self.into_order_before()?]);
        }
        let mut entries: Vec<OrderEntry> = Vec::new();
        for (name, value) in &self.fields {
            match (name.as_str(), entries.last_mut()) {
                ("of", _) => entries.push(self.batch(value)?),
                ("order", Some(entry)) => {
                    let (sum, body) =
                        value.split_at_checked(SUM_DIGITS).ok_or_else(|| self.damaged())?;
                    let OrderEntry { universe, player, source, at_ms, .. } = &*entry;
                    self.check(
                        sum,
                        &order_sum(universe, player, source, &at_ms.to_string(), body),
                    )?;
                    entry.orders.push(body.to_owned());
                }
                _ => {
                    return Err(unexpected(
                        "order",
                        format!("entry {} has a field {name:?}", self.id),
                    ));
                }
            }
        }
        let first = self.id.number().checked_sub(entries.len() as u64);
        let first = first.filter(|_| !entries.is_empty()).ok_or_else(|| self.damaged())?;
        for (entry, number) in entries.iter_mut().zip(first + 1..) {
            entry.id = StreamId::new(number);
        }
        Ok(entries)
    }

    /// A batch without its orders, of what [`order_of`] wrote.
    fn batch(&self, of: &str) -> Result<OrderEntry> {
        let mut parts = of.splitn(4, '\x1f').map(str::to_owned);
        let mut next = || parts.next().ok_or_else(|| self.damaged());
        let (universe, player, at_ms, source) = (next()?, next()?, next()?, next()?);
        let at_ms = at_ms.parse().map_err(|_| self.damaged())?;
        Ok(OrderEntry {
            id: self.id,
            universe: universe.into(),
            player,
            source,
            at_ms,
            orders: Vec::new(),
        })
    }

    /// The one batch of an entry that format 2 wrote, or format 1, which had no sums.
    fn into_order_before(mut self) -> Result<OrderEntry> {
        let universe = self.field("order", "universe")?;
        let player = self.field("order", "player")?;
        let source = self.field("order", "source")?;
        let at_ms = self.field("order", "at_ms")?;
        let mut orders: Vec<String> = Vec::new();
        for (name, value) in std::mem::take(&mut self.fields) {
            match (name.as_str(), orders.last()) {
                ("order", _) => orders.push(value),
                ("sum", Some(body)) => {
                    self.check(&value, &order_sum(&universe, &player, &source, &at_ms, body))?;
                }
                _ => {}
            }
        }
        let at_ms = number("order time", &at_ms)?;
        Ok(OrderEntry { id: self.id, universe: universe.into(), player, source, at_ms, orders })
    }

    fn damaged(&self) -> Error {
        seal::damaged(format!("entry {} in Redis", self.id))
    }

    /// The outcome, whole as it was committed.
    pub(super) fn into_outcome(mut self) -> Result<Outcome> {
        let (player, body) = (self.field("outcome", "player")?, self.field("outcome", "body")?);
        let stored = self.field("outcome", "sum")?;
        let outcome = Outcome { id: self.id, player, body };
        self.check(&stored, &outcome_sum(&outcome))?;
        Ok(outcome)
    }

    fn check(&self, stored: &str, expected: &str) -> Result<()> {
        if stored == expected { Ok(()) } else { Err(self.damaged()) }
    }
}
