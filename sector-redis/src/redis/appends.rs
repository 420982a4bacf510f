//! The order stream: accepting.

use redis::{FromRedisValue, ScriptInvocation, Value};
use tokio::time::timeout_at;

use super::answer::{SharedError, is_reply_lost};
use super::gather::{Call, Item};
use super::reply::{number, order_sum, unexpected};
use super::store::RedisStore;
use super::words::Words;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::order::{OrderBatch, Receipt, Right};
use crate::seat::touch_resolution_ms;
use crate::stream::StreamId;

const DOING: &str = "appending orders";

pub(super) async fn append(store: &RedisStore, batch: &OrderBatch) -> Result<Receipt> {
    batch.check()?;
    match store.appends.ask(Append::of(batch)).await? {
        Appended::Nowhere => Err(Error::WrongUniverse { given: batch.universe.clone(), current: None }),
        Appended::Elsewhere(running) => {
            Err(Error::WrongUniverse { given: batch.universe.clone(), current: Some(running) })
        }
        Appended::Entry { id, known } => {
            let name = |place: usize| batch.orders.get(place.wrapping_sub(1))?.client_id.clone();
            let duplicates: Option<Vec<String>> = known.into_iter().map(name).collect();
            let duplicates = duplicates.ok_or_else(|| unexpected("order stream", "a duplicate that was not sent"))?;
            Ok(Receipt { id, duplicates })
        }
        Appended::NotHeld(held) => Err(Error::NotYourSeat { held }),
        Appended::Taken(places) => {
            let Right::Unclaimed { factions, .. } = &batch.right else {
                return Err(unexpected("seats", "an answer to a question that was not asked"));
            };
            let name = |place: usize| factions.get(place.wrapping_sub(1)).cloned();
            let taken: Option<Vec<String>> = places.into_iter().map(name).collect();
            let factions = taken.ok_or_else(|| unexpected("seats", "a faction that was not asked for"))?;
            Err(Error::SeatTaken { factions })
        }
        Appended::Full(waiting) => Err(Error::BacklogFull { waiting }),
    }
}

/// A batch, as the script reads it.
#[derive(Clone)]
pub(super) struct Append {
    /// For each order its field of the client ids, or nothing.
    fields: Words,
    /// The fields of the seats that its right asks for.
    seats: Words,
    rest: Words,
    /// With names for all orders, asking again reads back whether they were appended.
    repeatable: bool,
}

impl Append {
    fn of(batch: &OrderBatch) -> Self {
        let (mut fields, mut seats, mut rest) = (Words::default(), Words::default(), Words::default());
        let (right, idle_ms) = match &batch.right {
            Right::Any => ("any", 0),
            Right::Seat { idle_ms, .. } => {
                seats.push_joined(&["p\u{1f}", &batch.player]);
                ("seat", *idle_ms)
            }
            Right::Unclaimed { factions, idle_ms } => {
                factions.iter().for_each(|faction| seats.push_joined(&["f\u{1f}", faction]));
                ("free", *idle_ms)
            }
        };
        for word in [&batch.universe, &batch.player, &batch.source, &batch.at_ms.to_string()] {
            rest.push(word);
        }
        rest.push(&batch.backlog_max.map(|most| most.to_string()).unwrap_or_default());
        rest.push(right);
        for figure in [idle_ms, touch_resolution_ms(idle_ms), seats.len() as u64, batch.orders.len() as u64] {
            rest.push(&figure.to_string());
        }
        if let Right::Seat { faction, .. } = &batch.right {
            rest.push(faction);
        }
        for order in &batch.orders {
            match &order.client_id {
                // Names hold no control characters, so the separator cannot be forged.
                Some(client_id) => fields.push_joined(&[&batch.player, "\u{1f}", client_id]),
                None => fields.push(""),
            }
            rest.push(&order.body);
            rest.push(&order_sum(&batch.universe, &batch.player, &batch.source, batch.at_ms, &order.body));
        }
        let repeatable = batch.orders.iter().all(|order| order.client_id.is_some());
        Self { fields, seats, rest, repeatable }
    }
}

impl Item for Append {
    fn weight(&self) -> usize {
        self.fields.len() + self.seats.len()
    }

    fn bytes(&self) -> usize {
        self.fields.bytes() + self.seats.bytes() + self.rest.bytes()
    }
}

/// What came of a batch.
#[derive(Clone)]
pub(super) enum Appended {
    /// No universe runs.
    Nowhere,
    /// Another universe runs.
    Elsewhere(String),
    /// The entry, and which orders, counted from one, were known before.
    Entry { id: StreamId, known: Vec<usize> },
    /// The player holds this seat, and not the one it needs.
    NotHeld(Option<String>),
    /// These factions, counted from one, are held.
    Taken(Vec<usize>),
    /// So many entries wait.
    Full(u64),
}

