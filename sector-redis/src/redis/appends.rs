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
use crate::order::{OrderBatch, Receipt};
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
    }
}

/// A batch, as the script reads it.
#[derive(Clone)]
pub(super) struct Append {
    /// For each order its field of the client ids, or nothing.
    fields: Words,
    rest: Words,
    /// With names for all orders, asking again reads back whether they were appended.
    repeatable: bool,
}

impl Append {
    fn of(batch: &OrderBatch) -> Self {
        let (mut fields, mut rest) = (Words::default(), Words::default());
        let (at_ms, count) = (batch.at_ms.to_string(), batch.orders.len().to_string());
        for word in [&batch.universe, &batch.player, &batch.source, &at_ms, &count] {
            rest.push(word);
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
        Self { fields, rest, repeatable }
    }
}

impl Item for Append {
    fn weight(&self) -> usize {
        self.fields.len()
    }

    fn bytes(&self) -> usize {
        self.fields.bytes() + self.rest.bytes()
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
        let names = [&*keys.world, &keys.orders, &keys.last_order, &keys.client_ids];
        let mut script = self.writer.writes(&self.writer.scripts.orders_append, &names);
        script.arg(items.iter().map(|item| item.weight()).sum::<usize>());
        for word in items.iter().flat_map(|item| item.fields.iter()) {
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
            let id = parts.next().map_or_else(|| Err(unexpected("order stream", "no entry")), text)?;
            let place = |value| match value {
                Value::Int(place) => usize::try_from(place).map_err(|_| wrong(&value)),
                other => Err(wrong(&other)),
            };
            Ok(Appended::Entry { id: entry(&id)?, known: parts.map(place).collect::<Result<_>>()? })
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