/// Appends batches, all of a group with one script.
pub(super) struct Appends {
    writer: Writer,
}

impl Appends {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer }
    }

    fn script(&self, items: &[&Append]) -> ScriptInvocation<'_> {
        let keys = &self.writer.keys;
        let names = [&*keys.world, &keys.orders, &keys.last_order, &keys.client_ids, &keys.seats];
        let mut script = self.writer.writes(&self.writer.scripts.orders_append, &names);
        script.arg(items.iter().map(|item| item.fields.len()).sum::<usize>());
        for word in items.iter().flat_map(|item| item.fields.iter()) {
            script.arg(word);
        }
        script.arg(items.iter().map(|item| item.seats.len()).sum::<usize>());
        for word in items.iter().flat_map(|item| item.seats.iter()) {
            script.arg(word);
        }
        for word in items.iter().flat_map(|item| item.rest.iter()) {
            script.arg(word);
        }
        script
    }

    async fn send(&self, items: &[&Append]) -> Result<Vec<Result<Appended>>> {
        read(self.writer.write(DOING, &self.script(items)).await?, items.len())
    }
}

impl Call for Appends {
    type Item = Append;
    type Answer = Appended;
    const DOING: &'static str = DOING;

    async fn call(&self, items: Vec<Append>) -> Vec<Result<Appended>> {
        let ends = self.writer.ends();
        let all: Vec<&Append> = items.iter().collect();
        let lost = match self.send(&all).await {
            Ok(answers) => return answers,
            Err(error) if is_reply_lost(&error) => error,
            Err(error) => return SharedError::new(error).for_each(items.len()),
        };
        tracing::debug!(%lost, "an answer was lost; asking again for the batches that have names");
        let lost = SharedError::new(lost);
        let named: Vec<&Append> = items.iter().filter(|item| item.repeatable).collect();
        if named.is_empty() {
            return lost.for_each(items.len());
        }
        let again = match timeout_at(ends, self.send(&named)).await {
            Ok(Ok(answers)) => answers,
            Ok(Err(error)) => SharedError::new(error).for_each(named.len()),
            Err(_) => lost.for_each(named.len()),
        };
        let mut again = again.into_iter();
        let mut of = |item: &Append| if item.repeatable { again.next() } else { None };
        items.iter().map(|item| of(item).unwrap_or_else(|| Err(lost.copy()))).collect()
    }
}

/// What came of each of so many batches.
fn read(answer: Vec<Value>, batches: usize) -> Result<Vec<Result<Appended>>> {
    let wrong = |what: &Value| unexpected("order stream", format!("{what:?}"));
    let mut answer = answer.into_iter();
    let running = answer.next().map_or_else(|| Err(unexpected("order stream", "no answer")), text)?;
    if running == "none" && answer.len() == 0 {
        return Ok(vec![Appended::Nowhere; batches].into_iter().map(Ok).collect());
    }
    if answer.len() != batches {
        let detail = format!("{} answers to {batches} batches", answer.len());
        return Err(unexpected("order stream", detail));
    }
    let one = |value: Value| match value {
        Value::Int(0) => Ok(Appended::Elsewhere(running.clone())),
        Value::Array(parts) => {
            let mut parts = parts.into_iter();
            let first = parts.next().map_or_else(|| Err(unexpected("order stream", "no entry")), text)?;
            if first == "seat" {
                let held = parts.next().map_or_else(|| Err(unexpected("seats", "no faction")), text)?;
                return Ok(Appended::NotHeld((!held.is_empty()).then_some(held)));
            }
            let place = |value| match value {
                Value::Int(place) => usize::try_from(place).map_err(|_| wrong(&value)),
                other => Err(wrong(&other)),
            };
            let figures: Vec<usize> = parts.map(place).collect::<Result<_>>()?;
            match first.as_str() {
                "taken" => Ok(Appended::Taken(figures)),
                "full" => Ok(Appended::Full(figures.first().copied().unwrap_or_default() as u64)),
                id => Ok(Appended::Entry { id: entry(id)?, known: figures }),
            }
        }
        other => Ok(Appended::Entry { id: entry(&text(other)?)?, known: Vec::new() }),
    };
    Ok(answer.map(one).collect())
}

fn text(value: Value) -> Result<String> {
    String::from_redis_value(value).map_err(|error| unexpected("order stream", error.to_string()))
}

fn entry(text: &str) -> Result<StreamId> {
    Ok(StreamId::new(number("order", text)?))
}
